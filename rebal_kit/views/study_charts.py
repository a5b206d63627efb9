"""Charts of a study: what resampled histories and other settings leave of a difference between policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.growth import per_of
from rebal_kit.sensitivity import UNITS
from rebal_kit.trials import MEASURE
from rebal_kit.views import shape, style
from rebal_kit.views.shape import label
from rebal_kit.views.style import INK, QUIET

if TYPE_CHECKING:
    from rebal_kit.bootstrap import Bootstrap
    from rebal_kit.compare import Comparison
    from rebal_kit.sensitivity import Sensitivity

_BASIS_POINTS = 1e4
_AHEAD, _BEHIND = "Ahead", "Not ahead"
#: Dots a policy: one is two of a hundred histories.
_DOTS = 50
#: Columns of dots across, and panels beside each other.
_COLUMNS, _PANELS = 50, 3
#: What the axis of each kind of variation says, and how its values are written.
_AXES = {
    "first session": ("First session, later by", "sessions"), "schedule": ("Schedule, later by", "sessions"),
    "horizon": ("Horizon", "years"), "income": ("Ordinary income", "US$ a year"), "state tax": ("State tax", "rate"),
    "flat rates": ("Tax rates, times those given", "factor"), "half spread": ("Half spread", "basis points"),
}  # fmt: skip


def bootstrap_dots(found: Bootstrap, level: float = 0.90, most: int = 8) -> alt.VConcatChart:
    """Draw what each policy's difference would have been in resampled histories: fifty dots, equally likely.

    Parameters
    ----------
    found : Bootstrap
    level : float
        Of the interval below the dots.
    most : int
        Policies drawn at most; the subtitle says how many were left out.
    """
    every_policy = found.summary(level).xs(MEASURE, level="measure")
    table, span = every_policy.dropna(subset=["mean", "observed"]), per_of(found.comparison)
    bare = [label(str(name)) for name in every_policy.index.difference(table.index, sort=False)]
    shown = table.iloc[:most].assign(**(table[["observed", "low", "high"]] * _BASIS_POINTS))
    values = found.differences.dropna(subset=[MEASURE]).groupby("policy")[MEASURE]
    at = (np.arange(_DOTS) + 0.5) / _DOTS
    dots = {name: np.quantile(values.get_group(name), at) * _BASIS_POINTS for name in shown.index}
    every = np.concatenate([*dots.values(), shown["observed"], shown["low"], shown["high"], [0.0]])
    width = float(np.ptp(every)) / _COLUMNS or 1.0
    scale = alt.Scale(domain=[float(every.min()) - width, float(every.max()) + width], nice=False)
    panels = [
        _dots_panel(
            _stacked(dots[name], width), row, scale, last=name == shown.index[-1], span=span, of=found.paths
        )
        for name, row in shown.iterrows()
    ] or [zero_line("x").properties(width=_WIDTH, height=20, title="Nothing is known to be drawn")]
    left_out = len(table) - len(shown)
    below = [
        (
            f"Growth {span} after tax and liquidation, less that of '{label(found.against)}' (the line at 0), in"
            f" {found.paths:,} resampled histories"
        ),
        f"Each dot: {100 // _DOTS} of 100 histories; bar: the middle {level:.0%} of them; diamond: the true history"
        + (f"; {left_out} policies are not drawn" if left_out else ""),
        *undrawn(bare),
        shape.setting_line(found.comparison),
    ]
    said = "; ".join(
        f"{label(str(name))} {row['low']:+.0f} to {row['high']:+.0f}, true history {row['observed']:+.0f},"
        f" ahead in {row['ahead']:.0%}"
        for name, row in shown.iterrows()
    )
    text = f"Basis points {span} against {label(found.against)} in resampled histories: {said or 'none is known'}."
    text = " ".join([text, *undrawn(bare)])
    chart = alt.vconcat(*panels, spacing=12).resolve_scale(color="shared", shape="shared")
    return finish(chart, "Would it have been ahead in another history?", below, found.comparison, text)


def undrawn(bare: list[str]) -> list[str]:
    """Return a line that names the policies of which nothing is known."""
    return [f"Not drawn, as growth is not known (money ran out): {', '.join(bare)}."] if bare else []


def _dots_panel(
    dots: pd.DataFrame, row: pd.Series, scale: alt.Scale, *, last: bool, span: str, of: int
) -> alt.LayerChart:
    """Draw one policy's histories as dots on top of each other, with their interval and the true history below."""
    tall = float(dots["height"].max()) + 1.0
    words = f"basis points {span}" if last else None
    axis = alt.Axis(tickCount=8, grid=True, labelExpr=SIGNED, labels=last, ticks=last, domain=last)
    x = alt.X("bp:Q", scale=scale, title=words, axis=axis)
    y = alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[-2.2, tall], nice=False))
    sides = [_AHEAD, _BEHIND]
    marks = alt.Chart(dots).mark_point(filled=True, size=88, opacity=1, stroke="white", strokeWidth=0.5).encode(
        x, y,
        color=alt.Color("side:N", title=None, legend=legend_below(),
                        scale=alt.Scale(domain=sides, range=[style.BLUE, style.ORANGE])),
        shape=alt.Shape("side:N", title=None, legend=legend_below(),
                        scale=alt.Scale(domain=sides, range=["circle", "square"])),
        tooltip=[alt.Tooltip("bp:Q", format="+.0f", title=f"bp {span}")],
    )  # fmt: skip
    span = pd.DataFrame(
        [{"height": -1.3, **row[["observed", "low", "high", "ahead"]].astype(float).round(4)}]
    )
    base = alt.Chart(span).encode(y=y, tooltip=[
        alt.Tooltip("observed:Q", format="+.0f", title="true history, bp"), alt.Tooltip("low:Q", format="+.0f"),
        alt.Tooltip("high:Q", format="+.0f"), alt.Tooltip("ahead:Q", format=".0%", title="histories ahead"),
    ])  # fmt: skip
    interval = base.mark_bar(color=QUIET, height=4).encode(
        alt.X("low:Q", scale=scale, title=words), x2="high:Q"
    )
    true = base.mark_point(**DIAMOND)
    known = "" if row["paths"] == of else f" in which growth is known, {row['paths']:,.0f} of {of:,}"
    ahead = f"ahead in {row['ahead']:.0%} of the histories{known}"
    heading = alt.TitleParams(text=label(str(row.name)), subtitle=ahead,
                            fontSize=13, anchor="start", offset=4)  # fmt: skip
    layers = alt.layer(zero_line("x"), marks, interval, true.encode(alt.X("observed:Q", title=words)))
    return layers.properties(width=_WIDTH, height=(tall + 2.2) * _WIDTH / _COLUMNS, title=heading)


