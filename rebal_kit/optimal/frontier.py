"""How much drift a dollar of tax buys: the same problem under many prices of drift, or limits on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.plan import Plan
from rebal_kit.optimal.problem import Problem
from rebal_kit.optimal.search import Effort


class Point(NamedTuple):
    """One plan of a frontier.

    Attributes
    ----------
    asked : float
        The price of drift, or the limit on it.
    tax, cost, drift, gain : float
        Of the plan, US$: tax and cost that the trades add, class drift that is left, net gain that is realised.
    plan : Plan
    """

    asked: float
    tax: float
    cost: float
    drift: float
    gain: float
    plan: Plan


def frontier(problem: Problem, prices: Sequence[float], effort: Effort | None = None) -> tuple[Point, ...]:
    """Return a plan for each price of drift, US$ for a US$; that of sleeves stays in proportion to it.

    Parameters
    ----------
    problem : Problem
    prices : sequence of float
    effort : Effort, optional
        For each plan.
    """
    aims = problem.aims
    share = aims.sleeve_drift / aims.drift if aims.drift > 0.0 else 1.0
    points = []
    for price in prices:
        asked = replace(problem, aims=aims._replace(drift=price, sleeve_drift=price * share))
        points.append(_point(price, optimise(asked, effort, explain=False)))
    return tuple(points)


def frontier_by_drift(
    problem: Problem, limits: Sequence[float], effort: Effort | None = None
) -> tuple[Point, ...]:
    """Return the cheapest plan for each limit on the class drift that is left, US$. Infeasible ones say so."""
    return tuple(
        _point(
            limit,
            optimise(
                replace(problem, limits=problem.limits._replace(max_drift=limit)), effort, explain=False
            ),
        )
        for limit in limits
    )


def zero_gain(problem: Problem, effort: Effort | None = None) -> Point:
    """Return the plan that realises no net gain: where a transition without tax begins."""
    realised = problem.year.short + problem.year.long
    limits = problem.limits._replace(max_gain=min(problem.limits.max_gain, realised))
    return _point(0.0, optimise(replace(problem, limits=limits), effort, explain=False))


def _point(asked: float, plan: Plan) -> Point:
    figures = plan.figures
    return Point(asked, figures.tax, figures.cost, figures.drift, figures.short + figures.long, plan)
