"""An approval that is killed, has no room or comes second: orders and line are both there, or neither."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebal_kit.files.approval import approve, settle_approvals
from rebal_kit.files.audit_log import mend_audit_log, verify_audit_log
from rebal_kit.files.log_chain import AuditLogError, head_of, read_log
from rebal_kit.files.proposal_file import ProposalError, save_proposal_document
from rebal_kit.findings import RebalError
from tests.files.approving import ID, seen, tidy, yes
from tests.files.dying import ROOT, Death, dying
from tests.files.proposals import NOW, OTHER_INPUTS, document

#: Approves the proposal in a file.
ONE = """
import datetime, json
made = json.load(open(arguments[0]))
now = datetime.datetime(2024, 8, 13, tzinfo=datetime.timezone.utc)
approval.approve(made, arguments[1], who="Ann", log=arguments[2], now=now)
"""


def killed(folder: Path, what: str, at: int, log: Path | None = None) -> Death:
    save_proposal_document(document(), folder / "p.json")
    return dying(ONE, at, what, folder / "p.json", folder / "out", log or folder / "audit.jsonl")


def by_approving(folder: Path) -> None:
    """Start again as a user would: approve the same proposal once more."""
    if seen(folder)[0]:
        with pytest.raises(ProposalError, match="was approved by Ann"):
            yes(folder)
    else:
        yes(folder)
    assert seen(folder) == (True, True)


def by_verifying(folder: Path) -> None:
    logged = seen(folder)[0]
    if (folder / "audit.jsonl").exists():
        settle_approvals(folder / "audit.jsonl", folder / "out")
        assert seen(folder) == (logged, logged)


@pytest.mark.parametrize("settled", [by_approving, by_verifying])
def test_killed_anywhere_both_are_there_or_neither(tmp_path: Path, settled: Callable[[Path], None]) -> None:
    counting = tmp_path / "0"
    counting.mkdir()
    calls = killed(counting, "before", 0).calls
    assert calls > 20
    outcomes = set()
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        assert killed(folder, "after" if at % 2 else "before", at).returncode == -9
        outcomes.add(seen(folder))
        settled(folder)
        assert tidy(folder) or not (folder / "audit.jsonl").exists()
        assert not [f for f in verify_audit_log(folder / "audit.jsonl")
                    if f.severity == "error" and "no such file" not in f.what]  # fmt: skip
        with_orders = seen(folder)
        assert with_orders[0] == with_orders[1]
    assert outcomes == {(False, False), (True, False), (True, True)}


def test_killed_within_the_line_nothing_is_decided_before_it_is_mended(tmp_path: Path) -> None:
    counting = tmp_path / "0"
    counting.mkdir()
    calls = killed(counting, "half", 0).calls
    torn = 0
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        if killed(folder, "half", at).returncode == 0:
            continue
        torn += 1
        staged = list((folder / "out").glob(".approving-*-*"))
        assert len(staged) == 1
        with pytest.raises(AuditLogError, match="without a line end"):
            yes(folder)
        with pytest.raises(AuditLogError, match="without a line end"):
            settle_approvals(folder / "audit.jsonl", folder / "out")
        assert list((folder / "out").glob(".approving-*-*")) == staged
        mend_audit_log(folder / "audit.jsonl", "Ann")
        yes(folder)
        assert seen(folder) == (True, True)
        assert not list((folder / "out").glob(".approving-*-*"))
    assert torn == 1


def test_a_line_that_lacks_its_end_is_an_approval_once_it_is_mended(tmp_path: Path) -> None:
    yes(tmp_path)
    log, place = tmp_path / "audit.jsonl", tmp_path / "out" / ID
    line = read_log(log).lines[0]
    words = hashlib.sha256(os.fsencode(log)).hexdigest()[:12]
    place.rename(tmp_path / "out" / f".approving-{ID}-{line['details']['staged']}-{words}")
    log.write_bytes(log.read_bytes()[:-1])
    head_of(log).write_text('{"count":0,"hash":"' + "0" * 64 + '"}\n', encoding="utf-8")
    mend_audit_log(log, "Ann")
    (said,) = settle_approvals(log)
    assert "its orders are here now" in said.what
    assert seen(tmp_path) == (True, True)


@pytest.mark.parametrize("what", ["full", "once", "interrupt"])
def test_a_full_or_failing_disk_leaves_both_or_neither(tmp_path: Path, what: str) -> None:
    counting = tmp_path / "0"
    counting.mkdir()
    calls = killed(counting, "before", 0).calls
    outcomes = set()
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        done = killed(folder, what, at)
        both = seen(folder)
        outcomes.add((done.returncode, *both))
        if done.returncode == 0:
            assert both == (True, True)
        elif what != "interrupt":
            assert "Error: " in done.stderr.splitlines()[-1], done.stderr
            assert done.stderr.splitlines()[-1].startswith("rebal_kit.files."), done.stderr
        if both[0] != both[1]:
            assert (what, both) == ("once", (True, False)) or what == "interrupt"
        by_approving(folder)
        assert tidy(folder)
    assert {code for code, _, _ in outcomes} > {0} or what == "interrupt"
    assert any(not logged for _, logged, _ in outcomes)


def test_a_file_may_not_grow(tmp_path: Path) -> None:
    """The system's own refusal, at every size."""
    save_proposal_document(document(), tmp_path / "p.json")
    code = (
        "import resource, sys\nfrom rebal_kit.files import approval\nlimit, *arguments = sys.argv[1:]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))" + ONE
    )
    for limit in (0, 100, 300, 700, 900, 1_200):
        folder = tmp_path / str(limit)
        folder.mkdir()
        arguments = (
            str(limit),
            str(tmp_path / "p.json"),
            str(folder / "out"),
            str(folder / "audit.jsonl"),
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == (0 if seen(folder)[0] else 1), done.stderr
        if done.returncode:
            assert "File too large" in done.stderr
            assert seen(folder) == (False, False)
            assert not list((folder / "out").glob(".approving-*-*"))
        by_approving(folder)


def test_killed_after_any_delay(tmp_path: Path) -> None:
    save_proposal_document(document(), tmp_path / "p.json")
    ready = "print('ready', flush=True)\nsys.stdin.readline()\n"
    code = f"import sys\nfrom rebal_kit.files import approval\narguments = sys.argv[1:]\n{ready}{ONE}"
    dice = random.Random(7)
    for round_ in range(15):
        folder = tmp_path / str(round_)
        folder.mkdir()
        arguments = (str(tmp_path / "p.json"), str(folder / "out"), str(folder / "audit.jsonl"))
        with subprocess.Popen([sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, cwd=ROOT) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.stdin.write(b"\n")
            process.stdin.flush()
            time.sleep(dice.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
        seen(folder)
        by_approving(folder)
        assert tidy(folder)


def _racer(folder: Path, results: Any, start: Any) -> None:
    start.wait()
    try:
        yes(folder, wait=60)
        results.put("won")
    except RebalError as error:
        results.put(str(error))


def test_of_two_who_approve_at_once_exactly_one_does(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for round_ in range(3):
        folder = tmp_path / str(round_)
        folder.mkdir()
        results, start = context.Queue(), context.Barrier(4)
        racers = [context.Process(target=_racer, args=(folder, results, start)) for _ in range(4)]
        for racer in racers:
            racer.start()
        said = [results.get(timeout=120) for _ in racers]
        for racer in racers:
            racer.join()
        assert said.count("won") == 1
        assert all("was approved by Ann" in text for text in said if text != "won")
        assert seen(folder) == (True, True)
        assert verify_audit_log(folder / "audit.jsonl") == ()
        assert tidy(folder)


def test_of_two_threads_with_two_logs_one_gets_the_folder(tmp_path: Path) -> None:
    outcomes = []

    def run(log: str) -> None:
        try:
            yes(tmp_path, log=tmp_path / log, wait=60)
            outcomes.append("won")
        except ProposalError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=run, args=(f"{n}.jsonl",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("won") == 1
    assert len([n for n in range(4) if (tmp_path / f"{n}.jsonl").exists()]) == 1


def cut_off_after_logging(folder: Path) -> Path:
    """Leave what a process leaves that is killed between the line and the move; return the staged folder."""
    for at in range(60, 0, -1):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        killed(folder, "before", at)
        if seen(folder) == (True, False):
            return next((folder / "out").glob(".approving-*-*"))
    raise AssertionError("never")


def test_a_cut_off_approval_is_finished_by_whatever_approves_next(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    cut_off_after_logging(folder)
    other = document(household="another", inputs=OTHER_INPUTS)
    made = approve(other, tmp_path / "elsewhere", who="Kim", log=folder / "audit.jsonl", now=NOW)
    assert ["its orders are here now" in f.what for f in made.findings] == [True]
    assert seen(folder)[1]


def test_staged_orders_that_were_changed_are_not_put_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    staged = cut_off_after_logging(folder)
    (staged / "orders_schwab.csv").write_text("evil", encoding="utf-8")
    (said,) = settle_approvals(folder / "audit.jsonl")
    assert (said.severity, "does not hold the orders that were logged" in said.what) == ("warning", True)
    assert not (folder / "out" / ID).exists()
    assert staged.exists()


def test_a_folder_that_was_moved_is_settled_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    cut_off_after_logging(folder)
    (folder / "out").rename(tmp_path / "moved")
    (said,) = settle_approvals(folder / "audit.jsonl", tmp_path / "moved")
    assert "its orders are here now" in said.what
    assert json.dumps(sorted(p.name for p in (tmp_path / "moved" / ID).iterdir()))


def test_an_unfinished_approval_of_another_log_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    staged = cut_off_after_logging(folder)
    made = yes(folder, document(household="another", inputs=OTHER_INPUTS), log=folder / "second.jsonl")
    assert ["is not in this log" in f.what for f in made.findings] == [True]
    assert staged.exists()
    settle_approvals(folder / "audit.jsonl")
    assert seen(folder) == (True, True)
