"""One decision: which classes trade today, how much, and through which sleeves.

Sales come first and are settled by the book, so that purchases spend only cash that is there. Only classes that left
their band trade; the balance comes from cash, then from the classes furthest off on the other side.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import FREELY
from rebal_kit.engine.costs import cost_of
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.exchange import exchange
from rebal_kit.engine.locate import (
    buyable_member,
    make_buys,
    note_blocked,
    note_shut,
    note_unplaced,
    place_buys,
    ready_cash,
)
from rebal_kit.engine.pairing import pair_losses
from rebal_kit.engine.sales import (
    ROUNDING,
    offer_sleeve,
    plan_sales,
    plan_sleeve_sales,
    sell_amount,
    worth_offered,
)
from rebal_kit.engine.scope import HOUSEHOLD, in_scope
from rebal_kit.engine.tape import NO_SECURITY, pass_over
from rebal_kit.engine.waiting import still_to_come
from rebal_kit.reasons import Reason
from rebal_kit.rules.triggers import breach, destination_weight


@inner
def reachable_shares(desk: Desk, t: int, scope: int) -> None:
    """Fill `work.sleeve_share` with the weights inside each class that can be reached today."""
    for c in range(len(desk.work.class_open)):
        reachable_in_class(desk, t, c, scope)


@inner
def reachable_in_class(desk: Desk, t: int, c: int, scope: int) -> None:
    """Fill `work.sleeve_share` with the weights inside class `c` that can be reached today.

    A sleeve that is under its weight and of which nothing may be bought keeps the share it has; the others divide the
    rest in proportion to their weights. Without this, a blocked sleeve would be "out of band" every day of its window.
    """
    work, structure = desk.work, desk.structure
    stuck = 0.0
    open_weight = 0.0
    work.class_open[c] = False
    for n in range(structure.class_first[c], structure.class_first[c + 1]):
        work.sleeve_open[n] = buyable_member(desk, t, n, scope) >= 0
        if work.sleeve_open[n]:
            work.class_open[c] = True
        share = work.sleeve_value[n] / work.class_value[c] if work.class_value[c] > 0.0 else 0.0
        work.sleeve_share[n] = share
        if work.sleeve_open[n] or share >= structure.sleeve_weight[n]:
            open_weight += structure.sleeve_weight[n]
        else:
            stuck += share
    for n in range(structure.class_first[c], structure.class_first[c + 1]):
        weight = structure.sleeve_weight[n]
        if stuck == 0.0 and open_weight == 1.0:
            work.sleeve_share[n] = weight
        elif work.sleeve_open[n] or work.sleeve_share[n] >= weight:
            work.sleeve_share[n] = (1.0 - stuck) * weight / open_weight


@inner
def settle_shares(desk: Desk) -> None:
    """Fill `work.sleeve_share` with the weights inside each class that can be reached when it changes by `work.change`.

    A sleeve of which nothing may be bought keeps the US$ it has, if that is too little of the class as it will be; the
    others divide the rest. A wash-sale window passes, so there the shares of today do; a restriction does not, and a
    class that shrank by today's shares would have to be traded again at the next look.
    """
    work, structure = desk.work, desk.structure
    for c in range(len(work.change)):
        after = work.class_value[c] + work.change[c]
        if after <= 0.0:
            continue
        first, end = structure.class_first[c], structure.class_first[c + 1]
        for n in range(first, end):
            work.sleeve_share[n] = -1.0
        stuck = 0.0
        open_weight = 1.0
        for _ in range(end - first):
            for n in range(first, end):
                too_little = (
                    work.sleeve_value[n] < (1.0 - stuck) * structure.sleeve_weight[n] / open_weight * after
                )
                if work.sleeve_share[n] < 0.0 and not work.sleeve_open[n] and too_little:
                    work.sleeve_share[n] = work.sleeve_value[n] / after
            stuck = 0.0
            open_weight = 0.0
            for n in range(first, end):
                if work.sleeve_share[n] >= 0.0:
                    stuck += work.sleeve_share[n]
                else:
                    open_weight += structure.sleeve_weight[n]
            if open_weight <= ROUNDING:
                break
        for n in range(first, end):
            if work.sleeve_share[n] < 0.0:
                work.sleeve_share[n] = (1.0 - stuck) * structure.sleeve_weight[n] / open_weight


@hot
def check_triggers(desk: Desk, t: int, total: float, scope: int) -> bool:
    """Hold today's rules against the weights; fill `work.fired` and `work.destination`, say whether any fired."""
    plan, work, structure = desk.plan, desk.work, desk.structure
    any_fired = False
    for c in range(len(work.fired)):
        work.fired[c] = -1
    for r in range(len(plan.scheduled)):
        if not plan.look[r, t]:
            continue
        for c in range(len(work.fired)):
            if work.fired[c] >= 0 or not plan.applies_class[r, c]:
                continue
            target = structure.target[c]
            if plan.scheduled[r]:
                work.fired[c] = plan.reason[r]
                work.destination[c] = target
            elif plan.by_sleeve[r]:
                if sleeve_breached(desk, t, r, c, total, scope):
                    work.fired[c] = plan.reason[r]
                    work.destination[c] = target
            else:
                above, below = plan.class_above[r, c], plan.class_below[r, c]
                side = breach(work.class_value[c] / total, target, above, below)
                if side > 0 or (
                    side < 0 and class_open(desk, t, c, target * total - work.class_value[c], scope)
                ):
                    work.fired[c] = plan.reason[r]
                    work.destination[c] = destination_weight(target, side, above, below, plan.destination)
            any_fired = any_fired or work.fired[c] >= 0
    return any_fired


