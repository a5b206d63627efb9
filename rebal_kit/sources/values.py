"""Cells as dates and numbers; everything wrong with them, each with the place where a spreadsheet shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from rebal_kit.findings import Finding, MarketError

#: Errors listed one by one; the rest are counted.
LISTED = 20

_ISO_DAY = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"


@dataclass
class Problems:
    """Errors of one file, collected so that a reader sees all of them at once, in the file's order."""

    file: str
    found: list[tuple[int, Finding]] = field(default_factory=list)
    count: int = 0

    def at_rows(self, rows: np.ndarray, label: str, values: Iterable[object], what: str, remedy: str) -> None:
        """Add one error a row: `what` with the value put in for its first ``{}``."""
        self.count += len(rows)
        for row, value in zip(rows[:LISTED].tolist(), values, strict=False):
            where = f"{self.file} row {row}, column '{label}'"
            self.found.append((row, Finding("error", where, what.replace("{}", str(value), 1), remedy)))

    def about(self, place: str, what: str, remedy: str) -> None:
        """Add one error about something that is not a cell."""
        self.count += 1
        self.found.append((2**62, Finding("error", f"{self.file}{place}", what, remedy)))

    def raise_any(self) -> None:
        """Raise what was collected.

        Raises
        ------
        MarketError
            The first 20 errors, and how many more there are.
        """
        if not self.found:
            return
        listed = [finding for _, finding in sorted(self.found, key=lambda pair: pair[0])[:LISTED]]
        if self.count > len(listed):
            more = f"and {self.count - len(listed)} more errors"
            listed.append(Finding("error", self.file, more, "mend the ones above first"))
        raise MarketError(listed)


def parse_dates(
    cells: np.ndarray, rows: np.ndarray, label: str, problems: Problems, today: dt.date
) -> np.ndarray:
    """Return days; NaT where a problem was added.

    Only year-month-day is read: 01/02/2024 is a different day in different countries. A time of day and a UTC offset,
    as yfinance writes them, are dropped, so the day is the one the exchange's clock showed.

    Returns
    -------
    ndarray
        (n_rows,) datetime64[D].
    """
    import pandas as pd

    if cells.dtype.kind == "M":
        days = cells.astype("datetime64[D]")
    elif cells.dtype.kind in "iuf":
        days = np.full(len(cells), np.datetime64("NaT", "D"))  # a number is a day in nobody's calendar
    else:
        codes, texts = pd.factorize(cells)
        unique = pd.Series(texts, dtype=object).astype(str).str.strip()
        shaped = unique.where(unique.str.fullmatch(_ISO_DAY)).str.slice(0, 10)
        days = (
            pd.to_datetime(shaped, format="%Y-%m-%d", errors="coerce")
            .to_numpy()
            .astype("datetime64[D]")[codes]
        )
    unread = np.isnat(days)
    problems.at_rows(rows[unread], label, cells[unread], "'{}' is no date", "write dates as 2024-01-31")
    future = ~unread & (days > np.datetime64(today, "D"))
    problems.at_rows(
        rows[future], label, cells[future], "{} is in the future", "delete the row, or mend the date"
    )
    return np.where(future, np.datetime64("NaT", "D"), days)


def parse_numbers(
    cells: np.ndarray, rows: np.ndarray, label: str, problems: Problems, positive: bool
) -> np.ndarray:
    """Return numbers; NaN where a cell is empty or a problem was added.

    Parameters
    ----------
    cells : ndarray
        (n_rows,), text or numbers.
    rows : ndarray
        (n_rows,) int64, row numbers.
    label : str
        The column, for messages.
    problems : Problems
    positive : bool
        Whether 0 is an error too (prices), not only numbers below 0.

    Returns
    -------
    ndarray
        (n_rows,) float64.
    """
    import pandas as pd

    remedy = "write a plain number such as 1234.5; leave the cell empty where there is none"
    if cells.dtype.kind in "iuf":
        numbers = cells.astype(np.float64)
        text = np.isinf(numbers)
    else:
        texts = pd.Series(cells, dtype=object).astype(str).str.strip()
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        text = (np.isnan(numbers) & (texts != "").to_numpy()) | np.isinf(numbers)
    problems.at_rows(rows[text], label, cells[text], "'{}' is not a number", remedy)
    numbers = np.where(text, np.nan, numbers)
    low = numbers <= 0 if positive else numbers < 0
    bound = "positive" if positive else "0 or more"
    problems.at_rows(rows[low], label, cells[low], "{} is not " + bound, "mend it, or leave the cell empty")
    return np.where(low, np.nan, numbers)
