"""A position's page of lots, in order of acquisition: writing, taking out and cutting them. For the book only."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import LONG_AGO, LOTS_FULL, STATUS
from rebal_kit.rules.harvest import qualifying_price
from rebal_kit.rules.holding import first_long_term_day
from rebal_kit.rules.lots import averaged
from rebal_kit.rules.wash_sale import in_window

#: A remainder below this share of a lot is rounding, not a holding.
DUST = 1e-12

#: So many shares are no holding either, however small the lot: no broker deals in less than a millionth of a share.
#: What rounding leaves over would be a piece of its own in one order of sums, and none in another.
SPECK = 1e-9

#: A price that close to the one at which a lot qualifies is worth a look.
ROUNDING = 1e-9


@hot
def append_lot(
    desk: Desk, account: int, security: int, quantity: float, cost: float, deferred: float,
    acquired: int, start: int, purchase: int, fresh: int,
) -> None:  # fmt: skip
    """Write a lot at the end of its page; the page is then still in order of acquisition."""
    ledger = desk.ledger
    k = ledger.lot_count[account, security]
    if k >= ledger.lots.shape[2]:
        ledger.state[STATUS] = LOTS_FULL
        return
    lot = ledger.lots[account, security, k]
    lot.quantity = quantity
    lot.cost = cost
    lot.deferred = deferred
    lot.acquired = acquired
    lot.start = start
    lot.long_from = long_from(desk, start)
    lot.purchase = purchase
    lot.fresh = fresh
    ledger.lot_count[account, security] = k + 1
    watch(desk, account, security, k)


@hot
def is_speck(shares: float, whole: float) -> bool:
    """Say whether what is left of `whole` shares is rounding."""
    return shares <= max(DUST * whole, SPECK)


@hot
def long_from(desk: Desk, start: int) -> int:
    """Return the first long-term day, working it out once for all that is bought on a day."""
    known = desk.work.long_from
    if known[0] != start:
        known[0] = start
        known[1] = first_long_term_day(start)
    return known[1]


@hot
def remove_lots(desk: Desk, day: int, account: int, security: int, chosen: int) -> float:
    """Move the chosen shares from the page into `work.sold`, all of them before any is looked at for a wash sale.

    Shares of one order cannot replace each other (Rev. Rul. 56-602 and the practice built on it).
    """
    ledger, work = desk.ledger, desk.work
    page = ledger.lots[account, security]
    quantity = 0.0
    recent = False
    for i in range(chosen):
        k = work.order[i]
        lot = page[k]
        slice_ = work.sold[i]
        work.sold[i] = lot
        if len(desk.tape.journal) > 0:
            slice_.piece = piece_number(desk, account, security, k)
        taken = work.take[k]
        if is_speck(lot.quantity - taken, lot.quantity):
            taken = lot.quantity
            lot.quantity = 0.0
            recent = recent or (lot.fresh == 1 and in_window(lot.acquired, day, desk.table.wash_days))
        else:
            # Both parts are shares of the whole, not one the remainder of the other: basis per share stays what it was
            # however often a lot is cut, so that lots at one price tie and a sale at cost is no loss.
            share = taken / lot.quantity
            rest = (lot.quantity - taken) / lot.quantity
            slice_.quantity = taken
            slice_.cost = lot.cost * share
            slice_.deferred = lot.deferred * share
            lot.quantity -= taken
            lot.cost *= rest
            lot.deferred *= rest
        slice_.whole = taken
        quantity += taken
    used = 0
    for k in range(ledger.lot_count[account, security]):
        lot = page[k]
        if lot.quantity > 0.0:
            if used < k:
                page[used] = lot
            used += 1
    ledger.lot_count[account, security] = used
    held = ledger.held[account, security] - quantity
    ledger.held[account, security] = held if used > 0 else 0.0
    if recent:
        forget_windows(desk, desk.structure.group[security])
    if used == 0:
        desk.work.ripe[account, security] = 0.0
    return quantity


@inner
def piece_number(desk: Desk, account: int, security: int, k: int) -> int:
    """Return which piece of its purchase lot `k` is, from 1; 0 where the purchase has only one.

    Pieces of a purchase lie side by side.
    """
    page = desk.ledger.lots[account, security]
    purchase = page[k].purchase
    first = k
    while first > 0 and page[first - 1].purchase == purchase:
        first -= 1
    alone = first == k and (
        k + 1 >= desk.ledger.lot_count[account, security] or page[k + 1].purchase != purchase
    )
    return 0 if alone else k - first + 1


@inner
def average_basis(desk: Desk, account: int, security: int) -> None:
    """Give every lot of a position the position's average basis a share; dates stay."""
    ledger = desk.ledger
    page = ledger.lots[account, security]
    quantity = 0.0
    cost = 0.0
    deferred = 0.0
    for k in range(ledger.lot_count[account, security]):
        quantity += page[k].quantity
        cost += page[k].cost
        deferred += page[k].deferred
    for k in range(ledger.lot_count[account, security]):
        page[k].cost = averaged(page[k].quantity, quantity, cost)
        page[k].deferred = averaged(page[k].quantity, quantity, deferred)


@inner
def split_lot(desk: Desk, account: int, security: int, k: int, quantity: float) -> None:
    """Cut lot `k` in two: `quantity` shares stay at `k`, the rest follows it."""
    ledger = desk.ledger
    count = ledger.lot_count[account, security]
    if count >= ledger.lots.shape[2]:
        ledger.state[STATUS] = LOTS_FULL
        return
    page = ledger.lots[account, security]
    for j in range(count, k, -1):
        page[j] = page[j - 1]
    first = page[k]
    rest = page[k + 1]
    share = quantity / first.quantity
    remaining = (first.quantity - quantity) / first.quantity
    first.cost *= share
    first.deferred *= share
    rest.cost *= remaining
    rest.deferred *= remaining
    rest.quantity -= quantity
    first.quantity = quantity
    ledger.lot_count[account, security] = count + 1


@hot
def watch(desk: Desk, account: int, security: int, k: int) -> None:
    """Let the harvest scan look at a position again from the price at which lot `k` can qualify."""
    price = worth_a_look(desk, desk.ledger.lots[account, security, k])
    desk.work.ripe[account, security] = max(desk.work.ripe[account, security], price)


@hot
def worth_a_look(desk: Desk, lot: np.record) -> float:
    """Return the price per share, net of cost, above which a lot cannot qualify for a harvest."""
    plan = desk.plan
    # December may ask for less: the price at which a lot can qualify at all.
    least_pct = min(plan.min_loss_pct, plan.december_pct)
    least_usd = min(plan.min_loss_usd, plan.december_usd)
    return qualifying_price(lot.cost + lot.deferred, lot.quantity, least_pct, least_usd) * (1.0 + ROUNDING)


@inner
def forget_windows(desk: Desk, group: int) -> None:
    """Let the harvest scan ask again whether a purchase stands in the way of a group's losses, in any account."""
    for i in range(desk.structure.group_first[group], desk.structure.group_first[group + 1]):
        for account in range(len(desk.ledger.cash)):
            desk.work.window_until[account, desk.structure.group_member[i]] = LONG_AGO
