"""HiGHS: a program in, solutions out; and the search for a good one.

A program falls into as many easier ones as the tax has convex pieces. The linear relaxation of each is solved first, one
from the other by the dual simplex method, in milliseconds. It is so tight that *diving* mostly ends within the gap:
choices are rounded a few at a time, the nearest first, and the rest solved for again. What is left is for HiGHS' own
branch and bound, piece by piece, and only for pieces that may still hold something better.

*Source*: Huangfu and Hall, "Parallelizing the dual revised simplex method", Mathematical Programming Computation 10,
2018. The library is an extra of this package and imported where it is used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rebal_kit.findings import Finding, PolicyError
from rebal_kit.optimal.assembly import Program

#: Whole variables may be off by so much before they are rounded.
_WHOLE = 1e-6
#: Of the variables that are not whole yet, so many are rounded at a time; and at least these.
_PART, _FEWEST = 0.5, 10
#: Rounds in which small orders give way to larger ones.
_SLOPES = 4
#: HiGHS' word for a solution that keeps every limit.
_FEASIBLE = 2


#: A rounding that costs less than this part of the gap is not compared with another.
_HARDLY = 0.02


class Effort(NamedTuple):
    """When to stop.

    Attributes
    ----------
    gap : float
        A plan that misses at most this part of what can be gained is good enough.
    gap_usd : float
        Or at most so many US$.
    seconds : float
        After this time the best plan so far is taken.
    """

    gap: float = 1e-3
    gap_usd: float = 0.01
    seconds: float = 30.0


class Solution(NamedTuple):
    """What was found."""

    values: np.ndarray  # (n,), empty when there is nothing
    objective: float
    bound: float  # no solution is better
    finished: bool  # within the gap, or proven that there is nothing
    seconds: float
    row_price: np.ndarray  # (m,) what one more unit of a row's limit changes, with all choices kept
    column_price: np.ndarray  # (n,)

    @property
    def found(self) -> bool:
        """Whether there is any solution."""
        return len(self.values) > 0


NOTHING = Solution(np.empty(0), np.inf, np.inf, True, 0.0, np.empty(0), np.empty(0))


def solve(program: Program, effort: Effort, unit_usd: float) -> Solution:
    """Return the best solution of a program.

    In what is returned the whole variables are exactly whole and the others are solved for with these kept: so nothing
    of the solver's tolerance is in it, and every limit has a price.

    Parameters
    ----------
    program : Program
    effort : Effort
    unit_usd : float
        US$ that 1 of the objective is.

    Raises
    ------
    PolicyError
        HiGHS is not installed.
    """
    search = _Search(program, effort, unit_usd)
    bounds = search.relaxations()
    pieces = np.argsort(bounds, kind="stable")
    for piece in pieces:
        if bounds[piece] < search.worth_looking():
            search.dive(int(piece))
    for piece in pieces:
        if bounds[piece] < search.worth_looking() and not search.late():
            bounds[piece] = search.branch_and_bound(int(piece))
    return search.result(float(bounds.min()))


class _Search:
    def __init__(self, program: Program, effort: Effort, unit_usd: float) -> None:
        self.program, self.effort = program, effort
        self.gap = effort.gap_usd / unit_usd
        self.highs = _highs()
        self.highs.passModel(_model_of(program, whole=False))
        self.whole = np.flatnonzero(program.whole).astype(np.int32)
        self.traded = np.flatnonzero(program.order >= 0)
        self.of_order = program.order[self.traded]
        self.is_order = np.isin(self.whole, self.of_order)
        self.is_group = ~self.is_order & ~program.shares[self.whole]
        self.bases: list[Any] = []
        self.best = NOTHING
        self.seconds = 0.0
        self.highs.setOptionValue("time_limit", float(effort.seconds))

    def worth_looking(self) -> float:
        """Return the bound below which there may be something that is better by more than the gap."""
        best = self.best.objective
        return best - max(self.gap, self.effort.gap * abs(best)) if np.isfinite(best) else np.inf

    def late(self) -> bool:
        return self._taken() >= self.effort.seconds

    def _taken(self) -> float:
        return self.seconds + float(self.highs.getRunTime())

    def result(self, bound: float) -> Solution:
        best = self.best
        finished = bound >= self.worth_looking() if best.found else not np.isfinite(bound)
        return best._replace(bound=min(bound, best.objective), finished=finished, seconds=self._taken())

    def relaxations(self) -> np.ndarray:
        """Return what no solution of each piece is better than; infinite where there is none."""
        self.highs.run()
        count = max(len(self.program.pieces), 1)
        if not self._feasible():
            return np.full(count, -np.inf if self.late() else np.inf)
        bounds = np.empty(count)
        for piece in range(count):
            self._keep(*self._limits(piece))
            self.highs.run()
            self.bases.append(self.highs.getBasis())
            bounds[piece] = self.highs.getObjectiveValue() if self._feasible() else np.inf
        return bounds

    def _limits(self, piece: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of the whole variables in a piece."""
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        if len(self.program.pieces):
            lower[self.program.pieces] = upper[self.program.pieces] = 0.0
            lower[self.program.pieces[piece]] = upper[self.program.pieces[piece]] = 1.0
        return lower[self.whole], upper[self.whole]

    def _keep(self, lower: np.ndarray, upper: np.ndarray) -> None:
        if len(self.whole):
            self.highs.changeColsBounds(len(self.whole), self.whole, lower, upper)

    def _feasible(self) -> bool:
        status = str(self.highs.getModelStatus())
        return status.endswith("kOptimal") and self.highs.getInfo().primal_solution_status == _FEASIBLE

    def dive(self, piece: int) -> None:
        """Round groups, then orders, then shares, some at a time, until all are whole; keep what is found if best."""
        lower, upper = self._limits(piece)
        self._keep(lower, upper)
        self.highs.setBasis(self.bases[piece])
        self.highs.run()
        while self._feasible() and self.highs.getObjectiveValue() < self.worth_looking():
            values = np.array(self.highs.getSolution().col_value)
            free = lower < upper
            off = np.abs(values[self.whole] - np.round(values[self.whole])) > _WHOLE
            if (off & free & self.is_order).any() and not (off & free & self.is_group).any():
                self._concentrate(values, lower, upper)
                continue
            which, rounded = self._next(values, free)
            if not len(which):
                self._take(values[self.whole])
                return
            self._round(which, rounded, lower, upper, values[self.whole])

    def _round(
        self, which: np.ndarray, rounded: np.ndarray, lower: np.ndarray, upper: np.ndarray, now: np.ndarray
    ) -> None:
        """Round variables and solve for the rest; if that is impossible, only half of them, at last one the other way."""
        while True:
            kept = lower[which].copy(), upper[which].copy()
            lower[which] = upper[which] = np.clip(rounded, *kept)
            self._keep(lower, upper)
            self.highs.run()
            if self._feasible() or self.late():
                return
            lower[which], upper[which] = kept
            if len(which) == 1:
                break
            which, rounded = which[: len(which) // 2], rounded[: len(which) // 2]
        other = np.where(rounded > now[which], np.floor(now[which]), np.ceil(now[which]))
        lower[which] = upper[which] = np.clip(other, *kept)
        self._keep(lower, upper)
        self.highs.run()

    def _next(self, values: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which whole variables to round next, as positions in `whole`, and to what."""
        now = values[self.whole]
        off = np.abs(now - np.round(now))
        open_ = (off > _WHOLE) & free
        groups = np.flatnonzero(open_ & self.is_group)
        if len(groups):
            return self._next_group(groups, off, now)
        return _nearest(np.flatnonzero(open_), off, np.round(now), _FEWEST)

    def _next_group(self, groups: np.ndarray, off: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Try both ways for the group that is farthest from whole, and go the better one."""
        which = groups[np.argmax(off[groups])]
        column = self.whole[[which]]
        before, basis = self.highs.getObjectiveValue(), self.highs.getBasis()
        nearest = np.round(now[which])
        better, least = nearest, np.inf
        for way in (nearest, 1.0 - nearest):
            self.highs.changeColsBounds(1, column, np.full(1, way), np.full(1, way))
            self.highs.run()
            worse = self.highs.getObjectiveValue() if self._feasible() else np.inf
            if worse < least:
                better, least = way, worse
            if worse - before < _HARDLY * self.effort.gap * abs(before):
                break
        self.highs.setBasis(basis)
        return np.array([which]), np.array([better])

    def _concentrate(self, values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Decide which orders are placed, all at once, and solve for the rest.

        Instead of its commission an order is charged so much for a US$ as the commission was of what it traded in the
        last round. So small orders get dear, and larger ones take over what they trade (Kim and Pardalos, "A solution
        approach to the fixed charge network flow problem using a dynamic slope scaling procedure", Operations Research
        Letters 24, 1999).
        """
        program, highs = self.program, self.highs
        orders = np.flatnonzero(self.is_order & (lower < upper))
        binaries = self.whole[orders]
        free = np.isin(self.of_order, binaries)
        trades, order = self.traded[free].astype(np.int32), self.of_order[free]
        step = program.step[trades]
        smallest = max(program.least, 1e-6)
        slope = program.cost / smallest
        highs.changeColsCost(len(binaries), binaries, np.zeros(len(binaries)))
        for _ in range(_SLOPES):
            amount = np.bincount(order, step * values[trades], len(values))
            used = amount > 1e-9
            slope[used] = program.cost[used] / np.maximum(amount[used], 0.25 * smallest)
            highs.changeColsCost(len(trades), trades, program.cost[trades] + slope[order] * step)
            highs.run()
            if not self._feasible():
                break
            values = np.array(highs.getSolution().col_value)
        amount = np.bincount(order, step * values[trades], len(values))[binaries]
        highs.changeColsCost(len(trades), trades, program.cost[trades])
        highs.changeColsCost(len(binaries), binaries, program.cost[binaries])
        kept = lower[orders].copy(), upper[orders].copy()
        lower[orders] = upper[orders] = np.clip(amount >= 0.5 * smallest, *kept)
        self._keep(lower, upper)
        highs.run()

    def _take(self, values: np.ndarray) -> None:
        """Keep every whole variable at the nearest whole number, solve for the rest, and remember it if it is better."""
        rounded = np.round(values)
        self._keep(rounded, rounded)
        self.highs.run()
        if self._feasible() and self.highs.getObjectiveValue() < self.best.objective:
            found = self.highs.getSolution()
            exact = np.array(found.col_value)
            exact[self.whole] = rounded
            self.best = self.best._replace(
                values=exact, objective=float(self.highs.getObjectiveValue()), row_price=np.array(found.row_dual),
                column_price=np.array(found.col_dual),
            )  # fmt: skip

    def branch_and_bound(self, piece: int) -> float:
        """Let HiGHS search a piece for something better; return what no solution of it is better than."""
        left = max(self.effort.seconds - self._taken(), 0.1)
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        lower[self.whole], upper[self.whole] = self._limits(piece)
        highs = _highs()
        highs.setOptionValue("mip_rel_gap", self.effort.gap)
        highs.setOptionValue("mip_abs_gap", self.gap)
        highs.setOptionValue("mip_feasibility_tolerance", _WHOLE)
        highs.setOptionValue("time_limit", left)
        highs.passModel(_model_of(self.program._replace(lower=lower, upper=upper), whole=True))
        if self.best.found:
            highs.setSolution(len(self.whole), self.whole, self.best.values[self.whole])
        highs.run()
        self.seconds += float(highs.getRunTime())
        if highs.getInfo().primal_solution_status == _FEASIBLE:
            self._take(np.array(highs.getSolution().col_value)[self.whole])
        if str(highs.getModelStatus()).endswith(("kInfeasible", "kUnboundedOrInfeasible")):
            return np.inf
        return float(highs.getInfo().mip_dual_bound)


def _nearest(which: np.ndarray, off: np.ndarray, rounded: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return those of `which` that are least off, `least` or a part of them, and what they are rounded to."""
    first = which[np.argsort(off[which], kind="stable")][: max(least, int(_PART * len(which)))]
    return first, rounded[first]


def _highs() -> Any:
    try:
        import highspy
    except ImportError:
        what = "an optimal plan needs HiGHS, which is not installed"
        raise PolicyError(Finding("error", "optimal plan", what, "pip install 'rebal_kit[optimal]'")) from None
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    # Two runs give the same plan: one thread, one seed.
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("random_seed", 0)
    return highs


def _model_of(program: Program, *, whole: bool) -> Any:
    import highspy

    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.row_lower)
    model.col_cost_, model.offset_ = program.cost, program.offset
    model.col_lower_, model.col_upper_ = program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = program.start, program.index
    model.a_matrix_.value_ = program.value
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[one] for one in program.whole.tolist()]
    return model
