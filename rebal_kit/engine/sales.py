"""Which positions a sale comes from: whatever costs least tax per dollar, lot by lot over all accounts.

A sale is planned first, in US$ of each position, and made as one order a position. A loss comes before the shares of
tax-advantaged accounts, which cost no tax; then come taxable gains, the smallest per dollar first. Where two cost the
same, a tax-advantaged account goes first, then the one in which the class stands worst, then the larger position.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import RANKS, TAXABLE
from rebal_kit.engine.book import sell
from rebal_kit.engine.choose import (
    FREELY,
    LAST,
    MUST,
    choose_lots,
    next_lot,
    shares_chosen,
    tax_of_sale,
)
from rebal_kit.engine.costs import LEAST_AMOUNT, cost_of, fill_of, gross_for, total
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import GIVEN_UP, fill_price, never_fits, piece_of, rests
from rebal_kit.engine.scope import cash_in, in_scope
from rebal_kit.engine.tape import pass_over
from rebal_kit.engine.waiting import SELL, drop_order, keep_order
from rebal_kit.reasons import Reason

#: Amounts below this share of what they belong to are rounding.
ROUNDING = 1e-12

#: Costs that differ by less are equal.
SAME_COST = 1e-12

#: Whose holdings a sale may take: the targets' classes, or what stands outside them.
CLASSES, LEGACY = 0, 1


@inner
def offer(desk: Desk, count: int, account: int, security: int) -> int:
    """Add a position to those that a sale may come from; return how many there are now."""
    work = desk.work
    work.offered[count, 0] = account
    work.offered[count, 1] = security
    work.planned[count] = 0.0
    work.next_room[count] = -1.0
    return count + 1


@inner
def offer_sleeve(desk: Desk, sleeve: int, scope: int) -> int:
    """Offer every position of a sleeve that may be sold; return how many."""
    structure, held = desk.structure, desk.ledger.held
    count = 0
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        for account in desk.work.by_size:
            if (
                held[account, security] > 0.0
                and in_scope(desk, account, scope)
                and may_sell(desk, account, security)
            ):
                count = offer(desk, count, account, security)
    return count


@inner
def may_sell(desk: Desk, account: int, security: int) -> bool:
    """Say whether no restriction keeps a position from being sold."""
    return desk.structure.may_sell[account, security]


@inner
def offer_all(desk: Desk, scope: int, which: int) -> int:
    """Offer every position of the classes, or every one outside the targets, that may be sold; return how many."""
    structure, held = desk.structure, desk.ledger.held
    count = 0
    for account in desk.work.by_size:
        if not in_scope(desk, account, scope):
            continue
        for security in range(held.shape[1]):
            legacy = structure.sleeve_of[security] < 0
            if (
                held[account, security] > 0.0
                and legacy == (which == LEGACY)
                and structure.may_sell[account, security]
            ):
                count = offer(desk, count, account, security)
    return count


@inner
def worth_offered(desk: Desk, count: int) -> float:
    """Return the value of the positions that a sale may come from, US$."""
    worth = 0.0
    for i in range(count):
        account, security = desk.work.offered[i, 0], desk.work.offered[i, 1]
        worth += desk.ledger.held[account, security] * desk.work.price[security]
    return worth


@inner
def cheapest(desk: Desk, t: int, count: int, urgency: int, overweight: bool) -> int:
    """Return which offered position's next lot costs least tax per dollar, or -1 when nothing is left.

    With `overweight`, only positions of classes with US$ left in `work.change`.
    """
    work, structure = desk.work, desk.structure
    best = -1
    best_rank = 0
    best_value = 0.0
    for i in range(count):
        account, security = work.offered[i, 0], work.offered[i, 1]
        if overweight and work.change[structure.sleeve_class[structure.sleeve_of[security]]] <= 0.0:
            continue
        if work.next_room[i] < 0.0:
            cost, room = next_lot(desk, t, account, security, work.planned[i], urgency)
            work.next_cost[i] = cost
            work.next_room[i] = room
        if work.next_cost[i] == np.inf:
            continue
        if best >= 0 and work.next_cost[i] > work.next_cost[best] + SAME_COST:
            continue
        sleeve = structure.sleeve_of[security]
        # At the same cost the account goes first that is never taxed, then the one in which the class stands worst.
        rank = RANKS if structure.kind[account] != TAXABLE else 0
        if sleeve >= 0:
            rank += structure.location[structure.sleeve_class[sleeve], structure.kind[account]]
        value = desk.ledger.held[account, security] * desk.work.price[security]
        if (
            best < 0
            or work.next_cost[i] < work.next_cost[best] - SAME_COST
            or rank > best_rank
            or (rank == best_rank and value > best_value)
        ):
            best = i
            best_rank = rank
            best_value = value
    return best


@inner
def plan_sales(
    desk: Desk, t: int, count: int, amount: float, net: bool, urgency: int, cap: float, overweight: bool
) -> float:
    """Spread a sale of `amount` US$, or of what leaves it `net` of cost, over the offered positions.

    Lots that cost more tax than `cap` per dollar stay. With `overweight`, no class sells more than its `work.change`.
    Fills `work.planned`; returns US$ that found no place.
    """
    work, structure = desk.work, desk.structure
    left = amount
    while left > ROUNDING * amount:
        i = cheapest(desk, t, count, urgency, overweight)
        if i < 0 or work.next_cost[i] > cap:
            break
        account, security = work.offered[i, 0], work.offered[i, 1]
        before = work.planned[i]
        part = gross_for(desk, t, account, security, before, left) if net else left
        part = min(part, work.next_room[i])
        if overweight:
            c = structure.sleeve_class[structure.sleeve_of[security]]
            part = min(part, work.change[c])
        if net:
            brings = part - further_cost(desk, t, account, security, before, part)
            if brings <= 0.0:
                work.next_room[i] = 0.0
                work.next_cost[i] = np.inf
                continue
            left -= brings
        else:
            left -= part
        if overweight:
            work.change[c] -= part
        work.planned[i] += part
        # A lot that is used up makes room for the next one.
        used_up = part >= work.next_room[i] * (1.0 - ROUNDING)
        work.next_room[i] = -1.0 if used_up else work.next_room[i] - part
    return left


@inner
def further_cost(desk: Desk, t: int, account: int, security: int, planned: float, amount: float) -> float:
    """Return by how much a sale of `planned` US$ costs more when it is `amount` larger."""
    together = cost_of(desk, t, account, security, planned + amount)
    return together - cost_of(desk, t, account, security, planned)


@inner
def plan_sleeve_sales(desk: Desk, t: int, sleeve: int, count: int, total: float) -> None:
    """Fill `work.sale` for a sale of a sleeve by the household, from `count` offered positions.

    Position by position goes what costs least at the moment. Where a lot method puts a dear lot before a cheap one,
    this can miss the cheapest way; it is held against what each account would sell by itself, so that deciding for the
    household never costs more.
    """
    work, amount = desk.work, -desk.work.sleeve_change[sleeve]
    left = plan_sales(desk, t, count, amount, False, FREELY, np.inf, False)
    tax = 0.0
    for i in range(count):
        account, security = work.offered[i, 0], work.offered[i, 1]
        work.sale[account, security] = work.planned[i]
        tax += tax_of_sale(desk, t, account, security, work.planned[i])
    tax_alone, left_alone = plan_alone(desk, t, sleeve, amount, total, False)
    if left_alone <= max(left, ROUNDING * amount) and tax_alone < tax - ROUNDING * amount:
        plan_alone(desk, t, sleeve, amount, total, True)


@inner
def plan_alone(
    desk: Desk, t: int, sleeve: int, amount: float, total: float, write: bool
) -> tuple[float, float]:
    """Share a sale out by how far each account by itself is above the sleeve's weight; return its tax and what is left.

    To `write`, fill `work.sale`.
    """
    work, ledger = desk.work, desk.ledger
    weight = (work.sleeve_value[sleeve] - amount) / total
    above = 0.0
    for account in range(len(ledger.cash)):
        above += max(0.0, above_weight(desk, account, sleeve, weight))
    tax = 0.0
    left = amount
    if above <= 0.0:
        return tax, left
    for account in range(len(ledger.cash)):
        count = offer_sleeve(desk, sleeve, account)
        excess = max(0.0, above_weight(desk, account, sleeve, weight))
        plan_sales(desk, t, count, amount * (excess / above), False, FREELY, np.inf, False)
        for i in range(count):
            security = work.offered[i, 1]
            tax += tax_of_sale(desk, t, account, security, work.planned[i])
            left -= work.planned[i]
            if write:
                work.sale[account, security] = work.planned[i]
    return tax, left


@inner
def above_weight(desk: Desk, account: int, sleeve: int, weight: float) -> float:
    """Return US$ by which a managed account by itself holds more of a sleeve than `weight`; 0 for any other account."""
    structure, ledger = desk.structure, desk.ledger
    if not structure.managed[account]:
        return 0.0
    whole = ledger.cash[account]
    of_sleeve = 0.0
    for security in range(ledger.held.shape[1]):
        n = structure.sleeve_of[security]
        if n >= 0:
            value = ledger.held[account, security] * desk.work.price[security]
            whole += value
            of_sleeve += value if n == sleeve else 0.0
    return of_sleeve - weight * whole


@inner
def sell_planned(desk: Desk, t: int, count: int, reason: int, urgency: int) -> float:
    """Sell what `work.planned` says of the offered positions; return US$ of what is sold or waits to be."""
    work = desk.work
    sold = 0.0
    for i in range(count):
        if work.planned[i] > 0.0:
            sold += sell_amount(
                desk, t, work.offered[i, 0], work.offered[i, 1], work.planned[i], reason, urgency
            )
    return sold


@inner
def sell_amount(
    desk: Desk, t: int, account: int, security: int, amount: float, reason: int, urgency: int
) -> float:
    """Sell `amount` US$ of a position, or all of it; return US$ of what is sold, or waits to be."""
    decided = desk.work.price[security]
    held = desk.ledger.held[account, security]
    value = held * decided
    if amount < LEAST_AMOUNT:
        return 0.0
    if not desk.prices.traded[t, security]:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.NOT_TRADED, amount)
        return 0.0
    if min(amount, value) < desk.plan.min_trade and urgency == FREELY:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    quantity = held if amount >= value * (1.0 - ROUNDING) else amount / decided
    if desk.plan.whole_shares and quantity < held:
        # A sale that must bring its money rounds up.
        less = np.floor(quantity * (1.0 + ROUNDING))
        quantity = less if urgency == FREELY else min(held, np.ceil(quantity * (1.0 - ROUNDING)))
    if quantity == 0.0 or (quantity * decided < desk.plan.min_trade * (1.0 - ROUNDING) and urgency == FREELY):
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    return sell_shares(desk, t, account, security, quantity, decided, reason, urgency)


@inner
def sell_shares(
    desk: Desk, t: int, account: int, security: int, quantity: float, decided: float, reason: int, urgency: int
) -> float:  # fmt: skip
    """Try to sell shares today, decided at the price `decided`; what cannot be sold yet waits.

    Returns US$ of what is sold and of what waits, at that price.
    """
    work = desk.work
    patient = desk.plan.orders.patient and urgency == FREELY and reason != Reason.REFILL_CASH
    if patient:
        drop_order(desk, account, security)
    price = fill_price(desk, t, account, security, SELL, decided, patient)
    if price == GIVEN_UP:
        return 0.0
    if not price > 0.0:
        keep_order(desk, account, security, quantity, decided, reason)
        return quantity * decided
    piece = piece_of(desk, t, account, security, quantity, price, patient)
    # Lots are chosen for what they bring: which ones are sold may be named until settlement (Reg. 1.1012-1(c)(8)).
    reckoned = work.price[security]
    work.price[security] = price
    work.resting[0] = rests(desk, t, security, price, patient)
    chosen = choose_lots(desk, t, account, security, piece, urgency) if piece > 0.0 else 0
    shares = shares_chosen(desk, chosen)
    sold = shares * price
    fill = fill_of(desk, t, account, security, sold, decided)
    work.price[security] = reckoned
    work.resting[0] = False
    # Of what may be sold, lots that must stay can leave less than an order is worth.
    little = urgency == FREELY and shares < piece * (1.0 - ROUNDING) and sold < desk.plan.min_trade
    if chosen > 0 and (total(fill) >= sold or little):
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, sold)
        return 0.0
    if chosen > 0:
        sell(desk, t, account, security, chosen, fill, reason)
    if piece < quantity and not never_fits(desk, t, security, price):
        work.order_tries[account, security] = 0  # the rest is a limit order of its own
        keep_order(desk, account, security, quantity - piece, decided, reason)
        shares += quantity - piece
    return shares * decided


@inner
def raise_cash(
    desk: Desk, t: int, needed: float, total: float, scope: int, cap: float, balance: bool, reason: int
) -> None:
    """Sell until the accounts in scope hold `needed` US$ of cash, or nothing is left that costs at most `cap`.

    To keep the `balance`, what is over its target goes first, then any class; in each round whatever costs least tax.
    Holdings outside the targets come last.
    """
    work, structure = desk.work, desk.structure
    urgency = MUST if reason in (Reason.RAISE_TAX, Reason.RAISE_CASH) else FREELY
    for turn in range(3):
        short = needed - cash_in(desk, scope)
        if short <= ROUNDING * needed:
            return
        if turn == 0:
            if not balance:
                continue
            for c in range(len(work.change)):
                work.change[c] = work.class_value[c] - structure.target[c] * total
        count = offer_all(desk, scope, LEGACY if turn == 2 else CLASSES)
        plan_sales(desk, t, count, short, True, urgency, cap, turn == 0)
        sell_planned(desk, t, count, reason, urgency)


@inner
def raise_from_washes(desk: Desk, t: int, needed: float, scope: int) -> None:
    """Sell losses that a recent purchase washes, when all else is sold and `needed` US$ of cash are not there yet."""
    for which in (CLASSES, LEGACY):
        short = needed - cash_in(desk, scope)
        if short <= ROUNDING * needed:
            return
        count = offer_all(desk, scope, which)
        plan_sales(desk, t, count, short, True, LAST, np.inf, False)
        sell_planned(desk, t, count, Reason.RAISE_CASH, LAST)
