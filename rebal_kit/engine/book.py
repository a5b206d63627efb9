"""The book: the only code that changes a ledger. Purchases, sales, splits; wash sales and dividends beside it."""

from __future__ import annotations

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.costs import Fill, note_traded, total
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.dividends import unqualify_dividends
from rebal_kit.engine.ledger import (
    DISPOSED,
    GONE,
    HARVESTED,
    LEGACY_GAIN,
    LONG,
    LOSSES,
    NEXT_PURCHASE,
    OPEN_LOSSES,
    SHORT,
    WAITING,
)
from rebal_kit.engine.pages import DUST, append_lot, is_speck, remove_lots
from rebal_kit.engine.tape import (
    BOUGHT,
    COMMISSION,
    DELAY,
    IMPACT,
    ORDERS,
    SOLD,
    SPREAD,
    TRADES,
    Tape,
    next_entry,
)
from rebal_kit.engine.wash import disallow, remember_gone, replace_sold
from rebal_kit.reasons import Reason
from rebal_kit.rules.holding import replacement_start
from rebal_kit.rules.wash_sale import blocked_until, in_window, matched_shares


@inner
def buy(desk: Desk, t: int, account: int, security: int, quantity: float, fill: Fill, reason: int) -> None:
    """Buy `quantity` shares as the `fill` says, paying its costs on top."""
    prices, ledger, tape = desk.prices, desk.ledger, desk.tape
    price = fill.price
    fee = total(fill)
    paid = quantity * price + fee
    left = ledger.cash[account] - paid
    ledger.cash[account] = 0.0 if -1e-9 * paid < left < 0.0 else left
    row = next_entry(tape, ledger)
    if row >= 0:
        entry = tape.journal[row]
        entry.order = tape.counts[ORDERS]
        entry.session = t
        entry.account = account
        entry.security = security
        entry.side = 1
        entry.quantity = quantity
        write_fill(tape, row, fill, 1.0)
        entry.reason = reason
        entry.purchase = ledger.state[NEXT_PURCHASE]
        entry.piece = 0
        entry.whole = quantity
        entry.acquired = prices.day[t]
        entry.start = prices.day[t]
        entry.long = 0
        entry.basis = paid
        entry.gain = 0.0
        entry.disallowed = 0.0
        entry.permanent = 0.0
    tape.counts[ORDERS] += 1
    if reason != Reason.REINVEST and reason != Reason.OPENING:
        tape.counts[TRADES] += 1
        tape.totals[BOUGHT] += quantity * price
    if reason != Reason.REINVEST:
        note_traded(desk, t, security, quantity * price)
    count_cost(desk, quantity, fill, 1)
    acquire(desk, prices.day[t], account, security, quantity, paid)


@inner
def write_fill(tape: Tape, row: int, fill: Fill, share: float) -> None:
    """Write a fill's prices into a journal row, and its costs or a share of them."""
    entry = tape.journal[row]
    entry.price = fill.price
    entry.decided = fill.decided
    entry.commission = fill.commission * share
    entry.spread = fill.spread * share
    entry.impact = fill.impact * share
    entry.cost = entry.commission + entry.spread + entry.impact


@inner
def count_cost(desk: Desk, quantity: float, fill: Fill, side: int) -> None:
    """Add what a trade costs to the totals."""
    totals = desk.tape.totals
    totals[COMMISSION] += fill.commission
    totals[SPREAD] += fill.spread
    totals[IMPACT] += fill.impact
    totals[DELAY] += side * quantity * (fill.price - fill.decided)


@hot
def acquire(desk: Desk, day: int, account: int, security: int, quantity: float, cost: float) -> None:
    """Add purchased shares as lots, letting them replace shares sold at a loss inside an open window."""
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    purchase = ledger.state[NEXT_PURCHASE]
    ledger.state[NEXT_PURCHASE] = purchase + 1
    group = structure.group[security]
    if structure.replaces[account]:
        ledger.last_buy[group] = day
    ledger.held[account, security] += quantity
    unit_cost = cost / quantity
    left = quantity
    # Most purchases are made where no loss of the group waits.
    open_window = structure.replaces[account] and day <= ledger.blocked[group]
    for w in range(ledger.state[OPEN_LOSSES] if open_window else 0):
        loss = ledger.losses[WAITING, w]
        if loss.group != group or loss.quantity <= 0.0 or not in_window(day, loss.day, wash_days):
            continue
        matched = matched_shares(loss.quantity, left)
        settled = disallow(desk, loss, matched, account, security, purchase, day, 1)
        start = day
        if settled > 0.0:
            start = replacement_start(day, loss.start, loss.day, structure.reading.tacking)
        append_lot(desk, account, security, matched, matched * unit_cost, settled, day, start, purchase, 0)
        if is_speck(loss.quantity, matched):
            loss.quantity = 0.0
        left -= matched
        if is_speck(left, quantity):
            return
    append_lot(desk, account, security, left, left * unit_cost, 0.0, day, day, purchase, 1)


