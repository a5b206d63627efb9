"""Where the time of a run goes: the same prices with one thing more at each step, from a bare loop to all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import rebal_kit as rk
from benchmarks.case import CONTESTS, Contest, setting_of, untaxed_path
from benchmarks.measure import Row, interleave
from benchmarks.peers import bare_loop
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import Setting


def timed_run(setting: Setting, policy: RebalancePolicy) -> tuple[Callable[[], Any], dict[str, float]]:
    """Return a call that runs the policy, and the measures of the run."""
    plan = setting.plan(policy)
    room = setting.run_to_end(plan, setting.room())
    return (lambda: setting.run(plan, room)), setting.measure(plan, room)


def steps(contest: Contest) -> dict[str, tuple[rk.TaxProfile | None, RebalancePolicy]]:
    """Return what is added step by step: whose taxes, and which policy."""
    rule = replace(contest.policy, harvest=None)
    return {
        "days, lots and trades, untaxed": (rk.TaxProfile.untaxed(), replace(rule, avoid_wash_sales=False)),
        "and taxes": (None, replace(rule, avoid_wash_sales=False)),
        "and no wash sale": (None, rule),
        "and harvesting": (None, contest.policy),
    }


def shares(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time each step beside a bare loop over the same sessions and trades, which keeps no lots and knows no tax."""
    for contest in (CONTESTS[0], CONTESTS[2]):
        sessions, untaxed = untaxed_path(prices, contest)
        close, value = np.ascontiguousarray(prices), np.zeros(len(prices))
        trades, opening = np.isin(np.arange(len(prices)), sessions), float(untaxed[0])
        bare_loop(close, trades, opening, value)
        runs = {
            step: timed_run(setting_of(prices, tax=tax), rule) for step, (tax, rule) in steps(contest).items()
        }
        calls: dict[str, Any] = {step: (run, 3) for step, (run, _) in runs.items()}
        calls["bare loop"] = (lambda c=close, t=trades, o=opening, v=value: bare_loop(c, t, o, v), 3)
        times = interleave(calls, rounds)
        bare = times["bare loop"].median
        name = contest.policy.name
        yield Row(f"{name}, bare loop", bare * 1e3, "ms", note=str(times["bare loop"]))
        for step, (_, measured) in runs.items():
            taken = times[step]
            note = f"{taken.median / bare:.0f} times the bare loop; {measured['trades']:,.0f} trades; {taken}"
            aim = "≤ 6× the bare loop" if step == "and harvesting" else ""
            yield Row(f"{name}: {step}", taken.median * 1e3, "ms", aim=aim, note=note)
