"""What a sweep found, in a few lines: how many settings ran, why others did not, and which did best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.run import METRICS
from rebal_kit.views.tables import number

_BEST, _REASONS = 5, 3
_BY = "value_after_tax"
_SHOWN = {_BY: "after tax, $k", "cagr_after_tax": "growth", "max_drawdown": "drawdown", "trades": "trades"}


def terminal(path: Path) -> Iterator[Any]:
    """Yield what to print of a sweep's file; only the columns that are shown are read."""
    status = pq.read_table(path, columns=["status"])["status"]
    ran = pc.sum(pc.equal(status, "ok")).as_py()
    yield Text(f"{path}: {len(status):,} rows, {ran:,} ran, {len(status) - ran:,} did not", style="bold")
    reasons = sorted(pc.value_counts(status).to_pylist(), key=lambda row: -row["counts"])
    others = [row for row in reasons if row["values"] != "ok"]
    for row in others[:_REASONS]:
        yield Text(f"· {row['counts']:,} did not run: {row['values']}")
    if len(others) > _REASONS:
        yield Text(f"· and {len(others) - _REASONS:,} other reasons: see the column status")
    if ran:
        yield _best(path)
        yield Text(f"· the best of {ran:,} settings is lucky as well as good", style="dim")
    yield Text("· back-tests, no forecast; not tax advice", style="dim")


def failed(path: Path) -> bool:
    """Say whether some rows did not run."""
    return bool(pc.any(pc.not_equal(pq.read_table(path, columns=["status"])["status"], "ok")).as_py())


def _best(path: Path) -> Table:
    named = [name for name in pq.read_schema(path).names if name not in ("key", "status", *METRICS)]
    rows = pq.read_table(path, columns=[*named, *_SHOWN]).to_pandas()
    varied = [name for name in named if rows[name].nunique(dropna=False) > 1]
    best = rows.nlargest(_BEST, _BY)
    table = Table(
        box=box.SIMPLE_HEAD, title=f"The {len(best)} with the most value after tax", title_justify="left"
    )
    table.add_column("setting", overflow="fold")
    for title in _SHOWN.values():
        table.add_column(title, justify="right", no_wrap=True)
    for row in best.to_dict("records"):
        table.add_row(
            ", ".join(f"{name} {_short(row[name])}" for name in varied), number(row[_BY] / 1e3, 1),
            f"{number(row['cagr_after_tax'] * 100, 2)} %", f"{number(row['max_drawdown'] * 100, 1)} %",
            number(row["trades"], 0),
        )  # fmt: skip
    return table


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
