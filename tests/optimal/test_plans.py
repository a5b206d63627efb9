"""Plans hold: no limit is broken, and every figure is what an independent judge finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.households import PROFILE, random_household
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import MINIMISE
from rebal_kit.optimal.search import Effort
from tests.optimal.brute import best_of_all
from tests.optimal.greedy import greedy
from tests.optimal.judge import CENT, judge
from tests.optimal.problems import household

EXACT = Effort(gap=0.0, gap_usd=1e-4, seconds=20.0)
QUICK = Effort(gap=1e-3, gap_usd=0.5, seconds=2.0)


@pytest.mark.parametrize("block", range(16))
def test_no_limit_is_broken_and_every_figure_is_the_judges(block):
    found = 0
    for seed in range(block * 20, block * 20 + 20):
        problem, profile = household(seed)
        plan = optimise(problem, QUICK)
        if plan.status == "infeasible":
            assert plan.reasons
            continue
        found += 1
        verdict = judge(problem, profile, plan.sold, plan.bought)
        assert not verdict.faults, (seed, verdict.faults)
        figures = plan.figures
        assert figures.tax == pytest.approx(verdict.tax, abs=CENT), seed
        assert figures.tax_of_year == pytest.approx(verdict.tax_of_year, abs=CENT), seed
        assert (figures.short, figures.long) == pytest.approx((verdict.short, verdict.long), abs=CENT), seed
        assert figures.cost == pytest.approx(verdict.cost, abs=CENT), seed
        assert figures.drift == pytest.approx(verdict.drift, abs=CENT), seed
        assert plan.objective == pytest.approx(verdict.objective, abs=CENT), seed
        assert plan.bound <= plan.modelled + 1e-6, seed
        assert plan.objective <= plan.before.objective + CENT or (problem.cash < problem.min_cash).any(), seed
    assert found > 10


@pytest.mark.parametrize("block", range(4))
def test_no_greedy_plan_is_better(block):
    compared = 0
    for seed in range(1_000 + block * 30, 1_000 + block * 30 + 30):
        problem, profile = household(seed)
        # What the model only approximates is left out: market impact, and commissions on positions of both terms.
        trading = problem.trading
        trading = trading._replace(impact=0.0 * trading.impact, commission=0.0 * trading.commission)
        problem = replace(problem, trading=trading)
        verdict = judge(problem, profile, *greedy(problem))
        if verdict.faults:
            continue
        plan = optimise(problem, QUICK, explain=False)
        compared += 1
        assert verdict.objective >= plan.bound - CENT, seed
        missed = max(QUICK.gap_usd, QUICK.gap * (plan.before.objective - plan.bound))
        assert verdict.objective >= plan.objective - missed - CENT or plan.status == "time limit", seed
    assert compared > 5


@pytest.mark.parametrize("block", range(6))
def test_it_is_the_best_of_all_possible_plans(block):
    tried = 0
    for seed in range(2_000 + block * 12, 2_000 + block * 12 + 12):
        problem, profile = household(seed, tiny=True)
        try:
            best = best_of_all(problem, profile, most=3_000)
        except OverflowError:
            continue
        plan = optimise(problem, EXACT, explain=False)
        tried += 1
        if best is None:
            assert plan.status == "infeasible", seed
            continue
        assert plan.status == "optimal", seed
        assert plan.objective == pytest.approx(best.objective, abs=2 * CENT), seed
        assert plan.bound <= best.objective + CENT, seed
    assert tried > 2


def short_gains_and_fees(seed: int):
    """Return a tiny household that would rather not take short-term gains, and pays a commission of US$ 25."""
    problem, profile = household(seed, tiny=True)
    lots, trading = problem.lots, problem.trading
    days = np.where((lots.account + lots.security) % 2 == 0, 20, -400)
    problem = replace(
        problem,
        lots=lots._replace(days_to_long=days),
        trading=trading._replace(commission=np.full(trading.commission.shape, 25.0)),
        limits=problem.limits._replace(short_gains=MINIMISE, guard_days=0, max_gain=np.inf, max_tax=np.inf),
        wash=problem.wash._replace(bought=np.zeros_like(problem.wash.bought)),
        min_cash=problem.cash + 1_500.0 * (seed % 2),
    )
    return problem, profile


# The bound of most was once above the best of all; in 5181 a better plan was found and then lost.
@pytest.mark.parametrize("seed", [5005, 5039, 5064, 5095, 5132, 5157, 5181, 5191])
def test_it_is_the_best_where_short_gains_and_commissions_meet(seed):
    problem, profile = short_gains_and_fees(seed)
    plan, best = optimise(problem, EXACT, explain=False), best_of_all(problem, profile, most=600)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(best.objective, abs=2 * CENT)
    assert plan.bound <= best.objective + CENT
    assert 0.0 <= plan.gap < 1e-3


def test_two_runs_give_the_same_plan():
    problem, _ = household(7)
    first, again = optimise(problem, QUICK), optimise(problem, QUICK)
    np.testing.assert_array_equal(first.sold, again.sold)
    np.testing.assert_array_equal(first.bought, again.bought)
    assert (first.bound, first.binding) == (again.bound, again.binding)


@pytest.mark.parametrize("whole", [False, True])
def test_a_large_household_holds_too(whole):
    problem = random_household(100, 500, seed=4, whole=whole)
    plan = optimise(problem, Effort(1e-3, 1.0, 20.0))
    verdict = judge(problem, PROFILE, plan.sold, plan.bought)
    assert not verdict.faults
    assert plan.status == "optimal"
    assert plan.gap <= 1e-3 + 1e-9
    assert plan.objective == pytest.approx(verdict.objective, abs=CENT)
