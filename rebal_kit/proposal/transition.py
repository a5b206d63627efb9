"""Selling down a concentrated, appreciated position over several tax years, and what the wait saves and risks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.checking import check_kind, check_number
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, HouseholdError, PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import TAXABLE, Limits, Problem
from rebal_kit.optimal.search import Effort
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.day import Day, prepare_day
from rebal_kit.proposal.distance import MEASURE
from rebal_kit.proposal.frontier import without_bands
from rebal_kit.proposal.greedy import decide_greedily
from rebal_kit.proposal.next_year import january_days, years_untouched
from rebal_kit.proposal.problem import problem_of
from rebal_kit.proposal.settlement import start_of
from rebal_kit.proposal.year_budgets import AT_ONCE, spreads
from rebal_kit.proposal.year_by_year import Step, trade_rows, walk, year_row

#: Drift is worth more than any tax: the targets are reached, and tax is what decides how.
_AIMS = Aims(drift=2.0, member_drift=0.05, later_rate=0.0)
#: Drift by which a plan may end further from the targets than the nearest one and still reach them.
_REACHED = 1e-3
#: US$ of tax that are worth no wait.
_NO_SAVING = 1.0
TRADE_COLUMNS = ["year", "account", "symbol", "side", "quantity", "amount", "gain"]
#: For each year of each spread, after which the best plan so far is taken.
_SECONDS = 5.0
#: Sessions of history of which the volatility is taken: three years.
_SESSIONS, _A_YEAR = 756, 252


@dataclass(frozen=True, eq=False)
class TransitionPlan:
    """How a concentrated position is sold down, year by year.

    Attributes
    ----------
    household, policy, symbol : str
        The position is in `symbol`.
    asof : date
        Of the prices, and the first day of trading.
    chosen : str
        The way to spread that `by_year` and `trades` are of.
    spreads : DataFrame
        A row a way to spread (`spread`): `tax`, total of all years, US$; `saved` against all at once, NaN where the
        targets are not reached; `cost`; `gain`, net, realised; `drift` and `weight` of the position left at the end;
        `reached`: as near to the targets as any; `at_risk`: the largest `at_risk` of its years.
    years : DataFrame
        A row a year of each `spread`: `year`, `day` of trading; `sold`, US$, and `position_sold` of it; `short_gain`,
        `long_gain`, net; `tax`: what the plan adds to the tax of that year; `cost`; `drift` left, a fraction;
        `position` left, US$, and its `weight` in the household; `carried`: losses to the next year, US$; `at_risk`:
        what is left of the position above what all at once leaves of it, times its volatility, US$: a loss as large or
        larger in a year's wait has a chance of 1 in 6.
    trades : DataFrame
        Of the chosen one: `year`, `account`, `symbol`, `side`, `quantity`, `amount` in US$, `gain`.
    volatility : float
        Of the position, a year, from its daily returns.
    findings : tuple of Finding
        What was assumed, and what could not be done.
    """

    household: str
    policy: str
    symbol: str
    asof: dt.date
    chosen: str
    spreads: pd.DataFrame
    years: pd.DataFrame
    trades: pd.DataFrame
    volatility: float
    findings: tuple[Finding, ...]

    @property
    def by_year(self) -> pd.DataFrame:
        """The years of the chosen way."""
        return self.years[self.years["spread"] == self.chosen].drop(columns="spread").reset_index(drop=True)

    @property
    def tax(self) -> float:
        """Of all years, US$."""
        return float(self.by_year["tax"].sum())

    @property
    def saved(self) -> float:
        """Against all at once, US$; NaN where the targets are not reached."""
        return float(self.spreads.loc[self.spreads["spread"] == self.chosen, "saved"].to_numpy()[0])

    def __repr__(self) -> str:
        last = self.by_year.iloc[-1]
        saved = (
            f"US$ {self.saved:,.0f} less than all at once"
            if np.isfinite(self.saved)
            else "targets not reached"
        )
        return (
            f"<TransitionPlan of {self.symbol} for {self.household!r} from {self.asof}, {self.chosen}:"
            f" {len(self.by_year)} years, tax US$ {self.tax:,.0f}, {saved},"
            f" weight left {last['weight']:.1%}>"
        )


def transition_plan(
    market: Market, household: Household, policy: RebalancePolicy, *, years: int = 3, symbol: str | None = None,
    asof: dt.date | str | None = None, yearly_tax: float | None = None, aims: Aims | None = None,
) -> TransitionPlan:  # fmt: skip
    """Plan how a concentrated position is sold down: this year, and in January of the following ones.

    Each year the solver comes as near to the targets as the year's budget lets it, at the least tax; what is left of
    lots, losses and cash is carried on. Prices stay as they are on the day.

    Parameters
    ----------
    market : Market
    household : Household
    policy : RebalancePolicy
        Its costs and restrictions hold; its bands, and its limits on gains, give way to the plan's. Holdings outside
        the targets are sold.
    years : int
        Tax years within which the targets are to be reached.
    symbol : str, optional
        The position; by default the one with the largest gain in taxable accounts.
    asof : date or ISO string, optional
        By default the market's last session.
    yearly_tax : float, optional
        What the plan may add to the tax of each year, US$. By default the spread with the least tax of all years is
        chosen among those that reach the targets: all at once, equal gains, or each year up to where the tax on gains
        rises.
    aims : Aims, optional
        By default drift is worth more than any tax, and tax later nothing.

    Returns
    -------
    TransitionPlan

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    raise_errors(PolicyError, _check(years, yearly_tax, aims))
    day = prepare_day(market, household, policy, asof=asof, look="now")
    problem = _problem(day, aims or _AIMS)
    column = _position(day, problem, symbol)
    days = january_days(day.asof, int(years), problem.year.table.wash_days)
    untouched = tuple(years_untouched(problem.year, len(days)))
    effort = Effort(seconds=_SECONDS)
    at_once = optimise(problem, effort, explain=False)
    gain = at_once.figures.short + at_once.figures.long
    walked = {
        spread.name: tuple(walk(spread, problem, days, untouched, effort))
        for spread in spreads(problem, len(days), gain, yearly_tax)
    }
    volatility = _volatility(day, column)
    table = pd.DataFrame(
        [
            {"spread": name, **year_row(step, column, tax)}
            for name, steps in walked.items() for step, tax in zip(steps, untouched, strict=True)
        ]
    )  # fmt: skip
    nothing_more = float(table.loc[table["spread"] == AT_ONCE, "position"].iloc[-1])
    table["at_risk"] = np.maximum(table["position"] - nothing_more, 0.0) * volatility
    summary = _summary(table)
    chosen = list(walked)[-1] if yearly_tax is not None else _least(summary)
    findings = (
        *_troubles(chosen, walked[chosen], summary, yearly_tax, table),
        *(finding for finding in day.findings if finding.severity == "warning"),
        *_assumptions(day, days, volatility, column),
    )
    return TransitionPlan(
        household.name, policy.name, day.setting.market.symbols[column], day.asof, chosen, summary, table,
        pd.DataFrame(trade_rows(walked[chosen]), columns=TRADE_COLUMNS), volatility, findings,
    )  # fmt: skip


