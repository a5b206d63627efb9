"""Selling lots and buying what stands in for them: one trade of two legs, and what may be its second."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.book import sell
from rebal_kit.engine.choose import (
    may_buy_in,
    shares_chosen,
    whole_order,
)
from rebal_kit.engine.costs import affordable, fill_of, net_price, total
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import volume_room
from rebal_kit.engine.locate import buy_for
from rebal_kit.engine.pages import DUST
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason


@inner
def replace_lots(
    desk: Desk, t: int, account: int, security: int, chosen: int, substitutes: int, why_sold: int, why_bought: int
) -> bool:  # fmt: skip
    """Sell the chosen lots as one order and buy the substitutes with the proceeds, unless that is too small a trade."""
    work, ledger, plan = desk.work, desk.ledger, desk.plan
    decided = desk.work.price[security]
    # Both legs are market orders: neither may go without the other. A pair follows a gain, so it comes at the close.
    fills = desk.prices.close if why_sold == Reason.PAIRED else plan.orders.market
    desk.work.price[security] = fills[t, security]
    if plan.orders.lag and why_sold != Reason.SWITCH_BACK:
        chosen = keep_losses(desk, t, account, security, chosen)
        if chosen == 0:
            pass_over(desk.tape, ledger, t, account, security, Reason.LOSS_GONE, 0.0)
    if plan.whole_shares and chosen > 0:
        chosen = whole_order(desk, account, security, chosen)
    value = shares_chosen(desk, chosen) * desk.work.price[security]
    fill = fill_of(desk, t, account, security, value, decided)
    brings = value - total(fill)
    while substitutes > 1 and brings / substitutes < plan.min_trade:
        substitutes -= 1
    least = plan.min_trade
    if plan.orders.capped and chosen > 0:
        whole = value
        chosen = chosen_within_volume(desk, t, account, security, chosen, substitutes)
        value = shares_chosen(desk, chosen) * desk.work.price[security]
        fill = fill_of(desk, t, account, security, value, decided)
        brings = value - total(fill)
        if value < whole:
            least = 0.0  # of a larger trade a piece may be small
            if why_sold == Reason.SWITCH_BACK:
                chosen = 0  # a part of it could be sold at a loss that washes, or at a short-term gain
    desk.work.price[security] = decided
    if chosen == 0:
        return False
    pays_for = affordable(desk, t, account, work.substitute[0], brings)
    if pays_for < least or pays_for == 0.0:
        pass_over(desk.tape, ledger, t, account, security, Reason.BELOW_MINIMUM, value)
        return False
    before = ledger.cash[account]
    sell(desk, t, account, security, chosen, fill, why_sold)
    proceeds = ledger.cash[account] - before
    if len(desk.tape.journal) > 0:
        desk.tape.why_not[account, security] = -1
    for i in range(substitutes):
        other = work.substitute[i]
        cash = min(proceeds / substitutes, ledger.cash[account])
        price, decided = fills[t, other], desk.work.price[other]
        amount = cash * (price / decided)
        buy_for(desk, t, account, other, amount, cash, price, decided, least, why_bought)
    return True


@inner
def chosen_within_volume(
    desk: Desk, t: int, account: int, security: int, chosen: int, substitutes: int
) -> int:
    """Cut an order down, from its last lots, to what may be traded today of the security and of its substitutes.

    Returns how many lots stay.
    """
    work = desk.work
    shares, price = shares_chosen(desk, chosen), work.price[security]
    room = volume_room(desk, t, security)
    for i in range(substitutes):
        room = min(room, substitutes * volume_room(desk, t, work.substitute[i]))
    over = shares - room / price
    if over > DUST * shares:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.VOLUME_SHARE, over * price)
    while chosen > 0 and over > DUST * shares:
        last = work.order[chosen - 1]
        cut = min(over, work.take[last])
        over -= cut
        work.take[last] -= cut
        if work.take[last] <= DUST * shares:
            chosen -= 1
    return whole_order(desk, account, security, chosen) if desk.plan.whole_shares and chosen > 0 else chosen


@inner
def keep_losses(desk: Desk, t: int, account: int, security: int, chosen: int) -> int:
    """Take the lots off an order that are sold at no loss at the price reckoned with; return how many stay."""
    work = desk.work
    net = net_price(desk, t, security)
    kept = 0
    for i in range(chosen):
        k = work.order[i]
        lot = desk.ledger.lots[account, security, k]
        if lot.cost + lot.deferred > lot.quantity * net:
            work.order[kept] = k
            kept += 1
    return kept


@inner
def find_substitutes(desk: Desk, t: int, account: int, security: int) -> int:
    """Fill `work.substitute` with what an account buys instead of `security`, in equal parts; return how many.

    Its partner in the sleeve, in order of preference. Else other members of its class: those whose returns went most
    with its own, or those that are furthest below their weights.
    """
    work, structure, plan = desk.work, desk.structure, desk.plan
    sleeve = structure.sleeve_of[security]
    if sleeve < 0:
        return 0
    group = structure.group[security]
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        member = structure.sleeve_member[i]
        if structure.group[member] != group and may_buy_in(desk, t, account, member):
            work.substitute[0] = member
            return 1
    if plan.quarter[t] >= 0:
        used = 0
        for i in range(plan.nearest.shape[2]):
            member = plan.nearest[plan.quarter[t], security, i]
            if member < 0 or used >= plan.replacements:
                break
            if structure.group[member] != group and may_buy_in(desk, t, account, member):
                work.substitute[used] = member
                used += 1
        return used
    asset_class = structure.sleeve_class[sleeve]
    value = work.class_value[asset_class]
    used = 0
    while used < desk.plan.replacements:
        best = -1
        best_gap = -np.inf
        for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
            gap = value * structure.sleeve_weight[n] - work.sleeve_value[n]
            if n == sleeve or gap <= best_gap:
                continue
            member = structure.sleeve_member[structure.sleeve_first[n]]
            allowed = structure.group[member] != group and may_buy_in(desk, t, account, member)
            if allowed and not already(desk, member, used):
                best = member
                best_gap = gap
        if best < 0:
            break
        work.substitute[used] = best
        used += 1
    return used


@inner
def already(desk: Desk, member: int, used: int) -> bool:
    """Say whether a security is among the first `used` substitutes."""
    found = False
    for i in range(used):
        found = found or desk.work.substitute[i] == member
    return found
