"""The ledger: cash, lots and open loss windows of a household, as arrays that only the book may change."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Account, Household, TaxLot
from rebal_kit.engine.arrays import Structure
from rebal_kit.rules.holding import first_long_term_day
from rebal_kit.rules.law import opening_carryover

EPOCH = dt.date(1970, 1, 1).toordinal()

LOT = np.dtype(
    [
        ("quantity", "f8"),  # shares
        ("cost", "f8"),  # US$ paid, with fees
        ("deferred", "f8"),  # US$ of wash-sale loss added to the basis
        ("acquired", "i8"),  # day of purchase
        ("start", "i8"),  # day the holding period starts
        ("long_from", "i8"),  # first day a sale is long-term
        ("purchase", "i8"),  # number of the purchase the shares came from
        ("fresh", "i8"),  # 1 while the shares may still replace shares sold at a loss
        (
            "piece",
            "i8",
        ),  # of a slice sold, for the journal: its number in the purchase, from 1; 0 if it is the only one
        ("whole", "f8"),  # of a slice sold, likewise: shares it had before the rest of its order cut it
    ]
)
LOSS = np.dtype(
    [
        ("day", "i8"),  # of the sale
        ("year", "i8"),
        ("account", "i8"),
        ("security", "i8"),
        ("group", "i8"),
        ("quantity", "f8"),  # shares not yet replaced
        ("per_share", "f8"),  # US$ of loss, positive
        ("acquired", "i8"),  # day the shares were bought
        ("start", "i8"),  # day their holding period started
        ("purchase", "i8"),
        ("replaced", "i8"),  # 1 when they had themselves replaced others
        ("long", "i8"),
        ("row", "i8"),  # of the disposal in the journal, -1 when nothing is recorded
    ]
)
# Rows of Ledger.losses: sales at a loss whose window is open, and purchases sold again while theirs is (of which only
# account, security, group, quantity, acquired and purchase are kept).
WAITING, GONE = range(2)

# Columns of Ledger.years.
SHORT, LONG, QUALIFIED, ORDINARY, EXEMPT, HARVESTED, DISALLOWED, PERMANENT, TAX, DEDUCTION = range(10)
CARRY_SHORT, CARRY_LONG, UNPAID, LOSSES, DISTRIBUTIONS, SHELTERED_DEFERRED, SHELTERED_ROTH = range(10, 17)
LATENT_SHORT, LATENT_LONG, LEGACY_GAIN = range(17, 20)
YEAR_COLUMNS = 20

# Places in Ledger.state.
STATUS, NEXT_PURCHASE, OPEN_LOSSES, SETTLED_YEARS, DISPOSED = range(5)

# Values of state[STATUS].
OK, LOTS_FULL, LOSSES_FULL, JOURNAL_FULL = range(4)


class Ledger(NamedTuple):
    """All that changes while a household trades."""

    cash: np.ndarray  # (A,) float64, US$
    held: np.ndarray  # (A, S) float64, shares: the sum of the lots
    lot_count: np.ndarray  # (A, S) int64, lots in use
    lots: np.ndarray  # (A, S, K) LOT, by date of acquisition
    losses: np.ndarray  # (2, W) LOSS: WAITING by date, and GONE where the reading counts disposed purchases
    last_buy: np.ndarray  # (G,) int64, day of the group's latest purchase that can replace
    blocked: np.ndarray  # (G,) int64, last day on which a purchase would make a wash sale
    years: np.ndarray  # (Y, YEAR_COLUMNS) float64, US$
    carry: np.ndarray  # (4,) float64, losses carried over as in rules.brackets.Carryover
    state: np.ndarray  # (5,) int64


#: A day before every window.
LONG_AGO = -(10**9)


def empty_ledger(
    accounts: int, securities: int, groups: int, years: int, *, lots: int = 64, losses: int = 512
) -> Ledger:
    """Return a ledger with nothing in it, with room for `lots` lots of each security in each account."""
    return Ledger(
        cash=np.zeros(accounts),
        held=np.zeros((accounts, securities)),
        lot_count=np.zeros((accounts, securities), np.int64),
        lots=np.zeros((accounts, securities, lots), LOT).view(np.recarray),
        losses=np.zeros((2, losses), LOSS).view(np.recarray),
        last_buy=np.full(groups, LONG_AGO, np.int64),
        blocked=np.full(groups, LONG_AGO, np.int64),
        years=np.zeros((years, YEAR_COLUMNS)),
        carry=np.zeros(4),
        state=np.zeros(5, np.int64),
    )


@compiled
def clear(ledger: Ledger) -> None:
    """Empty a ledger in place, so that a sweep can use one for many runs."""
    ledger.cash[:] = 0.0
    ledger.held[:] = 0.0
    ledger.lot_count[:] = 0
    ledger.last_buy[:] = LONG_AGO
    ledger.blocked[:] = LONG_AGO
    ledger.years[:] = 0.0
    ledger.carry[:] = 0.0
    ledger.state[:] = 0


def from_household(
    ledger: Ledger, household: Household, symbols: tuple[str, ...], structure: Structure, with_lots: bool
) -> None:
    """Fill an empty ledger with the household's lots and cash, or with its opening values as cash.

    Parameters
    ----------
    ledger : Ledger
    household : Household
    symbols : tuple of str
        Securities in the ledger's column order.
    structure : Structure
    with_lots : bool
        Open with lots and cash; otherwise with each account's opening value.
    """
    ledger.carry[:] = opening_carryover(household.tax)
    for a, account in enumerate(household.accounts):
        ledger.cash[a] = account.cash if with_lots else account.opening_value or 0.0
    if not with_lots:
        return
    for number, (_, a, lot) in enumerate(lots_in_order(household)):
        s = symbols.index(lot.symbol)
        k = ledger.lot_count[a, s]
        if k >= ledger.lots.shape[2]:
            ledger.state[STATUS] = LOTS_FULL
            return
        start = day_of(lot.holding_start or lot.acquired)
        ledger.lots[a, s, k] = (
            lot.quantity, lot.basis - lot.deferred, lot.deferred, day_of(lot.acquired), start,
            first_long_term_day(start), number, int(lot.holding_start is None and lot.deferred == 0.0), 0, 0.0,
        )  # fmt: skip
        ledger.lot_count[a, s] = k + 1
        ledger.held[a, s] += lot.quantity
        if structure.replaces[a]:
            group = structure.group[s]
            ledger.last_buy[group] = max(ledger.last_buy[group], day_of(lot.acquired))
        ledger.state[NEXT_PURCHASE] = number + 1


def lots_in_order(household: Household) -> list[tuple[dt.date, int, TaxLot]]:
    """Return (date, account, lot) in order of time, whatever order the file gave: replacements are matched in it."""
    placed = [(lot.acquired, a, lot) for a, account in enumerate(household.accounts) for lot in account.lots]
    return sorted(placed, key=lambda item: item[0])


def to_accounts(
    ledger: Ledger, household: Household, symbols: tuple[str, ...], names: dict[int, str]
) -> tuple[Account, ...]:
    """Return the household's accounts with the lots and cash that are in the ledger now.

    `names` are those of purchases by number (`names_of`). Of one that a wash sale has divided, pieces that stand for
    others have a number behind it.
    """
    accounts = []
    for a, account in enumerate(household.accounts):
        lots = []
        for s, symbol in enumerate(symbols):
            for k in range(ledger.lot_count[a, s]):
                lot = ledger.lots[a, s, k]
                acquired, start = date_of(lot.acquired), date_of(lot.start)
                fresh = lot.fresh == 1
                lots.append(
                    TaxLot(
                        lot=names[int(lot.purchase)] + ("" if fresh else f".{k}"),
                        symbol=symbol, quantity=float(lot.quantity), basis=float(lot.cost + lot.deferred),
                        acquired=acquired, holding_start=None if fresh and start == acquired else start,
                        deferred=float(lot.deferred),
                    )
                )  # fmt: skip
        accounts.append(replace(account, cash=float(ledger.cash[a]), lots=tuple(lots)))
    return tuple(accounts)


def names_of(ledger: Ledger, symbols: tuple[str, ...], opening: tuple[str, ...]) -> dict[int, str]:
    """Return a name for each purchase of which something is held: that of the opening lot, else ticker and number."""
    names: dict[int, str] = {}
    taken = set(opening)
    for s, symbol in enumerate(symbols):
        for a in range(ledger.held.shape[0]):
            for k in range(ledger.lot_count[a, s]):
                number = int(ledger.lots[a, s, k].purchase)
                name = opening[number] if number < len(opening) else f"{symbol}-{number}"
                while number >= len(opening) and name in taken:
                    name += "'"
                names[number] = name
    return names


def day_of(date: dt.date) -> int:
    """Return days since 1970-01-01."""
    return date.toordinal() - EPOCH


def date_of(day: int) -> dt.date:
    """Return the date of a day number."""
    return dt.date.fromordinal(int(day) + EPOCH)
