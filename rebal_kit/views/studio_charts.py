"""The studio's charts: a drawing that is made once for given curves, and data that are sent to it after a change."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.backtest import Backtest
from rebal_kit.views import shape, style
from rebal_kit.views.charts import _MARKS, _US_DOLLARS
from rebal_kit.views.shape import label, thin
from rebal_kit.views.studio_model import NOW, REFERENCE, Outcome

#: Points a curve: more than a chart of the page has pixels for.
POINTS = 440
#: Classes that are drawn; the smallest are left out.
MOST_CLASSES = 6
_WIDTH = 650
#: Numbers are milliseconds already: nothing is to be read from text.
_AS_IT_IS = alt.DataFormat(parse=None)


class Drawing(NamedTuple):
    """A chart, and what it draws now.

    Attributes
    ----------
    spec : dict
        Vega-Lite with named data and none in it.
    data : dict of str to list of dict
    """

    spec: dict[str, Any]
    data: dict[str, list[dict[str, Any]]]

    @property
    def whole(self) -> dict[str, Any]:
        """The chart with its data inside, for a file."""
        return {**self.spec, "datasets": self.data}


class Shown(NamedTuple):
    """Runs to be drawn, by name: the one of now, those that are pinned, the reference."""

    runs: dict[str, Backtest]

    @classmethod
    def of(cls, outcome: Outcome, pins: Mapping[str, Outcome]) -> Shown:
        """Return what is to be drawn."""
        others = {name: one.run for name, one in pins.items()}
        return cls({NOW: outcome.run, **others, REFERENCE: outcome.reference})


_drawn: dict[Any, dict[str, Any]] = {}


def growth(shown: Shown) -> Drawing:
    """Draw what each run was worth after the taxes and costs paid so far."""
    names = list(shown.runs)
    key = ("growth", tuple(names), shown.runs[NOW].market.badge)
    if key not in _drawn:
        _drawn[key] = _growth_spec(names, shown.runs[NOW].market.badge)
    values = pd.DataFrame({f"p{at}": run.daily["value"] for at, run in enumerate(shown.runs.values())})
    values = thin(values, min(POINTS, shape.MOST_ROWS // len(names)), by="p0")
    dates, days = _dates(values.index)
    columns = {"date": dates, "day": days} | {
        name: [round(v) if math.isfinite(v) else None for v in values[name].tolist()] for name in values
    }
    return Drawing(_drawn[key], {"growth": _rows(columns)})


def _growth_spec(names: list[str], badge: str) -> dict[str, Any]:
    given = _looks(names)
    keys = [f"p{at}" for at in range(len(names))]
    words = " : ".join(
        f"datum.label == '{key}' ? {json.dumps(name)}" for key, name in zip(keys, names, strict=True)
    )
    legend = alt.Legend(orient="top", direction="horizontal", columns=6, title=None, symbolSize=500,
                        symbolStrokeWidth=2.4, labelExpr=f"{words} : ''")  # fmt: skip
    data = alt.NamedData(name="growth", format=_AS_IT_IS)
    x = alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%Y", tickCount="year"))
    lines = alt.Chart(data).transform_fold(keys, ["run", "value"]).mark_line(strokeWidth=1.6).encode(
        x, alt.Y("value:Q", scale=alt.Scale(zero=False), title="US$ after tax",
                 axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=6)),
        color=alt.Color("run:N", sort=keys, legend=legend,
                        scale=alt.Scale(domain=keys, range=[given[name].colour for name in names])),
        strokeDash=alt.StrokeDash("run:N", sort=keys, legend=legend,
                                  scale=alt.Scale(domain=keys, range=[[*given[name].dash] for name in names])),
    )  # fmt: skip
    near = alt.selection_point(
        "near", nearest=True, on="pointerover", clear="pointerout", fields=["date"], empty=False
    )
    tips = [alt.Tooltip("day:N", title="day")]
    tips += [
        alt.Tooltip(f"{key}:Q", format="$,.0f", title=name) for key, name in zip(keys, names, strict=True)
    ]
    ruler = alt.Chart(data).mark_rule(color=style.QUIET).encode(
        x, opacity=alt.condition(near, alt.value(0.5), alt.value(0)), tooltip=tips
    ).add_params(near)  # fmt: skip
    title = "Value of all accounts after the taxes and costs paid so far, US$"
    text = f"Value after tax of {', '.join(names)}, over time."
    return _spec(alt.layer(lines, ruler).properties(width=_WIDTH, height=300), title, text, badge)


def _looks(names: list[str]) -> dict[str, style.Look]:
    """Give each run a look; the one of now, which is read first, a solid line."""
    given = style.looks(names, REFERENCE)
    return {**given, NOW: replace(given[NOW], dash=(1, 0))}


def drift(shown: Shown) -> Drawing:
    """Draw each class's weight against target and band, with the trades that brought it back, for the run of now."""
    run = shown.runs[NOW]
    bands = run.bands.sort_values("target", ascending=False, kind="stable").head(MOST_CLASSES)
    names = list(bands.index)
    key = ("drift", tuple(names), len(run.bands), run.market.badge)
    if key not in _drawn:
        _drawn[key] = _drift_spec(names, len(run.bands) - len(names), run.market.badge)
    positions = np.linspace(0, len(run.weights) - 1, min(POINTS, len(run.weights))).astype(int)
    weights = run.weights[names].iloc[positions]
    dates, days = _dates(weights.index)
    columns = {"date": dates, "day": days}
    columns |= {f"c{at}": weights[name].round(5).tolist() for at, name in enumerate(names)}
    edges = [
        {"c": at, "first": dates[0], "last": dates[-1],
         **{k: v if math.isfinite(v) else None for k, v in bands.loc[name].to_dict().items()}}
        for at, name in enumerate(names)
    ]  # fmt: skip
    return Drawing(_drawn[key], {"weights": _rows(columns), "edges": edges, "marks": _marked(run, names)})


