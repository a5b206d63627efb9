"""To approve: what is written, what is refused, and that nothing leaves the folder."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest

from rebal_kit.files.approval import approve
from rebal_kit.files.approval_staging import LOCK
from rebal_kit.files.audit_log import LogEntry, append, verify_audit_log
from rebal_kit.files.log_chain import AuditLogError, read_log
from rebal_kit.files.orders_file import orders_files
from rebal_kit.files.proposal_file import ProposalError
from tests.files.approving import ID, seen, tidy, yes
from tests.files.proposals import NOW, OTHER_INPUTS, document, lot, with_trade


def test_orders_and_a_line(tmp_path: Path) -> None:
    made = yes(tmp_path)
    assert made.folder == tmp_path / "out" / ID
    assert {p.name: p.read_text(encoding="utf-8") for p in made.files} == orders_files(document())
    (line,) = read_log(tmp_path / "audit.jsonl").lines
    assert (made.line, made.hash, made.when) == (1, line["hash"], "2024-08-13T15:30:00+00:00")
    assert (line["who"], line["event"], line["proposal"]) == ("Ann", "approved", ID)
    assert line["document"][:12] == ID
    assert line["inputs"] == document()["inputs"]
    assert line["overrides"] == document()["overrides"]
    assert line["details"]["orders"] == {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in made.files
    }
    assert verify_audit_log(tmp_path / "audit.jsonl") == ()
    assert seen(tmp_path) == (True, True)
    assert tidy(tmp_path)


def refused(folder: Path, made: dict[str, Any], said: str, **more: Any) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(ProposalError, match=said):
        yes(folder, made, **more)
    assert sorted(folder.rglob("*")) == before


def test_what_cannot_be_approved_leaves_nothing(tmp_path: Path) -> None:
    late = dt.datetime(2024, 8, 15, tzinfo=dt.UTC)
    refused(tmp_path, document(), "the prices of 2024-08-12 are stale.*propose anew", now=late)
    error = {"severity": "error", "where": "prices of SPY", "what": "are of 2019", "remedy": "fetch them"}
    refused(tmp_path, document(findings=[error]), "prices of SPY: are of 2019 — fetch them")
    refused(tmp_path, document(trades=[]), "has no trades")
    refused(tmp_path, {**document(), "cost": 5.0}, "was changed after it was made")
    refused(tmp_path, document(), "allow: is 'washsale' — did you mean 'wash_sale'", allow=["washsale"])
    with pytest.raises(AuditLogError, match="who is"):
        yes(tmp_path, who="\n")
    assert not list(tmp_path.iterdir())


def test_no_account_number_stands_in_what_is_said_and_logged(tmp_path: Path) -> None:
    cash = [{"account": "Joint 123456789", "before": 1.0, "after": -20.0}]
    refused(tmp_path, document(cash=cash), "'Joint …6789' -20.00")
    yes(tmp_path, document(cash=cash), allow="overspend")
    assert "123456789" not in (tmp_path / "audit.jsonl").read_text(encoding="utf-8")


def test_the_day_it_expires_is_still_in_time(tmp_path: Path) -> None:
    yes(tmp_path, now=dt.datetime(2024, 8, 14, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=-4))))


def test_flags_must_be_allowed_and_are_logged(tmp_path: Path) -> None:
    lots = [lot("SPY-3", 8.0, disallowed=96.5), lot("SPY-7", 4.5)]
    trades = with_trade(2, lots=lots)["trades"]
    cash = [{"account": "Joint", "before": 1.0, "after": -20.0}]
    made = document(trades=trades, cash=cash)
    refused(tmp_path, made, r"96.50 US\$ of losses are disallowed as wash sales by trade 2 \(SPY\)")
    refused(tmp_path, made, "cash is below 0 afterwards: 'Joint' -20.00", allow=["wash_sale"])
    yes(tmp_path, made, allow=["wash_sale", "overspend"])
    (line,) = read_log(tmp_path / "audit.jsonl").lines
    assert [o["what"] for o in line["overrides"]] == [
        "target of SPY",
        "allowed wash_sale",
        "allowed overspend",
    ]
    assert line["overrides"][1]["who"] == "Ann"
    # what needs no leave is not said to have had it
    other = tmp_path / "other"
    other.mkdir()
    yes(other, document(), allow=["wash_sale"])
    assert read_log(other / "audit.jsonl").lines[0]["overrides"] == document()["overrides"]
    # a purchase can make an earlier loss a wash sale: no lot of it shows that
    tax = {**document()["tax"], "disallowed": 40.0}
    refused(tmp_path, document(tax=tax), r"40.00 US\$ of losses are disallowed as wash sales —")


def test_twice_is_refused(tmp_path: Path) -> None:
    yes(tmp_path)
    refused(tmp_path, document(), "was approved by Ann at 2024-08-13T15:30:00.00:00, line 1 of the log")
    with pytest.raises(ProposalError, match="was approved by Ann"):
        approve(document(), tmp_path / "elsewhere", who="Kim", log=tmp_path / "audit.jsonl", now=NOW)
    assert not (tmp_path / "elsewhere").exists()
    other = document(household="another", inputs=OTHER_INPUTS)
    yes(tmp_path, other)
    assert len(read_log(tmp_path / "audit.jsonl").lines) == 2


def test_orders_of_another_log_are_left_alone(tmp_path: Path) -> None:
    yes(tmp_path)
    with pytest.raises(ProposalError, match="exists already, and this log has no approval of it"):
        yes(tmp_path, log=tmp_path / "second.jsonl")
    assert not (tmp_path / "second.jsonl").exists()
    assert seen(tmp_path) == (True, True)


def test_a_log_that_is_not_whole_approves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    append(log, LogEntry("proposed", "Ann"))
    log.write_bytes(log.read_bytes().replace(b"Ann", b"Eve"))
    with pytest.raises(AuditLogError, match="line 1"):
        yes(tmp_path)
    assert not (tmp_path / "out").exists()


def test_links_are_not_followed_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / ID).symlink_to(victim)
    with pytest.raises(ProposalError, match="exists already"):
        yes(tmp_path)
    (out / ID).unlink()
    trap = out / f".approving-{ID}-{'a' * 12}-{'b' * 12}"
    trap.symlink_to(victim)
    evil = with_trade(3, broker="../../x", account="=HYPERLINK(1)")
    made = yes(tmp_path, evil)
    assert ["is not the folder that it is called" in f.what for f in made.findings] == [True]
    assert all(path.parent == out / evil["proposal"] for path in made.files)
    assert not list(victim.iterdir())
    assert {p.name for p in tmp_path.iterdir()} == {
        "victim", "out", "audit.jsonl", "audit.jsonl.head", "audit.jsonl.lock"
    }  # fmt: skip
    (out / LOCK).unlink()
    (out / LOCK).symlink_to(victim / "lock")
    with pytest.raises(AuditLogError, match="cannot be locked"):
        yes(tmp_path, document(inputs=OTHER_INPUTS))
    assert not list(victim.iterdir())


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for place in (tmp_path / "a" / "c", tmp_path / ("x" * 300)):
        with pytest.raises(ProposalError, match=r"leads nowhere|cannot be made a folder"):
            approve(document(), place, who="Ann", log=tmp_path / "audit.jsonl", now=NOW)
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(ProposalError, match="cannot be made a folder"):
        yes(tmp_path)
    with pytest.raises(AuditLogError, match="give a path in a folder that is there"):
        yes(tmp_path, log=tmp_path / "no" / "audit.jsonl")
    assert not (tmp_path / "audit.jsonl").exists()


def test_other_trades_from_the_same_positions_need_a_word(tmp_path: Path) -> None:
    """Greedy and optimal of one evening, or a revision: both would be ordered from the same shares."""
    yes(tmp_path)
    other = document(solver="optimal")
    refused(tmp_path, other, "made from the same positions, was approved by Ann")
    made = yes(tmp_path, other, allow=["approved_before"])
    line = read_log(tmp_path / "audit.jsonl").lines[-1]
    assert made.line == 2
    assert {"what": "allowed approved_before", "why": "asked for on approving", "who": "Ann"} in line[
        "overrides"
    ]


def test_account_numbers_in_overrides_are_masked_in_the_log(tmp_path: Path) -> None:
    yes(tmp_path, document(overrides=[{"what": "forbid", "trade": "sell 1 SPY in IRA 98765432"}]))
    assert "98765432" not in (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
