"""A concentrated position sold over tax years: what each year costs, and how much of it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from rebal_kit.proposal.year_budgets import AT_ONCE
from rebal_kit.views import style
from rebal_kit.views.proposal_charts import US_DOLLARS
from rebal_kit.views.shape import label
from rebal_kit.views.study_charts import finish, legend_below, zero_line

if TYPE_CHECKING:
    from rebal_kit.proposal.transition import TransitionPlan

_WIDTH, _TALL, _AXIS = 640, 170, 46


def transition_chart(plan: TransitionPlan) -> alt.VConcatChart:
    """Draw the tax of each year above, the weight of the position left below; beside it, all at once.

    Parameters
    ----------
    plan : TransitionPlan
    """
    shown = list(dict.fromkeys((plan.chosen, AT_ONCE)))
    rows = plan.years[plan.years["spread"].isin(shown)]
    rows = rows.assign(year=rows["year"].astype(str), percent=100.0 * rows["weight"]).drop(columns=["day"])
    years = list(dict.fromkeys(rows["year"]))
    colours = alt.Scale(domain=shown, range=[style.BLUE, style.ORANGE][: len(shown)])
    marks = alt.Scale(domain=shown, range=["circle", "diamond"][: len(shown)])
    colour = alt.Color("spread:N", sort=shown, scale=colours, legend=legend_below())
    shape = alt.Shape("spread:N", sort=shown, scale=marks, legend=legend_below())
    tips = [alt.Tooltip("spread:N", title=" "), alt.Tooltip("year:N"), alt.Tooltip("sold:Q", format="$,.0f"),
            alt.Tooltip("tax:Q", format="$,.0f"), alt.Tooltip("percent:Q", format=".1f", title="weight left, %"),
            alt.Tooltip("at_risk:Q", format="$,.0f", title="at risk, 1 in 6")]  # fmt: skip
    return finish(
        alt.vconcat(
            _taxes(rows, years, shown, colour, tips),
            _weights(rows, years, shown, colour, shape, tips),
            spacing=22,
        ).resolve_scale(color="shared", shape="shared"),
        f"Selling down {plan.symbol} over {len(years)} tax years"
        if len(years) > 1
        else f"Selling down {plan.symbol}",
        _below(plan),
        None,
        _words(plan, rows, shown),
    )


def _taxes(
    rows: pd.DataFrame, years: list[str], shown: list[str], colour: alt.Color, tips: list[alt.Tooltip]
) -> alt.LayerChart:
    least, most = min(float(rows["tax"].min()), 0.0), max(float(rows["tax"].max()), 0.0)
    room = 0.12 * (most - least) or 100.0
    scale = alt.Scale(domain=[least - (room if least < 0.0 else 0.0), most + room], nice=False)
    axis = alt.Axis(labelExpr=US_DOLLARS, tickCount=5, minExtent=_AXIS)
    base = alt.Chart(rows).encode(
        alt.X("year:N", title=None, sort=years, axis=alt.Axis(labelAngle=0, labelPadding=6)),
        alt.Y("tax:Q", title="tax, US$", scale=scale, axis=axis),
        xOffset=alt.XOffset("spread:N", sort=shown),
        tooltip=tips,
    )
    bars = base.mark_bar(size=min(54, 0.34 * _WIDTH / len(years))).encode(colour)
    words = base.encode(text=alt.Text("tax:Q", format=",.0f"))
    above = words.transform_filter("datum.tax >= 0").mark_text(baseline="bottom", dy=-3)
    under = words.transform_filter("datum.tax < 0").mark_text(baseline="top", dy=3)
    heading = alt.TitleParams(
        text="Tax that the plan adds to each year", fontSize=13, anchor="start", offset=6
    )
    return alt.layer(bars, above, under, zero_line("y")).properties(width=_WIDTH, height=_TALL, title=heading)


def _weights(
    rows: pd.DataFrame,
    years: list[str],
    shown: list[str],
    colour: alt.Color,
    shape: alt.Shape,
    tips: list[alt.Tooltip],
) -> alt.LayerChart:
    most = float(rows["percent"].max())
    scale = alt.Scale(domain=[0.0, 1.2 * most or 1.0], nice=False)
    base = alt.Chart(rows).encode(
        alt.X(
            "year:N",
            title="tax year, after its trades",
            sort=years,
            axis=alt.Axis(labelAngle=0, labelPadding=6),
        ),
        alt.Y(
            "percent:Q", title="% of the household", scale=scale, axis=alt.Axis(tickCount=5, minExtent=_AXIS)
        ),
        tooltip=tips,
    )
    lines = base.mark_line(strokeWidth=2.2).encode(
        colour, strokeDash=alt.StrokeDash("spread:N", sort=shown, legend=None,
                                          scale=alt.Scale(domain=shown, range=[[1, 0], [7, 3]][: len(shown)])),
    )  # fmt: skip
    points = base.mark_point(filled=True, size=90, opacity=1).encode(colour, shape)
    words = (
        base.transform_filter(alt.datum["spread"] == shown[0])
        .mark_text(baseline="bottom", dy=-8)
        .encode(text=alt.Text("percent:Q", format=".1f"))
    )
    heading = alt.TitleParams(
        text="Weight of the position that is left", fontSize=13, anchor="start", offset=6
    )
    return alt.layer(lines, points, words).properties(width=_WIDTH, height=_TALL, title=heading)


def _below(plan: TransitionPlan) -> list[str]:
    spreads = plan.spreads.set_index("spread")
    risk = float(spreads.loc[plan.chosen, "at_risk"])
    at_once = float(spreads.loc[AT_ONCE, "tax"])
    name = plan.chosen[0].upper() + plan.chosen[1:]
    told = f"{name}: US$ {plan.tax:,.0f} in all; all at once: US$ {at_once:,.0f}".replace("-", "−")
    if not spreads.loc[plan.chosen, "reached"]:
        told += f"; targets are not reached, {spreads.loc[plan.chosen, 'drift']:.1%} of drift are left"
    elif plan.chosen == AT_ONCE:
        told = f"All at once: US$ {at_once:,.0f}; no other way to spread costs less".replace("-", "−")
    waits = (
        f"A year's wait risks US$ {risk:,.0f} or more with a chance of 1 in 6: what is left above all at once, at a"
        f" volatility of {plan.volatility:.0%}"
    )
    where = f"Household {label(plan.household)}; prices stay at the closes of {plan.asof}; the same law in every year"
    return [told, *([waits] if risk > 0.0 else []), where]


def _words(plan: TransitionPlan, rows: pd.DataFrame, shown: list[str]) -> str:
    said = []
    for name in shown:
        years = rows[rows["spread"] == name]
        parts = (
            f"{one.year} tax {one.tax:,.0f}, weight left {one.percent:.1f} %" for one in years.itertuples()
        )
        said.append(f"{name}: {'; '.join(parts)}")
    return f"Tax by year in US dollars and the weight of {plan.symbol} that is left. {'. '.join(said)}."
