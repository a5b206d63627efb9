"""The book: the only code that changes a ledger. Purchases, sales, wash sales, splits, dividends.

Wash sales are settled as they happen. A sale at a loss first looks back for purchases of the identity group in any
account; shares not matched stay open as a loss window that later purchases fill. Because windows are kept in the order
of the sales, and purchases arrive in order, every loss meets its replacements in order of acquisition
(Reg. §1.1091-1(b)–(e)), and no share replaces twice.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    DISALLOWED,
    EXEMPT,
    HARVESTED,
    LONG,
    LONG_AGO,
    LOSSES_FULL,
    LOTS_FULL,
    NEXT_PURCHASE,
    OPEN_LOSSES,
    ORDINARY,
    PERMANENT,
    QUALIFIED,
    SHORT,
    STATUS,
)
from rebal_kit.engine.tape import BOUGHT, COST, ORDERS, SOLD, TRADES, next_entry
from rebal_kit.rules.holding import first_long_term_day, tacked_start
from rebal_kit.rules.wash_sale import (
    blocked_until,
    deferred_loss,
    disallowed_loss,
    in_window,
    matched_shares,
    may_replace,
)

#: A remainder below this share of a lot is rounding, not a holding.
DUST = 1e-12


@compiled
def buy(desk: Desk, t: int, account: int, security: int, quantity: float, fee: float, reason: int) -> None:
    """Buy `quantity` shares at the session's close, paying `fee` US$ on top."""
    prices, ledger, tape = desk.prices, desk.ledger, desk.tape
    price = prices.close[t, security]
    cost = quantity * price + fee
    left = ledger.cash[account] - cost
    ledger.cash[account] = 0.0 if -1e-9 * cost < left < 0.0 else left
    row = next_entry(tape, ledger)
    if row >= 0:
        entry = tape.journal[row]
        entry.order = tape.counts[ORDERS]
        entry.session = t
        entry.account = account
        entry.security = security
        entry.side = 1
        entry.quantity = quantity
        entry.price = price
        entry.cost = fee
        entry.reason = reason
        entry.purchase = ledger.state[NEXT_PURCHASE]
        entry.acquired = prices.day[t]
        entry.start = prices.day[t]
        entry.long = 0
        entry.basis = cost
        entry.gain = 0.0
        entry.disallowed = 0.0
        entry.permanent = 0.0
    tape.counts[ORDERS] += 1
    if reason != Reason.REINVEST and reason != Reason.OPENING:
        tape.counts[TRADES] += 1
        tape.totals[BOUGHT] += quantity * price
    tape.totals[COST] += fee
    acquire(desk, prices.day[t], account, security, quantity, cost)


@compiled
def acquire(desk: Desk, day: int, account: int, security: int, quantity: float, cost: float) -> None:
    """Add purchased shares as lots, letting them replace shares sold at a loss inside an open window."""
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    purchase = ledger.state[NEXT_PURCHASE]
    ledger.state[NEXT_PURCHASE] = purchase + 1
    group = structure.group[security]
    ledger.last_buy[group] = day
    ledger.held[account, security] += quantity
    unit_cost = cost / quantity
    left = quantity
    left_cost = cost
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[w]
        if loss.group != group or loss.quantity <= 0.0 or not in_window(day, loss.day, wash_days):
            continue
        matched = matched_shares(loss.quantity, left)
        amount = disallowed_loss(loss.per_share, matched)
        settled = disallow(desk, loss.year, loss.long, loss.row, amount, account)
        start = tacked_start(day, loss.day - loss.held_days, loss.day) if settled > 0.0 else day
        piece = min(matched * unit_cost, left_cost)
        append_lot(desk, account, security, matched, piece, settled, day, start, purchase, 0)
        loss.quantity -= matched
        left -= matched
        left_cost -= piece
        if left <= DUST * quantity:
            return
    append_lot(desk, account, security, left, left_cost, 0.0, day, day, purchase, 1)


@compiled
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


