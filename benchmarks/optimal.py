"""How long an optimal plan takes, how close to the best it is for certain, and how that grows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.households import random_household
from benchmarks.measure import Row, exponent, interleave
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.search import Effort

#: Positions and lots, in five accounts, and seconds one wants to wait at most.
SIZES = ((100, 500, "0.5 s, gap 0.1 %"), (300, 1_500, "2 s, gap 0.1 %"))
GROWTH = ((50, 250), (100, 500), (200, 1_000), (400, 2_000))
#: What an order is like, by what is said of it.
ORDERS = {
    "any amount": {"lumpy": False},
    "US$ 5 and at least US$ 250": {"lumpy": True},
    "the same, whole shares": {"lumpy": True, "whole": True},
}
#: Households made up for each figure.
SEEDS = (1, 2, 3)


def optimal_plans(
    rounds: int, sizes: tuple[tuple[int, int, str], ...] = SIZES, growth: tuple[tuple[int, int], ...] = GROWTH
) -> Iterator[Row]:
    """Time optimal plans of random households, the slowest of several, and fit the power with which time grows."""
    effort = Effort(gap=1e-3, gap_usd=1.0, seconds=20.0)
    for positions, lots, aim in sizes:
        for orders, how in ORDERS.items():
            problems = [random_household(positions, lots, seed=seed, **how) for seed in SEEDS]
            plans = [optimise(problem, effort, explain=False) for problem in problems]
            calls = {
                str(at): (partial(optimise, problem, effort, explain=False), 1)
                for at, problem in enumerate(problems)
            }
            times = interleave(calls, rounds)
            gap = max(plan.gap for plan in plans)
            yield Row(
                f"optimal plan, {positions} positions / {lots:,} lots: {orders}",
                max(each.median for each in times.values()), "s", aim=aim,
                note=f"slowest of {len(SEEDS)} households; proven gap at most {gap:.2%}; 5 accounts",
            )  # fmt: skip
    calls = {
        str(positions): (
            partial(optimise, random_household(positions, lots, seed=1), effort, explain=False),
            1,
        )
        for positions, lots in growth
    }
    times = interleave(calls, rounds)
    yield Row(
        "optimal plan, growth with positions and lots",
        exponent([positions for positions, _ in growth], [times[str(size)].median for size, _ in growth]), "power",
        note=", ".join(f"{size}: {times[str(size)].median:.2f} s" for size, _ in growth),
    )  # fmt: skip