def _marked(run: Backtest, names: list[str]) -> list[dict[str, Any]]:
    trades = shape.marked_trades(run)
    trades = trades[trades["class"].isin(names)]
    dates, days = _dates(pd.DatetimeIndex(trades["date"]))
    return _rows(
        {
            "c": [names.index(name) for name in trades["class"]], "date": dates, "day": days,
            "weight": trades["weight"].astype(float).round(5).tolist(),
            **{name: trades[name].tolist() for name in ("mark", "side", "symbols", "reason")},
            "amount": trades["amount"].astype(float).round().tolist(),
            "gain": trades["gain"].astype(float).round().tolist(),
        }
    )  # fmt: skip


def _drift_spec(names: list[str], left_out: int, badge: str) -> dict[str, Any]:
    kinds = list(_MARKS)
    marks = {"shape": [_MARKS[k][0] for k in kinds], "color": [_MARKS[k][1] for k in kinds]}
    weights = alt.NamedData(name="weights", format=_AS_IT_IS)
    rows = []
    for at, name in enumerate(names):
        last = at == len(names) - 1
        axis = alt.Axis(format="%Y", tickCount="year") if last else alt.Axis(labels=False, ticks=False)
        x = alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=axis)
        y = alt.Y(
            f"c{at}:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".1~%", tickCount=4)
        )
        own = alt.Chart(alt.NamedData(name="edges", format=_AS_IT_IS)).transform_filter(f"datum.c == {at}")
        legend = alt.Legend(orient="bottom", title=None)
        band = own.transform_filter("isValid(datum.lower)").mark_rect(color=style.BAND).encode(
            alt.X("first:T", title=None, scale=alt.Scale(type="utc"), axis=axis), x2="last:T",
            y=alt.Y("lower:Q", title=None), y2="upper:Q",
        )  # fmt: skip
        target = own.mark_rule(strokeDash=[5, 4], color=style.QUIET).encode(alt.Y("target:Q", title=None))
        line = alt.Chart(weights).mark_line(color=style.INK, strokeWidth=1.1).encode(x, y)
        mine = alt.Chart(alt.NamedData(name="marks", format=_AS_IT_IS)).transform_filter(f"datum.c == {at}")
        points = mine.mark_point(
            filled=True, size=42, opacity=0.95, stroke="white", strokeWidth=0.5
        ).encode(
            x, alt.Y("weight:Q", title=None),
            shape=alt.Shape("mark:N", legend=legend, scale=alt.Scale(domain=kinds, range=marks["shape"])),
            color=alt.Color("mark:N", legend=legend, scale=alt.Scale(domain=kinds, range=marks["color"])),
            tooltip=_tips(),
        )  # fmt: skip
        heading = alt.TitleParams(label(name), fontSize=12, offset=2)
        rows.append(alt.layer(band, target, line, points).properties(width=_WIDTH, height=74, title=heading))
    chart = alt.vconcat(*rows, spacing=8).resolve_scale(color="shared", shape="shared")
    title = "Share of the portfolio; shaded: tolerance band; dashed: target"
    title += f"; the {left_out} smallest classes are not drawn" if left_out else ""
    return _spec(chart, title, f"Weights of {', '.join(names)} against target and band, over time.", badge)


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("day:N"),
        alt.Tooltip("side:N", title="trade"),
        alt.Tooltip("symbols:N", title="securities"),
        alt.Tooltip("amount:Q", format="$,.0f"),
        alt.Tooltip("gain:Q", format="$,.0f", title="gain or loss"),
        alt.Tooltip("weight:Q", format=".1%", title="weight after"),
        alt.Tooltip("reason:N"),
    ]


