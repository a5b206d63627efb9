"""Jobs that need a process of their own: peak memory, imports, a first run. They print one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def import_package() -> dict[str, float]:
    """Import the package; then load every public name, which is when numba and pandas come in."""
    begun = time.perf_counter()
    import rebal_kit

    imported = time.perf_counter()
    for name in rebal_kit.__all__:
        getattr(rebal_kit, name)
    return {"import": imported - begun, "vocabulary": time.perf_counter() - begun}


def first_run() -> dict[str, float]:
    """Run a back-test, then a tax report, as the first things in a process: compiled now, or read from the cache."""
    begun = time.perf_counter()
    from rebal_kit.backtest import warm

    loaded = time.perf_counter()
    run = warm()
    ran = time.perf_counter()
    run.audit()
    return {"import": loaded - begun, "seconds": ran - loaded, "report": time.perf_counter() - ran}


def sweep_rebal_kit(settings: int, workers: int) -> dict[str, float]:
    """Run the grid by `sweep`; a short one first, so that the machine code is loaded."""
    import rebal_kit as rk
    from benchmarks.case import equal_weights, grid, stock_prices

    prices = stock_prices()
    market, household = rk.Market.from_close(prices), equal_weights(list(prices.columns))
    policies = grid(settings)
    rk.sweep(market, household, policies[:2])
    begun = time.perf_counter()
    table = rk.sweep(market, household, policies, workers=workers)
    taken = time.perf_counter() - begun
    return {
        "seconds": taken,
        "trades": float(table["trades"].sum()),
        "failed": float((table["status"] != "ok").sum()),
    }


def sweep_design(settings: int, workers: int, kept: bool = False) -> dict[str, float]:
    """Run so many drawn settings of 20 bundled stocks over 12 years; `kept` on disk, and then once more from there."""
    import rebal_kit as rk
    from benchmarks.case import drawn_settings, equal_weights, first_stocks

    market = rk.load_market("stocks")
    household = equal_weights(first_stocks(market))
    rk.sweep(market, household, drawn_settings(4), workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.parquet" if kept else None
        taken = []
        for _ in range(1 + kept):
            begun = time.perf_counter()
            table = rk.sweep(market, household, drawn_settings(settings), workers=workers, out=out)
            taken.append(time.perf_counter() - begun)
    return {
        "seconds": taken[0],
        "again": taken[-1],
        "trades": float(table["trades"].sum()),
        "harvested": float(table["harvested"].mean()),
        "failed": float((table["status"] != "ok").sum()),
    }


def sweep_cluster(settings: int, workers: int) -> dict[str, float]:
    """Sweep the same design on dask workers of one thread each, started here; what starting them takes is not timed."""
    from distributed import LocalCluster

    import rebal_kit as rk
    from benchmarks.case import drawn_settings, equal_weights, first_stocks

    market = rk.load_market("stocks")
    household = equal_weights(first_stocks(market))
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        where = {"executor": "dask", "scheduler": cluster.scheduler_address}
        rk.sweep(market, household, drawn_settings(64 * workers), **where)
        begun = time.perf_counter()
        table = rk.sweep(market, household, drawn_settings(settings), **where)
        taken = time.perf_counter() - begun
    return {"seconds": taken, "failed": float((table["status"] != "ok").sum())}


def sweep_vectorbt(settings: int) -> dict[str, float]:
    """Simulate the same calendars by one `from_orders`; what prepares its inputs is not timed."""
    from benchmarks.case import grid, setting_of, stock_prices
    from benchmarks.peers import run_vectorbt, target_orders, vectorbt_sweep_inputs

    prices = stock_prices()
    setting = setting_of(prices)
    sizes = []
    for policy in grid(settings):
        looked = setting.plan(policy).look[0].copy()
        looked[0] = True
        sizes.append(target_orders(prices, looked))
    run_vectorbt(prices, sizes[0])
    inputs = vectorbt_sweep_inputs(prices, sizes)
    begun = time.perf_counter()
    portfolio = run_vectorbt(*inputs)
    taken = time.perf_counter() - begun
    return {"seconds": taken, "trades": float(len(portfolio.orders.records))}


JOBS: dict[str, Any] = {
    "import_package": import_package,
    "first_run": first_run,
    "sweep_rebal_kit": sweep_rebal_kit,
    "sweep_cluster": sweep_cluster,
    "sweep_design": sweep_design,
    "sweep_vectorbt": sweep_vectorbt,
}


if __name__ == "__main__":
    figures = JOBS[sys.argv[1]](*json.loads(sys.argv[2]))
    # Kilobytes on Linux, bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(json.dumps(figures | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}))
