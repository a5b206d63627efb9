"""Measure, print a table, write build/bench.json. Fails when a peer does not trade by the same rule."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.contests import LARGEST_DIFFERENCE, everything, timed
from benchmarks.measure import ROOT, Row, machine


def shown(value: float) -> str:
    """Return a figure with three significant digits."""
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table_of(rows: list[Row]) -> Table:
    """Return the rows as a table for the terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for name, justify in (("what", "left"), ("value", "right"), ("unit", "left"), ("peer", "left"),
                          ("ratio", "right"), ("aim", "left"), ("note", "left")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        ratio = "" if row.ratio is None else f"{shown(row.ratio)}×"
        table.add_row(row.name, shown(row.value), row.unit, row.peer, ratio, row.aim, row.note)
    return table


def main() -> int:
    """Run everything; return the exit status."""
    console = Console(width=None if sys.stdout.isatty() else 240)
    before = machine()
    rows: list[Row] = []
    for title, group in everything():
        with console.status(f"measuring {title} …"):
            found, taken = timed(group)
        rows += found
        console.print(f"[dim]{title}: {taken:.0f} s[/dim]")
    console.print(table_of(rows))
    console.print(f"ratio: the peer's figure over rebal_kit's. Before: {before}; after: {machine()}")
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    report = {"before": before, "after": machine(), "rows": [asdict(row) for row in rows]}
    target.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    console.print(f"written: {target.relative_to(ROOT)}")
    apart = [row for row in rows if row.unit == "relative" and not row.value <= LARGEST_DIFFERENCE]
    for row in apart:
        console.print(f"[red]{row.name}: {row.value:.1e} from {row.peer}: not the same rule[/red]")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
