"""A layout of a broker's CSV file as a table of words: which headers identify it, what its columns and rows mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Reads = Literal["positions", "lots", "totals", "cash", "facts", "nothing"]

#: A column's heading may end in the moment of its prices.
_MOMENT = re.compile(r"\s+as of .*$")
NEVER = r"(?!)"


@dataclass(frozen=True)
class Dialect:
    """One table of one broker.

    Attributes
    ----------
    name : str
        As messages call it.
    broker : str
    reads : {'positions', 'lots', 'cash', 'facts', 'nothing'}
        What a row is: a security held, a lot, an amount of cash, something about the whole file, or not looked at.
    columns : mapping of str to tuple of str
        By meaning, the headings it goes by, in lower case. Meanings are ``account, label, symbol, quantity, price,
        value, cost, acquired, holding_start, kind, currency, detail, day, fact, said``.
    needed : tuple of str
        Meanings that identify the layout and without which no row can be read.
    others : tuple of str
        Headings that are known and not read.
    section : str
        In files whose rows begin with the name of a section: that name.
    title : str
        A pattern for the line above the table, with groups ``account``, ``label`` and ``symbol`` as far as it has them.
    dates : tuple of str
        Formats of dates in cells.
    cash, total, pending : str
        Patterns for the symbol, or the first cell, of rows with cash, with sums, and with money on its way.
    total_has_cash : bool
        Whether cash is in those sums.
    details : mapping of str to str
        What a row is, by what stands under ``detail``.
    shares, cash_kinds : frozenset of str
        Under ``kind``, the words for shares and funds, and for cash; in lower case.
    """

    name: str
    broker: str
    reads: Reads
    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    others: tuple[str, ...] = ()
    section: str = ""
    title: str = NEVER
    dates: tuple[str, ...] = ("%m/%d/%Y",)
    cash: str = NEVER
    total: str = NEVER
    pending: str = NEVER
    total_has_cash: bool = False
    details: Mapping[str, Reads] | None = None
    shares: frozenset[str] = frozenset()
    cash_kinds: frozenset[str] = frozenset()

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Return the position of each meaning in a header, as far as it is there."""
        plain = [heading(cell) for cell in header]
        return {
            meaning: plain.index(known)
            for meaning, names in self.columns.items()
            for known in [name for name in names if name in plain][:1]
        }

    def lacks(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a header would still need to be of this layout."""
        there = self.places(header)
        return tuple(self.columns[meaning][0] for meaning in self.needed if meaning not in there)

    def strange(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the headings that this layout does not know."""
        known = {name for names in self.columns.values() for name in names} | set(self.others)
        return tuple(cell for cell in header if heading(cell) and heading(cell) not in known)


def heading(cell: str) -> str:
    """Return a column's name as dialects spell it."""
    return _MOMENT.sub("", " ".join(cell.lower().split()))
