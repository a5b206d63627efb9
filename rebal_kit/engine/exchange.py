"""Exchanges inside accounts, so that cash which lies where a class may not be bought still helps to buy it.

A class is wanted, and the accounts that may hold it have no cash left; another account has. Then that cash buys
something there which is sold (or was to be bought) in an account that may hold the class, and the money freed there
buys it. Several such steps may be chained. Nothing crosses accounts. Only households with restrictions need it.

*Source*: augmenting paths in a transportation problem (Ford & Fulkerson 1956). Planned sales and purchases can be taken
back along a path, so that what is feasible is found.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import RANKS, TAXABLE
from rebal_kit.engine.costs import LEAST_AMOUNT
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.locate import member_for
from rebal_kit.engine.sales import ROUNDING
from rebal_kit.engine.scope import HOUSEHOLD, in_scope

#: What may be done for an exchange: move planned trades, sell where that costs no tax, sell anywhere.
MOVE, SELL_UNTAXED, SELL_ANYWHERE = 0, 1, 2

_START, _UNREACHED = -1, -2


@inner
def exchange(desk: Desk, t: int, total: float, sell: bool) -> None:
    """Find place for what is left in `work.want`, by changing (A, N) `work.amounts` and, to `sell`, `work.sale`."""
    least = max(LEAST_AMOUNT, ROUNDING * total)
    # Where the class belongs comes before where it may stand; tax is paid only for what nothing else can place.
    for rank in range(1, RANKS + 1):
        for how in range(SELL_ANYWHERE if sell else 1):
            chain_all(desk, t, how, rank, least)
    if sell:
        for rank in range(1, RANKS + 1):
            chain_all(desk, t, SELL_ANYWHERE, rank, least)


@inner
def chain_all(desk: Desk, t: int, how: int, rank: int, least: float) -> None:
    """Find place in accounts of at most this location rank for what is left in `work.want`."""
    work = desk.work
    for n in range(len(work.want)):
        # Each chain uses up cash, a purchase, a position or the want: their number bounds the chains.
        for _ in range(work.sale.size + work.amounts.size):
            if work.want[n] <= least:
                break
            end = find_chain(desk, t, n, how, rank, least)
            if end < 0:
                break
            push_chain(desk, t, n, end, how)


@inner
def rank_of(desk: Desk, account: int, sleeve: int) -> int:
    """Return the location rank of an account for a sleeve; 1 for all where ranks are not followed."""
    structure = desk.structure
    if not desk.plan.locate:
        return 1
    return structure.location[structure.sleeve_class[sleeve], structure.kind[account]]


@inner
def find_chain(desk: Desk, t: int, wanted: int, how: int, rank: int, least: float) -> int:
    """Fill `work.came_from` and `work.by_way_of` from accounts with cash to one that may buy; return it, or -1."""
    work = desk.work
    work.came_from[:] = _UNREACHED
    for account in work.by_size:
        if work.free[account] > least and in_scope(desk, account, HOUSEHOLD):
            work.came_from[account] = _START
            if ends(desk, t, account, wanted, rank):
                return account
    for _ in range(len(work.free)):
        for a in work.by_size:
            if work.came_from[a] == _UNREACHED:
                continue
            for b in work.by_size:
                if work.came_from[b] != _UNREACHED or not in_scope(desk, b, HOUSEHOLD):
                    continue
                m = best_exchanged(desk, t, a, b, wanted, how, least)
                if m >= 0:
                    work.came_from[b] = a
                    work.by_way_of[b] = m
                    if ends(desk, t, b, wanted, rank):
                        return b
    return -1


@inner
def ends(desk: Desk, t: int, account: int, wanted: int, rank: int) -> bool:
    """Say whether a chain may end in an account: it may buy what is wanted, and is of no worse rank."""
    return rank_of(desk, account, wanted) <= rank and member_for(desk, t, account, wanted) >= 0


@inner
def best_exchanged(desk: Desk, t: int, a: int, b: int, wanted: int, how: int, least: float) -> int:
    """Return the sleeve that account `a` had best hold in place of account `b`, by its location ranks, or -1."""
    best = -1
    best_loss = RANKS
    for m in range(len(desk.work.want)):
        loss = rank_of(desk, a, m) - rank_of(desk, b, m)
        if m == wanted or (best >= 0 and loss >= best_loss):
            continue
        if takes(desk, t, a, m) > least and gives(desk, t, b, m, how) > least:
            best = m
            best_loss = loss
    return best


@inner
def takes(desk: Desk, t: int, account: int, sleeve: int) -> float:
    """Return how many US$ more of a sleeve an account can hold than planned: without limit where it may buy."""
    if member_for(desk, t, account, sleeve) >= 0:
        return np.inf
    return planned_sale(desk, account, sleeve)


@inner
def planned_sale(desk: Desk, account: int, sleeve: int) -> float:
    """Return US$ of a sleeve that are to be sold in an account."""
    structure = desk.structure
    amount = 0.0
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        amount += desk.work.sale[account, structure.sleeve_member[i]]
    return amount


@inner
def gives(desk: Desk, t: int, account: int, sleeve: int, how: int) -> float:
    """Return how many US$ less of a sleeve an account can hold than planned."""
    structure = desk.structure
    amount = desk.work.amounts[account, sleeve]
    if how >= SELL_UNTAXED and (how == SELL_ANYWHERE or structure.kind[account] != TAXABLE):
        for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
            amount += sellable(desk, t, account, structure.sleeve_member[i])
    return amount


@inner
def sellable(desk: Desk, t: int, account: int, security: int) -> float:
    """Return US$ of a position that may be sold beside what is planned."""
    if not desk.structure.may_sell[account, security] or not desk.prices.traded[t, security]:
        return 0.0
    value = desk.ledger.held[account, security] * desk.work.price[security]
    return max(0.0, value - desk.work.sale[account, security])


@inner
def push_chain(desk: Desk, t: int, wanted: int, end: int, how: int) -> None:
    """Exchange as much as the chain that ends in account `end` carries, and buy what is wanted there."""
    work = desk.work
    amount = work.want[wanted]
    account = end
    while work.came_from[account] >= 0:
        before, sleeve = work.came_from[account], work.by_way_of[account]
        amount = min(amount, takes(desk, t, before, sleeve), gives(desk, t, account, sleeve, how))
        account = before
    amount = min(amount, work.free[account])
    work.free[account] -= amount
    account = end
    while work.came_from[account] >= 0:
        before, sleeve = work.came_from[account], work.by_way_of[account]
        take_more(desk, before, sleeve, amount)
        give_up(desk, t, account, sleeve, amount)
        account = before
    work.amounts[end, wanted] += amount
    work.want[wanted] -= amount


@inner
def take_more(desk: Desk, account: int, sleeve: int, amount: float) -> None:
    """Plan to hold `amount` US$ more of a sleeve: sell less of it, else buy."""
    work, structure = desk.work, desk.structure
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        kept = min(amount, work.sale[account, security])
        work.sale[account, security] -= kept
        amount -= kept
    work.amounts[account, sleeve] += amount


@inner
def give_up(desk: Desk, t: int, account: int, sleeve: int, amount: float) -> None:
    """Plan to hold `amount` US$ less of a sleeve: buy less of it, else sell."""
    work, structure = desk.work, desk.structure
    less = min(amount, work.amounts[account, sleeve])
    work.amounts[account, sleeve] -= less
    amount -= less
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        sold = min(amount, sellable(desk, t, account, security))
        work.sale[account, security] += sold
        amount -= sold
