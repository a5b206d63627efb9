"""Metrics as people read them: names, units and digits; as a table for the terminal, a notebook and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd

from rebal_kit.views.shape import annualised, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas.io.formats.style import Styler
    from rich.console import RenderableType

    from rebal_kit.compare import Comparison
    from rebal_kit.findings import Finding

Unit = Literal["$k", "%", "%/yr", "count"]


class Measure(NamedTuple):
    """How a metric is shown.

    Attributes
    ----------
    key : str
        Its name in `Backtest.metrics`.
    name : str
        Its name for people.
    unit : str
    digits : int
        Decimals of a percentage; money takes its own by size.
    """

    key: str
    name: str
    unit: Unit
    digits: int = 0


#: Groups that are shown only where one of these measures is not 0: money came in or went out; trades cost more than the
#: spread.
FLOWS, PARTS_OF_COST = "Money in and out", "Trading cost by part"
_ONLY_WITH = {
    FLOWS: ("deposits", "withdrawals", "unpaid_withdrawals"),
    PARTS_OF_COST: ("commission", "impact", "delay"),
}
MEASURES: dict[str, tuple[Measure, ...]] = {
    "Value at the end": (
        Measure("value_before_tax", "before tax", "$k"),
        Measure("value_after_tax", "after tax", "$k"),
        Measure("value_after_liquidation", "after liquidation", "$k"),
    ),
    "Return": (
        Measure("cagr_before_tax", "before tax", "%/yr", 2),
        Measure("cagr_after_tax", "after tax", "%/yr", 2),
        Measure("cagr_after_liquidation", "after liquidation", "%/yr", 2),
        Measure("tax_drag", "lost to tax", "%/yr", 2),
    ),
    "Risk and fit": (
        Measure("volatility", "volatility", "%/yr", 1),
        Measure("max_drawdown", "largest fall", "%", 1),
        Measure("average_drift", "average drift", "%", 2),
        Measure("tracking_error", "tracking error", "%/yr", 2),
    ),
    "Trading": (
        Measure("turnover", "turnover", "%/yr", 1),
        Measure("rebalances", "rebalancing days", "count"),
        Measure("trades", "trades", "count"),
        Measure("cost", "trading cost", "$k"),
    ),
    PARTS_OF_COST: (
        Measure("commission", "commissions and fees", "$k"),
        Measure("spread", "spread", "$k"),
        Measure("impact", "market impact", "$k"),
        Measure("delay", "price moved before the fill", "$k"),
    ),
    "Gains and tax": (
        Measure("realized_short", "realised short-term", "$k"),
        Measure("realized_long", "realised long-term", "$k"),
        Measure("harvested", "losses harvested", "$k"),
        Measure("disallowed", "disallowed by wash sales", "$k"),
        Measure("permanent", "of which lost for good", "$k"),
        Measure("wash_sale_rate", "wash-sale rate of losses", "%", 2),
        Measure("tax_paid", "tax paid", "$k"),
        Measure("tax_accrued", "tax due, not paid yet", "$k"),
        Measure("liquidation_tax", "tax if all were sold", "$k"),
    ),
    FLOWS: (
        Measure("deposits", "deposits", "$k"),
        Measure("withdrawals", "withdrawals", "$k"),
        Measure("unpaid_withdrawals", "withdrawals not paid", "$k"),
    ),
}

#: What "after tax" means: neither the tax paid so far alone, nor everything sold.
AFTER_TAX = "less all tax paid and the tax accrued and not paid yet; gains not realised are untaxed"
_SOLD = "as if everything were sold on the last day and taxed, retirement accounts too"
_MEANINGS = {
    "value_after_tax": AFTER_TAX,
    "value_after_liquidation": _SOLD,
    "cagr_after_tax": AFTER_TAX,
    "cagr_after_liquidation": _SOLD,
    "tax_drag": "return before tax less return after tax",
    "average_drift": "share of the portfolio that lies in the wrong class, on average",
    "tracking_error": "deviation of daily returns from those of the target mix",
    "impact": "by the square-root law: what the household's own orders move the price",
    "turnover": "half of purchases and sales, over the average value; the opening is left out",
    "rebalances": "days on which the rule traded; the opening is left out",
    "disallowed": "losses that count later, in the shares that replaced the sold ones, or never",
    "permanent": "losses replaced in a retirement account, where no basis takes them up",
}
#: What a measure means, by group and name, where the name alone could mislead.
EXPLAINED = {
    (group, measure.name): _MEANINGS[measure.key]
    for group, measures in MEASURES.items()
    for measure in measures
    if measure.key in _MEANINGS
}
#: Growth rates: over less than a year they are the whole growth, not a yearly one.
_GROWTH = frozenset({"cagr_before_tax", "cagr_after_tax", "cagr_after_liquidation", "tax_drag"})

#: Characters of the two label columns with the gap between them, and of a column of figures, in a terminal.
_LABELS, _FIGURE = 33, 9


def shown(measure: Measure, values: Iterable[float]) -> list[str]:
    """Return one row's figures as text, all with the same number of decimals; a figure that is missing is a dash.

    Parameters
    ----------
    measure : Measure
    values : iterable of float
        US$, fractions or counts, as in `Backtest.metrics`.
    """
    found = [float(v) for v in values]
    if measure.unit == "$k":
        found = [v / 1_000 for v in found]
        largest = max((abs(v) for v in found if math.isfinite(v)), default=0.0)
        digits = 0 if largest < 0.005 else 2 if largest < 1 else 1 if largest < 10_000 else 0
    elif measure.unit == "count":
        digits = 0
    else:
        found = [v * 100 for v in found]
        digits = measure.digits
    return [number(v, digits) for v in found]


def number(value: float, digits: int) -> str:
    """Return a figure as text; what is not known is a dash, and what rounds to nothing has no sign."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def table(comparison: Comparison) -> pd.DataFrame:
    """Return the metrics as text: a row a metric (group, name, unit), a column a policy."""
    whole = frozenset() if annualised(comparison) else _GROWTH
    index: list[tuple[str, str, str]] = []
    rows: list[list[str]] = []
    for group, measures in MEASURES.items():
        for measure in measures:
            if measure.key not in comparison.table:
                continue
            needed = [key for key in _ONLY_WITH.get(group, ()) if key in comparison.table]
            if group not in _ONLY_WITH or comparison.table[needed].to_numpy().any():
                index.append((group, measure.name, "%" if measure.key in whole else measure.unit))
                rows.append(shown(measure, comparison.table[measure.key]))
    return pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_tuples(index, names=["", "measure", "unit"]),
        columns=[label(str(name)) for name in comparison.table.index],
    )


