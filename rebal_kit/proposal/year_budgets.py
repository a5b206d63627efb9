"""How much gain to take in which tax year: the ways to spread a sale that are compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rebal_kit.optimal.problem import ALLOW, NEVER, Limits, Problem, Year
from rebal_kit.rules.brackets import Carryover, tax_return

#: US$ of room in a bracket that are none.
_NO_ROOM = 1.0
AT_ONCE, EQUAL_GAINS = "all at once", "equal gains each year"

Budget = Callable[[Problem, int, float, float], Limits]


@dataclass(frozen=True)
class Spread:
    """A way to spread a sale over tax years.

    Attributes
    ----------
    name : str
    limits : callable
        (problem of the year, place of the year, gain that reaching the targets still takes, tax of the year if nothing
        had ever been traded) → the year's limits.
    last_is_free : bool
        Whether the last year does what is left to do, whatever that costs.
    """

    name: str
    limits: Budget
    last_is_free: bool = True


def spreads(problem: Problem, years: int, gain: float, yearly_tax: float | None) -> Iterator[Spread]:
    """Yield the ways to spread: all at once, equal gains, each bracket filled up, and a budget where one is given.

    Parameters
    ----------
    problem : Problem
        Of the first year.
    years : int
    gain : float
        US$ of net gain that reaching the targets takes.
    yearly_tax : float, optional
        Budget, US$ a year.
    """
    yield Spread(AT_ONCE, lambda *_: Limits())
    if years > 1 and gain > _NO_ROOM:
        yield Spread(EQUAL_GAINS, lambda problem, at, left, _: _gain(problem, left / (years - at)))
        later = dict(rooms(Year(problem.year.table, Carryover(0.0, 0.0, 0.0, 0.0))))
        for name, room in rooms(problem.year):
            if room < gain and max(room, later[name]) > _NO_ROOM:
                yield Spread(f"fill up to the {name}", _filling(name))
    if yearly_tax is not None:
        yield Spread(f"US$ {yearly_tax:,.0f} of tax a year", _budget(yearly_tax, years), last_is_free=False)


def rooms(year: Year) -> Iterator[tuple[str, float]]:
    """Yield where tax on one more dollar of long-term gain rises, and how much gain fits below, US$.

    The ends of the rates on long-term gains (IRC §1(h)(1)) and the threshold of the net investment income tax (§1411).
    Losses of the year and those carried in make room. With flat rates there are none.
    """
    table = year.table
    if table.flat:
        return
    carry, short, long = year.carry, year.short + table.outside_short, year.long + table.outside_long
    now = tax_return(
        table, year.other, short, long, year.qualified, year.ordinary, year.exempt, carry.short, carry.long
    )  # fmt: skip
    # A gain takes the place of losses first; how much of them is deducted meanwhile is of no matter to it.
    absorbed = max(0.0, carry.short + carry.long - short - long)
    gross = now.adjusted_gross_income + now.net.deduction
    rises = [
        (f"end of the {rate:.0%} rate", edge - (gross - table.standard_deduction) + absorbed)
        for rate, edge in zip(table.gain_rates, table.gain_edges, strict=True)
        if np.isfinite(edge)
    ]
    rises.append(("threshold of the net investment income tax", table.niit_threshold - gross + absorbed))
    yield from sorted(((name, float(room)) for name, room in rises), key=lambda rise: rise[1])


def _filling(name: str) -> Budget:
    def limits(problem: Problem, _at: int, _left: float, _untouched: float) -> Limits:
        return _gain(problem, dict(rooms(problem.year))[name])

    return limits


def _budget(yearly_tax: float, years: int) -> Budget:
    def limits(_problem: Problem, at: int, _left: float, untouched: float) -> Limits:
        young = NEVER if at < years - 1 else ALLOW
        return Limits(max_tax=untouched + yearly_tax, short_gains=young)

    return limits


def _gain(problem: Problem, room: float) -> Limits:
    """Limit the year's further net gain, none of it short-term: that waits until it is long-term."""
    return Limits(max_gain=problem.year.short + problem.year.long + max(room, 0.0), short_gains=NEVER)
