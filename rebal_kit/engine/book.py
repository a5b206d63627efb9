"""The book: the only code that changes a ledger. Purchases, sales, wash sales, splits, dividends.

Wash sales are settled as they happen. A sale at a loss first looks back for purchases of the identity group in any
account; shares not matched stay open as a loss window that later purchases fill. Because windows are kept in the order
of the sales, and purchases arrive in order, every loss meets its replacements in order of acquisition
(Reg. §1.1091-1(b)–(e)), and no share replaces twice.
"""

from __future__ import annotations

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE, Prices, Structure
from rebal_kit.engine.ledger import (
    DISALLOWED,
    EXEMPT,
    HARVESTED,
    LONG,
    LOSSES_FULL,
    LOTS_FULL,
    NEXT_PURCHASE,
    OPEN_LOSSES,
    ORDINARY,
    PERMANENT,
    QUALIFIED,
    SHORT,
    STATUS,
    Ledger,
)
from rebal_kit.engine.tape import BOUGHT, COST, ORDERS, SOLD, TRADES, Tape, next_entry
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
def buy(
    ledger: Ledger, structure: Structure, tape: Tape, prices: Prices, wash_days: int,
    t: int, account: int, security: int, quantity: float, fee: float, reason: int,
) -> None:  # fmt: skip
    """Buy `quantity` shares at the session's close, paying `fee` US$ on top."""
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
    acquire(ledger, structure, tape, wash_days, prices.day[t], account, security, quantity, cost)


@compiled
def acquire(
    ledger: Ledger, structure: Structure, tape: Tape, wash_days: int,
    day: int, account: int, security: int, quantity: float, cost: float,
) -> None:  # fmt: skip
    """Add purchased shares as lots, letting them replace shares sold at a loss inside an open window."""
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
        settled = disallow(ledger, tape, loss.year, loss.long, loss.row, amount, structure.kind[account])
        start = tacked_start(day, loss.day - loss.held_days, loss.day) if settled > 0.0 else day
        piece = min(matched * unit_cost, left_cost)
        append_lot(ledger, account, security, matched, piece, settled, day, start, purchase, 0)
        loss.quantity -= matched
        left -= matched
        left_cost -= piece
        if left <= DUST * quantity:
            return
    append_lot(ledger, account, security, left, left_cost, 0.0, day, day, purchase, 1)


@compiled
def disallow(ledger: Ledger, tape: Tape, year: int, long: int, row: int, amount: float, kind: int) -> float:
    """Take `amount` of a loss back; return the part that is added to the replacement's basis."""
    figures = ledger.years[year]
    figures[LONG if long else SHORT] += amount
    figures[DISALLOWED] += amount
    if row >= 0:
        tape.journal[row].disallowed += amount
    deferred = deferred_loss(amount, kind == TAXABLE)
    lost = amount - deferred
    figures[PERMANENT] += lost
    if row >= 0:
        tape.journal[row].permanent += lost
    return deferred


@compiled
def append_lot(
    ledger: Ledger, account: int, security: int, quantity: float, cost: float, deferred: float,
    acquired: int, start: int, purchase: int, fresh: int,
) -> None:  # fmt: skip
    """Write a lot at the end of its page; the page is then still in order of acquisition."""
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


@compiled
def sell(
    ledger: Ledger, structure: Structure, tape: Tape, prices: Prices, wash_days: int,
    t: int, account: int, security: int, chosen: int, half_spread: float, reason: int,
) -> None:  # fmt: skip
    """Sell the first `chosen` lots of `ledger.order`, `ledger.take` shares of each, as one order at the close."""
    price = prices.close[t, security]
    day = prices.day[t]
    quantity = remove_lots(ledger, account, security, chosen)
    fee = quantity * price * half_spread
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
        slice_ = ledger.sold[i]
        proceeds = slice_.quantity * price * (1.0 - half_spread)
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
            entry.cost = slice_.quantity * price * half_spread
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
            ledger.blocked[group] = max(ledger.blocked[group], blocked_until(day, wash_days))
            replace_sold(ledger, structure, tape, wash_days, day, year, security, i, -gain, long, row)


