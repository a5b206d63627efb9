"""Charts of a proposal: what less drift would cost, weights against their bands, and what stands in which account."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from rebal_kit.domain import TaxLot
from rebal_kit.proposal.frontier import GREEDY, LEAST_TAX, OPTIMAL, TODAY, ZERO_GAIN
from rebal_kit.views import style
from rebal_kit.views.label_places import place_labels
from rebal_kit.views.location_charts import location_map
from rebal_kit.views.nouns import FILINGS
from rebal_kit.views.shape import label
from rebal_kit.views.study_charts import finish, legend_below, zero_line
from rebal_kit.views.style import BAND, INK, QUIET

if TYPE_CHECKING:
    from rebal_kit.domain import Household
    from rebal_kit.proposal.frontier import TaxFrontier
    from rebal_kit.proposal.proposal import Proposal

_WIDTH, _HEIGHT, _ROW = 640, 340, 34
#: Points closer than this are one, pixels.
_TOGETHER = 7.0
#: Vega's words for US$ on an axis.
US_DOLLARS = "datum.value == 0 ? '$0' : format(datum.value, '$,.3~s')"
#: US$ of tax that are rounding.
_NO_TAX = 0.005
#: How the points that are no part of the curve are told apart.
_SHAPES = {TODAY: "square", ZERO_GAIN: "triangle-up", GREEDY: "diamond", OPTIMAL: "circle"}
_BEFORE, _AFTER, _TARGET = "before", "after", "target"
#: Shares that are rounding.
_DUST = 1e-9


def frontier_chart(frontier: TaxFrontier) -> alt.LayerChart:
    """Draw the least tax for each drift that may be left, and where today, zero gain and the proposals stand.

    Parameters
    ----------
    frontier : TaxFrontier
    """
    tax = frontier.table["tax_now"]
    table = frontier.table.assign(
        percent=100.0 * frontier.table["drift"], tax_now=tax.where(tax.abs() > _NO_TAX, 0.0)
    ).drop(columns="drift")
    lowest, highest = min(float(table["tax_now"].min()), 0.0), max(float(table["tax_now"].max()), 0.0)
    # Room above and to the right is for the words of the points there.
    room = 0.16 * (highest - lowest) or 100.0
    widest = float(table["percent"].max()) or 1.0
    ends = (-0.02 * widest, 1.5 * widest), (lowest - room, highest + room)
    axis = alt.Axis(labelExpr=US_DOLLARS, tickCount=6)
    x = alt.X("percent:Q", title="drift that is left, % of the household", axis=alt.Axis(values=_ticks(widest)),
              scale=alt.Scale(domain=list(ends[0]), nice=False))  # fmt: skip
    y = alt.Y("tax_now:Q", title="tax now, US$", axis=axis, scale=alt.Scale(domain=list(ends[1]), nice=False))
    tips = [alt.Tooltip("label:N", title=" "), alt.Tooltip("percent:Q", format=".2f", title="drift, %"),
            alt.Tooltip("tax_now:Q", format="$,.0f", title="tax now"),
            alt.Tooltip("net_gain:Q", format="$,.0f", title="net gain"),
            alt.Tooltip("cost:Q", format="$,.0f"), alt.Tooltip("trades:Q")]  # fmt: skip
    curve, points = table[table["label"] == LEAST_TAX], table[table["label"] != LEAST_TAX]
    floor = curve.assign(floor=ends[1][0])
    base = alt.Chart(curve).encode(x, y, tooltip=tips)
    shape = alt.Shape("label:N", legend=None, scale=alt.Scale(domain=[*_SHAPES], range=[*_SHAPES.values()]))
    layers = [
        alt.Chart(floor).mark_area(color=BAND).encode(x, y, y2="floor:Q"),
        zero_line("y"),
        base.mark_line(color=style.BLUE, strokeWidth=2.2),
        base.mark_point(color=style.BLUE, filled=True, size=30, opacity=1),
        alt.Chart(points).mark_point(size=110, fill="white", stroke=INK, strokeWidth=1.8, opacity=1).encode(
            x, y, shape, tooltip=tips
        ),
        *_labels(points, curve, x, y, ends),
    ]  # fmt: skip
    below = [
        "No trades leave so little drift for less tax than the line; below it nothing can be reached"
        if len(curve) > 1
        else "There is no line: the trades of the least tax leave the least drift, too",
        "Drift: half the sum of absolute deviations from the targets. Tax: what the trades add to this year's",
        f"Household {label(frontier.household)}; policy {label(frontier.policy)}; prices of {frontier.asof}",
    ]
    said = "; ".join(f"{row.label} {row.tax_now:,.0f} at {row.percent:.1f} %" for row in points.itertuples())
    text = f"Tax now in US dollars against drift left in percent: {said}."
    if len(curve):
        first, last = curve.iloc[0], curve.iloc[-1]
        text += f" Least tax from {first['tax_now']:,.0f} at {first['percent']:.1f} % to {last['tax_now']:,.0f} at"
        text += f" {last['percent']:.1f} %."
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
    return finish(chart, "What would less drift cost today?", below, None, text)


def _ticks(widest: float) -> list[float]:
    """Return the ticks of an axis from 0 to the first one at `widest` or beyond, six at most apart from 0."""
    steps = [part * 10.0**power for power in range(-3, 3) for part in (1.0, 2.0, 5.0)]
    step = next(step for step in steps if widest <= 6.0 * step)
    return [round(step * number, 6) for number in range(math.ceil(widest / step - 1e-9) + 1)]


def _labels(
    points: pd.DataFrame, curve: pd.DataFrame, x: alt.X, y: alt.Y, ends: tuple[tuple[float, float], ...]
) -> list[alt.Chart]:
    """Return a text beside each point; points that are hardly apart have theirs together."""
    (left, right), (low, high) = ends

    def pixels(rows: pd.DataFrame) -> list[tuple[float, float]]:
        across = _WIDTH * (rows["percent"] - left) / (right - left)
        down = _HEIGHT * (high - rows["tax_now"]) / (high - low)
        return list(zip(across.tolist(), down.tolist(), strict=True))

    groups: list[list[int]] = []
    at = pixels(points)
    for place, spot in enumerate(at):
        near = next((group for group in groups if math.dist(at[group[0]], spot) < _TOGETHER), None)
        if near is None:
            groups.append([place])
        else:
            near.append(place)
    firsts = points.iloc[[group[0] for group in groups]].reset_index(drop=True)
    said = [
        f"{row.label}: US$ {row.tax_now:,.0f} at {row.percent:.1f} %".replace("-", "−")
        for row in points.itertuples()
    ]
    texts = [
        tuple(said[place] for place in sorted(group, key=lambda place: at[place][1])) for group in groups
    ]
    steps = np.linspace(0.0, 1.0, 200)
    lines = [(_WIDTH * step, _HEIGHT * high / (high - low)) for step in steps.tolist()]
    if len(curve):
        percent = curve["percent"].iloc[0] + steps * np.ptp(curve["percent"])
        tax = np.interp(percent, curve["percent"], curve["tax_now"])
        lines += pixels(pd.DataFrame({"percent": percent, "tax_now": tax}))
    drawn = []
    for one in place_labels(pixels(firsts), texts, (_WIDTH, _HEIGHT), lines):
        row = firsts.iloc[[one.at]].assign(text="\n".join(one.lines))[["percent", "tax_now", "text"]]
        mark = alt.Chart(row).mark_text(
            align=one.align, baseline="middle", dx=one.dx, dy=one.dy, lineBreak="\n", lineHeight=15
        )  # fmt: skip
        drawn.append(mark.encode(x, y, text="text:N"))
    return drawn


def classes_chart(proposal: Proposal) -> alt.LayerChart:
    """Draw each class's weight before and after, on its band.

    Parameters
    ----------
    proposal : Proposal
    """
    table = (100.0 * proposal.classes).reset_index()
    order = [str(name) for name in table["class"]]
    rows = table.melt(["class"], [_BEFORE, _AFTER, _TARGET], "what", "percent")
    names = alt.Axis(labelLimit=190, labelPadding=8, domain=False, ticks=False, grid=False)
    y = alt.Y("class:N", title=None, sort=order, axis=names, scale=alt.Scale(domain=order))
    most = float(np.nanmax(table[[_BEFORE, _AFTER, _TARGET, "high"]].to_numpy()))
    least = min(float(table[[_BEFORE, _AFTER]].to_numpy().min()), 0.0)
    scale = alt.Scale(domain=[1.05 * least, 1.05 * most], nice=False)
    axis = alt.Axis(grid=True, tickCount=10)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="% of the household", scale=scale, axis=axis)

    tips = [alt.Tooltip("class:N", title=" "), alt.Tooltip("what:N", title=" "),
            alt.Tooltip("percent:Q", format=".2f", title="%")]  # fmt: skip
    whats = [_BEFORE, _AFTER, _TARGET]
    looks = {
        "color": alt.Color("what:N", legend=legend_below(), sort=whats,
                           scale=alt.Scale(domain=whats, range=[style.ORANGE, style.BLUE, INK])),
        "shape": alt.Shape("what:N", legend=legend_below(), sort=whats,
                           scale=alt.Scale(domain=whats, range=["circle", "diamond", "M0,-1.4L0,1.4"])),
    }  # fmt: skip
    whole = alt.Chart(table)
    layers = [
        whole.transform_filter("isValid(datum.low)").mark_bar(color=BAND, height=20).encode(x("low"), y, x2="high:Q"),
        whole.mark_rule(color=QUIET, strokeWidth=2).encode(x(_BEFORE), y, x2=f"{_AFTER}:Q"),
        alt.Chart(rows[rows["what"] == _TARGET]).mark_point(size=150, opacity=1, strokeWidth=2).encode(
            x("percent"), y, tooltip=tips, **looks
        ),
        alt.Chart(rows[rows["what"] != _TARGET]).mark_point(size=90, opacity=1, filled=True).encode(
            x("percent"), y, tooltip=tips, **looks
        ),
    ]  # fmt: skip
    drift = proposal.drift
    below = [
        f"Pale: the band inside which policy {label(proposal.day.policy.name)} lets a class drift",
        f"Drift {drift[_BEFORE]:.1%} before, {drift[_AFTER]:.1%} after; {len(proposal.trades)} trades,"
        f" tax now US$ {proposal.tax['tax_now']:,.0f}".replace("-", "−"),
        setting_line(proposal),
    ]
    said = "; ".join(
        f"{row['class']} {row[_BEFORE]:.1f} to {row[_AFTER]:.1f}, target {row[_TARGET]:.1f}"
        for row in table.to_dict("records")
    )
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_ROW * len(order))
    badge = proposal.day.setting.market.badge
    text = f"Weights in percent, before and after the proposal: {said}."
    return finish(
        chart, "Where the classes stand, before and after", [*below, *([badge] if badge else [])], None, text
    )


def location_chart(proposal: Proposal) -> alt.VConcatChart:
    """Draw what stands in which account, before and after.

    Parameters
    ----------
    proposal : Proposal
    """
    done = proposal.settlement
    start = done.start
    shown = {
        "Before": _held(proposal, start.desk.ledger.held, start.desk.ledger.cash),
        "After": _held(proposal, done.desk.ledger.held, done.cash),
    }
    return location_map(shown, proposal.day.setting.history)


def setting_line(proposal: Proposal) -> str:
    """Return household, prices and law in one line."""
    day = proposal.day
    tax = day.household.tax
    law = "flat rates" if tax.flat else f"US federal law of {tax.law_year}, {FILINGS[tax.filing]}"
    prices = f"prices '{day.setting.market.name}' of {proposal.asof}"
    return f"Household {label(day.household.name)}; {prices}; {law}"


def _held(proposal: Proposal, held: np.ndarray, cash: np.ndarray) -> Household:
    """Return the household with a single lot of each position: enough to say what stands where."""
    household, symbols = proposal.day.household, proposal.day.setting.market.symbols
    accounts = []
    for a, account in enumerate(household.accounts):
        lots: list[Any] = [
            TaxLot(f"{a}-{symbols[s]}", symbols[s], float(held[a, s]), 0.0, proposal.asof)
            for s in np.flatnonzero(held[a] > _DUST)
        ]
        accounts.append(replace(account, lots=tuple(lots), cash=max(float(cash[a]), 0.0)))
    return replace(household, accounts=tuple(accounts), as_of=proposal.asof, loss_sales=())
