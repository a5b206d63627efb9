"""What trading costs do to a choice between rules: growth against one of them, by half spread and size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from rebal_kit.views import shape, style
from rebal_kit.views.style import INK, QUIET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rebal_kit.compare import Comparison

_BASIS_POINTS = 1e4
_WIDTH, _HEIGHT, _COLUMNS = 268, 250, 3


def ahead_by_spread(
    growth: Mapping[str, pd.DataFrame], against: str, comparison: Comparison, title: str
) -> alt.ConcatChart:
    """Draw by how much each rule grew faster than one of them, over the half spread: a panel an entry of `growth`.

    Parameters
    ----------
    growth : mapping of str to DataFrame
        By the panel's heading, such as the size of the household. Index: half spread, basis points. Columns: rules.
        Values: growth after tax a year, a fraction.
    against : str
        The rule that the others are read against: the line at zero.
    comparison : Comparison
        Whose data, period and law stand below the title.
    title : str
    """
    tables = {
        heading: table.sub(table[against], axis=0).drop(columns=against) * _BASIS_POINTS
        for heading, table in growth.items()
    }
    rules = list(dict.fromkeys(rule for table in tables.values() for rule in table.columns))
    values = [value for table in tables.values() for value in (table.min().min(), table.max().max(), 0.0)]
    room = 0.06 * (max(values) - min(values))
    scale = alt.Scale(domain=[min(values) - room, max(values) + room], nice=False)
    given = shape.label(against)
    panels = [
        _panel(heading, table, rules, scale, given if at == 0 else "")
        for at, (heading, table) in enumerate(tables.items())
    ]
    below = [
        f"Growth a year after tax and cost, less that of '{given}' with the same costs, in basis points",
        shape.setting_line(comparison),
    ]
    badge = shape.badge(comparison)
    words = alt.TitleParams(text=title, subtitle=[*below, badge] if badge else below)
    chart = alt.concat(*panels, columns=_COLUMNS, spacing=18).resolve_scale(
        color="shared", strokeDash="shared", y="shared"
    )
    return chart.properties(title=words, description=f"{title}. {_said(tables, given)}.").configure(
        **style.config()
    )


def _panel(
    heading: str, table: pd.DataFrame, rules: list[str], scale: alt.Scale, against: str
) -> alt.LayerChart:
    """Draw one size; the first panel carries the axis and the name of the line at zero."""
    rows = (
        table.round(3).rename_axis("spread").reset_index().melt("spread", var_name="rule", value_name="ahead")
    )
    rows["rule"] = rows["rule"].map(shape.label)
    looks = style.looks(map(shape.label, rules))
    names = list(looks)
    legend = alt.Legend(orient="bottom", columns=6, title=None, symbolSize=700, symbolStrokeWidth=2.4)
    colours = alt.Scale(domain=names, range=[look.colour for look in looks.values()])
    dashes = alt.Scale(domain=names, range=[[*look.dash] for look in looks.values()])
    axis = alt.Axis(tickCount=7) if against else alt.Axis(tickCount=7, labels=False)
    lines = alt.Chart(rows).mark_line(strokeWidth=1.8).encode(
        alt.X("spread:Q", title="half spread, basis points", axis=alt.Axis(tickCount=6),
              scale=alt.Scale(nice=False, padding=2)),
        alt.Y("ahead:Q", title="basis points a year" if against else None, scale=scale, axis=axis),
        alt.Color("rule:N", sort=names, scale=colours, legend=legend),
        alt.StrokeDash("rule:N", sort=names, scale=dashes, legend=legend),
        tooltip=[alt.Tooltip("rule:N"), alt.Tooltip("spread:Q", title="half spread, bp"),
                 alt.Tooltip("ahead:Q", format="+.1f", title="bp a year ahead")],
    )  # fmt: skip
    zero = alt.Chart().mark_rule(color=INK, strokeWidth=1).encode(y=alt.datum(0))
    name = alt.Chart().mark_text(align="left", dx=4, dy=-8, color=QUIET, text=against).encode(
        x=alt.datum(float(table.index[0])), y=alt.datum(0)
    )  # fmt: skip
    words = alt.TitleParams(text=heading, fontSize=13, anchor="start", offset=6)
    return alt.layer(zero, lines, *([name] if against else [])).properties(
        width=_WIDTH, height=_HEIGHT, title=words
    )


def _said(tables: Mapping[str, pd.DataFrame], against: str) -> str:
    """Return the ends of every line, for those who cannot see them."""
    said = []
    for heading, table in tables.items():
        ends = table.iloc[[0, -1]]
        rules = ", ".join(
            f"{shape.label(str(rule))} {ends[rule].iloc[0]:.0f} to {ends[rule].iloc[1]:.0f}" for rule in table
        )
        said.append(f"{heading}, half spread {ends.index[0]:g} to {ends.index[1]:g} basis points: {rules}")
    return f"Basis points a year against {against}. {'; '.join(said)}"
