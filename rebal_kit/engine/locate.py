"""Where to buy: each class in the accounts its location ranks name first, as far as their own cash goes.

Money never crosses accounts. Within a rank, a purchase is spread over the accounts in proportion to their cash.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import RANKS
from rebal_kit.engine.book import buy
from rebal_kit.engine.choose import may_buy, may_buy_in
from rebal_kit.engine.costs import LEAST_AMOUNT, affordable, cost_of, fill_of
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import GIVEN_UP, fill_price, never_fits, piece_of, rests
from rebal_kit.engine.sales import ROUNDING
from rebal_kit.engine.scope import HOUSEHOLD, in_scope
from rebal_kit.engine.tape import pass_over
from rebal_kit.engine.waiting import BUY, drop_order, keep_order, still_to_come
from rebal_kit.reasons import Reason


@inner
def buyable_member(desk: Desk, t: int, sleeve: int, scope: int) -> int:
    """Return the first member of a sleeve that some account in scope may buy today, or -1."""
    structure = desk.structure
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        member = structure.sleeve_member[i]
        if not may_buy(desk, t, member):
            continue
        if not structure.restricted:
            return member
        for account in range(len(desk.ledger.cash)):
            if in_scope(desk, account, scope) and structure.may_buy[account, member]:
                return member
    return -1


@inner
def member_for(desk: Desk, t: int, account: int, sleeve: int) -> int:
    """Return the first member of a sleeve that an account may buy today, or -1."""
    structure = desk.structure
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        if may_buy_in(desk, t, account, structure.sleeve_member[i]):
            return structure.sleeve_member[i]
    return -1


@inner
def note_blocked(desk: Desk, t: int, account: int, security: int, amount: float) -> None:
    """Write down that a security could not be bought, and why."""
    why = Reason.RESTRICTED
    if not desk.prices.traded[t, security]:
        why = Reason.NOT_TRADED
    elif not may_buy(desk, t, security):
        why = Reason.WASH_WINDOW_BUY
    pass_over(desk.tape, desk.ledger, t, account, security, why, amount)


@inner
def note_shut(desk: Desk, t: int, scope: int) -> None:
    """Write down what sales of this very decision have closed to purchases: its cash went to others."""
    work, structure = desk.work, desk.structure
    for n in range(len(work.want)):
        if work.want[n] > LEAST_AMOUNT and buyable_member(desk, t, n, scope) < 0:
            preferred = structure.sleeve_member[structure.sleeve_first[n]]
            note_blocked(desk, t, max(scope, 0), preferred, work.want[n])


@inner
def ready_cash(desk: Desk, t: int, scope: int, expected: bool) -> None:
    """Fill `work.free` with the cash that each account may spend, once the sales that wait are made.

    With what planned sales are `expected` to bring, before they are made.
    """
    work, ledger = desk.work, desk.ledger
    for account in range(len(work.free)):
        work.free[account] = 0.0
        if in_scope(desk, account, scope):
            cash = ledger.cash[account] - desk.structure.min_cash[account] + still_to_come(desk, t, account)
            if expected:
                for security in range(ledger.held.shape[1]):
                    sale = work.sale[account, security]
                    cash += sale - cost_of(desk, t, account, security, sale)
            work.free[account] = max(0.0, cash)


@inner
def place_buys(desk: Desk, t: int, spare: float, scope: int) -> None:
    """Fill (A, N) `work.amounts` with purchases of (N,) `work.want` for at most `spare` US$ and `work.free` a account.

    What finds no place stays in `work.want`.
    """
    work, plan = desk.work, desk.plan
    work.amounts[:] = 0.0
    needed = 0.0
    again = 0.0
    for n in range(len(work.want)):
        if work.want[n] > 0.0:
            back = bought_back(desk, n, scope)
            needed += work.want[n] + sleeve_cost(desk, t, n, scope, work.want[n])
            again += back + sleeve_cost(desk, t, n, scope, back)
    if needed <= 0.0:
        return
    # An exchange is made whole: what falls short falls short of the other purchases.
    scale = 1.0
    scale_back = 1.0
    if spare < needed:
        scale = max(0.0, spare - again) / (needed - again) if needed > again else 0.0
        scale_back = min(1.0, spare / again) if again > 0.0 else 0.0
    for n in range(len(work.want)):
        back = bought_back(desk, n, scope)
        work.want[n] = (work.want[n] - back) * scale + back * scale_back
    ranks = RANKS if plan.locate and scope == HOUSEHOLD else 1
    for rank in range(1, ranks + 1):
        for n in range(len(work.want)):
            if work.want[n] > 0.0:
                placed = place_at_rank(desk, t, n, work.want[n], 0 if ranks == 1 else rank, scope)
                work.want[n] = max(0.0, work.want[n] - placed)


@inner
def bought_back(desk: Desk, sleeve: int, scope: int) -> float:
    """Return US$ of a sleeve's purchases that only make good what an exchange has sold elsewhere."""
    work = desk.work
    if not desk.structure.restricted or scope != HOUSEHOLD:
        return 0.0
    return max(0.0, min(work.want[sleeve], work.sleeve_sold[sleeve] + min(0.0, work.sleeve_change[sleeve])))


