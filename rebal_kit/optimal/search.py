"""The search for the best solution of a program.

A program falls into as many easier ones as the tax has convex pieces. The linear relaxation of each is solved first,
one from the other by the dual simplex method. It is so tight that *diving* mostly ends within the gap: groups are
decided one by one, the better way; orders all at once; shares are rounded some at a time; and each time the rest is
solved for again. Where it does not, what is wrong with the relaxation is mostly that groups are neither sold at a loss
nor bought: a tree of these alone is searched, the node with the smallest bound first. What is left is for HiGHS' own
branch and bound, piece by piece, and only for pieces that may hold something better.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any, NamedTuple

import numpy as np

from rebal_kit.optimal.assembly import Program
from rebal_kit.optimal.highs import WHOLE, Relaxation, branch_and_bound

#: Of the shares that are not whole yet, so many are rounded at a time; fewer in a second dive; and at least these.
_PART, _FINER, _FEWEST = 0.25, 0.08, 3
#: Rounds in which small orders give way to larger ones.
_SLOPES = 4
#: A decision that costs less than this part of the gap is not compared with its opposite.
_HARDLY = 0.02
#: Most nodes of the tree of groups.
_NODES = 40
#: No smaller gap is asked for, in units of the objective: it would be that of rounding.
_LEAST_GAP = 2e-6


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
    gap_usd: float = 1.0
    seconds: float = 10.0


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
    for decide in (search.branch_on_groups, search.dive_slowly, search.branch):
        for piece in pieces:
            if bounds[piece] < search.worth_looking() and not search.late():
                bounds[piece] = max(bounds[piece], decide(int(piece)))
    return search.result(float(bounds.min()))


class _Search:
    def __init__(self, program: Program, effort: Effort, unit_usd: float) -> None:
        self.program, self.effort = program, effort
        self.gap = max(effort.gap_usd / unit_usd, _LEAST_GAP)
        self.relaxed = Relaxation(program, effort.seconds)
        self.whole = np.flatnonzero(program.whole)
        self.traded = np.flatnonzero(program.order >= 0)
        self.is_order = np.isin(self.whole, program.order[self.traded])
        # Groups, and what positions have over whole shares: decisions like theirs.
        self.is_group = ~self.is_order & (program.shares[self.whole] == 0)
        self.part = _PART
        self.bases: list[Any] = []
        self.branching = 0.0  # seconds
        none = np.empty(0)
        self.best = Solution(none, np.inf, np.inf, True, 0.0, none, none)

    def worth_looking(self) -> float:
        """Return the bound below which there may be something that is better by more than the gap."""
        best = self.best.objective
        return best - max(self.gap, self.effort.gap * abs(best)) if self.best.found else np.inf

    def late(self) -> bool:
        """Say whether the time is over."""
        return self.branching + self.relaxed.seconds >= self.effort.seconds

    def result(self, bound: float) -> Solution:
        """Return the best there is, given what nothing is better than."""
        best = self.best
        finished = bound >= self.worth_looking() if best.found else bound == np.inf
        seconds = self.branching + self.relaxed.seconds
        return best._replace(bound=min(bound, best.objective), finished=finished, seconds=seconds)

    def limits(self, piece: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of the whole variables in a piece."""
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        if len(self.program.pieces):
            lower[self.program.pieces] = upper[self.program.pieces] = 0.0
            lower[self.program.pieces[piece]] = upper[self.program.pieces[piece]] = 1.0
        return lower[self.whole], upper[self.whole]

    def relaxations(self) -> np.ndarray:
        """Return what no solution of each piece is better than; infinite where there is none."""
        pieces = max(len(self.program.pieces), 1)
        if not self.relaxed.solve():
            return np.full(pieces, -np.inf if self.late() else np.inf)
        bounds = np.empty(pieces)
        for piece in range(pieces):
            self.relaxed.keep(self.whole, *self.limits(piece))
            self.relaxed.solve()
            late = not self.relaxed.feasible and self.late()
            bounds[piece] = -np.inf if late else self.relaxed.objective
            self.bases.append(self.relaxed.basis)
        return bounds

    def dive(self, piece: int) -> None:
        """Decide on groups, then orders, then shares, until all are whole; keep what is found if it is the best."""
        if not self.bases:
            return
        self._start(piece, *self.limits(piece))
        self._dive(*self.limits(piece))

    def dive_slowly(self, piece: int) -> float:
        """Dive once more, rounding fewer shares at a time; nothing new is known of the bound."""
        if self.program.shares.any():
            self.part = _FINER
            self.dive(piece)
        return -np.inf

    def _start(self, piece: int, lower: np.ndarray, upper: np.ndarray) -> None:
        self.relaxed.keep(self.whole, lower, upper)
        self.relaxed.basis = self.bases[piece]
        self.relaxed.solve()

    def _dive(self, lower: np.ndarray, upper: np.ndarray) -> None:
        while self.relaxed.feasible and self.relaxed.objective < self.worth_looking():
            now = self.relaxed.values[self.whole]
            off = np.abs(now - np.round(now))
            open_ = (off > WHOLE) & (lower < upper)
            groups = np.flatnonzero(open_ & self.is_group)
            if len(groups):
                self._decide(groups[np.argmax(off[groups])], now, lower, upper)
            elif (open_ & self.is_order).any():
                self._concentrate(lower, upper)
            elif open_.any():
                shares = np.flatnonzero(open_)
                nearest = shares[np.argsort(off[shares], kind="stable")]
                self._round(nearest[: max(_FEWEST, int(self.part * len(shares)))], now, lower, upper)
            else:
                self._take(now)
                return

    def branch_on_groups(self, piece: int) -> float:
        """Branch on groups alone, the node with the smallest bound first; return what nothing is better than.

        They are few, and what is wrong with the relaxation is mostly theirs. A node whose groups are all whole is dived
        from; if that does not end within the gap either, its bound is all that can be said here.
        """
        if not self.is_group.any() or not self.bases:
            return -np.inf
        number = itertools.count()
        self._start(piece, *self.limits(piece))
        nodes = [(self.relaxed.objective, next(number), *self.limits(piece), self.relaxed.values)]
        for _ in range(_NODES):
            if not nodes or nodes[0][0] >= self.worth_looking() or self.late():
                break
            bound, _, lower, upper, values = heapq.heappop(nodes)
            now = values[self.whole]
            off = np.where(self.is_group & (lower < upper), np.abs(now - np.round(now)), 0.0)
            if off.max() <= WHOLE:
                self._start(piece, lower, upper)
                self._dive(lower.copy(), upper.copy())
                if bound < self.worth_looking():
                    heapq.heappush(nodes, (bound, next(number), lower, upper, values))
                    break
                continue
            for way in (0.0, 1.0):
                low, high = lower.copy(), upper.copy()
                low[np.argmax(off)] = high[np.argmax(off)] = way
                self._start(piece, low, high)
                if self.relaxed.objective < self.worth_looking():
                    heapq.heappush(
                        nodes, (self.relaxed.objective, next(number), low, high, self.relaxed.values)
                    )
        return min(nodes[0][0] if nodes else np.inf, self.worth_looking())

    def _decide(self, group: np.intp, now: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Try one way for a group, and the other unless the first costs next to nothing; go the better way."""
        before, basis = self.relaxed.objective, self.relaxed.basis
        column, nearest = self.whole[[group]], float(np.round(now[group]))
        better, least = nearest, np.inf
        for way in (nearest, 1.0 - nearest):
            self.relaxed.keep(column, np.full(1, way), np.full(1, way))
            self.relaxed.solve()
            if self.relaxed.objective < least:
                better, least = way, self.relaxed.objective
            if least - before < _HARDLY * self.effort.gap * abs(before):
                break
        lower[group] = upper[group] = better
        if better != nearest:
            return
        if way != nearest:
            self.relaxed.basis = basis
            self.relaxed.keep(column, lower[[group]], upper[[group]])
            self.relaxed.solve()

    def _concentrate(self, lower: np.ndarray, upper: np.ndarray) -> None:
        """Decide which orders are placed, all at once, and solve for the rest.

        Instead of its commission an order is charged so much for a US$ as the commission was of what it traded in the
        last round. So small orders get dear, and larger ones take over what they trade (Kim and Pardalos, "A solution
        approach to the fixed charge network flow problem using a dynamic slope scaling procedure", Operations Research
        Letters 24, 1999).
        """
        program, relaxed = self.program, self.relaxed
        orders = np.flatnonzero(self.is_order & (lower < upper))
        binaries = self.whole[orders]
        trades = self.traded[np.isin(program.order[self.traded], binaries)]
        order, step = program.order[trades], program.step[trades]
        values = relaxed.values
        slope = program.cost / program.least
        relaxed.charge(binaries, np.zeros(len(binaries)))
        for _ in range(_SLOPES):
            amount = np.bincount(order, step * values[trades], len(values))
            used = amount > 0.0
            slope[used] = program.cost[used] / np.maximum(amount[used], 0.25 * program.least)
            relaxed.charge(trades, program.cost[trades] + slope[order] * step)
            if not relaxed.solve():
                break
            values = relaxed.values
        relaxed.charge(trades, program.cost[trades])
        relaxed.charge(binaries, program.cost[binaries])
        amount = np.bincount(order, step * values[trades], len(values))[binaries]
        placed = np.clip(amount >= 0.5 * program.least, lower[orders], upper[orders])
        lower[orders] = upper[orders] = placed
        relaxed.keep(self.whole, lower, upper)
        relaxed.solve()

    def _round(self, which: np.ndarray, now: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Round shares and solve for the rest; if that is impossible, the way that needs no cash; then only half."""
        way = self.program.shares[self.whole]
        while True:
            kept = lower[which].copy(), upper[which].copy()
            down, up = np.floor(now[which]), np.ceil(now[which])
            for rounded in (
                np.round(now[which]),
                np.where(way[which] > 0, up, down),
                np.where(way[which] > 0, down, up),
            ):
                lower[which] = upper[which] = np.clip(rounded, *kept)
                self.relaxed.keep(self.whole, lower, upper)
                if self.relaxed.solve() or self.late():
                    return
            if len(which) == 1:
                return
            lower[which], upper[which] = kept
            which = which[: len(which) // 2]

    def _take(self, now: np.ndarray) -> None:
        """Keep every whole variable at the nearest whole number, solve for the rest; remember it if it is better."""
        rounded = np.round(now)
        self.relaxed.keep(self.whole, rounded, rounded)
        if self.relaxed.solve() and self.relaxed.objective < self.best.objective:
            values = self.relaxed.values
            values[self.whole] = rounded
            rows, columns = self.relaxed.prices()
            self.best = self.best._replace(
                values=values, objective=self.relaxed.objective, row_price=rows, column_price=columns
            )

    def branch(self, piece: int) -> float:
        """Let HiGHS search a piece for something better; return what no solution of it is better than."""
        left = max(self.effort.seconds - self.branching - self.relaxed.seconds, 0.1)
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        lower[self.whole], upper[self.whole] = self.limits(piece)
        program = self.program._replace(lower=lower, upper=upper)
        values, bound, seconds = branch_and_bound(program, self.effort.gap, self.gap, left)
        self.branching += seconds
        if values is not None:
            self._take(values[self.whole])
        return bound
