"""From a problem to a plan: build, solve, settle, and solve again what the model got wrong.

The model leaves out what hardly ever matters and would cost binaries everywhere; a plan is looked at for it:

- a commission or market impact turned a gain into a loss, and the group is bought: from then on the lot is a loss;
- an account sells and buys one security: that order gets binaries that keep the two apart;
- several accounts trade one security and the later ones pay more impact than their cash allows: they keep that more.

Each is forbidden and the problem solved again, mostly not even once.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.findings import Finding, SimulationError
from rebal_kit.optimal.model import Model, build
from rebal_kit.optimal.offers import Refined
from rebal_kit.optimal.plan import Plan, Status
from rebal_kit.optimal.problem import TAXABLE, Problem
from rebal_kit.optimal.search import Effort, Solution, solve
from rebal_kit.optimal.settle import NO_GAIN, Settled, settle
from rebal_kit.optimal.sheet import UNIT
from rebal_kit.optimal.words import binding_words, infeasible_words

#: Rounds after which something is wrong with the model itself.
_MOST_ROUNDS = 25
#: US$ of a reserve that may be missing: less than a cent.
_CENT = 0.005


def optimise(problem: Problem, effort: Effort | None = None, *, explain: bool = True) -> Plan:
    """Return the trades after which tax, costs and the price of drift together are least.

    Parameters
    ----------
    problem : Problem
    effort : Effort, optional
        When to stop; by default within 0.1 % of what can be gained, or US$ 1, or after 10 seconds. A further round
        has a tenth of the seconds at least.
    explain : bool
        Say what binds.

    Returns
    -------
    Plan
        Its `status` is 'infeasible', and `reasons` say why, when nothing does what must be done.

    Raises
    ------
    PolicyError
        HiGHS is not installed.
    SimulationError
        The model and what its plans really come to do not agree after many rounds.

    Notes
    -----
    The least of

        tax − worth of losses carried over + later tax + costs + Σ price · |class or sleeve − target|

    subject to: every account pays for what it buys and keeps its reserve; nothing is sold that is not held; what is
    restricted, inside a wash-sale window or beyond a budget is not traded; no group is sold at a loss and bought; no
    account sells and buys one security, not even to take a gain that is not taxed.
    """
    effort = effort or Effort()
    nothing = settle(problem, np.zeros(len(problem.lots.account)), np.zeros(problem.trading.may_buy.shape))
    refined = Refined.nothing(problem)
    seconds, bound = 0.0, -np.inf
    for rounds in range(1, _MOST_ROUNDS + 1):
        model = build(problem, refined, nothing.figures.objective)
        left = effort._replace(seconds=max(effort.seconds - seconds, 0.1 * effort.seconds))
        solution = solve(model.program, left, UNIT)
        seconds += solution.seconds
        if not solution.found:
            return _no_plan(problem, refined, solution, nothing, effort.seconds, (seconds, rounds))
        sold, bought = model.trades(problem, solution.values)
        settled = settle(problem, sold, bought)
        # With losses and reserves of earlier rounds the problem is narrower than the one that was asked.
        if not (refined.losses.any() or refined.reserve.any()):
            bound = solution.bound * UNIT + nothing.figures.objective
        better = _look(problem, refined, sold, bought, settled)
        if better is None:
            return _plan(
                problem, model, solution, (sold, bought, settled), nothing, bound, (seconds, rounds), explain
            )
        refined = better
    what = f"no plan holds after {_MOST_ROUNDS} rounds"
    raise SimulationError(Finding("error", "optimal plan", what, "please report the problem"))


def _plan(
    problem: Problem, model: Model, solution: Solution, trades: tuple[np.ndarray, np.ndarray, Settled],
    nothing: Settled, bound: float, effort: tuple[float, int], explain: bool,
) -> Plan:  # fmt: skip
    sold, bought, settled = trades
    status: Status = "optimal" if solution.finished else "time limit"
    modelled = solution.objective * UNIT + nothing.figures.objective
    binding = binding_words(problem, model, solution) if explain else ()
    return Plan(
        sold, bought, settled.figures, nothing.figures, modelled, bound, status, *effort, binding=binding
    )


def _no_plan(
    problem: Problem, refined: Refined, solution: Solution, nothing: Settled, seconds: float,
    effort: tuple[float, int],
) -> Plan:  # fmt: skip
    sold, bought = np.zeros(len(problem.lots.account)), np.zeros(problem.trading.may_buy.shape)
    status: Status = "infeasible" if solution.finished else "time limit"
    reasons: tuple[str, ...] = ("no plan was found in the time given",)
    if solution.finished:
        reasons = infeasible_words(problem, refined, seconds)
    before = nothing.figures
    return Plan(sold, bought, before, before, np.inf, -np.inf, status, *effort, reasons=reasons)


def _look(
    problem: Problem, refined: Refined, sold: np.ndarray, bought: np.ndarray, settled: Settled
) -> Refined | None:
    """Return what a plan shows the model to have left out; None if it holds."""
    lots, wash = problem.lots, problem.wash
    taxable = problem.kind[lots.account] == TAXABLE
    closed = np.zeros(len(wash.bought), bool)
    closed[np.unique(wash.group[np.nonzero(bought.sum(axis=0))[0]])] = True
    group = wash.group[lots.security]
    worth = np.maximum(sold * problem.price[lots.security], 1.0)
    losing = taxable & (sold > 0.0) & (settled.gain < -NO_GAIN * worth)
    washed = losing & (closed[group] | (wash.bought[group] & ~lots.own_purchase)) & ~refined.losses
    shares = np.zeros_like(bought)
    np.add.at(shares, (lots.account, lots.security), sold)
    apart = (shares > 0.0) & (bought > 0.0) & ~refined.apart
    missing = np.maximum(problem.min_cash - settled.cash, 0.0)
    missing[missing < _CENT] = 0.0
    if not (washed.any() or apart.any() or missing.any()):
        return None
    # At least twice as much each time: with whole shares a cent more may change nothing.
    more = np.where(missing > 0.0, np.maximum(missing, refined.reserve), 0.0)
    return Refined(refined.losses | washed, refined.apart | apart, refined.reserve + more)
