"""When and how far: dates end at target, bands hold, nothing is known beforehand, and the live engine decides alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind
from rebal_kit.market import FIELDS, Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.schedule import look_sessions
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.invariants.random_households import (
    HARVESTS,
    rich_households,
    rich_markets,
    rich_policies,
    run_of,
    without_hindsight,
)
from tests.invariants.random_runs import EXAMPLES, households, markets, policies
from tests.worlds import account, household_of, random_market

OPEN = {"avoid_wash_sales": False, "min_trade_usd": 0.0, "gain_guard_days": 0}


@settings(max_examples=EXAMPLES)
@given(markets(), st.sampled_from(["week", "month", "quarter"]), st.integers(0, 3))
def test_every_calendar_date_ends_at_target(market: Market, every, offset: int) -> None:
    household = household_of({"A": 0.5, "B": 0.3, "C": 0.15})
    run = backtest(market, household, RebalancePolicy("c", Calendar(every, offset), **OPEN))
    when = look_sessions(run.market, every, offset)
    assert when.any()
    assert run.daily["drift"].to_numpy()[when] == pytest.approx(np.zeros(when.sum()), abs=1e-9)
    rebalanced = run.journal.loc[run.journal["reason_code"] == Reason.CALENDAR, "date"]
    assert set(rebalanced) <= set(run.dates[when])


@settings(max_examples=EXAMPLES)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.005, 0.02]),
    st.sampled_from([("target", 0.0), ("half", 0.5), ("edge", 1.0), (0.25, 0.25)]),
)
@example(
    0, 0.005, ("edge", 1.0)
)  # all three leave their bands at once: two edges above cannot pay for one below
def test_no_class_is_outside_its_band_after_a_look(seed: int, width: float, destination) -> None:
    targets = {"A": 0.5, "B": 0.3, "C": 0.2}
    market = random_market(seed, tuple(targets), 200, events=False)
    policy = RebalancePolicy(
        "t", Threshold(ToleranceBand(absolute=width)), destination=destination[0], **OPEN
    )
    run = backtest(market, household_of(targets), policy)
    off = run.weights[list(targets)] - list(targets.values())
    assert off.abs().max().max() <= width + 1e-9
    # A class that was above its band is where it was to go, or nearer to its target if the others need the money.
    fired = run.journal[(run.journal["reason_code"] == Reason.THRESHOLD) & (run.journal["side"] == "sell")]
    assert len(fired) > 0
    went = pd.Series([off.loc[row.date, row.symbol] for row in fired.itertuples()])
    assert went.between(-1e-9, destination[1] * width + 1e-9).all()
    assert np.isclose(went, destination[1] * width, rtol=0, atol=1e-9).mean() > 0.5


def changed_after(market: Market, cut: int, random) -> Market:
    """The same market until session `cut`; what comes after it in another order and dearer."""
    order = list(range(cut + 1, len(market.dates)))
    random.shuffle(order)
    order = [*range(cut + 1), *order]
    later = np.where(np.arange(len(order)) > cut, 1.07, 1.0)[:, None]
    arrays = {name: getattr(market, name)[order] for name in (*FIELDS, "traded")}
    return replace(market, **{**arrays, "close": arrays["close"] * later})


def assert_same_until(first: Backtest, second: Backtest, cut: int) -> None:
    last = first.dates[cut]
    # What a wash sale disallows of a loss is known only when the replacement has been bought.
    told = first.journal.columns.drop(["disallowed", "permanent", "recognized"])
    for ours, theirs in (
        (first.journal[told], second.journal[told]),
        (first.passed_over, second.passed_over),
        (first.flows, second.flows),
    ):
        # A table without rows does not know that its names are text: kinds of columns are not compared.
        before, known = ours[ours["date"] <= last], theirs[theirs["date"] <= last]
        pd.testing.assert_frame_equal(before, known, check_exact=True, check_dtype=False)
    pd.testing.assert_frame_equal(first.daily.loc[:last], second.daily.loc[:last], check_exact=True)


@settings(max_examples=EXAMPLES // 2)
@given(markets(), households(), policies(), st.integers(20, 110), st.randoms(use_true_random=False))
def test_nothing_is_known_beforehand(market: Market, household, policy, cut: int, random) -> None:
    other = changed_after(market, cut, random)
    first, second = backtest(market, household, policy), backtest(other, household, policy)
    assert_same_until(first, second, cut)
    assert cut + 2 >= len(market.dates) or not first.daily["value"].equals(second.daily["value"])


@settings(max_examples=EXAMPLES // 3)
@given(
    rich_markets(420), rich_households(), rich_policies(), HARVESTS, st.integers(70, 400),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_nor_by_a_household_with_everything(market, household, policy, harvest, cut: int, random) -> None:
    # Correlations of the past year choose what replaces a loss from the second year on.
    policy = replace(policy, harvest=replace(harvest, choose="correlated"))
    household = without_hindsight(household)
    other = changed_after(market, cut, random)
    assert_same_until(run_of(market, household, policy), run_of(other, household, policy), cut)


@pytest.mark.parametrize("method", ["hifo", "fifo", "least_tax", "long_term_first"])
@pytest.mark.parametrize("bps", [0.0, 5.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_asked_live_on_a_trading_day_it_makes_that_days_trades(method, bps: float, seed: int) -> None:
    market = random_market(seed, ("A", "B", "C"), 250, events=False, start="2024-01-02")
    accounts = (account(value=80_000.0), account("IRA", AccountKind.IRA, value=40_000.0))
    household = household_of({"A": 0.5, "B": 0.3, "C": 0.2}, *accounts)
    policy = RebalancePolicy(
        "t",
        Threshold(ToleranceBand(absolute=0.02)),
        lot_method=method,
        costs=Costs(bps),
        avoid_wash_sales=False,
    )
    whole = backtest(market, household, policy)
    days = whole.journal.loc[whole.journal["reason_code"] == Reason.THRESHOLD, "date"].unique()
    assert len(days) >= 3
    for day in days[:6]:
        before = whole.dates[whole.dates < day][-1]
        standing = backtest(market, household, policy, end=before).closing_household
        live = backtest(market, standing, policy, start=day, end=day, open_with="lots")
        wanted = [t for t in whole.trades if pd.Timestamp(t.date) == day]
        assert len(live.trades) == len(wanted)
        for mine, theirs in zip(live.trades, wanted, strict=True):
            assert (mine.account, mine.symbol, mine.side, mine.reason) == (
                theirs.account,
                theirs.symbol,
                theirs.side,
                theirs.reason,
            )
            assert mine.quantity == pytest.approx(theirs.quantity, rel=1e-9)
        columns = ["account", "symbol", "side", "quantity", "basis", "gain", "term", "acquired"]
        theirs = whole.journal.loc[whole.journal["date"] == day, columns].reset_index(drop=True)
        mine = live.journal[columns]
        bought = mine["side"] == "buy"
        pd.testing.assert_frame_equal(mine[~bought], theirs[~bought], rtol=1e-9)
