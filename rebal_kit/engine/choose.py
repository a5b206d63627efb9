"""Which lots to sell, and what may not be bought or sold today because a wash sale would follow."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.arrays import MINIMISE, NEVER, TAXABLE
from rebal_kit.engine.budget import Room, gain_room, lower_room, shares_within
from rebal_kit.engine.costs import net_price, price_after
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import DISPOSED, GONE
from rebal_kit.engine.pages import DUST
from rebal_kit.engine.tape import pass_over
from rebal_kit.reasons import Reason
from rebal_kit.rules.lots import postponed, sale_order
from rebal_kit.rules.wash_sale import in_window

#: Answers of `recent_purchase` beside the number of a purchase.
NONE, SEVERAL = -1, -2

#: Added to a tier, it puts a lot behind all others.
BEHIND = 100

#: How urgent a sale is: of the engine's own choice; one that must be made; one that nothing else can make good.
FREELY, MUST, LAST = 0, 1, 2

#: A gain costs at least this rate: at 0 % today it may still push other income into a bracket that is taxed.
LEAST_RATE = 1e-6

#: Choosing lots for what they bring after costs, and costs for the lots that are chosen, ends after so many rounds.
MOST_ROUNDS = 8

#: Mark of a lot in `work.take` that must not be sold.
KEPT = -1.0


@inner
def may_buy(desk: Desk, t: int, security: int) -> bool:
    """Say whether a purchase today is possible and makes no wash sale with a sale of the household's past days."""
    if not desk.prices.traded[t, security]:
        return False
    blocked = desk.prices.day[t] <= desk.ledger.blocked[desk.structure.group[security]]
    return not (desk.plan.avoid_wash_sales and blocked)


@hot
def recent_purchase(desk: Desk, group: int, day: int) -> tuple[int, int]:
    """Return the one purchase inside the window before `day` whose shares could replace others, and the earliest day.

    The purchase is NONE, its number, or SEVERAL; the day is that of the earliest such purchase. Purchases older than
    the lot to be sold are among them whatever the reading of the law: avoided is never less than what would be washed.
    """
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    found = NONE
    earliest = day
    if not in_window(ledger.last_buy[group], day, wash_days):
        return found, earliest
    for i in range(structure.group_first[group], structure.group_first[group + 1]):
        security = structure.group_member[i]
        for account in range(len(ledger.cash)):
            last = ledger.lot_count[account, security] - 1 if structure.replaces[account] else -1
            for k in range(last, -1, -1):
                lot = ledger.lots[account, security, k]
                if not in_window(lot.acquired, day, wash_days):
                    break  # pages are in order of acquisition
                if lot.fresh == 0:
                    continue
                earliest = min(earliest, lot.acquired)
                if found == NONE:
                    found = lot.purchase
                elif found != lot.purchase:
                    found = SEVERAL
    for g in range(ledger.state[DISPOSED]):
        gone = ledger.losses[GONE, g]
        if gone.group == group and gone.quantity > 0.0 and in_window(gone.acquired, day, wash_days):
            earliest = min(earliest, gone.acquired)
            if found == NONE:
                found = gone.purchase
            elif found != gone.purchase:
                found = SEVERAL
    return found, earliest


@hot
def own_only(desk: Desk, recent: int, purchase: int, fresh: int) -> bool:
    """Say whether what `recent_purchase` found could not replace shares of this lot, being of its own purchase."""
    return recent == NONE or (recent == purchase and (desk.structure.reading.parent_excluded or fresh == 1))


@inner
def may_buy_in(desk: Desk, t: int, account: int, security: int) -> bool:
    """Say whether an account may buy a security today: it is not restricted there, and `may_buy`."""
    return desk.structure.may_buy[account, security] and may_buy(desk, t, security)


