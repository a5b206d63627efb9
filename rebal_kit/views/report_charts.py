"""Small charts of a report, without title and typeface: those are the page's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.views import style
from rebal_kit.views.report_content import Drawing
from rebal_kit.views.report_words import capital, percent, short, usd
from rebal_kit.views.shape import thin
from rebal_kit.views.style import BAND, INK, QUIET

_WIDTH, _ROW = 250, 21
#: Points a curve and the height of growth.
_POINTS, _GROWTH = 320, 140
#: Vega's words for an amount on an axis: $0, $250k, $1.25M.
_US_DOLLARS = (
    "abs(datum.value) >= 1e6 ? format(datum.value / 1e6, '$.4~r') + 'M'"
    " : abs(datum.value) >= 1e3 ? format(datum.value / 1e3, '$.4~r') + 'k' : format(datum.value, '$.3~r')"
)
_BEFORE, _AFTER, _TARGET = "before", "after", "target"
_KEYS = ("low", "high", _BEFORE, _AFTER, _TARGET)


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
             **{key: None if row.get(key) is None else 100.0 * row[key] for key in _KEYS}}
            for at, row in enumerate(classes)
        ]
    )  # fmt: skip
    for name in ("low", "high"):
        table[name] = pd.to_numeric(table[name])
    rows = table.melt(["at", "class"], [_BEFORE, _AFTER, _TARGET], "what", "percent")
    names = "{" + ",".join(f"{at}: {_quoted(name)}" for at, name in enumerate(table["class"])) + "}"
    axis = alt.Axis(labelExpr=f"({names})[datum.value]", labelLimit=130, labelPadding=6, domain=False, ticks=False,
                    grid=False)  # fmt: skip
    y = alt.Y("at:O", title=None, axis=axis)
    figures = table[[_BEFORE, _AFTER, _TARGET, "high"]].to_numpy(np.float64)
    scale = alt.Scale(
        domain=[min(float(np.nanmin(figures)), 0.0), 1.04 * float(np.nanmax(figures))], nice=False
    )

    def x(field: str) -> alt.X:
        return alt.X(
            f"{field}:Q", title="% of the portfolio", scale=scale, axis=alt.Axis(grid=True, tickCount=5)
        )

    whats = [_BEFORE, _AFTER, _TARGET]
    legend = alt.Legend(
        title=None, orient="top", direction="horizontal", offset=2, symbolStrokeWidth=1.6, symbolSize=62
    )
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


def growth_drawing(values: Mapping[str, pd.Series]) -> Drawing:
    """Draw what two runs were worth after the taxes and costs paid so far; the second is black and dashed.

    Parameters
    ----------
    values : mapping of str to Series
        US$ by session, by the name of the run: the policy, and what it is held against.
    """
    names = list(values)
    table = thin(pd.DataFrame(dict(values)), _POINTS).round(0)
    numbered = (
        table.set_axis([f"c{at}" for at in range(len(names))], axis=1).rename_axis("date").reset_index()
    )
    rows = numbered.melt("date", var_name="run", value_name="value")
    lowest, highest = float(table.min().min()), float(table.max().max())
    scale = alt.Scale(domain=[0.96 * lowest, 1.03 * highest], nice=False, zero=False)
    shown = "{" + ",".join(f"c{at}: {_quoted(short(name))}" for at, name in enumerate(names)) + "}"
    legend = alt.Legend(title=None, orient="top", direction="vertical", offset=2, labelExpr=f"({shown})[datum.label]",
                        symbolType="stroke", symbolSize=300)  # fmt: skip
    domain = [f"c{at}" for at in range(len(names))]
    years = len(set(table.index.year))
    chart = alt.Chart(rows).mark_line().encode(
        alt.X("date:T", title=None, axis=alt.Axis(format="%Y" if years > 2 else "%b %Y", tickCount=6)),
        alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=5)),
        color=alt.Color("run:N", legend=legend, scale=alt.Scale(domain=domain, range=[style.SKY, style.BLACK])),
        strokeWidth=alt.StrokeWidth("run:N", legend=legend, scale=alt.Scale(domain=domain, range=[3.2, 1.0])),
        strokeDash=alt.StrokeDash("run:N", legend=legend, scale=alt.Scale(domain=domain, range=[[1, 0], [4, 3]])),
    ).properties(width=_WIDTH + 60, height=_GROWTH)  # fmt: skip
    said = "; ".join(
        f"{short(name)} {usd(found.iloc[0])} to {usd(found.iloc[-1])}" for name, found in values.items()
    )
    return _drawing(chart, f"Value after the taxes and costs paid so far: {said}.")


def _drawing(chart: Any, text: str) -> Drawing:
    look = {**style.config(), "padding": 2}
    for part in ("axis", "legend"):
        look[part] = {**look[part], "labelFontSize": 11, "titleFontSize": 11}
    spec = chart.configure(**look).to_dict(validate=False)
    del spec["config"]["font"]
    return Drawing(spec, text)


def _quoted(text: str) -> str:
    """Return text as Vega's expressions write it."""
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"
