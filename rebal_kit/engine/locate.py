"""Which account buys what: each class by its location ranks, as far as each account's own cash goes.

Money never crosses accounts. Within a rank, a purchase is spread over the eligible accounts in proportion to their cash.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import Plan, Prices, Structure
from rebal_kit.engine.book import buy
from rebal_kit.engine.costs import affordable, spread_cost
from rebal_kit.engine.ledger import Ledger
from rebal_kit.engine.tape import Tape, pass_over

RANKS = 3


@compiled
def place_buys(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int, t: int,
    want: np.ndarray, spare: float, reason: np.ndarray,
) -> None:  # fmt: skip
    """Buy (S,) `want` US$ with at most `spare` US$ of cash; `reason` (C,) says why, class by class."""
    accounts = len(ledger.cash)
    needed = 0.0
    for security in range(len(want)):
        if want[security] > 0.0:
            needed += want[security] + spread_cost(want[security], plan.half_spread[security])
    if needed <= 0.0:
        return
    scale = min(1.0, spare / needed)
    free = ledger.cash.copy()
    amounts = np.zeros((accounts, len(want)))
    for rank in range(1, RANKS + 1):
        for security in range(len(want)):
            left = want[security] * scale
            if left <= 0.0:
                continue
            location = structure.location[structure.sleeve_class[structure.sleeve_of[security]]]
            cash = 0.0
            for account in range(accounts):
                if location[structure.kind[account]] == rank:
                    cash += max(free[account], 0.0)
            if cash <= 0.0:
                continue
            left = min(left, affordable(cash, plan.half_spread[security]))
            placed = 0.0
            for account in range(accounts):
                if location[structure.kind[account]] == rank and free[account] > 0.0:
                    amount = left * (free[account] / cash)
                    amounts[account, security] += amount
                    placed += amount
            for account in range(accounts):
                if location[structure.kind[account]] == rank and free[account] > 0.0:
                    amount = left * (free[account] / cash)
                    free[account] -= amount + spread_cost(amount, plan.half_spread[security])
            want[security] -= placed / scale
    for account in range(accounts):
        for security in range(len(want)):
            if amounts[account, security] > 0.0:
                why = reason[structure.sleeve_class[structure.sleeve_of[security]]]
                buy_amount(
                    ledger, structure, plan, tape, prices, wash_days, t, account, security,
                    amounts[account, security], why,
                )  # fmt: skip


@compiled
def buy_amount(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int,
    t: int, account: int, security: int, amount: float, reason: int,
) -> None:  # fmt: skip
    """Buy `amount` US$, or what the account's cash pays for, unless that is below the smallest trade."""
    rate = plan.half_spread[security]
    amount = min(amount, affordable(ledger.cash[account], rate))
    if amount <= 0.0:
        return
    if amount < plan.min_trade:
        pass_over(tape, ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return
    quantity = amount / prices.close[t, security]
    buy(ledger, structure, tape, prices, wash_days, t, account, security, quantity, spread_cost(amount, rate), reason)
