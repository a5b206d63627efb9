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
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.engine.telling import FLAT, lot
from tests.worlds import account, bits_of, household_of, market_of, random_market

DAYS = pd.bdate_range("2024-01-30", periods=12)  # the third of them is the first of February
MONTHLY = RebalancePolicy("monthly", Calendar("month"), invest_cash_above=1.0)
LOTS = [lot("a", "A", 600, 10.0), lot("b", "B", 400, 10.0)]


def world(**ranges: dict[int, float]) -> Market:
    """A and B at US$ 10 throughout; `open`, `high` and `low` of A on some sessions, else 10, and of B always 10."""
    shape = (len(DAYS), 2)
    arrays = {name: np.full(shape, 10.0) for name in ("open", "high", "low")}
    for name, days in ranges.items():
        for day, price in days.items():
            arrays[name][day, 0] = price
    close = pd.DataFrame(10.0, DAYS, ["A", "B"])
    return Market.from_close(
        close, name="still", volume=np.full(shape, 100.0), volatility_index=np.full(len(DAYS), 15.0), **arrays
    )


def run(market: Market, execution: Execution, **more: Any) -> Backtest:
    """US$ 600 too much of A and as much too little of B, back to half and half on the first of February."""
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS), tax=FLAT)
    found = backtest(market, household, replace(MONTHLY, execution=execution, **more), open_with="lots")
    assert found.audit().clean
    return found


def told(found: Backtest) -> list[tuple[int, str, str, float, float]]:
    """Session, side, symbol, shares and price of every order."""
    rows = found.journal.groupby("order", sort=True).agg(
        {"date": "first", "side": "first", "symbol": "first", "quantity": "sum", "price": "first"}
    )
    return [
        (found.dates.get_loc(r.date), r.side, r.symbol, pytest.approx(r.quantity), pytest.approx(r.price))
        for r in rows.itertuples()
    ]


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


def thin_market() -> Market:
    """US$ 10 and 100 shares a day, for fifty sessions before those of the run and as many as these in it."""
    index = pd.bdate_range(end=DAYS[-1], periods=50 + len(DAYS))
    close = pd.DataFrame(10.0, index, ["A", "B"])
    return Market.from_close(close, name="thin", volume=np.full(close.shape, 100.0))


def test_large_orders_go_in_pieces() -> None:
    """At most 15 % of US$ 1,000 a day: an order of US$ 1,000 takes seven sessions, the last one for what is left."""
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.15))
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    for symbol, side in (("A", "sell"), ("B", "buy")):
        rows = found.journal[found.journal["symbol"] == symbol]
        assert set(rows["side"]) == {side}
        assert rows["amount"].tolist() == pytest.approx([150.0] * 6 + [100.0])
        assert rows["date"].tolist() == DAYS[2:9].tolist()
    assert set(found.journal["reason_code"]) == {Reason.CALENDAR}
    assert Reason.VOLUME_SHARE.sentence in set(found.passed_over["reason"])


def test_the_cap_counts_all_accounts_together() -> None:
    halves = [
        account(f"Half {i}", lots=[lot(f"a{i}", "A", 300, 10.0), lot(f"b{i}", "B", 200, 10.0)])
        for i in (0, 1)
    ]
    household = household_of({"A": 0.5, "B": 0.5}, *halves)
    policy = replace(MONTHLY, coordinate=False, execution=Execution(max_volume_share=0.1))
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    assert (found.journal.groupby(["date", "symbol"])["amount"].sum() <= 100.0 + 1e-9).all()
    assert found.journal["account"].nunique() == 2


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


def test_a_piece_of_a_large_order_may_be_smaller_than_the_smallest_order() -> None:
    """The purchase follows as soon as the sale has brought the cash for a smallest order."""
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.15), min_trade_usd=200.0)
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    pieces = found.journal.groupby("symbol")["amount"].apply(list)
    assert pieces["A"][:5] == pytest.approx([150.0] * 5)
    assert pieces["B"][:5] == pytest.approx([150.0] * 5)


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


def stirring(days: int = 12, **moves: dict[int, float]) -> Market:
    """A, B and C at US$ 10, each close changed where `moves` says so from that session on; ranges are the closes."""
    index = pd.bdate_range("2024-01-30", periods=days)
    close = pd.DataFrame(10.0, index, ["A", "B", "C"])
    for symbol, changes in moves.items():
        for session, price in changes.items():
            close.loc[index[session] :, symbol] = price
    values = close.to_numpy()
    ranges = {name: values.copy() for name in ("open", "high", "low")}
    return Market.from_close(
        close,
        name="stirring",
        volume=np.full(values.shape, 100.0),
        volatility_index=np.full(days, 15.0),
        **ranges,
    )