@inner
def sleeve_breached(desk: Desk, t: int, rule: int, asset_class: int, total: float, scope: int) -> bool:
    """Say whether a sleeve of the class is outside its band around the weight it can reach today."""
    plan, work, structure = desk.plan, desk.work, desk.structure
    outside = False
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        wanted = structure.target[asset_class] * structure.sleeve_weight[n]
        if plan.applies[rule, n] and breach(
            work.sleeve_value[n] / total, wanted, plan.above[rule, n], plan.below[rule, n]
        ):
            outside = True
            break
    if not outside:
        return False
    reachable_in_class(desk, t, asset_class, scope)
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        wanted = structure.target[asset_class] * work.sleeve_share[n]
        if plan.applies[rule, n] and breach(
            work.sleeve_value[n] / total, wanted, plan.above[rule, n], plan.below[rule, n]
        ):
            return True
    return False


@inner
def class_open(desk: Desk, t: int, asset_class: int, amount: float, scope: int) -> bool:
    """Say whether some member of the class may be bought today; note it when none may."""
    structure = desk.structure
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        if buyable_member(desk, t, n, scope) >= 0:
            return True
    first = structure.sleeve_member[structure.sleeve_first[structure.class_first[asset_class]]]
    note_blocked(desk, t, max(scope, 0), first, amount)
    return False


@inner
def balance_classes(desk: Desk, free: float, total: float) -> None:
    """Let other classes pay for (or take up) what the changes of fired classes leave over.

    `work.change` comes in with the fired classes' US$ and goes out with everybody's.
    """
    work = desk.work
    short = -free
    for c in range(len(work.change)):
        short += work.change[c]
    sign = 1.0 if short > 0.0 else -1.0
    left = abs(short)
    # Classes inside their bands first; then fired ones that were to stop short of their target go on towards it.
    for fired_too in range(2):
        while left > ROUNDING * total:
            furthest = -1
            room = ROUNDING * total
            for c in range(len(work.change)):
                if (fired_too or work.fired[c] < 0) and (sign > 0.0 or work.class_open[c]):
                    off = sign * (work.class_value[c] + work.change[c] - desk.structure.target[c] * total)
                    if off > room:
                        furthest = c
                        room = off
            if furthest < 0:
                break
            step = min(room, left)
            work.change[furthest] -= sign * step
            left -= step


