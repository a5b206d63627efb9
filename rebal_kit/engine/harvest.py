"""Harvesting: scan the lots, make sure nothing washes, and replace what is at a loss."""

from __future__ import annotations

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import (
    NONE,
    SEVERAL,
    own_only,
    recent_purchase,
)
from rebal_kit.engine.costs import cost_of, net_price
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import LONG_AGO
from rebal_kit.engine.pages import ROUNDING, worth_a_look
from rebal_kit.engine.replacement import find_substitutes, replace_lots
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
