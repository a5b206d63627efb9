"""The year's tax as a function of net short- and long-term gain, cut into pieces on which it is convex.

Let s and l be the year's net short- and long-term gain after losses carried in (Schedule D lines 7 and 15). Netting
(IRC §1222) makes the tax a function that is linear between lines s = constant, l = constant and s + l = constant, but
not a convex one: the first dollar of net loss is deducted at the rate on wages, the dollar before it only saved the
rate on long-term gains; and a long-term loss saves the rate on short-term gains while there are any. In each quadrant,
though, it is a sum of functions of one number:

- both gains or both losses: V(s, l) = V(0, s + l) + [V(s, 0) − V(0, s)],
- of opposite signs: V(s, l) = V at (s + l), put on the axis of what is left after netting.

So four quadrants, cut once more wherever one of these functions is not convex, are pieces that a linear model can
choose between with one binary each. Every value is asked of `rules.brackets.year_tax`: no rate is known here.

*Approximated*: between the edge of the 0 % rate and the end of the 12 % bracket (some US$ 125) the cap of §1(h)(1)
bends the tax along other lines; there the model is off by a few US$.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.problem import Aims, Year
from rebal_kit.rules.brackets import YearTax, year_tax

#: Coordinates of a curve.
SHORT, NET = 0, 1

#: Slopes that differ by less are equal.
_SAME_SLOPE = 1e-7
#: US$ by which a function may miss a straight line and still be one.
_STRAIGHT = 1e-5
#: US$ of width below which a piece is none.
_SLIVER = 1e-6
#: How often an interval is looked into for a bend that no edge of the law announces.
_DEPTH = 6

Function = Callable[[float], float]
#: Net short- and long-term gain → (tax less the worth of losses carried over, tax), US$.
Taxed = Callable[[float, float], tuple[float, float]]
VALUE, TAX = 0, 1
Interval = tuple[float, float]


class Curve(NamedTuple):
    """A convex piecewise linear function: the largest of (n,) slope · x + intercept, US$."""

    of: int  # SHORT or NET
    slope: np.ndarray
    intercept: np.ndarray


class Piece(NamedTuple):
    """A part of the plane of gains, and what the tax is on it: the sum of the curves, US$."""

    short: Interval
    long: Interval
    net: Interval
    value: tuple[Curve, ...]  # tax less the worth of losses carried over
    tax: tuple[Curve, ...]  # tax alone


def tax_so_far(year: Year, short: float = 0.0, long: float = 0.0) -> YearTax:
    """Return the year's tax with so much more gain, US$."""
    return year_tax(
        year.table, year.short + short, year.long + long, year.qualified, year.ordinary, year.exempt, year.carry,
        year.other,
    )  # fmt: skip


def opening_gains(year: Year) -> tuple[float, float]:
    """Return the year's net short- and long-term gain so far, after losses carried in."""
    return (
        year.short + year.table.outside_short - year.carry.short,
        year.long + year.table.outside_long - year.carry.long,
    )


def worth_of(year_result: YearTax, aims: Aims) -> float:
    """Return what the losses carried to next year are worth today, US$."""
    return aims.carried_short * year_result.carry.short + aims.carried_long * year_result.carry.long


def pieces_of(year: Year, aims: Aims, short: Interval, long: Interval, taxed: bool) -> tuple[Piece, ...]:
    """Return the pieces that make up the tax on the rectangle of net gains `short` × `long`.

    Parameters
    ----------
    year : Year
    aims : Aims
    short, long : (float, float)
        Net gains after losses carried in that are possible at all, US$.
    taxed : bool
        Whether the tax alone must be convex on each piece, too, as a limit on it needs.
    """
    opening_short, opening_long = opening_gains(year)

    @cache
    def settled(s: float, l: float) -> tuple[float, float]:  # noqa: E741
        result = tax_so_far(year, s - opening_short, l - opening_long)
        return result.tax - worth_of(result, aims), result.tax

    bends = _bends(year)
    pieces: list[Piece] = []
    for signs in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        in_short, in_long = _side(short, signs[0]), _side(long, signs[1])
        if in_short is not None and in_long is not None:
            pieces += _quadrant(settled, signs, in_short, in_long, bends, taxed)
    return tuple(_without_slivers(pieces, short, long))


def _quadrant(
    settled: Taxed, signs: tuple[int, int], short: Interval, long: Interval, bends: np.ndarray, taxed: bool
) -> Iterator[Piece]:
    """Yield the pieces of a quadrant: it is cut wherever one of its functions is not convex."""
    ends = {SHORT: short, NET: (short[0] + long[0], short[1] + long[1])}
    knots = [
        {
            of: _knots(_along(settled, which, of, signs), *ends[of], bends)
            for of in ((SHORT, NET) if signs[0] == signs[1] else (NET,))
        }
        for which in (VALUE, TAX)
    ]
    matter = knots if taxed else knots[:1]
    cuts = [_cuts(ends[of], [some[of] for some in matter if of in some]) for of in (SHORT, NET)]
    for in_short, in_net in product(pairwise(cuts[0]), pairwise(cuts[1])):
        bounds = _tightened(in_short, long, in_net)
        if bounds is not None:
            within = {SHORT: bounds[0], NET: bounds[2]}
            value, tax = (tuple(_curve(of, some[of], within[of]) for of in some) for some in knots)
            yield Piece(*bounds, value, tax)