@compiled
def append_lot(
    desk: Desk, account: int, security: int, quantity: float, cost: float, deferred: float,
    acquired: int, start: int, purchase: int, fresh: int,
) -> None:  # fmt: skip
    """Write a lot at the end of its page; the page is then still in order of acquisition."""
    ledger = desk.ledger
    k = ledger.count[account, security]
    if k >= ledger.lots.shape[2]:
        ledger.state[STATUS] = LOTS_FULL
        return
    lot = ledger.lots[account, security, k]
    lot.quantity = quantity
    lot.cost = cost
    lot.deferred = deferred
    lot.acquired = acquired
    lot.start = start
    lot.long_from = first_long_term_day(start)
    lot.purchase = purchase
    lot.fresh = fresh
    ledger.count[account, security] = k + 1
    ledger.peak[account, security] = max(ledger.peak[account, security], (cost + deferred) / quantity)
    stir(desk, account, security)


@compiled
def sell(desk: Desk, t: int, account: int, security: int, chosen: int, fee: float, reason: int) -> None:
    """Sell the first `chosen` lots of `work.order`, `work.take` shares of each, as one order at the close.

    `fee` US$ comes off the proceeds, share by share.
    """
    prices, ledger, structure, tape = desk.prices, desk.ledger, desk.structure, desk.tape
    price = prices.close[t, security]
    day = prices.day[t]
    quantity = remove_lots(desk, account, security, chosen)
    unit_fee = fee / quantity
    ledger.cash[account] += quantity * price - fee
    tape.totals[SOLD] += quantity * price
    tape.totals[COST] += fee
    tape.counts[TRADES] += 1
    order = tape.counts[ORDERS]
    tape.counts[ORDERS] = order + 1
    taxable = structure.kind[account] == TAXABLE
    year = prices.year[t]
    group = structure.group[security]
    for i in range(chosen):
        slice_ = desk.work.sold[i]
        proceeds = slice_.quantity * (price - unit_fee)
        basis = slice_.cost + slice_.deferred
        gain = proceeds - basis if taxable else 0.0
        long = 1 if day >= slice_.long_from else 0
        row = next_entry(tape, ledger)
        if row >= 0:
            entry = tape.journal[row]
            entry.order = order
            entry.session = t
            entry.account = account
            entry.security = security
            entry.side = -1
            entry.quantity = slice_.quantity
            entry.price = price
            entry.cost = slice_.quantity * unit_fee
            entry.reason = reason
            entry.purchase = slice_.purchase
            entry.acquired = slice_.acquired
            entry.start = slice_.start
            entry.long = long
            entry.basis = basis
            entry.gain = gain
            entry.disallowed = 0.0
            entry.permanent = 0.0
        if not taxable:
            continue
        ledger.years[year, LONG if long else SHORT] += gain
        if gain < 0.0:
            if reason == Reason.HARVEST:
                ledger.years[year, HARVESTED] -= gain
            ledger.blocked[group] = max(ledger.blocked[group], blocked_until(day, desk.table.wash_days))
            replace_sold(desk, day, year, security, i, -gain, long, row)


@compiled
def remove_lots(desk: Desk, account: int, security: int, chosen: int) -> float:
    """Move the chosen shares from the page into `work.sold`, all of them before any is looked at for a wash sale.

    Shares of one order cannot replace each other (Rev. Rul. 56-602 and the practice built on it).
    """
    ledger, work = desk.ledger, desk.work
    page = ledger.lots[account, security]
    quantity = 0.0
    for i in range(chosen):
        k = work.order[i]
        lot = page[k]
        slice_ = work.sold[i]
        work.sold[i] = lot
        taken = work.take[k]
        if taken >= lot.quantity * (1.0 - DUST):
            taken = lot.quantity
            lot.quantity = 0.0
        else:
            share = taken / lot.quantity
            slice_.quantity = taken
            slice_.cost = lot.cost * share
            slice_.deferred = lot.deferred * share
            lot.quantity -= taken
            lot.cost -= slice_.cost
            lot.deferred -= slice_.deferred
        quantity += taken
    used = 0
    peak = 0.0
    for k in range(ledger.count[account, security]):
        lot = page[k]
        if lot.quantity > 0.0:
            peak = max(peak, (lot.cost + lot.deferred) / lot.quantity)
            if used < k:
                page[used] = lot
            used += 1
    ledger.count[account, security] = used
    ledger.peak[account, security] = peak
    held = ledger.held[account, security] - quantity
    ledger.held[account, security] = held if used > 0 else 0.0
    stir(desk, account, security)
    return quantity