@inner
def spread_over_sleeves(desk: Desk, total: float) -> None:
    """Turn class changes into sleeve changes: fired classes go to their inner weights, others mend towards them."""
    work, structure = desk.work, desk.structure
    for c in range(len(work.change)):
        after = work.class_value[c] + work.change[c]
        sign = 1.0 if work.change[c] > 0.0 else -1.0
        gap = 0.0
        for n in range(structure.class_first[c], structure.class_first[c + 1]):
            off = after * work.sleeve_share[n] - work.sleeve_value[n]
            work.sleeve_change[n] = off
            gap += max(0.0, sign * off)
        for n in range(structure.class_first[c], structure.class_first[c + 1]):
            if work.fired[c] < 0:
                part = max(0.0, sign * work.sleeve_change[n])
                work.sleeve_change[n] = work.change[c] * part / gap if gap > 0.0 else 0.0
            if abs(work.sleeve_change[n]) <= ROUNDING * total:
                work.sleeve_change[n] = 0.0


@inner
def spare_cash(desk: Desk, scope: int, cash: float, total: float) -> float:
    """Return US$ that may be invested: beyond the accounts' reserves, and beyond the target weight of cash.

    Negative when cash is missing. Cash of accounts that are counted but not managed fills the target, yet buys nothing.
    """
    ledger = desk.ledger
    room = 0.0
    for account in range(len(ledger.cash)):
        if in_scope(desk, account, scope):
            room += ledger.cash[account] - desk.structure.min_cash[account]
    return min(room, cash - desk.structure.cash_target * total)


@inner
def rebalance(desk: Desk, t: int, total: float, cash: float, scope: int) -> bool:
    """Trade the accounts in scope towards `work.destination` for classes whose `work.fired` holds a reason, not -1.

    Returns
    -------
    bool
        Whether it was worth it: it moves as much as the policy asks for.
    """
    work, structure, plan = desk.work, desk.structure, desk.plan
    reachable_shares(desk, t, scope)
    balance_reason = Reason.INVEST_CASH
    for c in range(len(work.change)):
        work.change[c] = 0.0
        if work.fired[c] >= 0:
            balance_reason = Reason.BALANCE
            change = work.destination[c] * total - work.class_value[c]
            if change <= 0.0 or work.class_open[c]:
                work.change[c] = change
            elif change > ROUNDING * total:
                class_open(desk, t, c, change, scope)  # says why not
    spare = spare_cash(desk, scope, cash, total)
    held_back = cash - structure.cash_target * total - spare
    balance_classes(desk, spare, total)
    if structure.restricted:
        settle_shares(desk)
    for c in range(len(work.change)):
        work.reason[c] = work.fired[c] if work.fired[c] >= 0 else balance_reason
    spread_over_sleeves(desk, total)
    if moves(desk) < plan.min_improvement * total:
        pass_over(desk.tape, desk.ledger, t, max(scope, 0), NO_SECURITY, Reason.LITTLE_TO_GAIN, moves(desk))
        return False
    plan_by_sleeve(desk, t, scope, total)
    if structure.restricted and scope == HOUSEHOLD:
        plan_exchanges(desk, t, spare, total)
    sell_sleeves(desk, t)
    if plan.pair and not plan.orders.lag:
        pair_losses(desk, t)
    left = structure.cash_target * total
    for account in range(len(desk.ledger.cash)):
        if structure.counted[account] and scope in (HOUSEHOLD, account):
            left -= desk.ledger.cash[account] + still_to_come(desk, t, account)
    want_buys(desk)
    ready_cash(desk, t, scope, False)
    ready = 0.0
    for account in range(len(work.free)):
        ready += work.free[account]
    place_buys(desk, t, max(0.0, min(ready, -left)), scope)
    if structure.restricted and scope == HOUSEHOLD:
        exchange(desk, t, total, False)
    if structure.restricted or held_back > ROUNDING * total:
        note_unplaced(desk, t, total, held_back)
    note_shut(desk, t, scope)
    make_buys(desk, t)
    return True


