"""The nouns. All are frozen; none does work beyond checking itself and printing as its own code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import Any, Literal

from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.targets import TargetAllocation

FilingStatus = Literal["single", "mfj", "mfs", "hoh"]


class AccountKind(StrEnum):
    """How the law taxes what happens inside an account."""

    TAXABLE = "taxable"
    IRA = "ira"
    ROTH_IRA = "roth_ira"
    K401 = "401k"
    HSA = "hsa"


class Reason(IntEnum):
    """Why the engine traded, or why it did not. Stored in the journal; the numbers never change."""

    OPENING = 0
    CALENDAR = 1
    THRESHOLD = 2
    TIER = 3
    BALANCE = 4
    INVEST_CASH = 5
    HARVEST = 6
    REPLACEMENT = 7
    REINVEST = 8
    RAISE_TAX = 9
    GIVEN = 10
    # why not
    WASH_WINDOW_BUY = 20
    WASH_WINDOW_SALE = 21
    NO_REPLACEMENT = 22
    BELOW_MINIMUM = 23
    GAIN_GUARD = 24
    NOT_TRADED = 25
    NO_CASH = 26

    @property
    def sentence(self) -> str:
        """The reason as an advisor would say it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.OPENING: "invest the opening cash",
    Reason.CALENDAR: "scheduled rebalancing date",
    Reason.THRESHOLD: "weight left its tolerance band",
    Reason.TIER: "weight left its tier's tolerance band",
    Reason.BALANCE: "other side of a class that left its band",
    Reason.INVEST_CASH: "invest idle cash in underweight classes",
    Reason.HARVEST: "harvest a loss",
    Reason.REPLACEMENT: "replace a harvested holding",
    Reason.REINVEST: "reinvest a dividend",
    Reason.RAISE_TAX: "raise cash for income tax due",
    Reason.GIVEN: "given in a history of trades",
    Reason.WASH_WINDOW_BUY: "not bought: sold at a loss in the household within the wash-sale window",
    Reason.WASH_WINDOW_SALE: "loss not taken: bought in the household within the wash-sale window",
    Reason.NO_REPLACEMENT: "loss not taken: no replacement may be bought",
    Reason.BELOW_MINIMUM: "below the minimum trade",
    Reason.GAIN_GUARD: "short-term gain postponed: the lot turns long-term soon",
    Reason.NOT_TRADED: "no price in this session",
    Reason.NO_CASH: "not enough cash in the account",
}


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


@dataclass(frozen=True)
class Account:
    """One account at one broker.

    Attributes
    ----------
    name, owner, broker : str
    kind : AccountKind
    cash : float
        US$.
    lots : tuple of TaxLot
    opening_value : float, optional
        US$ to be invested on the first session of a back-test that does not open with the lots.
    """

    name: str
    owner: str
    kind: AccountKind
    broker: str = ""
    cash: float = 0.0
    lots: tuple[TaxLot, ...] = ()
    opening_value: float | None = None

    @property
    def taxable(self) -> bool:
        """Whether gains and dividends in this account are taxed as they happen."""
        return self.kind == AccountKind.TAXABLE


@dataclass(frozen=True)
class TaxProfile:
    """What the household's tax return looks like without this portfolio.

    Attributes
    ----------
    filing : {'single', 'mfj', 'mfs', 'hoh'}
    law_year : int
        Year whose brackets, deduction and limits are used, for every simulated year.
    ordinary_income : float
        Wages and the like before the standard deduction, US$ a year.
    outside_short, outside_long : float
        Net short- and long-term gains (losses negative) realised elsewhere each year, US$.
    carryover_short, carryover_long : float
        Capital losses carried in, US$, given as positive numbers.
    state_rate : float
        Flat state rate on gains and dividends (Treasury interest is exempt).
    flat : tuple of 3 floats, optional
        (short-term and ordinary, long-term, qualified dividend) rates instead of the brackets.
    retirement_rate : float, optional
        Rate on tax-deferred balances in the liquidation line; the marginal ordinary rate when not given.
    """

    filing: FilingStatus = "mfj"
    law_year: int = 2026
    ordinary_income: float = 0.0
    outside_short: float = 0.0
    outside_long: float = 0.0
    carryover_short: float = 0.0
    carryover_long: float = 0.0
    state_rate: float = 0.0
    flat: tuple[float, float, float] | None = None
    retirement_rate: float | None = None

    def __post_init__(self) -> None:
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = "tax profile"
        if self.filing not in ("single", "mfj", "mfs", "hoh"):
            yield Finding("error", where, f"filing is {self.filing!r}", "use single, mfj, mfs or hoh")
        for name in ("carryover_short", "carryover_long"):
            if getattr(self, name) < 0:
                yield Finding(
                    "error",
                    where,
                    f"{name} is {getattr(self, name):g}",
                    "give a loss carried in as a positive number",
                )
        rates = {"state_rate": self.state_rate, "retirement_rate": self.retirement_rate or 0.0}
        rates |= {f"flat[{i}]": rate for i, rate in enumerate(self.flat or ())}
        for name, rate in rates.items():
            if not 0 <= rate < 1:
                yield Finding("error", where, f"{name} is {rate:g}", "give a fraction of 1")

    @classmethod
    def untaxed(cls) -> TaxProfile:
        """Return a profile under which nothing is taxed, for comparison with tools that know no tax."""
        return cls(flat=(0.0, 0.0, 0.0), retirement_rate=0.0)

    def __repr__(self) -> str:
        return code_of(self)


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
    """

    name: str
    accounts: tuple[Account, ...]
    targets: TargetAllocation
    tax: TaxProfile = field(default_factory=TaxProfile)
    identical: tuple[tuple[str, ...], ...] = ()
    as_of: dt.date | None = None
    complete: bool = False

    @property
    def lots(self) -> tuple[TaxLot, ...]:
        """All lots of all accounts."""
        return tuple(lot for account in self.accounts for lot in account.lots)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every security the targets or the lots name, in order of first mention."""
        return tuple(dict.fromkeys((*self.targets.symbols, *(lot.symbol for lot in self.lots))))


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


def code_of(value: Any) -> str:
    """Return the constructor call that makes `value`, leaving out fields at their defaults."""
    shown = []
    for item in fields(value):
        given = getattr(value, item.name)
        default = item.default_factory() if callable(item.default_factory) else item.default
        if given != default:
            shown.append(f"{item.name}={given!r}")
    return f"{type(value).__name__}({', '.join(shown)})"
