"""What is wrong with a lot of a broker's file: what it lacks is asked for, what it cannot be is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rebal_kit.files.reading import did_you_mean
from rebal_kit.files.statement import OpenLot, Place
from rebal_kit.findings import Finding
from rebal_kit.market import Market

_EARLIEST = 1900
#: How a lot that the broker does not know is told.
OWN_LOTS = (
    "give all lots of {} in a lots file (account, lot, symbol, quantity, basis, acquired) beside the broker's"
)


def check_lot(lot: OpenLot, as_of: dt.date | None, market: Market | None) -> Iterator[Finding]:
    """Find what a lot lacks, and dates that no purchase has.

    Parameters
    ----------
    lot : OpenLot
    as_of : date, optional
        Day of the export.
    market : Market, optional
        Whose sessions are the days on which one can buy; without it, only weekends are known to be none.
    """
    place, ask = lot.place, OWN_LOTS.format(lot.symbol)
    if lot.quantity < 0:
        remedy = "a short sale has no lots here: close it, or leave it out"
        yield Finding("error", place.of("quantity"), f"is {lot.quantity:,.10g}, a short lot", remedy)
    elif lot.quantity == 0:
        yield Finding("error", place.of("quantity"), "is 0", "take the row out")
    if lot.basis is None:
        yield Finding("error", place.of("cost"), _lacks(lot, "cost", "the basis"), ask)
    elif lot.basis < 0 < lot.quantity:
        yield Finding("error", place.of("cost"), f"is {lot.basis:,.2f}", f"a basis is 0 or more; {ask}")
    if lot.acquired is None:
        yield Finding("error", place.of("acquired"), _lacks(lot, "acquired", "the date of purchase"), ask)
        return
    where = place.of("acquired")
    if as_of is not None and lot.acquired > as_of:
        what = f"is {lot.acquired}, after the file's day {as_of}"
        yield Finding("error", where, what, "check both dates")
    elif lot.acquired.year < _EARLIEST:
        yield Finding("error", where, f"is {lot.acquired}, before {_EARLIEST}", "check the year")
    elif closed := _closed(lot.acquired, market):
        remedy = "give the trade date, not the settlement; gifts and inheritances may be of any day"
        yield Finding("warning", where, f"is {lot.acquired}, {closed}", remedy)
    if lot.holding_start is not None and lot.holding_start > lot.acquired:
        what = f"is {lot.holding_start}, after the purchase on {lot.acquired}"
        yield Finding("error", place.of("holding_start"), what, f"a wash sale moves it back; {ask}")


def check_twice(lots: Sequence[OpenLot], confirmed: bool) -> Iterator[Finding]:
    """Find lots that are alike in every cell: two fills of one order, or one lot listed twice.

    Parameters
    ----------
    lots : sequence of OpenLot
        Of one security in one account.
    confirmed : bool
        Whether the shares held, or a total of the file, need them all.
    """
    first: dict[tuple[object, ...], Place] = {}
    for lot in lots:
        same = (lot.acquired, lot.quantity, lot.basis, lot.holding_start)
        seen = first.setdefault(same, lot.place)
        if seen is not lot.place:
            remedy = (
                "the shares held need both, so both are kept"
                if confirmed
                else "take one out if it is the same purchase"
            )
            what = f"the lot of {lot.symbol} is the same as that of {seen.row}"
            yield Finding("warning" if confirmed else "error", lot.place.row, what, remedy)


def check_tickers(held: Iterable[tuple[str, Place]], market: Market | None) -> Iterator[Finding]:
    """Find securities that the market does not have."""
    if market is None:
        return
    known = set(market.symbols)
    for symbol, place in held:
        if symbol not in known:
            what = f"'{symbol}' is not in the market"
            remedy = f"add its prices to the market; {did_you_mean(symbol, market.symbols)}"
            if len(remedy) > 160:
                remedy = "add its prices to the market, or write the ticker as the market does"
            yield Finding("warning", place.of("symbol"), what, remedy)


def _lacks(lot: OpenLot, name: str, what: str) -> str:
    said = lot.place.said(name)
    of_lot = f"{what} of {lot.quantity:,.10g} {lot.symbol}"
    return f"is '{said}': {of_lot} is not known" if said else f"{of_lot} is missing"


def _closed(date: dt.date, market: Market | None) -> str:
    """Return why nothing could be bought on a day; an empty text where it could, or where it is not known."""
    if date.weekday() >= 5:
        return f"a {date:%A}"
    if market is None:
        return ""
    day = np.datetime64(date, "D")
    sessions = market.dates.astype("datetime64[D]")
    inside = sessions[0] <= day <= sessions[-1]
    return "no session of the market" if inside and day not in sessions else ""