THREE = [lot("a", "A", 600, 10.0), lot("b", "B", 300, 10.0), lot("c", "C", 100, 10.0)]


def run_three(market: Market, execution: Execution, trigger: Any = None, **more: Any) -> Backtest:
    """US$ 3,500, 3,500 and 3,000 are wanted of A, B and C, of which US$ 6,000, 3,000 and 1,000 are there."""
    household = household_of({"A": 0.35, "B": 0.35, "C": 0.3}, account(lots=THREE), tax=FLAT)
    policy = replace(MONTHLY, execution=execution, **more)
    if trigger is not None:
        policy = replace(policy, triggers=(trigger,))
    found = backtest(market, household, policy, open_with="lots")
    assert found.audit().clean
    return found


def test_what_is_done_is_not_done_again_while_other_orders_wait() -> None:
    """B is bought when its limit is reached; A, which is sold on the first day, moves on and is left alone."""
    market = stirring(A={3: 10.2, 4: 10.4, 5: 10.6}, B={6: 9.8}, C={3: 9.8})
    found = run_three(market, Execution("limit", 100.0, limit_days=9))
    assert [(row[0], row[1], row[2]) for row in told(found)] == [
        (3, "sell", "A"), (3, "buy", "C"), (6, "buy", "B"),
    ]  # fmt: skip
    assert found.metrics["rebalances"] == 1


def test_a_rule_that_looks_daily_does_not_decide_again_what_is_on_its_way() -> None:
    market = stirring(A={6: 10.2}, B={7: 9.8}, C={7: 9.8})
    band = Threshold(ToleranceBand(absolute=0.05))
    found = run_three(market, Execution("limit", 100.0, limit_days=20), band)
    assert [(row[0], row[1], row[2]) for row in told(found)] == [
        (6, "sell", "A"), (7, "buy", "B"), (7, "buy", "C"),
    ]  # fmt: skip
    assert found.metrics["rebalances"] == 1


def test_a_limit_stays_where_the_decision_set_it() -> None:
    """The price runs away by 0.5 % a day: a limit that followed it would never be further than 1 % from it."""
    away = {3: 9.95, 4: 9.90, 5: 9.85, 6: 9.80}
    found = run_three(stirring(A=away), Execution("limit", 100.0, limit_days=4))
    sale = found.journal[found.journal["side"] == "sell"].iloc[0]
    assert (sale["date"], sale["price"], sale["decision_price"]) == (found.dates[6], 9.80, 10.0)
    assert sale["shortfall"] == pytest.approx(sale["quantity"] * 0.20)


def test_an_order_decided_later_has_its_own_sessions() -> None:
    """Each month a deposit is invested: the second order waits as long as the first did, not less."""
    flows = [CashFlow(700.0, "Main", on=dt.date(2024, 2, day)) for day in (2, 7)]
    household = household_of({"A": 1.0}, account(lots=[lot("a", "A", 100, 10.0)]), flows=tuple(flows))
    policy = RebalancePolicy("invest", (), execution=Execution("limit", 100.0, limit_days=3))
    found = backtest(stirring(), household, policy, open_with="lots")
    assert [(row[0], row[3]) for row in told(found)] == [(5, 70), (8, 70)]


def test_waiting_for_calm_takes_no_session_from_a_limit() -> None:
    index = np.full(12, 30.0)
    index[5:] = 15.0
    market = replace(stirring(), volatility_index=index)
    calm = Execution("limit", 100.0, limit_days=2, wait_for_calm="vix", calm_below=20.0, max_wait=9)
    assert {row[0] for row in told(run_three(market, calm))} == {
        7
    }  # calm from 5, known on 6: tried on 6 and 7


def test_the_rest_of_an_order_is_a_limit_order_of_its_own() -> None:
    """At most US$ 200 a day. A is reached on the first day; what is left of it waits for its limit three days again."""
    market = stirring(80, A={67: 10.1, 68: 10.0})
    market = replace(market, volume=np.full(market.close.shape, 20.0))
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    execution = Execution("limit", 100.0, limit_days=3, max_volume_share=1.0)
    found = backtest(
        market, household, replace(MONTHLY, execution=execution), open_with="lots", start=market.dates[64]
    )
    sales = [(row[0], row[3], row[4]) for row in told(found) if row[1] == "sell"]
    assert sales[:3] == [(3, pytest.approx(200 / 10.1), 10.1), (6, 20, 10.0), (9, 20, 10.0)]


