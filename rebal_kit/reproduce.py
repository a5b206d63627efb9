"""Published studies of rebalancing, run again: Vanguard 2010, Daryanani and Lee 2008, Leland 1999."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.checking import check_number
from rebal_kit.compare import compare
from rebal_kit.costs import Costs
from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.findings import Finding, MarketError, PolicyError, raise_errors
from rebal_kit.growth import growth_after_tax
from rebal_kit.intervals import check_seed
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.preflight import check_date
from rebal_kit.reproduction import NOT_ASKED, Reproduction, Row, claim, table_of
from rebal_kit.run import prepare
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.trials import Trial, run_trials
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand, Trigger

#: Vanguard's table: look (months), threshold, average equity, events in 84 years, return, volatility; percent.
_VANGUARD = (
    (1, 0.00, 60.1, 1008, 8.5, 12.1), (1, 0.01, 60.1, 389, 8.5, 12.1), (1, 0.05, 61.2, 58, 8.6, 12.2),
    (1, 0.10, 61.6, 20, 8.8, 12.2), (3, 0.01, 60.2, 210, 8.7, 12.2), (3, 0.05, 60.9, 50, 8.9, 12.1),
    (3, 0.10, 62.6, 21, 8.6, 12.3), (12, 0.01, 60.5, 72, 8.6, 11.9), (12, 0.05, 60.7, 28, 8.6, 11.8),
    (12, 0.10, 63.0, 15, 8.7, 12.1),
)  # fmt: skip
_VANGUARD_YEARS = 84.0
_VANGUARD_NEVER = (84.1, 8.1, 14.4)
_LEE_LOOKS, _LEE_BANDS = (1, 5, 10, 20, 60, 125, 250), (0.0, 0.05, 0.10, 0.15, 0.20, 0.25)
#: Sessions of a month and of a quarter; months that twelve monthly starts take with a quarter after the last.
_MONTH, _QUARTER, _STARTS = 21, 63, 14
_SPREAD = Costs(5)


def untaxed(targets: TargetAllocation, value: float = 100_000.0) -> Household:
    """Return a household of one account that no tax touches, as most studies of rebalancing take it."""
    account = Account("Main", "Owner", AccountKind.TAXABLE, "Broker", opening_value=value)
    return Household("untaxed", (account,), targets, TaxProfile.untaxed(), complete=True)


def _rule(*triggers: Trigger, destination: Any = "target", costs: Costs | None = None) -> RebalancePolicy:
    """Return a policy that refuses no trade for its tax: the studies know none."""
    return RebalancePolicy(
        "rule", triggers, destination=destination, costs=costs or Costs(), avoid_wash_sales=False
    )  # fmt: skip


def _look(months: int) -> str:
    return {1: "monthly", 3: "quarterly", 12: "yearly"}[months]


def vanguard_2010(
    market: Market, stocks: str = "MKT", bonds: str = "BILL", end: str = "2009-12-31"
) -> Reproduction:
    """Compare with Vanguard's table of looks and thresholds for 60 % stocks and 40 % bonds, 1926 to 2009.

    Parameters
    ----------
    market : Market
        Monthly, from 1926 on: ``load_market("fama_french")``.
    stocks, bonds : str
        Its two securities.
    end : str
        Last month.

    Notes
    -----
    *Source*: Jaconetti, Kinniry and Zilbering (2010), "Best Practices for Portfolio Rebalancing", Vanguard. Its
    turnover is left out: how it is defined was not found.
    """
    policies = {
        f"{_look(months)} {threshold:.0%}": _rule(Threshold(ToleranceBand(absolute=threshold), look=months))
        for months, threshold, *_ in _VANGUARD
    }
    policies["never"] = _rule()
    comparison = compare(market, untaxed(TargetAllocation({stocks: 0.6, bonds: 0.4})), policies, end=end)
    table = comparison.table
    years = (
        float((comparison.setting.market.dates[-1] - comparison.setting.market.dates[0]).astype(int)) / 365.25
    )
    equity = {name: 100.0 * float(run.weights[stocks].mean()) for name, run in comparison.runs.items()}
    volatility = 100.0 * table["volatility"]
    rows: list[Row] = []
    for (months, _, average, events, growth, deviation), name in zip(_VANGUARD, policies, strict=False):
        published, ours = events / _VANGUARD_YEARS, float(table["rebalances"][name]) / years
        room = 0.1 if months == 12 else 0.2 * published
        low, high = published - room, published + room
        if name == "monthly 0%":  # every month after the first is an event
            low = high = (len(comparison.setting.market.dates) - 1) / years
        rows += [
            (f"{name}: events a year", published, ours, low, high),
            (f"{name}: average equity, %", average, equity[name], average - 2.5, average + 2.5),
            (f"{name}: return, %", growth, 100.0 * float(table["cagr_before_tax"][name]), *NOT_ASKED),
            (f"{name}: volatility, %", deviation, float(volatility[name]), *NOT_ASKED),
        ]
    average, growth, deviation = _VANGUARD_NEVER
    others = volatility.drop("never")
    rows += [
        ("never: average equity, %", average, equity["never"], average - 2.5, average + 2.5),
        ("never: return, %", growth, 100.0 * float(table["cagr_before_tax"]["never"]), *NOT_ASKED),
        ("never: volatility, %", deviation, float(volatility["never"]), *NOT_ASKED),
        ("volatility of all that rebalance, highest less lowest, %", 0.5, float(np.ptp(others)), np.nan, 0.6),
        ("volatility of never over the highest other", 14.4 / 12.3, float(volatility["never"] / others.max()),
         1.15, np.nan),
    ]  # fmt: skip
    for months in (1, 3, 12):
        names = [name for name in policies if name.startswith(_look(months))]
        fewer = all(table["rebalances"][a] > table["rebalances"][b] for a, b in pairwise(names))
        more = all(equity[a] < equity[b] for a, b in pairwise(names))
        rows += [claim(f"{_look(months)}: fewer events with a wider threshold", fewer)]
        rows += [claim(f"{_look(months)}: more equity with a wider threshold", more)]
    return Reproduction(
        "Vanguard 2010", "Jaconetti, Kinniry and Zilbering (2010), Best Practices for Portfolio Rebalancing, Vanguard",
        table_of(rows),
        (
            (
                "Bonds are one-month Treasury bills here, high-grade corporate bonds there: bills earned less and do"
                " not move, so that returns and volatility of the policies that rebalance are lower. Stocks never sold"
                " take a larger share here (the row 'never: average equity' is missed for it), so that 'never' has"
                " more return and volatility than there."
            ),
            "Stocks are all US stocks here, the S&P 90 and 500 and broader series there.",
            f"{years:.1f} years here, 84 there: the first month of 1926 is not in the file.",
        ),
        comparison.assumptions,
    )  # fmt: skip


def daryanani_2008(market: Market, targets: TargetAllocation, costs: Costs = _SPREAD) -> Reproduction:
    """Ask what Daryanani found: a wide relative band looked at often, against a narrow one looked at rarely.

    Parameters
    ----------
    market : Market
        Daily.
    targets : TargetAllocation
        Of several classes, 60/40 or so.
    costs : Costs
        By default a half spread of 5 basis points.

    Notes
    -----
    *Source*: Daryanani (2008), "Opportunistic Rebalancing: A New Paradigm for Wealth Managers", Journal of Financial
    Planning 21(1), 48–61: classes in 1992 to 2004, bands relative to the target, back to half of the band, only classes
    that are out of their band; a 20 % band looked at daily to every ten days was best, 25 to 30 basis points a year
    better than a 5 % band looked at quarterly or yearly. `lee_2008` is the reply to it.
    """
    rules = _lee_rules(costs)
    household = untaxed(targets)
    dates = prepare(market, household).market.dates
    starts = [compare(market, household, rules, start=dates[_MONTH * k].item()) for k in range(12)]
    often = {band: [f"({look}, {band:.0%})" for look in (1, 5, 10)] for band in _LEE_BANDS}
    rarely = [f"({look}, 5%)" for look in (60, 250)]
    growth = 1e4 * pd.DataFrame([comparison.table["cagr_before_tax"] for comparison in starts])
    mean = growth.mean()
    lead = growth[often[0.20]].mean(axis=1) - growth[rarely].mean(axis=1)
    pairs = [
        pd.DataFrame({"often": each[often[0.20]].mean(axis=1), "rarely": each[rarely].mean(axis=1)})
        for each in map(growth_after_tax, starts)
    ]
    bands = pd.Series({band: float(mean[names].mean()) for band, names in often.items()})
    best = str(mean.idxmax())
    rows: list[Row] = [
        ("target 60 %, band 20 %: sold back to, %", 66.0, _sold_back(), 65.99, 66.01),
        ("(1 to 10, 20%) less (60 to 250, 5%), bp a year", "25 to 30", float(lead.mean()), 0.0, np.nan),
        ("the same, t", np.nan, float(_t_values(pairs, "rarely")["often"]), *NOT_ASKED),
        ("the same, lowest of 12 starts, bp a year", np.nan, float(lead.min()), *NOT_ASKED),
        ("the same, highest of 12 starts, bp a year", np.nan, float(lead.max()), *NOT_ASKED),
        claim("of the six bands looked at every 1 to 10 days, 20 % is best", bands.idxmax() == 0.20),
        claim("the best of 42 looks every 1 to 10 days", any(best in names for names in often.values())),
    ]
    return Reproduction(
        "Daryanani 2008", "Daryanani (2008), Opportunistic Rebalancing, Journal of Financial Planning 21(1), 48–61",
        table_of(rows),
        (
            (
                f"Other securities ({', '.join(targets.symbols)}) and years ({dates[0]} to {dates[-1]}): US data of"
                " 1992 to 2004 there."
            ),
            (
                f"The best of 42 here is {best}, and of the bands {bands.idxmax():.0%},"
                f" {bands.max() - bands[0.20]:.0f} bp a year ahead of 20 %: which one it is depends on the period,"
                " as Lee replied."
            ),
            "No taxes on either side.",
        ),
        starts[0].assumptions,
    )  # fmt: skip


def _sold_back() -> float:
    """Return the weight, %, of a class of 60 % with a band of 20 % of it after a day at 71.8 % and one at 72.4 %."""
    index = pd.bdate_range("2010-01-04", periods=4)
    market = Market.from_close(pd.DataFrame({"A": [100.0, 170.0, 175.0, 175.0], "B": 100.0}, index=index))
    household = untaxed(TargetAllocation({"A": 0.6, "B": 0.4}))
    alone = (("B", ToleranceBand(absolute=1.0)),)  # the other class never leaves its band
    rule = _rule(Threshold(ToleranceBand(relative=0.20), bands=alone), destination="half")
    return 100.0 * float(compare(market, household, {"rule": rule}).runs["rule"].weights["A"].iloc[-1])


def lee_2008(market: Market, targets: TargetAllocation, split: str, costs: Costs = _SPREAD) -> Reproduction:
    """Ask what Lee asked: whether the best of 42 rules in one period stays the best in the next.

    Parameters
    ----------
    market : Market
        Daily.
    targets : TargetAllocation
    split : str
        First day of the second period.
    costs : Costs
        By default a half spread of 5 basis points.

    Raises
    ------
    MarketError
        A security is missing, or a period is too short.

    Notes
    -----
    *Source*: Lee (2008), "Rebalancing and Returns", Dimensional Fund Advisors, tables 2 and 5, on Daryanani (2008),
    "Opportunistic Rebalancing: A New Paradigm for Wealth Managers", Journal of Financial Planning 21(1), 48–61: seven
    looks by six bands relative to the target, back to half of the band, twelve monthly starts.
    """
    raise_errors(MarketError, check_date("split", split))
    rules = _lee_rules(costs)
    household, base = untaxed(targets), "(60, 10%)"
    whole = prepare(market, household)
    dates = whole.market.dates
    cut = int(np.searchsorted(dates, np.datetime64(split, "D")))
    raise_errors(MarketError, _check_split(dates, split, cut))
    starts = [
        compare(market, household, rules, start=dates[_MONTH * k].item(), end=dates[cut - 1].item())
        for k in range(12)
    ]
    growth = 1e4 * pd.DataFrame([comparison.table["cagr_before_tax"] for comparison in starts])
    after = 1e4 * compare(market, household, rules, start=dates[cut].item()).table["cagr_before_tax"]
    t = _t_values([growth_after_tax(comparison) for comparison in starts], base)
    mean = growth.mean()
    best = str(mean.idxmax())
    rows: list[Row] = [
        ("rank, in the next period, of the best of 42", 27.0, float(after.rank(ascending=False)[best]), 8.0, np.nan),
        (f"best of the next period less {base}, bp a year", 7.0, float(after.max() - after[base]), *NOT_ASKED),
        ("correlation of ranks between the periods", np.nan, float(mean.rank().corr(after.rank())), np.nan, 0.5),
        ("starts that have different best rules, of 12", np.nan, float(growth.idxmax(axis=1).nunique()), 2.0, np.nan),
        (f"(1, 20%) less {base}, bp a year", 15.0, float(mean["(1, 20%)"] - mean[base]), *NOT_ASKED),
        (f"(1, 20%) less {base}, t", 1.38, float(t["(1, 20%)"]), -2.3, 2.3),
        (f"(250, 0%) less {base}, bp a year", -8.0, float(mean["(250, 0%)"] - mean[base]), *NOT_ASKED),
        (f"(250, 0%) less {base}, t", -0.89, float(t["(250, 0%)"]), -2.3, 2.3),
        ("largest |t| but for (1, 0%)", np.nan, float(t.drop("(1, 0%)").abs().max()), np.nan, 2.3),
        claim("daily rebalancing without a band is worst, for its costs", mean.idxmin() == "(1, 0%)"),
    ]  # fmt: skip
    first, last = dates[0], dates[-1]
    return Reproduction(
        "Lee 2008", "Lee (2008), Rebalancing and Returns, Dimensional Fund Advisors", table_of(rows),
        (
            f"Other securities ({', '.join(whole.market.symbols)}) and years ({first} to {last}, parted at {split}).",
            (
                "With costs that are a share of what is traded, many small trades cost little, and daily rebalancing"
                " without a band is not ruined (the row is missed for it); a fee an order ruins it here, too."
            ),
            "No taxes on either side.",
        ),
        whole.market.findings,
    )  # fmt: skip


def _check_split(dates: np.ndarray, split: Any, cut: int) -> Iterator[Finding]:
    """Find periods of which one is too short: twelve monthly starts and a quarter, then a quarter."""
    least, most = _MONTH * _STARTS, len(dates) - _QUARTER
    if least > most:
        what = f"the market has {len(dates):,} sessions"
        yield Finding("error", "lee_2008", what, f"give {least + _QUARTER:,} at least")
    elif not least <= cut <= most:
        what = f"split {split} leaves {cut:,} sessions before it and {len(dates) - cut:,} from it on"
        yield Finding("error", "lee_2008", what, f"give a day from {dates[least]} to {dates[most]}")


def _lee_rules(costs: Costs) -> dict[str, RebalancePolicy]:
    """Return Daryanani's and Lee's 42 rules: (look, band)."""
    return {
        f"({look}, {band:.0%})": _rule(
            Threshold(ToleranceBand(relative=band), look=look), destination="half", costs=costs
        )
        for look in _LEE_LOOKS for band in _LEE_BANDS
    }  # fmt: skip


def _t_values(growth: list[pd.DataFrame], base: str) -> pd.Series:
    """Return t of each rule's monthly growth less that of `base`, averaged over the starts, in the months all have."""
    monthly = [each.groupby(pd.PeriodIndex(each.index, freq="M")).sum() for each in growth]
    months = sorted(set.intersection(*(set(each.index[1:]) for each in monthly)))
    stacked = np.mean([each.loc[months].to_numpy() for each in monthly], axis=0)
    mean = pd.DataFrame(stacked, columns=monthly[0].columns)
    lead = mean.drop(columns=base).sub(mean[base], axis=0)
    return pd.Series(lead.mean() / (lead.std() / np.sqrt(len(lead))))


