"""What becomes of orders that wait in a session that does not decide them anew: they are tried again."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import FREELY, may_buy_in
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.locate import LEAST_PURCHASE, buy_amount, buy_shares, member_for, note_blocked
from rebal_kit.engine.sales import sell_shares
from rebal_kit.engine.waiting import BUY, SELL, drop_order, waits


@inner
def carry_on(desk: Desk, t: int) -> None:
    """Try again what waits and was not tried today: sales first, those of tax-advantaged accounts before the others."""
    structure, held = desk.structure, desk.ledger.held
    for taxed in range(2):
        for account in range(held.shape[0]):
            if (structure.kind[account] == TAXABLE) != (taxed == 1):
                continue
            for security in range(held.shape[1]):
                if stands(desk, t, account, security, SELL):
                    sell_on(desk, t, account, security)
    for account in range(held.shape[0]):
        for security in range(held.shape[1]):
            if stands(desk, t, account, security, BUY):
                buy_on(desk, t, account, security)


@inner
def stands(desk: Desk, t: int, account: int, security: int, side: int) -> bool:
    """Say whether an order waits that has not been tried today."""
    return desk.work.order_tried[account, security] < t and waits(desk, account, security, side)


@inner
def sell_on(desk: Desk, t: int, account: int, security: int) -> None:
    """Go on with a sale, as far as shares are left; without a price in the session it ends."""
    work = desk.work
    quantity = min(work.order_shares[account, security], desk.ledger.held[account, security])
    drop_order(desk, account, security)
    if desk.prices.traded[t, security] and quantity * work.price[security] > LEAST_PURCHASE:
        decided, reason = work.order_price[account, security], work.order_reason[account, security]
        sell_shares(desk, t, account, security, quantity, decided, reason, FREELY)


@inner
def buy_on(desk: Desk, t: int, account: int, security: int) -> None:
    """Go on with a purchase: of what may be bought in its place, if sales at a loss have closed it."""
    work = desk.work
    quantity = work.order_shares[account, security]
    reason = work.order_reason[account, security]
    drop_order(desk, account, security)
    if may_buy_in(desk, t, account, security):
        buy_shares(desk, t, account, security, quantity, work.order_price[account, security], 0.0, reason)
        return
    amount = quantity * work.price[security]
    note_blocked(desk, t, account, security, amount)
    member = member_for(desk, t, account, desk.structure.sleeve_of[security])
    if member >= 0:
        buy_amount(desk, t, account, member, amount, reason)
