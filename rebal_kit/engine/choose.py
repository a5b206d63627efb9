"""Which lots to sell, and what may not be bought or sold today because a wash sale would follow."""

from __future__ import annotations

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE, Plan, Prices, Structure
from rebal_kit.engine.ledger import Ledger
from rebal_kit.engine.tape import Tape, pass_over
from rebal_kit.rules.lots import postponed, sale_order
from rebal_kit.rules.wash_sale import in_window

#: Answers of `recent_purchase` beside the number of a purchase.
NONE, SEVERAL = -1, -2


@compiled
def may_buy(ledger: Ledger, structure: Structure, plan: Plan, prices: Prices, t: int, security: int) -> bool:
    """Say whether a purchase today is possible and makes no wash sale with a sale of the household's past days."""
    if not prices.traded[t, security]:
        return False
    return not (plan.avoid_wash_sales and prices.day[t] <= ledger.blocked[structure.group[security]])


@compiled
def recent_purchase(ledger: Ledger, structure: Structure, group: int, day: int, wash_days: int) -> int:
    """Return the one purchase inside the window before `day` whose shares could replace others: NONE, its number, or SEVERAL."""
    found = NONE
    if not in_window(ledger.last_buy[group], day, wash_days):
        return found
    for i in range(structure.group_first[group], structure.group_first[group + 1]):
        security = structure.group_member[i]
        for account in range(len(ledger.cash)):
            for k in range(ledger.count[account, security] - 1, -1, -1):
                lot = ledger.lots[account, security, k]
                if not in_window(lot.acquired, day, wash_days):
                    break  # pages are in order of acquisition
                if lot.fresh == 1 and lot.purchase != found:
                    if found != NONE:
                        return SEVERAL
                    found = lot.purchase
    return found


@compiled
def choose_lots(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int,
    t: int, account: int, security: int, quantity: float,
) -> int:  # fmt: skip
    """Pick lots for a sale of up to `quantity` shares into `ledger.order` and `ledger.take`; return how many.

    Left out are short-term gains that turn long-term within the guard, and losses that a purchase of the past days
    would wash; the reason is noted on the tape.
    """
    count = ledger.count[account, security]
    page = ledger.lots[account, security]
    day = prices.day[t]
    price = prices.close[t, security] * (1.0 - plan.half_spread[security])
    taxed = structure.kind[account] == TAXABLE
    recent = NONE
    if taxed and plan.avoid_wash_sales:
        recent = recent_purchase(ledger, structure, structure.group[security], day, wash_days)
    everything = quantity >= ledger.held[account, security] * (1.0 - 1e-12)
    for k in range(count):
        ledger.take[k] = 0.0
    chosen = 0
    left = quantity
    while chosen < count and (left > 0.0 or everything):
        best = -1
        best_tier = 0
        best_key = 0.0
        for k in range(count):
            if ledger.take[k] != 0.0:
                continue
            lot = page[k]
            unit_basis = (lot.cost + lot.deferred) / lot.quantity
            if taxed and recent != NONE and unit_basis > price and lot.purchase != recent:
                ledger.take[k] = -1.0
                amount = (unit_basis - price) * lot.quantity
                pass_over(tape, ledger, t, account, security, Reason.WASH_WINDOW_SALE, amount)
                continue
            if taxed and plan.guard_days > 0 and postponed(day, lot.long_from, unit_basis, price, plan.guard_days):
                ledger.take[k] = -1.0
                amount = (price - unit_basis) * lot.quantity
                pass_over(tape, ledger, t, account, security, Reason.GAIN_GUARD, amount)
                continue
            tier, key = sale_order(plan.lot_method, day, lot.acquired, lot.long_from, unit_basis, price)
            if best < 0 or tier < best_tier or (tier == best_tier and key < best_key):
                best = k
                best_tier = tier
                best_key = key
        if best < 0:
            break
        ledger.take[best] = page[best].quantity if everything else min(page[best].quantity, left)
        left -= ledger.take[best]
        ledger.order[chosen] = best
        chosen += 1
    return chosen


@compiled
def unit_gain(ledger: Ledger, account: int, security: int, price: float) -> float:
    """Return the unrealised gain of a position as a fraction of its value: what selling a dollar of it would realise."""
    basis = 0.0
    for k in range(ledger.count[account, security]):
        lot = ledger.lots[account, security, k]
        basis += lot.cost + lot.deferred
    return 1.0 - basis / (ledger.held[account, security] * price)
