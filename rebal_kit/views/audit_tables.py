"""An audit in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.audit import Audit
from rebal_kit.record import RunRecord

#: So many differences are shown; all of them are in the JSON.
_SHOWN = 40


def terminal(audit: Audit, record: RunRecord) -> Iterator[Any]:
    """Yield what to print: what was audited, the differences, the verdict."""
    yield Text(f"{record.household.name}: {record.first} to {record.last}", style="bold")
    for name, value in record.about.items():
        yield Text(f"{name}: {value}", style="dim")
    compared = (
        f"{audit.sales:,} sales and {audit.years} tax years replayed, {audit.figures:,} figures compared"
    )
    if audit.clean:
        yield Text(f"{compared}: every one came out as the run had said, to half a cent")
        return
    table = Table(box=box.SIMPLE_HEAD, title="Figures that come out different, US$", title_justify="left")
    for name in ("what", "where"):
        table.add_column(name, overflow="fold")
    for name in ("the run said", "the replay found", "difference"):
        table.add_column(name, justify="right")
    for row in audit.differences.head(_SHOWN).to_dict("records"):
        amounts = (_amount(row[name]) for name in ("said", "found", "difference"))
        table.add_row(row["what"], row["where"], *amounts)
    yield table
    left = len(audit.differences) - _SHOWN
    if left > 0:
        yield Text(f"and {left:,} more: --json has them all")
    yield Text(f"{compared}; different: {len(audit.differences):,}")


def as_json(audit: Audit, record: RunRecord) -> dict[str, Any]:
    """Return the audit as JSON values; what one side does not have is null."""
    return {
        "household": record.household.name,
        "first": str(record.first),
        "last": str(record.last),
        **record.about,
        "sales": audit.sales,
        "years": audit.years,
        "figures": audit.figures,
        "differences": [
            {name: _plain(value) for name, value in row.items()}
            for row in audit.differences.to_dict("records")
        ],
    }


def _amount(value: float) -> str:
    return "not there" if value != value else f"{value:,.4f}"  # noqa: PLR0124 - NaN is what is not equal to itself


def _plain(value: Any) -> Any:
    return None if value != value else value  # noqa: PLR0124
