"""Tax lots from a CSV file, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationError

from rebal_kit.domain import Household, TaxLot
from rebal_kit.files.csv_text import Columns, read_rows, write_rows
from rebal_kit.files.explain import explain
from rebal_kit.files.fields import Date, FileModel, Name, Number
from rebal_kit.files.reading import did_you_mean
from rebal_kit.findings import Finding, HouseholdError, raise_errors

_COLUMNS = Columns(
    usual=("account", "lot", "symbol", "quantity", "basis", "acquired", "holding_start", "deferred"),
    needed=("account", "lot", "symbol", "quantity", "acquired"),
    also=("price",),
    either=(("basis", "price", "give total basis, or basis per share as 'price'"),),
)


class LotRow(FileModel):
    """One row of a lots file."""

    account: Name = Field(description="The name of an account of the household")
    lot: Name = Field(description="An identifier of its own")
    symbol: Name = Field(description="A ticker")
    quantity: Annotated[Number, Field(gt=0)] = Field(description="Shares, above 0")
    basis: Number | None = Field(default=None, description="Total basis in US$: cost with fees")
    price: Number | None = Field(default=None, description="Basis per share in US$, instead of the total")
    acquired: Date = Field(description="The trade date of the purchase, as year-month-day")
    holding_start: Date | None = Field(
        default=None, description="Start of the holding period, where a wash sale moved it"
    )
    deferred: Number = Field(
        default=0.0, description="The part of the basis that is a deferred wash-sale loss, US$"
    )

    def build(self) -> TaxLot:
        """Return the lot."""
        raise_errors(HouseholdError, self._check())
        basis = self.basis if self.basis is not None else (self.price or 0.0) * self.quantity
        return TaxLot(
            self.lot, self.symbol, self.quantity, basis, self.acquired, self.holding_start, self.deferred
        )  # fmt: skip

    def _check(self) -> Iterator[Finding]:
        where = f"lot '{self.lot}'"
        if (self.basis is None) == (self.price is None):
            both = "both basis and price" if self.price is not None else "neither basis nor price"
            yield Finding("error", where, f"has {both}", "give the total basis or the basis per share")


@dataclass(frozen=True)
class Lots:
    """Lots by account name, and what is wrong with the file."""

    by_account: Mapping[str, tuple[TaxLot, ...]]
    findings: tuple[Finding, ...] = ()


def is_lots(text: str) -> bool:
    """Whether a text is a lots file of the project's own, by its first row."""
    first = text.lstrip().partition("\n")[0]
    return {"account", "lot", "symbol"} <= {cell.strip(' "\r').lower() for cell in first.split(",")}


def read_lots(text: str, name: str, accounts: Collection[str] | None, as_of: dt.date | None) -> Lots:
    """Parse the text of a lots file.

    Parameters
    ----------
    text : str
    name : str
        How messages call the file.
    accounts : collection of str, optional
        Account names of the household; not checked when they are unknown.
    as_of : date, optional
        No lot may be acquired later.
    """
    findings: list[Finding] = []
    held: dict[str, list[TaxLot]] = {}
    seen: dict[str, int] = {}
    for number, cells in read_rows(text, name, _COLUMNS, findings):
        place = f"{name} row {number}"

        def where(path: tuple[str | int, ...], place: str = place) -> str:
            return ", ".join((place, *(f"column {step}" for step in path)))

        lot = cells.get("lot", "")
        if lot in seen:
            findings.append(
                Finding("error", where(("lot",)), f"'{lot}' is also in row {seen[lot]}", "name lots apart")
            )
        elif lot:
            seen[lot] = number
        account = cells.get("account", "")
        if accounts is not None and account and account not in accounts:
            what = f"'{account}' is no account of the household"
            findings.append(Finding("error", where(("account",)), what, did_you_mean(account, accounts)))
        try:
            row = LotRow.model_validate(cells)
        except ValidationError as error:
            findings += explain(error, LotRow, cells, where)
            continue
        if as_of is not None and row.acquired > as_of:
            what = f"is {row.acquired}, after the household's as_of {as_of}"
            findings.append(Finding("error", where(("acquired",)), what, "check both dates"))
        held.setdefault(row.account, []).append(row.build())
    return Lots({account: tuple(lots) for account, lots in held.items()}, tuple(findings))


def write_lots(household: Household) -> str:
    """Return the household's lots as CSV that `read_lots` reads back unchanged."""
    return write_rows(
        _COLUMNS.usual,
        (
            (account.name, lot.lot, lot.symbol, lot.quantity, lot.basis, lot.acquired, lot.holding_start,
             lot.deferred or None)
            for account in household.accounts for lot in account.lots
        ),
    )  # fmt: skip
