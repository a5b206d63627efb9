"""Orders from journal rows, and without the round trips of a day."""

from __future__ import annotations

import numpy as np
import pytest

from rebal_kit.engine.replay import BUY, SELL
from rebal_kit.engine.tape import ENTRY
from rebal_kit.proposal.orders import Order, Pick, encode_orders, netted, orders_of
from rebal_kit.reasons import Reason

OLD, NEW, NEWER = 3, 70, 71
LEAST = np.array([1.0, 5.0])
WHY = Reason.THRESHOLD


def buy(quantity: float, security: int = 0) -> Order:
    return Order(0, security, False, quantity, (), WHY)


def sell(*picks: tuple[int, float], security: int = 0) -> Order:
    taken = tuple(Pick(purchase, 0, quantity) for purchase, quantity in picks)
    return Order(0, security, True, sum(pick.quantity for pick in taken), taken, WHY)


def net(
    *orders: Order, purchases: dict[int, int], whole: bool = False
) -> list[tuple[bool, float, list[int]]]:
    found = netted(orders, purchases, LEAST, whole=whole)
    return [
        (one.sells, pytest.approx(one.quantity), [pick.purchase for pick in one.picks]) for one in found
    ]  # fmt: skip


def test_without_round_trips_orders_stay() -> None:
    assert net(buy(10), sell((OLD, 4)), purchases={NEW: 0}) == [(False, 10, []), (True, 4, [OLD])]


def test_a_purchase_sold_again_in_part_is_smaller() -> None:
    assert net(buy(10), sell((NEW, 4)), purchases={NEW: 0}) == [(False, 6, [])]


def test_of_a_sale_of_old_and_new_shares_the_old_are_left() -> None:
    assert net(buy(10), sell((OLD, 7), (NEW, 4)), purchases={NEW: 0}) == [(False, 6, []), (True, 7, [OLD])]


def test_all_of_it_sold_again_is_no_order() -> None:
    assert net(buy(10), sell((NEW, 10)), purchases={NEW: 0}) == []
    assert net(buy(10), sell((NEW, 4)), sell((NEW, 6)), purchases={NEW: 0}) == []


def test_a_sale_out_of_two_purchases() -> None:
    orders = net(buy(10), buy(8), sell((NEW, 10), (NEWER, 3), (OLD, 2)), purchases={NEW: 0, NEWER: 1})
    assert orders == [(False, 5, []), (True, 2, [OLD])]


def test_a_rest_that_is_too_small_an_order_is_netted_too() -> None:
    """Of 14 shares 10 are new; the 4 that are left are below 5, and 4 fewer are bought instead."""
    orders = net(buy(20, 1), sell((OLD, 4), (NEW, 10), security=1), purchases={NEW: 0})
    assert orders == [(False, 6, [])]
    orders = net(buy(20, 1), sell((OLD, 5), (NEW, 10), security=1), purchases={NEW: 0})
    assert orders == [(False, 10, []), (True, 5, [OLD])]


def test_a_purchase_that_is_left_too_small_is_dropped() -> None:
    assert net(buy(10, 1), sell((NEW, 7), security=1), purchases={NEW: 0}) == []


def test_of_whole_shares_whole_shares_are_left() -> None:
    """7.5 old shares: the half is bought less instead, so that 7 are sold and 5.5 bought rather than 6."""
    orders = net(buy(10.5), sell((OLD, 7.5), (NEW, 4.5)), purchases={NEW: 0}, whole=True)
    assert orders == [(False, 5.5, []), (True, 7, [OLD])]


def test_shares_held_afterwards_are_the_same() -> None:
    random = np.random.default_rng(7)
    for _ in range(300):
        bought, old = random.uniform(1, 20, 2)
        back = bought * random.uniform(0, 1)
        orders = (buy(bought, 1), sell((OLD, old), (NEW, back), security=1))
        found = netted(orders, {NEW: 0}, LEAST, whole=bool(random.random() < 0.5))
        net_shares = sum(-one.quantity if one.sells else one.quantity for one in found)
        # A purchase dropped because it is too small is the only difference.
        missing = bought - back - old - net_shares
        assert abs(missing) < 1e-9 or 0 < missing < LEAST[1]
        assert all(
            one.quantity == pytest.approx(sum(p.quantity for p in one.picks)) for one in found if one.sells
        )


def rows(*entries: tuple[int, int, int, int, float]) -> np.ndarray:
    found = np.zeros(len(entries), ENTRY).view(np.recarray)
    for row, (order, side, purchase, piece, quantity) in zip(found, entries, strict=True):
        row.order, row.side, row.purchase, row.piece, row.quantity = order, side, purchase, piece, quantity
        row.reason = int(WHY)
    return found


def test_orders_of_journal_rows() -> None:
    """Rows of one order and lot that a wash sale has cut are one pick; pieces stay apart."""
    journal = rows((5, -1, OLD, 1, 3.0), (5, -1, OLD, 1, 2.0), (5, -1, OLD, 2, 1.0), (6, 1, NEW, 0, 4.0))
    assert orders_of(journal) == (
        Order(0, 0, True, 6.0, (Pick(OLD, 1, 5.0), Pick(OLD, 2, 1.0)), WHY), Order(0, 0, False, 4.0, (), WHY),
    )  # fmt: skip
    assert orders_of(journal[:0]) == ()


def test_orders_as_the_engine_s_events() -> None:
    events, picks = encode_orders((sell((OLD, 2), (NEW, 1)), buy(4, 1), sell((NEWER, 9))), 8, 2)
    assert events["action"].tolist() == [SELL, BUY, SELL]
    assert events["session"].tolist() == [8, 8, 8]
    assert events["security"].tolist() == [0, 1, 0]
    assert (events["first_pick"].tolist(), events["picks"].tolist()) == ([0, 2, 2], [2, 0, 1])
    assert picks["purchase"].tolist() == [OLD, NEW, NEWER]
