"""What each column of a price file means, from the names Yahoo and yfinance write."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from rebal_kit.findings import Finding, MarketError, raise_errors
from rebal_kit.sources.cells import Cells

_SPELLINGS = {
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "adj_close": ("adj close", "adjclose", "adjusted close"),
    "volume": ("volume",),
    "dividend": ("dividends", "dividend"),
    "split": ("stock splits", "stock split", "splits", "split"),
    "capital_gain": ("capital gains",),
}
_FIELDS = {spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings}
_DATES = ("date", "datetime")
_TICKERS = ("ticker", "symbol")
#: Fields whose names in capitals are tickers as well: Lowe's is LOW.
_ALSO_TICKERS = ("OPEN", "HIGH", "LOW")
_SHOWN = "Date, Ticker, Open, High, Low, Close, Adj Close, Volume, Dividends, Stock Splits, Currency"


@dataclass(frozen=True)
class Column:
    """A column of numbers: which field, and of which security ('' where a ticker column says so)."""

    at: int
    field: str
    symbol: str
    label: str


@dataclass(frozen=True)
class Layout:
    """Where a file keeps what.

    Attributes
    ----------
    date : int
        Position of the date column.
    ticker, currency : int, optional
    values : tuple of Column
    findings : tuple of Finding
    """

    date: int
    values: tuple[Column, ...]
    ticker: int | None = None
    currency: int | None = None
    findings: tuple[Finding, ...] = ()

    def label(self, cells: Cells, at: int) -> str:
        """Return the name of a column as its file has it."""
        return cells.header[0][at] or f"number {at + 1}"


def read_layout(cells: Cells) -> Layout:
    """Recognise a long table, a wide one, one security's history, or yfinance's two header rows.

    A table with a ticker column is long. Without one it is the history of a single security, named by the file, if it
    has a Close or Adj Close column, and otherwise wide: every column but the date is a ticker, and Volume is none.

    Raises
    ------
    MarketError
        No date column, no prices, or columns that are unknown or there twice.
    """
    layout = _two_header_rows(cells) if len(cells.header) == 2 else _one_header_row(cells)
    raise_errors(MarketError, _check(cells, layout))
    return layout


def _key(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())


def _one_header_row(cells: Cells) -> Layout:
    names = [_key(name) for name in cells.header[0]]
    dates = [at for at, name in enumerate(names) if name in _DATES]
    if not dates and names[0] == "":
        dates = [0]  # pandas writes an index without a name so
    if not dates:
        raise MarketError(
            Finding("error", f"{cells.file} row 1", "has no Date column", f"name the columns {_SHOWN}")
        )
    tickers = [at for at, name in enumerate(names) if name in _TICKERS]
    currencies = [at for at, name in enumerate(names) if name == "currency"]
    special = {dates[0], *tickers[:1], *currencies[:1]}
    taken = {names[at] for at in special} - {""}
    rest = [at for at in range(len(names)) if at not in special and names[at] not in taken]
    named = {_FIELDS.get(names[at]) for at in rest}
    strays = [at for at in rest if names[at] in _FIELDS and cells.header[0][at] not in _ALSO_TICKERS]
    by_field = bool(tickers or named & {"close", "adj_close"} or (rest and None not in named))
    if strays and not by_field:
        by_field = any(_nearest(names[at]) in ("close", "adj_close") for at in rest)
        if not by_field:
            raise MarketError([_stray(cells, at) for at in strays])
    symbol = "" if tickers else PurePath(cells.file).stem.upper()
    values = [
        Column(at, _FIELDS.get(names[at], ""), symbol, cells.header[0][at])
        if by_field
        else Column(at, "close", cells.header[0][at], cells.header[0][at])
        for at in rest
    ]
    findings: tuple[Finding, ...] = ()
    if by_field and not tickers:
        findings = (
            Finding("note", cells.file, f"has no Ticker column: the security is called {symbol}",
                    "add a Ticker column, or rename the file"),
        )  # fmt: skip
    return Layout(dates[0], tuple(values), next(iter(tickers), None), next(iter(currencies), None), findings)


def _stray(cells: Cells, at: int) -> Finding:
    what = f"'{cells.header[0][at]}' is no ticker, and no column is a Close"
    remedy = "delete it if every column is a ticker; if this is one security's history, name its prices Close"
    return Finding("error", f"{cells.file} row 1, column {at + 1}", what, remedy)


def _nearest(key: str) -> str | None:
    """Return the field a name was probably meant to be."""
    near = difflib.get_close_matches(key, _FIELDS, n=1)
    return _FIELDS[near[0]] if near else None


def _two_header_rows(cells: Cells) -> Layout:
    first, second = cells.header
    fields_first = _key(first[0]) == "price" or _key(second[0]) == "ticker"
    if not fields_first and _key(first[0]) != "ticker":
        fields_first = all(_key(name) in _FIELDS for name in first[1:])
    fields, symbols = (first, second) if fields_first else (second, first)
    values = tuple(
        Column(at, _FIELDS.get(_key(fields[at]), ""), symbols[at], f"{fields[at]} / {symbols[at]}")
        for at in range(1, len(first))
    )
    return Layout(0, values)


def _check(cells: Cells, layout: Layout) -> Iterator[Finding]:
    where = f"{cells.file} row 1"
    seen: dict[tuple[str, str], Column] = {}
    for column in layout.values:
        place = f"{where}, column {column.at + 1}"
        if not column.label.strip():
            yield Finding("error", place, "has no name", "name it, or delete it")
        elif not column.field:
            near = _nearest(_key(column.label.split(" / ")[0]))
            hint = f"did you mean {_shown(near)}? Else delete it" if near else "delete it"
            yield Finding("error", place, f"'{column.label}' is unknown", f"{hint}; known are {_SHOWN}")
        elif not column.symbol and layout.ticker is None:
            yield Finding(
                "error", place, f"'{column.label}' names no ticker", "write the ticker into the header"
            )
        elif (column.field, column.symbol) in seen:
            twice = (
                f"'{column.label}' is there twice (also column {seen[column.field, column.symbol].at + 1})"
            )
            yield Finding("error", place, twice, "delete one")
        seen.setdefault((column.field, column.symbol), column)
    fields = {column.field for column in layout.values}
    if not fields & {"close", "adj_close", ""}:
        remedy = "add Close, or Adj Close; a wide table has tickers as column names"
        yield Finding("error", where, "has no prices: neither Close nor Adj Close", remedy)
    for at, name in enumerate(cells.header[0]):
        taken = {layout.date, layout.ticker, layout.currency, *(column.at for column in layout.values)}
        if at not in taken:
            yield Finding("error", f"{where}, column {at + 1}", f"'{name}' is there twice", "delete one")


def _shown(field: str) -> str:
    return _SPELLINGS[field][0].title()
