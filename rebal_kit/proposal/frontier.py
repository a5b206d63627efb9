"""What less drift would cost today: the least tax for each drift that may be left, and where the proposal stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rebal_kit.checking import check_kind, check_number
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.optimal.frontier import Point, frontier_by_drift, zero_gain
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import Aims, Problem
from rebal_kit.optimal.search import Effort
from rebal_kit.proposal.distance import MEASURE, Outcome, nothing_traded, outcome_of
from rebal_kit.proposal.problem import trades_of
from rebal_kit.proposal.proposal import Proposal

#: Labels of the points that are no part of the curve.
TODAY, ZERO_GAIN, GREEDY, OPTIMAL = "today", "zero gain", "greedy", "optimal"
#: Label of the curve's own.
LEAST_TAX = "least tax"
COLUMNS = ("label", "drift", "tax_now", "net_gain", "cost", "trades")

#: US$ for a US$ of drift: so little that no gain is taken for it, and enough to invest cash that lies idle.
_IDLE = Aims(drift=1e-3, sleeve_drift=1e-4)
#: More than any tax.
_ABOVE_TAX = Aims(drift=2.0, sleeve_drift=1e-2)
#: US$ by which a limit is wider than what was reached.
_CENT = 0.01
#: US$ of tax that are rounding.
_ROUNDING = 0.005
#: A least drift above this is worth saying why.
_REACHED = 5e-4


@dataclass(frozen=True, eq=False)
class TaxFrontier:
    """Tax now against the drift that is left, for one household on one day.

    Attributes
    ----------
    household, policy : str
    asof : date
        Of the prices.
    table : DataFrame
        A row a point: `label`; `drift`, a fraction, by one measure for all; `tax_now`, what the trades add to the
        year's tax, US$, negative where losses save some; `net_gain` realised, US$; `cost`, US$; `trades`. First the
        points of the curve (`least tax`), the smallest drift first: no trades leave so little drift for less tax, as
        far as the solver looked. Then `today` (no trades), `zero gain` (the least drift without net gain), `greedy`
        and, where the proposal has it, `optimal`.
    findings : tuple of Finding
    """

    household: str
    policy: str
    asof: dt.date
    table: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def curve(self) -> pd.DataFrame:
        """The points of least tax, the smallest drift first."""
        return self.table[self.table["label"] == LEAST_TAX].reset_index(drop=True)

    def point(self, label: str) -> pd.Series:
        """Return a point that is no part of the curve: 'today', 'zero gain', 'greedy' or 'optimal'.

        Raises
        ------
        PolicyError
            There is none of that name.
        """
        found = self.table[(self.table["label"] == label) & (self.table["label"] != LEAST_TAX)]
        if found.empty:
            names = [name for name in self.table["label"] if name != LEAST_TAX]
            what = f"has no point {label!r}"
            raise PolicyError(Finding("error", "tax frontier", what, f"use {', '.join(names)}"))
        return found.iloc[0]

    def __repr__(self) -> str:
        curve = self.curve
        return (
            f"<TaxFrontier of {self.household!r} on {self.asof}: drift {curve['drift'].min():.1%} for"
            f" US$ {curve['tax_now'].max():,.0f} of tax to {curve['drift'].max():.1%} for"
            f" US$ {curve['tax_now'].min():,.0f}>"
        )


def tax_frontier(proposal: Proposal, *, points: int = 12, seconds: float = 5.0) -> TaxFrontier:
    """Find how much tax each drift that is left costs at least, on the proposal's day.

    Parameters
    ----------
    proposal : Proposal
        Its household, day, restrictions and limits; with a solver's plan or without.
    points : int
        Limits on drift that are tried: from what is left by the trades of the least tax, down to the least of all.
    seconds : float
        For each, after which the best plan so far is taken.

    Returns
    -------
    TaxFrontier

    Raises
    ------
    PolicyError
        What is asked for cannot be, or the solver is not installed.
    """
    raise_errors(
        PolicyError,
        [
            *check_kind("tax frontier", "proposal", proposal, Proposal, "make it with propose(…)"),
            *check_number("tax frontier", "points", points, "give 2 or more", least=2, most=200, whole=True),
            *check_number("tax frontier", "seconds", seconds, "give seconds above 0", least=1e-3),
        ],
    )
    effort = Effort(seconds=seconds)
    problem = without_bands(proposal.asked.problem)
    today = nothing_traded(problem)
    least = optimise(replace(problem, aims=_ABOVE_TAX), effort._replace(gap=1e-6), explain=False)
    rows: list[tuple[str, Outcome]] = []
    findings: list[Finding] = []
    if least.status == "infeasible":
        findings += [
            Finding("warning", "tax frontier", reason, "nothing was tried") for reason in least.reasons
        ]
    else:
        # Between today's drift and that of the least tax of all, drift costs nothing: the curve begins there.
        idle = optimise(replace(problem, aims=_IDLE), effort, explain=False)
        limits = np.linspace(max(idle.figures.drift, least.figures.drift), least.figures.drift, int(points))
        tried = frontier_by_drift(replace(problem, aims=_IDLE), (limits + _CENT).tolist(), effort)
        rows = [(LEAST_TAX, outcome) for outcome in _curve(problem, tried)]
        findings += _doubts(problem, tried, least.figures.drift, effort)
    rows.append((TODAY, today))
    free = zero_gain(replace(problem, aims=_ABOVE_TAX), effort)
    if free.plan.status == "infeasible":
        findings += [
            Finding("warning", ZERO_GAIN, reason, "some gain must be realised")
            for reason in free.plan.reasons
        ]
    else:
        rows.append((ZERO_GAIN, outcome_of(problem, free.plan.sold, free.plan.bought)))
    for one in (proposal.greedy, proposal):
        if one is not None:
            rows.append((one.solver, _of_proposal(problem, one)))
    table = pd.DataFrame([_row(label, outcome) for label, outcome in rows], columns=list(COLUMNS))
    notes = (
        Finding("note", "drift", MEASURE),
        Finding(
            "note", "tax now", "what the trades add to this year's tax by the rule book, all else being equal"
        ),
    )
    return TaxFrontier(
        proposal.day.household.name, proposal.day.policy.name, proposal.asof, table, (*findings, *notes)
    )


def without_bands(problem: Problem) -> Problem:
    """Return the problem with drift counted from the targets themselves, whatever bands the policy leaves."""
    none = np.zeros_like(problem.targets.weight)
    return replace(problem, targets=problem.targets._replace(below=none, above=none))


def _curve(problem: Problem, tried: tuple[Point, ...]) -> list[Outcome]:
    """Return the plans that no other one beats in drift and tax, the smallest drift first."""
    found = [
        outcome_of(problem, point.plan.sold, point.plan.bought)
        for point in tried
        if point.plan.status != "infeasible"
    ]
    kept: list[Outcome] = []
    for outcome in sorted(found, key=lambda one: (one.drift, one.figures.tax)):
        if not kept or outcome.figures.tax < kept[-1].figures.tax - _ROUNDING:
            kept.append(outcome)
    return kept


def _of_proposal(problem: Problem, proposal: Proposal) -> Outcome:
    """Return the outcome of a proposal: its tax and gains are those of the book, which knows of wash sales too."""
    done = proposal.settlement
    outcome = outcome_of(problem, *trades_of(proposal.asked, done.orders))
    figures = outcome.figures._replace(
        tax=done.tax_now, short=done.short_gain, long=done.long_gain, cost=done.cost
    )  # fmt: skip
    return outcome._replace(figures=figures, trades=len(done.orders))


def _doubts(problem: Problem, tried: tuple[Point, ...], least: float, effort: Effort) -> Iterator[Finding]:
    total = problem.total
    for point in tried:
        limit = f"a limit of {point.asked / total:.2%} on the sum of class deviations"
        if point.plan.status == "infeasible":
            yield Finding(
                "warning", "tax frontier", f"{limit} cannot be kept: {'; '.join(point.plan.reasons)}", ""
            )
        elif point.plan.status == "time limit":
            what = f"{limit}: the time was over, at most {point.plan.gap:.2%} from the best"
            yield Finding("warning", "tax frontier", what, "give more seconds")
    if least > _REACHED * total:
        narrower = replace(problem, limits=problem.limits._replace(max_drift=0.5 * least), aims=_IDLE)
        why = "; ".join(optimise(narrower, effort, explain=False).reasons)
        what = f"the sum of class deviations cannot be brought below {least / total:.2%}: {why}"
        yield Finding("warning", "tax frontier", what, "")


def _row(label: str, outcome: Outcome) -> tuple[str, float, float, float, float, int]:
    figures = outcome.figures
    return label, outcome.drift, figures.tax, figures.short + figures.long, figures.cost, outcome.trades
