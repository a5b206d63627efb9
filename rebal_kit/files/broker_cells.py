"""Cells as brokers write them: dollars with signs and separators, US dates, and the many words for nothing."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable

#: What stands in a cell of which the broker knows no value.
_MISSING = frozenset({
    "", "-", "--", "n/a", "na", "null", "none", "not available", "not applicable", "incomplete", "unknown",
    "various", "missing", "pending",
})  # fmt: skip

_AMOUNT = re.compile(r"(?:[-+]?\$?|\$[-+])(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?")
#: What may follow a date: a time, a zone, a remark in brackets.
_TIME = re.compile(r"[ ,;]*(?:\d{1,2}:?\d{2}(?::?\d{2})?(?: ?[AP]M)?)?(?: ET)?(?: ?\(.*\))?", re.IGNORECASE)
#: Dates in titles and footers, each with its format.
_DAYS_IN_TEXT = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "%Y-%m-%d"),
    (re.compile(r"\d{4}/\d{2}/\d{2}"), "%Y/%m/%d"),
    (re.compile(r"\b\d{1,2}/\d{1,2}/\d{4}"), "%m/%d/%Y"),
    (re.compile(r"\b[A-Z][a-z]{2}-\d{1,2}-\d{4}"), "%b-%d-%Y"),
    (re.compile(r"\b[A-Z][a-z]+ \d{1,2}, \d{4}"), "%B %d, %Y"),
)


def is_missing(text: str) -> bool:
    """Whether the broker says that it knows no value."""
    return text.strip(" *").lower() in _MISSING


def amount(text: str) -> float:
    """Return the number that a cell holds: ``$1,234.50``, ``-$3``, ``(3.00)``, ``+12``.

    Raises
    ------
    ValueError
        It holds none, one with two signs or beyond all bounds, or one whose separators are not those of US brokers.
    """
    bare = text.strip()
    negative = bare.startswith("(") and bare.endswith(")")
    if negative:
        bare = bare[1:-1]
    if not _AMOUNT.fullmatch(bare) or not re.search(r"[0-9]", bare) or not bare.isascii():
        raise ValueError(text)
    number = float(re.sub(r"[$,+]", "", bare))
    if not math.isfinite(number) or (negative and re.search(r"[-+]", bare)):
        raise ValueError(text)
    return -number if negative else number


def day(text: str, formats: Iterable[str]) -> dt.date:
    """Return the date that a cell holds; a time after it is dropped.

    Raises
    ------
    ValueError
        It holds no date in any of the formats, or one that is not in the calendar.
    """
    bare = text.strip()
    date = re.split(r"[ ,;]", bare, maxsplit=1)[0]
    if not _TIME.fullmatch(bare[len(date) :]):
        raise ValueError(text)
    for form in formats:
        if form == "%Y%m%d" and len(date) != len("20240105"):
            continue  # strptime would cut 202161 into a year, a month and a day
        try:
            return dt.datetime.strptime(date, form).date()
        except ValueError:
            continue
    raise ValueError(text)


def day_in(text: str) -> dt.date | None:
    """Return the last date that a line of text names, None where it names none."""
    found: list[tuple[int, dt.date]] = []
    for pattern, form in _DAYS_IN_TEXT:
        for match in pattern.finditer(text):
            try:
                found.append((match.start(), dt.datetime.strptime(match[0], form).date()))
            except ValueError:
                continue
    return max(found)[1] if found else None
