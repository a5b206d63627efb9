"""Selling losses: scan the lots, make sure nothing washes, sell, and buy what stands in for the holding.

Beside the scan: losses that are looked for because a gain was realised, and the way back to the preferred member.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.book import sell
from rebal_kit.engine.budget import gain_room, lower_room, shares_within
from rebal_kit.engine.choose import (
    KEPT,
    NONE,
    SEVERAL,
    may_buy_in,
    own_only,
    rank_lots,
    recent_purchase,
    shares_chosen,
    whole_order,
)
from rebal_kit.engine.costs import affordable, cost_of, fill_of, net_price, price_after, total
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import within_volume
from rebal_kit.engine.ledger import LONG, LONG_AGO, SHORT
from rebal_kit.engine.locate import buy_amount
from rebal_kit.engine.pages import DUST, ROUNDING, worth_a_look
from rebal_kit.engine.sales import LEAST_AMOUNT, offer
from rebal_kit.engine.scope import HOUSEHOLD, in_scope
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason
from rebal_kit.rules.harvest import qualifies, tax_saved
from rebal_kit.rules.wash_sale import blocked_until


@hot
def harvest(desk: Desk, t: int) -> bool:
    """Harvest every qualifying lot of every taxable account; return whether anything was traded."""
    ledger, work, prices = desk.ledger, desk.work, desk.prices
    traded = False
    recording = len(desk.tape.journal) > 0
    for account in work.by_size:
        if desk.structure.kind[account] != TAXABLE or not desk.structure.managed[account]:
            continue
        for security in range(ledger.held.shape[1]):
            # Most days one comparison is the whole scan of a position.
            net = net_price(desk, t, security)
            if net > work.ripe[account, security] or ledger.held[account, security] == 0.0:
                continue
            # Lots that a purchase stands before need a look only if that is to be written down.
            blocked = prices.day[t] <= work.window_until[account, security]
            if blocked and not recording and net > work.ripe_in_window[account, security]:
                continue
            if not desk.structure.replaceable[security] and noted(desk, account, security):
                continue
            if not desk.structure.may_sell[account, security]:
                continue
            if prices.traded[t, security] and harvest_position(desk, t, account, security):
                traded = True
    return traded


@inner
def noted(desk: Desk, account: int, security: int) -> bool:
    """Say whether it need not be written down (again) that nothing can replace a security."""
    tape = desk.tape
    return len(tape.journal) == 0 or tape.why_not[account, security] == Reason.NO_REPLACEMENT


@hot
def harvest_position(desk: Desk, t: int, account: int, security: int) -> bool:
    """Sell the qualifying lots of one position as one order and buy its replacement with the proceeds."""
    chosen, loss = choose_losses(desk, t, account, security)
    if chosen == 0:
        return False
    substitutes = find_substitutes(desk, t, account, security)
    if substitutes == 0:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.NO_REPLACEMENT, loss)
        return False
    return replace_lots(desk, t, account, security, chosen, substitutes, Reason.HARVEST, Reason.REPLACEMENT)


@inner
def replace_lots(
    desk: Desk, t: int, account: int, security: int, chosen: int, substitutes: int, why_sold: int, why_bought: int
) -> bool:  # fmt: skip
    """Sell the chosen lots as one order and buy the substitutes with the proceeds, unless that is too small a trade."""
    work, ledger, plan = desk.work, desk.ledger, desk.plan
    if plan.whole_shares:
        chosen = whole_order(desk, account, security, chosen)
    chosen = chosen_within_volume(desk, t, account, security, chosen)
    decided = desk.work.price[security]
    # Both legs are market orders: neither may go without the other.
    desk.work.price[security] = plan.orders.market[t, security]
    quantity = shares_chosen(desk, chosen)
    value = quantity * desk.work.price[security]
    fill = fill_of(desk, t, account, security, value, decided, False)
    gone = (
        plan.orders.lag
        and why_sold != Reason.SWITCH_BACK
        and not still_a_loss(desk, t, account, security, chosen)
    )
    desk.work.price[security] = decided
    if gone:
        pass_over(desk.tape, ledger, t, account, security, Reason.LOSS_GONE, value)
        return False
    brings = value - total(fill)
    while substitutes > 1 and brings / substitutes < plan.min_trade:
        substitutes -= 1
    pays_for = affordable(desk, t, account, work.substitute[0], brings)
    if chosen == 0 or pays_for < plan.min_trade or pays_for == 0.0:
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
        buy_amount(desk, t, account, other, cash, cash, plan.orders.market[t, other], why_bought)
    return True


@inner
def chosen_within_volume(desk: Desk, t: int, account: int, security: int, chosen: int) -> int:
    """Cut an order down to what may be traded of the security today, from its last lots; return how many stay."""
    work = desk.work
    if not desk.plan.orders.capped:
        return chosen
    shares = shares_chosen(desk, chosen)
    price = work.price[security]
    over = shares - within_volume(desk, t, account, security, shares * price) / price
    while chosen > 0 and over > DUST * shares:
        last = work.order[chosen - 1]
        cut = min(over, work.take[last])
        over -= cut
        work.take[last] -= cut
        if work.take[last] <= DUST * shares:
            chosen -= 1
    return chosen


@inner
def still_a_loss(desk: Desk, t: int, account: int, security: int, chosen: int) -> bool:
    """Say whether the lots chosen are sold at a loss at the price reckoned with."""
    work = desk.work
    basis = 0.0
    for i in range(chosen):
        lot = desk.ledger.lots[account, security, work.order[i]]
        basis += (lot.cost + lot.deferred) * (work.take[work.order[i]] / lot.quantity)
    return basis > shares_chosen(desk, chosen) * net_price(desk, t, security)


@hot
def choose_losses(desk: Desk, t: int, account: int, security: int) -> tuple[int, float]:
    """Put the lots worth harvesting into `work.order`; return how many and their loss, (0, 0) when there are none.

    What was learnt is kept for the days to come: the highest price at which any lot can qualify, and, while a purchase
    of the household stands before the others, at which a lot of that very purchase can.
    """
    plan, table, work = desk.plan, desk.table, desk.work
    day = desk.prices.day[t]
    least_pct = plan.december_pct if plan.december[t] else plan.min_loss_pct
    least_usd = plan.december_usd if plan.december[t] else plan.min_loss_usd
    price = net_price(desk, t, security)
    recent, earliest = NONE, day
    if plan.avoid_wash_sales:
        recent, earliest = recent_purchase(desk, desk.structure.group[security], day)
    work.ripe_in_window[account, security] = 0.0
    work.window_until[account, security] = (
        LONG_AGO if recent == NONE else blocked_until(earliest, table.wash_days)
    )
    if recent == SEVERAL and len(desk.tape.journal) == 0:
        return 0, 0.0  # nothing may be sold, and why need not be written down
    ripe_below = 0.0
    own_below = 0.0
    chosen = 0
    total = 0.0
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        basis = lot.cost + lot.deferred
        value = lot.quantity * price
        ripe = qualifies(basis, value, least_pct, least_usd)
        rate = table.marginal_long if day >= lot.long_from else table.marginal_short
        costs = both_ways(desk, t, account, security, value) if ripe else 0.0
        if ripe and tax_saved(basis - value, rate, costs) < plan.min_tax_saved_usd:
            # The saving grows as the price falls: nothing changes until it is below today's.
            below = price * (1.0 - ROUNDING)
            ripe = False
        else:
            below = worth_a_look(desk, lot)
        ripe_below = max(ripe_below, below)
        own = own_only(desk, recent, lot.purchase, lot.fresh)
        if own:
            own_below = max(own_below, below)
        if not ripe:
            continue
        if not own:
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.WASH_WINDOW_SALE, basis - value)
            continue
        work.take[k] = lot.quantity
        work.order[chosen] = k
        chosen += 1
        total += basis - value
    work.ripe[account, security] = ripe_below
    work.ripe_in_window[account, security] = own_below
    return chosen, total


@inner
def both_ways(desk: Desk, t: int, account: int, security: int, value: float) -> float:
    """Return what it costs to sell `value` US$ of a security and to buy as much of something like it."""
    return 2.0 * cost_of(desk, t, account, security, value)


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


@inner
def pair_losses(desk: Desk, t: int) -> None:
    """Sell losses beside the net gain that sales of today realised, as far as the year has one to offset.

    Short-term losses first: they offset the gains that are taxed most. Then long-term ones; in each the position with
    the largest loss. Each is replaced as in a harvest; no loss is taken that saves less than its trades cost.
    """
    ledger, work, structure = desk.ledger, desk.work, desk.structure
    year = desk.prices.year[t]
    realised = ledger.years[year, SHORT] + ledger.years[year, LONG]
    left = min(realised - work.gain_before[0], realised - ledger.carry[0] - ledger.carry[1])
    if left < LEAST_AMOUNT:
        return
    for long in range(2):
        count = 0
        for account in work.by_size:
            if structure.kind[account] != TAXABLE or not in_scope(desk, account, HOUSEHOLD):
                continue
            for security in range(ledger.held.shape[1]):
                if (
                    ledger.held[account, security] > 0.0
                    and structure.may_sell[account, security]
                    and desk.prices.traded[t, security]
                ):
                    _, loss = losses_of_term(desk, t, account, security, long, np.inf)
                    if loss > 0.0:
                        count = offer(desk, count, account, security)
                        work.planned[count - 1] = loss
        for _ in range(count):
            largest = 0
            for i in range(count):
                if work.planned[i] > work.planned[largest]:
                    largest = i
            if left < LEAST_AMOUNT or work.planned[largest] <= 0.0:
                break
            work.planned[largest] = 0.0
            account, security = work.offered[largest, 0], work.offered[largest, 1]
            # A pair just made may have closed what was open.
            chosen, loss = losses_of_term(desk, t, account, security, long, left)
            if chosen == 0:
                continue
            substitutes = find_substitutes(desk, t, account, security)
            if substitutes == 0:
                pass_over(desk.tape, ledger, t, account, security, Reason.NO_REPLACEMENT, loss)
            elif replace_lots(
                desk, t, account, security, chosen, substitutes, Reason.PAIRED, Reason.REPLACEMENT
            ):
                left -= loss


@inner
def losses_of_term(
    desk: Desk, t: int, account: int, security: int, long: int, most: float
) -> tuple[int, float]:
    """Put lots at a long- or short-term loss of up to `most` US$ into `work.order`; return how many, and their loss."""
    table, work = desk.table, desk.work
    day = desk.prices.day[t]
    price = net_price(desk, t, security)
    recent = NONE
    if desk.plan.avoid_wash_sales:
        recent, _ = recent_purchase(desk, desk.structure.group[security], day)
    rate = table.marginal_long if long else table.marginal_short
    chosen = 0
    total = 0.0
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        value = lot.quantity * price
        loss = lot.cost + lot.deferred - value
        of_term = (day >= lot.long_from) == (long == 1)
        if loss <= DUST * value or not of_term or not own_only(desk, recent, lot.purchase, lot.fresh):
            continue
        costs = both_ways(desk, t, account, security, value)
        if tax_saved(loss, rate, costs) <= 0.0 or most - total < LEAST_AMOUNT:
            continue
        work.take[k] = lot.quantity * min(1.0, (most - total) / loss)
        total += min(loss, most - total)
        work.order[chosen] = k
        chosen += 1
    return chosen, total


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
