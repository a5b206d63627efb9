"""Orders: what is to be traded in which account, lot by lot, before anybody has worked out what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from rebal_kit.engine.replay import BUY, EVENT, PICK, SELL
from rebal_kit.reasons import Reason


#: Shares that are what rounding leaves over.
_SPECK = 1e-9


class Pick(NamedTuple):
    """Shares of one lot: the number of its purchase, which piece of it (0: there is only one), and how many."""

    purchase: int
    piece: int
    quantity: float


class Order(NamedTuple):
    """A sale of named lots, or a purchase.

    Attributes
    ----------
    account, security : int
        Places among the household's accounts and the market's securities.
    sells : bool
    quantity : float
        Shares.
    picks : tuple of Pick
        Of a sale, in the order sold; none: by the lot method.
    reason : Reason
    """

    account: int
    security: int
    sells: bool
    quantity: float
    picks: tuple[Pick, ...]
    reason: Reason


def encode_orders(orders: Iterable[Order], session: int, lot_method: int) -> tuple[np.ndarray, np.ndarray]:
    """Return orders as events and picks of the engine (`rebal_kit.engine.replay`).

    A sale that names no lots takes them by the lot method.
    """
    events: list[tuple[float, ...]] = []
    picks: list[tuple[float, ...]] = []
    for order in orders:
        first = len(picks)
        picks += [(pick.purchase, pick.piece, pick.quantity, 0) for pick in order.picks]
        action = SELL if order.sells else BUY
        events.append(
            (session, order.account, order.security, action, order.quantity, 0.0, int(order.reason), lot_method, first,
             len(order.picks), -1, -1, 0)
        )  # fmt: skip
    return np.array(events, EVENT).view(np.recarray), np.array(picks, PICK).view(np.recarray)


def orders_of(journal: np.ndarray) -> tuple[Order, ...]:
    """Return the orders of journal rows, in the order in which they were made."""
    found: list[Order] = []
    for number in dict.fromkeys(journal["order"].tolist()):
        rows = journal[journal["order"] == number]
        first = rows[0]
        sells = bool(first["side"] < 0)
        picks: list[Pick] = []
        for row in rows if sells else ():
            pick = Pick(int(row["purchase"]), int(row["piece"]), float(row["quantity"]))
            if picks and picks[-1][:2] == pick[:2]:  # a wash sale has cut the slice in two
                pick = pick._replace(quantity=pick.quantity + picks.pop().quantity)
            picks.append(pick)
        quantity = float(rows["quantity"].sum())
        found.append(
            Order(
                int(first["account"]),
                int(first["security"]),
                sells,
                quantity,
                tuple(picks),
                Reason(int(first["reason"])),
            )
        )
    return tuple(found)


def netted(orders: Iterable[Order], purchases: Mapping[int, int]) -> tuple[Order, ...]:
    """Return the orders without round trips: what is bought and sold again within the day is not bought.

    The engine harvests first and rebalances then, and so may sell part of what it has just bought.

    Parameters
    ----------
    orders : iterable of Order
        In the order in which they are made.
    purchases : mapping of int to int
        Of each purchase of the day its order's place in `orders`, by the number that picks have.
    """
    kept = list(orders)
    for at, order in enumerate(kept):
        picks = tuple(pick for pick in order.picks if pick.purchase not in purchases)
        for pick in order.picks:
            if pick.purchase in purchases:
                bought = kept[purchases[pick.purchase]]
                less = bought.quantity - pick.quantity
                kept[purchases[pick.purchase]] = bought._replace(quantity=less if less > _SPECK else 0.0)
        if len(picks) < len(order.picks):
            kept[at] = order._replace(picks=picks, quantity=sum(pick.quantity for pick in picks))
    return tuple(order for order in kept if order.quantity > 0.0)
