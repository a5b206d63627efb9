"""Figures, days and sentences as a report for a client writes them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rebal_kit.views.shape import label
from rebal_kit.views.tables import number
from rebal_kit.views.tax_words import money

#: Characters of a name on the first page; what is longer stands whole in the appendices.
LONGEST_NAME = 44
_DAY = re.compile(r"(?<![\w-])(?:19|20)\d\d-\d\d-\d\d(?![\w-])")
#: Where a finding may stand that is not called by a name.
_WORDS = frozenset(
    ("account", "household", "trade", "trades", "purchases", "prices", "targets", "solver", "execution", "aims", "law",
     "changed", "the", "weight", "other")
)  # fmt: skip
#: Dollars before a figure; "a US$ of drift" stays as it is.
_DOLLARS = re.compile(r"US\$ ?([-−]?)(?=\d)")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def usd(value: float | None, digits: int = 0) -> str:
    """Return US$ as text, the sign before the dollar; a dash where there is no figure."""
    if value is None or not math.isfinite(value):
        return "–"
    text = money(float(value), digits)
    return f"−${text[1:]}" if text.startswith("−") else f"${text}"


def change(value: float, digits: int = 0) -> str:
    """Return US$ as text with its sign, plus too."""
    text = usd(value, digits)
    return text if text.startswith("−") or not text.strip("$0.,") else f"+{text}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage."""
    return "–" if value is None or not math.isfinite(value) else f"{number(100.0 * value, digits)}%"


def points(value: float, digits: int = 1) -> str:
    """Return a difference of two fractions in percentage points, with its sign."""
    text = number(100.0 * value, digits)
    return text if text.startswith("−") or not text.strip("0.") else f"+{text}"


def long_day(value: str | dt.date) -> str:
    """Return a day as an American letter writes it: September 12, 2012."""
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def short(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name for people, cut where it is too long for a line."""
    text = label(name)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def capital(text: str) -> str:
    """Return a name with a capital first."""
    return f"{text[:1].upper()}{text[1:]}"


def quoted(text: str) -> str:
    """Return a sentence of the package's with dollars and minus signs as the report writes them."""
    return _DOLLARS.sub(lambda found: "−$" if found[1] else "$", text)


def spoken(text: str) -> str:
    """Return a sentence of the package's as a letter writes it: dollars, minus signs and days."""
    return _DAY.sub(lambda day: _said_day(day[0]), quoted(text))


def sentence(text: str) -> str:
    """Return text with a full stop last, and a capital first where it begins with a word and not with a name."""
    text = text.strip()
    first = text.split(" ", 1)[0].rstrip(":")
    if first in _WORDS or not text.partition(":")[1]:
        text = f"{text[:1].upper()}{text[1:]}"
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'}"


def told(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return findings of a document as sentences; errors and warnings are called so."""
    found = []
    for one in findings:
        text = f"{one['where']}: {one['what']}" + (f" — {one['remedy']}" if one["remedy"] else "")
        found.append(quoted(text if one["severity"] == "note" else f"{one['severity']}: {text}"))
    return list(dict.fromkeys(found))


def fitting(sentences: Sequence[str], most: int, characters: int) -> tuple[list[str], int]:
    """Return the first sentences that a place has room for, and how many are left for the appendix."""
    shown: list[str] = []
    for text in sentences[:most]:
        if sum(map(len, shown)) + len(text) > characters:
            break
        shown.append(text)
    return shown, len(sentences) - len(shown)


def _said_day(text: str) -> str:
    try:
        return long_day(text)
    except ValueError:
        return text
