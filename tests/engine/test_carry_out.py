"""Orders that somebody else decided, carried out by the book: prices, fees, lots, and what is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebal_kit.costs import Costs
from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.carry_out import carry_out
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.replay import OVERSOLD
from rebal_kit.proposal.day import prepare_day
from rebal_kit.proposal.orders import Order, Pick, encode_orders
from rebal_kit.proposal.settlement import settle
from rebal_kit.reasons import Reason
from tests.proposal.scanned import POLICY, small_household, small_market

STK, STX, BND = range(3)
S2, S1 = 1, 3
HOLD = replace(POLICY, triggers=(), harvest=None, costs=Costs(half_spread_bps=10.0, commission_usd=5.0))


def fresh(policy: Any = HOLD) -> Desk:
    return settle(prepare_day(small_market(), small_household(), policy), ()).desk


def sell(shares: float, *picks: Pick, security: int = STK) -> Order:
    return Order(0, security, True, shares, picks, Reason.GIVEN)


def buy(shares: float, security: int = STX, account: int = 0) -> Order:
    return Order(account, security, False, shares, (), Reason.GIVEN)


def carried_out(desk: Desk, *orders: Order) -> tuple[np.ndarray, np.ndarray]:
    events, picks = encode_orders(orders, 0, desk.plan.lot_method)
    assert carry_out(desk, 0, events, picks) == books.OK
    return events, np.asarray(desk.tape.journal[: desk.tape.counts[tapes.ENTRIES]])


def test_sales_and_purchases_at_the_close_with_their_costs() -> None:
    desk = fresh()
    events, journal = carried_out(desk, sell(100.0, Pick(S1, 0, 100.0)), buy(40.0))
    # 10,000 less 10 and 5; 2,000 and 2 and 5.
    assert desk.ledger.cash.tolist() == pytest.approx([9_985.0 - 2_007.0, 0.0])
    assert journal["cost"].tolist() == pytest.approx([15.0, 7.0])
    assert journal["gain"].tolist() == pytest.approx([-2_015.0, 0.0])
    assert (events["order"].tolist(), events["status"].tolist()) == ([0, 1], [books.OK, books.OK])
    assert desk.ledger.held.tolist() == [[50.0, 40.0, 200.0], [100.0, 0.0, 0.0]]


def test_money_may_be_missing_in_between_and_at_the_end() -> None:
    desk = fresh()
    carried_out(desk, buy(100.0))
    assert desk.ledger.cash[0] == pytest.approx(-5_010.0)


def test_what_is_not_there_is_left_out_and_marked() -> None:
    desk = fresh()
    too_many, other_lot = sell(151.0), sell(10.0, Pick(99, 0, 10.0))
    events, journal = carried_out(
        desk, too_many, other_lot, sell(60.0, Pick(S2, 0, 60.0)), sell(50.0, Pick(S2, 0, 50.0))
    )
    assert events["order"].tolist() == [-1, -1, -1, 0]
    assert events["status"][0] == OVERSOLD
    assert (events["status"][:3] != books.OK).all()
    assert journal["quantity"].tolist() == [50.0]
    assert desk.ledger.held[0, STK] == 100.0


def test_without_picks_the_lot_method_chooses() -> None:
    for method, first in (("hifo", S1), ("fifo", S2)):
        _, journal = carried_out(fresh(replace(HOLD, lot_method=method)), sell(20.0))
        assert journal["purchase"].tolist() == [first]


def test_a_full_journal_is_said() -> None:
    day = prepare_day(small_market(), small_household(), HOLD)
    room = day.undecided.setting.room(journal=1)
    day.undecided.setting.run(day.undecided.plan, room)
    desk = day.undecided.setting.desk(day.undecided.plan, room)
    events, picks = encode_orders((buy(1.0), buy(2.0)), 0, desk.plan.lot_method)
    assert carry_out(desk, 0, events, picks) == books.JOURNAL_FULL
