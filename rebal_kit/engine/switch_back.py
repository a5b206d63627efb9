"""The way back from a partner to the member it stands in for."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.budget import gain_room, lower_room, shares_within
from rebal_kit.engine.choose import (
    KEPT,
    may_buy_in,
    rank_lots,
)
from rebal_kit.engine.costs import price_after
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.replacement import replace_lots
from rebal_kit.reasons import Reason


@inner
def switch_back(desk: Desk, t: int) -> bool:
    """Exchange partners for the member they stand in for, where that realises no short-term gain; say whether any was.

    In tax-advantaged accounts always; in taxable ones when every lot is long-term, or at a loss that may be taken.
    """
    ledger, structure, work = desk.ledger, desk.structure, desk.work
    traded = False
    for n in range(len(structure.sleeve_weight)):
        preferred = structure.sleeve_member[structure.sleeve_first[n]]
        for i in range(structure.sleeve_first[n] + 1, structure.sleeve_first[n + 1]):
            partner = structure.sleeve_member[i]
            for account in work.by_size:
                if (
                    ledger.held[account, partner] == 0.0
                    or not structure.may_sell[account, partner]
                    or not desk.prices.traded[t, partner]
                    or not may_buy_in(desk, t, account, preferred)
                ):
                    continue
                decided = desk.work.price[partner]
                desk.work.price[partner] = desk.plan.orders.market[t, partner]
                chosen = all_without_short_gain(desk, t, account, partner)
                desk.work.price[partner] = decided
                work.substitute[0] = preferred
                if chosen > 0 and replace_lots(
                    desk, t, account, partner, chosen, 1, Reason.SWITCH_BACK, Reason.SWITCH_BACK
                ):
                    traded = True
    return traded


@inner
def all_without_short_gain(desk: Desk, t: int, account: int, security: int) -> int:
    """Put all lots of a position into `work.order`; return how many, or 0 if one of them had better stay."""
    work = desk.work
    count = desk.ledger.lot_count[account, security]
    taxed = desk.structure.kind[account] == TAXABLE
    net = price_after(desk, t, account, security, desk.ledger.held[account, security])
    room = gain_room(desk, t, security)
    if taxed:
        rank_lots(desk, t, account, security, desk.plan.lot_method, net)
    for k in range(count):
        lot = desk.ledger.lots[account, security, k]
        if taxed:
            gain = lot.quantity * net - lot.cost - lot.deferred
            short_gain = gain > 0.0 and desk.prices.day[t] < lot.long_from
            if (
                work.take[k] == KEPT
                or short_gain
                or shares_within(desk, t, security, lot, room) < lot.quantity
            ):
                return 0
            room = lower_room(desk, t, security, lot, lot.quantity, room)
        work.order[k] = k
    for k in range(count):
        work.take[k] = desk.ledger.lots[account, security, k].quantity
    return count