def test_what_waits_is_counted_in_new_shares_and_without_its_dividend() -> None:
    market = stirring(A={5: 4.9})
    split, dividend = np.ones(market.close.shape), np.zeros(market.close.shape)
    split[5, 0], dividend[5, 0] = 2.0, 0.1
    market = replace(market, split=split, dividend=dividend)
    found = run_three(market, Execution("limit", 100.0, limit_days=4), dividends="cash")
    sale = found.journal[found.journal["side"] == "sell"].iloc[0]
    assert (sale["date"], sale["price"]) == (found.dates[6], 4.9)
    assert sale["decision_price"] == pytest.approx(4.9)
    assert sale["quantity"] == pytest.approx(500)


def test_a_purchase_closed_by_a_harvest_goes_to_the_partner() -> None:
    """B waits for its limit in the IRA when the other account takes a loss on it; its partner has its own limit."""
    index = pd.bdate_range("2024-01-30", periods=12)
    close = pd.DataFrame({"A": 10.0, "B": 10.0, "B2": 10.0}, index)
    close.iloc[4:, 1:] = 9.95
    values = close.to_numpy()
    ranges = {name: values.copy() for name in ("open", "high", "low")}
    market = Market.from_close(close, name="closing", **ranges)
    household = household_of(
        {"A": 0.5, rk.AssetClass("b", {"B": 1, "B2": 0}): 0.5},
        account(lots=[lot("b", "B", 400, 11.9), lot("b1", "B", 400, 9.0)]),
        account("IRA", rk.AccountKind.IRA, lots=[lot("a", "A", 1_200, 10.0)]),
        tax=FLAT,
    )
    policy = replace(
        MONTHLY, execution=Execution("limit", 100.0, limit_days=3), harvest=rk.Harvest(0.16, 10.0)
    )
    found = backtest(market, household, policy, open_with="lots")
    assert [(row[0], row[1], row[2]) for row in told(found)] == [
        (5, "sell", "B"), (5, "buy", "B2"), (5, "sell", "A"), (7, "buy", "B2"),
    ]  # fmt: skip
    assert found.metrics["disallowed"] == 0.0
    assert Reason.WASH_WINDOW_BUY.sentence in set(found.passed_over["reason"])


def test_a_harvest_sells_no_more_than_its_replacement_may_be_bought() -> None:
    index = pd.bdate_range(end=DAYS[-1], periods=50 + len(DAYS))
    close = pd.DataFrame(10.0, index, ["A", "B"])
    volume = np.column_stack([np.full(len(index), 1_000.0), np.full(len(index), 100.0)])
    market = Market.from_close(close, name="thin partner", volume=volume)
    household = household_of(
        {rk.AssetClass("a", {"A": 1, "B": 0}): 1.0}, account(lots=[lot("a", "A", 100, 12.0)]), tax=FLAT
    )
    policy = RebalancePolicy(
        "harvest", (), harvest=rk.Harvest(0.05, 10.0), execution=Execution(max_volume_share=0.3)
    )
    found = backtest(market, household, policy, open_with="lots", start=DAYS[0])
    rows = told(found)
    assert rows[:4] == [
        (0, "sell", "A", 30, 10.0),
        (0, "buy", "B", 30, 10.0),
        (1, "sell", "A", 30, 10.0),
        (1, "buy", "B", 30, 10.0),
    ]
    assert found.daily["cash"].max() == pytest.approx(0.0, abs=1e-6)
    assert found.metrics["disallowed"] == 0.0


def test_a_cap_below_one_share_ends_an_order_for_whole_shares() -> None:
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.005), whole_shares=True)
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    assert told(found) == []
    assert Reason.VOLUME_SHARE.sentence in set(found.passed_over["reason"])


def test_the_cap_holds_at_the_price_of_the_fill() -> None:
    market = thin_market()
    opening = market.close.copy()
    opening[-len(DAYS) :] = 12.0
    market = replace(market, open=opening, high=opening + 1.0, low=market.close - 1.0)
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution("next_open", max_volume_share=0.15))
    found = backtest(market, household, policy, open_with="lots", start=DAYS[0])
    assert found.journal.groupby(["date", "symbol"])["amount"].sum().max() == pytest.approx(150.0)


def test_a_purchase_waits_for_the_cash_of_a_sale_that_waits() -> None:
    """A is sold on its fourth day at the close; B and C, whose limits are reached at once, are bought with it then."""
    market = stirring(B={3: 9.8}, C={3: 9.8})
    found = run_three(market, Execution("limit", 100.0, limit_days=4))
    assert [(row[0], row[1], row[2]) for row in told(found)] == [
        (6, "sell", "A"), (6, "buy", "B"), (6, "buy", "C"),
    ]  # fmt: skip
    assert found.daily["cash"].min() > -1e-9
