"""Which account trades: sales from tax-advantaged accounts first, purchases by each class's location ranks.

Money never crosses accounts. Within a rank, a purchase is spread over the accounts in proportion to their cash.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.book import buy, sell
from rebal_kit.engine.choose import choose_lots, unit_gain
from rebal_kit.engine.costs import affordable, spread_cost
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason

RANKS = 3

#: Amounts below this share of what they belong to are rounding.
ROUNDING = 1e-12

#: US$ below which cash is left where it is: what rounding leaves over is no purchase.
LEAST_PURCHASE = 1e-6


@inner
def sell_sleeve(desk: Desk, t: int, sleeve: int, amount: float, taxable_only: bool, reason: int) -> float:
    """Sell `amount` US$ of a sleeve and return what was sold, before costs.

    Tax-advantaged accounts come first, then taxable positions by gain per dollar.
    """
    work, ledger, structure = desk.work, desk.ledger, desk.structure
    first = structure.sleeve_first[sleeve]
    last = structure.sleeve_first[sleeve + 1]
    for i in range(first, last):
        for account in range(len(ledger.cash)):
            kept = taxable_only and structure.kind[account] != TAXABLE
            work.done[account, structure.sleeve_member[i]] = kept
    left = amount
    while left > ROUNDING * amount:
        account, security = cheapest_position(desk, t, first, last)
        if account < 0:
            break
        work.done[account, security] = True
        left -= sell_amount(desk, t, account, security, left, reason)
    return amount - left


@inner
def cheapest_position(desk: Desk, t: int, first: int, last: int) -> tuple[int, int]:
    """Return the (account, security) of a sleeve, not yet `done`, whose sale costs least tax per dollar; or -1s."""
    work, ledger, structure = desk.work, desk.ledger, desk.structure
    found = (-1, -1)
    lowest = -np.inf
    for i in range(first, last):
        security = structure.sleeve_member[i]
        for account in range(len(ledger.cash)):
            if work.done[account, security] or ledger.held[account, security] == 0.0:
                continue
            if structure.kind[account] != TAXABLE:
                return account, security
    for i in range(first, last):
        security = structure.sleeve_member[i]
        for account in range(len(ledger.cash)):
            if work.done[account, security] or ledger.held[account, security] == 0.0:
                continue
            if found[0] < 0:
                # Most sleeves are one position: its gain is only worked out when another is met.
                found = (account, security)
                continue
            if lowest == -np.inf:
                lowest = unit_gain(desk, t, found[0], found[1])
            gain = unit_gain(desk, t, account, security)
            if gain < lowest:
                found = (account, security)
                lowest = gain
    return found


@inner
def sell_amount(desk: Desk, t: int, account: int, security: int, amount: float, reason: int) -> float:
    """Sell `amount` US$ of a position, or all of it; return the US$ sold before costs."""
    price = desk.prices.close[t, security]
    held = desk.ledger.held[account, security]
    value = held * price
    if not desk.prices.traded[t, security]:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.NOT_TRADED, amount)
        return 0.0
    if min(amount, value) < desk.plan.min_trade and reason != Reason.RAISE_TAX:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    quantity = held if amount >= value * (1.0 - ROUNDING) else amount / price
    chosen = choose_lots(desk, t, account, security, quantity, reason == Reason.RAISE_TAX)
    if chosen == 0:
        return 0.0
    sold = 0.0
    for i in range(chosen):
        sold += desk.work.take[desk.work.order[i]] * price
    sell(desk, t, account, security, chosen, spread_cost(sold, desk.plan.half_spread[security]), reason)
    return sold


@inner
def place_buys(desk: Desk, t: int, spare: float) -> None:
    """Buy (S,) `work.want` US$ with at most `spare` US$ of cash, for the reason of each class in `work.reason`."""
    work, plan, structure = desk.work, desk.plan, desk.structure
    needed = 0.0
    for security in range(len(work.want)):
        if work.want[security] > 0.0:
            needed += work.want[security] + spread_cost(work.want[security], plan.half_spread[security])
    if needed <= 0.0:
        return
    scale = min(1.0, spare / needed)
    work.amounts[:] = 0.0
    for account in range(len(work.free)):
        work.free[account] = desk.ledger.cash[account]
    for rank in range(1, RANKS + 1):
        for security in range(len(work.want)):
            if work.want[security] > 0.0:
                placed = place_at_rank(desk, security, work.want[security] * scale, rank)
                if placed > 0.0:
                    work.want[security] = max(0.0, work.want[security] - placed / scale)
    for account in range(len(work.free)):
        for security in range(len(work.want)):
            if work.amounts[account, security] > 0.0:
                reason = work.reason[structure.sleeve_class[structure.sleeve_of[security]]]
                buy_amount(desk, t, account, security, work.amounts[account, security], reason)


@inner
def place_at_rank(desk: Desk, security: int, amount: float, rank: int) -> float:
    """Spread a purchase of up to `amount` US$ over the accounts of one rank by their cash; return what fits."""
    work, structure = desk.work, desk.structure
    spread = desk.plan.half_spread[security]
    asset_class = structure.sleeve_class[structure.sleeve_of[security]]
    cash = 0.0
    for account in range(len(work.free)):
        if structure.location[asset_class, structure.kind[account]] == rank and work.free[account] > 0.0:
            cash += work.free[account]
    if cash <= 0.0:
        return 0.0
    amount = min(amount, affordable(cash, spread))
    for account in range(len(work.free)):
        if structure.location[asset_class, structure.kind[account]] == rank and work.free[account] > 0.0:
            part = amount * (work.free[account] / cash)
            work.amounts[account, security] += part
            work.free[account] -= part + spread_cost(part, spread)
    return amount


@inner
def buy_amount(desk: Desk, t: int, account: int, security: int, amount: float, reason: int) -> None:
    """Buy `amount` US$, or what the account's cash pays for, unless that is below the smallest trade."""
    spread = desk.plan.half_spread[security]
    amount = min(amount, affordable(desk.ledger.cash[account], spread))
    if amount < LEAST_PURCHASE:
        return
    if amount < desk.plan.min_trade:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return
    quantity = amount / desk.prices.close[t, security]
    buy(desk, t, account, security, quantity, spread_cost(amount, spread), reason)
