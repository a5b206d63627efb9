"""Orders: what is to be traded in which account, lot by lot, before anybody has worked out what it comes to."""

from __future__ import annotations

from collections.abc import Iterable
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


def netted(orders: Iterable[Order], least: float, price: np.ndarray) -> tuple[Order, ...]:
    """Return the orders without round trips: what is bought and sold again within the day is neither.

    The engine harvests first and rebalances then, and so may sell in a position what it has just bought. Shares held
    afterwards are the same. The lots that come last in the sale stay, those just bought before all.

    Parameters
    ----------
    orders : iterable of Order
        In the order in which they are made.
    least : float
        US$ below which what is left of a purchase is not worth an order.
    price : ndarray
        (n_securities,) US$ a share.
    """
    kept = list(orders)
    for at, order in enumerate(kept):
        if not order.sells:
            continue
        for earlier in range(at - 1, -1, -1):
            bought, left = kept[earlier], kept[at].quantity
            if bought.sells or bought[:2] != order[:2]:
                continue
            both = min(bought.quantity, left)
            less = bought.quantity - both
            kept[earlier] = bought._replace(quantity=less if less * price[order.security] >= least else 0.0)
            kept[at] = _less(kept[at], both)
    return tuple(order for order in kept if order.quantity > _SPECK)


def _less(order: Order, shares: float) -> Order:
    """Return a sale of fewer shares: purchases with the highest numbers are kept, they were made last."""
    picks = {place: pick.quantity for place, pick in enumerate(order.picks)}
    for place in sorted(picks, key=lambda at: (order.picks[at].purchase, at), reverse=True):
        taken = min(shares, picks[place])
        picks[place] -= taken
        shares -= taken
    kept = tuple(
        pick._replace(quantity=picks[at]) for at, pick in enumerate(order.picks) if picks[at] > _SPECK
    )
    return order._replace(quantity=sum(pick.quantity for pick in kept), picks=kept)