def styled(comparison: Comparison) -> Styler:
    """Return the metrics as a table for a notebook, figures set right and escaped."""
    right = [{"selector": "td", "props": "text-align: right; font-variant-numeric: tabular-nums"}]
    return (
        table(comparison)
        .style.format(escape="html")
        .format_index(escape="html", axis=1)
        .set_table_styles(right)
    )


def terminal(comparison: Comparison, title: str, width: int) -> list[RenderableType]:
    """Return the metrics as tables for a terminal of `width` characters: policies side by side, as many as fit."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    figures = table(comparison)
    fit = max((width - _LABELS) // (_FIGURE + 2), 1)
    drawn: list[RenderableType] = [Text(title, style="bold")]
    for names in _evenly(list(range(figures.shape[1])), fit):
        grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        grid.add_column("", no_wrap=True)
        grid.add_column("", style="dim", no_wrap=True)
        for at in names:
            grid.add_column(Text(str(figures.columns[at])), justify="right", width=_FIGURE)
        for group, rows in figures.groupby(level=0, sort=False):
            grid.add_row(Text(str(group), style="bold"))
            for (_, name, unit), row in zip(rows.index, rows.to_numpy(), strict=True):
                grid.add_row(Text(f"  {name}"), Text(unit), *(Text(str(row[at])) for at in names))
        drawn.append(grid)
    return drawn


def said(findings: Iterable[Finding]) -> list[str]:
    """Return findings as sentences, each once; warnings come first and are called so: they change what one may say."""
    ordered = sorted(findings, key=lambda finding: finding.severity == "note")
    sentences = (str(f) if f.severity == "note" else f"{f.severity}: {f}" for f in ordered)
    return list(dict.fromkeys(sentences))


def _evenly(items: Sequence[int], most: int) -> list[Sequence[int]]:
    """Cut `items` into as few parts as `most` a part allows, as equal as can be."""
    parts = -(-len(items) // most)
    size = -(-len(items) // parts) if parts else 1
    return [items[i : i + size] for i in range(0, len(items), size)]
