"""When orders are carried out and at what price: at the close, the next opening, a limit, in calm, piece by piece."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.backtest import Backtest, backtest
from rebal_kit.costs import Costs
from rebal_kit.execution import Execution
from rebal_kit.findings import PolicyError
from rebal_kit.flows import CashFlow
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.engine.still import DAYS, LOTS, MONTHLY, run, thin_market, told, world
from tests.engine.telling import FLAT, lot
from tests.worlds import account, bits_of, household_of, market_of, random_market


def test_at_the_close_by_which_one_decides() -> None:
    assert told(run(world(), Execution())) == [(2, "sell", "A", 100, 10.0), (2, "buy", "B", 100, 10.0)]


def test_at_the_next_opening() -> None:
    found = run(world(open={3: 9.5}, low={3: 9.5}), Execution("next_open"))
    assert told(found) == [(3, "sell", "A", 100, 9.5), (3, "buy", "B", 95, 10.0)]
    sale = found.journal[found.journal["side"] == "sell"].iloc[0]
    assert (sale["decision_price"], sale["price"]) == (10.0, 9.5)
    assert sale["shortfall"] == pytest.approx(100 * 0.5)
    assert found.metrics["delay"] == pytest.approx(50.0)


def test_a_split_overnight_changes_the_shares_of_an_order_not_its_worth() -> None:
    market = world(open={3: 5.0}, high={3: 5.0}, low={3: 5.0})
    split, close = np.ones((len(DAYS), 2)), market.close.copy()
    split[3, 0], close[3:, 0] = 2.0, 5.0
    arrays = {name: getattr(market, name).copy() for name in ("open", "high", "low")}
    for prices in arrays.values():
        prices[3:, 0] = 5.0
    found = run(replace(market, split=split, close=close, **arrays), Execution("next_open"))
    assert told(found) == [(3, "sell", "A", 200, 5.0), (3, "buy", "B", 100, 10.0)]


LIMIT = Execution("limit", limit_bps=100.0)  # A is to be sold at 10.10, B bought at 9.90


@pytest.mark.parametrize(
    ("ranges", "filled"),
    [
        ({"high": {3: 10.2}}, [(3, "sell", "A", 100, 10.10)]),  # reached
        ({"high": {3: 10.10}}, [(3, "sell", "A", 100, 10.10)]),  # just reached
        ({"open": {3: 10.3}, "high": {3: 10.4}}, [(3, "sell", "A", 100, 10.3)]),  # the opening is better
        ({"high": {3: 10.09}}, [(3, "sell", "A", 100, 10.0)]),  # not reached: filled at the close
    ],
)
def test_a_limit_is_filled_if_the_range_reaches_it(ranges: Any, filled: Any) -> None:
    found = run(world(**ranges), LIMIT, costs=Costs(10.0))
    assert told(found)[:1] == filled
    pays = found.journal[found.journal["side"] == "sell"]["spread"].sum()
    assert (pays == 0.0) == (filled[0][4] == 10.10)  # at the limit one waits for the other side to pay it


def test_an_order_not_filled_can_be_given_up() -> None:
    found = run(world(high={3: 10.09}), replace(LIMIT, otherwise="cancel"))
    assert told(found) == []
    assert Reason.LIMIT_NOT_REACHED.sentence in set(found.passed_over["reason"])


@pytest.mark.parametrize(
    ("days", "filled"), [(1, (3, 10.0)), (2, (4, 10.0)), (3, (5, 10.10)), (9, (5, 10.10))]
)
def test_a_limit_is_tried_for_some_sessions(days: int, filled: tuple[int, float]) -> None:
    found = run(world(high={5: 10.5}), replace(LIMIT, limit_days=days))
    session, side, symbol, _, price = told(found)[0]
    assert (session, side, symbol, price) == (filled[0], "sell", "A", filled[1])


def test_what_must_be_paid_waits_for_nothing() -> None:
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(lots=LOTS), flows=(CashFlow(-495.0, "Main", on=DAYS[5].date()),)
    )
    never = Execution("limit", 900.0, 99, "cancel", wait_for_calm="vix", calm_below=1.0, max_wait=99)
    policy = RebalancePolicy("keep", (), execution=never)
    market = world(open={5: 9.9}, low={5: 9.9})
    found = backtest(market, household, policy, open_with="lots")
    assert found.metrics["withdrawals"] == pytest.approx(495.0)
    assert told(found) == [(5, "sell", "A", 50, 9.9)]


def test_waiting_for_the_index_to_calm_down() -> None:
    index = np.full(len(DAYS), 30.0)
    index[6] = 19.0
    market = replace(world(), volatility_index=index)
    calm = Execution(wait_for_calm="vix", calm_below=20.0, max_wait=9)
    assert [row[0] for row in told(run(market, calm))] == [6, 6]
    assert [row[0] for row in told(run(market, replace(calm, max_wait=2)))] == [4, 4]
    assert [row[0] for row in told(run(market, replace(calm, fill="next_open")))] == [7, 7]


def test_waiting_for_a_security_to_calm_down() -> None:
    """A moves a lot in the weeks before the decision; B does not and is bought when A's sale has brought the cash."""
    sessions = 300
    random = np.random.default_rng(1)
    size = np.where((np.arange(sessions) >= 240) & (np.arange(sessions) < 265), 0.06, 0.01)
    path = 10.0 * np.exp(np.cumsum(random.choice([-1.0, 1.0], sessions) * size))
    index = pd.bdate_range("2023-01-02", periods=sessions)
    market = Market.from_close(pd.DataFrame({"A": path, "B": 10.0}, index), name="uneasy")
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=[lot("a", "A", 1_000, 5.0)]))
    policy = replace(MONTHLY, execution=Execution(wait_for_calm="own", calm_below=1.1, max_wait=60))
    first = index[250].date()
    found = backtest(market, household, policy, open_with="lots", start=first)
    lately = pd.Series(np.log(path)).diff().pow(2).rolling(21).mean().pow(0.5)
    (sold, *_) = [row[0] + 250 for row in told(found) if row[1] == "sell"]
    assert sold > 265
    assert lately[sold] <= lately[sold - 251 : sold].median() * 1.1 < lately[sold - 1]


