"""Charts of a choice between policies: what becomes of the best one, and when it is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.views import shape, style
from rebal_kit.views.shape import label
from rebal_kit.views.study_charts import DIAMOND, SIGNED, finish, legend_below, undrawn, zero_line
from rebal_kit.views.style import INK, QUIET

if TYPE_CHECKING:
    from rebal_kit.compare import Comparison
    from rebal_kit.overfitting import Overfitting
    from rebal_kit.regimes import Regimes
    from rebal_kit.walk_forward import WalkForward

_BASIS_POINTS = 1e4
#: Bars at most; of more policies, several ranks share one.
_MOST_BARS = 16
_BETTER, _MIDDLE, _WORSE = "Better half of the policies", "Middle rank, half to each", "Worse half"
_AFTER = ("1st after", "2nd after", "3rd after")
_REGIMES = ("Calm", "Usual", "Nervous")


def walk_forward_ranks(found: WalkForward, level: float = 0.90) -> alt.HConcatChart:
    """Draw how the best policy of one window ranks in the next: choice by choice, and on average the further ahead.

    Parameters
    ----------
    found : WalkForward
    level : float
        Of the intervals around the averages.
    """
    policies = len(found.comparison.runs)
    scale = alt.Scale(domain=[0.5, policies + 0.5], reverse=True, nice=False, zero=False)
    ticks = alt.Axis(values=_ticks(policies), format="d", grid=True)
    chance = (policies + 1) / 2
    first = found.choices[found.choices["ahead"] == 1].dropna(subset=["rank"])
    rows = first[["cut", "chosen", "rank", "lead"]].assign(chosen=first["chosen"].map(label))
    y = alt.Y("rank:Q", scale=scale, axis=ticks, title=f"rank of {policies}, 1 is the best")
    years = alt.Axis(tickCount={"interval": "year", "step": 1}, format="%Y")
    each = alt.Chart(rows).encode(
        alt.X("cut:T", title="day of the choice", axis=years), y,
        tooltip=[alt.Tooltip("cut:T", format="%d %b %Y", title="chosen on"), alt.Tooltip("chosen:N"),
                 alt.Tooltip("rank:Q", format=".1f", title="rank after"),
                 alt.Tooltip("lead:Q", format=_format(found.measure), title=f"ahead of {label(found.against)}")],
    )  # fmt: skip
    single = alt.layer(
        _chance(chance), each.mark_line(color=style.BLUE, strokeWidth=1.4),
        each.mark_point(filled=True, color=style.BLUE, size=46, opacity=1),
    ).properties(width=470, height=260, title=_heading("Rank in the window after, choice by choice"))  # fmt: skip
    table = found.summary(level).reset_index()
    start = pd.DataFrame([{"ahead": 0, "rank": 1.0}])
    means = pd.concat([start, table[["ahead", "rank", "rank_low", "rank_high"]]], ignore_index=True)
    means["window"] = ["chosen in", *_AFTER[: len(table)]]
    x = alt.X("window:N", sort=list(means["window"]), title="window", axis=alt.Axis(labelAngle=0))
    base = alt.Chart(means).encode(x)
    low = alt.Y("rank_low:Q", scale=scale, title=None)
    mean_y = alt.Y(
        "rank:Q",
        scale=scale,
        title=None,
        axis=alt.Axis(values=_ticks(policies), format="d", labelOpacity=0, grid=True),
    )
    averaged = alt.layer(
        _chance(chance),
        base.mark_rule(color=QUIET, strokeWidth=3).encode(low, y2="rank_high:Q"),
        base.mark_line(color=INK, strokeWidth=1.2, strokeDash=[4, 3]).encode(mean_y),
        base.mark_point(**DIAMOND).encode(
            mean_y, tooltip=[alt.Tooltip("window:N"), alt.Tooltip("rank:Q", format=".1f", title="mean rank"),
                             alt.Tooltip("rank_low:Q", format=".1f"), alt.Tooltip("rank_high:Q", format=".1f")],
        ),
    ).properties(width=230, height=260, title=_heading("Mean rank, and how it fades"))  # fmt: skip
    row = table.iloc[0]
    below = [
        (
            f"Each time the best of {policies} policies over {found.train_years:g} years"
            f" ({_said(found.measure, found.train_years)}) is followed for {found.test_years:g} years; dashed: rank of"
            " a choice by chance"
        ),
        (
            f"Rank correlation between the windows {_interval(row, 'spearman')}; windows that do not overlap:"
            f" {row['independent']:.1f}; bars: {level:.0%} intervals"
        ),
        shape.setting_line(found.comparison),
    ]
    text = f"Mean rank of the chosen policy among {policies}: " + "; ".join(
        f"{ahead}. window after the choice {_interval(line, 'rank')}"
        for ahead, line in table.set_index("ahead").iterrows()
    )
    chart = alt.hconcat(single, averaged, spacing=16, bounds="flush")
    return finish(
        chart, "Is the best of one period the best of the next?", below, found.comparison, f"{text}."
    )


def overfitting_ranks(found: Overfitting, comparison: Comparison | None = None) -> alt.LayerChart:
    """Draw how the best policy of one half of the history ranks in the other half, over all ways to halve it.

    Parameters
    ----------
    found : Overfitting
    comparison : Comparison, optional
        Whose data, period and law stand below the title.
    """
    policies = len(found.policies)
    rank = (policies + 1) * (1.0 - found.splits["place"].to_numpy())
    edges, middle = _bar_edges(policies), (policies + 1) / 2
    share = _shares(rank, edges)
    centre = (edges[:-1] + edges[1:]) / 2
    side = np.where(centre < middle, _BETTER, np.where(centre > middle, _WORSE, _MIDDLE))
    times = share * policies / np.diff(edges)
    rows = pd.DataFrame(
        {"first": edges[:-1], "last": edges[1:], "share": share, "times": times, "side": side}
    ).round(5)
    colours = {_BETTER: style.BLUE, **({_MIDDLE: QUIET} if policies % 2 else {}), _WORSE: style.ORANGE}
    colour = alt.Color("side:N", title=None, sort=[*colours], legend=legend_below(),
                       scale=alt.Scale(domain=[*colours], range=[*colours.values()]))  # fmt: skip
    axis = alt.Axis(values=_ticks(policies), format="d")
    columns = alt.Chart(rows).mark_rect(stroke="white", strokeWidth=1.5).encode(
        alt.X("first:Q", title=f"rank in the other half, of {policies}; 1 is the best", axis=axis,
              scale=alt.Scale(domain=[0.5, policies + 0.5], nice=False)),
        alt.X2("last:Q"),
        alt.Y("times:Q", title="times as often as by chance", axis=alt.Axis(tickCount=5), scale=alt.Scale(zero=True)),
        alt.Y2Datum(0), colour,
        tooltip=[alt.Tooltip("share:Q", format=".1%", title="share of the halves"),
                 alt.Tooltip("times:Q", format=".2f", title="times as often as by chance")],
    )  # fmt: skip
    chart = alt.layer(columns, _chance(1.0)).properties(width=700, height=260)
    table = found.summary()["value"]
    below = [
        (
            f"The best policy of one half of the history, ranked in the other half: all {len(found.splits):,} ways to"
            f" halve it in {found.blocks} parts; dashed: a choice by chance"
        ),
        (
            f"In the worse half of the policies in {found.probability:.0%} of them: the choice"
            f" {_VERDICTS[found.verdict]}; {_kept(float(table['kept']), found.against)}"
        ),
    ]
    if comparison is not None:
        below.append(shape.setting_line(comparison))
    text = (
        f"Rank of the best policy of one half of the history in the other half, among {policies}: in the worse half in"
        f" {found.probability:.0%} of {len(found.splits):,} halves, a middle rank counted half; {found.verdict}."
    )
    return finish(chart, "Was the best policy good, or lucky?", below, comparison, text)


def _bar_edges(policies: int) -> np.ndarray:
    """Return the edges of the bars: alike on both sides of the middle, a middle rank in a bar of its own."""
    half, alone = divmod(policies, 2)
    wide = max(-(-half // ((_MOST_BARS - alone) // 2)), 1)
    better = 0.5 + np.minimum(np.arange(0, half + wide, wide), half)
    return np.concatenate([better, (policies + 1) - better[::-1][1 - alone :]])


def _shares(rank: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the share of ranks in each bar; one that ties have put on an edge is half in each of its two bars."""
    sides = [np.histogram(rank + nudge, edges)[0] for nudge in (-1e-6, 1e-6)]
    return (sides[0] + sides[1]) / (2 * len(rank))