def _stacked(values: np.ndarray, width: float) -> pd.DataFrame:
    """Return dots in columns `width` wide: bp, height (0 for the lowest) and side of the line at 0."""
    columns = np.floor(values / width)
    height = pd.Series(columns).groupby(columns).cumcount()
    side = np.where(values > 0.0, _AHEAD, _BEHIND)
    return pd.DataFrame({"bp": ((columns + 0.5) * width).round(2), "height": height, "side": side})


def sensitivity_panels(found: Sensitivity) -> alt.ConcatChart:
    """Draw each policy's difference under every variation, a panel for each kind of variation.

    Parameters
    ----------
    found : Sensitivity
    """
    rows, span = found.rows.dropna(subset=[MEASURE]), per_of(found.comparison)
    bare = [label(name) for name in dict.fromkeys(found.rows["policy"]) if name not in set(rows["policy"])]
    rows = pd.DataFrame(
        {
            "kind": rows["kind"],
            "value": rows["value"],
            "rule": rows["policy"].map(label),
            "bp": (rows[MEASURE] * _BASIS_POINTS).round(2),
        }
    )
    looks = style.looks(dict.fromkeys(rows["rule"]))
    top, bottom = max([*rows["bp"], 0.0]), min([*rows["bp"], 0.0])
    room = 0.08 * (top - bottom) or 1.0
    scale = alt.Scale(domain=[bottom - room, top + room], nice=False)
    kinds = list(dict.fromkeys(rows["kind"]))
    panels = [
        _variation_panel(rows[rows["kind"] == kind], kind, looks, scale, first=at % _PANELS == 0, span=span)
        for at, kind in enumerate(kinds)
    ] or [zero_line("x").properties(width=_WIDTH, height=20, title="Nothing is known to be drawn")]
    chart = alt.concat(*panels, columns=_PANELS, spacing=20).resolve_scale(
        color="shared", strokeDash="shared"
    )
    below = [
        (
            f"Growth {span} after tax and liquidation, less that of '{label(found.against)}' under the same variation,"
            " in basis points; one thing varied at a time"
        ),
        *undrawn(bare),
        shape.setting_line(found.comparison),
    ]
    table = found.summary().dropna(subset=["least"])
    said = "; ".join(
        f"{kind}, {label(policy)}: {row['least'] * _BASIS_POINTS:+.0f} to {row['most'] * _BASIS_POINTS:+.0f}"
        for (kind, policy), row in table.iterrows()
    )
    text = f"Basis points {span} against {label(found.against)} by what is varied. {said or 'None is known'}."
    text = " ".join([text, *undrawn(bare)])
    return finish(chart, "What does the difference hang on?", below, found.comparison, text)


