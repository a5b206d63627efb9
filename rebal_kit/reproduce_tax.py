"""Published figures on tax, run again: one harvest, harvesting by period, lots, asset location."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from rebal_kit.backtest import Backtest, backtest_in
from rebal_kit.compare import compare
from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.household_comparison import compare_household
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.reproduction import NOT_ASKED, Reproduction, Row, claim, table_of
from rebal_kit.run import prepare
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_alpha import tax_alpha
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar

#: Gains from outside so large that every loss finds one to offset, US$ a year.
_ENOUGH = 1e9


def harvest_value(loss: float, rate_now: float, rate_later: float, growth: float, years: float) -> float:
    """Return what one harvest is worth after `years`: L · (τ_now (1 + r)^n − τ_later), US$.

    Parameters
    ----------
    loss : float
        US$.
    rate_now, rate_later : float
        Tax rates on what the loss offsets and on the gain that it puts off.
    growth : float
        At which the tax saved grows, a year after tax.
    years : float
    """
    return float(loss * (rate_now * (1.0 + growth) ** years - rate_later))


def one_harvest() -> Reproduction:
    """Compare one harvest of US$ 10,000 with the closed form: 35 % now, 15 % in ten years, 6 % a year.

    Notes
    -----
    *Source*: Constantinides (1983), "Capital Market Equilibrium with Personal Tax", Econometrica 51(3), 611–636, for
    the option to realise; the closed form is the arithmetic of one deferral.
    """
    days = pd.DatetimeIndex(["2010-01-04", "2010-06-01", "2011-01-03", "2011-04-15", "2021-04-15"])
    price = np.array([100.0, 90.0, 90.0, 90.0, 90.0 * 1.06**10])
    market = Market.from_close(pd.DataFrame({"A": price, "P": price}, index=days), name="one harvest")
    tax = TaxProfile(flat=(0.35, 0.15, 0.15), outside_short=_ENOUGH)
    lot = TaxLot("first", "A", 1_000.0, 100_000.0, dt.date(2010, 1, 4))
    account = Account("Main", "Owner", AccountKind.TAXABLE, "Broker", lots=(lot,))
    targets = TargetAllocation({AssetClass("stocks", {"A": 1.0, "P": 0.0}): 1.0})
    household = Household("one harvest", (account,), targets, tax, complete=True)
    keep = RebalancePolicy("keep", (Calendar("session"),), invest_cash_above=0.0)
    policies = {"keep": keep, "harvest": replace(keep, harvest=Harvest(0.05, 100.0))}
    comparison = compare(market, household, policies, open_with="lots")
    table = comparison.table["value_after_liquidation"]
    grown = 1.06**10
    taxed = 10_000.0 * (0.35 * (grown - 0.15 * (grown - 1.0)) - 0.15)
    ours = float(table["harvest"] - table["keep"])
    rows: list[Row] = [
        ("closed form, US$", 4_767.97, harvest_value(10_000.0, 0.35, 0.15, 0.06, 10.0), 4_767.96, 4_767.98),
        (
            "without a spread of rates or growth, US$",
            0.0,
            harvest_value(10_000.0, 0.2, 0.2, 0.0, 10.0),
            -1e-9,
            1e-9,
        ),
        ("back-test, the growth of the tax saved taxed at 15 %, US$", taxed, ours, taxed - 1.0, taxed + 1.0),
    ]
    return Reproduction(
        "the value of one harvest", "the closed form L · (τ_now (1 + r)^n − τ_later)", table_of(rows),
        (
            (
                "The closed form takes 6 % as what is left after tax; the back-test taxes what the saved tax has"
                f" earned when everything is sold: US$ {taxed:,.2f} in place of 4,767.97."
            ),
            "The saving is credited on 15 April of the next year, and the ten years count from there.",
        ),
        comparison.assumptions,
    )  # fmt: skip


def harvesting_by_period(market: Market, symbols: Sequence[str], edges: Sequence[str]) -> Reproduction:
    """Compare tax saved by monthly harvesting, by period, with and without the wash-sale rule.

    Parameters
    ----------
    market : Market
    symbols : sequence of str
        Stocks, held in equal parts.
    edges : sequence of str
        First days of the periods, of which the first, third … are those of falling prices, and the last day of all:
        ``("2000-02-01", "2003-01-02", "2006-01-03", "2009-01-02", "2012-09-12")``.

    Notes
    -----
    *Source*: Chaudhuri, Burnham and Lo (2020), "An Empirical Evaluation of Tax-Loss-Harvesting Alpha", Financial
    Analysts Journal 76(3), 99–108: 1.08 % a year of 1926–2018, 0.82 % with the wash-sale rule; short-term gains taxed
    at 35 %, long-term at 15 %, and gains without limit to offset.
    """
    tax = TaxProfile(flat=(0.35, 0.15, 0.15), outside_short=_ENOUGH)
    account = Account("Main", "Owner", AccountKind.TAXABLE, "Broker", opening_value=1e6)
    targets = TargetAllocation(
        {AssetClass("stocks", {symbol: 1.0 / len(symbols) for symbol in symbols}): 1.0}
    )
    household = Household("stocks", (account,), targets, tax, complete=True)

    def runs(start: str, end: str, *, rule: bool) -> tuple[Backtest, Backtest]:
        """Return the run with harvesting and the one without."""
        setting = prepare(market, household, start=start, end=end)
        if not rule:  # as if IRC §1091 were not there: no day is near enough
            setting = replace(setting, table=setting.table._replace(wash_days=-1))
        plain = RebalancePolicy("plain", (), avoid_wash_sales=rule)
        harvesting = replace(plain, name="harvesting", harvest=Harvest(0.0, 0.0, look="month"))
        return backtest_in(setting, harvesting), backtest_in(setting, plain)

    def saved(pair: tuple[Backtest, Backtest]) -> pd.Series:
        """Return the tax saved by year over the value at its start, percent."""
        return 100.0 * tax_alpha(*pair).by_year["alpha"]

    spans = list(pairwise(edges))
    ruled = {f"{start} to {end}": float(saved(runs(start, end, rule=True)).mean()) for start, end in spans}
    unbound = {
        span: float(saved(runs(*pair, rule=False)).mean()) for span, pair in zip(ruled, spans, strict=True)
    }
    unruled = runs(edges[0], edges[-1], rule=False)
    whole, free = saved(runs(edges[0], edges[-1], rule=True)), saved(unruled)
    ratio = float(whole.mean() / free.mean())
    early, late = float(whole.iloc[:4].mean()), float(whole.iloc[-4:].mean())
    rows: list[Row] = [
        ("tax saved a year, wash-sale rule, % of value", 0.82, float(whole.mean()), *NOT_ASKED),
        ("tax saved a year, no wash-sale rule, % of value", 1.08, float(free.mean()), *NOT_ASKED),
        ("with the rule over without it", 0.76, ratio, 0.60, 0.90),
        ("losses disallowed, no wash-sale rule, US$", 0.0, unruled[0].metrics["disallowed"], 0.0, 0.0),
        *((f"{span}, % of value a year", np.nan, value, 0.0, np.nan) for span, value in ruled.items()),
        *((f"{span}, no wash-sale rule", np.nan, value, *NOT_ASKED) for span, value in unbound.items()),
        claim(
            "the first and the third period, of falling prices, save most",
            min(list(ruled.values())[::2]) > max(list(ruled.values())[1::2]),
        ),
        ("first four years less last four, % of value a year", np.nan, early - late, 0.0, np.nan),
    ]
    return Reproduction(
        "harvesting by period", "Chaudhuri, Burnham and Lo (2020), Financial Analysts Journal 76(3)", table_of(rows),
        (
            (
                f"A proxy: {len(symbols)} stocks in equal parts over {edges[0]} to {edges[-1]}, chosen knowing that"
                " they survived; 500 by market value over 1926 to 2018 there."
            ),
            "Here it is tax saved over the value at the start of each year, there the difference of after-tax returns.",
            (
                "With the rule, proceeds go to other members of which nothing was sold at a loss lately;"
                " there are many, so that the rule costs less here than in the study (the row is missed for it)."
            ),
        ),
        market.findings,
    )  # fmt: skip


def lots_by_method(market: Market, symbols: Sequence[str]) -> Reproduction:
    """Compare selling the dearest lots first with the oldest first, quarterly rebalanced in equal parts.

    Parameters
    ----------
    market : Market
    symbols : sequence of str

    Notes
    -----
    *Source*: Atra and Pae (2014), "Likely Benefits from HIFO Accounting", Journal of Financial Planning: 0.5
    to 1.0 % of wealth at retirement at usual rates, with volatile assets up to three times as much (the same, 2015).
    """
    account = Account("Main", "Owner", AccountKind.TAXABLE, "Broker", opening_value=1e6)
    targets = TargetAllocation({symbol: 1.0 / len(symbols) for symbol in symbols})
    household = Household("lots", (account,), targets, TaxProfile(flat=(0.24, 0.15, 0.15)), complete=True)
    quarterly = RebalancePolicy("q", (Calendar("quarter"),))
    policies = {method: replace(quarterly, lot_method=method) for method in ("fifo", "hifo")}
    comparison = compare(market, household, policies)
    table = comparison.table

    def more(measure: str) -> float:
        return 100.0 * float(table[measure]["hifo"] / table[measure]["fifo"] - 1.0)

    rows: list[Row] = [
        (
            "HIFO over FIFO, % of wealth after liquidation",
            "0.5 to 1.0",
            more("value_after_liquidation"),
            0.5,
            3.0,
        ),
        ("HIFO over FIFO, % of wealth, gains not yet taxed", np.nan, more("value_after_tax"), *NOT_ASKED),
        claim("FIFO pays more tax on the way", bool(table["tax_paid"]["fifo"] > table["tax_paid"]["hifo"])),
    ]
    return Reproduction(
        "lots by method",
        "Atra and Pae (2014), Likely Benefits from HIFO Accounting, Journal of Financial Planning", table_of(rows),
        (
            f"{len(symbols)} single stocks over one history here, other assets there; flat rates of 24 and 15 %.",
            "After liquidation the gains that HIFO has put off are taxed at once.",
        ),
        comparison.assumptions,
    )  # fmt: skip


def location_worth(market: Market, stocks: str, bonds: str, *, rate: float = 0.24) -> Reproduction:
    """Compare what asset location is worth with one stock fund, one bond fund, a taxable account and an IRA.

    Parameters
    ----------
    market : Market
    stocks, bonds : str
    rate : float
        On ordinary income; 15 % on long-term gains and qualified dividends.

    Notes
    -----
    *Source*: Betterment, Tax-Coordinated Portfolio: 0.10 to 0.82 % a year, "15 % over 30 years" or 0.48 % a year;
    Vanguard, Advisor's Alpha: 0 to 0.75 % a year.
    """

    def worth(ira: float, tax: TaxProfile) -> pd.Series:
        """Return by how much growth a year is higher with location than without, %, after tax and after liquidation."""
        kinds = {"Taxable": (AccountKind.TAXABLE, 1.0 - ira), "IRA": (AccountKind.IRA, ira)}
        accounts = tuple(
            Account(name, "Owner", kind, "Broker", opening_value=1e6 * share)
            for name, (kind, share) in kinds.items()
            if share
        )
        targets = TargetAllocation({stocks: 0.6, bonds: 0.4}, location="auto")
        household = Household("location", accounts, targets, tax, complete=True)
        found = compare_household(market, household, RebalancePolicy("q", (Calendar("quarter"),)))
        row = found.worth.T["not located"]
        return pd.Series(row[["bp_after_tax", "bp_after_liquidation"]] / 100.0)

    taxed, free = TaxProfile(flat=(rate, 0.15, 0.15)), TaxProfile.untaxed()
    half = worth(0.5, taxed)
    rows: list[Row] = [
        ("half in each account, % a year after tax", 0.48, float(half.iloc[0]), 0.1, 0.8),
        ("half in each account, % a year after liquidation", np.nan, float(half.iloc[1]), *NOT_ASKED),
        ("without taxes, % a year", 0.0, float(worth(0.5, free).iloc[0]), -1e-9, 1e-9),
        ("all in the taxable account, % a year", 0.0, float(worth(0.0, taxed).iloc[0]), -1e-9, 1e-9),
        ("all in the IRA, % a year", 0.0, float(worth(1.0, taxed).iloc[0]), -1e-9, 1e-9),
    ]
    return Reproduction(
        "asset location", "Betterment, Tax-Coordinated Portfolio; Vanguard, Advisor's Alpha", table_of(rows),
        (
            "One history and two funds here; many simulated ones, more classes and thirty years there.",
            (
                "The liquidation line taxes the whole IRA at the ordinary rate, and location puts more or less growth"
                " into it: after liquidation the sign depends on which fund grew."
            ),
        ),
        market.findings,
    )  # fmt: skip