MODES = [
    Execution(),
    Execution("next_open"),
    Execution("limit", 30.0),
    Execution("limit", 60.0, limit_days=3, otherwise="cancel"),
    Execution(wait_for_calm="own", max_wait=5),
    Execution("next_open", wait_for_calm="vix", calm_below=18.0, max_wait=4),
    Execution("limit", 30.0, limit_days=2, max_volume_share=0.01),
]
BUSY = RebalancePolicy(
    "busy", Threshold(ToleranceBand(absolute=0.01), look=2), harvest=rk.Harvest(0.02, 10.0),
    costs=Costs(2.0, impact=0.5, estimate_spread=True),
)  # fmt: skip


def rich(market: Market, execution: Execution) -> Backtest:
    household = household_of(
        {"A": 0.4, rk.AssetClass("b", {"B": 1, "B2": 0}): 0.4, "C": 0.2},
        account(value=300_000.0), account("IRA", rk.AccountKind.IRA, value=200_000.0), tax=FLAT,
    )  # fmt: skip
    return backtest(market, household, replace(BUSY, execution=execution))


def scrambled(market: Market, after: int, seed: int) -> Market:
    """The market with all that is known of a session exchanged between the sessions after the given one."""
    order = np.arange(len(market.dates))
    later = order[after + 1 :]
    order[after + 1 :] = np.random.default_rng(seed).permutation(later)
    names = ("open", "high", "low", "close", "volume", "traded")
    arrays = {name: getattr(market, name)[order] for name in names}
    return replace(market, volatility_index=market.volatility_index[order], **arrays)


@pytest.mark.parametrize("execution", MODES, ids=repr)
@pytest.mark.parametrize("after", [80, 150, 230])
def test_no_decision_knows_what_comes_after_it(execution: Execution, after: int) -> None:
    market = random_market(7, ["A", "B", "B2", "C"], 300, events=False)
    seen, changed = rich(market, execution), rich(scrambled(market, after, after), execution)
    last = market.dates[after]
    before = [run.journal[run.journal["date"] <= last] for run in (seen, changed)]
    assert len(before[0]) > 10
    pd.testing.assert_frame_equal(*before)
    assert len(seen.journal) > len(before[0])


