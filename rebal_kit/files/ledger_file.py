"""A history of trades from a CSV file, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, ValidationError

from rebal_kit.files.csv_text import Columns, as_number, digits, read_rows, write_rows
from rebal_kit.files.explain import explain, separators
from rebal_kit.files.fields import STRICT, Date, Name, Number, refusal
from rebal_kit.files.reading import did_you_mean, read_text
from rebal_kit.findings import Finding, LedgerError, capped, raise_errors
from rebal_kit.transactions import CASH_FLOWS, LEDGER_METHODS, PIECE, PURCHASES, Action, Transaction

_COLUMNS = Columns(
    usual=(
        "date",
        "account",
        "action",
        "symbol",
        "quantity",
        "price",
        "fees",
        "lot",
        "lots",
        "lot_method",
        "amount",
    ),
    needed=("date", "account", "action", "symbol", "quantity", "price"),
)
#: Says that the sale names its lots; the names themselves stand under lots.
_NAMED = "SPEC_ID"
_METHODS = (*LEDGER_METHODS[1:], _NAMED)
_ALIASES = {"MIN_TAX": "LEAST_TAX", "AVG": "AVERAGE"}
_PIECE_NUMBER = re.compile(r"[1-9][0-9]*")
_SPELLING = "write L1:100;L2:50, each lot once with the shares sold from it"


def _action(value: str) -> Action:
    try:
        return Action(value.upper())
    except ValueError:
        raise refusal(f"is {value!r}", did_you_mean(value, Action)) from None


def _method(value: str) -> str:
    method = value.upper()
    method = _ALIASES.get(method, method)
    if method not in _METHODS:
        raise refusal(f"is {value!r}", did_you_mean(value, _METHODS))
    return method


def _is_lot_name(name: str) -> bool:
    """Whether `name` is a lot or a numbered piece of one, such as ``L1#2``."""
    lot, mark, piece = name.partition(PIECE)
    plain = bool(lot) and lot == lot.strip() and lot.isprintable() and not set(lot) & set(":;")
    return plain and (not mark or _PIECE_NUMBER.fullmatch(piece) is not None)


def _lots(value: str) -> tuple[tuple[str, float], ...]:
    pairs = []
    for item in value.split(";"):
        name, _, shares = (part.strip() for part in item.partition(":"))
        quantity = as_number(shares)
        if not _is_lot_name(name) or not shares:
            raise refusal(f"is {value!r}: {item.strip()!r} names no lot with shares", _SPELLING)
        if isinstance(quantity, str):
            raise refusal(f"is {value!r}: {shares!r} is not a number", separators(shares) or _SPELLING)
        if not 0 < quantity < float("inf"):
            raise refusal(f"is {value!r}: {shares} shares of lot {name}", "give shares, above 0")
        pairs.append((name, quantity))
    return tuple(pairs)


def _no_amount(value: str) -> float:
    raise refusal(f"is {value!r}", "leave it empty: only DEPOSIT and WITHDRAW have one")


def _not_of_cash(value: str) -> Any:
    raise refusal(f"is {value!r}", "leave it empty: DEPOSIT and WITHDRAW have an account and an amount only")