@inner
def moves(desk: Desk) -> float:
    """Return US$ that the planned changes bring closer to the targets: purchases or sales, whichever are more."""
    bought = 0.0
    sold = 0.0
    for change in desk.work.sleeve_change:
        bought += max(0.0, change)
        sold += max(0.0, -change)
    return max(bought, sold)


@inner
def plan_by_sleeve(desk: Desk, t: int, scope: int, total: float) -> None:
    """Fill `work.sale` with what each sleeve sells; note what may not be sold."""
    work, structure = desk.work, desk.structure
    work.sale[:] = 0.0
    for n in range(len(work.sleeve_change)):
        if work.sleeve_change[n] < 0.0:
            count = offer_sleeve(desk, n, scope)
            if structure.restricted:
                note_kept(desk, t, n, scope, -work.sleeve_change[n] - worth_offered(desk, count), total)
            if count == 1:
                work.sale[work.offered[0, 0], work.offered[0, 1]] = -work.sleeve_change[n]
            elif count > 1 and scope == HOUSEHOLD:
                plan_sleeve_sales(desk, t, n, count, total)
            elif count > 1:
                plan_sales(desk, t, count, -work.sleeve_change[n], False, FREELY, np.inf, False)
                for i in range(count):
                    work.sale[work.offered[i, 0], work.offered[i, 1]] = work.planned[i]


@inner
def note_kept(desk: Desk, t: int, sleeve: int, scope: int, amount: float, total: float) -> None:
    """Write down which positions of a sleeve keep it `amount` US$ above what it should be, as they may not be sold."""
    structure = desk.structure
    if amount <= ROUNDING * total:
        return
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        for account in range(desk.ledger.held.shape[0]):
            there = structure.counted[account] and scope in (HOUSEHOLD, account)
            value = desk.ledger.held[account, security] * desk.work.price[security]
            if there and value > 0.0 and not structure.may_sell[account, security]:
                kept = min(amount, value)
                pass_over(desk.tape, desk.ledger, t, account, security, Reason.RESTRICTED, kept)


@inner
def want_buys(desk: Desk) -> None:
    """Fill `work.want` with US$ to buy of each sleeve: its change, and what an exchange has sold beside it."""
    work = desk.work
    for n in range(len(work.want)):
        work.want[n] = max(0.0, work.sleeve_change[n] + work.sleeve_sold[n])


@inner
def plan_exchanges(desk: Desk, t: int, spare: float, total: float) -> None:
    """Change the planned sales so that their money lies where the wanted classes may be bought."""
    work = desk.work
    expected = spare
    for account in range(work.sale.shape[0]):
        for security in range(work.sale.shape[1]):
            sale = work.sale[account, security]
            expected += sale - cost_of(desk, t, account, security, sale)
    work.sleeve_sold[:] = 0.0
    want_buys(desk)
    ready_cash(desk, t, HOUSEHOLD, True)
    place_buys(desk, t, max(0.0, expected), HOUSEHOLD)
    exchange(desk, t, total, True)


@inner
def sell_sleeves(desk: Desk, t: int) -> None:
    """Sell what `work.sale` says, sleeve by sleeve.

    Tax-advantaged accounts go first: a purchase of theirs that is gone washes no loss, whoever is listed first.
    """
    work, structure = desk.work, desk.structure
    work.sleeve_sold[:] = 0.0
    for taxed in range(2):
        for n in range(len(work.sleeve_change)):
            if work.sleeve_change[n] >= 0.0 and not structure.restricted:
                continue
            reason = work.reason[structure.sleeve_class[n]] if work.sleeve_change[n] < 0.0 else Reason.SWAP
            for i in range(structure.sleeve_first[n], structure.sleeve_first[n + 1]):
                security = structure.sleeve_member[i]
                for account in work.by_size:
                    amount = work.sale[account, security]
                    if amount > 0.0 and (structure.kind[account] == TAXABLE) == (taxed == 1):
                        sold = sell_amount(desk, t, account, security, amount, reason, FREELY)
                        work.sleeve_sold[n] += sold
