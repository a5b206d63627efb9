"""Charts of a comparison or a back-test, each a function from results to an Altair chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from rebal_kit.views import shape, style
from rebal_kit.views.shape import label, thin, twins
from rebal_kit.views.style import INK, QUIET, Look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rebal_kit.backtest import Backtest
    from rebal_kit.compare import Comparison
    from rebal_kit.household_comparison import HouseholdComparison
    from rebal_kit.tax_alpha import TaxAlpha

_CONFIG = style.config()
_PLAIN, _HARVESTED = "Without harvesting", "Harvesting losses"
_MARKS = {
    shape.BOUGHT: ("triangle-up", style.BLUE), shape.SOLD: ("triangle-down", style.VERMILLION),
    shape.HARVESTED: ("diamond", style.GREEN), shape.FOR_TAX: ("square", INK),
}  # fmt: skip
#: Vega's words for an amount on an axis: $0, $500, $1.5k, $250k, $1.25M.
_US_DOLLARS = (
    "abs(datum.value) >= 1e6 ? format(datum.value / 1e6, '$.4~r') + 'M'"
    " : abs(datum.value) >= 1e3 ? format(datum.value / 1e3, '$.4~r') + 'k' : format(datum.value, '$.3~r')"
)


def growth(comparison: Comparison, points: int = shape.MOST_POINTS) -> alt.LayerChart | alt.VConcatChart:
    """Draw what each policy was worth after the taxes and costs paid so far.

    Harvesting runs stand in a panel of their own below the same rules without it, on the same scale. The reference
    (buy-and-hold) is black in both.

    Parameters
    ----------
    comparison : Comparison
    points : int
        Points a curve at most; fewer when there are many policies.
    """
    paired = twins(comparison)
    base = shape.reference(comparison)
    values = pd.DataFrame({name: run.daily["value"] for name, run in comparison.runs.items()})
    values = thin(values, min(points, shape.MOST_ROWS // max(values.shape[1], 1)), by=base)
    panels = {_PLAIN: [n for n in values if n not in paired], _HARVESTED: [n for n in values if n in paired]}
    rules = {name: label(paired.get(name, name)) for name in values}
    given = style.looks(rules.values(), label(base) if base else None)
    top, bottom = float(values.max().max()), float(values.min().min())
    scale = alt.Scale(domain=[min(bottom, top) * 0.97, top * 1.03], nice=False, zero=False)
    drawn = [
        _growth_panel(values[names].rename(columns=rules), title, given, scale)
        for title, names in panels.items()
        if names
    ]
    title = _title(
        "Growth after tax",
        "Value of all accounts after the taxes and costs paid so far, US$",
        shape.badge(comparison),
    )
    first, last = _day(values.index[0]), _day(values.index[-1])
    text = f"Value after tax of {len(values.columns)} policies from {first} to {last}."
    if len(drawn) == 1:
        return _finish(drawn[0], title, text)
    return _finish(
        alt.vconcat(*drawn, spacing=16).resolve_scale(color="shared", strokeDash="shared"), title, text
    )


def _growth_panel(
    values: pd.DataFrame, title: str, given: dict[str, Look], scale: alt.Scale
) -> alt.LayerChart:
    curves = values.round(0).rename_axis("date").reset_index()
    rows = curves.melt("date", var_name="policy", value_name="value").dropna()
    names = [name for name in given if name in values.columns]
    legend = alt.Legend(orient="bottom", columns=5, title=None, symbolSize=700, symbolStrokeWidth=2.4)
    colour = alt.Color("policy:N", title=None, sort=list(given), legend=legend,
                       scale=alt.Scale(domain=list(given), range=[g.colour for g in given.values()]))  # fmt: skip
    dash = alt.StrokeDash("policy:N", sort=list(given), legend=legend,
                          scale=alt.Scale(domain=list(given), range=[[*g.dash] for g in given.values()]))  # fmt: skip
    lines = alt.Chart(rows).mark_line(strokeWidth=1.5, clip=True).encode(
        alt.X("date:T", title=None, axis=_years(curves["date"], 14)),
        alt.Y("value:Q", scale=scale, title="US$ after tax", axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=6)),
        colour, dash,
    )  # fmt: skip
    near = alt.selection_point(
        f"near {title}".replace(" ", "_"),
        nearest=True,
        on="pointerover",
        clear="pointerout",
        fields=["date"],
        empty=False,
    )
    tips = [alt.Tooltip("date:T", format="%d %b %Y")]
    tips += [alt.Tooltip(f"p{i}:Q", format="$,.0f", title=name) for i, name in enumerate(names)]
    numbered = curves.rename(
        columns={name: f"p{i}" for i, name in enumerate(names)}
    )  # a name may hold any character
    ruler = (
        alt.Chart(numbered)
        .mark_rule(color=QUIET)
        .encode(alt.X("date:T"), opacity=alt.condition(near, alt.value(0.5), alt.value(0)), tooltip=tips)
        .add_params(near)
    )
    return alt.layer(lines, ruler).properties(width=830, height=250, title=_panel(title))


def drift(run: Backtest, points: int = 400, most_classes: int = 12) -> alt.VConcatChart:
    """Draw each class's weight against its target and tolerance band, with the trades that brought it back.

    Where the chart is interactive, hovering over a trade shows its reason. Classes are drawn from the largest target
    down.

    Parameters
    ----------
    run : Backtest
    points : int
        Points a curve at most.
    most_classes : int
        Classes drawn at most; the subtitle says how many were left out.
    """
    bands = run.bands.sort_values("target", ascending=False, kind="stable")
    shown = list(bands.index[:most_classes])
    trades = shape.marked_trades(run)
    span = [run.weights.index[0], run.weights.index[-1]]
    trades = trades[trades["class"].isin(shown)]
    rows = [_class_row(run, name, bands, trades, points, last=name == shown[-1]) for name in shown]
    left_out = len(bands) - len(shown)
    banded = bands.loc[shown, ["lower", "upper"]].notna().all(axis=1).any()
    band = "shaded: tolerance band; " if banded else ""
    note = f"Share of the portfolio after each day's trades; {band}dashed: target; purchases from idle cash not marked"
    note += f"; the {left_out} smallest classes are not drawn" if left_out else ""
    name = label(run.policy.name)
    text = (
        f"Weights of {len(shown)} asset classes under {name} from {_day(span[0])} to {_day(span[1])},"
        f" with {len(trades)} marked trades."
    )
    chart = alt.vconcat(*rows, spacing=10).resolve_scale(color="shared", shape="shared")
    return _finish(chart, _title(f"Drift against bands: {name}", note, run.market.badge), text)


def _class_row(
    run: Backtest, name: str, bands: pd.DataFrame, trades: pd.DataFrame, points: int, last: bool
) -> alt.LayerChart:
    weights = thin(run.weights[[name]], points).round(5)
    curve = pd.DataFrame({"date": weights.index, "weight": weights[name].to_numpy()})
    span = {"first": run.weights.index[0], "last": run.weights.index[-1]}
    axis = _years(run.weights.index, 14) if last else alt.Axis(labels=False, ticks=False)
    x = alt.X("date:T", title=None, axis=axis, scale=alt.Scale(domain=list(span.values())))
    y = alt.Y("weight:Q", title=None, scale=alt.Scale(zero=False, padding=6),
              axis=alt.Axis(format=".1~%", tickCount=4))  # fmt: skip
    layers: list[Any] = []
    edges = pd.DataFrame([{**span, **bands.loc[name].to_dict()}])
    if edges[["lower", "upper"]].notna().all(axis=None):
        layers.append(alt.Chart(edges).mark_rect(color=style.BAND).encode(
            alt.X("first:T", title=None, axis=axis), x2="last:T",
            y=alt.Y("lower:Q", title=None), y2="upper:Q",
        ))  # fmt: skip
    layers.append(
        alt.Chart(edges).mark_rule(strokeDash=[5, 4], color=QUIET).encode(alt.Y("target:Q", title=None))
    )
    layers.append(alt.Chart(curve).mark_line(color=INK, strokeWidth=1.1).encode(x, y))
    if not trades.empty:
        occurring = [mark for mark in _MARKS if mark in set(trades["mark"])]
        layers.append(_marks(trades[trades["class"] == name], occurring, x, y))
    return alt.layer(*layers).properties(width=830, height=86, title=_panel(name))


def _marks(trades: pd.DataFrame, occurring: list[str], x: alt.X, y: alt.Y) -> alt.Chart:
    """Mark one class's trades; the legend lists the kinds that occur in any class drawn."""
    shapes = alt.Scale(domain=occurring, range=[_MARKS[kind][0] for kind in occurring])
    colours = alt.Scale(domain=occurring, range=[_MARKS[kind][1] for kind in occurring])
    return (
        alt.Chart(trades[["date", "weight", "mark", "side", "symbols", "amount", "gain", "reason"]])
        .mark_point(filled=True, size=46, opacity=0.95, stroke="white", strokeWidth=0.5)
        .encode(
            x, y,
            shape=alt.Shape("mark:N", title=None, legend=_below(), scale=shapes),
            color=alt.Color("mark:N", title=None, legend=_below(), scale=colours),
            tooltip=[
                alt.Tooltip("date:T", format="%d %b %Y"),
                alt.Tooltip("side:N", title="trade"),
                alt.Tooltip("symbols:N", title="securities"),
                alt.Tooltip("amount:Q", format="$,.0f"),
                alt.Tooltip("gain:Q", format="$,.0f", title="gain or loss"),
                alt.Tooltip("weight:Q", format=".1%", title="weight after"),
                alt.Tooltip("reason:N"),
            ],
        )
    )  # fmt: skip


