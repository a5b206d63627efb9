"""When an order is carried out and at what price: at the market, at its limit, or not today."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.choose import FREELY
from rebal_kit.engine.costs import traded_before
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.scope import HOUSEHOLD
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason

#: Sides of an order.
BUY, SELL = 1, -1


@inner
def reckon(desk: Desk, prices: np.ndarray, t: int) -> None:
    """Reckon with the prices of session `t` from now on."""
    for security in range(len(desk.work.price)):
        desk.work.price[security] = prices[t, security]


@inner
def place_of(desk: Desk, scope: int) -> int:
    """Return where `work` keeps what orders of a scope wait for: a row an account, the last one the household."""
    return len(desk.ledger.cash) if scope == HOUSEHOLD else scope


@inner
def waited(desk: Desk, t: int) -> int:
    """Return for how many sessions orders of the scope that decides now have waited."""
    since = desk.work.since[desk.work.deciding[0]]
    return t - since if since >= 0 else 0


@inner
def some_wait(desk: Desk) -> bool:
    """Say whether any scope has orders that wait."""
    waiting = False
    for since in desk.work.since:
        waiting = waiting or since >= 0
    return waiting


@inner
def fill_price(desk: Desk, t: int, account: int, security: int, side: int, urgency: int) -> float:
    """Return the price at which an order is filled today, NaN if it is not; note what it waits for.

    Orders that must be made, and those on the first session, are market orders.
    """
    orders = desk.plan.orders
    if urgency != FREELY or t == 0:
        return orders.market[t, security]
    if orders.max_wait > waited(desk, t) and not orders.calm[t, security]:
        wait(desk, t, account, security, Reason.NOT_CALM)
        return np.nan
    if orders.limit_days == 0:
        return orders.market[t, security]
    price = orders.limit_buy[t, security] if side == BUY else orders.limit_sell[t, security]
    if price > 0.0:
        return price
    if waited(desk, t) + 1 < orders.limit_days:
        wait(desk, t, account, security, Reason.LIMIT_NOT_REACHED)
        return np.nan
    if orders.cancel:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.LIMIT_NOT_REACHED, 0.0)
        return np.nan
    return desk.prices.close[t, security]


@inner
def rests(desk: Desk, t: int, security: int, price: float, urgency: int) -> bool:
    """Say whether a fill at this price is one of a resting limit order: it pays no spread."""
    orders = desk.plan.orders
    if orders.limit_days == 0 or urgency != FREELY or t == 0:
        return False
    return price not in (orders.market[t, security], desk.prices.close[t, security])


@inner
def within_volume(desk: Desk, t: int, account: int, security: int, amount: float) -> float:
    """Return what of `amount` US$ the household may still trade of a security in the session; the rest waits."""
    plan = desk.plan
    if not plan.orders.capped:
        return amount
    room = plan.orders.volume_cap[plan.cost_row[t], security] - traded_before(desk, t, security)
    if amount > room:
        wait(desk, t, account, security, Reason.VOLUME_SHARE)
    return max(0.0, min(amount, room))


@inner
def wait(desk: Desk, t: int, account: int, security: int, reason: int) -> None:
    """Note that an order waits, and why."""
    desk.work.held_up[0] = True
    pass_over(desk.tape, desk.ledger, t, account, security, reason, 0.0)


@inner
def remember(desk: Desk, t: int, scope: int) -> None:
    """Keep what a decision was to do for the next session where some of its orders wait; else forget it."""
    work = desk.work
    place = place_of(desk, scope)
    if not work.held_up[0]:
        work.since[place] = -1
        return
    if work.since[place] < 0:
        work.since[place] = t
    for c in range(len(work.fired)):
        work.pending[place, c] = work.fired[c]
        work.pending_to[place, c] = work.destination[c]


@inner
def resume(desk: Desk, scope: int) -> bool:
    """Let classes whose orders wait trade again, towards where they were to go; return whether there are any."""
    work = desk.work
    place = place_of(desk, scope)
    found = False
    if work.since[place] >= 0:
        for c in range(len(work.fired)):
            if work.fired[c] < 0 and work.pending[place, c] >= 0:
                work.fired[c] = work.pending[place, c]
                work.destination[c] = work.pending_to[place, c]
            found = found or work.fired[c] >= 0
    return found
