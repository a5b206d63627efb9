"""Which lots to sell, and what may not be bought or sold today because a wash sale would follow."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
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

#: Mark of a lot in `work.take` that must not be sold.
KEPT = -1.0


@inner
def may_buy(desk: Desk, t: int, security: int) -> bool:
    """Say whether a purchase today is possible and makes no wash sale with a sale of the household's past days."""
    if not desk.prices.traded[t, security]:
        return False
    blocked = desk.prices.day[t] <= desk.ledger.blocked[desk.structure.group[security]]
    return not (desk.plan.avoid_wash_sales and blocked)


@inner
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


@inner
def own_only(desk: Desk, recent: int, purchase: int, fresh: int) -> bool:
    """Say whether what `recent_purchase` found could not replace shares of this lot, being of its own purchase."""
    return recent == NONE or (recent == purchase and (desk.structure.reading.parent_excluded or fresh == 1))


@inner
def choose_lots(desk: Desk, t: int, account: int, security: int, quantity: float, must: bool) -> int:
    """Pick lots for a sale of up to `quantity` shares into `work.order` and `work.take`; return how many.

    Left out are short-term gains that turn long-term within the guard, and losses that a purchase of the past days
    would wash; the reason is noted on the tape.
    """
    rank_lots(desk, t, account, security, desk.plan.lot_method)
    if must:
        offer_guarded(desk, t, account, security)
    return take_ranked(desk, t, account, security, quantity)


@inner
def take_ranked(desk: Desk, t: int, account: int, security: int, quantity: float) -> int:
    """Fill `work.order` and `work.take` from the ranking in `work`, up to `quantity` shares; return how many lots."""
    work = desk.work
    count = desk.ledger.lot_count[account, security]
    page = desk.ledger.lots[account, security]
    everything = quantity >= desk.ledger.held[account, security] * (1.0 - DUST)
    # Bases that differ by rounding are equal: the older lot goes first.
    tie = DUST * desk.prices.close[t, security]
    chosen = 0
    left = quantity
    while chosen < count and (left > DUST * quantity or everything):
        best = -1
        for k in range(count):
            if work.take[k] == 0.0 and (
                best < 0
                or work.tier[k] < work.tier[best]
                or (work.tier[k] == work.tier[best] and work.key[k] < work.key[best] - tie)
            ):
                best = k
        if best < 0:
            break
        work.take[best] = page[best].quantity if everything else min(page[best].quantity, left)
        left -= work.take[best]
        work.order[chosen] = best
        chosen += 1
    return chosen


@inner
def rank_lots(desk: Desk, t: int, account: int, security: int, method: int) -> None:
    """Fill `work.tier` and `work.key` with the order of sale of a position's lots, and mark those to be kept."""
    work, plan = desk.work, desk.plan
    day = desk.prices.day[t]
    price = desk.prices.close[t, security] * (1.0 - plan.half_spread[security])
    taxed = desk.structure.kind[account] == TAXABLE
    recent = NONE
    if taxed and plan.avoid_wash_sales:
        recent, _ = recent_purchase(desk, desk.structure.group[security], day)
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        unit_basis = (lot.cost + lot.deferred) / lot.quantity
        if abs(unit_basis - price) <= DUST * price:
            unit_basis = price  # at cost: neither a gain nor a loss
        work.take[k] = 0.0
        if taxed and unit_basis > price and not own_only(desk, recent, lot.purchase, lot.fresh):
            work.take[k] = KEPT
            amount = (unit_basis - price) * lot.quantity
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.WASH_WINDOW_SALE, amount)
        elif taxed and postponed(day, lot.long_from, unit_basis, price, plan.guard_days):
            work.take[k] = KEPT
            amount = (price - unit_basis) * lot.quantity
            pass_over(desk.tape, desk.ledger, t, account, security, Reason.GAIN_GUARD, amount)
        tier, key = sale_order(method, day, lot.acquired, lot.long_from, unit_basis, price)
        work.tier[k] = tier
        work.key[k] = key


@inner
def offer_guarded(desk: Desk, t: int, account: int, security: int) -> None:
    """Offer gains kept back by the guard after all, behind every other lot: tax must be paid."""
    work = desk.work
    price = desk.prices.close[t, security] * (1.0 - desk.plan.half_spread[security])  # as the ranking saw it
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        if work.take[k] == KEPT and lot.cost + lot.deferred < lot.quantity * price:
            work.take[k] = 0.0
            work.tier[k] += BEHIND


@inner
def unit_gain(desk: Desk, t: int, account: int, security: int) -> float:
    """Return a position's unrealised gain as a fraction of its value: what selling a dollar of it would realise."""
    basis = 0.0
    for k in range(desk.ledger.lot_count[account, security]):
        lot = desk.ledger.lots[account, security, k]
        basis += lot.cost + lot.deferred
    return 1.0 - basis / (desk.ledger.held[account, security] * desk.prices.close[t, security])