def _check(years: Any, yearly_tax: Any, aims: Any) -> Iterator[Finding]:
    where = "transition plan"
    yield from check_number(where, "years", years, "give 1 to 10 tax years", least=1, most=10, whole=True)
    if yearly_tax is not None:
        yield from check_number(where, "yearly_tax", yearly_tax, "give US$ a year, 0 or more", least=0)
    yield from check_kind(where, "aims", aims or _AIMS, Aims, "make it with Aims(…)")


def _problem(day: Day, aims: Aims) -> Problem:
    """Return the day's problem without bands and limits on gains; holdings outside the targets may be sold."""
    decision = decide_greedily(day)
    start = start_of(day, decision.moved)
    problem = without_bands(problem_of(start, decision, aims).problem)
    structure = start.desk.structure
    sellable = structure.may_sell & start.desk.prices.traded[day.last]
    rate = problem.year.table.marginal_long
    return replace(
        problem,
        trading=problem.trading._replace(may_sell=sellable),
        limits=Limits(),
        aims=problem.aims._replace(sleeve_drift=aims.member_drift, later_rate=aims.later(rate)),
    )


def _position(day: Day, problem: Problem, symbol: str | None) -> int:
    """Return the column of the concentrated position."""
    lots, symbols = problem.lots, day.setting.market.symbols
    taxed = problem.kind[lots.account] == TAXABLE
    gains = np.zeros(len(symbols))
    np.add.at(
        gains, lots.security[taxed], (lots.quantity * (problem.price[lots.security] - lots.basis))[taxed]
    )
    where = f"household '{day.household.name}'"
    if symbol is not None:
        held = sorted({symbols[s] for s in lots.security[taxed]})
        if symbol not in held:
            what = f"no taxable account holds {symbol!r}"
            raise HouseholdError(Finding("error", where, what, f"use {', '.join(held)}"))
        return symbols.index(symbol)
    if not (gains > 0.0).any():
        what = "no position in a taxable account has a gain: there is no tax to spread"
        raise HouseholdError(Finding("error", where, what, "ask propose(…) instead"))
    return int(gains.argmax())


