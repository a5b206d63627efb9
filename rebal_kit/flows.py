"""Deposits and withdrawals, once or recurring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from rebal_kit.checking import as_day, check_choice, check_date, check_number, check_text, is_number
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.periods import EVERY, Every
from rebal_kit.printing import code_of


@dataclass(frozen=True)
class CashFlow:
    """Money that comes in from outside the household's accounts, or leaves them.

    Attributes
    ----------
    amount : float
        US$: positive for a deposit, negative for a withdrawal.
    account : str, optional
        Name of the account. A withdrawal without one is paid from wherever the policy's `withdraw` says.
    every : {'session', 'week', 'month', 'quarter', 'half-year', 'year'}, optional
        On the first session of each such period. A period that began before the run has no first session in it.
    on : date, optional
        Once, on the first session on or after that day. A flow has either `every` or `on`.
    first, last : date, optional
        With `every`: nothing happens before the one and after the other.
    growth : float
        With `every`: fraction by which the amount grows from one calendar year to the next, the year in which the run
        starts being the first; 0.02 is 2 %.
    """

    amount: float
    account: str | None = None
    every: Every | None = None
    on: dt.date | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    growth: float = 0.0

    def __post_init__(self) -> None:
        for name in ("on", "first", "last"):
            object.__setattr__(self, name, as_day(getattr(self, name)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = "cash flow"
        remedy = "give US$: positive for a deposit, negative for a withdrawal"
        if is_number(self.amount) and self.amount == 0:
            yield Finding("error", where, "amount is 0", remedy)
        yield from check_number(where, "amount", self.amount, remedy)
        if self.account is not None:
            yield from check_text(where, "account", self.account, "give the name of an account")
        elif is_number(self.amount) and self.amount > 0:
            remedy = "name the account it goes to; only a withdrawal may leave that open"
            yield Finding("error", where, f"a deposit of {self.amount:g} has no account", remedy)
        if (self.every is None) == (self.on is None):
            what = "has neither every nor on" if self.every is None else "has both every and on"
            remedy = "give every for a recurring flow, or on for a single one"
            yield Finding("error", where, what, remedy)
        if self.every is not None:
            yield from check_choice(where, "every", self.every, EVERY, f"use {', '.join(EVERY)}")
        yield from self._check_span(where)

    def _check_span(self, where: str) -> Iterator[Finding]:
        once = self.on is not None and self.every is None
        for name in ("on", "first", "last"):
            day = getattr(self, name)
            if day is not None:
                yield from check_date(where, name, day)
                if once and name != "on":
                    yield Finding(
                        "error", where, f"{name} stands beside on", f"leave {name} out, or use every"
                    )
        if isinstance(self.first, dt.date) and isinstance(self.last, dt.date) and self.first > self.last:
            what = f"first {self.first} is after last {self.last}"
            yield Finding("error", where, what, "swap them, or leave one out")
        if not is_number(self.growth) or not -1 < self.growth <= 1:
            remedy = "give a fraction above -1, up to 1: 0.02 for 2 % a year"
            shown = f"{self.growth:g}" if is_number(self.growth) else f"{self.growth!r}, not a number"
            yield Finding("error", where, f"growth is {shown}", remedy)
        elif once and self.growth:
            what = f"growth is {self.growth:g} beside on"
            yield Finding("error", where, what, "leave growth out, or use every")

    def __repr__(self) -> str:
        return code_of(self)
