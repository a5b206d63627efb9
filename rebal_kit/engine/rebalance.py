"""One decision: how much each class, sleeve and account sells and buys today.

Sales come first and are settled by the book, so that purchases spend only cash that is there. Only classes that left
their band trade; the balance comes from cash, then from the classes furthest off on the other side.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE, Plan, Prices, Structure
from rebal_kit.engine.book import sell
from rebal_kit.engine.choose import choose_lots, may_buy, unit_gain
from rebal_kit.engine.ledger import Ledger
from rebal_kit.engine.locate import place_buys
from rebal_kit.engine.tape import REBALANCES, Tape, pass_over

#: Changes below this share of the household are rounding.
ROUNDING = 1e-12


@compiled
def value_sleeves(ledger: Ledger, structure: Structure, close: np.ndarray, sleeve_value: np.ndarray) -> float:
    """Fill (N,) `sleeve_value` with US$ over all accounts; return the value of legacy holdings."""
    sleeve_value[:] = 0.0
    legacy = 0.0
    for account in range(ledger.held.shape[0]):
        for security in range(ledger.held.shape[1]):
            held = ledger.held[account, security]
            if held != 0.0:
                n = structure.sleeve_of[security]
                if n >= 0:
                    sleeve_value[n] += held * close[security]
                else:
                    legacy += held * close[security]
    return legacy


@compiled
def sum_classes(structure: Structure, sleeve_value: np.ndarray, class_value: np.ndarray) -> float:
    """Fill (C,) `class_value`; return its sum."""
    class_value[:] = 0.0
    for n in range(len(sleeve_value)):
        class_value[structure.sleeve_class[n]] += sleeve_value[n]
    return class_value.sum()  # type: ignore[no-any-return]


@compiled
def balance_classes(
    structure: Structure, fired: np.ndarray, class_value: np.ndarray, free: float, total: float, change: np.ndarray
) -> None:
    """Let classes inside their bands pay for (or take up) what the changes of fired classes leave over.

    `change` (C,) comes in with the fired classes' US$ and goes out with everybody's.
    """
    short = -free
    for c in range(len(change)):
        short += change[c]
    sign = 1.0 if short > 0.0 else -1.0
    left = abs(short)
    while left > ROUNDING * total:
        furthest = -1
        room = ROUNDING * total
        for c in range(len(change)):
            if fired[c] < 0 and change[c] == 0.0:
                off = sign * (class_value[c] - structure.target[c] * total)
                if off > room:
                    furthest = c
                    room = off
        if furthest < 0:
            break
        step = min(room, left)
        change[furthest] = -sign * step
        left -= step


@compiled
def spread_over_sleeves(
    structure: Structure, fired: np.ndarray, class_value: np.ndarray, change: np.ndarray,
    sleeve_value: np.ndarray, sleeve_change: np.ndarray,
) -> None:  # fmt: skip
    """Turn class changes into sleeve changes: fired classes go to their inner weights, others only mend towards them."""
    for c in range(len(change)):
        first = structure.class_first[c]
        last = structure.class_first[c + 1]
        after = class_value[c] + change[c]
        if fired[c] >= 0:
            for n in range(first, last):
                sleeve_change[n] = after * structure.sleeve_weight[n] - sleeve_value[n]
            continue
        if change[c] == 0.0:
            for n in range(first, last):
                sleeve_change[n] = 0.0
            continue
        sign = 1.0 if change[c] > 0.0 else -1.0
        gap = 0.0
        for n in range(first, last):
            gap += max(0.0, sign * (after * structure.sleeve_weight[n] - sleeve_value[n]))
        for n in range(first, last):
            off = max(0.0, sign * (after * structure.sleeve_weight[n] - sleeve_value[n]))
            sleeve_change[n] = change[c] * off / gap if gap > 0.0 else 0.0


@compiled
def sell_from(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int,
    t: int, account: int, security: int, amount: float, reason: int,
) -> float:  # fmt: skip
    """Sell `amount` US$ of a position, or all of it; return the US$ sold before costs."""
    price = prices.close[t, security]
    held = ledger.held[account, security]
    value = held * price
    if not prices.traded[t, security]:
        pass_over(tape, ledger, t, account, security, Reason.NOT_TRADED, amount)
        return 0.0
    if min(amount, value) < plan.min_trade:
        pass_over(tape, ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    quantity = held if amount >= value * (1.0 - ROUNDING) else amount / price
    chosen = choose_lots(ledger, structure, plan, tape, prices, wash_days, t, account, security, quantity)
    if chosen == 0:
        return 0.0
    sell(ledger, structure, tape, prices, wash_days, t, account, security, chosen, plan.half_spread[security], reason)
    return (held - ledger.held[account, security]) * price  # type: ignore[no-any-return]


@compiled
def sell_sleeve(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int,
    t: int, sleeve: int, amount: float, taxable_only: bool, reason: int,
) -> float:  # fmt: skip
    """Sell `amount` US$ of a sleeve: tax-advantaged accounts first, then taxable positions by gain per dollar."""
    left = amount
    first = structure.sleeve_first[sleeve]
    size = structure.sleeve_first[sleeve + 1] - first
    done = np.zeros((len(ledger.cash), size), np.bool_)
    while left > ROUNDING * amount:
        best_account = -1
        best_member = -1
        best = np.inf
        for account in range(len(ledger.cash)):
            taxable = structure.kind[account] == TAXABLE
            if taxable_only and not taxable:
                continue
            for m in range(size):
                security = structure.sleeve_member[first + m]
                if done[account, m] or ledger.held[account, security] == 0.0:
                    continue
                # No gain can lie below -inf: tax-advantaged positions come before every taxable one.
                rank = -np.inf
                if taxable:
                    rank = unit_gain(ledger, account, security, prices.close[t, security])
                if best_account < 0 or rank < best:
                    best_account = account
                    best_member = m
                    best = rank
        if best_account < 0:
            break
        done[best_account, best_member] = True
        security = structure.sleeve_member[first + best_member]
        left -= sell_from(
            ledger, structure, plan, tape, prices, wash_days, t, best_account, security, left, reason
        )  # fmt: skip
    return amount - left


@compiled
def buyable_member(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, t: int, sleeve: int, amount: float
) -> int:
    """Return the first member of a sleeve that may be bought today, or -1; note why a preferred one may not."""
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        if may_buy(ledger, structure, plan, prices, t, security):
            return security  # type: ignore[no-any-return]
        why = Reason.WASH_WINDOW_BUY if prices.traded[t, security] else Reason.NOT_TRADED
        pass_over(tape, ledger, t, 0, security, why, amount)
    return -1


@compiled
def wanted_buys(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, t: int,
    sleeve_change: np.ndarray, want: np.ndarray,
) -> None:  # fmt: skip
    """Fill (S,) `want` with US$ to buy: a blocked sleeve's money goes to its partner, else to the class's other sleeves."""
    want[:] = 0.0
    for c in range(len(structure.target)):
        homeless = 0.0
        open_weight = 0.0
        first = structure.class_first[c]
        last = structure.class_first[c + 1]
        for n in range(first, last):
            if sleeve_change[n] <= 0.0:
                continue
            security = buyable_member(ledger, structure, plan, tape, prices, t, n, sleeve_change[n])
            if security < 0:
                homeless += sleeve_change[n]
            else:
                want[security] += sleeve_change[n]
        if homeless == 0.0:
            continue
        for n in range(first, last):
            if buyable_member(ledger, structure, plan, tape, prices, t, n, 0.0) >= 0:
                open_weight += structure.sleeve_weight[n]
        for n in range(first, last):
            security = buyable_member(ledger, structure, plan, tape, prices, t, n, 0.0)
            if security >= 0:
                want[security] += homeless * structure.sleeve_weight[n] / open_weight


@compiled
def rebalance(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int, t: int,
    fired: np.ndarray, destination: np.ndarray, sleeve_value: np.ndarray, class_value: np.ndarray,
) -> None:  # fmt: skip
    """Trade the household towards `destination` (C,) for classes whose `fired` (C,) holds a reason, not -1."""
    cash = ledger.cash.sum()
    total = class_value.sum() + cash
    change = np.zeros(len(class_value))
    sleeve_change = np.zeros(len(sleeve_value))
    want = np.zeros(ledger.held.shape[1])
    reason = np.zeros(len(class_value), np.int64)
    balance_reason = Reason.INVEST_CASH
    for c in range(len(class_value)):
        if fired[c] >= 0:
            change[c] = destination[c] * total - class_value[c]
            balance_reason = Reason.BALANCE
    balance_classes(structure, fired, class_value, cash - structure.cash_target * total, total, change)
    for c in range(len(class_value)):
        reason[c] = fired[c] if fired[c] >= 0 else balance_reason
    spread_over_sleeves(structure, fired, class_value, change, sleeve_value, sleeve_change)
    tape.counts[REBALANCES] += 1
    for n in range(len(sleeve_value)):
        if sleeve_change[n] < -ROUNDING * total:
            why = reason[structure.sleeve_class[n]]
            sell_sleeve(ledger, structure, plan, tape, prices, wash_days, t, n, -sleeve_change[n], False, why)
        elif sleeve_change[n] <= ROUNDING * total:
            sleeve_change[n] = 0.0
    wanted_buys(ledger, structure, plan, tape, prices, t, sleeve_change, want)
    spare = max(0.0, ledger.cash.sum() - structure.cash_target * total)
    place_buys(ledger, structure, plan, tape, prices, wash_days, t, want, spare, reason)
