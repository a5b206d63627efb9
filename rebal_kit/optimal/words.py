"""In words: what stands in the way of a better plan, and why there is none at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rebal_kit.optimal.model import Model, build
from rebal_kit.optimal.offers import Bar, Refined
from rebal_kit.optimal.problem import Limits, Problem
from rebal_kit.optimal.search import Effort, Solution, solve
from rebal_kit.optimal.sheet import UNIT

#: So many things that bind are named.
_NAMED = 10
#: Savings for a US$ that are smaller are not worth a word.
_LITTLE = 1e-4
#: US$ that may be missing.
_CENT = 0.01
_BARRED = {
    Bar.RESTRICTED: "it is restricted",
    Bar.WASH_SALE: "the loss would be washed by a purchase of the last 30 days",
    Bar.SHORT_GAIN: "short-term gains are never taken",
    Bar.GUARD: "the gain turns long-term soon",
    Bar.TOO_SMALL: "the position is smaller than the least order",
    Bar.WASH_PURCHASE: "it would wash a loss taken in the last 30 days",
    Bar.NO_MONEY: "the account cannot raise what the least order costs",
}
_LIMITS = {
    "gain": "the year's budget for gains",
    "legacy": "the budget for gains on holdings outside the targets",
    "tax": "the year's budget for tax",
    "drift": "the limit on drift",
}


def binding_words(problem: Problem, model: Model, solution: Solution) -> tuple[str, ...]:
    """Return what binds, the most costly first, each with what a US$ of it would save.

    Prices are those of the plan with its choices kept (which orders are placed, which groups sold at a loss): they hold
    for a small change.
    """
    found = sorted(_binding(problem, model, solution), key=lambda one: -one[0])
    return tuple(text for _, text in found[:_NAMED])


def _binding(problem: Problem, model: Model, solution: Solution) -> Iterator[tuple[float, str]]:
    stock = model.stock
    accounts, securities = problem.account_names, problem.security_names
    for account, row in enumerate(model.cash):
        price = solution.row_price[row] if row >= 0 else 0.0
        if price > _LITTLE:
            yield (
                price,
                f"cash of {accounts[account]} is at its reserve; a US$ more there would save {price:.3f}",
            )
    for name, row in model.limits.items():
        price = -solution.row_price[row]
        if price > _LITTLE:
            yield price, f"{_LIMITS[name]} is used up; a US$ more of it would save {price:.3f}"
    unit_price = solution.column_price[model.sale.column] / (model.sale.step)
    for at in np.flatnonzero(-unit_price > _LITTLE):
        bar = Bar(int(stock.bar[model.unit[at]]))
        if bar != Bar.NONE:
            name = securities[stock.security[model.unit[at]]]
            where = accounts[stock.account[model.unit[at]]]
            saved = -unit_price[at]
            yield (
                saved,
                f"{name} of {where} may not be sold: {_BARRED[bar]}; a US$ of it would save {saved:.3f}",
            )
    unit_price = solution.column_price[model.buy.column] / (model.buy.step)
    for at in np.flatnonzero(-unit_price > _LITTLE):
        account, security = model.buy.account[at], model.buy.security[at]
        bar = Bar(int(model.purchases.bar[account, security]))
        if bar != Bar.NONE:
            saved = -unit_price[at]
            name, where = securities[security], accounts[account]
            yield (
                saved,
                f"{name} may not be bought in {where}: {_BARRED[bar]}; a US$ of it would save {saved:.3f}",
            )


def infeasible_words(problem: Problem, refined: Refined, seconds: float) -> tuple[str, ...]:
    """Return why nothing does what must be done: what is missing at least, and what would make up for it.

    The problem is solved once more for the least that is missing, whatever that costs in tax and drift; then again
    without each kind of limit, to see which of them is in the way; each time for so many seconds at most.
    """
    effort = Effort(1e-4, _CENT / 10, seconds)
    model = build(problem, refined, elastic=True)
    solution = solve(model.program, effort, UNIT)
    if not solution.found:
        why = "the limits contradict each other" if solution.finished else "why was not found in time"
        return (why,)
    missing = solution.values[model.slack] * UNIT
    bound = np.flatnonzero(model.cash >= 0)
    words = []
    for account, amount in zip(bound, missing, strict=False):
        if amount > _CENT:
            words.append(
                f"cash of {problem.account_names[account]} is US$ {amount:,.2f} below its reserve of "
                f"US$ {problem.min_cash[account]:,.2f} even if all that may be sold is sold"
            )
    if len(missing) > len(bound) and missing[-1] > _CENT:
        words.append(
            f"US$ {problem.limits.max_drift + missing[-1]:,.2f} of drift are left at least, "
            f"more than the limit of US$ {problem.limits.max_drift:,.2f}"
        )
    return (*words, *_cures(problem, refined, float(missing.sum()), effort))


def _cures(problem: Problem, refined: Refined, missing: float, effort: Effort) -> Iterator[str]:
    trading, wash, limits = problem.trading, problem.wash, problem.limits
    free = {
        "restrictions": replace(
            problem, trading=trading._replace(may_sell=_where_managed(problem, trading.may_sell),
                                              may_buy=_where_managed(problem, trading.may_buy)),
        ),
        "wash-sale windows": replace(
            problem, wash=wash._replace(bought=np.zeros_like(wash.bought), sold_at_loss=np.zeros_like(wash.bought))
        ),
        "limits on gains and tax": replace(
            problem, limits=Limits(max_drift=limits.max_drift)
        ),
        "the least order and whole shares": replace(
            problem, trading=trading._replace(min_trade=0.0, whole_shares=False)
        ),
    }  # fmt: skip
    for name, freed in free.items():
        model = build(freed, refined, elastic=True)
        solution = solve(model.program, effort, UNIT)
        left = float(solution.values[model.slack].sum()) * UNIT if solution.found else missing
        if left <= _CENT:
            yield f"without {name} it could be done"
        elif left < missing - _CENT:
            yield f"without {name} US$ {missing - left:,.2f} less would be missing"


def _where_managed(problem: Problem, allowed: np.ndarray) -> np.ndarray:
    """Return everything allowed in the accounts in which anything is."""
    managed = np.isfinite(problem.min_cash)
    return np.asarray(allowed | (managed[:, None] & (problem.price > 0.0)))
