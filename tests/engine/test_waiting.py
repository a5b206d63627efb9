"""Orders that wait: each stands as it was decided until it is filled, given up, or decided anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.backtest import backtest
from rebal_kit.execution import Execution
from rebal_kit.flows import CashFlow
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.run import prepare
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.engine.still import DAYS, LOTS, MONTHLY, THREE, run_three, stirring, thin_market, told
from tests.engine.telling import FLAT, lot
from tests.worlds import account, household_of


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


def test_a_piece_of_a_large_order_may_be_smaller_than_the_smallest_order() -> None:
    """The purchase follows as soon as the sale has brought the cash for a smallest order."""
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.15), min_trade_usd=200.0)
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    pieces = found.journal.groupby("symbol")["amount"].apply(list)
    assert pieces["A"][:5] == pytest.approx([150.0] * 5)
    assert pieces["B"][:5] == pytest.approx([150.0] * 5)


def test_a_run_leaves_nothing_behind_for_the_next_in_its_room() -> None:
    household = household_of({"A": 0.35, "B": 0.35, "C": 0.3}, account(lots=THREE), tax=FLAT)
    setting = prepare(stirring(A={7: 10.2}), household, open_with="lots")
    plan = setting.plan(
        replace(MONTHLY, execution=Execution("limit", 100.0, limit_days=4, otherwise="cancel"))
    )
    room = setting.run_to_end(plan, setting.room())
    first = room.tape.daily.copy()
    room.work.order_tried[:] = 3  # as a longer run before might have left it
    np.testing.assert_array_equal(setting.run_to_end(plan, room).tape.daily, first)
