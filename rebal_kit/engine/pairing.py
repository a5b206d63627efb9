"""Losses that are looked for because a gain was realised today."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import (
    NONE,
    own_only,
    recent_purchase,
)
from rebal_kit.engine.costs import LEAST_AMOUNT, net_price
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.harvest import both_ways
from rebal_kit.engine.ledger import LONG, SHORT
from rebal_kit.engine.pages import DUST
from rebal_kit.engine.replacement import find_substitutes, replace_lots
from rebal_kit.engine.sales import offer
from rebal_kit.engine.scope import HOUSEHOLD, in_scope
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason
from rebal_kit.rules.harvest import tax_saved


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
