"""Executed fills in a CSV file.

Columns
-------
``quantity`` (shares, above 0), ``price`` (US$ a share), ``date`` (year-month-day) and either ``trade``, the number in
the orders file, or ``account``, ``symbol`` and ``side`` (buy or sell). Where needed: ``proposal``, the id, by which
fills of another one are noticed; ``fees`` (US$); ``fill``, the broker's own number of it, by which two equal fills of
one order are told from one that is listed twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, ValidationError

from rebal_kit.files.csv_text import Columns, as_number, read_rows
from rebal_kit.files.explain import explain
from rebal_kit.files.fields import STRICT, Date, Name, Number, refusal
from rebal_kit.files.reading import read_text
from rebal_kit.findings import Finding, LedgerError, capped, raise_errors

_COLUMNS = Columns(
    usual=("proposal", "trade", "account", "symbol", "side", "quantity", "price", "date", "fees", "fill"),
    needed=("quantity", "price", "date"),
    either=(("trade", "account", "give the number of the trade, or account, symbol and side"),),
)
_SIDES = ("buy", "sell")


@dataclass(frozen=True)
class Fill:
    """Shares that were bought or sold.

    Attributes
    ----------
    place : str
        File and row.
    quantity, price : float
        Shares, and US$ a share.
    date : date
    fees : float
        US$.
    proposal : str
        The id of the proposal; empty where the file does not say it.
    trade : int or None
        Its number in the proposal.
    account, symbol, side : str
        Empty where the file does not say them.
    fill : str
        The broker's own number; mostly empty.
    """

    place: str
    quantity: float
    price: float
    date: dt.date
    fees: float = 0.0
    proposal: str = ""
    trade: int | None = None
    account: str = ""
    symbol: str = ""
    side: str = ""
    fill: str = ""


def _side(value: str) -> str:
    side = value.lower()
    if side not in _SIDES:
        raise refusal(f"is {value!r}", "write buy or sell")
    return side


def _trade(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) > 0):
        raise refusal(f"is {value!r}", "give the number of the trade, as in the orders file")
    return int(value)


Positive = Annotated[float, BeforeValidator(as_number), Field(gt=0, allow_inf_nan=False)]


class FillRow(BaseModel):
    """One row of a file of fills."""

    model_config = STRICT

    proposal: str = ""
    trade: Annotated[int | None, PlainValidator(_trade)] = None
    account: Name = ""
    symbol: Name = ""
    side: Annotated[str, PlainValidator(_side)] = ""
    quantity: Positive = Field(description="Shares, above 0")
    price: Positive = Field(description="The price in US$ a share, above 0, before fees")
    date: Date = Field(description="The trade date, as year-month-day")
    fees: Number = Field(default=0.0, description="Fees in US$, 0 or more")
    fill: str = ""


def load_fills(path: str | Path) -> tuple[Fill, ...]:
    """Return the executed fills in a CSV file, in the file's order; this module says what its columns are.

    Raises
    ------
    LedgerError
        With every problem of the file: row, column, value and remedy.
    """
    return read_fills(read_text(Path(path), LedgerError), str(path))


def read_fills(text: str, name: str) -> tuple[Fill, ...]:
    """Return the fills in the text of a file; messages call it `name`.

    Raises
    ------
    LedgerError
        With every problem of the text.
    """
    findings: list[Finding] = []
    fills: list[Fill] = []
    for number, cells in read_rows(text, name, _COLUMNS, findings):
        place = f"{name} row {number}"
        try:
            row = FillRow.model_validate(cells)
        except ValidationError as error:
            findings += explain(error, FillRow, cells, partial(_column, place))
            continue
        problems = list(_nameless(row, place))
        findings += problems
        if not problems:
            fills.append(Fill(place=place, **row.model_dump()))
    if not fills and not findings:
        findings.append(Finding("error", name, "holds no fills", "give a row for every fill"))
    raise_errors(LedgerError, capped(findings, name))
    return tuple(fills)


def _nameless(row: FillRow, place: str) -> Iterator[Finding]:
    """Find a row that does not say which trade it is of."""
    if row.trade is None:
        for column in ("account", "symbol", "side"):
            if not getattr(row, column):
                remedy = "give the number of the trade, or account, symbol and side"
                yield Finding("error", _column(place, (column,)), "is missing", remedy)


def _column(place: str, path: tuple[Any, ...]) -> str:
    return ", column ".join((place, *map(str, path)))
