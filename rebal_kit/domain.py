"""The nouns. All are frozen; none does work beyond checking itself and printing as its own code."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from rebal_kit.checking import (
    as_day,
    as_tuple,
    check_choice,
    check_date,
    check_flag,
    check_kind,
    check_number,
    check_once,
    check_text,
    is_number,
    of_kind,
)
from rebal_kit.conventions import WashSaleConventions
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.flows import CashFlow
from rebal_kit.restrictions import TRADING, Trading, check_tickers, contradictions
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate, check_loss_sales

Dividends = Literal["cash", "reinvest", "drip"]
DIVIDENDS: tuple[Dividends, ...] = ("cash", "reinvest", "drip")

#: US$ below 0 that are the rounding of long sums and not a debt.
_ROUNDING = 0.005


class AccountKind(StrEnum):
    """How the law taxes what happens inside an account."""

    TAXABLE = "taxable"
    IRA = "ira"
    ROTH_IRA = "roth_ira"
    K401 = "401k"
    HSA = "hsa"


@dataclass(frozen=True)
class Security:
    """Something that trades.

    Attributes
    ----------
    symbol : str
        Ticker, or the name of a computed series.
    name : str
        What it is, in words.
    qualified_share : float
        Fraction of its distributions taxed as qualified dividends (IRC §1(h)(11)); 0 for interest.
    state_exempt : bool
        Interest on obligations of the United States, which states may not tax (31 U.S.C. §3124).
    size : str
        Size tier, where the market names one: 'large' or 'small'.
    """

    symbol: str
    name: str = ""
    qualified_share: float = 1.0
    state_exempt: bool = False
    size: str = ""

    def __post_init__(self) -> None:
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"security '{self.symbol}'"
        yield from check_text(where, "symbol", self.symbol, "give a ticker")
        share = self.qualified_share
        yield from check_number(where, "qualified_share", share, "give a fraction", least=0, most=1)
        yield from check_flag(where, "state_exempt", self.state_exempt)


@dataclass(frozen=True)
class TaxLot:
    """Shares of one purchase that are still held.

    Attributes
    ----------
    lot : str
        Identifier, unique in the household.
    symbol : str
    quantity : float
        Shares, unadjusted for later splits.
    basis : float
        Total adjusted basis in US$: cost with fees, plus wash-sale losses deferred into it.
    acquired : date
        Trade date of the purchase.
    holding_start : date, optional
        Start of the holding period where it differs from `acquired` (wash sale, IRC §1223(3)).
    deferred : float
        The part of `basis` that is a deferred wash-sale loss, US$.
    """

    lot: str
    symbol: str
    quantity: float
    basis: float
    acquired: dt.date
    holding_start: dt.date | None = None
    deferred: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "acquired", as_day(self.acquired))
        object.__setattr__(self, "holding_start", as_day(self.holding_start))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"lot '{self.lot}'"
        yield from check_text(where, "lot", self.lot, "give an identifier of its own")
        yield from check_text(where, "symbol", self.symbol, "give a ticker")
        if not is_number(self.quantity) or not 0 < self.quantity < math.inf:
            yield Finding("error", where, f"quantity is {self.quantity!r}", "give shares, above 0")
        remedy = "give the total in US$, 0 or more"
        yield from check_number(where, "basis", self.basis, remedy, least=-_ROUNDING)
        yield from check_number(where, "deferred", self.deferred, remedy, least=-_ROUNDING)
        if is_number(self.deferred) and is_number(self.basis) and self.deferred > self.basis + _ROUNDING:
            what = f"deferred {self.deferred:g} exceeds basis {self.basis:g}"
            yield Finding("error", where, what, "basis includes the deferred loss")
        yield from check_date(where, "acquired", self.acquired)
        yield from check_date(where, "holding_start", self.holding_start, optional=True)
        days = of_kind(dt.date, (self.acquired, self.holding_start))
        if len(days) == 2 and days[1] > days[0]:
            what = f"holding_start {self.holding_start} is after acquired {self.acquired}"
            yield Finding("error", where, what, "a wash sale moves it back, not forward")


@dataclass(frozen=True)
class Account:
    """One account at one broker.

    Attributes
    ----------
    name, owner, broker : str
    kind : AccountKind
        Or its text: 'taxable', 'ira', 'roth_ira', '401k', 'hsa'.
    cash : float
        US$.
    lots : tuple of TaxLot
    opening_value : float, optional
        US$ to be invested on the first session of a back-test that does not open with the lots.
    dividends : {'cash', 'reinvest', 'drip'}, optional
        Kept as cash; reinvested in what paid them unless that would be a wash sale; or reinvested by the broker's own
        plan, which nothing pauses. None: as the policy says.
    min_cash : float
        US$ that rebalancing leaves as cash, and restores.
    trading : {'managed', 'frozen', 'excluded'}
        Frozen: counts towards the targets and never trades. Excluded: neither. Both count for wash sales and tax.
    do_not_buy, do_not_sell : tuple of str
        Tickers never bought, or never sold, in this account.
    """

    name: str
    owner: str
    kind: AccountKind
    broker: str = ""
    cash: float = 0.0
    lots: tuple[TaxLot, ...] = ()
    opening_value: float | None = None
    dividends: Dividends | None = None
    min_cash: float = 0.0
    trading: Trading = "managed"
    do_not_buy: tuple[str, ...] = ()
    do_not_sell: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind in tuple(AccountKind):
            object.__setattr__(self, "kind", AccountKind(self.kind))
        for name in ("lots", "do_not_buy", "do_not_sell"):
            object.__setattr__(self, name, as_tuple(getattr(self, name)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"account '{self.name}'"
        yield from check_text(where, "name", self.name, "give a name of its own")
        yield from check_choice(where, "kind", self.kind, tuple(AccountKind), f"use {', '.join(AccountKind)}")
        yield from check_number(where, "cash", self.cash, "give US$, 0 or more", least=-_ROUNDING)
        for lot in self.lots:
            yield from check_kind(where, "one of lots", lot, TaxLot, "make it with TaxLot(…)")
        if self.opening_value is not None:
            remedy = "give US$, 0 or more, or None to open with lots and cash"
            yield from check_number(where, "opening_value", self.opening_value, remedy, least=0)
        if self.dividends is not None:
            remedy = f"use {', '.join(DIVIDENDS)}, or None to do as the policy says"
            yield from check_choice(where, "dividends", self.dividends, DIVIDENDS, remedy)
        yield from check_number(where, "min_cash", self.min_cash, "give US$, 0 or more", least=0)
        yield from check_choice(where, "trading", self.trading, TRADING, f"use {', '.join(TRADING)}")
        for name in ("do_not_buy", "do_not_sell"):
            yield from check_tickers(where, name, getattr(self, name))
        if self.trading in ("frozen", "excluded"):
            for name in ("min_cash", "do_not_buy", "do_not_sell"):
                if getattr(self, name) not in (0, ()):
                    what = f"{name} is given, but the account is {self.trading}"
                    yield Finding("error", where, what, f"it does not trade anyway: leave {name} out")

    @property
    def taxable(self) -> bool:
        """Whether gains and dividends in this account are taxed as they happen."""
        return self.kind == AccountKind.TAXABLE


@dataclass(frozen=True)
class Household:
    """Accounts that file, rebalance and avoid wash sales together.

    Attributes
    ----------
    name : str
    accounts : tuple of Account
    targets : TargetAllocation
    tax : TaxProfile
    identical : tuple of tuple of str
        Groups of substantially identical securities (IRC §1091); symbols in no group are identical only to themselves.
    as_of : date, optional
        Date of the lots and cash.
    complete : bool
        Whether these are all accounts of the household. When not, wash sales against outside accounts are unknown.
    securities : tuple of Security
        How distributions are taxed, where the market does not know it; what stands here overrides the market.
    conventions : WashSaleConventions
        How the household reads the wash-sale law where it is disputed.
    do_not_buy, do_not_sell : tuple of str
        Tickers never bought, or never sold, in any account.
    flows : tuple of CashFlow
        Deposits and withdrawals.
    loss_sales : tuple of LossSale, optional
        Losses taken in the 30 days before `as_of`: what they keep from being bought. Empty: there are none. None: they
        are unknown, and a purchase may replace one unnoticed; whoever goes through them writes ``loss_sales or ()``.
    year_to_date : YearToDate
        What the tax year of `as_of` has seen so far.
    looks_from : date, optional
        Session from which looks at every so many sessions, and yearly growth of flows, are counted.
    reviewed : date, optional
        When targets and settings were last gone through with the client.
    """

    name: str
    accounts: tuple[Account, ...]
    targets: TargetAllocation
    tax: TaxProfile = field(default_factory=TaxProfile)
    identical: tuple[tuple[str, ...], ...] = ()
    as_of: dt.date | None = None
    complete: bool = False
    securities: tuple[Security, ...] = ()
    conventions: WashSaleConventions = field(default_factory=WashSaleConventions)
    do_not_buy: tuple[str, ...] = ()
    do_not_sell: tuple[str, ...] = ()
    flows: tuple[CashFlow, ...] = ()
    loss_sales: tuple[LossSale, ...] | None = None
    year_to_date: YearToDate = field(default_factory=YearToDate)
    looks_from: dt.date | None = None
    reviewed: dt.date | None = None

    def __post_init__(self) -> None:
        for name in ("accounts", "securities", "do_not_buy", "do_not_sell", "flows"):
            object.__setattr__(self, name, as_tuple(getattr(self, name)))
        if self.loss_sales is not None:
            object.__setattr__(self, "loss_sales", as_tuple(self.loss_sales))
        object.__setattr__(self, "identical", tuple(as_tuple(group) for group in as_tuple(self.identical)))
        for name in ("as_of", "looks_from", "reviewed"):
            object.__setattr__(self, name, as_day(getattr(self, name)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"household '{self.name}'"
        kinds: tuple[tuple[str, type], ...] = (
            ("accounts", Account),
            ("securities", Security),
            ("flows", CashFlow),
            ("loss_sales", LossSale),
        )
        for name, kind in kinds:
            for item in getattr(self, name) or ():
                yield from check_kind(where, f"one of {name}", item, kind, f"make it with {kind.__name__}(…)")
        parts: tuple[tuple[str, type, str], ...] = (("targets", TargetAllocation, "{…}"), ("tax", TaxProfile, "…"),
                 ("conventions", WashSaleConventions, "…"), ("year_to_date", YearToDate, "…"))  # fmt: skip
        for name, wanted, given in parts:
            remedy = f"make it with {wanted.__name__}({given})"
            yield from check_kind(where, name, getattr(self, name), wanted, remedy)
        yield from check_flag(where, "complete", self.complete)
        for name in ("as_of", "looks_from", "reviewed"):
            yield from check_date(where, name, getattr(self, name), optional=True)
        names = [account.name for account in of_kind(Account, self.accounts)]
        lots = [lot.lot for account in of_kind(Account, self.accounts) for lot in account.lots]
        yield from check_once(where, names, "two accounts are named '{}'", "give each account its own name")
        yield from check_once(where, lots, "two lots are named '{}'", "name lots apart, across accounts too")
        described = [security.symbol for security in of_kind(Security, self.securities)]
        yield from check_once(where, described, "security {} is described twice", "keep one")
        for group in self.identical:
            for symbol in group:
                yield from check_text(where, "a member of identical", symbol, "give tickers")
            if len(group) < 2:
                yield Finding(
                    "error", where, f"identical group {group!r} is no group", "name two or more in each"
                )
        members = [symbol for group in self.identical for symbol in dict.fromkeys(of_kind(str, group))]
        said = "{} stands in two groups of identical securities"
        yield from check_once(where, members, said, "join groups that share a security")
        for name in ("do_not_buy", "do_not_sell"):
            yield from check_tickers(where, name, getattr(self, name))
        yield from check_loss_sales(where, self.loss_sales, names, self.as_of)
        yield from self._check_restrictions(where)

    def _check_restrictions(self, where: str) -> Iterator[Finding]:
        if not isinstance(self.targets, TargetAllocation):
            return
        accounts = of_kind(Account, self.accounts)
        tickers = (tuple(of_kind(str, self.do_not_buy)), tuple(of_kind(str, self.do_not_sell)))
        held = [lot.symbol for account in accounts for lot in account.lots]
        found = contradictions(accounts, self.targets, *tickers, of_kind(CashFlow, self.flows), held)
        for place, finding in found:
            match place:
                case ("accounts", int(at), *_):
                    yield replace(finding, where=f"account '{accounts[at].name}'")
                case _:
                    yield replace(finding, where=where)

    @property
    def lots(self) -> tuple[TaxLot, ...]:
        """All lots of all accounts."""
        return tuple(lot for account in self.accounts for lot in account.lots)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every security the targets or the lots name, in order of first mention."""
        return tuple(dict.fromkeys((*self.targets.symbols, *(lot.symbol for lot in self.lots))))