@pytest.mark.parametrize("execution", [mode for mode in MODES if mode.fill == "next_open"], ids=repr)
@pytest.mark.parametrize("place", [5, 15, 25])
def test_an_order_at_the_opening_knows_nothing_of_the_day_that_follows(
    execution: Execution, place: int
) -> None:
    market = random_market(7, ["A", "B", "B2", "C"], 300, events=False)
    seen = rich(market, execution)
    through = seen.journal["date"].unique()[place]
    after = seen.dates.get_loc(through) - 1
    changed = scrambled(market, after, after)
    opening = changed.open.copy()
    opening[after + 1] = market.open[after + 1]
    told = rich(replace(changed, open=opening), execution)
    same = [run.journal[run.journal["date"] <= through] for run in (seen, told)]
    pd.testing.assert_frame_equal(*same)


@pytest.mark.parametrize("execution", MODES[2:4] + MODES[6:], ids=repr)
def test_no_fill_is_better_than_the_range_allows(execution: Execution) -> None:
    market = random_market(9, ["A", "B", "B2", "C"], 300)
    found = rich(market, execution)
    at = (
        [found.dates.get_loc(date) for date in found.journal["date"]],
        [market.column(symbol) for symbol in found.journal["symbol"]],
    )
    price = found.journal["price"].to_numpy()
    low, high = np.minimum(market.low[at], market.close[at]), np.maximum(market.high[at], market.close[at])
    lag = found.journal["date"].to_numpy() > found.dates[0]
    assert ((price >= low - 1e-12) & (price <= high + 1e-12))[lag].all()
    limits = found.journal["decision_price"] * (
        1 + np.where(found.journal["side"] == "sell", 1, -1) * execution.limit_bps * 1e-4
    )
    better = np.where(found.journal["side"] == "sell", price >= limits - 1e-9, price <= limits + 1e-9)
    assert better[(found.journal["spread"] == 0) & lag].all()
    assert better.any()


@pytest.mark.parametrize("execution", MODES, ids=repr)
def test_what_execution_costs_adds_up(execution: Execution) -> None:
    found = rich(random_market(9, ["A", "B", "B2", "C"], 300), execution)
    chosen = found.journal[found.journal["reason_code"] != Reason.REINVEST]
    assert found.metrics["cost"] + found.metrics["delay"] == pytest.approx(
        chosen["shortfall"].sum(), abs=0.005
    )
    assert found.metrics["disallowed"] == 0.0
    assert found.daily["cash"].min() > -1e-6
    assert (found.metrics["delay"] != 0.0) == (execution != Execution())


def test_the_default_is_the_close_bit_for_bit() -> None:
    market = random_market(9, ["A", "B", "B2", "C"], 200)
    given = replace(
        Execution(), limit_bps=50.0, limit_days=7, otherwise="cancel", calm_below=0.1, max_wait=99
    )
    assert bits_of(rich(market, given)) == bits_of(rich(market, Execution()))


def test_a_harvest_whose_loss_is_gone_at_the_opening_is_not_made() -> None:
    close = {"A": [10.0, 10.0, 9.0, 9.0, 9.0], "B": [10.0] * 5}
    opening = np.array([[10.0, 10.0], [10.0, 10.0], [9.0, 10.0], [10.5, 10.0], [9.0, 10.0]])
    market = replace(market_of(close), open=opening, high=opening + 1.0, low=np.full((5, 2), 8.0))
    household = household_of(
        {rk.AssetClass("a", {"A": 1, "B": 0}): 1.0}, account(lots=[lot("a", "A", 100, 10.0)])
    )
    policy = RebalancePolicy(
        "harvest", (), harvest=rk.Harvest(0.05, 10.0), execution=Execution("next_open"), invest_cash_above=1.0
    )
    found = backtest(market, household, policy, open_with="lots")
    assert told(found)[0] == (
        4,
        "sell",
        "A",
        100,
        9.0,
    )  # decided on session 2 and 3, made when the loss was there
    assert Reason.LOSS_GONE.sentence in set(found.passed_over["reason"])


