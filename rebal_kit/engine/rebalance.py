"""One decision: which classes trade today, how much, and through which sleeves.

Sales come first and are settled by the book, so that purchases spend only cash that is there. Only classes that left
their band trade; the balance comes from cash, then from the classes furthest off on the other side.
"""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.choose import may_buy
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.locate import ROUNDING, place_buys, sell_sleeve
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason
from rebal_kit.rules.triggers import breach, destination_weight


@inner
def value_household(desk: Desk, t: int) -> tuple[float, float, float]:
    """Fill `work.sleeve_value` and `work.class_value`; return US$ in classes, in legacy holdings and in cash."""
    work, ledger, structure, close = desk.work, desk.ledger, desk.structure, desk.prices.close
    work.sleeve_value[:] = 0.0
    work.class_value[:] = 0.0
    managed = 0.0
    legacy = 0.0
    cash = 0.0
    for account in range(ledger.held.shape[0]):
        cash += ledger.cash[account]
        for security in range(ledger.held.shape[1]):
            held = ledger.held[account, security]
            if held != 0.0:
                n = structure.sleeve_of[security]
                if n >= 0:
                    work.sleeve_value[n] += held * close[t, security]
                else:
                    legacy += held * close[t, security]
    for n in range(len(work.sleeve_value)):
        work.class_value[structure.sleeve_class[n]] += work.sleeve_value[n]
        managed += work.sleeve_value[n]
    return managed, legacy, cash


@inner
def buyable_member(desk: Desk, t: int, sleeve: int) -> int:
    """Return the first member of a sleeve that may be bought today, or -1."""
    structure = desk.structure
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        if may_buy(desk, t, structure.sleeve_member[i]):
            return structure.sleeve_member[i]
    return -1


@inner
def reachable_shares(desk: Desk, t: int) -> None:
    """Fill `work.sleeve_share` with the weights inside each class that can be reached today.

    A sleeve that is under its weight and of which nothing may be bought keeps the share it has; the others divide the
    rest in proportion to their weights. Without this, a blocked sleeve would be "out of band" every day of its window.
    """
    work, structure = desk.work, desk.structure
    for n in range(len(work.sleeve_open)):
        work.sleeve_open[n] = buyable_member(desk, t, n) >= 0
    for c in range(len(work.class_open)):
        stuck = 0.0
        open_weight = 0.0
        work.class_open[c] = False
        for n in range(structure.class_first[c], structure.class_first[c + 1]):
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
def check_triggers(desk: Desk, t: int, total: float) -> bool:
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
                if sleeve_breached(desk, t, r, c, total):
                    work.fired[c] = plan.reason[r]
                    work.destination[c] = target
            else:
                above, below = plan.class_above[r, c], plan.class_below[r, c]
                side = breach(work.class_value[c] / total, target, above, below)
                if side > 0 or (side < 0 and class_open(desk, t, c, target * total - work.class_value[c])):
                    work.fired[c] = plan.reason[r]
                    work.destination[c] = destination_weight(target, side, above, below, plan.destination)
            any_fired = any_fired or work.fired[c] >= 0
    return any_fired


@inner
def sleeve_breached(desk: Desk, t: int, rule: int, asset_class: int, total: float) -> bool:
    """Say whether a sleeve of the class is outside its band around the weight it can reach today."""
    plan, work, structure = desk.plan, desk.work, desk.structure
    outside = False
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        wanted = structure.target[asset_class] * structure.sleeve_weight[n]
        if plan.applies[rule, n] and breach(
            work.sleeve_value[n] / total, wanted, plan.above[rule, n], plan.below[rule, n]
        ):
            outside = True
    if not outside:
        return False
    reachable_shares(desk, t)
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        wanted = structure.target[asset_class] * work.sleeve_share[n]
        if plan.applies[rule, n] and breach(
            work.sleeve_value[n] / total, wanted, plan.above[rule, n], plan.below[rule, n]
        ):
            return True
    return False


@inner
def class_open(desk: Desk, t: int, asset_class: int, amount: float) -> bool:
    """Say whether some member of the class may be bought today; note it when none may."""
    structure = desk.structure
    for n in range(structure.class_first[asset_class], structure.class_first[asset_class + 1]):
        if buyable_member(desk, t, n) >= 0:
            return True
    first = structure.sleeve_member[structure.sleeve_first[structure.class_first[asset_class]]]
    note_blocked(desk, t, 0, first, amount)
    return False


@inner
def note_blocked(desk: Desk, t: int, account: int, security: int, amount: float) -> None:
    """Write down that a security could not be bought, and why."""
    why = Reason.WASH_WINDOW_BUY if desk.prices.traded[t, security] else Reason.NOT_TRADED
    pass_over(desk.tape, desk.ledger, t, account, security, why, amount)


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
def rebalance(desk: Desk, t: int, total: float) -> None:
    """Trade the household towards `work.destination` for classes whose `work.fired` holds a reason, not -1."""
    work, structure = desk.work, desk.structure
    cash = 0.0
    for account in range(len(desk.ledger.cash)):
        cash += desk.ledger.cash[account]
    reachable_shares(desk, t)
    balance_reason = Reason.INVEST_CASH
    for c in range(len(work.change)):
        work.change[c] = 0.0
        if work.fired[c] >= 0:
            balance_reason = Reason.BALANCE
            change = work.destination[c] * total - work.class_value[c]
            if change <= 0.0 or work.class_open[c]:
                work.change[c] = change
    balance_classes(desk, cash - structure.cash_target * total, total)
    for c in range(len(work.change)):
        work.reason[c] = work.fired[c] if work.fired[c] >= 0 else balance_reason
    spread_over_sleeves(desk, total)
    for n in range(len(work.sleeve_change)):
        if work.sleeve_change[n] < 0.0:
            sell_sleeve(desk, t, n, -work.sleeve_change[n], False, work.reason[structure.sleeve_class[n]])
    choose_buys(desk, t)
    spare = -structure.cash_target * total
    for account in range(len(desk.ledger.cash)):
        spare += desk.ledger.cash[account]
    place_buys(desk, t, max(0.0, spare))


@inner
def choose_buys(desk: Desk, t: int) -> None:
    """Fill `work.want` with US$ to buy of each security: the member of each sleeve that may be bought."""
    work, structure = desk.work, desk.structure
    work.want[:] = 0.0
    for n in range(len(work.sleeve_change)):
        if work.sleeve_change[n] <= 0.0:
            continue
        preferred = structure.sleeve_member[structure.sleeve_first[n]]
        # Sales of this very decision may have closed what was open a moment ago: ask again.
        security = buyable_member(desk, t, n)
        if security != preferred:
            note_blocked(desk, t, 0, preferred, work.sleeve_change[n])
        if security >= 0:
            work.want[security] += work.sleeve_change[n]
