"""Wash sales, settled as they happen: which purchase replaces which loss. The rule itself is in `rules/wash_sale.py`.

A sale at a loss first looks back for purchases of the identity group in any account; shares not matched stay open as a
loss window that later purchases fill. Because windows are kept in the order of the sales, and purchases arrive in
order, every loss meets its replacements in order of acquisition (Reg. §1.1091-1(b)–(e)), and no share replaces twice.
"""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import DISALLOWED, LONG, LOSSES_FULL, OPEN_LOSSES, PERMANENT, SHORT, STATUS
from rebal_kit.engine.pages import DUST, forget_window, split_lot, watch
from rebal_kit.rules.holding import first_long_term_day, tacked_start
from rebal_kit.rules.wash_sale import deferred_loss, disallowed_loss, in_window, matched_shares, may_replace


@inner
def disallow(desk: Desk, year: int, long: int, row: int, amount: float, account: int) -> float:
    """Take `amount` of a loss back; return the part that is added to the basis of the replacement in `account`."""
    years = desk.ledger.years
    deferred = deferred_loss(amount, desk.structure.kind[account] == TAXABLE)
    years[year, LONG if long else SHORT] += amount
    years[year, DISALLOWED] += amount
    years[year, PERMANENT] += amount - deferred
    if row >= 0:
        desk.tape.journal[row].disallowed += amount
        desk.tape.journal[row].permanent += amount - deferred
    return deferred


@inner
def replace_sold(
    desk: Desk, day: int, year: int, security: int, sold: int, loss: float, long: int, row: int
) -> None:
    """Match a slice sold at a loss with purchases already made; leave the rest open for purchases to come."""
    ledger, wash_days = desk.ledger, desk.table.wash_days
    slice_ = desk.work.sold[sold]
    group = desk.structure.group[security]
    left = slice_.quantity
    per_share = loss / slice_.quantity
    while in_window(ledger.last_buy[group], day, wash_days) and left > DUST * slice_.quantity:
        account, other, k = earliest_replacement(desk, group, day, slice_.purchase)
        if account < 0:
            break
        lot = ledger.lots[account, other, k]
        matched = matched_shares(left, lot.quantity)
        if matched < lot.quantity * (1.0 - DUST):
            split_lot(desk, account, other, k, matched)
            if ledger.state[STATUS] != 0:
                return
            lot = ledger.lots[account, other, k]
        amount = disallowed_loss(per_share, matched)
        settled = disallow(desk, year, long, row, amount, account)
        lot.fresh = 0
        if settled > 0.0:
            lot.deferred += settled
            lot.start = tacked_start(lot.acquired, slice_.start, day)
            lot.long_from = first_long_term_day(lot.start)
            watch(desk, account, other, k)
        forget_window(desk, account, other)
        left -= matched
    if left > DUST * slice_.quantity:
        open_window(desk, day, year, security, left, per_share, slice_.start, long, row)


@inner
def earliest_replacement(desk: Desk, group: int, day: int, purchase: int) -> tuple[int, int, int]:
    """Return (account, security, lot) of the earliest purchase that may replace shares of `purchase`, or -1s."""
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    best = (-1, -1, -1)
    best_acquired = 0
    best_purchase = 0
    for i in range(structure.group_first[group], structure.group_first[group + 1]):
        security = structure.group_member[i]
        for account in range(len(ledger.cash)):
            for k in range(ledger.lot_count[account, security] - 1, -1, -1):
                lot = ledger.lots[account, security, k]
                if not in_window(lot.acquired, day, wash_days):
                    break  # pages are in order of acquisition
                if not may_replace(lot.acquired, lot.purchase, lot.fresh == 0, day, purchase, wash_days):
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
def open_window(
    desk: Desk,
    day: int,
    year: int,
    security: int,
    quantity: float,
    per_share: float,
    start: int,
    long: int,
    row: int,
) -> None:
    """Remember shares sold at a loss until their window closes; forget those whose window has closed."""
    ledger, wash_days = desk.ledger, desk.table.wash_days
    used = 0
    for w in range(ledger.state[OPEN_LOSSES]):
        old = ledger.losses[w]
        if old.quantity > 0.0 and in_window(day, old.day, wash_days):
            if used < w:
                ledger.losses[used] = old
            used += 1
    if used >= len(ledger.losses):
        ledger.state[STATUS] = LOSSES_FULL
        return
    loss = ledger.losses[used]
    loss.day = day
    loss.year = year
    loss.security = security
    loss.group = desk.structure.group[security]
    loss.quantity = quantity
    loss.per_share = per_share
    loss.held_days = day - start
    loss.long = long
    loss.row = row
    ledger.state[OPEN_LOSSES] = used + 1