def _kept(kept: float, against: str) -> str:
    """Return in words what is left of the lead in the other half."""
    if np.isnan(kept):
        return f"where chosen, it led '{label(against)}' by next to nothing: no share of a lead can be kept"
    lead = f"its lead on '{label(against)}'"
    return (
        f"of {lead}, {kept:.0%} is left in the other half"
        if kept > 0.0
        else f"nothing is left of {lead} in the other half"
    )


_VERDICTS = {"holds": "holds", "doubtful": "is doubtful", "overfit": "is no better than chance"}


def regime_differences(found: Regimes, level: float = 0.90) -> alt.HConcatChart:
    """Draw each policy's difference before tax in calm and in nervous markets, with intervals.

    Parameters
    ----------
    found : Regimes
    level : float
        Of the intervals.
    """
    table = found.summary(level).reset_index()
    columns = ["before_tax", "low", "high"]
    table[columns] = (table[columns] * _BASIS_POINTS).round(2)
    table["rule"] = table["policy"].map(label)
    looks = style.looks(dict.fromkeys(table["rule"]))
    top, bottom = max([*table["high"].dropna(), 0.0]), min([*table["low"].dropna(), 0.0])
    room = 0.05 * (top - bottom) or 1.0
    scale = alt.Scale(domain=[bottom - room, top + room], nice=False)
    panels = [_regime_panel(rows, _name(number, found), looks, scale, first=number == 0)
              for number, rows in table.groupby("regime")]  # fmt: skip
    below = [
        (
            f"Growth a year before tax and after costs, less that of '{label(found.against)}' (the line at 0), by the"
            f" volatility index at the close before; bars: {level:.0%} intervals"
        ),
        shape.setting_line(found.comparison),
    ]
    bare = [name for name, rows in table.groupby("rule", sort=False) if rows["before_tax"].isna().all()]
    said = "; ".join(
        f"{row.rule} at an index of {row.index_low:.0f} to {row.index_high:.0f}: {row.before_tax:+.0f}"
        f" ({row.low:+.0f} to {row.high:+.0f})"
        for row in table.dropna(subset=["before_tax", "low", "high"]).itertuples()
    )
    text = f"Basis points a year against {label(found.against)}. {said or 'None is known'}."
    text, below = " ".join([text, *undrawn(bare)]), [*below, *undrawn(bare)]
    chart = alt.hconcat(*panels, spacing=14, bounds="flush").resolve_scale(color="shared", shape="shared")
    return finish(chart, "When is it ahead?", below, found.comparison, text)


