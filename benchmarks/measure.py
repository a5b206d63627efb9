"""How it is measured: rows, medians of interleaved repeats, jobs in a process of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes
    ----------
    name : str
    value : float
    unit : str
    peer : str
        Who is compared with, if anybody.
    ratio : float, optional
        The peer's value over this one: how many times faster, or smaller, this is.
    aim : str
        What the project wants to reach.
    note : str
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    aim: str = ""
    note: str = ""


@dataclass(frozen=True)
class Times:
    """Seconds of repeated calls."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    def __str__(self) -> str:
        return f"fastest {min(self.seconds) * 1e3:,.3g} ms of {len(self.seconds)}"


def interleave(calls: Mapping[str, tuple[Callable[[], Any], int]], rounds: int) -> dict[str, Times]:
    """Time calls in turn, A B A B, so that a busy moment of the machine hits them all.

    Parameters
    ----------
    calls : mapping of str to (function, repeats)
        `repeats` in each round; 0 is once, in every fourth round, for what takes seconds.
    rounds : int
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(rounds):
        for name, (call, repeats) in calls.items():
            for _ in range(repeats or int(round_ % 4 == 0)):
                begun = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - begun)
    return {name: Times(tuple(taken)) for name, taken in seconds.items()}


def run_job(name: str, *arguments: Any, cache: str | None = None) -> dict[str, float]:
    """Run a job of `benchmarks.jobs` in a process of its own and return what it measured.

    Parameters
    ----------
    name : str
    *arguments
        Anything JSON can write.
    cache : str, optional
        Folder for compiled code instead of the usual one.
    """
    environment = os.environ | ({"XDG_CACHE_HOME": cache} if cache else {})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.jobs", name, json.dumps(arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the job {name} {arguments} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def available_gib() -> float:
    """Return free memory in GiB, 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("MemAvailable")), 0.0)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return p of the fit seconds ∝ size**p."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def machine() -> dict[str, Any]:
    """Return where and under which load this was measured."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": round(load, 2),
        "free_gib": round(available_gib(), 1),
    }
