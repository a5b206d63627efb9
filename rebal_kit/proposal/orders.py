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


def netted(
    orders: Iterable[Order], purchases: Mapping[int, int], least: np.ndarray, *, whole: bool
) -> tuple[Order, ...]:
    """Return the orders without round trips: what is bought and sold again within the day is neither.

    The engine harvests first and rebalances then, and so may sell what it has just bought. Shares held afterwards are
    the same. What is left of the sale is netted too where it is too small an order, or no whole shares.

    Parameters
    ----------
    orders : iterable of Order
        In the order in which they are made.
    purchases : mapping of int to int
        Of each purchase of the day the place of its order in `orders`, by the number that picks have.
    least : ndarray
        (n_securities,) shares below which an order is too small.
    whole : bool
        Orders are for whole shares.
    """
    kept = list(orders)
    tripped: dict[int, dict[int, float]] = {}
    for at, order in enumerate(kept):
        for pick in order.picks:
            if pick.purchase in purchases:
                mine = tripped.setdefault(at, {})
                mine[pick.purchase] = mine.get(pick.purchase, 0.0) + pick.quantity
    for at, mine in tripped.items():
        for purchase, shares in mine.items():
            kept[purchases[purchase]] = _fewer(kept[purchases[purchase]], shares)
        old = tuple(pick for pick in kept[at].picks if pick.purchase not in mine)
        kept[at] = kept[at]._replace(picks=old, quantity=sum(pick.quantity for pick in old))
    for at, mine in tripped.items():
        order = kept[at]
        rest = order.quantity
        further = rest if rest < least[order.security] else rest - np.floor(rest + _SPECK) if whole else 0.0
        for purchase in mine:
            bought = kept[purchases[purchase]]
            shares = min(further, bought.quantity)
            kept[purchases[purchase]] = _fewer(bought, shares)
            further, old = further - shares, _without(kept[at].picks, shares)
            kept[at] = order._replace(picks=old, quantity=sum(pick.quantity for pick in old))
    for at in {purchases[purchase] for mine in tripped.values() for purchase in mine}:
        if kept[at].quantity < least[kept[at].security]:
            kept[at] = kept[at]._replace(quantity=0.0)
    return tuple(order for order in kept if order.quantity > _SPECK)


def _fewer(bought: Order, shares: float) -> Order:
    return bought._replace(quantity=bought.quantity - shares if bought.quantity - shares > _SPECK else 0.0)


def _without(picks: tuple[Pick, ...], shares: float) -> tuple[Pick, ...]:
    """Return the picks without the last `shares`."""
    kept = []
    for pick in reversed(picks):
        taken = min(shares, pick.quantity)
        shares -= taken
        if pick.quantity - taken > _SPECK:
            kept.append(pick._replace(quantity=pick.quantity - taken))
    return tuple(reversed(kept))
