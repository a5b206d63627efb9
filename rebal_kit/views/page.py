"""The comparison as one HTML page that opens anywhere, offline: charts, tables, and what a reader must know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rebal_kit.household_comparison import ALONE, AS_IT_IS, HouseholdComparison
from rebal_kit.views import charts, vega
from rebal_kit.views.alpha_tables import NOTES, WHAT_WORTH_IS, split, worth, worth_title
from rebal_kit.views.location_charts import location_map
from rebal_kit.views.nouns import FILINGS, KINDS
from rebal_kit.views.shape import banded, harvest_notes, label, twins
from rebal_kit.views.tables import EXPLAINED, said, table

if TYPE_CHECKING:
    from rebal_kit.compare import Comparison

#: Points a curve: as many as a panel of the page can show, so that the page stays small.
_POINTS = 440


class Figure(NamedTuple):
    """A chart's place in the page.

    Attributes
    ----------
    id : str
    spec : dict
        Vega-Lite.
    text : str
        What it shows, in words.
    """

    id: str
    spec: dict[str, Any]
    text: str


def comparison_page(comparisons: Sequence[Comparison], title: str = "Rebalancing rules after tax") -> str:
    """Return one HTML page for comparisons of one or more households.

    Every chart and script is inside; the page's own security policy forbids it the network. Names from files are
    escaped.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One for each household.
    title : str
    """
    from rebal_kit.views.templates import environment

    sections = [_section(comparison, f"h{at}") for at, comparison in enumerate(comparisons)]
    specs = {figure.id: figure.spec for section in sections for figure in section["figures"]}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            sections=sections,
            specs=_json_in_html(specs),
            script=vega.script(),
            label=label,
            kinds=KINDS,
            filings=FILINGS,
            explained=EXPLAINED,
        )
    )


def save_page(
    comparisons: Sequence[Comparison], path: str | Path, title: str = "Rebalancing rules after tax"
) -> Path:
    """Write `comparison_page` to a file, making its folder; return the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(comparison_page(comparisons, title), encoding="utf-8")
    return path


def _section(comparison: Comparison, prefix: str) -> dict[str, Any]:
    """Return what the template shows of one household."""
    run = next(iter(comparison.runs.values()))
    notes, others = harvest_notes(comparison)
    figures = []
    for at, chart in enumerate(_charts(comparison)):
        spec = chart.to_dict(validate=False)
        figures.append(Figure(f"{prefix}-{at}", spec, spec["description"]))
    return {
        "household": run.household,
        "market": run.market,
        "first": run.market.dates[0],
        "last": run.market.dates[-1],
        "opened_with": run.opened_with,
        "figures": figures,
        "table": table(comparison),
        "policies": {label(name): found.policy for name, found in comparison.runs.items()},
        "twins": bool(twins(comparison)) and not isinstance(comparison, HouseholdComparison),
        "worth": _worth(comparison),
        "harvest_notes": notes,
        "assumptions": said(others),
    }


def _worth(comparison: Comparison) -> dict[str, Any] | None:
    """Return what the template shows of a household comparison alone."""
    if not isinstance(comparison, HouseholdComparison):
        return None
    return {
        "title": worth_title(comparison),
        "table": worth(comparison),
        "splits": {f"Tax saved against {name}, US$": split(a) for name, a in comparison.tax_alphas.items()},
        "notes": (WHAT_WORTH_IS, *NOTES),
    }


def _charts(comparison: Comparison) -> Iterator[Any]:
    if isinstance(comparison, HouseholdComparison):
        yield from _household_charts(comparison)
        return
    yield charts.growth(comparison, _POINTS)
    yield charts.taxes_by_year(comparison)
    yield from (
        chart
        for chart in (charts.tax_saved(comparison), charts.harvest_effect(comparison))
        if chart is not None
    )
    for name in banded(comparison):
        yield charts.drift(comparison.runs[name], _POINTS)


def _household_charts(comparison: HouseholdComparison) -> Iterator[Any]:
    """Draw where the holdings stand and the tax saved; the runs' growth lies too close together to be told apart."""
    runs = comparison.runs
    shown = {name: run.closing_household for name, run in reversed(runs.items()) if name in (AS_IT_IS, ALONE)}
    opened = runs[AS_IT_IS]
    if opened.opened_with == "lots" and opened.household.as_of is not None:
        shown = {"At the opening": opened.household, **shown}
    yield location_map(shown, opened.market)
    tax = charts.household_tax(comparison)
    if tax is not None:
        yield tax
    if banded(comparison):
        yield charts.drift(opened, _POINTS)


def _json_in_html(value: Any) -> str:
    """Return JSON that may stand in a script element whatever its strings hold."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