def taxes_by_year(comparison: Comparison) -> alt.Chart | alt.FacetChart:
    """Draw the income tax of each year, with and without harvesting side by side for every rule that has both.

    With no such rule, all policies are drawn side by side.
    """
    paired = twins(comparison)
    shown = [(rule, plain, harvested) for harvested, plain in paired.items() for rule in [label(plain)]]
    pieces = [
        run.years["tax"].rename("tax").rename_axis("year").reset_index().assign(rule=rule, which=which)
        for rule, plain, harvested in shown
        for which, run in ((_PLAIN, comparison.runs[plain]), (_HARVESTED, comparison.runs[harvested]))
    ] or [
        run.years["tax"].rename("tax").rename_axis("year").reset_index().assign(rule="", which=label(name))
        for name, run in comparison.runs.items()
    ]
    rows = pd.concat(pieces, ignore_index=True).round({"tax": 2})
    kinds = list(dict.fromkeys(rows["which"]))
    colours = [style.BLUE, style.ORANGE] if shown else [g.colour for g in style.looks(kinds).values()]
    bars = alt.Chart(rows).mark_bar().encode(
        alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", domain=False, ticks=False)),
        alt.Y("tax:Q", title="US$", axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=5)),
        xOffset=alt.XOffset("which:N", sort=kinds),
        color=alt.Color("which:N", title=None, sort=kinds, legend=_below(),
                        scale=alt.Scale(domain=kinds, range=colours)),
        tooltip=[alt.Tooltip("rule:N"), alt.Tooltip("year:O"), alt.Tooltip("which:N", title="policy"),
                 alt.Tooltip("tax:Q", format="$,.0f")],
    )  # fmt: skip
    title = _title("Tax by year", "Income tax that the portfolio adds to the household's return, by tax year, US$; "
                                  "below zero it lowers the tax on other income", shape.badge(comparison))  # fmt: skip
    text = f"Income tax by year for {', '.join(dict.fromkeys(rows['rule'])) or 'each policy'}."
    return _facets([bars], rows, title, text)


