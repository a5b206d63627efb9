"""HiGHS: a program in, its best solution out.

*Source*: Huangfu and Hall, "Parallelizing the dual revised simplex method", Mathematical Programming Computation 10,
2018. The library is an extra of this package and imported where it is used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rebal_kit.findings import Finding, PolicyError
from rebal_kit.optimal.assembly import Program

#: Variables that must be whole may be off by so much before they are rounded.
_WHOLE = 1e-7


class Effort(NamedTuple):
    """When to stop.

    Attributes
    ----------
    gap : float
        A solution that is within this fraction of the best one is good enough.
    gap_usd : float
        Or within so many US$.
    seconds : float
        After this time the best solution so far is taken.
    """

    gap: float = 1e-3
    gap_usd: float = 0.01
    seconds: float = 30.0


class Solution(NamedTuple):
    """What HiGHS found."""

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


def solve(program: Program, effort: Effort, unit_usd: float, start: np.ndarray | None = None) -> Solution:
    """Return the best solution of a program.

    The whole variables of what is found are then rounded and kept, and the others solved for once more: so nothing of
    the solver's tolerance on whole variables is in the result, and every limit has a price.

    Parameters
    ----------
    program : Program
    effort : Effort
    unit_usd : float
        US$ that 1 of the objective is.
    start : ndarray, optional
        (n,) a solution to begin with, of which only the whole variables count.

    Raises
    ------
    PolicyError
        HiGHS is not installed.
    """
    highs = _highs()
    highs.setOptionValue("mip_rel_gap", effort.gap)
    highs.setOptionValue("mip_abs_gap", effort.gap_usd / unit_usd)
    highs.setOptionValue("mip_feasibility_tolerance", _WHOLE)
    highs.setOptionValue("time_limit", float(effort.seconds))
    highs.passModel(_model_of(program))
    whole = np.flatnonzero(program.whole).astype(np.int32)
    if start is not None and len(whole):
        highs.setSolution(len(whole), whole, start[whole])
    highs.run()
    info, status = highs.getInfo(), str(highs.getModelStatus()).rsplit(".", 1)[-1]
    seconds = highs.getRunTime()
    if info.primal_solution_status != 2:  # kSolutionStatusFeasible
        finished = status in ("kInfeasible", "kUnboundedOrInfeasible")
        return Solution(np.empty(0), np.inf, np.inf, finished, seconds, np.empty(0), np.empty(0))
    values = np.array(highs.getSolution().col_value)
    objective = highs.getObjectiveValue()
    bound = info.mip_dual_bound if len(whole) else objective
    if len(whole):
        rounded = np.round(values[whole])
        highs.changeColsIntegrality(len(whole), whole, np.zeros(len(whole), np.uint8))
        highs.changeColsBounds(len(whole), whole, rounded, rounded)
        highs.setOptionValue("time_limit", np.inf)
        highs.run()
        if highs.getInfo().primal_solution_status == 2:
            values = np.array(highs.getSolution().col_value)
            objective = highs.getObjectiveValue()
    found = highs.getSolution()
    return Solution(
        values, objective, min(bound, objective), status == "kOptimal", highs.getRunTime(),
        np.array(found.row_dual), np.array(found.col_dual),
    )  # fmt: skip


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


def _model_of(program: Program) -> Any:
    import highspy

    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.row_lower)
    model.col_cost_, model.offset_ = program.cost, program.offset
    model.col_lower_, model.col_upper_ = program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = program.start, program.index
    model.a_matrix_.value_ = program.value
    if program.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[whole] for whole in program.whole.tolist()]
    return model
