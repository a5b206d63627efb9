"""Wash sales, settled as they happen: which purchase replaces which loss. The rule itself is in `rules/wash_sale.py`.

A sale at a loss first looks back for purchases of the identity group in any account; shares not matched stay open as a
loss window that later purchases fill. Because windows are kept in the order of the sales, and purchases arrive in
order, every loss meets its replacements in order of acquisition (Reg. §1.1091-1(b)–(e)), and no share replaces twice.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    DISALLOWED,
    DISPOSED,
    GONE,
    LONG,
    LOSSES_FULL,
    LOTS_FULL,
    OK,
    OPEN_LOSSES,
    PERMANENT,
    SHORT,
    STATUS,
    WAITING,
)
from rebal_kit.engine.pages import DUST, forget_windows, split_lot, watch
from rebal_kit.engine.tape import note_match
from rebal_kit.rules.holding import first_long_term_day, replacement_start
from rebal_kit.rules.wash_sale import (
    disallowed_loss,
    in_window,
    matched_shares,
    may_replace,
    takes_basis,
)

#: Where a replacement was found beside the lots still held.
NOWHERE, IN_ORDER, GONE_BEFORE = range(3)


@inner
def disallow(
    desk: Desk, loss: np.record, matched: float, account: int, security: int, purchase: int, acquired: int,
    attached: int,
) -> float:  # fmt: skip
    """Take the loss on `matched` shares back; return the part that goes into the basis of their replacement.

    The replacement are shares of `purchase` in `account`. They are `attached` while they are held: what was sold again
    has no basis that could grow.
    """
    structure, years = desk.structure, desk.ledger.years
    amount = disallowed_loss(loss.per_share, matched)
    taxable = structure.kind[account] == TAXABLE
    same_owner = structure.owner[account] == structure.owner[loss.account]
    deferred = amount if takes_basis(taxable, same_owner, structure.reading) else 0.0
    years[loss.year, LONG if loss.long else SHORT] += amount
    years[loss.year, DISALLOWED] += amount
    years[loss.year, PERMANENT] += amount - deferred
    if loss.row >= 0:
        entry = desk.tape.journal[loss.row]
        entry.disallowed += amount
        entry.permanent += amount - deferred
        note_match(
            desk.tape, desk.ledger, loss.row, account, security, purchase, acquired, matched, amount,
            amount - deferred, attached,
        )  # fmt: skip
    loss.quantity -= matched
    return deferred


@inner
def replace_sold(desk: Desk, i: int, chosen: int) -> int:
    """Match slice `i` of the order, sold at the loss in `work.loss`, with purchases already made.

    The rest stays open for purchases to come. Returns how many slices the order has now: where lots of one order may
    replace each other, one of them may be cut in two.
    """
    ledger, reading = desk.ledger, desk.structure.reading
    loss = desk.work.loss[0]
    least = DUST * loss.quantity
    while in_window(ledger.last_buy[loss.group], loss.day, desk.table.wash_days) and loss.quantity > least:
        account, security, k = earliest_replacement(desk)
        if reading.row_level or reading.count_disposed:
            place, at = earlier_elsewhere(desk, account, security, k, i, chosen)
            if place == IN_ORDER:
                chosen = adjust_slice(desk, at, chosen)
            elif place == GONE_BEFORE:
                use_gone(desk, at)
            if ledger.state[STATUS] != OK:
                return chosen
            if place != NOWHERE:
                continue
        if account < 0:
            break
        lot = ledger.lots[account, security, k]
        matched = matched_shares(loss.quantity, lot.quantity)
        if matched < lot.quantity * (1.0 - DUST):
            split_lot(desk, account, security, k, matched)
            if ledger.state[STATUS] != OK:
                return chosen
            lot = ledger.lots[account, security, k]
        settled = disallow(desk, loss, matched, account, security, lot.purchase, lot.acquired, 1)
        lot.fresh = 0
        if settled > 0.0:
            lot.deferred += settled
            lot.start = replacement_start(lot.acquired, loss.start, loss.day, reading.tacking)
            lot.long_from = first_long_term_day(lot.start)
            watch(desk, account, security, k)
        forget_windows(desk, loss.group)
    if loss.quantity > least:
        open_window(desk)
    return chosen


@inner
def earliest_replacement(desk: Desk) -> tuple[int, int, int]:
    """Return (account, security, lot) of the earliest purchase that may replace `work.loss`, or -1s."""
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    loss = desk.work.loss[0]
    best = (-1, -1, -1)
    best_acquired = 0
    best_purchase = 0
    for i in range(structure.group_first[loss.group], structure.group_first[loss.group + 1]):
        security = structure.group_member[i]
        for account in range(len(ledger.cash)):
            if not structure.replaces[account]:
                continue
            for k in range(ledger.lot_count[account, security] - 1, -1, -1):
                lot = ledger.lots[account, security, k]
                if not in_window(lot.acquired, loss.day, wash_days):
                    break  # pages are in order of acquisition
                if not may_replace(
                    lot.acquired, lot.purchase, lot.fresh == 0, loss.day, loss.acquired, loss.purchase,
                    loss.replaced == 1, wash_days, structure.reading,
                ):  # fmt: skip
                    continue
                earlier = lot.acquired < best_acquired or (
                    lot.acquired == best_acquired and lot.purchase < best_purchase
                )
                if best[0] < 0 or earlier:
                    best = (account, security, k)
                    best_acquired = lot.acquired
                    best_purchase = lot.purchase
    return best


@inner
def earlier_elsewhere(
    desk: Desk, account: int, security: int, k: int, i: int, chosen: int
) -> tuple[int, int]:
    """Look for a replacement of slice `i` before the lot found, among what the readings of the law add.

    That are later slices of the same order (`row_level_matching`) and shares sold in earlier orders
    (`count_disposed_purchases`). Returns where one was found, and its index there.
    """
    ledger, reading, wash_days = desk.ledger, desk.structure.reading, desk.table.wash_days
    loss = desk.work.loss[0]
    place, at = NOWHERE, -1
    found = account >= 0
    acquired = ledger.lots[account, security, k].acquired if found else 0
    purchase = ledger.lots[account, security, k].purchase if found else 0
    if reading.row_level:
        for j in range(i + 1, chosen):
            slice_ = desk.work.sold[j]
            if not may_replace(
                slice_.acquired, slice_.purchase, slice_.fresh == 0, loss.day, loss.acquired, loss.purchase,
                loss.replaced == 1, wash_days, reading,
            ):  # fmt: skip
                continue
            # Of one purchase the shares sold in this order come before those that stay.
            earlier = slice_.acquired < acquired or (
                slice_.acquired == acquired
                and (slice_.purchase < purchase or (slice_.purchase == purchase and place == NOWHERE))
            )
            if not found or earlier:
                found, place, at = True, IN_ORDER, j
                acquired, purchase = slice_.acquired, slice_.purchase
    if reading.count_disposed:
        for g in range(ledger.state[DISPOSED]):
            gone = ledger.losses[GONE, g]
            if (
                gone.group != loss.group
                or gone.quantity <= 0.0
                or not may_replace(
                    gone.acquired, gone.purchase, False, loss.day, loss.acquired, loss.purchase,
                    loss.replaced == 1, wash_days, reading,
                )
            ):  # fmt: skip
                continue
            # Of one purchase the shares still held come before those that are gone.
            if (
                not found
                or gone.acquired < acquired
                or (gone.acquired == acquired and gone.purchase < purchase)
            ):
                found, place, at = True, GONE_BEFORE, g
                acquired, purchase = gone.acquired, gone.purchase
    return place, at


@inner
def adjust_slice(desk: Desk, j: int, chosen: int) -> int:
    """Let slice `j` of the order replace `work.loss` before it is sold itself; return how many slices there are now."""
    work, ledger = desk.work, desk.ledger
    loss = work.loss[0]
    matched = matched_shares(loss.quantity, work.sold[j].quantity)
    if matched < work.sold[j].quantity * (1.0 - DUST):
        if chosen >= len(work.sold):
            ledger.state[STATUS] = LOTS_FULL
            return chosen
        for n in range(chosen, j, -1):
            work.sold[n] = work.sold[n - 1]
        chosen += 1
        rest = work.sold[j + 1]
        share = matched / rest.quantity
        remaining = (rest.quantity - matched) / rest.quantity
        work.sold[j].quantity = matched
        work.sold[j].cost *= share
        work.sold[j].deferred *= share
        rest.quantity -= matched
        rest.cost *= remaining
        rest.deferred *= remaining
    slice_ = work.sold[j]
    settled = disallow(
        desk, loss, matched, loss.account, loss.security, slice_.purchase, slice_.acquired, 1
    )  # fmt: skip
    slice_.fresh = 0
    if settled > 0.0:
        slice_.deferred += settled
        tacking = desk.structure.reading.tacking
        slice_.start = replacement_start(slice_.acquired, loss.start, loss.day, tacking)
        slice_.long_from = first_long_term_day(slice_.start)
    return chosen


@inner
def use_gone(desk: Desk, g: int) -> None:
    """Let shares that were sold before replace `work.loss`: the loss is disallowed and has nowhere to go."""
    gone = desk.ledger.losses[GONE, g]
    loss = desk.work.loss[0]
    matched = matched_shares(loss.quantity, gone.quantity)
    disallow(desk, loss, matched, gone.account, gone.security, gone.purchase, gone.acquired, 0)
    gone.quantity -= matched
    forget_windows(desk, loss.group)


@inner
def remember_gone(desk: Desk, account: int, security: int, day: int, chosen: int) -> None:
    """Keep what an order sold of recent purchases, where the reading lets it replace losses to come."""
    ledger, wash_days = desk.ledger, desk.table.wash_days
    used = 0
    for g in range(ledger.state[DISPOSED]):
        old = ledger.losses[GONE, g]
        if old.quantity > 0.0 and in_window(old.acquired, day, wash_days):
            if used < g:
                ledger.losses[GONE, used] = old
            used += 1
    for i in range(chosen):
        slice_ = desk.work.sold[i]
        if slice_.fresh == 0 or not in_window(slice_.acquired, day, wash_days):
            continue
        if used >= ledger.losses.shape[1]:
            ledger.state[STATUS] = LOSSES_FULL
            return
        gone = ledger.losses[GONE, used]
        gone.acquired = slice_.acquired
        gone.purchase = slice_.purchase
        gone.account = account
        gone.security = security
        gone.group = desk.structure.group[security]
        gone.quantity = slice_.quantity
        used += 1
    ledger.state[DISPOSED] = used


@inner
def forget_losses(desk: Desk, day: int) -> int:
    """Drop losses that are replaced or whose window has closed; return how many are left."""
    ledger = desk.ledger
    used = 0
    for w in range(ledger.state[OPEN_LOSSES]):
        old = ledger.losses[WAITING, w]
        if old.quantity > 0.0 and in_window(day, old.day, desk.table.wash_days):
            if used < w:
                ledger.losses[WAITING, used] = old
            used += 1
    return used


@inner
def open_window(desk: Desk) -> None:
    """Remember what is left of `work.loss` until its window closes; forget losses whose window has closed."""
    ledger = desk.ledger
    loss = desk.work.loss[0]
    used = ledger.state[OPEN_LOSSES]
    full = used >= ledger.losses.shape[1]
    # Of one day only the first loss can find that windows have closed.
    if full or (used > 0 and ledger.losses[WAITING, used - 1].day < loss.day):
        used = forget_losses(desk, loss.day)
    if used >= ledger.losses.shape[1]:
        ledger.state[STATUS] = LOSSES_FULL
        return
    ledger.losses[WAITING, used] = loss
    ledger.state[OPEN_LOSSES] = used + 1
