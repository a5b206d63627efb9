"""Selling losses: scan the lots, make sure nothing washes, sell, and buy what stands in for the holding."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.book import sell
from rebal_kit.engine.choose import NONE, may_buy, own_only, recent_purchase
from rebal_kit.engine.costs import affordable, spread_cost
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import LONG_AGO
from rebal_kit.engine.locate import buy_amount
from rebal_kit.engine.pages import ROUNDING, watch
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason
from rebal_kit.rules.harvest import qualifies, tax_saved
from rebal_kit.rules.wash_sale import blocked_until


@inner
def harvest(desk: Desk, t: int) -> bool:
    """Harvest every qualifying lot of every taxable account; return whether anything was traded."""
    ledger, work, prices = desk.ledger, desk.work, desk.prices
    traded = False
    recording = len(desk.tape.journal) > 0
    for account in range(ledger.held.shape[0]):
        if desk.structure.kind[account] != TAXABLE:
            continue
        for security in range(ledger.held.shape[1]):
            # Most days one comparison is the whole scan of a position.
            net = prices.close[t, security] * (1.0 - desk.plan.half_spread[security])
            if net > work.ripe[account, security] or ledger.held[account, security] == 0.0:
                continue
            # Lots that a purchase stands before need a look only if that is to be written down.
            blocked = prices.day[t] <= work.window_until[account, security]
            if blocked and not recording and net > work.ripe_in_window[account, security]:
                continue
            if not desk.structure.replaceable[security] and noted(desk, account, security):
                continue
            if prices.traded[t, security] and harvest_position(desk, t, account, security):
                traded = True
    return traded


@inner
def noted(desk: Desk, account: int, security: int) -> bool:
    """Say whether it need not be written down (again) that nothing can replace a security."""
    tape = desk.tape
    return len(tape.journal) == 0 or tape.why_not[account, security] == Reason.NO_REPLACEMENT


@inner
def harvest_position(desk: Desk, t: int, account: int, security: int) -> bool:
    """Sell the qualifying lots of one position as one order and buy its replacement with the proceeds."""
    work, ledger, plan = desk.work, desk.ledger, desk.plan
    chosen, loss = choose_losses(desk, t, account, security)
    if chosen == 0:
        return False
    substitutes = find_substitutes(desk, t, security)
    if substitutes == 0:
        pass_over(desk.tape, ledger, t, account, security, Reason.NO_REPLACEMENT, loss)
        return False
    quantity = 0.0
    for i in range(chosen):
        quantity += work.take[work.order[i]]
    value = quantity * desk.prices.close[t, security]
    fee = spread_cost(value, plan.half_spread[security])
    while substitutes > 1 and (value - fee) / substitutes < plan.min_trade:
        substitutes -= 1
    if affordable(value - fee, plan.half_spread[work.substitute[0]]) < plan.min_trade:
        pass_over(desk.tape, ledger, t, account, security, Reason.BELOW_MINIMUM, value)
        return False
    before = ledger.cash[account]
    sell(desk, t, account, security, chosen, fee, Reason.HARVEST)
    proceeds = ledger.cash[account] - before
    if len(desk.tape.journal) > 0:
        desk.tape.why_not[account, security] = -1
    for i in range(substitutes):
        other = work.substitute[i]
        amount = affordable(proceeds / substitutes, plan.half_spread[other])
        buy_amount(desk, t, account, other, amount, Reason.REPLACEMENT)
    return True


@inner
def choose_losses(desk: Desk, t: int, account: int, security: int) -> tuple[int, float]:
    """Put the lots worth harvesting into `work.order`; return how many and their loss, (0, 0) when there are none.

    What was learnt is kept for the days to come: the highest price at which any lot can qualify, and, while a purchase
    of the household stands before the others, at which a lot of that very purchase can.
    """
    plan, table, work = desk.plan, desk.table, desk.work
    day = desk.prices.day[t]
    spread = plan.half_spread[security]
    price = desk.prices.close[t, security] * (1.0 - spread)
    recent, earliest = NONE, day
    if plan.avoid_wash_sales:
        recent, earliest = recent_purchase(desk, desk.structure.group[security], day)
    work.ripe[account, security] = 0.0
    work.ripe_in_window[account, security] = 0.0
    work.window_until[account, security] = (
        LONG_AGO if recent == NONE else blocked_until(earliest, table.wash_days)
    )
    chosen = 0
    total = 0.0
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        basis = lot.cost + lot.deferred
        value = lot.quantity * price
        ripe = qualifies(basis, value, plan.min_loss_pct, plan.min_loss_usd)
        rate = table.marginal_long if day >= lot.long_from else table.marginal_short
        if ripe and tax_saved(basis - value, rate, 2.0 * spread_cost(value, spread)) < plan.min_tax_saved_usd:
            # The saving grows as the price falls: nothing changes until it is below today's.
            work.ripe[account, security] = max(work.ripe[account, security], price * (1.0 - ROUNDING))
            ripe = False
        else:
            watch(desk, account, security, k)
        own = own_only(desk, recent, lot.purchase, lot.fresh)
        if own:
            work.ripe_in_window[account, security] = work.ripe[account, security]
        if not ripe:
            continue
        if not own:
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.WASH_WINDOW_SALE, basis - value)
            continue
        work.take[k] = lot.quantity
        work.order[chosen] = k
        chosen += 1
        total += basis - value
    return chosen, total


@inner
def find_substitutes(desk: Desk, t: int, security: int) -> int:
    """Fill `work.substitute` with what to buy instead of `security`, in equal parts; return how many.

    Its partner in the sleeve, else the members of its class that are furthest below their weights.
    """
    work, structure = desk.work, desk.structure
    sleeve = structure.sleeve_of[security]
    if sleeve < 0:
        return 0
    group = structure.group[security]
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        member = structure.sleeve_member[i]
        if structure.group[member] != group and may_buy(desk, t, member):
            work.substitute[0] = member
            return 1
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
            allowed = structure.group[member] != group and may_buy(desk, t, member)
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