class LedgerRow(BaseModel):
    """One row of a ledger, as far as all actions have it in common."""

    model_config = STRICT

    date: Date = Field(description="The trade date, for EX_DIVIDEND the ex-date, as year-month-day")
    account: Name = Field(default="", description="The name of an account of the household")
    action: Annotated[Action, PlainValidator(_action)] = Field(description=f"One of {', '.join(Action)}")
    symbol: Name = Field(description="A ticker")
    quantity: Annotated[float, BeforeValidator(as_number), Field(gt=0, allow_inf_nan=False)] = Field(
        description="Shares, above 0"
    )
    price: Number = Field(default=0.0, description="The price in US$ a share, before fees")
    fees: Number = Field(default=0.0, description="Fees in US$, 0 or more")
    lot: Name = Field(default="", description="A name for the lot a purchase makes, or the only lot sold")
    lots: Annotated[tuple[tuple[str, float], ...], PlainValidator(_lots)] = Field(
        default=(), description="Lots sold with their shares, such as L1:100;L2:50"
    )
    lot_method: Annotated[str, PlainValidator(_method)] = Field(
        default="", description=f"One of {', '.join(_METHODS)}"
    )
    amount: Annotated[float, PlainValidator(_no_amount)] = 0.0

    def build(self, where: str) -> Transaction:
        """Return the line; `where` names its row.

        Raises
        ------
        LedgerError
            Cells contradict each other.
        """
        found = [
            Finding("error", f"{where}, column {column}", what, remedy)
            for column, what, remedy in self._misplaced()
        ]
        lots, lot = self.lots, self.lot
        if self.action == Action.SELL and lot and not lots:
            lots, lot = ((lot, self.quantity),), ""
        method = "" if self.lot_method == _NAMED else self.lot_method
        try:
            made = Transaction(
                self.date, self.account, self.action, self.symbol, self.quantity, self.price, self.fees,
                lot, lots, method, self.amount, where,
            )  # fmt: skip
        except LedgerError as refused:
            raise LedgerError((*found, *refused.findings)) from None
        raise_errors(LedgerError, found)
        return made

    def _misplaced(self) -> Iterator[tuple[str, str, str]]:
        """Find cells that say what the action has no place for: column, what and remedy."""
        if self.action == Action.SELL:
            if self.lot and not _is_lot_name(self.lot):
                remedy = "give one name, such as L1 or L1#2; several lots with their shares go under lots"
                yield "lot", f"is {self.lot!r}", remedy
            if self.lot_method == _NAMED and not (self.lots or self.lot):
                remedy = "name them under lots, such as L1:100;L2:50"
                yield "lot_method", f"is {_NAMED}, and the sale names no lots", remedy
            return
        if self.lot_method == _NAMED:
            yield "lot_method", f"is {_NAMED}", "only a SELL chooses lots"
        if self.action in PURCHASES:
            return
        if self.lot:
            yield "lot", f"is {self.lot!r}", f"leave it empty: {self.action} makes no lot"
        if self.fees:
            yield "fees", f"is {self.fees:g}", f"leave it empty: {self.action} has none"
        if self.action == Action.SPLIT and self.price:
            yield "price", f"is {self.price:g}", f"leave it empty: {self.action} has none"


class TradeRow(LedgerRow):
    """A purchase or a sale: it has an account and a price."""

    account: Name = Field(description="The name of an account of the household")
    price: Number = Field(description="The price in US$ a share, before fees")


class DividendRow(TradeRow):
    """An ex-date: shares in an account, and what each was paid."""

    quantity: Annotated[float, BeforeValidator(as_number), Field(gt=0, allow_inf_nan=False)] = Field(
        description="The shares it was paid on, above 0"
    )
    price: Number = Field(description="The dividend in US$ a share")


class SplitRow(LedgerRow):
    """A split, in all accounts."""

    quantity: Annotated[float, BeforeValidator(as_number), Field(gt=0, allow_inf_nan=False)] = Field(
        description="New shares per old as a number, such as 4 or 0.1"
    )


class CashRow(LedgerRow):
    """Money paid into an account or out of it, and no security."""

    account: Name = Field(description="The name of an account of the household")
    symbol: Annotated[str, PlainValidator(_not_of_cash)] = ""
    quantity: Annotated[float, PlainValidator(_not_of_cash)] = 0.0
    price: Annotated[float, PlainValidator(_not_of_cash)] = 0.0
    fees: Annotated[float, PlainValidator(_not_of_cash)] = 0.0
    lot: Annotated[str, PlainValidator(_not_of_cash)] = ""
    lots: Annotated[tuple[tuple[str, float], ...], PlainValidator(_not_of_cash)] = ()
    lot_method: Annotated[str, PlainValidator(_not_of_cash)] = ""
    amount: Annotated[float, BeforeValidator(as_number), Field(gt=0, allow_inf_nan=False)] = Field(
        description="The US$ paid into the account or out of it, above 0"
    )


_ROWS: dict[str, type[LedgerRow]] = {
    "BUY": TradeRow, "SELL": TradeRow, "REINVEST": TradeRow, "EX_DIVIDEND": DividendRow, "SPLIT": SplitRow,
    "DEPOSIT": CashRow, "WITHDRAW": CashRow,
}  # fmt: skip


@dataclass(frozen=True)
class History:
    """Lines of a ledger in the file's order, and what is wrong with the file.

    `unread` are the securities of rows that could not be read; None where a row does not even say which, or where the
    file as a whole has a fault.
    """

    transactions: tuple[Transaction, ...]
    findings: tuple[Finding, ...] = ()
    unread: frozenset[str] | None = frozenset()


