"""HiGHS behind a narrow door: a program goes in, and is solved, changed and solved again from where it was.

*Source*: Huangfu and Hall, "Parallelizing the dual revised simplex method", Mathematical Programming Computation 10,
2018. The library is an extra of this package and imported where it is used.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rebal_kit.findings import Finding, PolicyError
from rebal_kit.optimal.assembly import Program

#: Whole variables may be off by so much before they are rounded.
WHOLE = 1e-6


class Relaxation:
    """A program without whole numbers, in HiGHS. Changing bounds or costs and solving again takes milliseconds."""

    def __init__(self, program: Program, seconds: float) -> None:
        self._highs = _new_highs()
        self._highs.setOptionValue("time_limit", seconds)
        self._highs.passModel(_model_of(program, whole=False))
        self.feasible = False
        self.objective = np.inf
        self.values = np.empty(0)

    def solve(self) -> bool:
        """Solve it as it is now; say whether there is a solution."""
        self._highs.run()
        self.feasible = self._highs.getModelStatus().name == "kOptimal" and _keeps_limits(self._highs)
        self.objective = float(self._highs.getObjectiveValue()) if self.feasible else np.inf
        self.values = np.array(self._highs.getSolution().col_value) if self.feasible else np.empty(0)
        return self.feasible

    def keep(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Change the bounds of columns."""
        if len(columns):
            self._highs.changeColsBounds(
                len(columns), columns.astype(np.int32), lower.astype(float), upper.astype(float)
            )

    def charge(self, columns: np.ndarray, cost: np.ndarray) -> None:
        """Change the costs of columns."""
        if len(columns):
            self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost.astype(float))

    def prices(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what one more unit of each row's and of each column's limit would change."""
        found = self._highs.getSolution()
        return np.array(found.row_dual), np.array(found.col_dual)

    @property
    def seconds(self) -> float:
        """Taken so far."""
        return float(self._highs.getRunTime())

    @property
    def basis(self) -> Any:
        """Where the simplex method stands, to come back to."""
        return self._highs.getBasis()

    @basis.setter
    def basis(self, basis: Any) -> None:
        self._highs.setBasis(basis)


def branch_and_bound(
    program: Program, gap: float, absolute_gap: float, seconds: float
) -> tuple[np.ndarray | None, float, float]:
    """Let HiGHS search for the best solution in whole numbers.

    It is given no solution to begin with: where presolve betters that one, HiGHS 1.16 returns the bettered objective
    with the values as they were given.

    Parameters
    ----------
    program : Program
    gap, absolute_gap : float
        How close to the best is good enough, as a part of the objective or in its units.
    seconds : float

    Returns
    -------
    values : ndarray or None
        (n,), None when nothing was found.
    bound : float
        No solution has a smaller objective; infinite when it is proven that there is none.
    taken : float
        Seconds.
    """
    highs = _new_highs()
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("mip_abs_gap", absolute_gap)
    highs.setOptionValue("mip_feasibility_tolerance", WHOLE)
    highs.setOptionValue("time_limit", seconds)
    highs.passModel(_model_of(program, whole=True))
    highs.run()
    nothing = highs.getModelStatus().name in ("kInfeasible", "kUnboundedOrInfeasible")
    bound = np.inf if nothing else float(highs.getInfo().mip_dual_bound)
    values = np.array(highs.getSolution().col_value) if _keeps_limits(highs) else None
    return values, bound, float(highs.getRunTime())


def _keeps_limits(highs: Any) -> bool:
    import highspy

    return bool(highs.getInfo().primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible))


@cache
def _silent(highs: Any) -> Any:
    """Return the class without the banner that its constructor prints before an option can be set."""

    class Silent(highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802
            self.silent()
            super().enableCallbacks()

    return Silent


def _new_highs() -> Any:
    try:
        import highspy
    except ImportError:
        what = "an optimal plan needs HiGHS, which is not installed"
        raise PolicyError(
            Finding("error", "optimal plan", what, "pip install 'rebal_kit[optimal]'")
        ) from None
    highs = _silent(highspy.Highs)()
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
    model.a_matrix_.start_, model.a_matrix_.index_ = program.start, program.column
    model.a_matrix_.value_ = program.value
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[one] for one in program.whole.tolist()]
    return model