def leland_turnover(paths: int = 20, years: int = 20, seed: int = 0) -> Reproduction:
    """Compare trading to the edge of a band with monthly rebalancing to the target, at the same tracking error.

    Parameters
    ----------
    paths, years : int
        Simulated histories of two securities, log-normal and independent of each other.
    seed : int

    Notes
    -----
    *Source*: Leland (1999), "Optimal Portfolio Management with Transactions Costs and Capital Gains Taxes",
    University of California, Berkeley: with proportional costs one trades to the edge of a region, and about half as
    much.
    """
    where = "leland_turnover"
    raise_errors(PolicyError, (
        *check_number(where, "paths", paths, "give 1 to 10,000 paths", least=1, most=10_000, whole=True),
        *check_number(where, "years", years, "give 1 to 200 years", least=1, most=200, whole=True),
        *check_seed(where, seed),
    ))  # fmt: skip
    paths, years, seed = int(paths), int(years), int(seed)
    sessions, spread = 252 * years + 1, 0.20
    index = pd.bdate_range("2000-01-03", periods=sessions)
    bands = (0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04)
    edge = {
        f"{band:g}": _rule(Threshold(ToleranceBand(absolute=band)), destination="edge", costs=Costs(10))
        for band in bands
    }
    policies = {"monthly": _rule(Calendar("month"), costs=Costs(10)), **edge}
    household = untaxed(TargetAllocation({"A": 0.6, "B": 0.4}))

    def simulated(path: int) -> Trial:
        moves = np.random.default_rng((seed, path)).normal(0.0, [spread, 0.05], (sessions - 1, 2)) / np.sqrt(
            252
        )
        close = 100.0 * np.exp(np.vstack([np.zeros(2), np.cumsum(moves, axis=0)]))
        market = Market.from_close(
            pd.DataFrame(close, index=index, columns=["A", "B"]), name=f"simulated {path}"
        )
        return Trial(partial(prepare, market, household), policies)

    means = (
        run_trials([simulated(path) for path in range(paths)])
        .groupby("policy")[["turnover", "tracking_error"]]
        .mean()
    )
    error = means["tracking_error"][list(edge)].to_numpy()
    at_equal = float(
        np.interp(means["tracking_error"]["monthly"], error, means["turnover"][list(edge)].to_numpy())
    )
    rows: list[Row] = [
        ("turnover to the edge over that of monthly rebalancing", 0.5, at_equal / float(means["turnover"]["monthly"]),
         0.35, 0.65),
        ("monthly: turnover a year, %", np.nan, 100.0 * float(means["turnover"]["monthly"]), *NOT_ASKED),
        ("monthly: tracking error a year, %", np.nan, 100.0 * float(means["tracking_error"]["monthly"]), *NOT_ASKED),
        claim(
            "the monthly tracking error is between those of the bands",
            error.min() <= means["tracking_error"]["monthly"] <= error.max(),
        ),
    ]  # fmt: skip
    return Reproduction(
        "Leland 1999",
        "Leland (1999), Optimal Portfolio Management with Transactions Costs and Capital Gains Taxes, Berkeley",
        table_of(rows),
        (
            f"{paths} simulated histories of {years} years with daily looks.",
            "Leland's region follows from a utility; here the band of the same tracking error is interpolated.",
        ),
        (),
    )  # fmt: skip