def load_ledger(path: str | Path, accounts: Collection[str] | None = None) -> tuple[Transaction, ...]:
    """Return the history of trades in a CSV file, in the file's order.

    Parameters
    ----------
    path : str or path
        Columns ``date, account, action, symbol, quantity, price`` and, where needed, ``fees, lot, lots, lot_method,
        amount``.
    accounts : collection of str, optional
        Account names of the household; not checked when they are not given.

    Raises
    ------
    LedgerError
        With every problem of the file: row, column, value and remedy.
    """
    history = read_ledger(read_text(Path(path), LedgerError), str(path), accounts)
    raise_errors(LedgerError, capped(history.findings, str(path)))
    return history.transactions


def read_ledger(text: str, name: str, accounts: Collection[str] | None = None) -> History:
    """Parse the text of a ledger.

    Parameters
    ----------
    text : str
    name : str
        How messages call the file.
    accounts : collection of str, optional
        Account names of the household; not checked when they are not given.
    """
    findings: list[Finding] = []
    transactions: list[Transaction] = []
    spelt: dict[str, tuple[str, int]] = {}
    unread: set[str] = set()
    of_rows = 0
    empty = True
    for number, cells in read_rows(text, name, _COLUMNS, findings):
        empty = False
        place = f"{name} row {number}"
        before = len(findings)
        account = cells.get("account", "")
        if accounts is not None and account and account not in accounts:
            what = f"'{account}' is no account of the household"
            findings.append(
                Finding("error", f"{place}, column account", what, did_you_mean(account, accounts))
            )
        symbol = cells.get("symbol", "")
        first, row_of_first = spelt.setdefault(symbol.upper(), (symbol, number))
        if symbol != first and symbol not in spelt:
            spelt[symbol] = (symbol, number)
            what = f"'{symbol}' is written '{first}' in row {row_of_first}"
            findings.append(Finding("error", f"{place}, column symbol", what, "write a symbol one way"))
        # where the action is not known, an amount says as what the row was meant
        model = _ROWS.get(cells.get("action", "").upper()) or (CashRow if "amount" in cells else LedgerRow)
        try:
            transactions.append(model.model_validate(cells).build(place))
        except ValidationError as error:
            findings += explain(error, model, cells, partial(_column, place))
        except LedgerError as error:
            findings += error.findings
        if len(findings) > before:
            if symbol or model is not CashRow:  # money has no security that could not be played
                unread.add(symbol)
            of_rows += len(findings) - before
    whole = of_rows == len(findings) and "" not in unread
    if empty and not findings:
        remedy = "give a row for every purchase and sale"
        findings.append(Finding("error", name, "holds no trades", remedy))
    return History(tuple(transactions), tuple(findings), frozenset(unread) if whole else None)


def _column(place: str, path: tuple[str | int, ...]) -> str:
    return ", column ".join((place, *map(str, path)))


def write_ledger(transactions: Iterable[Transaction]) -> str:
    """Return a history as CSV that `read_ledger` reads back equal.

    Raises
    ------
    LedgerError
        A line holds what a file may not, such as a date in the future, or there is none.
    """
    given = tuple(transactions)
    text = write_rows(_COLUMNS.usual, (_cells(transaction) for transaction in given))
    again = read_ledger(text, "ledger")
    raise_errors(LedgerError, capped(again.findings, "ledger"))
    for at, (before, after) in enumerate(zip(given, again.transactions, strict=True), start=2):
        if before != after:
            what, remedy = f"{before.place} does not survive being written", "leave out blanks around names"
            raise LedgerError(Finding("error", f"ledger row {at}", what, remedy))
    return text


def _cells(transaction: Transaction) -> tuple[Any, ...]:
    t = transaction
    cash = t.action in CASH_FLOWS
    unpriced = cash or (t.action == Action.SPLIT and not t.price)
    return (
        t.date, t.account, str(t.action), t.symbol, None if cash else t.quantity, None if unpriced else t.price,
        t.fees or None, t.lot, ";".join(f"{name}:{digits(shares)}" for name, shares in t.lots), t.lot_method,
        t.amount or None,
    )  # fmt: skip