@inner
def choose_lots(desk: Desk, t: int, account: int, security: int, quantity: float, urgency: int) -> int:
    """Pick lots for a sale of up to `quantity` shares into `work.order` and `work.take`; return how many.

    Left out are losses that a purchase of the past days would wash, and, unless the sale must be made, short-term
    gains that are not to be realised now and gains beyond the year's budget; the reason is noted on the tape. As a
    LAST resort such losses are sold too: a withdrawal has to be paid, and the book settles the wash sale.
    """
    price = price_after(desk, t, account, security, quantity)
    for _ in range(MOST_ROUNDS):
        rank_lots(desk, t, account, security, desk.plan.lot_method, price)
        if urgency != FREELY:
            offer_guarded(desk, account, security, urgency, price)
        chosen = take_ranked(desk, t, account, security, quantity, urgency)
        if desk.plan.whole_shares:
            chosen = whole_order(desk, account, security, chosen)
        if not (desk.plan.lumpy and desk.plan.avoid_wash_sales) or chosen == 0:
            return chosen
        # A commission or the impact can make a loss of a gain: lots are chosen by what is left after all of it.
        after = price_after(desk, t, account, security, shares_chosen(desk, chosen))
        if after >= price * (1.0 - DUST):
            return chosen
        price = after
    return 0


@inner
def shares_chosen(desk: Desk, chosen: int) -> float:
    """Return the shares of the lots chosen for a sale."""
    shares = 0.0
    for i in range(chosen):
        shares += desk.work.take[desk.work.order[i]]
    return shares


@inner
def whole_order(desk: Desk, account: int, security: int, chosen: int) -> int:
    """Cut the fraction of a share off an order, from its last lots, unless all is sold; return how many stay."""
    work = desk.work
    shares = shares_chosen(desk, chosen)
    if shares >= desk.ledger.held[account, security] * (1.0 - DUST):
        return chosen
    over = shares - np.floor(shares * (1.0 + DUST))
    while chosen > 0 and over > DUST * shares:
        last = work.order[chosen - 1]
        cut = min(over, work.take[last])
        over -= cut
        if work.take[last] - cut > DUST * shares:
            work.take[last] -= cut
        else:
            chosen -= 1
    return chosen


@inner
def take_ranked(desk: Desk, t: int, account: int, security: int, quantity: float, urgency: int) -> int:
    """Fill `work.order` and `work.take` from the ranking in `work`, up to `quantity` shares; return how many lots."""
    work = desk.work
    count = desk.ledger.lot_count[account, security]
    page = desk.ledger.lots[account, security]
    everything = quantity >= desk.ledger.held[account, security] * (1.0 - DUST)
    limited = urgency == FREELY and desk.structure.kind[account] == TAXABLE
    room = gain_room(desk, t, security) if limited else Room(np.inf, np.inf)
    chosen = 0
    left = quantity
    while chosen < count and (left > DUST * quantity or everything):
        best = first_in_line(desk, account, security)
        if best < 0:
            break
        taken = page[best].quantity if everything else min(page[best].quantity, left)
        if limited and room.gain < np.inf:
            within = shares_within(desk, t, security, page[best], room)
            if within < taken:
                amount = (taken - within) * desk.work.price[security]
                pass_over(desk.tape, desk.ledger, t, account, security, Reason.GAIN_BUDGET, amount)
                if within <= DUST * taken:
                    work.take[best] = KEPT
                    continue
                taken = within
            room = lower_room(desk, t, security, page[best], taken, room)
        work.take[best] = taken
        left -= taken
        work.order[chosen] = best
        chosen += 1
    return chosen


@inner
def first_in_line(desk: Desk, account: int, security: int) -> int:
    """Return the lot that `work.tier` and `work.key` put first among those not yet taken, or -1."""
    work = desk.work
    # Bases that differ by rounding are equal: the older lot goes first.
    tie = DUST * desk.work.price[security]
    best = -1
    for k in range(desk.ledger.lot_count[account, security]):
        if work.take[k] == 0.0 and (
            best < 0
            or work.tier[k] < work.tier[best]
            or (work.tier[k] == work.tier[best] and work.key[k] < work.key[best] - tie)
        ):
            best = k
    return best


