"""Trades as the engine made them, and lines of a history as somebody wrote them down."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from rebal_kit.checking import (
    as_day,
    as_pairs,
    check_choice,
    check_date,
    check_number,
    check_once,
    check_text,
    is_number,
    is_pair,
)
from rebal_kit.findings import Finding, LedgerError, raise_errors
from rebal_kit.reasons import Reason


@dataclass(frozen=True)
class Trade:
    """One executed or proposed order."""

    date: dt.date
    account: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: float
    price: float
    cost: float
    reason: Reason


class Action(StrEnum):
    """What happened."""

    BUY = "BUY"
    SELL = "SELL"
    REINVEST = "REINVEST"
    EX_DIVIDEND = "EX_DIVIDEND"
    SPLIT = "SPLIT"
    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"


#: Which lots a sale takes when it names none; '' is FIFO, as the law has it without an identification.
LEDGER_METHODS = ("", "FIFO", "LIFO", "HIFO", "LEAST_TAX", "LONG_TERM_FIRST", "AVERAGE")

#: What divides a lot's name from the number of one of its pieces, in `Transaction.lots`: ``L1#2``.
PIECE = "#"

PURCHASES = (Action.BUY, Action.REINVEST)

#: Money paid into an account and out of it: US$, and no security.
CASH_FLOWS = (Action.DEPOSIT, Action.WITHDRAW)

#: More shares or dollars a line than anybody has, and fewer shares than rounding leaves: beyond them sums overflow.
MOST, LEAST_QUANTITY = 1e12, 1e-30

_SPEC_ROUNDING = 1e-9
# a history has thousands of lines, so what they are all held against is made once
_ACTIONS = tuple(Action)
_MARKS = frozenset(f"{PIECE};:")
_USE_ACTIONS = f"use {', '.join(_ACTIONS)}"
_USE_METHODS = f"use {', '.join(LEDGER_METHODS[1:])}"
_GIVE_AMOUNT = "give US$, above 0: the action says whether they come or go"
_NOT_OF_CASH = ("symbol", "quantity", "price", "fees", "lot", "lots", "lot_method")


@dataclass(frozen=True)
class Transaction:
    """One line of a history.

    Attributes
    ----------
    date : date
        Trade date; for EX_DIVIDEND the ex-date, for SPLIT the first session at the new count.
    account : str
        Name of an account of the household; a SPLIT may leave it empty: it happens in all of them.
    action : Action
        Or its text.
    symbol : str
        None for DEPOSIT and WITHDRAW, which have an `amount` and nothing but that.
    quantity : float
        Shares; for EX_DIVIDEND the shares it was paid on, for SPLIT new shares per old.
    price : float
        US$ a share before fees; for EX_DIVIDEND the dividend a share; none for SPLIT.
    fees : float
        US$, added to a purchase's cost and taken from a sale's proceeds.
    lot : str
        Name of the lot a purchase makes. Purchases of one day, account and security under one name are executions of
        one order.
    lots : tuple of (str, float)
        Lots a sale identifies, with shares, in the order sold. ``L1#2`` is the second piece of a lot that a wash sale
        has divided; without a number the adjusted pieces go first.
    lot_method : str
        One of `LEDGER_METHODS`, for a sale that names no lots.
    amount : float
        US$ paid into the account by a DEPOSIT, out of it by a WITHDRAW; positive in both. No other action has one.
    where : str
        The place a message names, such as ``ledger.csv row 7``.
    """

    date: dt.date
    account: str
    action: Action
    symbol: str = ""
    quantity: float = 0.0
    price: float = 0.0
    fees: float = 0.0
    lot: str = ""
    lots: tuple[tuple[str, float], ...] = ()
    lot_method: str = ""
    amount: float = 0.0
    where: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "date", as_day(self.date))
        if self.action in _ACTIONS:
            object.__setattr__(self, "action", Action(self.action))
        if self.lots != ():
            object.__setattr__(self, "lots", as_pairs(self.lots))
        raise_errors(LedgerError, self._check())

    @property
    def place(self) -> str:
        """Where this line stands, or what it says."""
        return self.where or f"{self.date} {self.action} {self.symbol or self.account}"

    def _check(self) -> Iterator[Finding]:
        where = self.place
        yield from check_date(where, "date", self.date)
        yield from check_choice(where, "action", self.action, _ACTIONS, _USE_ACTIONS)
        yield from self._check_cash(where) if self.action in CASH_FLOWS else self._check_trade(where)
        for name in ("quantity", "price", "fees", "amount"):
            value = getattr(self, name)
            if is_number(value) and MOST < value < math.inf:
                what, remedy = f"{name} is {value:g}", f"check it: no line has more than {MOST:g}"
                yield Finding("error", where, what, remedy)

    def _check_cash(self, where: str) -> Iterator[Finding]:
        yield from check_text(where, "account", self.account, "name an account of the household")
        yield from check_number(where, "amount", self.amount, _GIVE_AMOUNT)
        if is_number(self.amount) and -math.inf < self.amount <= 0:
            yield Finding("error", where, f"amount is {self.amount:g}", _GIVE_AMOUNT)
        for name in _NOT_OF_CASH:
            if getattr(self, name):
                remedy = "leave it out: money goes in or out, and no security"
                yield Finding("error", where, f"{name} is {getattr(self, name)!r}", remedy)

    def _check_trade(self, where: str) -> Iterator[Finding]:
        yield from check_text(where, "symbol", self.symbol, "give a ticker")
        if self.action != Action.SPLIT or self.account:
            yield from check_text(where, "account", self.account, "name an account of the household")
        unit = "new shares per old" if self.action == Action.SPLIT else "shares"
        yield from check_number(where, "quantity", self.quantity, f"give {unit}, above 0")
        if is_number(self.quantity) and self.quantity < LEAST_QUANTITY:
            yield Finding("error", where, f"quantity is {self.quantity:g}", f"give {unit}, above 0")
        yield from check_number(where, "price", self.price, "give US$ a share, 0 or more", least=0)
        yield from check_number(where, "fees", self.fees, "give US$, 0 or more", least=0)
        if self.amount and self.action in _ACTIONS:
            remedy = "leave it out: only DEPOSIT and WITHDRAW have one"
            yield Finding("error", where, f"{self.action} has an amount", remedy)
        yield from self._check_lots(where)

    def _check_lots(self, where: str) -> Iterator[Finding]:
        if not isinstance(self.lot, str):
            yield Finding("error", where, f"lot is {self.lot!r}, not text", "give a name, or leave it empty")
        elif self.action != Action.SELL and _MARKS & set(self.lot):
            remedy = f"leave out {PIECE} ; and : in names of lots"
            yield Finding("error", where, f"lot is {self.lot!r}", remedy)
        yield from check_choice(where, "lot_method", self.lot_method, LEDGER_METHODS, _USE_METHODS)
        if self.action != Action.SELL:
            if self.lots or self.lot_method:
                what = f"{self.action} names {'lots' if self.lots else 'a lot_method'}"
                yield Finding("error", where, what, "only a SELL chooses lots")
            return
        if self.lot:
            yield Finding("error", where, f"SELL names lot {self.lot!r}", "name what is sold under lots")
        if self.lots and self.lot_method:
            yield Finding("error", where, "SELL names lots and a lot_method", "keep one of them")
        good = [pair for pair in self.lots if is_pair(pair) and is_number(pair[1]) and pair[1] > 0]
        if len(good) < len(self.lots):
            yield Finding("error", where, f"lots is {self.lots!r}", "give names with shares, above 0")
        elif good and is_number(self.quantity):
            total = sum(shares for _, shares in good)
            if abs(total - self.quantity) > _SPEC_ROUNDING * self.quantity:
                what = f"lots add up to {total:g} shares, quantity is {self.quantity:g}"
                yield Finding("error", where, what, "make them agree")
            names = [name for name, _ in good]
            yield from check_once(where, names, "lot '{}' is named twice in one sale", "add the shares up")
