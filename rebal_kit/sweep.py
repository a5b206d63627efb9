"""sweep(): thousands of policies on one household and history, a row of measures each."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from rebal_kit.checking import check_number
from rebal_kit.domain import Household
from rebal_kit.findings import PolicyError, SimulationError, raise_errors
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import METRICS, OpenWith, Room, Setting, as_policies, prepare


def sweep(
    market: Market, household: Household, policies: Sequence[RebalancePolicy], *,
    start: Any = None, end: Any = None, open_with: OpenWith | None = None, workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Run every policy and measure it; a row equals the single run of its policy, bit for bit.

    Parameters
    ----------
    market : Market
    household : Household
    policies : sequence of RebalancePolicy
        For a grid see `RebalancePolicy.grid`.
    start, end, open_with
        As in `rebal_kit.backtest.backtest`.
    workers : int, optional
        Threads; the engine runs without the GIL. By default one for each processor this process may use.
    progress : bool
        Show a progress bar.

    Returns
    -------
    DataFrame
        Index: position in `policies`. Columns: policy (its name), status ('ok', or why it has no figures), and the
        measures of `rebal_kit.run.METRICS`. A policy that failed keeps its row, with NaN measures.

    Raises
    ------
    MarketError, HouseholdError, LawError
        Nothing can be run: market and household do not fit together.
    PolicyError
        There are no policies, something else is among them, or `workers` is no number of threads.
    """
    given = as_policies("sweep", policies)
    if workers is not None:
        remedy = "give threads, 1 or more"
        raise_errors(PolicyError, check_number("sweep", "workers", workers, remedy, least=1, whole=True))
    setting = prepare(market, household, start=start, end=end, open_with=open_with)
    _ = setting.target_returns  # shared by all rows: worked out once, before the threads start
    rooms = threading.local()

    def row(policy: RebalancePolicy) -> dict[str, Any]:
        return _row(setting, policy, rooms)

    with ThreadPoolExecutor(workers or available_processors()) as pool:
        rows = list(tqdm(pool.map(row, given), total=len(given), disable=not progress, unit="run"))
    return pd.DataFrame(rows, columns=["policy", "status", *METRICS])


def _row(setting: Setting, policy: RebalancePolicy, rooms: threading.local) -> dict[str, Any]:
    """Run one policy in this thread's room, which grows when a run needs more."""
    room: Room = getattr(rooms, "room", None) or setting.room()
    try:
        plan = setting.plan(policy)
        rooms.room = setting.run_to_end(plan, room)
        return {"policy": policy.name, "status": "ok", **setting.measure(plan, rooms.room)}
    except (PolicyError, SimulationError) as error:
        return {"policy": policy.name, "status": str(error)}


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