@inner
def next_lot(
    desk: Desk, t: int, account: int, security: int, planned: float, urgency: int
) -> tuple[float, float]:
    """Return the tax per US$ of the lot that is sold next when `planned` US$ of a position are, and US$ left of it.

    Tax is taken at the household's marginal rates; a loss has a negative one. Nothing left: infinite, 0.
    """
    work, table = desk.work, desk.table
    price = desk.work.price[security]
    value = desk.ledger.held[account, security] * price
    if not desk.prices.traded[t, security]:
        return np.inf, 0.0
    if desk.structure.kind[account] != TAXABLE:
        left = value - planned
        return (0.0, left) if left > DUST * value else (np.inf, 0.0)
    net = net_price(desk, t, security)
    rank_lots(desk, t, account, security, desk.plan.lot_method, net)
    if urgency != FREELY:
        offer_guarded(desk, account, security, urgency, net)
    before = 0.0
    while True:
        best = first_in_line(desk, account, security)
        if best < 0:
            return np.inf, 0.0
        lot = desk.ledger.lots[account, security, best]
        before += lot.quantity * price
        if before - planned > DUST * value:
            long = desk.prices.day[t] >= lot.long_from
            gain = net - (lot.cost + lot.deferred) / lot.quantity
            rate = table.marginal_long if long else table.marginal_short
            cost = gain / price * max(rate, LEAST_RATE)
            late = gain > 0.0 and not long and desk.plan.short_gains == MINIMISE
            return cost + BEHIND if late else cost, before - planned
        work.take[best] = lot.quantity


@inner
def tax_of_sale(desk: Desk, t: int, account: int, security: int, amount: float) -> float:
    """Return the tax on a sale of `amount` US$ of a position, lot by lot as `next_lot` has it."""
    value = desk.ledger.held[account, security] * desk.work.price[security]
    tax = 0.0
    planned = 0.0
    while amount - planned > DUST * value:
        cost, room = next_lot(desk, t, account, security, planned, FREELY)
        if cost == np.inf:
            break
        part = min(room, amount - planned)
        tax += part * cost
        planned += part
    return tax


@inner
def rank_lots(desk: Desk, t: int, account: int, security: int, method: int, price: float) -> None:
    """Fill `work.tier` and `work.key` with the order of sale of a position's lots, and mark those to be kept.

    `price` is what a share brings, net of costs.
    """
    work, plan = desk.work, desk.plan
    day = desk.prices.day[t]
    taxed = desk.structure.kind[account] == TAXABLE
    recent = NONE
    if taxed and plan.avoid_wash_sales:
        recent, _ = recent_purchase(desk, desk.structure.group[security], day)
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        unit_basis = (lot.cost + lot.deferred) / lot.quantity
        if abs(unit_basis - price) <= DUST * price:
            unit_basis = price  # at cost: neither a gain nor a loss
        tier, key = sale_order(method, day, lot.acquired, lot.long_from, unit_basis, price)
        work.take[k] = 0.0
        short_gain = taxed and price > unit_basis and day < lot.long_from
        if taxed and unit_basis > price and not own_only(desk, recent, lot.purchase, lot.fresh):
            work.take[k] = KEPT
            amount = (unit_basis - price) * lot.quantity
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.WASH_WINDOW_SALE, amount)
        elif short_gain and plan.short_gains == NEVER:
            work.take[k] = KEPT
            amount = (price - unit_basis) * lot.quantity
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.SHORT_GAIN, amount)
        elif taxed and postponed(day, lot.long_from, unit_basis, price, plan.guard_days):
            work.take[k] = KEPT
            amount = (price - unit_basis) * lot.quantity
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.GAIN_GUARD, amount)
        elif short_gain and plan.short_gains == MINIMISE:
            tier += BEHIND
        work.tier[k] = tier
        work.key[k] = key


@inner
def offer_guarded(desk: Desk, account: int, security: int, urgency: int, price: float) -> None:
    """Offer gains that were kept back after all, behind every other lot, and as a LAST resort losses that wash.

    `price` is the one by which lots were ranked.
    """
    work = desk.work
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        gain = lot.cost + lot.deferred < lot.quantity * price
        if work.take[k] == KEPT and (gain or urgency == LAST):
            work.take[k] = 0.0
            work.tier[k] += BEHIND
