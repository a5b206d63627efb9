"""A frontier and a plan over tax years for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebal_kit.views.shape import label
from rebal_kit.views.tables import number, said
from rebal_kit.views.tax_words import money

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from rebal_kit.proposal.frontier import TaxFrontier
    from rebal_kit.proposal.transition import TransitionPlan


def frontier_table(frontier: TaxFrontier) -> Table:
    """Return the points of a frontier, the smallest drift first.

    Parameters
    ----------
    frontier : TaxFrontier
    """
    grid = _grid("", "drift, %", "tax now, US$", "net gain, US$", "cost, US$", "trades")
    for row in frontier.table.sort_values(["drift", "tax_now"], kind="stable").to_dict("records"):
        cells = (money(float(row[name]), 0) for name in ("tax_now", "net_gain", "cost"))
        style = "dim" if row["label"] == "least tax" else "bold"
        grid.add_row(
            row["label"], number(100.0 * float(row["drift"]), 2), *cells, str(row["trades"]), style=style
        )
    return grid


def terminal(plan: TransitionPlan) -> Iterator[RenderableType]:
    """Yield a plan over tax years: the ways to spread, the years of the chosen one, and what to know.

    Parameters
    ----------
    plan : TransitionPlan
    """
    from rich.table import Table
    from rich.text import Text

    yield Text(f"{label(plan.household)}: selling down {plan.symbol} from {plan.asof}", style="bold")
    yield Text(f"policy {label(plan.policy)}; chosen: {plan.chosen}; nothing is sent anywhere", style="dim")
    yield Text("\nWays to spread, US$", style="bold")
    yield spreads_table(plan)
    yield Text(f"\nYear by year: {plan.chosen}, US$", style="bold")
    yield years_table(plan)
    yield Text("\nWhat to know", style="bold")
    bullets = Table.grid(padding=(0, 1, 0, 0))
    for sentence in said(plan.findings):
        bullets.add_row("·", Text(sentence, style="" if sentence.startswith("warning") else "dim"))
    yield bullets


def spreads_table(plan: TransitionPlan) -> Table:
    """Return what each way to spread comes to."""
    grid = _grid("", "tax", "saved", "cost", "drift\nleft, %", "risked by\nwaiting")
    for row in plan.spreads.to_dict("records"):
        saved = money(float(row["saved"]), 0) if math.isfinite(row["saved"]) else "short of\ntargets"
        tax, cost, risk = (money(float(row[name]), 0) for name in ("tax", "cost", "at_risk"))
        grid.add_row(
            str(row["spread"]), tax, saved, cost, number(100.0 * float(row["drift"]), 1), risk,
            style="bold" if row["spread"] == plan.chosen else "",
        )  # fmt: skip
    return grid


def years_table(plan: TransitionPlan) -> Table:
    """Return the years of the chosen way."""
    grid = _grid(
        "day", "sold", f"of it\n{plan.symbol}", "gain", "tax", "drift\nleft, %", "weight\nleft, %", "at risk"
    )
    for row in plan.by_year.to_dict("records"):
        gain = float(row["short_gain"]) + float(row["long_gain"])
        amounts = [money(float(one), 0) for one in (row["sold"], row["position_sold"], gain, row["tax"])]
        drift, weight = (number(100.0 * float(row[name]), 1) for name in ("drift", "weight"))
        grid.add_row(str(row["day"]), *amounts, drift, weight, money(float(row["at_risk"]), 0))
    total = plan.by_year[["sold", "position_sold", "short_gain", "long_gain", "tax"]].sum()
    gain = float(total["short_gain"] + total["long_gain"])
    amounts = [money(float(one), 0) for one in (total["sold"], total["position_sold"], gain, total["tax"])]
    grid.add_row("all", *amounts, "", "", "", style="bold")
    return grid


def _grid(*heads: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for at, head in enumerate(heads):
        grid.add_column(Text(head), justify="right" if at else "left", no_wrap=at > 0)
    return grid