def _volatility(day: Day, column: int) -> float:
    """Return the standard deviation of daily returns in a year; 0 where there is no history."""
    history = day.setting.history
    close, paid, split = history.close[:, column], history.dividend[:, column], history.split[:, column]
    returns = (split[1:] * (close[1:] + paid[1:]) / close[:-1])[-_SESSIONS:]
    known = np.log(returns[np.isfinite(returns)])
    return float(known.std(ddof=1) * np.sqrt(_A_YEAR)) if len(known) > 1 else 0.0


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a way to spread."""
    rows = []
    for name, years in table.groupby("spread", sort=False):
        last = years.iloc[-1]
        rows.append(
            {
                "spread": name, "tax": years["tax"].sum(), "saved": 0.0, "cost": years["cost"].sum(),
                "gain": years["short_gain"].sum() + years["long_gain"].sum(), "drift": last["drift"],
                "weight": last["weight"], "reached": False, "at_risk": years["at_risk"].max(),
            }
        )  # fmt: skip
    summary = pd.DataFrame(rows)
    summary["saved"] = summary.loc[summary["spread"] == AT_ONCE, "tax"].iloc[0] - summary["tax"]
    summary["reached"] = summary["drift"] <= summary["drift"].min() + _REACHED
    summary.loc[~summary["reached"], "saved"] = np.nan
    return summary


def _least(summary: pd.DataFrame) -> str:
    """Return the way with the least tax of those that reach the targets; of equals the one that risks least."""
    reached = summary[summary["reached"]]
    least = reached[reached["tax"] <= reached["tax"].min() + _NO_SAVING]
    return str(least.loc[least["at_risk"].idxmin(), "spread"])


def _troubles(
    chosen: str, steps: tuple[Step, ...], summary: pd.DataFrame, yearly_tax: float | None, table: pd.DataFrame
) -> Iterator[Finding]:
    """Find years in which the plan could not do what it was to do."""
    for step in steps:
        for trouble in step.troubles:
            yield Finding("warning", f"year {step.day.year}", trouble, "")
    row = summary.set_index("spread").loc[chosen]
    nearest = float(summary["drift"].min())
    if not row["reached"]:
        what = f"{row['drift']:.1%} of drift are left at the end, {nearest:.1%} could be reached"
        yield Finding("warning", "targets", what, "give more years, or a larger budget")
    elif nearest > _REACHED:
        what = f"{nearest:.1%} of drift are left whatever is paid: restrictions or reserves are in the way"
        yield Finding("warning", "targets", what, "")
    if yearly_tax is not None:
        years = table[table["spread"] == chosen]
        for one in years[years["tax"] > yearly_tax + _NO_SAVING].itertuples():
            what = f"US$ {one.tax:,.0f} of tax: losses to be deducted then were used up in the years before"
            yield Finding("warning", f"year {one.year}", what, "")


def _assumptions(day: Day, days: tuple[dt.date, ...], volatility: float, column: int) -> Iterator[Finding]:
    tax, symbol = day.household.tax, day.setting.market.symbols[column]
    yield Finding("note", "prices", f"stay at the closes of {day.asof}: no growth, no dividends, no flows")
    law = "flat rates" if tax.flat is not None else f"law of {tax.law_year}, {tax.filing}"
    what = f"{law}, in every year, with the same income and outside gains; tax is paid from elsewhere"
    yield Finding("note", "tax", what)
    if len(days) > 1:
        later = ", ".join(map(str, days[1:]))
        yield Finding("note", "days", f"then traded on {later}, with all wash-sale windows closed")
        what = (
            "in all years but the last none is taken: it waits until it is long-term; all at once takes them"
        )
        yield Finding("note", "short-term gains", what)
    what = "its bands and its limits on gains give way to the plan's; holdings outside the targets are sold"
    yield Finding("note", f"policy '{day.policy.name}'", what)
    yield Finding("note", "drift", MEASURE)
    yield Finding(
        "note", "purchases", "what the plan has bought is sold again, if at all, without gain or loss"
    )
    sessions = min(_SESSIONS, max(len(day.setting.history.dates) - 1, 0))
    what = f"at a volatility of {volatility:.0%} a year, as in the last {sessions} sessions: one standard deviation,"
    yield Finding(
        "note", f"risk of {symbol}", f"{what} exceeded by a loss in 1 of 6 years if returns are normal"
    )