def _variation_panel(
    rows: pd.DataFrame, kind: str, looks: dict[str, style.Look], scale: alt.Scale, *, first: bool, span: str
) -> alt.LayerChart:
    names = list(looks)
    heading, unit = _AXES[kind]
    wide = kind in ("income", "half spread") and rows["value"].min() > 0
    axis = alt.Axis(tickCount=6, labelExpr=_MONEY if kind == "income" else alt.Undefined,
                    format=".0%" if kind == "state tax" else ".3~r",
                    values=sorted(set(rows["value"])) if wide else alt.Undefined)  # fmt: skip
    kind_of_scale = (
        alt.Scale(type="log", nice=False, padding=8) if wide else alt.Scale(nice=False, zero=False, padding=8)
    )
    legend = alt.Legend(orient="bottom", columns=5, title=None, symbolSize=700, symbolStrokeWidth=2.4)
    y = alt.Y("bp:Q", title=f"basis points {span}" if first else None, scale=scale,
              axis=alt.Axis(tickCount=6, labelExpr=SIGNED, labels=first))  # fmt: skip
    base = alt.Chart(rows).encode(alt.X("value:Q", title=unit, scale=kind_of_scale, axis=axis), y)
    colours = alt.Scale(domain=names, range=[look.colour for look in looks.values()])
    colour = alt.Color("rule:N", sort=names, legend=legend, scale=colours)
    dash = alt.StrokeDash("rule:N", sort=names, legend=legend,
                          scale=alt.Scale(domain=names, range=[[*look.dash] for look in looks.values()]))  # fmt: skip
    tips = [alt.Tooltip("rule:N"), alt.Tooltip("value:Q", title=UNITS[kind]),
            alt.Tooltip("bp:Q", format="+.1f", title=f"bp {span} ahead")]  # fmt: skip
    lines = base.mark_line(strokeWidth=1.8).encode(colour, dash)
    points = base.mark_point(filled=True, size=26, opacity=1).encode(
        alt.Color("rule:N", sort=names, legend=None, scale=colours), tooltip=tips,
    )  # fmt: skip
    words = alt.TitleParams(text=heading, fontSize=13, anchor="start", offset=6)
    return alt.layer(zero_line("y"), lines, points).properties(width=250, height=190, title=words)


_WIDTH = 640
#: How a true or mean value is marked.
DIAMOND = {"shape": "diamond", "filled": True, "size": 120, "fill": "white", "stroke": INK, "strokeWidth": 1.8,
           "opacity": 1}  # fmt: skip
#: Vega's words for a difference: +40, 0, −15.
SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.3~r')"
#: Vega's words for US$ on a narrow axis.
_MONEY = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, '$~r') + 'M' : format(datum.value / 1e3, '$~r') + 'k'"
)


def zero_line(axis: str) -> alt.Chart:
    """Return the line at 0 of an axis."""
    return alt.Chart().mark_rule(color=INK, strokeWidth=1).encode(**{axis: alt.datum(0)})


def legend_below() -> alt.Legend:
    """Return a legend below the chart."""
    return alt.Legend(orient="bottom", direction="horizontal", columns=5, title=None)


def finish(chart: Any, title: str, below: list[str], comparison: Comparison | None, description: str) -> Any:
    """Give a chart its title, the words a screen reader says, and the house style."""
    badge = shape.badge(comparison) if comparison is not None else ""
    words = alt.TitleParams(text=title, subtitle=[*below, badge] if badge else below)
    return chart.properties(title=words, description=description).configure(**style.config())
