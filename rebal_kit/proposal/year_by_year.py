"""A plan over several tax years, carried out: each year solved under its limits, its state handed to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import Limits, Problem
from rebal_kit.optimal.search import Effort
from rebal_kit.optimal.settle import settle
from rebal_kit.proposal.distance import drift_of, sold_shares
from rebal_kit.proposal.next_year import next_year, tax_of
from rebal_kit.proposal.year_budgets import AT_ONCE, Spread

#: Shares that are rounding.
_DUST = 1e-9


class Step(NamedTuple):
    """A year of a plan.

    Attributes
    ----------
    day : date
    problem : Problem
        Before the year's trades.
    sold, bought : ndarray
        (L,) and (A, S) shares.
    troubles : tuple of str
        Why nothing could be done, or that the time was over.
    """

    day: dt.date
    problem: Problem
    sold: np.ndarray
    bought: np.ndarray
    troubles: tuple[str, ...] = ()


def walk(
    spread: Spread, problem: Problem, days: tuple[dt.date, ...], untouched: tuple[float, ...], effort: Effort
) -> Iterator[Step]:
    """Yield the years of a plan, each with the state that the one before has left.

    Parameters
    ----------
    spread : Spread
    problem : Problem
        Of the first day.
    days : tuple of date
        On which is traded.
    untouched : tuple of float
        Tax of each year if nothing had ever been traded, US$.
    effort : Effort
    """
    for at, day in enumerate(days):
        last = at == len(days) - 1
        step = Step(day, problem, *_no_trades(problem))
        if at == 0 or spread.name != AT_ONCE:
            free = last and spread.last_is_free
            limits = Limits() if free else _limits(spread, problem, at, untouched[at], effort)
            plan = optimise(replace(problem, limits=limits), effort, explain=False)
            troubles = plan.reasons
            if plan.status == "time limit":
                troubles = (f"the time was over, at most {plan.gap:.2%} from the best",)
            if plan.status != "infeasible":
                step = step._replace(sold=plan.sold, bought=plan.bought)
            step = step._replace(troubles=troubles)
        yield step
        if not last:
            problem = next_year(problem, step.sold, step.bought, day, days[at + 1])


def _limits(spread: Spread, problem: Problem, at: int, untouched: float, effort: Effort) -> Limits:
    free = optimise(problem, effort, explain=False).figures
    limits = spread.limits(problem, at, free.short + free.long, untouched)
    # What the years before have made of losses carried over may cost some tax already: no trade can undo that.
    return limits._replace(max_tax=max(limits.max_tax, tax_of(problem, *_no_trades(problem)).tax))


def _no_trades(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(problem.lots.account)), np.zeros(problem.trading.may_buy.shape)


def year_row(step: Step, column: int, untouched: float) -> dict[str, Any]:
    """Return what a year comes to; see `rebal_kit.proposal.transition.TransitionPlan.years`.

    Parameters
    ----------
    step : Step
    column : int
        Of the concentrated position.
    untouched : float
        The year's tax if nothing had ever been traded, US$.
    """
    problem, price = step.problem, step.problem.price
    settled, result = settle(problem, step.sold, step.bought), tax_of(problem, step.sold, step.bought)
    shares = sold_shares(problem, step.sold)
    held = problem.held - shares + step.bought
    worth = float(((held * price).sum(axis=1) + settled.cash)[problem.counted].sum())
    position = float((held[:, column] * price[column])[problem.counted].sum())
    return {
        "year": step.day.year,
        "day": step.day,
        "sold": float((shares * price).sum()),
        "position_sold": float(shares[:, column].sum() * price[column]),
        "short_gain": settled.figures.short,
        "long_gain": settled.figures.long,
        "tax": result.tax - untouched,
        "cost": settled.figures.cost,
        "drift": drift_of(problem, held, settled.cash),
        "position": position,
        "weight": position / worth if worth > 0.0 else 0.0,
        "carried": result.carry.short + result.carry.long,
    }


def trade_rows(steps: Iterable[Step]) -> Iterator[dict[str, Any]]:
    """Yield the trades of a plan; see `rebal_kit.proposal.transition.TransitionPlan.trades`."""
    for step in steps:
        problem = step.problem
        gain = settle(problem, step.sold, step.bought).gain
        gains = np.zeros(step.bought.shape)
        np.add.at(gains, (problem.lots.account, problem.lots.security), gain)
        for side, shares in (("sell", sold_shares(problem, step.sold)), ("buy", step.bought)):
            for a, s in np.argwhere(shares > _DUST):
                yield {
                    "year": step.day.year,
                    "account": problem.account_names[a],
                    "symbol": problem.security_names[s],
                    "side": side,
                    "quantity": float(shares[a, s]),
                    "amount": float(shares[a, s] * problem.price[s]),
                    "gain": float(gains[a, s]) if side == "sell" else 0.0,
                }
