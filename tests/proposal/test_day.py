"""A household on the day of its proposal: what happened since its date is carried forward, and what does not fit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebal_kit.domain import Household, TaxLot
from rebal_kit.findings import HouseholdError, MarketError, PolicyError
from rebal_kit.flows import CashFlow
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.day import Day, prepare_day
from rebal_kit.proposal.propose import propose
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import YearToDate
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.proposal.scanned import DATES, DAY, FLAT, POLICY, said, small_household, small_market
from tests.worlds import account, household_of, market_of

HOLD = RebalancePolicy("hold", ())


def day(policy: RebalancePolicy = POLICY, market: Any = None, **settings: Any) -> Day:
    choices = {name: settings.pop(name) for name in ("asof", "look") if name in settings}
    return prepare_day(market or small_market(), small_household(**settings), policy, **choices)


def cash(found: Day, account: int = 0) -> float:
    return float(found.undecided.run().ledger.cash[account])


def held(found: Day, symbol: str, account: int = 0) -> float:
    return float(found.undecided.run().ledger.held[account, found.setting.market.column(symbol)])


def test_a_household_of_the_day_sees_the_day_alone() -> None:
    found = day()
    assert (found.last, found.asof) == (0, DAY)
    assert dict(zip(found.setting.market.symbols, found.price.tolist(), strict=True)) == {
        "STK": 100.0, "STX": 50.0, "BND": 50.0,
    }  # fmt: skip
    assert found.findings == ()


def test_the_last_session_on_or_before_the_day_is_taken() -> None:
    sunday = day(asof="2024-03-03")
    assert sunday.asof == DAY
    assert said(sunday.findings, "prices: of 2024-03-01 are the last before 2024-03-03")
    assert day(asof=DATES[2], as_of=dt.date(2024, 2, 29)).asof == dt.date(2024, 2, 29)


@pytest.mark.parametrize("exported", ["2024-03-02", "2024-03-03"])
def test_positions_of_the_weekend_are_those_of_friday(exported: str) -> None:
    found = day(as_of=dt.date.fromisoformat(exported))
    assert (found.asof, found.last, found.findings) == (DAY, 0, ())


@pytest.mark.parametrize("exported", ["2024-03-04", "2024-03-09"])
def test_a_household_after_the_prices_is_refused(exported: str) -> None:
    with pytest.raises(HouseholdError, match=f"is of {exported}, and the prices end on 2024-03-01"):
        day(as_of=dt.date.fromisoformat(exported))


def test_a_weekend_of_the_next_year_is_refused() -> None:
    market = market_of({"STK": [100.0], "STX": [50.0], "BND": [50.0]}, ["2021-12-31"])
    lots = tuple(replace(lot, acquired=dt.date(2020, 1, 2)) for lot in small_household().accounts[0].lots)
    home = replace(
        small_household(), accounts=(account(lots=lots),), as_of=dt.date(2022, 1, 1), reviewed=None
    )
    with pytest.raises(HouseholdError, match="is of 2022-01-01"):
        prepare_day(market, home, POLICY)


def test_lots_younger_than_the_household_are_refused_all_at_once() -> None:
    young = [TaxLot(name, "BND", 1.0, 50.0, dt.date(2024, 3, 1)) for name in ("Y1", "Y2")]
    with pytest.raises(HouseholdError) as caught:
        day(taxable=young, as_of=dt.date(2024, 2, 29))
    assert [finding.where for finding in caught.value.findings] == [
        "account 'Main', lot 'Y1'", "account 'Main', lot 'Y2'",
    ]  # fmt: skip


def test_without_a_date_it_is_of_the_day_and_that_is_said() -> None:
    found = day(as_of=None)
    assert (found.last, found.asof) == (0, DAY)
    assert said(found.findings, "has no as_of: its lots and cash are taken to be of 2024-03-01")


def test_sessions_since_are_counted() -> None:
    assert said(day(as_of=dt.date(2024, 2, 29)).findings, "dividends of 1 session since")
    found = day(as_of=dt.date(2024, 2, 27))
    assert found.last == 2
    (finding,) = found.findings
    assert (finding.severity, "3 sessions since are carried forward" in finding.what) == ("warning", True)


def test_a_split_and_a_dividend_since_are_carried_forward() -> None:
    """STK splits two for one on 28 February and pays 0.50 on the 29th: 300 shares bring 150."""
    events: dict[str, Any] = {"split": {"STK": {DATES[1]: 2.0}}, "dividend": {"STK": {DATES[2]: 0.5}}}
    market = small_market(**events)
    stale = day(HOLD, market, as_of=dt.date(2024, 2, 27))
    assert held(stale, "STK") == 300.0
    assert cash(stale) == pytest.approx(150.0)
    assert stale.splits.tolist() == [2.0, 1.0, 1.0]
    after_split = day(HOLD, market, as_of=dt.date(2024, 2, 28))
    assert held(after_split, "STK") == 150.0
    assert cash(after_split) == pytest.approx(75.0)
    of_today = day(HOLD, small_market(dividend={"STK": {DATES[3]: 0.5}}, split={"STK": {DATES[3]: 2.0}}))
    assert (held(of_today, "STK"), cash(of_today), of_today.splits.tolist()) == (150.0, 0.0, [1.0, 1.0, 1.0])


def test_lots_of_a_stale_household_keep_their_names_over_a_split() -> None:
    market = small_market(split={"STK": {DATES[1]: 2.0}})
    found = propose(market, small_household(as_of=dt.date(2024, 2, 27)), POLICY, look="now")
    # 300 shares at 100, for a basis of 60 and of 40 since the split: all have gains.
    assert set(found.lots["lot"]) <= {"S1", "S2", "I1", "B1"}


def test_rules_look_on_their_day_only_unless_they_are_told_to() -> None:
    yearly = RebalancePolicy("yearly", Calendar("year"))
    due = day(yearly)
    assert not due.plan.looked[-1]
    now = day(yearly, look="now")
    assert now.plan.looked[-1]
    assert now.plan.look[:, -1].all()
    assert not now.plan.harvest_look[-1]
    assert day(POLICY, look="now").plan.harvest_look[-1]
    stale = day(POLICY, as_of=dt.date(2024, 2, 27))
    assert stale.plan.looked.tolist() == [False, False, True]
    assert stale.plan.harvest_look.tolist() == [False, False, True]


def test_a_rule_that_looks_every_so_many_sessions_counts_from_where_the_household_says() -> None:
    third = RebalancePolicy("third", Threshold(ToleranceBand(absolute=0.05), look=3))
    looks = {
        start: bool(day(third, looks_from=dt.date.fromisoformat(start)).plan.looked[-1])
        for start in DATES
    }  # fmt: skip
    assert looks == {DATES[0]: True, DATES[1]: False, DATES[2]: False, DATES[3]: True}


def test_flows_and_taxes_of_the_day_move_money_where_they_are_still_to_come() -> None:
    flows = (CashFlow(500.0, "Main", on=DAY),)
    to_come = propose(small_market(), small_household(as_of=dt.date(2024, 2, 29), flows=flows), HOLD)
    assert to_come.cash["moved"].tolist() == [500.0, 0.0]
    there = propose(small_market(), small_household(flows=flows), HOLD)
    assert there.cash["moved"].tolist() == [0.0, 0.0]


def taxed(as_of: str, **to_date: float) -> Household:
    main = replace(account(lots=[TaxLot("S", "STK", 100.0, 8_000.0, dt.date(2020, 1, 2))]), cash=10_000.0)
    year = YearToDate(**to_date)
    return household_of({"STK": 1.0}, main, tax=FLAT, as_of=dt.date.fromisoformat(as_of), year_to_date=year)


APRIL = market_of(
    {"STK": [100.0] * 5}, ["2023-12-20", "2024-04-12", "2024-04-15", "2024-04-16", "2024-04-17"]
)


@pytest.mark.parametrize(
    ("as_of", "asof", "before", "moved"),
    [
        # Of 2023: 1,000 of short-term gains at 40 %, beside 300 still owed for 2022.
        ("2023-12-20", "2024-04-12", 10_000.0, 0.0),
        ("2023-12-20", "2024-04-15", 10_000.0, -700.0),
        ("2023-12-20", "2024-04-16", 10_000.0, 0.0),
        # Of 2024: the tax of 2023 is what is owed, while it is not paid.
        ("2024-04-12", "2024-04-15", 10_000.0, -300.0),
        ("2024-04-12", "2024-04-17", 10_000.0, 0.0),
        ("2024-04-15", "2024-04-16", 10_000.0, 0.0),
        ("2024-04-16", "2024-04-17", 10_000.0, 0.0),
    ],
)
def test_tax_due_on_the_day_is_paid_and_tax_due_before_it_is_said(
    as_of: str, asof: str, before: float, moved: float
) -> None:
    found = propose(APRIL, taxed(as_of, short=1_000.0, tax_owed=300.0), HOLD, asof=asof)
    assert found.cash["before"].tolist() == pytest.approx([before])
    assert found.cash["moved"].tolist() == pytest.approx([moved])
    between = as_of < "2024-04-15" < asof
    assert said(found.findings, "tax due: last year's tax", "fell due on 2024-04-15") == between


def test_losses_of_a_year_that_is_over_count_before_its_tax_is_due() -> None:
    """20,000 of loss in 2023: 3,000 of it were deducted, 17,000 stand against 2024, 3,000 of them against income."""
    home = replace(taxed("2023-12-20", long=-20_000.0), tax=TaxProfile("single", 2026, 100_000.0))
    found = propose(APRIL, home, HOLD, asof="2024-04-12")
    assert found.settlement.start.carry.long == pytest.approx(17_000.0)
    assert found.tax["tax_of_year_before"] == pytest.approx(-0.22 * 3_000.0)


def test_what_has_no_price_today_is_valued_by_its_last_and_not_traded() -> None:
    closes = {"STK": (99.0, 101.0, 98.0, 100.0), "STX": (49.0, 51.0, 50.0, np.nan), "BND": (50.0,) * 4}
    found = propose(market_of(closes, DATES), small_household(), POLICY)
    assert said(found.findings, "STX did not trade on 2024-03-01: nothing of it is proposed")
    assert "STX" not in set(found.trades["symbol"])
    assert found.day.price.tolist() == [100.0, 50.0, 50.0]


def test_what_has_had_no_price_for_weeks_is_refused() -> None:
    dates = [f"2024-02-{number:02}" for number in (*range(5, 10), *range(12, 17), *range(19, 23))]
    closes = {"STK": [100.0] * 14, "BND": [50.0] * 14, "STX": [50.0, 50.0, *[np.nan] * 12]}
    home = small_household(as_of=dt.date(2024, 2, 22))
    with pytest.raises(MarketError, match="STX has prices on no session"):
        prepare_day(market_of(closes, dates), home, POLICY)
    closes["STX"][3] = 50.0
    assert prepare_day(market_of(closes, dates), home, POLICY).asof == dt.date(2024, 2, 22)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(MarketError, match="give a Market"):
        prepare_day("etf", small_household(), POLICY)  # type: ignore[arg-type]
    with pytest.raises(MarketError, match="give a Household"):
        prepare_day(small_market(), "two_million", POLICY)  # type: ignore[arg-type]
    with pytest.raises(PolicyError):
        prepare_day(small_market(), small_household(), "quarterly")  # type: ignore[arg-type]
    with pytest.raises(MarketError, match="give a date"):
        day(asof="yesterday")
    with pytest.raises(MarketError, match="has no session"):
        day(asof="2023-01-01")
    elsewhere = TaxLot("G", "GLD", 1.0, 100.0, dt.date(2020, 1, 2))
    with pytest.raises(MarketError, match="GLD"):
        day(taxable=(elsewhere,))
