"""One day's decision: restore reserves, look at the rules, and rebalance; for the household or each account alone."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.choose import FREELY
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.flows import refill_cash
from rebal_kit.engine.rebalance import check_triggers, rebalance, spare_cash
from rebal_kit.engine.sales import LEGACY, ROUNDING, offer_all, plan_sales, sell_planned, worth_offered
from rebal_kit.engine.scope import HOUSEHOLD, in_scope
from rebal_kit.engine.value import revalue, value_household
from rebal_kit.engine.waiting import SELL, count_as_done, put_back, remember, take_back, waits
from rebal_kit.reasons import Reason


@hot
def decide(desk: Desk, t: int, scope: int, managed: float, cash: float) -> bool:
    """Take today's decision for the accounts in scope, valued before; return whether a rule fired.

    Cash beyond its target is invested when a rule looks, and on days with a flow.
    """
    plan, work = desk.plan, desk.work
    fired = False
    for c in range(len(work.fired)):
        work.fired[c] = -1
    if plan.looked[t] and (plan.sell_legacy or short_of_reserve(desk, scope)):
        managed, cash = prepare_cash(desk, t, managed + cash, scope)
    if work.orders_stand[0]:
        managed, cash = count_as_done(desk, scope, managed, cash)
    total = managed + cash
    if plan.looked[t] and total > 0.0:
        fired = check_triggers(desk, t, total, scope)
    if total > 0.0 and (fired or spare_cash(desk, scope, cash, total) > plan.cash_above * total):
        anew = work.orders_stand[0]
        if anew:
            take_back(desk, scope)
            managed, cash, _ = revalue(desk, scope)
        decided = rebalance(desk, t, managed + cash, cash, scope)
        fired = fired and decided
        if anew and not decided:
            put_back(desk)
        elif plan.orders.patient:
            remember(desk, scope)
    return fired


@inner
def decide_alone(desk: Desk, t: int) -> bool:
    """Take today's decision for each account alone; return whether a rule fired in any."""
    fired = False
    for account in range(len(desk.ledger.cash)):
        if desk.structure.managed[account]:
            managed, cash, _ = value_household(desk, account)
            if decide(desk, t, account, managed, cash):
                fired = True
    return fired


@inner
def open_positions(desk: Desk, t: int) -> None:
    """Invest all cash at target: the household's, or each account's alone."""
    work, structure = desk.work, desk.structure
    for account in range(len(desk.ledger.cash)):
        scope = HOUSEHOLD if desk.plan.coordinate else account
        if desk.plan.coordinate and account > 0:
            break
        managed, cash, _ = value_household(desk, scope)
        for c in range(len(work.fired)):
            work.fired[c] = Reason.OPENING
            work.destination[c] = structure.target[c]
        if managed + cash > 0.0:
            rebalance(desk, t, managed + cash, cash, scope)
        remember(desk, scope)


@inner
def prepare_cash(desk: Desk, t: int, total: float, scope: int) -> tuple[float, float]:
    """Restore cash reserves and sell holdings outside the targets; return US$ in classes and in cash after it."""
    refill_cash(desk, t, total, scope)
    if desk.plan.sell_legacy:
        sell_legacy(desk, t, scope)
    managed, cash, _ = revalue(desk, scope)
    return managed, cash


@inner
def short_of_reserve(desk: Desk, scope: int) -> bool:
    """Say whether some account in scope holds less cash than its reserve."""
    for account in range(len(desk.ledger.cash)):
        short = desk.structure.min_cash[account] - desk.ledger.cash[account]
        if short > ROUNDING * desk.structure.min_cash[account] and in_scope(desk, account, scope):
            return True
    return False


@inner
def sell_legacy(desk: Desk, t: int, scope: int) -> None:
    """Sell holdings outside the targets as far as the budgets allow, the cheapest in tax first."""
    count = offer_all(desk, scope, LEGACY)
    if desk.work.orders_stand[0]:
        count = without_orders(desk, count)
    plan_sales(desk, t, count, worth_offered(desk, count), False, FREELY, np.inf, False)
    sell_planned(desk, t, count, Reason.LEGACY, FREELY)


@inner
def without_orders(desk: Desk, count: int) -> int:
    """Take the positions of which a sale stands off those that are offered; return how many are left."""
    offered = desk.work.offered
    left = 0
    for i in range(count):
        if not waits(desk, offered[i, 0], offered[i, 1], SELL):
            offered[left, 0], offered[left, 1] = offered[i, 0], offered[i, 1]
            left += 1
    return left
