"""A tax report for the terminal: tables that fit its width, and what a reader must know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from rebal_kit.views.nouns import FILINGS, KINDS
from rebal_kit.views.tables import said
from rebal_kit.views.tax_words import (
    agreement,
    count,
    coverage,
    day,
    law,
    money,
    nothing_disallowed,
    period,
    shares,
)
from rebal_kit.wash_trail import IN_BASIS, LOST, UNATTACHED

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType
    from rich.table import Table

    from rebal_kit.tax_report import TaxReport

#: Rows of a table in a terminal; the folder of results has all of them.
_MOST_ROWS = 25
#: From so many characters on, a row holds a sale and its explanation side by side.
_WIDE = 100
_GAP = 2
_YEARS = {
    "ST": "short", "LT": "long", "recognized": "net\ngain", "disallowed": "disal-\nlowed",
    "permanent": "lost for\ngood", "deduction": "loss\ndeducted", "carried_over": "carried\nover",
    "distributions": "distri-\nbutions", "tax": "tax\nadded",
}  # fmt: skip
_FATES = {IN_BASIS: "in basis", LOST: "lost for good", UNATTACHED: "in no lot"}


def terminal(report: TaxReport, width: int) -> Iterator[RenderableType]:
    """Yield a report for a terminal of `width` characters.

    Parameters
    ----------
    report : TaxReport
    width : int
    """
    from rich.text import Text

    wide = width >= _WIDE
    household = report.household
    accounts = ", ".join(f"{a.name} ({KINDS[a.kind.value]})" for a in household.accounts)
    yield Text(f"{household.name}: {period(report)}", style="bold")
    yield Text(f"{accounts}; filing {FILINGS[household.tax.filing]}; law {law(report)}", style="dim")
    yield Text(coverage(report), style="dim" if household.complete else "bold")
    unit, grid = _by_year(report.overview, width)
    yield _heading(f"Gains and tax by year, {unit}")
    yield grid
    yield _heading("Wash sales: which purchase replaced which loss")
    if len(report.wash_sales):
        yield from _cut(report.wash_sales, "disallowed", partial(_wash_sales, wide=wide))
    else:
        yield Text(nothing_disallowed(report))
    yield _heading("Where Form 1099-B will differ from the taxpayer's figures")
    if len(report.differences):
        yield from _cut(report.differences, "difference", _differences if wide else _differences_in_lines)
    else:
        yield Text(agreement(report))
    yield _heading(f"Open lots as the history ends, {report.last}")
    yield from _cut(report.positions, "basis", _positions)
    yield _heading("What to know")
    yield _bullets(said(report.findings))


def _heading(words: str) -> RenderableType:
    from rich.text import Text

    return Text(f"\n{words}", style="bold")


def _grid() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


def _cut(
    table: pd.DataFrame, by: str, draw: Callable[[pd.DataFrame], RenderableType]
) -> Iterator[RenderableType]:
    """Draw the rows of a table that matter most, in their order, and say how many there are besides."""
    from rich.text import Text

    largest = table[by].abs().nlargest(_MOST_ROWS).index
    yield draw(table.loc[sorted(largest)])
    if len(table) > len(largest):
        left = count(len(table) - len(largest), "smaller one")
        yield Text(f"and {left}: --out DIR writes them all", style="dim")


def _bullets(sentences: list[str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    for sentence in sentences:
        grid.add_row("·", Text(sentence, style="" if sentence.startswith("warning") else "dim"))
    return grid


def _by_year(table: pd.DataFrame, width: int) -> tuple[str, Table]:
    """Draw years with cents, dollars or thousands, whichever is the most exact that fits; return the unit too."""
    heads = [_YEARS[name] for name in table.columns]
    unit, rows = "", []
    for said_as, scale, digits in (("US$", 1, 2), ("whole US$", 1, 0), ("thousand US$", 1_000, 0)):
        unit = said_as
        rows = [[money(value / scale, digits) for value in row] for row in table.to_numpy()]
        columns = zip(heads, *rows, strict=True)
        needed = (max(map(len, (*head.split("\n"), *cells))) + _GAP for head, *cells in columns)
        if sum(needed) + len("2024") <= width:
            break
    grid = _grid()
    grid.add_column("year", no_wrap=True)
    for head in heads:
        grid.add_column(head, justify="right")
    for year, cells in zip(table.index, rows, strict=True):
        grid.add_row(year, *cells, style="bold" if year == "all" else "")
    return unit, grid


def _wash_sales(table: pd.DataFrame, wide: bool) -> Table:
    from rich.text import Text

    then = ", " if wide else "\n"
    grid = _grid()
    grid.add_column("sold", no_wrap=True)
    grid.add_column("at a loss")
    grid.add_column("replaced by")
    grid.add_column("disallowed", justify="right", no_wrap=True)
    grid.add_column("the loss is", no_wrap=True)
    for row in table.to_dict("records"):
        bought = f"{shares(row['quantity'])} {row['in_symbol']} {day(row['bought'])}{then}{row['in_account']}"
        sold = f"{row['symbol']}{then}{row['account']}"
        grid.add_row(
            day(row["date"]), Text(sold), Text(bought), money(row["disallowed"]),
            Text(row["fate"] if wide else _FATES[row["fate"]], style="bold" if row["permanent"] > 0 else ""),
        )  # fmt: skip
    return grid


def _differences(table: pd.DataFrame) -> Table:
    from rich.text import Text

    grid = _grid()
    grid.add_column("sold", no_wrap=True)
    grid.add_column("sale")
    grid.add_column("1099-B gain", justify="right")
    grid.add_column("taxpayer", justify="right", no_wrap=True)
    grid.add_column("why", ratio=1)
    for row in table.to_dict("records"):
        sale = f"{shares(row['quantity'])} {row['symbol']}, {row['account']}"
        grid.add_row(
            day(row["date"]),
            Text(sale),
            money(row["broker_gain"]),
            money(row["recognized"]),
            Text(row["why"]),
        )
    return grid


def _differences_in_lines(table: pd.DataFrame) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for row in table.to_dict("records"):
        sale = f"{day(row['date'])}  {shares(row['quantity'])} {row['symbol']}, {row['account']}"
        gains = f"1099-B {money(row['broker_gain'])}, taxpayer {money(row['recognized'])}"
        parts.append(Text(f"{sale}: {gains}"))
        parts.append(Padding(Text(row["why"], style="dim"), (0, 0, 0, 12)))
    return Group(*parts)


def _positions(table: pd.DataFrame) -> Table:
    from rich.text import Text

    grid = _grid()
    grid.add_column("account")
    grid.add_column("symbol", no_wrap=True)
    for name in ("lots", "shares", "basis, US$"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("of it deferred losses", justify="right")
    for row in table.to_dict("records"):
        grid.add_row(
            Text(row["account"]), Text(row["symbol"]), str(row["lots"]), shares(row["quantity"]), money(row["basis"]),
            money(row["deferred"]) if row["deferred"] else "",
        )  # fmt: skip
    return grid
