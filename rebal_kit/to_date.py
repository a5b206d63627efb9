"""What lots alone do not tell of a household in the middle of a year: losses just taken, and the tax year so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from rebal_kit.checking import HUGE, as_day, check_date, check_kind, check_number, check_text, of_kind
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.printing import code_of

_NEVER_NEGATIVE = ("qualified", "ordinary", "exempt", "distributions")


@dataclass(frozen=True)
class LossSale:
    """Shares sold at a loss that no purchase has replaced yet; inside the window one still would (IRC §1091).

    Attributes
    ----------
    account, symbol : str
        Where it was sold, and what; what is substantially identical counts too.
    sold : date
        Trade date of the sale.
    quantity : float
        Shares, counted as on the household's date. 0: all are replaced, and one waits for the window all the same.
    loss : float
        US$ of loss on these shares, positive.
    acquired : date, optional
        When they had been bought; the day of the sale where it is not known.
    holding_start : date, optional
        Start of their holding period where it differs from `acquired`.
    lot : str
        Name of the lot they came from, while a rest of it is held: that rest does not replace them.
    """

    account: str
    symbol: str
    sold: dt.date
    quantity: float
    loss: float
    acquired: dt.date | None = None
    holding_start: dt.date | None = None
    lot: str = ""

    def __post_init__(self) -> None:
        for name in ("sold", "acquired", "holding_start"):
            object.__setattr__(self, name, as_day(getattr(self, name)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"loss sale of {self.symbol!r}"
        yield from check_text(where, "account", self.account, "give the name of an account")
        yield from check_text(where, "symbol", self.symbol, "give a ticker")
        yield from check_date(where, "sold", self.sold)
        yield from check_number(where, "quantity", self.quantity, "give shares, 0 or more", least=0)
        yield from check_number(
            where, "loss", self.loss, "give the loss in US$ as a positive number", least=0
        )
        for name in ("acquired", "holding_start"):
            yield from check_date(where, name, getattr(self, name), optional=True)
        yield from check_kind(where, "lot", self.lot, str, "give the name of a lot, or leave it out")
        days = of_kind(dt.date, (self.holding_start, self.acquired, self.sold))
        if len(days) == 1 + (self.acquired is not None) + (self.holding_start is not None) and days != sorted(
            days
        ):
            what = f"its dates are out of order: {', '.join(map(str, days))}"
            yield Finding("error", where, what, "give holding_start, acquired and sold in order of time")


@dataclass(frozen=True)
class YearToDate:
    """The tax year of the household's date, so far, by what its accounts have reported; US$.

    Attributes
    ----------
    short, long : float
        Net short- and long-term gains realised, losses negative, what the wash-sale rule disallowed added back.
    qualified, ordinary, exempt : float
        Dividends that are qualified; dividends and interest that are not; of these what states may not tax.
    distributions : float
        Paid out of tax-deferred accounts.
    legacy_gain : float
        Of the gains, those on holdings outside the targets: they count towards `GainLimits.max_legacy_gain_usd`.
    tax_owed : float
        Tax of the year before that is still to be paid, or negative: to be refunded.
    """

    short: float = 0.0
    long: float = 0.0
    qualified: float = 0.0
    ordinary: float = 0.0
    exempt: float = 0.0
    distributions: float = 0.0
    legacy_gain: float = 0.0
    tax_owed: float = 0.0

    def __post_init__(self) -> None:
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        for item in fields(self):
            least = 0.0 if item.name in _NEVER_NEGATIVE else -HUGE
            yield from check_number(
                "year to date", item.name, getattr(self, item.name), "give US$", least=least
            )

    def __repr__(self) -> str:
        return code_of(self)


def check_loss_sales(
    where: str, sales: Iterable[Any] | None, accounts: list[str], as_of: Any
) -> Iterator[Finding]:
    """Find sales in accounts that the household does not have, or after its date; in None, unknown ones, nothing."""
    for sale in of_kind(LossSale, sales or ()):
        if sale.account not in accounts:
            what = f"a loss sale of {sale.symbol} names account '{sale.account}', which is not there"
            yield Finding("error", where, what, f"use {', '.join(map(str, accounts))}")
        if len(of_kind(dt.date, (as_of, sale.sold))) == 2 and sale.sold > as_of:
            what = f"a loss sale of {sale.symbol} is of {sale.sold}, after the household's date {as_of}"
            yield Finding("error", where, what, "give a household of the same day or later")


def unknown_losses(where: str, sales: Iterable[LossSale] | None, as_of: dt.date | None) -> Iterator[Finding]:
    """Say that it is not known which losses were taken just before the household's date, where nobody tells."""
    if sales is None and as_of is not None:
        what = f"losses realised in the 30 days before {as_of} are unknown: a purchase could replace one unnoticed"
        yield Finding("note", where, what, "list them under loss_sales; say loss_sales: [] if there are none")
