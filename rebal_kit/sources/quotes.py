"""Rows of a price file as one array a field: sessions down, securities across."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from rebal_kit.findings import Finding
from rebal_kit.sources.cells import Cells
from rebal_kit.sources.columns import Layout
from rebal_kit.sources.values import Problems, parse_dates, parse_numbers

_PRICES = ("open", "high", "low", "close", "adj_close")


@dataclass(frozen=True, eq=False)
class Quotes:
    """What a file says, before anything is concluded from it.

    Attributes
    ----------
    file : str
    dates : ndarray
        (n_sessions,) datetime64[D], increasing: every date on which any security has a row.
    symbols : tuple of str
    fields : dict of str to ndarray
        (n_sessions, n_symbols) float64 for each field the file has; NaN where it is silent.
    first_row : ndarray
        (n_sessions,) int64, the first row of each date.
    findings : tuple of Finding
    """

    file: str
    dates: np.ndarray
    symbols: tuple[str, ...]
    fields: dict[str, np.ndarray]
    first_row: np.ndarray
    findings: tuple[Finding, ...]


def read_quotes(cells: Cells, layout: Layout, today: dt.date) -> Quotes:
    """Read every cell, and collect every error before raising any.

    Raises
    ------
    MarketError
        Dates, numbers, tickers or currencies are wrong, or a security has two rows for one date.
    """
    problems = Problems(cells.file)
    date_label = layout.label(cells, layout.date) if cells.header[0][layout.date] else "Date"
    days = parse_dates(cells.columns[layout.date], cells.rows, date_label, problems, today)
    codes, symbols = _tickers(cells, layout, problems)
    parsed = {
        column: parse_numbers(
            cells.columns[column.at], cells.rows, column.label, problems, positive=column.field in _PRICES
        )
        for column in layout.values
    }
    _check_currency(cells, layout, problems)
    known = ~np.isnat(days) & (codes >= 0)
    days, codes, rows = days[known], codes[known], cells.rows[known]
    _check_duplicates(days, codes, rows, symbols if layout.ticker is not None else (), date_label, problems)
    problems.raise_any()
    dates, first, session = np.unique(days, return_index=True, return_inverse=True)
    fields: dict[str, np.ndarray] = {}
    for column, numbers in parsed.items():
        table = fields.setdefault(column.field, np.full((len(dates), len(symbols)), np.nan))
        at = codes if layout.ticker is not None else symbols.index(column.symbol)
        table[session, at] = numbers[known]
    order = _order_finding(days, codes, rows, cells.file)
    return Quotes(
        cells.file, dates, symbols, fields, rows[first], (*cells.findings, *layout.findings, *order)
    )


def _tickers(cells: Cells, layout: Layout, problems: Problems) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return each row's security as a number (-1 where unknown), and the securities."""
    if layout.ticker is None:
        return np.zeros(len(cells.rows), dtype=np.int64), tuple(
            dict.fromkeys(c.symbol for c in layout.values)
        )
    import pandas as pd

    texts = pd.Series(cells.columns[layout.ticker], dtype=object).astype(str).str.strip()
    blank = (texts == "").to_numpy()
    label = layout.label(cells, layout.ticker)
    problems.at_rows(
        cells.rows[blank], label, texts[blank], "is empty{}", "write the ticker, or delete the row"
    )
    codes, symbols = pd.factorize(texts.where(~blank, None), use_na_sentinel=True)
    return codes.astype(np.int64), tuple(str(symbol) for symbol in symbols)


def _check_currency(cells: Cells, layout: Layout, problems: Problems) -> None:
    if layout.currency is None:
        return
    texts = np.array([str(cell).strip() for cell in cells.columns[layout.currency]], dtype=object)
    other = texts != "USD"
    if other.any():
        names = ", ".join(sorted({text or "(empty)" for text in texts}))
        row = cells.rows[other][:1]
        problems.at_rows(row, layout.label(cells, layout.currency), texts[other],
                         f"'{{}}' is not USD ({int(other.sum())} rows; the file has {names})",
                         "give prices in US dollars only")  # fmt: skip


def _check_duplicates(
    days: np.ndarray, codes: np.ndarray, rows: np.ndarray, symbols: tuple[str, ...], label: str, problems: Problems
) -> None:  # fmt: skip
    order = np.lexsort((rows, days, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(days[order]) == np.timedelta64(0, "D"))
    later, earlier = order[1:][same], order[:-1][same]
    told = [
        f"{days[b]}{' of ' + symbols[codes[b]] if symbols else ''} is there already, in row {rows[a]}"
        for a, b in zip(earlier, later, strict=True)
    ]
    problems.at_rows(rows[later], label, told, "{}", "keep one row a date and security")


def _order_finding(days: np.ndarray, codes: np.ndarray, rows: np.ndarray, file: str) -> tuple[Finding, ...]:
    """Say that rows were sorted. Their order carries no information once no date is there twice: no error."""
    order = np.argsort(codes, kind="stable")
    back = (np.diff(codes[order]) == 0) & (np.diff(days[order]) < np.timedelta64(0, "D"))
    if not back.any():
        return ()
    at = order[1:][back]
    first = at[np.argmin(rows[at])]
    before = order[:-1][back][np.argmin(rows[at])]
    return (
        Finding("warning", f"{file} row {rows[first]}", f"{days[first]} comes after {days[before]}"
                f" ({len(at)} rows are out of order); rows were sorted by date", "check that no dates are mistyped"),
    )  # fmt: skip
