"""When and how far: dates end at target, bands hold, nothing is known beforehand, and the live engine decides alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.backtest import backtest
from rebal_kit.domain import AccountKind, Reason
from rebal_kit.encode import look_sessions
from rebal_kit.market import Market
from rebal_kit.policy import Calendar, Costs, RebalancePolicy, Threshold, ToleranceBand
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
@given(markets(), st.sampled_from([0.01, 0.03]), st.sampled_from(["target", "half", "edge", 0.25]))
def test_no_class_is_outside_its_band_after_a_look(market: Market, width: float, destination) -> None:
    targets = {"A": 0.5, "B": 0.3, "C": 0.2}
    policy = RebalancePolicy("t", Threshold(ToleranceBand(absolute=width)), destination=destination, **OPEN)
    run = backtest(market, household_of(targets), policy)
    off = (run.weights[list(targets)] - list(targets.values())).abs().max(axis=1)
    fired = run.journal.loc[run.journal["reason_code"] == Reason.THRESHOLD, "date"].unique()
    idle = run.weights["cash"] <= 0.01  # dividends wait as cash until they are worth investing
    assert off.loc[fired].max() <= width + 0.02 + 1e-9 if len(fired) else True
    assert (off[idle] <= width + 0.01 + 1e-9).all()
    if destination == "target" and len(fired):
        moved = run.journal[(run.journal["reason_code"] == Reason.THRESHOLD)]
        for date, rows in moved.groupby("date"):
            for symbol in set(rows["symbol"]):
                assert run.weights.loc[date, symbol] == pytest.approx(targets[symbol], abs=0.011)


@settings(max_examples=EXAMPLES // 2)
@given(markets(), households(), policies(), st.integers(20, 110), st.randoms(use_true_random=False))
def test_nothing_is_known_beforehand(market: Market, household, policy, cut: int, random) -> None:
    order = list(range(cut + 1, len(market.dates)))
    random.shuffle(order)
    order = [*range(cut + 1), *order]
    shuffled = Market(
        market.name, market.dates, market.securities,
        *(getattr(market, name)[order] for name in ("open", "high", "low")), market.close[order] * 1.07, market.volume[order],
        market.dividend[order], market.split[order], market.traded[order],
    )  # fmt: skip
    known = Market(**{**shuffled.__dict__, "close": np.vstack([market.close[: cut + 1], shuffled.close[cut + 1 :]])})
    first, second = backtest(market, household, policy), backtest(known, household, policy)
    last = first.dates[cut]
    pd.testing.assert_frame_equal(first.journal[first.journal["date"] <= last].drop(columns=["disallowed", "permanent", "recognized"]),
                                  second.journal[second.journal["date"] <= last].drop(columns=["disallowed", "permanent", "recognized"]), check_exact=True)  # fmt: skip
    pd.testing.assert_frame_equal(first.daily.loc[:last], second.daily.loc[:last], check_exact=True)
    pd.testing.assert_frame_equal(first.passed_over[first.passed_over["date"] <= last],
                                  second.passed_over[second.passed_over["date"] <= last], check_exact=True)  # fmt: skip


@pytest.mark.parametrize("method", ["hifo", "fifo", "least_tax", "long_term_first"])
@pytest.mark.parametrize("bps", [0.0, 5.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_asked_live_on_a_trading_day_it_makes_that_days_trades(method, bps: float, seed: int) -> None:
    market = random_market(seed, ("A", "B", "C"), 250, events=False, start="2024-01-02")
    accounts = (account(value=80_000.0), account("IRA", AccountKind.IRA, value=40_000.0))
    household = household_of({"A": 0.5, "B": 0.3, "C": 0.2}, *accounts)
    policy = RebalancePolicy(
        "t", Threshold(ToleranceBand(absolute=0.02)), lot_method=method, costs=Costs(bps), avoid_wash_sales=False
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
            assert (mine.account, mine.symbol, mine.side, mine.reason) == (theirs.account, theirs.symbol, theirs.side, theirs.reason)
            assert mine.quantity == pytest.approx(theirs.quantity, rel=1e-9)
        columns = ["account", "symbol", "side", "quantity", "basis", "gain", "term", "acquired"]
        theirs = whole.journal.loc[whole.journal["date"] == day, columns].reset_index(drop=True)
        mine = live.journal[columns]
        bought = mine["side"] == "buy"
        pd.testing.assert_frame_equal(mine[~bought], theirs[~bought], rtol=1e-9)
