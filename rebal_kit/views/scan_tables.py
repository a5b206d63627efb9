"""A scan in the terminal and as JSON."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.views.scan_words import together
from rebal_kit.views.tables import number

if TYPE_CHECKING:
    import pandas as pd

    from rebal_kit.findings import Finding
    from rebal_kit.proposal.scan import Scan

FRAMES = ("classes", "securities", "lots", "harvest", "windows")
_YEAR = {
    "carried_short": "short-term losses carried in",
    "carried_long": "long-term losses carried in",
    "realised_short": "realised short-term so far",
    "realised_long": "realised long-term so far",
    "qualified": "qualified dividends so far",
    "ordinary": "other dividends and interest so far",
    "net_gain": "net gain, after what was carried in",
    "loss_limit": "loss that other income may absorb",
    "loss_deducted": "of which is used",
    "loss_limit_left": "of which is left",
    "carried_on_short": "short-term losses to be carried on",
    "carried_on_long": "long-term losses to be carried on",
    "tax": "tax of the year so far",
}


def terminal(scan: Scan) -> Iterator[Any]:
    """Yield what to print: what is due, and then everything that was looked at."""
    yield Text(
        f"{scan.household.name} on {scan.asof}, policy {scan.policy.name}:"
        f" {'something is due' if scan.is_due else 'nothing is due'}",
        style="bold",
    )
    for finding in sorted(scan.due, key=lambda one: one.severity == "note"):
        yield Text(f"{'soon' if finding.severity == 'note' else 'DUE'}: {finding}")
    if scan.next_look is not None:
        yield Text(f"next look: {scan.next_look}, or the session after", style="dim")
    yield from _classes(scan)
    yield from _securities(scan)
    yield from _lots(scan)
    yield from _harvest(scan)
    if len(scan.windows):
        rows = scan.windows.to_dict("records")
        yield _table(
            "May not be traded yet",
            {"security": (r["symbol"] for r in rows), "account": (r["account"] or "all" for r in rows),
             "until": (str(r["until"]) for r in rows), "why": (r["why"] for r in rows)},
        )  # fmt: skip
    yield _table(
        "The tax year so far", {"": _YEAR.values(), "US$": (number(scan.year[name], 2) for name in _YEAR)}
    )
    for finding in scan.findings:
        note = finding.severity == "note"
        yield Text(f"· {finding}" if note else f"{finding.severity}: {finding}", style="dim" if note else "")
    yield Text("· before any decision; nothing is proposed; not tax advice", style="dim")


def as_json(scan: Scan) -> dict[str, Any]:
    """Return the scan as JSON values; what is not known is null."""
    return {
        "household": scan.household.name,
        "policy": scan.policy.name,
        "asof": str(scan.asof),
        "is_due": scan.is_due,
        "next_look": _plain(scan.next_look),
        "due": _findings(scan.due),
        **{name: _records(getattr(scan, name)) for name in FRAMES},
        "harvestable": scan.harvestable._asdict(),
        "year": {name: float(value) for name, value in scan.year.items()},
        "findings": _findings(scan.findings),
    }


def _classes(scan: Scan) -> Iterator[Table]:
    rows = scan.classes.to_dict("records")
    yield _table(
        "Classes",
        {
            **_accounts(rows),
            "class": (r["class"] for r in rows),
            "weight %": (number(100 * r["weight"], 2) for r in rows),
            "target": (number(100 * r["target"], 1) for r in rows),
            "drift": (number(r["drift"], 2) for r in rows),
            "band": (_band(r) for r in rows),
            "status": (r["status"] for r in rows),
            "rule": (r["rule"] for r in rows),
            "looks": ("today" if r["looks_today"] else "" for r in rows),
        },
    )


def _securities(scan: Scan) -> Iterator[Table]:
    rows = scan.securities.to_dict("records")
    yield _table(
        "Securities",
        {
            **_accounts(rows),
            "security": (r["symbol"] for r in rows),
            "held as": (r["held_as"] if r["held_as"] != r["symbol"] else "" for r in rows),
            "US$": (number(r["value"], 0) for r in rows),
            "weight %": (number(100 * r["weight"], 2) for r in rows),
            "target": (number(100 * r["target"], 1) for r in rows),
            "drift": (number(r["drift"], 2) for r in rows),
            "band": (_band(r) for r in rows),
            "status": (r["status"] for r in rows),
        },
    )


def _lots(scan: Scan) -> Iterator[Any]:
    rows = scan.lots.to_dict("records")
    if not rows:
        return
    yield _table(
        "Lots, unrealised gains in US$",
        {
            "account": (r["account"] for r in rows),
            "security": (r["symbol"] for r in rows),
            "lot": (r["lot"] for r in rows),
            "shares": (number(r["quantity"], 3) for r in rows),
            "basis": (number(r["basis"], 0) for r in rows),
            "value": (number(r["value"], 0) for r in rows),
            "gain": (number(r["gain"], 0) for r in rows),
            "term": (r["term"] for r in rows),
            "days to long": (str(r["days_to_long"] or "") for r in rows),
        },
    )
    taxed = scan.lots[scan.lots["taxed"]]
    for term in ("short", "long"):
        gain = taxed.loc[taxed["term"] == term, "gain"]
        yield Text(
            f"{term}-term in taxable accounts: gains of US$ {gain[gain > 0].sum():,.2f}, losses of US$"
            f" {-gain[gain < 0].sum():,.2f}"
        )


def _harvest(scan: Scan) -> Iterator[Any]:
    rows = scan.harvest.to_dict("records")
    if rows:
        yield _table(
            "Losses to harvest, US$",
            {
                "account": (r["account"] for r in rows),
                "security": (r["symbol"] for r in rows),
                "lot": (r["lot"] for r in rows),
                "loss": (number(r["loss"], 2) for r in rows),
                "term": (r["term"] for r in rows),
                "cost": (number(r["cost"], 2) for r in rows),
                "tax saved": (number(r["tax_saved"], 2) for r in rows),
                "replacement, or why not": (_answer(r) for r in rows),
            },
        )
    yield Text(together(scan))


def _answer(row: dict[str, Any]) -> str:
    if not row["why_not"]:
        return str(row["replacement"])
    until = _plain(row["until"])
    return f"{row['why_not']} (until {until})" if until else str(row["why_not"])


def _accounts(rows: list[dict[str, Any]]) -> dict[str, Iterable[str]]:
    """Return a column of accounts where these decide alone."""
    return {"account": [r["account"] for r in rows]} if any(r["account"] for r in rows) else {}


def _band(row: dict[str, Any]) -> str:
    low, high = (100 * row[name] for name in ("lower", "upper"))
    if math.isnan(high):
        return ""
    return f"{number(low, 1)}–{number(high, 1)}" if math.isfinite(low) else f"to {number(high, 1)}"


def _table(title: str, columns: dict[str, Iterable[str]]) -> Table:
    """Return a table whose columns of figures are set right; nothing is cut short."""
    cells = {name: list(map(str, values)) for name, values in columns.items()}
    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0))
    for name, values in cells.items():
        figures = any(values) and all(not value or value.lstrip("−–to ")[:1].isdigit() for value in values)
        drawn.add_column(name, justify="right" if figures else "left", overflow="fold")
    for row in zip(*cells.values(), strict=True):
        drawn.add_row(*map(Text, row))
    return drawn


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _findings(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"severity": f.severity, "where": f.where, "what": f.what, "remedy": f.remedy} for f in findings]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what is not equal to itself
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
