"""tax_alpha(): what one back-test saves in tax against another on the same history, and how much of it lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebal_kit.backtest import Backtest
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.rules.law import opening_carryover
from rebal_kit.tax_split import NEEDED, PARTS, Resale, split_by_year, split_resale


@dataclass(frozen=True, eq=False)
class TaxAlpha:
    """What one run saves in tax against another, what became of it, and what the difference in value is. US$.

    The two portfolios part from the first different trade on, so that differences in value hold more than tax.

    Attributes
    ----------
    policy, other : str
        Names of the two policies.
    by_year : DataFrame
        By tax year: saved (tax of the other less tax of this one) and its parts deferred, converted and permanent, US$;
        not_earned, the share of permanent saved only because this run had less income; alpha (saved over
        this run's value at the start of the year, a fraction; the first and last year may be short ones). The last
        year's tax is accrued, not paid.
    causes : DataFrame
        What the parts were made of, as `rebal_kit.tax_split.split_by_year` describes.
    long_rate, retirement_rate : float
        Rates at which deferred gains and tax-deferred balances are taken to be taxed later.
    resale : Resale
        The liquidation line: tax if everything were sold on the last day, this run less the other, and why.
    value_after_tax, value_after_liquidation : float
        Value on the last day, this run less the other.
    cagr_after_tax, cagr_after_liquidation : float
        The same as growth a year, a fraction.
    """

    policy: str
    other: str
    by_year: pd.DataFrame
    causes: pd.DataFrame
    long_rate: float
    retirement_rate: float
    resale: Resale
    value_after_tax: float
    value_after_liquidation: float
    cagr_after_tax: float
    cagr_after_liquidation: float

    @property
    def saved(self) -> float:
        """Tax saved in all years, US$."""
        return float(self.by_year["saved"].sum())

    @property
    def deferred(self) -> float:
        """The part of it that comes back later, US$."""
        return float(self.by_year["deferred"].sum())

    @property
    def converted(self) -> float:
        """The part that stems from other rates, US$."""
        return float(self.by_year["converted"].sum())

    @property
    def permanent(self) -> float:
        """The part that neither comes back nor was taxed at another rate, US$."""
        return float(self.by_year["permanent"].sum())

    @property
    def not_earned(self) -> float:
        """The share of `permanent` that was saved only because this run had less income, US$."""
        return float(self.by_year["not_earned"].sum())

    def __repr__(self) -> str:
        return (
            f"<TaxAlpha of {self.policy!r} against {self.other!r}: US$ {self.saved:,.0f} saved;"
            f" {self.deferred:,.0f} deferred, {self.converted:,.0f} converted, {self.permanent:,.0f} permanent>"
        )


def tax_alpha(run: Backtest, other: Backtest, *, long_rate: float | None = None) -> TaxAlpha:
    """Return what `run` saves in tax against `other`: year by year, deferred, converted and permanent.

    The method stands at `rebal_kit.tax_split.split_by_year`.

    Parameters
    ----------
    run, other : Backtest
        Of the same household over the same sessions.
    long_rate : float, optional
        The rate at which deferred gains are taxed one day; by default the household's marginal rate on long-term gains,
        with net investment income tax and state. 0 is right for shares kept until death (IRC §1014): what was called
        deferred is then converted.

    Raises
    ------
    PolicyError
        The two are of different households or spans, or the rate is none.
    """
    if run.household != other.household or not np.array_equal(run.market.dates, other.market.dates):
        what = "the two back-tests are of different households or sessions"
        raise PolicyError(Finding("error", "tax_alpha", what, "run both in one comparison"))
    if long_rate is not None and not 0 <= long_rate < 1:
        raise PolicyError(
            Finding("error", "tax_alpha", f"long_rate is {long_rate!r}", "give a fraction of 1")
        )
    table, opening = run.setting.table, opening_carryover(run.household.tax)
    mine, theirs = (each.years[list(NEEDED)] for each in (run, other))
    found = split_by_year(table, opening, mine, theirs, long_rate)
    by_year = found[["saved", *PARTS, "not_earned"]].assign(alpha=found["saved"] / _at_start(run))
    more = {name: run.metrics[name] - other.metrics[name] for name in run.metrics}
    return TaxAlpha(
        policy=run.policy.name, other=other.policy.name,
        by_year=by_year, causes=found.drop(columns=["saved", *PARTS, "not_earned"]),
        long_rate=float(table.marginal_long if long_rate is None else long_rate),
        retirement_rate=float(table.retirement_rate),
        resale=split_resale(table, opening, mine, theirs, more["liquidation_tax"], long_rate),
        value_after_tax=more["value_after_tax"], value_after_liquidation=more["value_after_liquidation"],
        cagr_after_tax=more["cagr_after_tax"], cagr_after_liquidation=more["cagr_after_liquidation"],
    )  # fmt: skip


def _at_start(run: Backtest) -> pd.Series:
    """Return the portfolio's value at the start of each year; of the first, on the first session."""
    value = run.daily["value"]
    at_end = value.groupby(run.dates.year).last().reindex(run.years.index).ffill()
    return at_end.shift(fill_value=float(value.iloc[0]))
