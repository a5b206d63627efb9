"""Growth by session: what was put in is no growth, and taxes and costs are."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from rebal_kit.compare import compare
from rebal_kit.costs import Costs
from rebal_kit.flows import CashFlow
from rebal_kit.growth import growth_after_tax, growth_before_tax, per
from rebal_kit.metrics import cagr
from rebal_kit.policy import RebalancePolicy
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.worlds import account, household_of, market_of, random_market


def test_growth_adds_up_to_that_of_the_whole_run() -> None:
    market = random_market(51, ("A", "B"), 400)
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(value=90_000.0), tax=TaxProfile(ordinary_income=300_000)
    )
    comparison = compare(market, household, [RebalancePolicy("m", (Calendar("month"),), costs=Costs(10))])
    after, before = growth_after_tax(comparison)["m"], growth_before_tax(comparison)["m"]
    daily = comparison.runs["m"].daily
    assert len(after) == 399
    assert (after.index == daily.index[1:]).all()
    assert after.sum() == pytest.approx(np.log(daily["value"].iloc[-1] / daily["value"].iloc[0]))
    assert before.sum() == pytest.approx(np.log(daily["before_tax"].iloc[-1] / daily["before_tax"].iloc[0]))
    paid = daily["tax_paid"].iloc[1:] != 0
    assert paid.any()
    assert (before[paid] != after[paid]).all()
    assert before[~paid].to_numpy() == pytest.approx(after[~paid].to_numpy())


def test_a_deposit_is_no_growth_and_a_withdrawal_no_loss() -> None:
    market = market_of({"A": [10.0, 10.0, 11.0, 11.0]})
    flows = (
        CashFlow(5_000.0, "Main", on=dt.date(2024, 1, 3)),
        CashFlow(-8_000.0, "Main", on=dt.date(2024, 1, 5)),
    )
    household = household_of({"A": 1.0}, flows=flows)
    comparison = compare(market, household, [RebalancePolicy("m", (Calendar("session"),))])
    for growth in (growth_after_tax(comparison)["m"], growth_before_tax(comparison)["m"]):
        assert growth.tolist() == pytest.approx([0.0, np.log(1.1), 0.0], abs=1e-9)


def test_where_nothing_is_left_growth_is_not_known() -> None:
    market = market_of({"A": [10.0, 10.0, 11.0, 11.0]})
    household = household_of({"A": 1.0}, flows=(CashFlow(-110_000.0, "Main", on=dt.date(2024, 1, 4)),))
    comparison = compare(market, household, [RebalancePolicy("m", ())])
    growth = growth_after_tax(comparison)["m"]
    assert growth.iloc[0] == pytest.approx(0.0, abs=1e-9)
    assert growth.isna().tolist() == [False, False, True]  # what it grew by on the day itself is known


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("2025-01-02", "a year"), ("2025-01-01", "over the 12 months"), ("2024-07-02", "over the 6 months"),
        ("2024-01-20", "over the 18 days"),
    ],
)  # fmt: skip
def test_growth_is_stated_for_what_it_is_of(last: str, said: str) -> None:
    """As `cagr` annualises it: from 365.25 days on."""
    first, end = np.datetime64("2024-01-02"), np.datetime64(last)
    assert per(first, end) == said
    assert (said == "a year") == (
        cagr(1.0, 1.1, int((end - first).astype(int))) != pytest.approx(0.1, abs=1e-12)
    )
