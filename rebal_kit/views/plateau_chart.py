"""A sweep over two fields as a map: the higher the darker, and around the settings that could be the best a border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.findings import Finding, PolicyError
from rebal_kit.views import shape
from rebal_kit.views.study_charts import finish
from rebal_kit.views.style import INK

if TYPE_CHECKING:
    from rebal_kit.plateau import Plateau

#: From light to dark, so that the order is read on grey paper and with any colour vision: blues of Okabe and Ito's hue.
_DARKER = ("#F3F8FC", "#C9DFEF", "#8FC0DF", "#4A97C6", "#0072B2", "#004A75")
_MISSING = "#C8C8C8"
#: What the axes say of the fields that are mostly varied, and how many times a value is shown: 0.05 as 5.
_FIELDS = {
    "absolute": ("Band around the target, percentage points", 100.0),
    "relative": ("Band around the target, % of the target", 100.0),
    "look": ("Look at the drift every so many sessions", 1.0),
    "min_loss_pct": ("Least loss that is harvested, % of the lot", 100.0),
    "half_spread_bps": ("Half spread, basis points", 1.0),
}
_MEASURES = {
    "cagr_after_liquidation": ("Growth a year after tax and liquidation, %", 100.0, ".2f"),
    "cagr_after_tax": ("Growth a year after tax, %", 100.0, ".2f"),
    "value_after_liquidation": ("Value after tax and liquidation, US$ thousands", 1e-3, ",.0f"),
    "value_after_tax": ("Value after tax, US$ thousands", 1e-3, ",.0f"),
}
_CELL = (74, 40)
#: From this far up the colours on, figures are white.
_WHITE_FROM = 0.7


def plateau_map(
    swept: pd.DataFrame, found: Plateau, across: str, down: str, measure: str = "cagr_after_liquidation",
    title: str = "Where is the plateau?",
) -> alt.LayerChart:  # fmt: skip
    """Draw a measure over two fields of a design, with a border around the plateau; the peak is not marked.

    Parameters
    ----------
    swept : DataFrame
        As `rebal_kit.sweep` returns it for a design that varies these two fields and nothing else.
    found : Plateau
        Of the same settings in the same order: ``plateau(compare(market, household, list(design)))``. Those that could
        not be run are left out there and are blank on the map.
    across, down : str
        Columns of `swept`: ``"triggers[0].look"``, ``"triggers[0].band.absolute"``.
    measure : str
        A growth or value after tax of `rebal_kit.run.METRICS`.
    title : str

    Raises
    ------
    PolicyError
        A column is missing, a place on the map has two settings, or `found` is of others.
    """
    _check(swept, found, across, down, measure)
    words, times, form = _MEASURES[measure]
    columns, rows = (sorted(swept[field].dropna().unique()) for field in (across, down))
    known = found.table.set_axis(swept.index[swept[measure].notna()]).reindex(swept.index)
    on = known["plateau"].eq(True).to_numpy()
    cells = pd.DataFrame(
        {
            "x": [columns.index(value) for value in swept[across]], "y": [rows.index(value) for value in swept[down]],
            "across": swept[across].map(_said).to_numpy(), "down": swept[down].map(_said).to_numpy(),
            "value": (swept[measure].to_numpy(float) * times).round(6),
            "behind": (known["behind"].to_numpy() * 1e4).round(2),
            "low": (known["low"].to_numpy() * 1e4).round(2),
            "high": (known["high"].to_numpy() * 1e4).round(2),
            "plateau": np.where(on, "yes", "no"),
        }
    )  # fmt: skip
    for axis in ("x", "y"):
        cells[f"{axis}1"], cells[f"{axis}2"] = cells[axis] - 0.5, cells[axis] + 0.5
    best, last = cells["value"].max(), cells["value"].min()
    # Colours span what luck may do, at least: a map of settings that are all alike shall look even.
    luck = found.reach * times if measure.startswith("cagr") else 0.0
    across_axis, down_axis = _axis(across, columns, "x"), _axis(down, rows, "y")
    chart = _drawn(cells, across_axis, down_axis, words, form, float(min(last, best - luck)))
    size = {"width": _CELL[0] * len(columns), "height": _CELL[1] * len(rows)}
    count = f"{on.sum()} of {len(cells)}"
    below = [
        f"{words}. Inside the border: {count} settings that cannot be told from the best;",
        (
            f"×: behind by more than luck (intervals that hold for all at once at {found.level:.0%}). Highest less"
            f" lowest: {format(best - last, form)}"
        ),
    ]
    if found.comparison is not None:
        below.append(shape.setting_line(found.comparison))
    text = (
        f"{words}, {format(last, form)} to {format(best, form)} over {len(rows)} by {len(columns)} settings;"
        f" {count} are on the plateau and cannot be told from the best."
    )
    return finish(chart.properties(**size), title, below, found.comparison, text)


def _drawn(
    cells: pd.DataFrame, across: Any, down: Any, words: str, form: str, lowest: float
) -> alt.LayerChart:
    """Draw cells, their figures, a cross on what is off the plateau, and its border; the lightest is `lowest`."""
    x, y = alt.X("x1:Q", **across), alt.Y("y1:Q", **down)
    known = cells["value"].dropna()
    colours = alt.Scale(range=[*_DARKER], domain=[lowest, float(known.max())])
    fill = alt.condition(
        "isValid(datum.value)",
        alt.Color(
            "value:Q",
            scale=colours,
            title=None,
            legend=alt.Legend(format=form, gradientLength=160, tickCount=4),
        ),
        alt.value(_MISSING),
    )
    base = alt.Chart(cells)
    tips = [
        alt.Tooltip("down:N", title=down["title"]), alt.Tooltip("across:N", title=across["title"]),
        alt.Tooltip("value:Q", format=form, title=words), alt.Tooltip("plateau:N", title="on the plateau"),
        alt.Tooltip("behind:Q", format="+.0f", title="less the best, bp a year"),
        alt.Tooltip("low:Q", format="+.0f"), alt.Tooltip("high:Q", format="+.0f"),
    ]  # fmt: skip
    dark = float(lowest + _WHITE_FROM * (known.max() - lowest))
    on_top = alt.condition(f"datum.value > {dark!r}", alt.value("white"), alt.value(INK))
    figures = base.transform_filter("isValid(datum.value)").mark_text(fontSize=12).encode(
        alt.X("x:Q", **across), alt.Y("y:Q", **down), alt.Text("value:Q", format=form),
        color=on_top,
    )  # fmt: skip
    layers = [base.mark_rect(stroke="white", strokeWidth=1).encode(x, y, x2="x2:Q", y2="y2:Q", color=fill,
                                                                  tooltip=tips)]  # fmt: skip
    behind = base.transform_filter("datum.plateau == 'no' && isValid(datum.value)").mark_text(
        text="×", fontSize=17, fontWeight="bold", dx=26, dy=-10
    ).encode(alt.X("x:Q", **across), alt.Y("y:Q", **down), color=on_top)  # fmt: skip
    layers += [figures, behind]
    border = alt.Chart(_border(cells)).mark_rule(color=INK, strokeWidth=3.5, strokeCap="square").encode(
        x, y, x2="x2:Q", y2="y2:Q"
    )  # fmt: skip
    return alt.layer(*layers, border)


def _border(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the sides between cells on the plateau and others: x1, x2, y1, y2."""
    inside = set(cells.loc[cells["plateau"] == "yes", ["x", "y"]].itertuples(index=False, name=None))
    sides = []
    for x, y in sorted(inside):
        edges = {
            (x - 1, y): (x - 0.5, x - 0.5, y - 0.5, y + 0.5), (x + 1, y): (x + 0.5, x + 0.5, y - 0.5, y + 0.5),
            (x, y - 1): (x - 0.5, x + 0.5, y - 0.5, y - 0.5), (x, y + 1): (x - 0.5, x + 0.5, y + 0.5, y + 0.5),
        }  # fmt: skip
        sides += [side for neighbour, side in edges.items() if neighbour not in inside]
    return pd.DataFrame(sides, columns=["x1", "x2", "y1", "y2"])


