"""Selling losses: scan the lots, make sure nothing washes, sell, and buy what stands in for the holding."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE, Plan, Prices, Structure
from rebal_kit.engine.book import sell
from rebal_kit.engine.choose import NONE, may_buy, recent_purchase
from rebal_kit.engine.ledger import Ledger
from rebal_kit.engine.locate import buy_amount
from rebal_kit.engine.tape import Tape, pass_over
from rebal_kit.rules.harvest import qualifies, tax_saved
from rebal_kit.rules.law import TaxTable


@compiled
def harvest(
    ledger: Ledger, structure: Structure, plan: Plan, table: TaxTable, tape: Tape, prices: Prices, t: int,
    sleeve_value: np.ndarray,
) -> bool:  # fmt: skip
    """Harvest every qualifying lot of every taxable account; return whether anything was traded."""
    traded = False
    for account in range(len(ledger.cash)):
        if structure.kind[account] != TAXABLE:
            continue
        for security in range(ledger.held.shape[1]):
            # No lot's basis per share exceeds the peak: most days this one comparison is the whole scan.
            floor = ledger.peak[account, security] * (1.0 - plan.min_loss_pct)
            if ledger.held[account, security] == 0.0 or prices.close[t, security] > floor:
                continue
            if not prices.traded[t, security]:
                continue
            if harvest_position(
                ledger, structure, plan, table, tape, prices, t, account, security, sleeve_value
            ):
                traded = True
    return traded


@compiled
def harvest_position(
    ledger: Ledger, structure: Structure, plan: Plan, table: TaxTable, tape: Tape, prices: Prices,
    t: int, account: int, security: int, sleeve_value: np.ndarray,
) -> bool:  # fmt: skip
    """Sell the qualifying lots of one position as one order and buy its replacement with the proceeds."""
    loss = choose_losses(ledger, structure, plan, table, tape, prices, t, account, security)
    if loss <= 0.0:
        return False
    chosen = np.int64(0)
    for k in range(ledger.count[account, security]):
        if ledger.take[k] > 0.0:
            ledger.order[chosen] = k
            chosen += 1
    targets, shares = replacements(ledger, structure, plan, prices, t, security, sleeve_value)
    if len(targets) == 0:
        pass_over(tape, ledger, t, account, security, Reason.NO_REPLACEMENT, loss)
        return False
    before = ledger.cash[account]
    rate = plan.half_spread[security]
    sell(ledger, structure, tape, prices, table.wash_days, t, account, security, chosen, rate, Reason.HARVEST)
    proceeds = ledger.cash[account] - before
    tape.why_not[account, security] = -1
    for i in range(len(targets)):
        amount = proceeds * shares[i] / (1.0 + plan.half_spread[targets[i]])
        buy_amount(
            ledger, structure, plan, tape, prices, table.wash_days, t, account, targets[i], amount, Reason.REPLACEMENT
        )  # fmt: skip
    return True


@compiled
def choose_losses(
    ledger: Ledger, structure: Structure, plan: Plan, table: TaxTable, tape: Tape, prices: Prices,
    t: int, account: int, security: int,
) -> float:  # fmt: skip
    """Mark in `ledger.take` the lots worth harvesting; return their loss, 0 when there are none or a purchase stands in the way."""
    day = prices.day[t]
    rate = plan.half_spread[security]
    price = prices.close[t, security] * (1.0 - rate)
    recent = -2 if not plan.avoid_wash_sales else NONE
    asked = False
    total = 0.0
    for k in range(ledger.count[account, security]):
        lot = ledger.lots[account, security, k]
        ledger.take[k] = 0.0
        basis = lot.cost + lot.deferred
        value = lot.quantity * price
        if not qualifies(basis, value, plan.min_loss_pct, plan.min_loss_usd):
            continue
        marginal = table.marginal_long if day >= lot.long_from else table.marginal_short
        if tax_saved(basis - value, marginal, 2.0 * rate * value) < plan.min_tax_saved_usd:
            continue
        if plan.avoid_wash_sales:
            if not asked:
                group = structure.group[security]
                recent = recent_purchase(ledger, structure, group, day, table.wash_days)
                asked = True
            if recent != NONE and recent != lot.purchase:
                pass_over(tape, ledger, t, account, security, Reason.WASH_WINDOW_SALE, basis - value)
                continue
        ledger.take[k] = lot.quantity
        total += basis - value
    return total


@compiled
def replacements(
    ledger: Ledger, structure: Structure, plan: Plan, prices: Prices, t: int, security: int, sleeve_value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what to buy instead of `security`, and in what shares: a partner, else the class's members most below weight."""
    sleeve = structure.sleeve_of[security]
    empty = np.zeros(0, np.int64)
    if sleeve < 0:
        return empty, np.zeros(0)
    group = structure.group[security]
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        member = structure.sleeve_member[i]
        if structure.group[member] != group and may_buy(ledger, structure, plan, prices, t, member):
            partner = np.zeros(1, np.int64)
            partner[0] = member
            return partner, np.ones(1)
    c = structure.sleeve_class[sleeve]
    first = structure.class_first[c]
    last = structure.class_first[c + 1]
    value = 0.0
    for n in range(first, last):
        value += sleeve_value[n]
    found = np.zeros(plan.replacements, np.int64)
    used = 0
    taken = np.zeros(last - first, np.bool_)
    while used < plan.replacements:
        best = -1
        best_gap = 0.0
        for n in range(first, last):
            member = structure.sleeve_member[structure.sleeve_first[n]]
            if n == sleeve or taken[n - first] or structure.group[member] == group:
                continue
            gap = value * structure.sleeve_weight[n] - sleeve_value[n]
            if (best < 0 or gap > best_gap) and may_buy(ledger, structure, plan, prices, t, member):
                best = n
                best_gap = gap
        if best < 0:
            break
        taken[best - first] = True
        found[used] = structure.sleeve_member[structure.sleeve_first[best]]
        used += 1
    return found[:used], np.full(used, 1.0 / max(used, 1))
