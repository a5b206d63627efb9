"""Small charts of a report, without title and typeface: those are the page's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.views import style
from rebal_kit.views.report_content import Drawing
from rebal_kit.views.report_words import capital, percent, short
from rebal_kit.views.style import BAND, INK, QUIET

_WIDTH, _ROW = 250, 21
_BEFORE, _AFTER, _TARGET = "before", "after", "target"


def weights_drawing(classes: Sequence[Mapping[str, Any]]) -> Drawing:
    """Draw each class's weight before and after, on the range that the policy allows.

    Parameters
    ----------
    classes : sequence of mapping
        Of a proposal's document: class, target, low, high, before, after.
    """
    table = pd.DataFrame(
        [
            {"at": at, "class": capital(short(row["class"], 20)),
             **{key: None if row.get(key) is None else 100.0 * row[key] for key in ("low", "high", _BEFORE, _AFTER, _TARGET)}}
            for at, row in enumerate(classes)
        ]
    )  # fmt: skip
    for name in ("low", "high"):
        table[name] = pd.to_numeric(table[name])
    rows = table.melt(["at", "class"], [_BEFORE, _AFTER, _TARGET], "what", "percent")
    names = "{" + ",".join(f"{at}: {_quoted(name)}" for at, name in enumerate(table["class"])) + "}"
    axis = alt.Axis(labelExpr=f"({names})[datum.value]", labelLimit=130, labelPadding=6, domain=False, ticks=False, grid=False)  # fmt: skip
    y = alt.Y("at:O", title=None, axis=axis)
    figures = table[[_BEFORE, _AFTER, _TARGET, "high"]].to_numpy(np.float64)
    scale = alt.Scale(
        domain=[min(float(np.nanmin(figures)), 0.0), 1.04 * float(np.nanmax(figures))], nice=False
    )

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="% of the portfolio", scale=scale, axis=alt.Axis(grid=True, tickCount=5))

    whats = [_BEFORE, _AFTER, _TARGET]
    legend = alt.Legend(title=None, orient="top", direction="horizontal", offset=2, symbolStrokeWidth=1.6, symbolSize=62)
    looks = {
        "color": alt.Color("what:N", legend=legend, sort=whats,
                           scale=alt.Scale(domain=whats, range=[style.ORANGE, style.BLUE, INK])),
        "shape": alt.Shape("what:N", legend=legend, sort=whats,
                           scale=alt.Scale(domain=whats, range=["circle", "diamond", "M0,-1.4L0,1.4"])),
    }  # fmt: skip
    banded = alt.Chart(table[table["low"].notna()])
    layers = [
        banded.mark_bar(color=BAND, height=15).encode(x("low"), y, x2="high:Q"),
        alt.Chart(table).mark_rule(color=QUIET, strokeWidth=1.6).encode(x(_BEFORE), y, x2=f"{_AFTER}:Q"),
        alt.Chart(rows[rows["what"] == _TARGET]).mark_point(size=110, opacity=1, strokeWidth=1.8).encode(
            x("percent"), y, **looks
        ),
        alt.Chart(rows[rows["what"] != _TARGET]).mark_point(size=62, opacity=1, filled=True).encode(
            x("percent"), y, **looks
        ),
    ]  # fmt: skip
    said = "; ".join(
        f"{short(row['class'], 20)} {percent(row[_BEFORE])} to {percent(row[_AFTER])}, target {percent(row[_TARGET])}"
        for row in classes
    )
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_ROW * len(table))
    return _drawing(chart, f"Weights before and after: {said}. Pale: the range that the policy allows.")


def _drawing(chart: Any, text: str) -> Drawing:
    spec = chart.configure(**{**style.config(), "padding": 2}).to_dict(validate=False)
    del spec["config"]["font"]
    return Drawing(spec, text)


def _quoted(text: str) -> str:
    """Return text as Vega's expressions write it."""
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"
