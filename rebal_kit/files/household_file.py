"""What a household file may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rebal_kit.checking import check_once
from rebal_kit.conventions import HoldingConvention, SpouseBasis, WashSaleConventions
from rebal_kit.domain import Account, AccountKind, Dividends, Security
from rebal_kit.files.account_number import masked
from rebal_kit.files.fields import (
    Date,
    Dollars,
    FileModel,
    Fraction,
    Growth,
    Name,
    PlannedDate,
    PositiveDollars,
    refusal,
)
from rebal_kit.files.to_date_file import LossSaleFile, YearToDateFile
from rebal_kit.findings import Finding, HouseholdError, PolicyError, raise_errors
from rebal_kit.flows import CashFlow
from rebal_kit.periods import Every
from rebal_kit.restrictions import Trading
from rebal_kit.targets import WEIGHT_TOLERANCE, AssetClass, TargetAllocation
from rebal_kit.tax_profile import FilingStatus, TaxProfile


def _one_member(value: Any) -> Any:
    return {value: 1.0} if isinstance(value, str) else value


def _once(tickers: list[str]) -> list[str]:
    raise_errors(HouseholdError, check_once("list", tickers, "names {} twice", "keep one"))
    return tickers


def _in_quotes(number: Any) -> Any:
    if isinstance(number, int):
        remedy = "put its last three or four characters in quotes; no more of it is needed"
        raise refusal(f"is {masked(str(number))}, not text", remedy)
    return number


def _ending(number: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z]{3,4}", number):
        remedy = "give its last three or four characters only; no more of it is needed"
        raise refusal(f"is {masked(number)!r}, cut short here", remedy)
    return number


#: Fields of an account that tell how to read it from files, and the one that is spelt differently.
_OF_FILES = ("type", "holdings", "number", "leave_out")

Ending = Annotated[str, BeforeValidator(_in_quotes), AfterValidator(_ending)]
Rank = Annotated[int, Field(ge=1, le=3)]
Tickers = Annotated[list[Name], AfterValidator(_once)]
Members = Annotated[
    dict[Name, Fraction], BeforeValidator(_one_member, json_schema_input_type=str | dict[str, Fraction])
]


class AccountFile(FileModel):
    """One account at one broker."""

    name: Name = Field(description="A name of its own; the lots file refers to it")
    owner: Name = Field(description="Who owns the account")
    type: Literal["taxable", "ira", "roth_ira", "401k", "hsa"] = Field(
        description="One of taxable, ira, roth_ira, 401k, hsa"
    )
    broker: str = Field(default="", description="Where the account is held")
    cash: PositiveDollars = Field(default=0.0, description="Cash in US$")
    opening_value: PositiveDollars | None = Field(
        default=None,
        description="US$ to be invested on the first session of a back-test that does not open with the lots",
    )
    dividends: Dividends | None = Field(
        default=None, description="One of cash, reinvest, drip; as the policy says when not given"
    )
    min_cash: PositiveDollars = Field(default=0.0, description="US$ that rebalancing leaves as cash")
    trading: Trading = Field(
        default="managed",
        description="One of managed, frozen (counts towards the targets, never traded), excluded (neither)",
    )
    do_not_buy: Tickers = Field(default=[], description="A list of tickers never bought in this account")
    do_not_sell: Tickers = Field(default=[], description="A list of tickers never sold in this account")
    holdings: Tickers = Field(
        default=[], description="A list of files from its broker (CSV, OFX or QFX), beside this file"
    )
    number: Ending | None = Field(
        default=None,
        description="The last three or four characters of its number, in quotes, to find it in those files",
    )
    leave_out: Tickers = Field(
        default=[], description="A list of symbols, as the broker spells them, not taken from those files"
    )

    def build(self) -> Account:
        """Return the account, without lots."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name not in _OF_FILES}
        return Account(kind=AccountKind(self.type), **given)


class FlowFile(FileModel):
    """A deposit or a withdrawal, once or recurring."""

    amount: Dollars = Field(description="US$: positive for a deposit, negative for a withdrawal")
    account: Name | None = Field(
        default=None, description="The name of an account; only a withdrawal may leave it open"
    )
    every: Every | None = Field(default=None, description="On the first session of each such period")
    on: PlannedDate | None = Field(
        default=None, description="Once, on the first session on or after that day; in place of every"
    )
    first: PlannedDate | None = Field(
        default=None, description="With every: a day before which nothing happens"
    )
    last: PlannedDate | None = Field(
        default=None, description="With every: a day after which nothing happens"
    )
    growth: Growth = Field(
        default=0.0,
        description="With every: a fraction by which the amount grows each calendar year, such as 2 %",
    )

    def build(self) -> CashFlow:
        """Return the cash flow."""
        return CashFlow(**{name: getattr(self, name) for name in type(self).model_fields})