def tax_saved(comparison: Comparison) -> alt.LayerChart | alt.FacetChart | None:
    """Draw what harvesting saved in each year and what became of it, rule by rule; None without such pairs."""
    found = {
        label(plain): comparison.tax_saved(harvested, plain) for harvested, plain in twins(comparison).items()
    }
    title = "Tax saved by harvesting, by year"
    return tax_split(found, comparison, title, "Same rule without harvesting less with it") if found else None


def household_tax(comparison: HouseholdComparison) -> alt.LayerChart | alt.FacetChart | None:
    """Draw tax saved by each thing that a household comparison switches off; None where nothing could be."""
    against = "Tax with it switched off less tax of the policy as it is"
    found = comparison.tax_alphas
    return tax_split(found, comparison, "Tax saved, by what is switched off", against) if found else None


def tax_split(
    alphas: Mapping[str, TaxAlpha], comparison: Comparison, title: str, against: str
) -> alt.LayerChart | alt.FacetChart:
    """Draw tax saved by year, split into what is deferred, converted and permanent: a panel an entry of `alphas`.

    What stems only from less or more income is drawn apart from what is permanent: nobody is better off for it.

    Parameters
    ----------
    alphas : mapping of str to TaxAlpha
        By the panel's heading.
    comparison : Comparison
        Whose data, period and law stand below the title.
    title, against : str
        The heading, and which tax less which tax.
    """
    rows = pd.concat([shape.split_rows(alpha).assign(rule=rule) for rule, alpha in alphas.items()]).round(2)
    parts = list(shape.PARTS)
    colour = alt.Color("part:N", title=None, sort=parts, legend=_below(),
                       scale=alt.Scale(domain=parts, range=list(style.PARTS)))  # fmt: skip
    x = alt.X(
        "year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", domain=False, ticks=False)
    )
    y = alt.Y("amount:Q", title="US$", axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=5))
    tips = [alt.Tooltip("rule:N"), alt.Tooltip("year:O"), alt.Tooltip("part:N", title="what becomes of it"),
            alt.Tooltip("amount:Q", format="$,.0f"),
            alt.Tooltip("saved:Q", format="$,.0f", title="tax saved")]  # fmt: skip
    bars = alt.Chart(rows).mark_bar(stroke="white", strokeWidth=0.5).encode(
        x, y, colour, order=alt.Order("at:Q"), tooltip=tips
    )  # fmt: skip
    sums = alt.Chart(rows).transform_filter("datum.at == 0").mark_point(
        filled=True, shape="diamond", size=60, fill="white", stroke=INK, strokeWidth=1.4, opacity=1
    ).encode(x, alt.Y("saved:Q"), shape=alt.Shape(
        "sum:N", title=None, legend=_below(), scale=alt.Scale(domain=["Tax saved, all parts"], range=["diamond"])
    ), tooltip=tips[:2] + tips[-1:])  # fmt: skip
    text = "; ".join(
        f"{rule}: {alpha.saved:,.0f} US dollars saved, of which {alpha.deferred:,.0f} deferred,"
        f" {alpha.converted:,.0f} converted and {alpha.permanent:,.0f} permanent"
        for rule, alpha in alphas.items()
    )
    below = [f"{against}, US$; below zero, tax was higher. {shape.REPAID}", shape.setting_line(comparison)]
    return _facets([bars, sums], rows, _title(title, below, shape.badge(comparison)), f"{title}. {text}.")


