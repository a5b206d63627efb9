"""location_ranks(): in which kind of account each asset class belongs, by how it is taxed and how it may grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rebal_kit.domain import Household, Security
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.metrics import DAYS_PER_YEAR
from rebal_kit.rules.law import TaxTable, tax_table
from rebal_kit.rules.marginal import rates_of_a_dollar
from rebal_kit.targets import AssetClass

#: Years before the start over which yields and fluctuations are measured, and how much history is too little.
YEARS_BEFORE = 3
_LEAST_DAYS = 365
#: Expected return beyond what is safe, per unit of volatility: below the long-run figure of US stocks, about 0.4.
PREMIUM_PER_RISK = 0.3
#: Drags and growths closer than this (a hundredth of a percent a year) are equal.
_EQUAL = 1e-4

Ranks = tuple[int, int, int]
#: (Taxed more heavily than the average class, 1; as it, 0; or less, −1. Grows much, 1; not to be told, 0; or little,
#: −1) → ranks of taxable, tax-deferred and Roth accounts.
_RANKS: dict[tuple[int, int], Ranks] = {
    (1, 1): (3, 1, 2), (1, 0): (2, 1, 1), (1, -1): (2, 1, 3),
    (0, 1): (2, 2, 1), (0, 0): (1, 1, 1), (0, -1): (1, 1, 2),
    (-1, 1): (1, 3, 2), (-1, 0): (1, 2, 2), (-1, -1): (1, 2, 3),
}  # fmt: skip


class ClassDrag(NamedTuple):
    """How an asset class is taxed in a taxable account, and how it may grow. Fractions a year.

    Attributes
    ----------
    name : str
    income : float
        Dividends and interest over price.
    drag : float
        Tax a year on income, and on the gains that turnover realises.
    growth : float
        Expected return, income included, beyond what is safe.
    ranks : tuple of 3 ints
        Of taxable, tax-deferred and Roth accounts; 1 is bought first, equal ranks are equally good.
    """

    name: str
    income: float
    drag: float
    growth: float
    ranks: Ranks


@dataclass(frozen=True)
class LocationRanks:
    """Ranks of accounts by asset class, and what they rest on.

    Attributes
    ----------
    classes : tuple of ClassDrag
        In the order of the targets.
    findings : tuple of Finding
        What was assumed.
    """

    classes: tuple[ClassDrag, ...]
    findings: tuple[Finding, ...]

    @property
    def ranks(self) -> tuple[tuple[str, Ranks], ...]:
        """The ranks as `rebal_kit.targets.TargetAllocation` takes them."""
        return tuple((found.name, found.ranks) for found in self.classes)


def location_ranks(
    market: Market, household: Household, *, start: Any = None, turnover: Mapping[str, float] | None = None
) -> LocationRanks:  # fmt: skip
    """Derive, for each asset class of the targets, which kind of account should buy it first.

    A class's drag in a taxable account is its yield taxed by kind, plus turnover times expected gain at the long-term
    rate. What is taxed more heavily than the targets on average goes to tax-deferred accounts first, everything else to
    taxable ones. What may grow at least half as much as the fastest class goes to Roth accounts before tax-deferred
    ones, what grows less after them:

    =============  ==================  ==================
    .              grows much          grows little
    =============  ==================  ==================
    taxed heavily  3, 1, 2 (REITs)     2, 1, 3 (bonds)
    taxed lightly  1, 3, 2 (stocks)    1, 2, 3 (bills)
    =============  ==================  ==================

    Taxable and tax-deferred accounts rank equally where a class's drag is the average one; tax-deferred and Roth
    accounts where all classes grow alike, or where withdrawals are not taxed.

    *Sources*: Dammon, Spatt and Zhang, "Optimal Asset Location and Allocation with Taxable and Tax-Deferred
    Investing", Journal of Finance 59 (2004): what is taxed heavily in the tax-deferred account; Reichenstein and Meyer,
    "The Asset Location Decision Revisited", Journal of Financial Planning (November 2013). That growth belongs in
    Roth accounts follows from target weights that count a tax-deferred dollar like any other, though part of it is the
    tax office's.
    *Not modelled*: how full each account gets; foreign tax credits; municipal bonds; the step-up at death.

    Parameters
    ----------
    market : Market
        With its history before `start`: a back-test must not know yields that are still to come.
    household : Household
    start : date or ISO string, optional
        First session; by default the first on which every class has a price.
    turnover : mapping of str to float, optional
        Symbol → fraction of its gain that a security, or whoever manages it, realises a year. Prices do not tell; 0
        where it is not given.

    Raises
    ------
    MarketError
        The market lacks a security, or the date is none.
    PolicyError
        A turnover is no fraction, or names a security that the targets do not have.
    """
    turnover = turnover or {}
    raise_errors(PolicyError, _check(household, turnover))
    classes = household.targets.classes
    symbols = tuple(s for c in classes for s, weight in c.members if weight > 0)
    if not symbols:
        return LocationRanks((), ())
    chosen = market.select(symbols)
    first = chosen.between(chosen.common_start() if start is None else start).dates[0]
    own = {security.symbol: security for security in household.securities}
    income, risk, findings = {}, {}, []
    for at, symbol in enumerate(symbols):
        window, before = _window(chosen, at, first)
        income[symbol], risk[symbol] = _income(chosen, at, window), _risk(chosen, at, window)
        if not before:
            findings.append(_not_before(symbol, chosen.dates[window]))
    growth = {symbol: PREMIUM_PER_RISK * risk[symbol] for symbol in symbols}
    safe = income[min(symbols, key=lambda symbol: risk[symbol])]
    taxes = _Rates.of(tax_table(household.tax))
    drag = {
        symbol: income[symbol] * taxes.on_income(own.get(symbol, chosen.securities[at]))
        + turnover.get(symbol, 0.0) * max(safe + growth[symbol] - income[symbol], 0.0) * taxes.long
        for at, symbol in enumerate(symbols)
    }
    incomes, drags, growths = (np.array([_of_class(c, of) for c in classes]) for of in (income, drag, growth))
    weights = np.array([weight for _, weight in household.targets.weights])
    heavy = _signs(drags - _average(drags, weights))
    told_apart = np.ptp(growths) >= _EQUAL and taxes.withdrawal > 0
    grows = np.where(growths >= growths.max() / 2, 1, -1) if told_apart else np.zeros(len(growths), int)
    found = tuple(
        ClassDrag(
            c.name,
            float(incomes[i]),
            float(drags[i]),
            float(growths[i]),
            _RANKS[int(heavy[i]), int(grows[i])],
        )
        for i, c in enumerate(classes)
    )
    return LocationRanks(found, (_rests_on(first, bool(turnover)), *findings))


class _Rates(NamedTuple):
    """Tax on one more dollar, as fractions of it."""

    ordinary: float
    exempt: float
    qualified: float
    long: float
    withdrawal: float

    @classmethod
    def of(cls, table: TaxTable) -> _Rates:
        one_more = rates_of_a_dollar(table, 0.0, 0.0, 0.0, 0.0)
        # Interest is taxed like a short-term gain: as ordinary income, and as net investment income.
        interest = one_more.short_term_gain
        return cls(
            interest.total, interest.federal, one_more.qualified_dividend.total, table.marginal_long,
            table.retirement_rate,
        )  # fmt: skip

    def on_income(self, security: Security) -> float:
        """Return the tax on a dollar of a security's distributions."""
        share = security.qualified_share
        return share * self.qualified + (1.0 - share) * (
            self.exempt if security.state_exempt else self.ordinary
        )