class ClassFile(FileModel):
    """An asset class, its target weight, and the securities that may hold it."""

    name: Name = Field(description="A name of its own")
    weight: Fraction = Field(description="Target weight in the household, such as 0.45 or 45 %")
    members: Members = Field(
        description="A ticker, or weights inside the class by ticker; weight 0 is an acceptable holding or partner"
    )
    partners: dict[Name, list[Name]] = Field(
        default={},
        description="For a weighted member, the weight-0 members that stand in for it, in order of preference",
    )
    location: Annotated[list[Rank], Field(min_length=3, max_length=3)] | None = Field(
        default=None,
        description="Three ranks from 1 to 3 for buys: taxable, tax-deferred, Roth; 1 is first, ties allowed",
    )

    def build(self) -> AssetClass:
        """Return the class."""
        return AssetClass(self.name, self.members, self.partners)


class TargetsFile(FileModel):
    """Target weights of asset classes and of cash; together they are the whole household."""

    classes: list[ClassFile] = Field(description="A list of asset classes")
    cash: Fraction = Field(default=0.0, description="Target weight that stays uninvested")
    location: Literal["auto"] | None = Field(
        default=None, description="auto: the ranks of all classes are derived from how they are taxed"
    )

    def build(self) -> TargetAllocation:
        """Return the targets."""
        total = math.fsum((self.cash, *(c.weight for c in self.classes)))
        if abs(total - 1) > WEIGHT_TOLERANCE:
            raise PolicyError(
                Finding("error", "targets", f"weights of classes and cash sum to {total:.10g}",
                        "make them sum to 1; what stays uninvested stands under cash")
            )  # fmt: skip
        ranks = [(c.name, c.location) for c in self.classes if c.location is not None]
        if self.location and ranks:
            what = f"location is auto, and class '{ranks[0][0]}' has a location"
            remedy = "leave one of them out: ranks are derived for all classes or for none"
            raise PolicyError(Finding("error", "targets", what, remedy))
        return TargetAllocation([(c.build(), c.weight) for c in self.classes], self.location or ranks)


class TaxFile(FileModel):
    """What the household's tax return looks like without this portfolio."""

    filing: FilingStatus = Field(default="mfj", description="One of single, mfj, mfs, hoh")
    law_year: int = Field(default=2026, description="A year whose brackets and limits are used")
    ordinary_income: Dollars = Field(
        default=0.0, description="Wages and the like before the standard deduction, US$ a year"
    )
    outside_short: Dollars = Field(
        default=0.0, description="Net short-term gain realised elsewhere each year, US$"
    )
    outside_long: Dollars = Field(
        default=0.0, description="Net long-term gain realised elsewhere each year, US$"
    )
    carryover_short: PositiveDollars = Field(
        default=0.0, description="Short-term loss carried in, as a positive number, US$"
    )
    carryover_long: PositiveDollars = Field(
        default=0.0, description="Long-term loss carried in, as a positive number, US$"
    )
    state_rate: Fraction = Field(default=0.0, description="A flat state rate, such as 0.05 or 5 %")
    flat: Annotated[list[Fraction], Field(min_length=3, max_length=3)] | None = Field(
        default=None,
        description="Three rates instead of the brackets: short-term and ordinary, long-term, qualified dividend",
    )
    retirement_rate: Fraction | None = Field(
        default=None,
        description="A rate on tax-deferred balances at liquidation; the marginal ordinary rate when not given",
    )

    def build(self) -> TaxProfile:
        """Return the profile."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name != "flat"}
        flat = (self.flat[0], self.flat[1], self.flat[2]) if self.flat is not None else None
        return TaxProfile(**given, flat=flat)


class SecurityFile(FileModel):
    """How the distributions of a security are taxed; all of it stands in place of what the price source says."""

    qualified_share: Annotated[Fraction, Field(le=1)] = Field(
        description="The fraction of its distributions taxed as qualified dividends: 1 for most shares, 0 for interest"
    )
    state_exempt: bool = Field(
        default=False,
        description="Whether states may not tax them: interest on obligations of the United States",
    )
    name: str = Field(default="", description="What it is, in words")
    size: str = Field(default="", description="Size tier: large or small")

    def build(self, symbol: str = "unnamed") -> Security:
        """Return the security."""
        return Security(symbol, self.name, self.qualified_share, self.state_exempt, self.size)


class ConventionsFile(FileModel):
    """How the household reads the wash-sale law where it is silent or disputed."""

    count_disposed_purchases: bool = Field(
        default=False, description="Whether a purchase already sold again still replaces a loss"
    )
    ignore_lots_older_than_sold_lot: bool = Field(
        default=False, description="Whether purchases made before the shares sold were bought replace nothing"
    )
    row_level_matching: bool = Field(
        default=False, description="Whether lots sold in one order may replace each other"
    )
    parent_excluded: bool = Field(
        default=True, description="Whether the rest of a purchase never replaces shares of it"
    )
    merge_fills: bool = Field(
        default=True, description="Whether purchases of one day under one lot name are one purchase"
    )
    spouse_basis: SpouseBasis = Field(default="step_up", description="One of step_up, permanent")
    holding: HoldingConvention = Field(default="tacking", description="One of tacking, replacement_method")
    ignore_account_types: list[Name] = Field(
        default=[], description="Account types whose purchases replace nothing: 401k, hsa"
    )

    def build(self) -> WashSaleConventions:
        """Return the conventions."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return WashSaleConventions(**{**given, "ignore_account_types": tuple(self.ignore_account_types)})


