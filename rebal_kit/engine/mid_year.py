"""The middle of a year: losses whose windows are open, and the tax year so far, into a ledger and out of it."""

from __future__ import annotations

import datetime as dt

from rebal_kit.domain import Household
from rebal_kit.engine import ledger as books
from rebal_kit.engine.arrays import Structure
from rebal_kit.engine.ledger import WAITING, Ledger, date_of, day_of, lots_in_order
from rebal_kit.rules.holding import first_long_term_day
from rebal_kit.rules.wash_sale import blocked_until
from rebal_kit.to_date import LossSale, YearToDate

#: Rows of `Ledger.years` in a ledger that opens in the middle of a year: the year before, settled, and the year itself.
LAST_YEAR, THIS_YEAR = 0, 1

#: No purchase has this number.
_NO_PURCHASE = -1

_YEAR_TO_DATE = {
    "short": books.SHORT,
    "long": books.LONG,
    "qualified": books.QUALIFIED,
    "ordinary": books.ORDINARY,
    "exempt": books.EXEMPT,
    "distributions": books.DISTRIBUTIONS,
    "legacy_gain": books.LEGACY_GAIN,
}


def carry_in(
    ledger: Ledger,
    household: Household,
    symbols: tuple[str, ...],
    structure: Structure,
    year: int,
    wash_days: int,
) -> None:
    """Fill what lots do not tell into a ledger that holds the household's lots.

    Parameters
    ----------
    ledger : Ledger
        Its years begin with the one before `year`.
    household : Household
    symbols : tuple of str
        Securities in the ledger's column order. Loss sales of what is identical to none of them are of no matter.
    structure : Structure
    year : int
        Tax year of the household's date.
    wash_days : int
        As in `rebal_kit.rules.law.Law`.
    """
    for name, column in _YEAR_TO_DATE.items():
        ledger.years[THIS_YEAR, column] = getattr(household.year_to_date, name)
    ledger.years[LAST_YEAR, books.UNPAID] = household.year_to_date.tax_owed
    ledger.state[books.SETTLED_YEARS] = THIS_YEAR
    column_of = {symbol: s for s, symbol in enumerate(symbols)}
    accounts = {account.name: a for a, account in enumerate(household.accounts)}
    of_lot = _join_pieces(ledger, household)
    used = 0
    for sale in sorted(household.loss_sales or (), key=lambda one: one.sold):
        # What is no longer held or wanted counts through what is identical to it.
        alike = next((group for group in household.identical if sale.symbol in group), ())
        known = next((symbol for symbol in (sale.symbol, *alike) if symbol in column_of), None)
        if known is None:
            continue
        security, day = column_of[known], day_of(sale.sold)
        group = int(structure.group[security])
        ledger.blocked[group] = max(ledger.blocked[group], blocked_until(day, wash_days))
        if sale.quantity <= 0.0:
            continue
        if used >= ledger.losses.shape[1]:
            ledger.state[books.STATUS] = books.LOSSES_FULL
            return
        acquired = sale.acquired or sale.sold
        start = sale.holding_start or acquired
        loss = ledger.losses[WAITING, used]
        loss.day, loss.year = day, max(LAST_YEAR, THIS_YEAR + sale.sold.year - year)
        loss.account, loss.security, loss.group = accounts[sale.account], security, group
        loss.quantity, loss.per_share = sale.quantity, sale.loss / sale.quantity
        loss.acquired, loss.start = day_of(acquired), day_of(start)
        loss.purchase = of_lot.get(sale.lot, _NO_PURCHASE)
        loss.replaced = int(sale.holding_start is not None)
        loss.long = int(day >= first_long_term_day(day_of(start)))
        loss.row = -1
        used += 1
    ledger.state[books.OPEN_LOSSES] = used


def loss_sales_of(
    ledger: Ledger, household: Household, symbols: tuple[str, ...], structure: Structure,
    names: dict[int, str], on: dt.date, wash_days: int,
) -> tuple[LossSale, ...]:  # fmt: skip
    """Return the losses of a ledger whose windows are still open after a day.

    `names` are those of the lots that are held, by the number of their purchase.
    Where all shares of a loss are replaced and purchases wait for its window all the same, a sale of no shares says so.
    """
    day, found = day_of(on), []
    covered: dict[int, int] = {}
    for w in range(ledger.state[books.OPEN_LOSSES]):
        loss = ledger.losses[WAITING, w]
        if loss.quantity <= 0.0 or blocked_until(int(loss.day), wash_days) <= day:
            continue
        covered[int(loss.group)] = max(
            covered.get(int(loss.group), 0), blocked_until(int(loss.day), wash_days)
        )
        acquired, start = date_of(loss.acquired), date_of(loss.start)
        found.append(
            LossSale(
                household.accounts[int(loss.account)].name, symbols[int(loss.security)], date_of(loss.day),
                float(loss.quantity), float(loss.quantity * loss.per_share), acquired,
                start if loss.replaced or start != acquired else None, names.get(int(loss.purchase), ""),
            )
        )  # fmt: skip
    for group, until in enumerate(ledger.blocked):
        if until > max(day, covered.get(group, day)):
            security = int(structure.group_member[structure.group_first[group]])
            sold = date_of(int(until) - wash_days)
            found.append(LossSale(household.accounts[0].name, symbols[security], sold, 0.0, 0.0))
    return tuple(found)


def year_to_date_of(ledger: Ledger, row: int, tax_owed: float) -> YearToDate:
    """Return what a ledger has of one of its years."""
    return YearToDate(
        **{name: float(ledger.years[row, column]) for name, column in _YEAR_TO_DATE.items()},
        tax_owed=float(tax_owed),
    )


def numbers_of_lots(household: Household) -> dict[str, int]:
    """Return the number of each lot's purchase by the lot's name.

    Pieces of one purchase are the lots ``X``, ``X.1``, ``X.2`` of one day in a position, as `to_accounts` names them.
    """
    numbers: dict[str, int] = {}
    of_purchase: dict[tuple[int, str, dt.date, str], int] = {}
    for number, (acquired, a, lot) in enumerate(lots_in_order(household)):
        stem, _, piece = lot.lot.rpartition(".")
        key = (a, lot.symbol, acquired, stem if piece.isdigit() and stem else lot.lot)
        numbers[lot.lot] = of_purchase.setdefault(key, number)
    return numbers


def _join_pieces(ledger: Ledger, household: Household) -> dict[str, int]:
    """Give lots that are pieces of one purchase its number, since its shares do not replace each other."""
    numbers = numbers_of_lots(household)
    joined = {number: numbers[lot.lot] for number, (_, _, lot) in enumerate(lots_in_order(household))}
    for a in range(ledger.held.shape[0]):
        for s in range(ledger.held.shape[1]):
            for k in range(ledger.lot_count[a, s]):
                ledger.lots[a, s, k].purchase = joined[int(ledger.lots[a, s, k].purchase)]
    return numbers
