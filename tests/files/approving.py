"""To approve the proposal of invented people, and to look what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rebal_kit.files.approval import Approval, approve
from rebal_kit.files.approval_staging import LOCK
from rebal_kit.files.log_chain import read_log
from rebal_kit.files.orders_file import orders_files
from tests.files.proposals import NOW, document

ID = document()["proposal"]


def yes(folder: Path, made: dict[str, Any] | None = None, **more: Any) -> Approval:
    asked: dict[str, Any] = {"who": "Ann", "log": folder / "audit.jsonl", "now": NOW, **more}
    return approve(made or document(), folder / "out", **asked)


def seen(folder: Path) -> tuple[bool, bool]:
    """Return whether the log has the approval, and whether the orders are in place, which are whole if they are."""
    log, place = folder / "audit.jsonl", folder / "out" / ID
    lines = read_log(log).lines
    logged = [line for line in lines if (line["event"], line["proposal"]) == ("approved", ID)]
    assert len(logged) <= 1
    if place.exists():
        assert {p.name: p.read_text(encoding="utf-8") for p in place.iterdir()} == orders_files(document())
        assert logged, "orders in place that no line of the log speaks of"
    return bool(logged), place.exists()


def tidy(folder: Path) -> bool:
    """Whether nothing but logs, locks and orders in place is there."""
    left = {p.name for p in [*folder.iterdir(), *(folder / "out").glob("*")]}
    return left <= {"p.json", "out", "audit.jsonl", "audit.jsonl.head", "audit.jsonl.lock", LOCK, ID}
