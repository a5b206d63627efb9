"""The book: the only code that changes a ledger. Purchases, sales, splits, dividends; wash sales through `wash.py`."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    EXEMPT,
    HARVESTED,
    LONG,
    NEXT_PURCHASE,
    OPEN_LOSSES,
    ORDINARY,
    QUALIFIED,
    SHORT,
)
from rebal_kit.engine.pages import DUST, append_lot, remove_lots
from rebal_kit.engine.tape import BOUGHT, COST, ORDERS, SOLD, TRADES, next_entry
from rebal_kit.engine.wash import disallow, replace_sold
from rebal_kit.rules.holding import tacked_start
from rebal_kit.rules.wash_sale import blocked_until, disallowed_loss, in_window, matched_shares


@inner
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


@inner
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
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[w]
        if loss.group != group or loss.quantity <= 0.0 or not in_window(day, loss.day, wash_days):
            continue
        matched = matched_shares(loss.quantity, left)
        amount = disallowed_loss(loss.per_share, matched)
        settled = disallow(desk, loss.year, loss.long, loss.row, amount, account)
        start = tacked_start(day, loss.day - loss.held_days, loss.day) if settled > 0.0 else day
        append_lot(desk, account, security, matched, matched * unit_cost, settled, day, start, purchase, 0)
        loss.quantity -= matched
        if loss.quantity <= DUST * matched:
            loss.quantity = 0.0
        left -= matched
        if left <= DUST * quantity:
            return
    append_lot(desk, account, security, left, left * unit_cost, 0.0, day, day, purchase, 1)


@inner
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
        if gain < -DUST * basis:  # less is rounding: it must not use up a replacement
            if reason == Reason.HARVEST:
                ledger.years[year, HARVESTED] -= gain
            ledger.blocked[group] = max(ledger.blocked[group], blocked_until(day, desk.table.wash_days))
            replace_sold(desk, day, year, security, i, -gain, long, row)


@inner
def split_shares(desk: Desk, security: int, ratio: float) -> None:
    """Turn every old share into `ratio` new ones; basis and dates stay (IRC §307)."""
    ledger = desk.ledger
    for account in range(len(ledger.cash)):
        ledger.held[account, security] *= ratio
        desk.work.ripe[account, security] /= ratio
        desk.work.ripe_in_window[account, security] /= ratio
        for k in range(ledger.lot_count[account, security]):
            ledger.lots[account, security, k].quantity *= ratio
    for w in range(ledger.state[OPEN_LOSSES]):
        loss = ledger.losses[w]
        if loss.security == security:
            loss.quantity *= ratio
            loss.per_share /= ratio


@inner
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
    return amount