def _check(household: Household, turnover: Mapping[str, float]) -> Iterator[Finding]:
    for symbol, share in turnover.items():
        if symbol not in household.targets.symbols:
            what = f"turnover names {symbol}, which the targets do not have"
            yield Finding("error", "location", what, f"use {', '.join(household.targets.symbols)}")
        if not 0 <= share <= 1:
            yield Finding(
                "error", "location", f"turnover of {symbol} is {share!r}", "give a fraction, 0 to 1"
            )


def _window(market: Market, column: int, first: np.datetime64) -> tuple[np.ndarray, bool]:
    """Return the sessions to measure a security on, and whether they lie before the start."""
    known = np.isfinite(market.close[:, column])
    earliest = first - np.timedelta64(YEARS_BEFORE * 365, "D")
    window = known & (market.dates >= earliest) & (market.dates < first)
    days = market.dates[window]
    if len(days) and (days[-1] - days[0]) / np.timedelta64(1, "D") >= _LEAST_DAYS - 10:
        return window, True
    return known & (market.dates >= first) & (market.dates < first + np.timedelta64(_LEAST_DAYS, "D")), False


def _income(market: Market, column: int, window: np.ndarray) -> float:
    """Return distributions over price, a year: each over the close of its ex-date, so that splits do not matter."""
    days = market.dates[window]
    if len(days) == 0:
        return 0.0
    years = (float((days[-1] - days[0]) / np.timedelta64(1, "D")) + 1.0) / DAYS_PER_YEAR
    return float((market.dividend[window, column] / market.close[window, column]).sum() / years)


def _risk(market: Market, column: int, window: np.ndarray) -> float:
    """Return the standard deviation of a year's return."""
    close, split = market.close[window, column], market.split[window, column]
    if len(close) < 3:
        return 0.0
    returns = np.log(close[1:] * split[1:] / close[:-1])
    days = market.dates[window]
    a_year = (len(close) - 1) / float((days[-1] - days[0]) / np.timedelta64(1, "D")) * DAYS_PER_YEAR
    return float(returns.std(ddof=1) * np.sqrt(a_year))


def _of_class(asset_class: AssetClass, of: Mapping[str, float]) -> float:
    return float(sum(weight * of[symbol] for symbol, weight in asset_class.members if weight > 0))


def _average(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.average(values, weights=weights)) if weights.sum() > 0 else float(values.mean())


def _signs(apart: np.ndarray) -> np.ndarray:
    signs: np.ndarray = np.where(np.abs(apart) < _EQUAL, 0, np.sign(apart)).astype(int)
    return signs


def _not_before(symbol: str, days: np.ndarray) -> Finding:
    if len(days) == 0:
        what = f"{symbol} has no prices around the start: it is taken to pay nothing and to stand still"
        return Finding("warning", "location", what, "start where it has prices, or give the ranks")
    what = (
        f"{symbol} has less than a year of prices before the start: its yield and fluctuation are those of"
        f" {days[0]} to {days[-1]}, which the household could not know then"
    )
    return Finding("note", "location", what, "start later, or give the ranks yourself")


def _rests_on(first: np.datetime64, with_turnover: bool) -> Finding:
    gains = (
        "gains realised inside a security as given"
        if with_turnover
        else "no gains realised inside a security"
    )
    what = (
        f"ranks of accounts are derived from yields and fluctuation in the {YEARS_BEFORE} years before {first},"
        f" marginal tax rates, and {PREMIUM_PER_RISK:g} of expected return for each unit of volatility; {gains}"
    )
    return Finding("note", "location", what)
