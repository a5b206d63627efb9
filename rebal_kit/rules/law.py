"""The law's numbers: which hold for a year and filing status, and the table that compiled rules read."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rebal_kit.findings import Finding, LawError
from rebal_kit.rules.brackets import Carryover
from rebal_kit.rules.gains import net_capital
from rebal_kit.rules.marginal import rates_of_a_dollar
from rebal_kit.tax_profile import FilingStatus, TaxProfile

_FILE = Path(__file__).with_name("us_federal.toml")


@cache
def _numbers() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


#: Long-term is held for more than so many years (IRC §1222).
HOLDING_YEARS: int = _numbers()["holding"]["years"]


@dataclass(frozen=True)
class Law:
    """The numbers of one tax year for one filing status.

    Attributes
    ----------
    year : int
    filing : {'single', 'mfj', 'mfs', 'hoh'}
    ordinary_edges, ordinary_rates : tuple of float
        Upper bracket edges of taxable income in US$, the last infinite, and rates.
    gain_edges, gain_rates : tuple of float
        The same for net long-term gains and qualified dividends.
    standard_deduction : float
        US$.
    niit_rate, niit_threshold : float
        Net investment income tax.
    loss_limit : float
        Net capital loss deductible from other income in a year, US$.
    wash_days : int
        Days to either side of a sale at a loss.
    qualified_days, qualified_window, qualified_before : int
        Days to be held, of the period's days, which begins so many days before the ex-date.
    due_month, due_day : int
        When the year's tax is paid in the year after.
    sources : tuple of str
        Where the numbers stand.
    """

    year: int
    filing: FilingStatus
    ordinary_edges: tuple[float, ...]
    ordinary_rates: tuple[float, ...]
    gain_edges: tuple[float, ...]
    gain_rates: tuple[float, ...]
    standard_deduction: float
    niit_rate: float
    niit_threshold: float
    loss_limit: float
    wash_days: int
    qualified_days: int
    qualified_window: int
    qualified_before: int
    due_month: int
    due_day: int
    sources: tuple[str, ...]


def known_years() -> tuple[int, ...]:
    """Return the tax years whose numbers are known."""
    return tuple(sorted(int(name) for name in _numbers() if name.isdigit()))


def known_filings() -> tuple[str, ...]:
    """Return the filing statuses whose numbers are known."""
    return tuple(status for status in _numbers()["loss_limit"] if status != "source")


@cache
def load_law(year: int, filing: FilingStatus) -> Law:
    """Return the law of a tax year.

    Raises
    ------
    LawError
        The year or the filing status is not known.
    """
    numbers, years, known = _numbers(), known_years(), known_filings()
    findings = []
    if year not in years:
        findings.append(
            Finding("error", "law year", f"{year} is not known", f"use {', '.join(map(str, years))}")
        )
    if filing not in known:
        findings.append(
            Finding("error", "filing status", f"{filing!r} is not known", f"use {', '.join(known)}")
        )
    if findings:
        raise LawError(findings)
    year = int(year)  # 2025.0 is the year 2025
    by_year, rates = numbers[str(year)], numbers["rates"]
    own, surtax, holding = (
        by_year[filing],
        numbers["net_investment_income_tax"],
        numbers["qualified_dividend"],
    )
    sections = (
        "loss_limit",
        "net_investment_income_tax",
        "wash_sale",
        "holding",
        "qualified_dividend",
        "payment",
    )
    return Law(
        year=year,
        filing=filing,
        ordinary_edges=(*map(float, own["ordinary"]), math.inf),
        ordinary_rates=tuple(rates["ordinary"]),
        gain_edges=(*map(float, own["gain"]), math.inf),
        gain_rates=tuple(rates["gain"]),
        standard_deduction=float(own["standard_deduction"]),
        niit_rate=surtax["rate"],
        niit_threshold=float(surtax[filing]),
        loss_limit=float(numbers["loss_limit"][filing]),
        wash_days=numbers["wash_sale"]["days"],
        qualified_days=holding["required_days"],
        qualified_window=holding["window_days"],
        qualified_before=holding["days_before_ex"],
        due_month=numbers["payment"]["due_month"],
        due_day=numbers["payment"]["due_day"],
        sources=(
            by_year["ordinary_source"], by_year["gain_source"], by_year["standard_deduction_source"],
            rates["ordinary_source"], rates["gain_source"],
            *(numbers[section]["source"] for section in sections),
        ),
    )  # fmt: skip


class TaxTable(NamedTuple):
    """Everything compiled code needs to know of the law and of the household's return.

    Attributes
    ----------
    flat : bool
        Whether the flat rates stand in for the brackets and the net investment income tax.
    flat_short, flat_long, flat_qualified : float
        Rates; 0 when not `flat`.
    ordinary_edges, ordinary_rates, gain_edges, gain_rates : ndarray
        (n_brackets,) float64, upper edges in US$, the last infinite, and rates.
    standard_deduction, niit_rate, niit_threshold, loss_limit : float
        As in `Law`.
    state_rate, ordinary_income, outside_short, outside_long : float
        As in `rebal_kit.tax_profile.TaxProfile`.
    wash_days, due_month, due_day : int
        As in `Law`.
    marginal_short, marginal_long : float
        Tax on one more dollar of net short- or long-term gain, for ranking harvests: income tax, net
        investment income tax and state. The dollar is taken on top of the profile's income and outside gains
        and is taxed for certain: losses from outside, which would absorb it once, are not looked at.
    retirement_rate : float
        On tax-deferred balances in the liquidation line: the profile's, else federal and state on one more
        dollar of ordinary income.
    qualified_days, qualified_window, qualified_before : int
        As in `Law`.
    """

    flat: bool
    flat_short: float
    flat_long: float
    flat_qualified: float
    ordinary_edges: np.ndarray
    ordinary_rates: np.ndarray
    gain_edges: np.ndarray
    gain_rates: np.ndarray
    standard_deduction: float
    niit_rate: float
    niit_threshold: float
    loss_limit: float
    state_rate: float
    ordinary_income: float
    outside_short: float
    outside_long: float
    wash_days: int
    due_month: int
    due_day: int
    marginal_short: float
    marginal_long: float
    retirement_rate: float
    qualified_days: int
    qualified_window: int
    qualified_before: int


def tax_table(profile: TaxProfile) -> TaxTable:
    """Return the table of a household's tax profile.

    Raises
    ------
    LawError
        The profile's law year is not known.
    """
    law = load_law(profile.law_year, profile.filing)
    flat_short, flat_long, flat_qualified = profile.flat or (0.0, 0.0, 0.0)
    table = TaxTable(
        flat=profile.flat is not None,
        flat_short=float(flat_short),
        flat_long=float(flat_long),
        flat_qualified=float(flat_qualified),
        ordinary_edges=np.array(law.ordinary_edges),
        ordinary_rates=np.array(law.ordinary_rates),
        gain_edges=np.array(law.gain_edges),
        gain_rates=np.array(law.gain_rates),
        standard_deduction=law.standard_deduction,
        niit_rate=law.niit_rate,
        niit_threshold=law.niit_threshold,
        loss_limit=law.loss_limit,
        state_rate=float(profile.state_rate),
        ordinary_income=float(profile.ordinary_income),
        outside_short=float(profile.outside_short),
        outside_long=float(profile.outside_long),
        wash_days=law.wash_days,
        due_month=law.due_month,
        due_day=law.due_day,
        marginal_short=0.0,
        marginal_long=0.0,
        retirement_rate=0.0,
        qualified_days=law.qualified_days,
        qualified_window=law.qualified_window,
        qualified_before=law.qualified_before,
    )
    # A loss from outside would absorb a dollar once; a harvest is worth what gains cost when there is none.
    outside = net_capital(table.outside_short, table.outside_long, 0.0, 0.0, table.loss_limit, math.inf)
    on_gains = rates_of_a_dollar(table, outside.taxed_short, outside.taxed_long, 0.0, 0.0)
    # Today's gains from outside are nothing to a withdrawal in retirement.
    on_withdrawals = rates_of_a_dollar(table, 0.0, 0.0, 0.0, 0.0).ordinary_income
    retirement = profile.retirement_rate
    return table._replace(
        marginal_short=on_gains.short_term_gain.total,
        marginal_long=on_gains.long_term_gain.total,
        retirement_rate=on_withdrawals.total if retirement is None else float(retirement),
    )


def opening_carryover(profile: TaxProfile) -> Carryover:
    """Return the losses a household carries into the first year, with the portfolio and without it alike."""
    short, long = float(profile.carryover_short), float(profile.carryover_long)
    return Carryover(short, long, short, long)
