"""What becomes of orders that wait in a session that does not decide them anew: they are tried again."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import FREELY, may_buy_in
from rebal_kit.engine.costs import LEAST_AMOUNT
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.locate import buy_amount, buy_shares, member_for, note_blocked
from rebal_kit.engine.sales import sell_shares
from rebal_kit.engine.tape import pass_over
from rebal_kit.engine.waiting import BUY, SELL, drop_order, waits
from rebal_kit.reasons import Reason

#: Sessions in a row without a price after which an order ends.
MOST_WITHOUT_PRICE = 5


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
    """Go on with a sale, as far as shares are left."""
    work = desk.work
    if not desk.prices.traded[t, security]:
        wait_for_price(desk, t, account, security)
        return
    quantity = min(work.order_shares[account, security], desk.ledger.held[account, security])
    if quantity * work.price[security] < LEAST_AMOUNT:
        end_order(desk, t, account, security)
        return
    decided, reason = work.order_price[account, security], work.order_reason[account, security]
    sell_shares(desk, t, account, security, quantity, decided, reason, FREELY)


@inner
def buy_on(desk: Desk, t: int, account: int, security: int) -> None:
    """Go on with a purchase: of what may be bought in its place, if sales at a loss have closed it."""
    work = desk.work
    if not desk.prices.traded[t, security]:
        wait_for_price(desk, t, account, security)
        return
    quantity, decided = work.order_shares[account, security], work.order_price[account, security]
    reason = work.order_reason[account, security]
    if may_buy_in(desk, t, account, security):
        buy_shares(desk, t, account, security, quantity, decided, 0.0, reason)
        return
    drop_order(desk, account, security)
    amount = quantity * work.price[security]
    note_blocked(desk, t, account, security, amount)
    member = member_for(desk, t, account, desk.structure.sleeve_of[security])
    if member >= 0:
        buy_amount(desk, t, account, member, amount, reason)


@inner
def wait_for_price(desk: Desk, t: int, account: int, security: int) -> None:
    """Let an order stand in a session without a price, which does not count; after some of them it ends."""
    if t - desk.work.order_tried[account, security] > MOST_WITHOUT_PRICE:
        end_order(desk, t, account, security)


@inner
def end_order(desk: Desk, t: int, account: int, security: int) -> None:
    """Write down that nothing more can come of an order."""
    drop_order(desk, account, security)
    pass_over(desk.tape, desk.ledger, t, account, security, Reason.ORDER_ENDED, 0.0)