@inner
def sleeve_cost(desk: Desk, t: int, sleeve: int, scope: int, amount: float) -> float:
    """Return what buying `amount` US$ of a sleeve would cost today, as one order of the first account."""
    member = buyable_member(desk, t, sleeve, scope)
    return cost_of(desk, t, 0, member, amount) if member >= 0 else 0.0


@inner
def place_at_rank(desk: Desk, t: int, sleeve: int, amount: float, rank: int, scope: int) -> float:
    """Spread a purchase over the accounts of one rank (0: any) by what their cash pays for; return what of it fits."""
    work, structure = desk.work, desk.structure
    asset_class = structure.sleeve_class[sleeve]
    common = -1 if structure.restricted else buyable_member(desk, t, sleeve, scope)
    room = 0.0
    for account in range(len(work.free)):
        work.room[account] = 0.0
        ranked = rank == 0 or structure.location[asset_class, structure.kind[account]] == rank
        if work.free[account] > 0.0 and ranked:
            member = member_for(desk, t, account, sleeve) if structure.restricted else common
            if member >= 0:
                work.room[account] = affordable(desk, t, account, member, work.free[account])
                room += work.room[account]
    if room <= 0.0:
        return 0.0
    amount = min(amount, room)
    for account in range(len(work.free)):
        if work.room[account] > 0.0:
            member = member_for(desk, t, account, sleeve) if structure.restricted else common
            part = amount * (work.room[account] / room)
            work.amounts[account, sleeve] += part
            work.free[account] -= part + cost_of(desk, t, account, member, part)
    return amount


@inner
def make_buys(desk: Desk, t: int) -> None:
    """Buy what `work.amounts` says, for the reason of each class in `work.reason`."""
    work, structure = desk.work, desk.structure
    for account in range(work.amounts.shape[0]):
        for n in range(work.amounts.shape[1]):
            amount = work.amounts[account, n]
            if amount < LEAST_AMOUNT:
                continue
            # Sales of this very decision may have closed what was open a moment ago: ask again.
            member = member_for(desk, t, account, n)
            preferred = structure.sleeve_member[structure.sleeve_first[n]]
            if member != preferred:
                note_blocked(desk, t, account, preferred, amount)
            if member >= 0:
                reason = work.reason[structure.sleeve_class[n]]
                if work.sleeve_change[n] <= 0.0:
                    reason = Reason.SWAP
                buy_amount(desk, t, account, member, amount, reason)


@inner
def buy_amount(desk: Desk, t: int, account: int, security: int, amount: float, reason: int) -> None:
    """Buy the shares that `amount` US$ are to buy, as far as the account's cash goes, unless that is too little."""
    decided = desk.work.price[security]
    least = desk.plan.min_trade if reason != Reason.OPENING else 0.0
    if amount < least:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return
    buy_shares(desk, t, account, security, amount / decided, decided, least, reason)