def taxes(shown: Shown) -> Drawing:
    """Draw the income tax of each year, run by run."""
    names = list(shown.runs)
    key = ("taxes", tuple(names), shown.runs[NOW].market.badge)
    if key not in _drawn:
        _drawn[key] = _taxes_spec(names, shown.runs[NOW].market.badge)
    rows = [
        {"year": int(year), "tax": round(float(tax), 2), "run": name}
        for name, run in shown.runs.items()
        for year, tax in run.years["tax"].items()
    ]
    return Drawing(_drawn[key], {"taxes": rows})


def _taxes_spec(names: list[str], badge: str) -> dict[str, Any]:
    given = _looks(names)
    bars = alt.Chart(alt.NamedData(name="taxes", format=_AS_IT_IS)).mark_bar().encode(
        alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, domain=False, ticks=False)),
        alt.Y("tax:Q", title="US$", axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=5)),
        xOffset=alt.XOffset("run:N", sort=names),
        color=alt.Color("run:N", sort=names, legend=alt.Legend(orient="top", title=None, columns=6),
                        scale=alt.Scale(domain=names, range=[given[name].colour for name in names])),
        tooltip=[alt.Tooltip("run:N"), alt.Tooltip("year:O"), alt.Tooltip("tax:Q", format="$,.0f")],
    )  # fmt: skip
    title = "Income tax that the portfolio adds to the household's return, US$; below zero it lowers it"
    return _spec(bars.properties(width=_WIDTH, height=300), title, "Income tax by year and run.", badge)


def bands(rows: list[dict[str, Any]], now: float) -> Drawing:
    """Draw what the same policy comes to with bands of all widths; a rule marks the one that is set.

    Parameters
    ----------
    rows : list of dict
        band (points), after_tax, after_liquidation (US$), drift (fraction), trades.
    now : float
        The band of now, points.
    """
    if "bands" not in _drawn:
        _drawn["bands"] = _bands_spec()
    return Drawing(_drawn["bands"], {"bands": rows, "set": [{"band": now}]})


def _bands_spec() -> dict[str, Any]:
    base = alt.Chart(alt.NamedData(name="bands", format=_AS_IT_IS))
    tips = [alt.Tooltip("band:Q", title="band, points"), alt.Tooltip("after_tax:Q", format="$,.0f", title="after tax"),
            alt.Tooltip("after_liquidation:Q", format="$,.0f", title="after liquidation"),
            alt.Tooltip("drift:Q", format=".2%", title="average drift"), alt.Tooltip("trades:Q")]  # fmt: skip
    rule = alt.Chart(alt.NamedData(name="set", format=_AS_IT_IS)).mark_rule(
        color=style.QUIET, strokeDash=[5, 4]
    )
    panels = []
    for field, title, form, colour in (
        ("after_tax", "Value after tax, US$", None, style.BLUE),
        ("after_liquidation", "Value after liquidation, US$", None, style.VERMILLION),
        ("drift", "Average drift", ".1~%", style.GREEN),
        ("trades", "Trades", "~s", style.INK),
    ):
        last = field == "trades"
        x = alt.X("band:Q", title="Tolerance band of all classes, points" if last else None,
                  axis=alt.Axis(labels=last, ticks=last))  # fmt: skip
        axis = alt.Axis(format=form, tickCount=4) if form else alt.Axis(labelExpr=_US_DOLLARS, tickCount=4)
        y = alt.Y(f"{field}:Q", title=None, scale=alt.Scale(zero=False), axis=axis)
        line = base.mark_line(color=colour, point=alt.OverlayMarkDef(size=22, color=colour)).encode(
            x, y, tooltip=tips
        )
        heading = alt.TitleParams(title, fontSize=12, offset=2)
        panels.append(alt.layer(rule.encode(x), line).properties(width=_WIDTH, height=86, title=heading))
    title = "The same policy on the same history with bands of all widths; dashed: the band that is set"
    return _spec(
        alt.vconcat(*panels, spacing=8), title, "Value, drift and trades by width of the tolerance band.", ""
    )


def _spec(chart: Any, title: str, text: str, badge: str) -> dict[str, Any]:
    heading = alt.TitleParams([title, badge] if badge else title, fontSize=12, fontWeight="normal",
                              color=style.QUIET)  # fmt: skip
    spec = chart.properties(title=heading, description=text).to_dict(validate=False)
    return {**spec, "config": style.config()}


def _dates(index: pd.DatetimeIndex) -> tuple[list[int], list[str]]:
    """Return days as milliseconds, and as text."""
    days = index.to_numpy().astype("datetime64[D]")
    return days.astype("datetime64[ms]").astype(np.int64).tolist(), days.astype(str).tolist()


def _rows(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