def _regime_panel(
    rows: pd.DataFrame, name: alt.TitleParams, looks: dict[str, style.Look], scale: alt.Scale, *, first: bool
) -> alt.LayerChart:
    names = list(looks)
    rows = rows[["rule", "before_tax", "low", "high", "trades"]]
    axis = alt.Axis(tickCount=7, labelExpr=SIGNED, labelOpacity=float(first))
    words = "basis points a year" if first else None
    x = alt.X("rule:N", sort=names, title=None, axis=alt.Axis(labels=False, ticks=False, domain=False))
    colour = alt.Color("rule:N", sort=names, title=None, legend=legend_below(),
                       scale=alt.Scale(domain=names, range=[look.colour for look in looks.values()]))  # fmt: skip
    shapes = alt.Scale(domain=names, range=[_SHAPES[at % len(_SHAPES)] for at in range(len(names))])
    mark = alt.Shape("rule:N", sort=names, title=None, legend=legend_below(), scale=shapes)
    base = alt.Chart(rows).encode(x, tooltip=[
        alt.Tooltip("rule:N"), alt.Tooltip("before_tax:Q", format="+.0f", title="bp a year"),
        alt.Tooltip("low:Q", format="+.0f"), alt.Tooltip("high:Q", format="+.0f"),
        alt.Tooltip("trades:Q", format="+d", title="orders more"),
    ])  # fmt: skip
    span = base.mark_rule(strokeWidth=2).encode(
        alt.Y("low:Q", scale=scale, title=words, axis=axis), y2="high:Q", color=colour
    )  # fmt: skip
    point = base.mark_point(filled=True, size=95, opacity=1, stroke="white", strokeWidth=0.8).encode(
        alt.Y("before_tax:Q", scale=scale, title=words, axis=axis), colour, mark
    )  # fmt: skip
    return alt.layer(zero_line("y"), span, point).properties(width=236, height=260, title=name)