@inner
def buy_shares(
    desk: Desk, t: int, account: int, security: int, quantity: float, decided: float, least: float, reason: int
) -> None:  # fmt: skip
    """Try to buy shares today, decided at the price `decided`; what cannot be bought yet waits.

    It waits for its price, for volume, and for the cash of sales that wait. Of less than `least` US$ nothing is bought,
    unless it is a piece of more.
    """
    patient = desk.plan.orders.patient
    if patient:
        drop_order(desk, account, security)
    price = fill_price(desk, t, account, security, BUY, decided, patient)
    if price == GIVEN_UP:
        return
    if not price > 0.0:
        keep_order(desk, account, security, quantity, decided, reason)
        return
    piece = piece_of(desk, t, account, security, quantity, price, patient)
    cash = desk.ledger.cash[account] - desk.structure.min_cash[account]
    amount = piece * price
    short = patient and cash < amount + cost_of(desk, t, account, security, amount)
    more_to_come = short and still_to_come(desk, t, account) > LEAST_AMOUNT
    bought = 0.0
    if not (more_to_come and cash < min(desk.plan.min_trade, amount)):
        least = 0.0 if more_to_come or piece < quantity else least
        desk.work.resting[0] = rests(desk, t, security, price, patient)
        bought = buy_for(desk, t, account, security, amount, cash, price, decided, least, reason)
        desk.work.resting[0] = False
    if short and bought == 0.0 and not more_to_come:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.ORDER_ENDED, amount)
    left = quantity - (bought if more_to_come else piece)
    if patient and left > 0.0 and not never_fits(desk, t, security, price):
        desk.work.order_tries[account, security] = 0  # the rest is a limit order of its own
        keep_order(desk, account, security, left, decided, reason)


@inner
def buy_for(
    desk: Desk, t: int, account: int, security: int, amount: float, cash: float, price: float, decided: float,
    least: float, reason: int,
) -> float:  # fmt: skip
    """Buy `amount` US$ at `price`, or what `cash` pays for, unless that is less than `least`; return the shares."""
    reckoned = desk.work.price[security]
    desk.work.price[security] = price
    wanted = min(amount, affordable(desk, t, account, security, cash))
    quantity = wanted / price
    if desk.plan.whole_shares:
        quantity = np.floor(quantity * (1.0 + ROUNDING))
        wanted = quantity * price
    fill = fill_of(desk, t, account, security, wanted, decided)
    desk.work.price[security] = reckoned
    if wanted < LEAST_AMOUNT:
        if amount >= LEAST_AMOUNT and 0.0 < cash <= desk.plan.commission[account, security]:
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    if wanted < least:
        pass_over(desk.tape, desk.ledger, t, account, security, Reason.BELOW_MINIMUM, amount)
        return 0.0
    buy(desk, t, account, security, quantity, fill, reason)
    return quantity


@inner
def note_unplaced(desk: Desk, t: int, total: float, held_back: float) -> None:
    """Write down the purchases for which no account that may hold them has cash.

    Among them those that cash which is `held_back`, US$, would have paid for: reserves, and cash of frozen accounts.
    """
    work, structure = desk.work, desk.structure
    for n in range(len(work.want)):
        missing = work.want[n]
        if held_back > ROUNDING * total:
            wanted = max(0.0, work.sleeve_change[n] + work.sleeve_sold[n])
            for account in range(work.amounts.shape[0]):
                wanted -= work.amounts[account, n]
            missing = min(wanted, held_back)
        if missing > max(LEAST_AMOUNT, ROUNDING * total):
            preferred = structure.sleeve_member[structure.sleeve_first[n]]
            pass_over(desk.tape, desk.ledger, t, 0, preferred, Reason.CASH_ELSEWHERE, missing)
