"""Sweeps at scale: ten thousand drawn settings, what a second core brings, how time and memory grow."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Row, exponent, run_job

SETTINGS, FEWER = 10_000, (100, 1_000)
ROUNDS = 2
#: Settings that take one thread about two minutes.
LONG_SETTINGS = 70_000


def sweeps(settings: int = SETTINGS, fewer: tuple[int, ...] = FEWER, rounds: int = ROUNDS) -> Iterator[Row]:
    """Time the design on one thread and on two in turn, each in a process of its own; the fastest counts."""
    # On a machine that others use, too, the fastest is the least wrong.
    runs: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers, done in runs.items():
            done.append(run_job("sweep_design", settings, workers))
    alone, both = (min(done, key=lambda job: job["seconds"]) for done in runs.values())
    kept = run_job("sweep_design", settings, 2, True)
    name = f"sweep of {settings:,} settings × 20 stocks × 12 years"
    note = (f"taxed, harvested weekly: {both['trades']:,.0f} trades, US$ {both['harvested']:,.0f} of losses a setting; "
            f"{both['failed']:.0f} failed")  # fmt: skip
    yield Row(f"{name}: two threads", both["seconds"], "s", aim="< 60 s", note=note)
    yield Row(f"{name}: one thread", alone["seconds"], "s")
    yield Row(
        f"{name}: a second core makes it faster", alone["seconds"] / both["seconds"], "times", aim="≥ 1.8"
    )
    yield Row(f"{name}: kept on disk", kept["seconds"], "s", note="two threads")
    yield Row(f"{name}: again, all rows there", kept["again"], "s")
    yield Row(f"{name}: peak memory of the process", kept["peak_mib"], "MiB", aim="< 1,024")
    few = {n: run_job("sweep_design", n, 2, True) for n in fewer}
    for n, job in few.items():
        yield Row(
            f"sweep: {n:,} settings", job["seconds"], "s", note=f"peak memory {job['peak_mib']:.0f} MiB"
        )
    sizes, times = [*few, settings], [*(job["seconds"] for job in few.values()), kept["seconds"]]
    yield Row("growth of a sweep with settings", exponent(sizes, times), "power", aim="≤ 1.1")


def cluster(settings: int = LONG_SETTINGS) -> Iterator[Row]:
    """Time a job of two minutes on two dask workers, beside one thread of this process that does all of it."""
    alone = run_job("sweep_design", settings, 1)["seconds"]
    both = run_job("sweep_cluster", settings, 2)
    name = f"sweep of {settings:,} settings"
    yield Row(f"{name}: one thread", alone, "s")
    yield Row(f"{name}: two dask workers", both["seconds"], "s", note=f"{both['failed']:.0f} failed")
    yield Row(f"{name}: of the ideal for two workers", alone / both["seconds"] / 2.0, "share", aim="≥ 0.8",
              note="scheduler and client share the two processors")  # fmt: skip
