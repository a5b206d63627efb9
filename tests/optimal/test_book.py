"""The book agrees: a plan's trades, played back as a history, have the plan's gains and tax, and no wash sale."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rebal_kit as rk
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import Problem
from rebal_kit.optimal.search import Effort
from rebal_kit.optimal.settle import settle
from rebal_kit.rules.holding import first_long_term_day
from tests.optimal.problems import household

KINDS = ("taxable", "ira", "roth_ira")


def with_dates(problem: Problem, law_year: int, seed: int) -> tuple[Problem, list[dt.date], dt.date]:
    """Return the problem with terms and windows that follow from dates of purchase, those dates, and today's."""
    dice, today = random.Random(seed), dt.date(law_year, 6, 16)
    group = problem.wash.group[problem.lots.security]
    acquired = [today - dt.timedelta(days=dice.choice((3, 30, 31, 200, 364, 365, 366, 1_200))) for _ in group]
    numbers = [(day - dt.date(1970, 1, 1)).days for day in (*acquired, today)]
    days_to_long = np.array([first_long_term_day(number) - numbers[-1] for number in numbers[:-1]])
    recent = np.array([(today - day).days <= 30 for day in acquired])
    bought = np.array([bool(recent[group == g].any()) for g in range(len(problem.wash.bought))])
    own = np.array([bool(recent[at]) and int(recent[group == g].sum()) == 1 for at, g in enumerate(group)])
    changed = replace(
        problem,
        lots=problem.lots._replace(days_to_long=days_to_long, own_purchase=own),
        wash=problem.wash._replace(bought=bought, sold_at_loss=np.zeros(len(bought), bool)),
        year=problem.year._replace(short=0.0, long=0.0, qualified=0.0, ordinary=0.0),
    )
    return changed, acquired, today


def played(
    problem: Problem, profile: Any, acquired: list[dt.date], today: dt.date, plan: Any
) -> rk.TaxReport:
    """Return the tax report of a plan's trades."""
    lots, names = problem.lots, [f"S{s}" for s in range(len(problem.price))]
    accounts = [
        rk.Account(
            f"account {a}", "A", KINDS[problem.kind[a]], cash=float(problem.cash[a]),
            lots=tuple(
                rk.TaxLot(f"L{at}", names[lots.security[at]], float(lots.quantity[at]),
                          float(lots.basis[at] * lots.quantity[at]), acquired[at])
                for at in range(len(acquired)) if lots.account[at] == a
            ),
        )
        for a in range(len(problem.kind))
    ]  # fmt: skip
    groups = [
        tuple(np.array(names)[problem.wash.group == g].tolist()) for g in range(len(problem.wash.bought))
    ]
    home = rk.Household(
        "home", tuple(accounts), rk.TargetAllocation({}), profile, complete=True, as_of=today,
        identical=tuple(some for some in groups if len(some) > 1),
    )  # fmt: skip
    cost = settle(problem, plan.sold, plan.bought).cost
    lines = []
    for a, s in np.argwhere(np.ones(plan.bought.shape)).tolist():
        mine = [
            at
            for at in range(len(acquired))
            if (lots.account[at], lots.security[at]) == (a, s) and plan.sold[at] > 0
        ]
        if mine:
            shares = tuple((f"L{at}", float(plan.sold[at])) for at in mine)
            total = sum(number for _, number in shares)
            lines.append(rk.Transaction(today, f"account {a}", "SELL", names[s], total, float(problem.price[s]),
                                        float(cost[0, a, s]), lots=shares))  # fmt: skip
    for a, s in np.argwhere(plan.bought > 0).tolist():
        lines.append(rk.Transaction(today, f"account {a}", "BUY", names[s], float(plan.bought[a, s]),
                                    float(problem.price[s]), float(cost[1, a, s])))  # fmt: skip
    return rk.tax_report(lines, home, period=(today, today)) if lines else None


@pytest.mark.parametrize("block", range(6))
def test_the_book_finds_the_plans_gains_and_tax_and_no_wash_sale(block):
    traded = 0
    for seed in range(3_000 + block * 8, 3_000 + block * 8 + 8):
        problem, profile = household(seed)
        problem, acquired, today = with_dates(problem, profile.law_year, seed)
        plan = optimise(problem, Effort(1e-3, 0.5, 5.0), explain=False)
        report = played(problem, profile, acquired, today, plan)
        if report is None:
            continue
        traded += 1
        gain = report.disposals.groupby("term")["gain"].sum()
        assert gain.get("ST", 0.0) == pytest.approx(plan.figures.short, abs=0.01), seed
        assert gain.get("LT", 0.0) == pytest.approx(plan.figures.long, abs=0.01), seed
        assert report.totals["disallowed"] == pytest.approx(0.0, abs=0.01), seed
        assert report.years["tax"].iloc[0] == pytest.approx(plan.figures.tax_of_year, abs=0.01), seed
    assert traded > 3
