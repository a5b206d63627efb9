"""The household in the next tax year: lots age, cash and losses are carried on, windows are closed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from rebal_kit.optimal.settle import settle
from rebal_kit.proposal.next_year import january_days, next_year, years_untouched
from rebal_kit.proposal.propose import propose
from tests.proposal.sold_down import DAY, FREE, MARKET, owner

THEN = dt.date(2026, 1, 8)


def test_lots_cash_and_age() -> None:
    problem = propose(MARKET, owner(90_000.0), FREE, look="now").asked.problem
    stock, fund = problem.security_names.index("STOCK"), problem.security_names.index("FUND")
    sold, bought = np.array([400.0]), np.zeros(problem.trading.may_buy.shape)
    bought[0, fund] = 700.0
    later = next_year(problem, sold, bought, DAY, THEN)
    assert later.lots.security.tolist() == [stock, fund]
    assert later.lots.quantity.tolist() == pytest.approx([600.0, 700.0])
    assert later.lots.basis.tolist() == pytest.approx([10.0, 50.0])
    assert later.lots.days_to_long[0] == problem.lots.days_to_long[0] - 31
    assert later.lots.days_to_long[1] == (dt.date(2026, 12, 9) - THEN).days
    assert later.cash[0] == pytest.approx(problem.cash[0] + 400 * 100.0 - 700 * 50.0)
    assert later.total == pytest.approx(problem.total)
    assert settle(later, np.zeros(2), np.zeros(bought.shape)).figures.tax == 0.0
    assert not later.wash.bought.any()
    assert not later.wash.sold_at_loss.any()


def test_a_lot_sold_to_its_end_is_gone() -> None:
    problem = propose(MARKET, owner(90_000.0), FREE, look="now").asked.problem
    later = next_year(problem, problem.lots.quantity, np.zeros(problem.trading.may_buy.shape), DAY, THEN)
    assert len(later.lots.account) == 0
    assert later.cash[0] == pytest.approx(100_000.0)


def test_losses_are_deducted_year_by_year_if_nothing_is_traded() -> None:
    problem = propose(MARKET, owner(), FREE, look="now").asked.problem
    year = problem.year._replace(long=-7_000.0, table=problem.year.table._replace(ordinary_income=60_000.0))
    saved = [3_000.0 * 0.12, 3_000.0 * 0.12, 1_000.0 * 0.12, 0.0]
    assert list(years_untouched(year, 4)) == pytest.approx([-one for one in saved], abs=0.01)


@pytest.mark.parametrize(
    ("asof", "days"),
    [
        ("2025-06-02", ["2025-06-02", "2026-01-02", "2027-01-04", "2028-01-03"]),
        ("2025-12-08", ["2025-12-08", "2026-01-08", "2027-01-04", "2028-01-03"]),
        ("2026-12-16", ["2026-12-16", "2027-01-18", "2028-01-03", "2029-01-02"]),
    ],
)
def test_days_are_weekdays_in_january_after_all_windows(asof: str, days: list[str]) -> None:
    found = january_days(dt.date.fromisoformat(asof), 4, 30)
    assert [str(day) for day in found] == days