def _distinct(accounts: list[AccountFile]) -> list[AccountFile]:
    names = [account.name for account in accounts]
    repeated = sorted({name for name in names if names.count(name) > 1})
    raise_errors(
        HouseholdError,
        [
            Finding("error", f"account '{n}'", "is listed twice", "give each account its own name")
            for n in repeated
        ],
    )
    return accounts


def _separate(groups: list[list[str]]) -> list[list[str]]:
    def problems() -> Iterator[Finding]:
        seen: dict[str, int] = {}
        for at, group in enumerate(groups):
            if len(group) < 2:
                yield Finding("error", f"group {at + 1}", f"has {len(group)} security", "name two or more")
            for symbol in group:
                if symbol in seen:
                    yield Finding("error", symbol, f"stands in group {seen[symbol] + 1} and in group {at + 1}",
                                  "join groups that share a security")  # fmt: skip
                seen[symbol] = at

    raise_errors(HouseholdError, problems())
    return groups


class HouseholdFile(FileModel):
    """Accounts that file, rebalance and avoid wash sales together."""

    name: str | None = Field(
        default=None, description="How results call the household; the file's name when not given"
    )
    as_of: Date | None = Field(default=None, description="The date of the lots and of cash")
    reviewed: Date | None = Field(
        default=None, description="The day when targets and settings were last gone through"
    )
    looks_from: PlannedDate | None = Field(
        default=None,
        description="The session from which looks at every so many sessions, and yearly growth of flows, are counted",
    )
    complete: bool = Field(default=False, description="Whether these are all accounts of the household")
    accounts: Annotated[list[AccountFile], Field(min_length=1), AfterValidator(_distinct)] = Field(
        description="A list of accounts"
    )
    identical: Annotated[list[list[Name]], AfterValidator(_separate)] = Field(
        default=[], description="Groups of substantially identical securities, such as [[VTI, ITOT]]"
    )
    targets: TargetsFile | None = Field(
        default=None, description="Target weights; not needed for a tax report"
    )
    tax: TaxFile = Field(default=TaxFile(), description="The household's tax return without this portfolio")
    securities: dict[Name, SecurityFile] = Field(
        default={},
        description="How distributions are taxed, by ticker, such as {AGG: {qualified_share: 0}}",
    )
    conventions: ConventionsFile = Field(
        default=ConventionsFile(), description="How disputed questions of the wash-sale law are read"
    )
    do_not_buy: Tickers = Field(default=[], description="A list of tickers never bought in any account")
    do_not_sell: Tickers = Field(default=[], description="A list of tickers never sold in any account")
    flows: list[FlowFile] = Field(
        default=[], description="A list of deposits and withdrawals, such as [{amount: -2000, every: month}]"
    )
    year_to_date: YearToDateFile | None = Field(
        default=None, description="The tax year of as_of, so far, such as {short: -1200, qualified: 3100}"
    )
    loss_sales: list[LossSaleFile] | None = Field(
        default=None,
        description="A list of what was sold at a loss in the 30 days before as_of; [] where nothing was",
    )
    lots: Name | None = Field(default=None, description="A CSV file of tax lots, beside this file")

    @model_validator(mode="after")
    def _dated(self) -> Any:
        if self.as_of is None:
            raise_errors(HouseholdError, self._undated())
        return self

    def _undated(self) -> Iterator[Finding]:
        if self.lots is not None:
            yield Finding("error", "lots", "are undated", "add as_of, the date of the lots and of cash")
        told = any(account.holdings for account in self.accounts)  # the brokers' files may tell the day
        for name, verb in (("loss_sales", "are"), ("year_to_date", "is")):
            if getattr(self, name) is not None and not told:
                yield Finding("error", name, f"{verb} undated", "add as_of, the date up to which it tells")

    def build(self) -> tuple[Account, ...]:
        """Return the accounts, without lots."""
        return tuple(account.build() for account in self.accounts)
