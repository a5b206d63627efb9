"""A story in the words of `tests/cases` as a user would write it down: a ledger in CSV and a household in YAML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import rebal_kit as rk
from rebal_kit.files.ledger_file import write_ledger
from rebal_kit.targets import TargetAllocation

#: Names of lot methods in the cases that the ledger spells otherwise.
METHODS = {"": "", "fifo": "FIFO", "min_tax": "LEAST_TAX", "spec_id": ""}


def transactions_of(story: dict[str, Any]) -> tuple[rk.Transaction, ...]:
    """The trades, in the order in which the story lists them, each with its number as its place."""
    return tuple(_transaction(trade, place_of(trade, number)) for number, trade in enumerate(story["trades"]))


def place_of(trade: dict[str, Any], number: int) -> str:
    """What a report calls a trade: its `place`, or its number in the story."""
    return str(trade.get("place", f"trade {number}"))


def _transaction(trade: dict[str, Any], where: str) -> rk.Transaction:
    if trade["side"] in {"deposit", "withdraw"}:
        date, action = dt.date.fromisoformat(trade["date"]), rk.Action(trade["side"].upper())
        return rk.Transaction(date, trade["account"], action, amount=float(trade["amount"]), where=where)
    method = trade.get("lot_method", "") if trade["side"] == "sell" and not trade.get("lots") else ""
    return rk.Transaction(
        date=dt.date.fromisoformat(trade["date"]),
        account=trade.get("account") or "",
        action=rk.Action(trade["side"].upper()),
        symbol=trade["symbol"],
        quantity=float(trade["ratio"] if trade["side"] == "split" else trade["quantity"]),
        price=0.0 if trade["side"] == "split" else float(trade["price"]),
        fees=float(trade.get("fees", 0.0)),
        lot=trade.get("lot", ""),
        lots=tuple((name, float(shares)) for name, shares in trade.get("lots", ())),
        lot_method=METHODS.get(method, method.upper()),
        where=where,
    )


def household_of(story: dict[str, Any]) -> rk.Household:
    """The accounts of a story with its groups and conventions."""
    given = story.get("conventions", {})
    return rk.Household(
        "story",
        tuple(
            rk.Account(name, account["owner"], account["kind"]) for name, account in story["accounts"].items()
        ),
        TargetAllocation({}),
        rk.TaxProfile(**story.get("tax", {})),
        identical=groups_of(story),
        complete=True,
        conventions=rk.WashSaleConventions(**{name: value for name, value in given.items() if value != []}),
    )


def groups_of(story: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Groups of identical securities; one alone is no group."""
    return tuple(tuple(group) for group in story.get("identical", ()) if len(group) > 1)


def household_text(story: dict[str, Any], *, tax: str = "", complete: bool = True) -> str:
    """The household as somebody would type it."""
    lines = [f"complete: {str(complete).lower()}", "accounts:"]
    lines += [
        f"  - {{name: {name}, owner: {account['owner']}, type: {account['kind']}}}"
        for name, account in story["accounts"].items()
    ]
    if groups_of(story):
        lines.append(f"identical: {_listed(_listed(group) for group in groups_of(story))}")
    if story.get("conventions"):
        lines.append("conventions:")
        lines += [f"  {name}: {_plain(value)}" for name, value in story["conventions"].items()]
    tax = tax or ", ".join(f"{name}: {value}" for name, value in story.get("tax", {}).items())
    return "\n".join([*lines, *([f"tax: {{{tax}}}"] if tax else []), ""])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _listed(f"'{kind.lower()}'" for kind in value) if isinstance(value, list) else str(value)


def _listed(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def write_story(story: dict[str, Any], folder: Path, **household: Any) -> tuple[Path, Path]:
    """Write a story into a folder: its ledger and its household."""
    ledger, people = folder / "LEDGER.csv", folder / "HOUSEHOLD.yaml"
    ledger.write_text(write_ledger(transactions_of(story)), encoding="utf-8", newline="")
    people.write_text(household_text(story, **household), encoding="utf-8")
    return ledger, people


def report_of_files(ledger: Path, people: Path) -> rk.TaxReport:
    """What a reader of the two files is told."""
    household = rk.load_household(people)
    return rk.tax_report(rk.load_ledger(ledger, [account.name for account in household.accounts]), household)