def _along(settled: Taxed, which: int, of: int, signs: tuple[int, int]) -> Function:
    """Return the function of one number whose sum over `of` is the tax in a quadrant; see the module's text."""
    if signs == (1, -1):
        return lambda n: settled(max(n, 0.0), min(n, 0.0))[which]
    if signs == (-1, 1):
        return lambda n: settled(min(n, 0.0), max(n, 0.0))[which]
    if of == NET:
        return lambda n: settled(0.0, n)[which]
    return lambda s: settled(s, 0.0)[which] - settled(0.0, s)[which]


def _bends(year: Year) -> np.ndarray:
    """Return amounts of net gain at which the law may bend the tax, US$; too many do no harm."""
    table = year.table
    income = table.ordinary_income + year.other
    edges = np.concatenate(([0.0], table.ordinary_edges, table.gain_edges))
    edges = edges[np.isfinite(edges)] + table.standard_deduction - income - year.ordinary
    dividends = year.qualified + year.ordinary
    return np.unique(
        np.concatenate((
            edges,
            edges - year.qualified,
            [0.0, -table.loss_limit, -dividends, table.niit_threshold - income - dividends],
            [-max(0.0, income + dividends - table.standard_deduction)],
        ))
    )  # fmt: skip


def _side(interval: Interval, sign: int) -> Interval | None:
    low, high = (max(interval[0], 0.0), interval[1]) if sign > 0 else (interval[0], min(interval[1], 0.0))
    return (low, high) if low <= high else None


def _knots(function: Function, low: float, high: float, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points between which a function is linear, and its values there."""
    inner = bends[(bends > low) & (bends < high)]
    at = [low, *inner.tolist(), high] if high > low else [low]
    found = [low]
    for a, b in pairwise(at):
        found += [*_hidden_bends(function, a, b, _DEPTH), b]
    points = np.unique(found)
    values = np.array([function(float(point)) for point in points])
    if len(points) > 2:
        slopes = np.diff(values) / np.diff(points)
        kept = np.concatenate(([True], np.abs(np.diff(slopes)) > _SAME_SLOPE, [True]))
        points, values = points[kept], values[kept]
    return points, values


def _hidden_bends(function: Function, low: float, high: float, depth: int) -> list[float]:
    """Return where a function bends inside an interval: where the lines from its two ends meet."""
    width = high - low
    at_low, at_high, middle = function(low), function(high), function(0.5 * (low + high))
    if depth == 0 or width < 1e-3 or abs(middle - 0.5 * (at_low + at_high)) <= _STRAIGHT:
        return []
    step = 1e-3 * width
    first = (function(low + step) - at_low) / step
    last = (at_high - function(high - step)) / step
    bend = 0.5 * (low + high)
    if abs(first - last) > _SAME_SLOPE:
        meet = (at_high - last * high - at_low + first * low) / (first - last)
        bend = meet if low + 1e-9 * width < meet < high - 1e-9 * width else bend
    return [
        *_hidden_bends(function, low, bend, depth - 1),
        bend,
        *_hidden_bends(function, bend, high, depth - 1),
    ]


def _cuts(ends: Interval, curves: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Return where an interval must be cut so that every curve on it is convex between the cuts."""
    cuts = {ends[0], ends[1]}
    for points, values in curves:
        if len(points) > 2:
            slopes = np.diff(values) / np.diff(points)
            cuts |= {
                float(point)
                for point, bends_down in zip(points[1:-1], np.diff(slopes) < 0.0, strict=True)
                if bends_down
            }
    return sorted(cuts) if len(cuts) > 1 else [ends[0], ends[1]]


def _tightened(short: Interval, long: Interval, net: Interval) -> tuple[Interval, Interval, Interval] | None:
    """Return the bounds of a piece, each as tight as the others make it; None if there is nothing between them."""
    net = max(net[0], short[0] + long[0]), min(net[1], short[1] + long[1])
    short = max(short[0], net[0] - long[1]), min(short[1], net[1] - long[0])
    long = max(long[0], net[0] - short[1]), min(long[1], net[1] - short[0])
    if any(low > high + 1e-9 for low, high in (short, long, net)):
        return None
    return short, long, net


def _curve(of: int, knots: tuple[np.ndarray, np.ndarray], within: Interval) -> Curve:
    """Return the lines of a curve that is convex on an interval."""
    points, values = knots
    if len(points) == 1:
        return Curve(of, np.zeros(1), values)
    slopes = np.diff(values) / np.diff(points)
    first = max(0, min(int(np.searchsorted(points, within[0] + 1e-9, "right")) - 1, len(slopes) - 1))
    last = max(first, min(int(np.searchsorted(points, within[1] - 1e-9, "left")) - 1, len(slopes) - 1))
    chosen = slice(first, last + 1)
    return Curve(of, slopes[chosen], values[:-1][chosen] - slopes[chosen] * points[:-1][chosen])


def _without_slivers(pieces: list[Piece], short: Interval, long: Interval) -> list[Piece]:
    """Leave out pieces that are a line where the rectangle is none: a neighbour has the line, too."""
    flat = (short[1] <= short[0], long[1] <= long[0])
    kept = [
        piece for piece in pieces
        if (flat[0] or piece.short[1] - piece.short[0] > _SLIVER)
        and (flat[1] or piece.long[1] - piece.long[0] > _SLIVER)
    ]  # fmt: skip
    return kept or pieces[:1]
