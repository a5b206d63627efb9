"""When an order is carried out and at what price: at the market, at its limit, or not today."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.costs import traded_before
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.tape import pass_over
from rebal_kit.engine.waiting import BUY, begin_order
from rebal_kit.reasons import Reason

#: Stands for the price of an order that is given up; that of one which waits is NaN.
GIVEN_UP = 0.0


@inner
def reckon(desk: Desk, prices: np.ndarray, t: int) -> None:
    """Reckon with the prices of session `t` from now on."""
    for security in range(len(desk.work.price)):
        desk.work.price[security] = prices[t, security]


@inner
def fill_price(
    desk: Desk, t: int, account: int, security: int, side: int, decided: float, patient: bool
) -> float:
    """Return the price at which an order is filled today; NaN while it waits, GIVEN_UP when it is not to be filled.

    Orders that are not `patient`, and those on the first session, are market orders.
    """
    orders, work = desk.plan.orders, desk.work
    if not patient:
        return orders.market[t, security]
    first = begin_order(desk, t, account, security, side)
    if t == 0:
        return orders.market[t, security]
    if t - work.order_since[account, security] < orders.max_wait and not orders.calm[t, security]:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.NOT_CALM, 0.0)
        return np.nan
    if orders.limit_days == 0:
        return orders.market[t, security]
    price = limit_fill(desk, t, security, side, decided)
    if price > 0.0:
        return price
    work.order_tries[account, security] += 1 if first else 0
    if work.order_tries[account, security] >= orders.limit_days and not orders.cancel:
        return desk.prices.close[t, security]
    pass_over(desk.tape, desk.ledger, t, account, security, Reason.LIMIT_NOT_REACHED, 0.0)
    return GIVEN_UP if work.order_tries[account, security] >= orders.limit_days else np.nan


@inner
def limit_fill(desk: Desk, t: int, security: int, side: int, decided: float) -> float:
    """Return where the session fills a limit order: at the limit, or at a better opening; NaN if it is not reached.

    An opening outside the range that the source gives is no fill anyone had.
    """
    orders = desk.plan.orders
    if side == BUY:
        limit, low = decided * (1.0 - orders.limit_offset), orders.low[t, security]
        if not low <= limit:
            return np.nan
        opening = orders.opening[t, security]
        return max(min(opening, limit) if opening > 0.0 else limit, low)
    limit, high = decided * (1.0 + orders.limit_offset), orders.high[t, security]
    if not high >= limit:
        return np.nan
    opening = orders.opening[t, security]
    return min(max(opening, limit) if opening > 0.0 else limit, high)


@inner
def rests(desk: Desk, t: int, security: int, price: float, patient: bool) -> bool:
    """Say whether a fill at this price is one of a resting limit order: it pays no spread."""
    orders = desk.plan.orders
    if orders.limit_days == 0 or not patient or t == 0:
        return False
    return price not in (orders.market[t, security], desk.prices.close[t, security])


@inner
def volume_room(desk: Desk, t: int, security: int) -> float:
    """Return US$ of a security that the household may still trade in the session."""
    plan = desk.plan
    if not plan.orders.capped:
        return np.inf
    return max(0.0, plan.orders.volume_cap[plan.cost_row[t], security] - traded_before(desk, t, security))


@inner
def piece_of(
    desk: Desk, t: int, account: int, security: int, shares: float, price: float, patient: bool
) -> float:
    """Return how many shares of an order may be traded today: as many as the volume allows, whole ones if need be."""
    room = volume_room(desk, t, security) if patient else np.inf
    if shares * price <= room:
        return shares
    pass_over(desk.tape, desk.ledger, t, account, security, Reason.VOLUME_SHARE, 0.0)
    piece = room / price
    return np.floor(piece) if desk.plan.whole_shares else piece


@inner
def never_fits(desk: Desk, t: int, security: int, price: float) -> bool:
    """Say whether not one share fits into a session's share of the volume."""
    plan = desk.plan
    capped = plan.orders.capped and plan.whole_shares
    return capped and plan.orders.volume_cap[plan.cost_row[t], security] < price