def harvest_effect(comparison: Comparison) -> alt.LayerChart | None:
    """Draw what harvesting changed, rule by rule: tax in the period and value at the end; None without such pairs.

    The changes in value are no split of the tax saved. The two portfolios hold different things from the first
    harvest on, and that can be worth more or less than the tax.
    """
    kinds = {"Tax saved in the period": "saved", "Change in value after tax": "value_after_tax",
             "Change in value after liquidation": "value_after_liquidation"}  # fmt: skip
    rows = pd.DataFrame(
        [
            {"rule": label(plain), "what": what, "amount": float(getattr(found, key))}
            for harvested, plain in twins(comparison).items()
            for found in [comparison.tax_saved(harvested, plain)]
            for what, key in kinds.items()
        ]
    )
    if rows.empty:
        return None
    shown = list(dict.fromkeys(rows["rule"]))
    y = alt.Y(
        "rule:N",
        title=None,
        sort=shown,
        axis=alt.Axis(labelLimit=190, labelPadding=8, domain=False, ticks=False),
    )
    scale = alt.Scale(domain=list(kinds), range=[style.SKY, style.BLUE, style.BLACK])
    colour = alt.Color("what:N", title=None, sort=list(kinds), legend=_below(), scale=scale)
    base = alt.Chart(rows).encode(
        alt.X("amount:Q", title="US$", scale=alt.Scale(padding=44), axis=alt.Axis(labelExpr=_US_DOLLARS, tickCount=6)),
        y, yOffset=alt.YOffset("what:N", sort=list(kinds)),
        tooltip=[alt.Tooltip("rule:N"), alt.Tooltip("what:N", title=" "), alt.Tooltip("amount:Q", format="$,.0f")],
    )  # fmt: skip
    words = base.encode(text=alt.Text("amount:Q", format="$,.0f"))
    layers = [
        base.mark_bar().encode(colour),
        words.transform_filter("datum.amount >= 0").mark_text(align="left", dx=4, fontSize=11),
        words.transform_filter("datum.amount < 0").mark_text(align="right", dx=-4, fontSize=11),
        _zero("x"),
    ]
    note = ["US$, the rule with harvesting less the same rule without.",
            "The changes in value also contain the different holdings, not tax alone."]  # fmt: skip
    title = _title("What harvesting changed", note, shape.badge(comparison))
    chart = alt.layer(*layers).properties(width=690, height=alt.Step(17))
    text = "; ".join(
        f"{row.rule}, {row.what.lower()}: {row.amount:,.0f} US dollars" for row in rows.itertuples()
    )
    return _finish(chart, title, text)


