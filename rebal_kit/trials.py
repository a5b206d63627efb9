"""The same policies in many settings: each run is measured, a row each, and held against one policy in its setting."""

from __future__ import annotations

import reprlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pandas as pd
from tqdm.auto import tqdm

from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, RebalError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import METRICS, Setting
from rebal_kit.sweep import available_processors

#: The measures in which a policy is held against another. `tax` is what was paid and what is accrued at the end.
PAIRED = (
    "value_after_liquidation", "cagr_after_liquidation", "cagr_after_tax", "tax", "liquidation_tax",
    "tracking_error", "turnover", "cost",
)  # fmt: skip
#: The measure by which policies are held against each other first.
MEASURE = "cagr_after_liquidation"
#: Rows of the ledger that a thread's first run gets, as `rebal_kit.run.Setting.room` has them.
_LOTS, _LOSSES = 64, 512


class Trial(NamedTuple):
    """A setting, made when its turn comes, and the policies to run in it.

    Attributes
    ----------
    make : callable
        Returns the setting; it may raise what `rebal_kit.run.prepare` raises.
    policies : mapping of str to RebalancePolicy
    """

    make: Callable[[], Setting]
    policies: Mapping[str, RebalancePolicy]


def run_trials(
    trials: Sequence[Trial], *, workers: int | None = None, progress: bool = False, unit: str = "trial"
) -> pd.DataFrame:
    """Run every policy of every trial, trials side by side in threads; the engine runs without the GIL.

    Parameters
    ----------
    trials : sequence of Trial
    workers : int, optional
        Threads; by default one for each processor this process may use. Figures do not depend on it.
    progress : bool
    unit : str
        What the progress bar counts.

    Returns
    -------
    DataFrame
        A row a trial and policy, in their order: trial (position), policy, status ('ok', or why there are no
        figures), tax (US$ paid and accrued) and the measures of `rebal_kit.run.METRICS`. None is dropped.
    """
    sizes = threading.local()

    def rows(numbered: tuple[int, Trial]) -> list[dict[str, Any]]:
        number, trial = numbered
        return [{"trial": number, **row} for row in _rows(trial, sizes)]

    with ThreadPoolExecutor(workers or available_processors()) as pool:
        found = list(
            tqdm(pool.map(rows, enumerate(trials)), total=len(trials), disable=not progress, unit=unit)
        )
    flat = [row for trial in found for row in trial]
    return pd.DataFrame(flat, columns=["trial", "policy", "status", "tax", *METRICS])


def _rows(trial: Trial, sizes: threading.local) -> list[dict[str, Any]]:
    """Run one trial's policies in one room, as large as this thread has needed one before."""
    try:
        setting = trial.make()
        room = setting.room(lots=getattr(sizes, "lots", _LOTS), losses=getattr(sizes, "losses", _LOSSES))
    except RebalError as problem:
        return [{"policy": name, "status": str(problem)} for name in trial.policies]
    rows: list[dict[str, Any]] = []
    for name, policy in trial.policies.items():
        try:
            plan = setting.plan(policy)
            room = setting.run_to_end(plan, room)
            figures = setting.measure(plan, room)
            tax = figures["tax_paid"] + figures["tax_accrued"]
            rows.append({"policy": name, "status": "ok", "tax": tax, **figures})
        except RebalError as problem:
            rows.append({"policy": name, "status": str(problem)})
    sizes.lots, sizes.losses = room.ledger.lots.shape[2], room.ledger.losses.shape[1]
    return rows


def differences(runs: pd.DataFrame, against: str) -> pd.DataFrame:
    """Return each run less the run of `against` in the same trial: trial, policy, status and the measures of `PAIRED`.

    Parameters
    ----------
    runs : DataFrame
        As `run_trials` returns it.
    against : str
        The policy that the others are held against; it has no rows itself.
    """
    known = list(dict.fromkeys(runs["trial"]))
    base = runs[runs["policy"] == against].set_index("trial")[list(PAIRED)].reindex(known)
    others = runs[runs["policy"] != against].reset_index(drop=True)
    less = others[list(PAIRED)].to_numpy(float) - base.loc[others["trial"]].to_numpy(float)
    return pd.concat(
        [others[["trial", "policy", "status"]], pd.DataFrame(less, columns=list(PAIRED))], axis=1
    )


def observed(comparison: Comparison) -> pd.DataFrame:
    """Return the comparison's own runs in the form of `run_trials`, as its trial 0."""
    table = comparison.table.reset_index()
    return table.assign(trial=0, status="ok", tax=table["tax_paid"] + table["tax_accrued"])


def reference_of(where: str, comparison: Comparison, against: str | None) -> str:
    """Return the policy that the others are held against: the one named, else the comparison's first.

    Raises
    ------
    PolicyError
        There is no such run, or no other one.
    """
    if not isinstance(comparison, Comparison):
        what = f"is given {reprlib.repr(comparison)}"
        raise PolicyError(
            Finding("error", where, what, "give a Comparison: compare(market, household, policies)")
        )
    names = list(comparison.runs)
    if against is not None and against not in comparison.runs:
        what, remedy = f"no run is called {against!r}", f"use {', '.join(names)}"
        raise PolicyError(Finding("error", where, what, remedy))
    if len(names) < 2:
        what = f"the comparison has {len(names)} policy"
        raise PolicyError(Finding("error", where, what, "compare two at least"))
    return names[0] if against is None else against


def failures(where: str, runs: pd.DataFrame) -> tuple[Finding, ...]:
    """Say how many runs have no figures and why the first of them has none, and of which growth is not known."""
    found = []
    failed = runs[runs["status"] != "ok"]
    if len(failed):
        first = failed.iloc[0]
        said = f"the first, '{first['policy']}': {first['status']}"
        what = f"{len(failed):,} of {len(runs):,} runs have no figures; {said}"
        found.append(Finding("warning", where, what, "see status in the rows"))
    ran = runs[runs["status"] == "ok"]
    bare = ran[ran[MEASURE].isna()].groupby("policy", sort=False).size()
    if len(bare):
        of_each = ran.groupby("policy").size()[bare.index]
        said = ", ".join(
            f"'{policy}' {count:,} of {of:,}"
            for policy, count, of in zip(bare.index, bare, of_each, strict=True)
        )
        found.append(
            Finding(
                "warning", where,
                f"growth after liquidation, or its difference, is not known in {bare.sum():,} runs, as where money ran"
                f" out: {said}; means,"
                " intervals and shares are of the runs in which it is known, and flatter a policy that ran out",
                "withdraw less, or read value_after_liquidation",
            )
        )  # fmt: skip
    return tuple(found)
