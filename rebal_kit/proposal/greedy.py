"""The greedy proposal: the back-test's own decision of the day, taken apart into orders and what moves beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.orders import Order, netted, orders_of
from rebal_kit.proposal.settlement import Moved, start_of
from rebal_kit.reasons import Reason


class PassedOver(NamedTuple):
    """A trade that was not made.

    Attributes
    ----------
    account, security : int
        Places in the household and the market; security -1 is none.
    reason : Reason
    amount : float
        US$.
    """

    account: int
    security: int
    reason: Reason
    amount: float


class Decision(NamedTuple):
    """What the engine does on the day.

    Attributes
    ----------
    orders : tuple of Order
    moved : Moved
        Flows and taxes of the day.
    passed : tuple of PassedOver
    fired : ndarray
        (n_classes,) int64, the reason for which each class is brought back, -1 for none.
    """

    orders: tuple[Order, ...]
    moved: Moved
    passed: tuple[PassedOver, ...]
    fired: np.ndarray


def decide_greedily(day: Day) -> Decision:
    """Run the engine on the day."""
    room = day.run()
    tape, last = room.tape, day.last
    rows = np.asarray(tape.journal[: tape.counts[tapes.ENTRIES]])
    rows = rows[(rows["session"] == last) & (rows["reason"] != Reason.REINVEST)]
    start = start_of(day)
    traded = np.zeros(len(room.ledger.cash))
    brought = -rows["side"] * rows["quantity"] * rows["price"] - rows["cost"]
    np.add.at(traded, rows["account"], brought)
    moved = room.ledger.cash - start.desk.ledger.cash - traded
    moved[np.abs(moved) < 1e-6] = 0.0
    year = start.year
    paid_out = (
        room.ledger.years[year, books.DISTRIBUTIONS] - start.desk.ledger.years[year, books.DISTRIBUTIONS]
    )
    passed = tape.passed[: tape.counts[tapes.PASSED_OVER]]
    return Decision(
        without_round_trips(day, rows),
        Moved(moved, float(paid_out)),
        tuple(
            PassedOver(int(one.account), int(one.security), Reason(int(one.reason)), float(one.amount))
            for one in passed if one.session == last
        ),
        room.work.fired.copy() if tape.counts[tapes.REBALANCES] else np.full_like(room.work.fired, -1),
    )  # fmt: skip


def without_round_trips(day: Day, rows: np.ndarray) -> tuple[Order, ...]:
    """Return the day's orders in journal rows; what is bought and sold again within the day is neither."""
    least = np.divide(day.plan.min_trade, day.price, out=np.zeros_like(day.price), where=day.price > 0.0)
    return netted(orders_of(rows), _purchases(rows), least, whole=day.plan.whole_shares)


def _purchases(rows: np.ndarray) -> dict[int, int]:
    """Return which of the orders made each purchase, by its number."""
    places = {number: at for at, number in enumerate(dict.fromkeys(rows["order"].tolist()))}
    return {int(row["purchase"]): places[int(row["order"])] for row in rows if row["side"] > 0}
