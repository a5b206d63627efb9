"""What a sweep found, in a few lines: how many settings ran, how far results go apart, and with which fields.

No setting is shown as the best: the best of many is lucky as well as good, and one history cannot say how lucky.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.axes import Axis, Between
from rebal_kit.run import METRICS
from rebal_kit.views.tables import number

_REASONS = 3
#: A field with more values is shown by thirds of its range, or not at all.
_FEW_VALUES = 12
_GROWTH = "cagr_after_liquidation"
#: Measures that are shown: name, factor, digits.
_SHOWN = {
    "value_after_tax": ("value after tax, $k", 1e-3, 1), _GROWTH: ("growth after liquidation, %", 100.0, 2),
    "max_drawdown": ("worst drawdown, %", 100.0, 1), "trades": ("trades", 1.0, 0),
}  # fmt: skip


def terminal(path: Path, axes: Iterable[Axis] = ()) -> Iterator[Any]:
    """Yield what to print of a sweep's file; only the columns that are shown are read.

    Parameters
    ----------
    path : Path
    axes : iterable of Axis
        What was varied, where it is known: fields drawn from a range are shown by thirds of it.
    """
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
        yield from _found(path, {axis.name: axis.span for axis in axes if axis.span is not None})
    yield Text("· back-tests, no forecast; not tax advice", style="dim")


def failed(path: Path) -> bool:
    """Say whether some rows did not run."""
    return bool(pc.any(pc.not_equal(pq.read_table(path, columns=["status"])["status"], "ok")).as_py())


def _found(path: Path, spans: dict[str, Between]) -> Iterator[Any]:
    """Yield how far results go apart, over all rows and by field, and what these figures do not say."""
    named = [name for name in pq.read_schema(path).names if name not in ("key", "status", *METRICS)]
    rows = pq.read_table(path, columns=[*named, "status", *_SHOWN]).to_pandas()
    ran = rows["status"] == "ok"
    yield _overall(rows[ran])
    counts = {name: rows[name].nunique(dropna=False) for name in named}
    groups = {name: _groups(rows[name], spans.get(name)) for name, count in counts.items() if count > 1}
    shown = {name: group for name, group in groups.items() if group is not None}
    if shown:
        yield _by_field(rows, ran, shown)
        yield Text(
            "· middle half: from the 25th to the 75th percentile of the settings with that value", style="dim"
        )
    for name in (name for name in groups if name not in shown):
        yield Text(f"· {name} has {counts[name]:,} values: too many to list", style="dim")
    unknown = int(rows.loc[ran, _GROWTH].isna().sum())
    if unknown:
        yield Text(f"· growth is not known in {unknown:,} rows, as where money ran out: left out here")
    yield Text(
        "· one row ahead of another may be luck: rk.plateau tells which settings can be told apart (notebook 05)",
        style="dim",
    )


def _overall(ran: pd.DataFrame) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title=Text(f"Over all {len(ran):,} rows that ran"), title_justify="left"
    )
    table.add_column("", overflow="fold")
    for title in ("lowest", "median", "highest"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, (said, times, digits) in _SHOWN.items():
        values = ran[name] * times
        figures = (values.min(), values.median(), values.max())
        table.add_row(said, *(number(float(figure), digits) for figure in figures))
    return table


def _by_field(rows: pd.DataFrame, ran: pd.Series, groups: dict[str, pd.Series]) -> Table:
    """Return growth by the value of each field, over whatever the other fields are."""
    table = Table(
        box=box.SIMPLE_HEAD, title=Text("Growth after liquidation by field, all else varied, %"), title_justify="left"
    )  # fmt: skip
    table.add_column("", overflow="fold")
    for title in ("rows", "median", "middle half"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, group in groups.items():
        table.add_row(Text(name, style="bold"))
        for value in group.cat.categories:
            inside = group == value
            low, median, high = (100.0 * rows.loc[inside, _GROWTH].quantile([0.25, 0.5, 0.75])).tolist()
            span = f"{number(low, 2)} to {number(high, 2)}" if np.isfinite(low) else "–"
            table.add_row(Text(f"  {value}"), f"{int(ran[inside].sum()):,}", number(median, 2), span)
    return table


def _groups(column: pd.Series, span: Between | None) -> pd.Series | None:
    """Return to which value of a field, or to which third of its range, each row belongs; None of too many values."""
    drawn = span is not None and not span.whole
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not drawn and column.nunique(dropna=False) <= _FEW_VALUES:
        values = column.drop_duplicates()
        order = [_short(value) for value in (values.sort_values() if numeric else values)]
        return pd.Series(pd.Categorical(column.map(_short), dict.fromkeys(order)), index=column.index)
    if not numeric or column.name == "path":  # the number of a history measures nothing
        return None
    span = span or Between(float(column.min()), float(column.max()))
    edges = [span.at(1 / 3), span.at(2 / 3)]
    third = pd.Series(np.searchsorted(edges, column.to_numpy(float), side="right"), index=column.index)
    ends = column.groupby(third).agg(["min", "max"])
    names = {at: f"{low:.3g} to {high:.3g}" for at, low, high in ends.itertuples()}
    return pd.Series(pd.Categorical(third.map(names), dict.fromkeys(names.values())), index=column.index)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
