"""Orders that wait: what is still to be traded of a position, since when, and by what price it was decided.

A position has one order at most. A new decision takes back what waits in its scope and decides anew; an order that goes
on in the same direction keeps its age. In between nothing is decided: the order stands.
"""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import LEAST_SHARE
from rebal_kit.engine.costs import LEAST_AMOUNT, cost_of
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.scope import HOUSEHOLD, in_scope

#: Sides of an order.
BUY, SELL = 1, -1


@inner
def begin_order(desk: Desk, t: int, account: int, security: int, side: int) -> bool:
    """Note that a position is to be traded: from today on, unless an order in this direction stands already.

    Returns whether it is tried for the first time today.
    """
    work = desk.work
    first = work.order_tried[account, security] != t
    if work.order_since[account, security] < 0 or work.order_side[account, security] != side:
        work.order_since[account, security] = t
        work.order_side[account, security] = side
        work.order_tries[account, security] = 0
    work.order_tried[account, security] = t
    work.orders_stand[0] = True
    return first


@inner
def keep_order(desk: Desk, account: int, security: int, shares: float, decided: float, reason: int) -> None:
    """Let what is left of an order wait, in place of what waited of the position before."""
    work = desk.work
    if shares * decided < LEAST_AMOUNT:
        return
    work.order_shares[account, security] = shares
    work.order_price[account, security] = decided
    work.order_reason[account, security] = reason


@inner
def drop_order(desk: Desk, account: int, security: int) -> None:
    """Forget what waits of a position, not how long."""
    desk.work.order_shares[account, security] = 0.0


@inner
def waits(desk: Desk, account: int, security: int, side: int) -> bool:
    """Say whether shares of a position are still to be traded in this direction."""
    work = desk.work
    return work.order_shares[account, security] > 0.0 and work.order_side[account, security] == side


@inner
def signed_value(desk: Desk, account: int, security: int) -> float:
    """Return US$ by which the order that waits will change a position: negative for a sale, 0 when there is none."""
    work = desk.work
    value = work.order_shares[account, security] * work.price[security]
    if work.order_side[account, security] == BUY:
        return value
    return -min(value, desk.ledger.held[account, security] * work.price[security])


@inner
def still_to_come(desk: Desk, t: int, account: int) -> float:
    """Return US$ that the sales which wait in an account will bring after their costs."""
    if not desk.work.orders_stand[0]:
        return 0.0
    amount = 0.0
    for security in range(desk.ledger.held.shape[1]):
        if waits(desk, account, security, SELL):
            sale = -signed_value(desk, account, security)
            amount += sale - cost_of(desk, t, account, security, sale)
    return amount


@inner
def count_as_done(desk: Desk, scope: int, managed: float, cash: float) -> tuple[float, float]:
    """Change US$ by sleeve, by class, in classes and in cash to what they will be once the orders in scope are filled.

    Rules look at this: what is on its way is not decided again. Cash is as it was decided: a price that fell since
    leaves none to spare.
    """
    work, structure = desk.work, desk.structure
    for account in range(len(desk.ledger.cash)):
        if not in_scope(desk, account, scope) or not structure.counted[account]:
            continue
        for security in range(desk.ledger.held.shape[1]):
            n = structure.sleeve_of[security]
            if n >= 0 and work.order_shares[account, security] > 0.0:
                value = signed_value(desk, account, security)
                work.sleeve_value[n] += value
                work.class_value[structure.sleeve_class[n]] += value
                managed += value
                cash -= value * (work.order_price[account, security] / work.price[security])
    return managed, cash


@inner
def place_of(desk: Desk, scope: int) -> int:
    """Return where `work` keeps what a scope was to do: a row an account, the last one the household."""
    return len(desk.ledger.cash) if scope == HOUSEHOLD else scope


@inner
def remember(desk: Desk, scope: int) -> None:
    """Keep for which reason, and to which weight, each class is traded, as long as its orders wait."""
    work = desk.work
    place = place_of(desk, scope)
    for c in range(len(work.fired)):
        work.pending[place, c] = work.fired[c]
        work.pending_to[place, c] = work.destination[c]


@inner
def take_back(desk: Desk, scope: int) -> None:
    """Take back what waits in scope: its classes are decided anew, towards where they were to go."""
    work, structure = desk.work, desk.structure
    work.taken_back[:] = 0.0
    place = place_of(desk, scope)
    for account in range(len(desk.ledger.cash)):
        if not in_scope(desk, account, scope):
            continue
        for security in range(desk.ledger.held.shape[1]):
            n = structure.sleeve_of[security]
            if n < 0 or work.order_shares[account, security] == 0.0:
                continue
            c = structure.sleeve_class[n]
            if work.fired[c] < 0 and work.pending[place, c] >= 0:
                work.fired[c] = work.pending[place, c]
                work.destination[c] = work.pending_to[place, c]
            work.taken_back[account, security] = work.order_shares[account, security]
            drop_order(desk, account, security)


@inner
def put_back(desk: Desk) -> None:
    """Let what was taken back stand: nothing was decided in its place."""
    work = desk.work
    for account in range(work.taken_back.shape[0]):
        for security in range(work.taken_back.shape[1]):
            if work.taken_back[account, security] > 0.0:
                work.order_shares[account, security] = work.taken_back[account, security]


@inner
def settle_orders(desk: Desk) -> None:
    """Forget the age of orders of which nothing waits any more."""
    work = desk.work
    work.orders_stand[0] = False
    for account in range(len(desk.ledger.cash)):
        for security in range(desk.ledger.held.shape[1]):
            if work.order_shares[account, security] > 0.0:
                work.orders_stand[0] = True
            else:
                work.order_since[account, security] = -1


@inner
def forget_orders(desk: Desk) -> None:
    """Let nothing wait."""
    desk.work.order_shares[:] = 0.0
    desk.work.order_tried[:] = -1
    desk.work.pending[:] = -1
    settle_orders(desk)


@inner
def split_orders(desk: Desk, security: int, ratio: float) -> None:
    """Count what waits of a security in new shares."""
    work = desk.work
    for account in range(len(desk.ledger.cash)):
        work.order_shares[account, security] *= ratio
        work.order_price[account, security] /= ratio


@inner
def leave_dividend(desk: Desk, security: int, dividend: float) -> None:
    """Take a dividend off the prices by which orders that wait were decided: it is cash now."""
    work = desk.work
    for account in range(len(desk.ledger.cash)):
        price = work.order_price[account, security]
        work.order_price[account, security] = max(price - dividend, LEAST_SHARE * price)