@inner
def sell(desk: Desk, t: int, account: int, security: int, chosen: int, fill: Fill, reason: int) -> None:
    """Sell the first `chosen` lots of `work.order`, `work.take` shares of each, as one order.

    The costs of the `fill` come off the proceeds, share by share.
    """
    prices, ledger, structure, tape = desk.prices, desk.ledger, desk.structure, desk.tape
    price = fill.price
    day = prices.day[t]
    quantity = remove_lots(desk, day, account, security, chosen)
    unit_fee = total(fill) / quantity
    ledger.cash[account] += quantity * price - total(fill)
    tape.totals[SOLD] += quantity * price
    note_traded(desk, t, security, quantity * price)
    count_cost(desk, quantity, fill, -1)
    tape.counts[TRADES] += 1
    order = tape.counts[ORDERS]
    tape.counts[ORDERS] = order + 1
    taxable = structure.kind[account] == TAXABLE
    year = prices.year[t]
    group = structure.group[security]
    reading = structure.reading
    i = 0
    while i < chosen:
        slice_ = desk.work.sold[i]
        basis = slice_.cost + slice_.deferred
        gain = slice_.quantity * (price - unit_fee) - basis if taxable else 0.0
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
            write_fill(tape, row, fill, slice_.quantity / quantity)
            entry.reason = reason
            entry.purchase = slice_.purchase
            entry.piece = slice_.piece
            entry.whole = slice_.whole
            entry.acquired = slice_.acquired
            entry.start = slice_.start
            entry.long = long
            entry.basis = basis
            entry.gain = gain
            entry.disallowed = 0.0
            entry.permanent = 0.0
        if taxable:
            ledger.years[year, LONG if long else SHORT] += gain
            if reason == Reason.LEGACY:
                ledger.years[year, LEGACY_GAIN] += gain
            if day - slice_.acquired < desk.table.qualified_days:
                unqualify_dividends(desk, t, security, i)
            if gain < -DUST * basis:  # less is rounding: it must not use up a replacement
                ledger.years[year, LOSSES] -= gain
                if reason in (Reason.HARVEST, Reason.PAIRED):
                    ledger.years[year, HARVESTED] -= gain
                ledger.blocked[group] = max(ledger.blocked[group], blocked_until(day, desk.table.wash_days))
                write_loss(desk, t, account, security, i, -gain, long, row)
                chosen = replace_sold(desk, i, chosen)
        i += 1
    if reading.count_disposed and structure.replaces[account]:
        remember_gone(desk, account, security, day, chosen)


@inner
def write_loss(
    desk: Desk, t: int, account: int, security: int, i: int, amount: float, long: int, row: int
) -> None:
    """Put slice `i` of an order, sold at a loss of `amount` US$, into `work.loss`."""
    slice_, loss = desk.work.sold[i], desk.work.loss[0]
    loss.day = desk.prices.day[t]
    loss.year = desk.prices.year[t]
    loss.account = account
    loss.security = security
    loss.group = desk.structure.group[security]
    loss.quantity = slice_.quantity
    loss.per_share = amount / slice_.quantity
    loss.acquired = slice_.acquired
    loss.start = slice_.start
    loss.purchase = slice_.purchase
    loss.replaced = 1 - slice_.fresh
    loss.long = long
    loss.row = row


@inner
def split_shares(desk: Desk, only: int, security: int, ratio: float) -> None:
    """Turn every old share, of account `only` or -1 for all, into `ratio` new ones; basis and dates stay (§307)."""
    ledger = desk.ledger
    for account in range(len(ledger.cash)):
        if only not in (-1, account):
            continue
        ledger.held[account, security] *= ratio
        desk.work.ripe[account, security] /= ratio
        desk.work.ripe_in_window[account, security] /= ratio
        for k in range(ledger.lot_count[account, security]):
            ledger.lots[account, security, k].quantity *= ratio
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[WAITING, w]
        if loss.security == security and only in (-1, loss.account):
            loss.quantity *= ratio
            loss.per_share /= ratio
    for g in range(ledger.state[DISPOSED]):
        gone = ledger.losses[GONE, g]
        if gone.security == security and only in (-1, gone.account):
            gone.quantity *= ratio