def stacked(*drawn: Any) -> alt.VConcatChart:
    """Return several of these charts as one, from top to bottom: for a picture or a slide."""
    bare = [chart.copy(deep=False) for chart in drawn]
    words = " ".join(chart.description for chart in bare)
    for chart in bare:
        chart.config = alt.Undefined  # only the whole may carry the house style
    return alt.vconcat(*bare, spacing=34, description=words).resolve_scale(
        color="independent", strokeDash="independent", shape="independent"
    ).configure(**_CONFIG)  # fmt: skip


def _facets(layers: list[alt.Chart], rows: pd.DataFrame, title: alt.TitleParams, text: str) -> Any:
    """Lay bars out in a panel a rule, on one scale, with a line at zero."""
    rules = list(dict.fromkeys(rows["rule"]))
    if len(rules) == 1:
        return _finish(alt.layer(*layers, _zero("y")).properties(width=830, height=230), title, text)
    panel = alt.layer(*layers, _zero("y"), data=rows).properties(width=375, height=140)
    chart = panel.facet(alt.Facet("rule:N", title=None, sort=rules), columns=2, spacing=22)
    return _finish(chart.resolve_axis(x="independent", y="independent"), title, text)


def _zero(axis: str) -> alt.Chart:
    return alt.Chart().mark_rule(color=INK, strokeWidth=1).encode(**{axis: alt.datum(0)})


def _title(text: str, subtitle: str | list[str], badge: str) -> alt.TitleParams:
    lines = [subtitle] if isinstance(subtitle, str) else subtitle
    return alt.TitleParams(text=text, subtitle=[*lines, badge] if badge else subtitle)


def _years(dates: Any, most: int) -> alt.Axis:
    """Return a time axis with a tick a year, or every few years when there are more than `most`.

    A short span has months, a very short one days, so that no two ticks have the same words.
    """
    first, last = pd.Timestamp(min(dates)), pd.Timestamp(max(dates))
    years, days = last.year - first.year, (last - first).days
    if days < 100:
        step = {"interval": "day", "step": max(-(-days // 8), 1)}
        return alt.Axis(tickCount=step, format="%-d %b %Y", labelOverlap=True)
    if years < 2:
        step = {"interval": "month", "step": -(-days // 300)}
        return alt.Axis(tickCount=step, format="%b %Y", labelOverlap=True)
    return alt.Axis(tickCount={"interval": "year", "step": -(-years // most)}, format="%Y", labelOverlap=True)


def _panel(text: str) -> alt.TitleParams:
    return alt.TitleParams(text=text, fontSize=13, anchor="start", offset=6)


def _below() -> alt.Legend:
    return alt.Legend(orient="bottom", direction="horizontal", columns=5, title=None)


def _day(date: Any) -> str:
    return f"{pd.Timestamp(date):%Y-%m-%d}"


def _finish(chart: Any, title: alt.TitleParams, description: str) -> Any:
    """Give a chart its title, the words a screen reader says, and the house style."""
    return chart.properties(title=title, description=description).configure(**_CONFIG)
