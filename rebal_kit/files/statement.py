"""What a broker's file says, before anybody asks whether it can be true: it may be incomplete, a `TaxLot` may not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from rebal_kit.files.account_number import masked
from rebal_kit.findings import Finding


@dataclass(frozen=True)
class Place:
    """Where a record stands.

    Attributes
    ----------
    file : str
        As messages call it.
    row : str
        File and row, as messages show them.
    cells : mapping
        By field, the column's name in the file and what stands there.
    """

    file: str
    row: str
    cells: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def of(self, name: str) -> str:
        """Return the place of one field of the record."""
        return f"{self.row}, column {self.cells[name][0]}" if name in self.cells else self.row

    def said(self, name: str) -> str:
        """Return what the file says there, as it says it."""
        return self.cells[name][1] if name in self.cells else ""


@dataclass(frozen=True)
class Position:
    """What an account holds of one security.

    Attributes
    ----------
    symbol : str
        As the broker spells it.
    quantity : float
        Shares; negative for a short position.
    price, value, cost : float, optional
        US$ a share, US$ in all, total basis in US$; None where the file does not say.
    kind : str
        What the broker says that it is, where it says so.
    refused : str
        Why it cannot be held here; empty for shares and funds.
    """

    symbol: str
    quantity: float
    price: float | None
    value: float | None
    cost: float | None
    place: Place
    kind: str = ""
    refused: str = ""


@dataclass(frozen=True)
class OpenLot:
    """A purchase that is still held, as far as the file knows it.

    Attributes
    ----------
    symbol : str
    quantity : float
    basis : float, optional
        Total in US$; None where the broker does not know it.
    acquired : date, optional
        None where the broker does not know it.
    value : float, optional
        Market value in US$.
    holding_start : date, optional
        Where a wash sale moved the start of the holding period.
    refused : str
        Why it cannot be held here; empty for shares and funds.
    """

    symbol: str
    quantity: float
    basis: float | None
    acquired: dt.date | None
    value: float | None
    place: Place
    holding_start: dt.date | None = None
    refused: str = ""


@dataclass(frozen=True)
class Total:
    """A sum that the file itself states.

    Attributes
    ----------
    quantity, value, cost : float, optional
    symbol : str
        The security whose lots it sums, empty for a sum of positions.
    kind : str
        The asset kind whose positions it sums, empty for all of them.
    with_cash : bool
        Whether cash is in its value.
    """

    quantity: float | None
    value: float | None
    cost: float | None
    place: Place
    symbol: str = ""
    kind: str = ""
    with_cash: bool = False


@dataclass(frozen=True)
class Statement:
    """One account in one file.

    Attributes
    ----------
    file : str
        As messages call it.
    broker : str
    number : str
        The account's number, or as much of it as the file tells; it is shown nowhere.
    label : str
        What the broker calls the account.
    as_of : date, optional
    positions, lots, totals : tuple
    cash : float, optional
        US$; None where the file does not say.
    cash_in_doubt : str
        Why the file's cash cannot be told, if it cannot.
    pending : float
        US$ on their way, part of the account's total and not of its cash.
    listed : bool
        Whether the positions are all that the account holds, even where there are none.
    incomplete : bool
        Whether rows of the file could not be read.
    """

    file: str
    broker: str
    number: str = field(default="", repr=False)
    label: str = ""
    as_of: dt.date | None = None
    positions: tuple[Position, ...] = ()
    lots: tuple[OpenLot, ...] = ()
    totals: tuple[Total, ...] = ()
    cash: float | None = None
    cash_in_doubt: str = ""
    pending: float = 0.0
    listed: bool = False
    incomplete: bool = False

    @property
    def account(self) -> str:
        """The account as messages call it."""
        return masked(self.number) if self.number else f"'{self.label}'" if self.label else "without a number"


@dataclass(frozen=True)
class Export:
    """A file's accounts, and what is wrong with the file."""

    file: str
    statements: tuple[Statement, ...] = ()
    findings: tuple[Finding, ...] = ()