@compiled
def remove_lots(ledger: Ledger, account: int, security: int, chosen: int) -> float:
    """Move the chosen shares from the page into `ledger.sold`, all of them before any is looked at for a wash sale.

    Shares of one order cannot replace each other (Rev. Rul. 56-602 and the practice built on it).
    """
    page = ledger.lots[account, security]
    quantity = 0.0
    for i in range(chosen):
        k = ledger.order[i]
        lot = page[k]
        slice_ = ledger.sold[i]
        ledger.sold[i] = lot
        taken = ledger.take[k]
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
    return quantity


@compiled
def replace_sold(
    ledger: Ledger, structure: Structure, tape: Tape, wash_days: int, day: int, year: int,
    security: int, sold: int, loss: float, long: int, row: int,
) -> None:  # fmt: skip
    """Match a slice sold at a loss with purchases already made; leave the rest open for purchases to come."""
    slice_ = ledger.sold[sold]
    group = structure.group[security]
    left = slice_.quantity
    per_share = loss / slice_.quantity
    while in_window(ledger.last_buy[group], day, wash_days) and left > DUST * slice_.quantity:
        account, other, k = earliest_replacement(ledger, structure, group, day, slice_.purchase, wash_days)
        if account < 0:
            break
        lot = ledger.lots[account, other, k]
        matched = matched_shares(left, lot.quantity)
        if matched < lot.quantity:
            split_lot(ledger, account, other, k, matched)
            if ledger.state[STATUS] != 0:
                return
            lot = ledger.lots[account, other, k]
        amount = disallowed_loss(per_share, matched)
        settled = disallow(ledger, tape, year, long, row, amount, structure.kind[account])
        lot.fresh = 0
        if settled > 0.0:
            lot.deferred += settled
            lot.start = tacked_start(lot.acquired, slice_.start, day)
            lot.long_from = first_long_term_day(lot.start)
            peak = (lot.cost + lot.deferred) / lot.quantity
            ledger.peak[account, other] = max(ledger.peak[account, other], peak)
        left -= matched
    if left > DUST * slice_.quantity:
        open_window(ledger, wash_days, day, year, security, group, left, per_share, slice_.start, long, row)


@compiled
def earliest_replacement(
    ledger: Ledger, structure: Structure, group: int, day: int, purchase: int, wash_days: int
) -> tuple[int, int, int]:
    """Return (account, security, lot) of the earliest purchase that may replace shares of `purchase`, or -1s."""
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
def split_lot(ledger: Ledger, account: int, security: int, k: int, quantity: float) -> None:
    """Cut lot `k` in two: `quantity` shares stay at `k`, the rest follows it."""
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
    ledger: Ledger, wash_days: int, day: int, year: int, security: int, group: int,
    quantity: float, per_share: float, start: int, long: int, row: int,
) -> None:  # fmt: skip
    """Remember shares sold at a loss until their window closes; forget those whose window has closed."""
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
    loss.group = group
    loss.quantity = quantity
    loss.per_share = per_share
    loss.held_days = day - start
    loss.long = long
    loss.row = row
    ledger.state[OPEN_LOSSES] = used + 1


@compiled
def split_shares(ledger: Ledger, security: int, ratio: float) -> None:
    """Turn every old share into `ratio` new ones; basis and dates stay (IRC §307)."""
    for account in range(len(ledger.cash)):
        ledger.held[account, security] *= ratio
        ledger.peak[account, security] /= ratio
        for k in range(ledger.count[account, security]):
            ledger.lots[account, security, k].quantity *= ratio
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[w]
        if loss.security == security:
            loss.quantity *= ratio
            loss.per_share /= ratio


@compiled
def receive_dividend(
    ledger: Ledger, structure: Structure, year: int, account: int, security: int, per_share: float
) -> float:
    """Credit a dividend in cash on its ex-date and, in a taxable account, to the year's income; return US$."""
    amount = ledger.held[account, security] * per_share
    ledger.cash[account] += amount
    if structure.kind[account] == TAXABLE:
        qualified = amount * structure.qualified[security]
        ledger.years[year, QUALIFIED] += qualified
        ledger.years[year, ORDINARY] += amount - qualified
        ledger.years[year, EXEMPT] += amount * structure.exempt[security]
    return amount  # type: ignore[no-any-return]