def test_what_the_market_lacks_is_found_at_once() -> None:
    market = market_of({"A": [10.0] * 3, "B": [10.0] * 3})
    execution = Execution("limit", wait_for_calm="vix", max_volume_share=0.1)
    with pytest.raises(PolicyError) as raised:
        backtest(market, household_of({"A": 0.5, "B": 0.5}), replace(MONTHLY, execution=execution))
    said = [finding.what for finding in raised.value.findings]
    assert len(said) == 4
    assert all("market 'hand-made' has no" in what for what in said)


def test_results_say_what_is_not_known_of_single_securities() -> None:
    market = world()
    opening, volume = market.open.copy(), market.volume.copy()
    opening[:, 1] = volume[:, 1] = np.nan
    found = run(replace(market, open=opening, volume=volume), Execution("next_open", max_volume_share=0.1))
    said = [f.what for f in found.assumptions if f.where == "fills" and f.severity == "warning"]
    assert said == [
        "no opening prices of B: filled at the session's close",
        "no or too few volumes of A, B: their orders are not split",
    ]  # fmt: skip


def test_results_say_how_orders_are_carried_out() -> None:
    found = run(world(), Execution("limit", 20.0, limit_days=3, wait_for_calm="own", max_volume_share=0.05))
    said, unknown = [f.what for f in found.assumptions if f.where == "fills"]
    assert unknown == "no or too few volumes of A, B: their orders are not split"
    for part in (
        "limit orders 20 bp better",
        "in up to 3 session(s)",
        "wait up to 10 sessions",
        "at most 5.0%",
    ):
        assert part in said


def test_results_say_what_of_the_volume_could_not_be_known() -> None:
    market = thin_market()
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.15))
    for start, first_known in ((market.dates[0], False), (DAYS[0], True)):
        found = backtest(market, household, policy, open_with="lots", start=start)
        said = [f.what for f in found.assumptions if f.where == "fills"]
        late = "daily volume: too little is known at the start of A, B; until there is enough the first month"
        assert any(what.startswith(late) for what in said) == (not first_known)


def test_a_dividend_reinvested_tells_orders_at_the_opening_nothing_of_the_close() -> None:
    dividend = np.zeros((len(DAYS), 2))
    dividend[3, 0] = 0.5
    sold = []
    for close in (7.0, 10.0, 12.0):
        closes = np.full((len(DAYS), 2), 10.0)
        closes[3, 0] = close
        market = replace(world(high={3: 12.0}, low={3: 7.0}), close=closes, dividend=dividend)
        found = run(market, Execution("next_open"), dividends="reinvest")
        at_opening = found.journal[found.journal["date"] == found.dates[3]]
        sold.append(at_opening.loc[at_opening["side"] == "sell", "quantity"].sum())
        assert set(at_opening.loc[at_opening["symbol"] == "A", "price"]) == {10.0}
    assert sold[0] == sold[1] == sold[2]


def test_without_an_opening_price_a_limit_is_filled_at_the_limit() -> None:
    market = world(high={3: 10.5})
    opening, close = market.open.copy(), market.close.copy()
    opening[3, 0], close[3, 0] = np.nan, 10.4
    assert told(run(replace(market, open=opening, close=close), LIMIT))[0] == (3, "sell", "A", 100, 10.10)


def test_whole_shares_and_a_commission_wash_nothing() -> None:
    """Of 1.9 shares at a small gain one whole share is left to sell, and the commission would make a loss of it."""
    lots = [
        lot("old", "A", 1.9, 17.0),
        lot("new", "A", 50, 10.0, dt.date(2024, 1, 15)),
        lot("b", "B", 10, 20.0),
    ]
    household = household_of({"A": 0.0001, "B": 0.9999}, account(lots=lots), tax=FLAT)
    policy = replace(
        MONTHLY, costs=Costs(commission_usd=5.0), whole_shares=True, gains=rk.GainLimits(short="never")
    )  # fmt: skip
    market = market_of({"A": [20.0] * len(DAYS), "B": [20.0] * len(DAYS)}, [str(day.date()) for day in DAYS])
    found = backtest(market, household, policy, open_with="lots")
    assert found.metrics["disallowed"] == 0.0
    assert Reason.WASH_WINDOW_SALE.sentence in set(found.passed_over["reason"])