_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def _name(number: int, found: Regimes) -> alt.TitleParams:
    """Return the words above a regime: its index and its share of the sessions."""
    row = found.growth.loc[number].iloc[0]
    word = _REGIMES[number] if len(found.cuts) == 2 else f"Regime {number + 1}"
    below = f"index {row['index_low']:.0f} to {row['index_high']:.0f}; {row['share']:.0%} of the sessions"
    return alt.TitleParams(text=word, subtitle=below, fontSize=13, anchor="start", offset=8)


def _ticks(policies: int) -> list[int]:
    """Return ranks to write on an axis: the first, the last, and round ones between."""
    step = max(round(policies / 8), 1)
    inner = range(step, policies, step) if step > 1 else range(2, policies)
    return sorted({1, *inner, policies})


def _interval(row: pd.Series, name: str) -> str:
    """Return a mean with its interval, if there is one, in words."""
    digits = 2 if name == "spearman" else 1
    mean, low, high = (
        f"{row[key]:.{digits}f}".replace("-", "−") for key in (name, f"{name}_low", f"{name}_high")
    )
    if np.isnan(row[name]):
        return "not known"
    return f"{mean} ({low} to {high})" if np.isfinite(row[f"{name}_low"]) else mean


def _said(measure: str, years: float) -> str:
    """Return the name of a measure over so many years in words."""
    growth = "growth a year" if years >= 1.0 else "growth over the window"
    return measure.replace("cagr", growth).replace("_", " ")


#: Measures that are US$, and those that count: how a lead in them is written. The others are fractions.
_USD = frozenset({"realized_short", "realized_long", "harvested", "disallowed", "permanent", "tax_paid", "tax_accrued",
                  "liquidation_tax", "cost", "commission", "spread", "impact", "delay", "deposits", "withdrawals",
                  "unpaid_withdrawals", "value_before_tax", "value_after_tax", "value_after_liquidation"})  # fmt: skip
_COUNTS = frozenset({"trades", "rebalances"})


def _format(measure: str) -> str:
    """Return Vega's format of a difference in a measure."""
    return "+$,.0f" if measure in _USD else "+,.0f" if measure in _COUNTS else "+.2%"


def _chance(rank: float) -> alt.Chart:
    return alt.Chart().mark_rule(color=INK, strokeDash=[5, 4]).encode(y=alt.datum(rank))


def _heading(text: str) -> alt.TitleParams:
    return alt.TitleParams(text=text, fontSize=13, anchor="start", offset=6)