def _axis(field: str, values: list[Any], side: str) -> dict[str, Any]:
    """Return title, scale and axis of a field whose values stand side by side, each as wide as the others."""
    words, times = _FIELDS.get(field.rsplit(".", 1)[-1], (field, 1.0))
    written = [_said(value * times if times != 1.0 else value) for value in values]
    axis = alt.Axis(values=list(range(len(values))), labelExpr=f"{written!r}[datum.value]", grid=False, ticks=False,
                    domain=False, labelAngle=0, labelPadding=6)  # fmt: skip
    scale = alt.Scale(domain=[-0.5, len(values) - 0.5], nice=False, zero=False, reverse=side == "y")
    return {"title": words, "axis": axis, "scale": scale}


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)


def _check(swept: pd.DataFrame, found: Plateau, across: str, down: str, measure: str) -> None:
    """Raise PolicyError for a table that is no map."""
    where = "plateau_map"
    missing = [name for name in (across, down, measure) if name not in swept]
    if missing or measure not in _MEASURES:
        what = f"the sweep has no column {', '.join(missing)}" if missing else f"measure is {measure!r}"
        remedy = "name two fields that the design varies" if missing else f"use {', '.join(_MEASURES)}"
        raise PolicyError(Finding("error", where, what, remedy))
    if across == down or swept.duplicated([across, down]).any():
        what = f"several settings have the same {across} and {down}"
        raise PolicyError(Finding("error", where, what, "vary two fields and nothing else, or pick rows"))
    ran = swept[measure].dropna().to_numpy()
    same = len(ran) == len(found.table)
    if same and found.comparison is not None:
        same = bool((found.comparison.table[measure].to_numpy() == ran).all())
    if not same:
        what = f"the sweep's {len(ran)} rows are not the {len(found.table)} settings of the plateau"
        raise PolicyError(Finding("error", where, what, "compare the design that was swept, in its order"))