@compiled
def stir(desk: Desk, account: int, security: int) -> None:
    """Forget what the harvest scan learnt of a position whose lots have changed."""
    desk.work.quiet_above[account, security] = np.inf
    desk.work.quiet_until[account, security] = LONG_AGO


@compiled
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
        if matched < lot.quantity:
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
            peak = (lot.cost + lot.deferred) / lot.quantity
            ledger.peak[account, other] = max(ledger.peak[account, other], peak)
        stir(desk, account, other)
        left -= matched
    if left > DUST * slice_.quantity:
        open_window(desk, day, year, security, left, per_share, slice_.start, long, row)


@compiled
def earliest_replacement(desk: Desk, group: int, day: int, purchase: int) -> tuple[int, int, int]:
    """Return (account, security, lot) of the earliest purchase that may replace shares of `purchase`, or -1s."""
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    best = (-1, -1, -1)
    best_acquired = 0
    best_purchase = 0
    for i in range(structure.group_first[group], structure.group_first[group + 1]):
        security = structure.group_member[i]
        for account in range(len(ledger.cash)):
            for k in range(ledger.count[account, security] - 1, -1, -1):
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


@compiled
def split_lot(desk: Desk, account: int, security: int, k: int, quantity: float) -> None:
    """Cut lot `k` in two: `quantity` shares stay at `k`, the rest follows it."""
    ledger = desk.ledger
    count = ledger.count[account, security]
    if count >= ledger.lots.shape[2]:
        ledger.state[STATUS] = LOTS_FULL
        return
    page = ledger.lots[account, security]
    for j in range(count, k, -1):
        page[j] = page[j - 1]
    first = page[k]
    rest = page[k + 1]
    share = quantity / first.quantity
    first.cost *= share
    first.deferred *= share
    rest.cost -= first.cost
    rest.deferred -= first.deferred
    rest.quantity -= quantity
    first.quantity = quantity
    ledger.count[account, security] = count + 1


@compiled
def open_window(
    desk: Desk, day: int, year: int, security: int, quantity: float, per_share: float, start: int, long: int, row: int
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


@compiled
def split_shares(desk: Desk, security: int, ratio: float) -> None:
    """Turn every old share into `ratio` new ones; basis and dates stay (IRC §307)."""
    ledger = desk.ledger
    for account in range(len(ledger.cash)):
        ledger.held[account, security] *= ratio
        ledger.peak[account, security] /= ratio
        for k in range(ledger.count[account, security]):
            ledger.lots[account, security, k].quantity *= ratio
        stir(desk, account, security)
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[w]
        if loss.security == security:
            loss.quantity *= ratio
            loss.per_share /= ratio


@compiled
def receive_dividend(desk: Desk, year: int, account: int, security: int, per_share: float) -> float:
    """Credit a dividend in cash on its ex-date and, in a taxable account, to the year's income; return US$."""
    ledger, structure = desk.ledger, desk.structure
    amount = ledger.held[account, security] * per_share
    ledger.cash[account] += amount
    if structure.kind[account] == TAXABLE:
        qualified = amount * structure.qualified[security]
        ledger.years[year, QUALIFIED] += qualified
        ledger.years[year, ORDINARY] += amount - qualified
        ledger.years[year, EXEMPT] += amount * structure.exempt[security]
    return amount  # type: ignore[no-any-return]
