"""A household cut out of a back-test on the evening before gets, asked the next day, the back-test's own trades."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.reasons import Reason

pytestmark = pytest.mark.compiled

DAYS = 8
SHARES = 1e-9
#: Bought and sold within a day, in the proposal neither.
NETTED = 1e-7

THRESHOLD = "threshold_3pct_harvest"
BANDS = rk.Threshold(rk.ToleranceBand(absolute=0.02), look=7)


def flowing(household: rk.Household) -> rk.Household:
    """Deposits each month, a withdrawal from wherever each quarter, growing, and one from the IRA on a day."""
    flows = (
        rk.CashFlow(3_000.0, "Alex Taxable", every="month"),
        rk.CashFlow(-45_000.0, every="quarter", growth=0.03),
        rk.CashFlow(-150_000.0, "Alex IRA", on=dt.date(2011, 3, 16)),
    )
    return replace(household, flows=flows)


def reserved(household: rk.Household) -> rk.Household:
    accounts = tuple(replace(account, min_cash=5_000.0, dividends="drip") for account in household.accounts)
    return replace(household, accounts=accounts)


def carrying(household: rk.Household) -> rk.Household:
    return replace(household, tax=replace(household.tax, carryover_short=2_000.0, carryover_long=30_000.0))


def policy_of(name: str) -> rk.RebalancePolicy:
    return rk.load_policy(name)


CASES = {
    "threshold": ("two_million", policy_of(THRESHOLD)),
    "threshold, starter": ("starter", policy_of(THRESHOLD)),
    "quarterly": ("two_million", policy_of("quarterly_harvest")),
    "tiered": ("two_million", policy_of("tiered_harvest")),
    "hold": ("two_million", policy_of("buy_and_hold_harvest")),
    "quarterly, no harvest": ("starter", policy_of("quarterly")),
    "every 7 sessions": ("two_million", rk.RebalancePolicy(
        "every 7", BANDS, harvest=rk.Harvest(0.03, 200.0, look=5, switch_back="no_short_gain"),
    )),
    "DRIP and reserves": ("two_million, reserved", replace(policy_of(THRESHOLD), lot_method="fifo")),
    "flows": ("two_million, flowing", policy_of(THRESHOLD)),
    "flows, no harvest, taxable first": (
        "two_million, flowing", replace(policy_of("quarterly"), withdraw="taxable_first")
    ),
    "limits and pairs": ("two_million", replace(
        policy_of("quarterly_harvest"), min_trade_usd=500.0, whole_shares=True,
        gains=rk.GainLimits("minimise", True, 60_000.0, 20_000.0), gain_guard_days=45,
    )),
    "tax budget and losses carried over": ("two_million, carrying", replace(
        policy_of("quarterly_harvest"), gains=rk.GainLimits("minimise", pair=True, max_tax_usd=3_000.0),
    )),
    "each account alone, washes allowed": ("two_million", replace(
        policy_of(THRESHOLD), coordinate=False, avoid_wash_sales=False, lot_method="least_tax",
        destination="half", costs=rk.Costs(3.0, commission_usd=4.95),
    )),
}  # fmt: skip
#: Looks are counted from where the run began.
STARTS = {"every 7 sessions": "2005-06-15"}
CHANGES = {"": lambda household: household, "flowing": flowing, "reserved": reserved, "carrying": carrying}


@cache
def etf() -> rk.Market:
    return rk.load_market("etf")


def home(name: str) -> rk.Household:
    bundled, _, change = name.partition(", ")
    return CHANGES[change](rk.load_household(bundled))


@cache
def run_of(case: str) -> rk.Backtest:
    name, policy = CASES[case]
    return rk.backtest(etf(), home(name), policy, start=STARTS.get(case), open_with="values")


def days_of(run: rk.Backtest, count: int = DAYS) -> list[pd.Timestamp]:
    """Days with trades: spread over the whole, and so that each reason is there once."""
    journal = run.journal[run.journal["reason_code"] != Reason.REINVEST]
    journal = journal[journal["date"] > run.dates[0]]
    days = journal["date"].drop_duplicates()
    spread = days.iloc[np.linspace(0, len(days) - 1, min(count, len(days))).astype(int)]
    reasons = journal.groupby("reason_code")["date"].agg(lambda dates: dates.iloc[len(dates) // 2])
    return sorted({*spread, *reasons})


def net(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    signed = rows["quantity"].where(rows["side"] == "buy", -rows["quantity"])
    sums = signed.groupby([rows["account"], rows["symbol"]]).sum()
    return {key: float(shares) for key, shares in sums.items() if abs(shares) > NETTED}


def lots_sold(
    rows: pd.DataFrame, bought: set[tuple[str, str]]
) -> dict[tuple[str, str, dt.date, float], float]:
    """Shares sold by account, security, day of purchase and basis a share, where nothing was bought the same day."""
    kept = [(row.account, row.symbol) not in bought for row in rows.itertuples()]
    rows = rows[np.array(kept, bool)]
    unit = (rows["basis"] / rows["quantity"]).round(6)
    keys = [rows["account"], rows["symbol"], rows["acquired"].dt.date, unit]
    return {key: float(shares) for key, shares in rows["quantity"].groupby(keys).sum().items()}


def evening_before(run: rk.Backtest, day: pd.Timestamp, sessions: int = 1) -> rk.Household:
    before = run.dates[run.dates.get_loc(day) - sessions]
    start = run.dates[0].date()
    cut = rk.backtest(etf(), run.household, run.policy, open_with="values", start=start, end=before.date())
    return cut.closing_household


def asked_again(run: rk.Backtest, day: pd.Timestamp) -> rk.Proposal:
    return rk.propose(etf(), evening_before(run, day), run.policy, asof=day.date())


def own_trades(run: rk.Backtest, day: pd.Timestamp) -> pd.DataFrame:
    rows = run.journal
    return rows[(rows["date"] == day) & (rows["reason_code"] != Reason.REINVEST)]


@pytest.mark.parametrize("case", CASES)
def test_the_day_after_the_cut_trades_as_the_back_test_did(case: str) -> None:
    run = run_of(case)
    days = days_of(run)
    assert len(days) >= 4
    for day in days:
        proposal, own = asked_again(run, day), own_trades(run, day)
        assert net(proposal.trades) == pytest.approx(net(own), rel=SHARES, abs=SHARES), day
        bought = {(row.account, row.symbol) for row in own.itertuples() if row.side == "buy"}
        sold = lots_sold(own[own["side"] == "sell"], bought)
        assert lots_sold(proposal.lots, bought) == pytest.approx(sold, rel=SHARES, abs=SHARES), day
        assert not [finding for finding in proposal.findings if finding.severity == "error"], day


@pytest.mark.parametrize("case", ["hold", "quarterly, no harvest"])
def test_a_household_of_some_sessions_before_is_carried_forward(case: str) -> None:
    """Dividends, flows and taxes in between are those of the run, where it did not trade in between."""
    run = run_of(case)
    trading = set(run.journal.loc[run.journal["reason_code"] != Reason.REINVEST, "date"])
    quiet = [
        at for at in range(60, len(run.dates) - 1)
        if run.dates[at] in trading and not set(run.dates[at - 4 : at]) & trading
    ]  # fmt: skip
    assert quiet
    for at in quiet[:: max(1, len(quiet) // 6)]:
        day = run.dates[at]
        proposal = rk.propose(etf(), evening_before(run, day, 5), run.policy, asof=day.date())
        assert net(proposal.trades) == pytest.approx(net(own_trades(run, day)), rel=SHARES, abs=1e-7), day


def test_the_cases_hold_what_they_are_to_hold() -> None:
    """Harvests, replacements, withdrawals, tax, reserves, pairs, the tax day, and days in which shares went round."""
    seen: set[int] = set()
    dates, years = set(), set()
    for case in CASES:
        run = run_of(case)
        for day in days_of(run):
            own = own_trades(run, day)
            seen |= set(own["reason_code"])
            dates.add((day.month, day.day))
            before = run.dates[run.dates.get_loc(day) - 1]
            years.add(day.year - before.year)
    wanted = {Reason.HARVEST, Reason.REPLACEMENT, Reason.RAISE_CASH, Reason.RAISE_TAX, Reason.REFILL_CASH,
              Reason.PAIRED, Reason.THRESHOLD, Reason.CALENDAR}  # fmt: skip
    assert wanted <= seen
    assert {(4, 15), (4, 16), (4, 17)} & dates
    assert years == {0, 1}
