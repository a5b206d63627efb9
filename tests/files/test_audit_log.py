"""The audit log: lines in a chain; every change is found, and no killed writer loses or fakes one."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files.audit_log import (
    LogEntry,
    append,
    held,
    load_audit_log,
    mend_audit_log,
    verify_audit_log,
)
from rebal_kit.files.log_chain import AuditLogError, head_of, read_log, sealed, written, written_head
from tests.files.dying import ROOT, dying

MORNING = dt.datetime(2024, 8, 13, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
ONE = """
audit_log.append(arguments[0], audit_log.LogEntry("approved", "Ann", details={"text": "x" * 200}))
"""


def filled(folder: Path, lines: int = 3) -> Path:
    path = folder / "audit.jsonl"
    for n in range(lines):
        append(path, LogEntry("proposed", f"Ann {n}", "3f9c2a7d10be", details={"n": n}), MORNING)
    return path


def errors(path: Path) -> list[str]:
    return [str(finding) for finding in verify_audit_log(path) if finding.severity == "error"]


def test_lines_follow_from_one_another(tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert verify_audit_log(path) == ()
    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert [line["n"] for line in lines] == [1, 2, 3]
    assert [line["previous"] for line in lines] == ["0" * 64, lines[0]["hash"], lines[1]["hash"]]
    assert lines[0]["when"] == "2024-08-13T07:30:00+00:00"
    assert set(lines[0]) == {"n", "when", "who", "event", "proposal", "document", "inputs", "overrides", "details",
                             "previous", "hash"}  # fmt: skip
    assert json.loads(head_of(path).read_text()) == {"count": 3, "hash": lines[2]["hash"]}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    path = filled(tmp_path_factory.mktemp("log"))
    return path.read_bytes(), head_of(path).read_bytes()


def test_no_single_byte_can_be_changed_unnoticed(tmp_path: Path, three: tuple[bytes, bytes]) -> None:
    path = tmp_path / "audit.jsonl"
    for which in (0, 1):
        for at in range(len(three[which])):
            for flip in (0x01, 0x20):
                both = [bytearray(raw) for raw in three]
                both[which][at] ^= flip
                path.write_bytes(both[0])
                head_of(path).write_bytes(both[1])
                found = verify_audit_log(path)
                assert found, (which, at, flip)
                assert any(f.severity == "error" for f in found), (which, at, flip)


@given(
    st.integers(min_value=0),
    st.integers(min_value=0, max_value=255),
    st.sampled_from(["put", "insert", "delete"]),
)
def test_no_byte_can_be_put_in_or_taken_out(
    three: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, how: str
) -> None:
    raw = three[0]
    at %= len(raw)
    inserted = raw[:at] + bytes([byte]) + raw[at + (how == "put") :]
    changed = raw[:at] + raw[at + 1 :] if how == "delete" else inserted
    if changed == raw:
        return
    path = tmp_path_factory.mktemp("log") / "audit.jsonl"
    path.write_bytes(changed)
    head_of(path).write_bytes(three[1])
    assert errors(path)


@pytest.mark.parametrize(
    "order",
    [
        (1, 2),
        (0, 2),
        (0, 1),
        (0,),
        (),
        (1, 0, 2),
        (0, 2, 1),
        (2, 1, 0),
        (0, 0, 1, 2),
        (0, 1, 1, 2),
        (0, 1, 2, 2),
    ],
)
def test_lines_removed_moved_or_doubled_are_found(
    tmp_path: Path, three: tuple[bytes, bytes], order: tuple[int, ...]
) -> None:
    path = tmp_path / "audit.jsonl"
    lines = three[0].splitlines(keepends=True)
    path.write_bytes(b"".join(lines[at] for at in order))
    head_of(path).write_bytes(three[1])
    assert errors(path)
    with pytest.raises(AuditLogError):
        append(path, LogEntry("proposed", "Ann"))
    assert path.read_bytes() == b"".join(lines[at] for at in order)


def test_every_truncation_is_found(tmp_path: Path, three: tuple[bytes, bytes]) -> None:
    path = tmp_path / "audit.jsonl"
    head_of(path).write_bytes(three[1])
    for length in range(len(three[0])):
        path.write_bytes(three[0][:length])
        assert errors(path), length
    path.unlink()
    assert errors(path)
    with pytest.raises(AuditLogError, match="lines are missing"):
        append(path, LogEntry("proposed", "Ann"))


def test_an_edited_line_with_a_new_hash_does_not_fit_the_next(tmp_path: Path) -> None:
    path = filled(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    forged = {key: value for key, value in json.loads(lines[1]).items() if key != "hash"}
    path.write_bytes(lines[0] + written(sealed({**forged, "who": "Eve"})) + lines[2])
    (said,) = errors(path)
    assert "audit.jsonl line 3: does not follow from the line before" in said
    # of the last line there is no next: the head has its hash
    last = {key: value for key, value in json.loads(lines[2]).items() if key != "hash"}
    path.write_bytes(lines[0] + lines[1] + written(sealed({**last, "who": "Eve"})))
    (said,) = errors(path)
    assert "audit.jsonl.head: has another hash for line 3" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'","', b'", "'),
        (b'"n":2,', b'"n":2,"n":2,'),
        (b"Ann 1", b"\\u0041nn 1"),
        (b"\n", b"\r\n"),
    ],
)
def test_a_line_has_one_spelling(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = filled(tmp_path)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert "is not a line as it was written" in errors(path)[0]


def test_an_edited_line_is_named(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"Ann 1", b"Eve 1"))
    (said,) = errors(path)
    assert "audit.jsonl line 2: does not have the hash that it says" in said


def test_a_missing_or_foreign_head_is_found(tmp_path: Path) -> None:
    path = filled(tmp_path)
    lines = path.read_bytes().splitlines()
    for head in (
        None,
        b"",
        b"{}\n",
        b"[]\n",
        b"x",
        written_head(1, json.loads(lines[0])["hash"]),
        written_head(-1, ""),
    ):
        if head is None:
            head_of(path).unlink()
        else:
            head_of(path).write_bytes(head)
        assert errors(path), head
        with pytest.raises(AuditLogError):
            append(path, LogEntry("proposed", "Ann"))


def test_one_line_more_than_the_head_is_a_killed_writer(tmp_path: Path) -> None:
    path = filled(tmp_path, 2)
    old = head_of(path).read_bytes()
    append(path, LogEntry("proposed", "Ann"))
    head_of(path).write_bytes(old)
    (said,) = verify_audit_log(path)
    assert said.severity == "warning"
    assert "does not count line 3 yet" in said.what
    append(path, LogEntry("proposed", "Ann"))
    assert verify_audit_log(path) == ()
    assert len(read_log(path).lines) == 4


def test_a_torn_line_is_said_and_mended_on_request_only(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"details":{"n"')
    (said,) = errors(path)
    assert "audit.jsonl line 4: ends in 15 bytes without a line end" in said
    with pytest.raises(AuditLogError, match="without a line end"):
        append(path, LogEntry("proposed", "Ann"))
    assert path.read_bytes() == whole + b'{"details":{"n"'
    with pytest.raises(AuditLogError, match="who is"):
        mend_audit_log(path, " ")
    kept = mend_audit_log(path, "Ann")
    assert kept is not None
    assert kept.read_bytes() == b'{"details":{"n"'
    assert verify_audit_log(path) == ()
    assert path.read_bytes().startswith(whole)
    last = read_log(path).lines[-1]
    assert (last["event"], last["who"], last["details"]["bytes"]) == ("mended", "Ann", 15)
    with pytest.raises(AuditLogError, match="no line is torn"):
        mend_audit_log(path, "Ann")


def test_a_line_that_lacks_only_its_end_is_not_lost(tmp_path: Path) -> None:
    path = filled(tmp_path, 2)
    old = head_of(path).read_bytes()
    append(path, LogEntry("approved", "Ann"))
    path.write_bytes(path.read_bytes()[:-1])
    head_of(path).write_bytes(old)
    assert errors(path)
    assert mend_audit_log(path, "Kim") is None
    assert verify_audit_log(path) == ()
    assert [line["event"] for line in read_log(path).lines[2:]] == ["approved", "mended"]


def test_a_torn_line_in_a_changed_log_is_not_mended(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"Ann 1", b"Eve 1") + b"{")
    before = path.read_bytes()
    with pytest.raises(AuditLogError, match="line 2"):
        mend_audit_log(path, "Ann")
    assert path.read_bytes() == before


@pytest.mark.parametrize("what", ["before", "after", "half"])
@pytest.mark.parametrize("lines", [0, 2])
def test_a_writer_killed_anywhere_leaves_the_line_whole_absent_or_torn(
    tmp_path: Path, what: str, lines: int
) -> None:
    calls = dying(ONE, 0, what, tmp_path / "count.jsonl").calls
    outcomes = set()
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        path = filled(folder, lines)
        before = path.read_bytes() if lines else b""
        done = dying(ONE, at, what, path)
        if done.returncode == 0:  # no write to be cut in half
            outcomes.add("lived")
            continue
        assert done.returncode == -9, done.stderr
        now = path.read_bytes() if path.exists() else b""
        assert now.startswith(before)
        found = [f for f in verify_audit_log(path) if "there is no such file" not in f.what]
        if read_log(path).torn:
            outcomes.add("torn")
            assert [f.severity for f in found] == ["error"]
            with pytest.raises(AuditLogError, match="without a line end"):
                append(path, LogEntry("proposed", "Ann"))
            mend_audit_log(path, "Ann")
        else:
            outcomes.add("absent" if now == before else "whole")
            assert not [f for f in found if f.severity == "error"]
        append(path, LogEntry("proposed", "Ann"))
        assert verify_audit_log(path) == ()
        assert not list(folder.glob(".*.part"))
    assert {"before": {"absent", "whole"}, "after": {"absent", "whole"}, "half": {"lived", "torn"}}[
        what
    ] <= outcomes


@pytest.mark.parametrize("what", ["full", "once", "interrupt"])
def test_a_disk_that_is_full_or_fails_leaves_the_log_whole(tmp_path: Path, what: str) -> None:
    calls = dying(ONE, 0, "before", tmp_path / "count.jsonl").calls
    refused = 0
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        path = filled(folder, 2)
        before = path.read_bytes()
        done = dying(ONE, at, what, path)
        found = verify_audit_log(path)
        assert not [f for f in found if f.severity == "error"], (at, found, done.stderr)
        if done.returncode:
            refused += 1
            assert "AuditLogError" in done.stderr or what == "interrupt", done.stderr
            assert path.read_bytes() == before or what == "interrupt"
        else:
            assert len(read_log(path).lines) == 3
        append(path, LogEntry("proposed", "Ann"))
        assert verify_audit_log(path) == ()
    assert refused


def test_a_file_may_not_grow_and_the_log_is_as_it_was(tmp_path: Path) -> None:
    """The system's own refusal, in the middle of a line."""
    path = filled(tmp_path)
    before = path.read_bytes()
    code = (
        "import resource, sys\nfrom rebal_kit.files.audit_log import LogEntry, append\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 100}, {len(before) + 100}))\n"
        "append(sys.argv[1], LogEntry('approved', 'Ann', details={'text': 'x' * 500}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cannot be written: File too large" in done.stderr
    assert path.read_bytes() == before
    assert verify_audit_log(path) == ()


def _many(path: Path, who: str, times: int) -> None:
    for _ in range(times):
        append(path, LogEntry("proposed", who), wait=60)


def test_many_processes_and_threads_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_many, args=(path, f"p{n}", 10)) for n in range(3)]
    workers += [threading.Thread(target=_many, args=(path, f"t{n}", 10)) for n in range(3)]  # type: ignore[misc]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        if path.exists():
            assert not errors(path)
    for worker in workers:
        worker.join()
    assert verify_audit_log(path) == ()
    assert sorted(line["who"] for line in read_log(path).lines) == sorted(
        f"{kind}{n}" for kind in "pt" for n in range(3) for _ in range(10)
    )


def test_a_writer_waits_so_long_and_no_longer(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with held(path), pytest.raises(AuditLogError, match=r"another process has held it for 0\.1 seconds"):
        append(path, LogEntry("proposed", "Ann"), wait=0.1)
    assert len(read_log(path).lines) == 3


@pytest.mark.parametrize("suffix", ["", ".head", ".lock"])
def test_links_are_not_followed(tmp_path: Path, suffix: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / f"audit.jsonl{suffix}").symlink_to(victim)
    with pytest.raises(AuditLogError):
        append(tmp_path / "audit.jsonl", LogEntry("proposed", "Ann"))
    assert victim.read_text(encoding="utf-8") == "mine"


def test_what_no_line_can_say_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with pytest.raises(AuditLogError) as raised:
        append(path, LogEntry("", "a\nb", details={"x": float("nan")}))
    assert len(raised.value.findings) == 3
    for bad in (tmp_path, tmp_path / "no" / "audit.jsonl"):
        with pytest.raises(AuditLogError):
            append(bad, LogEntry("proposed", "Ann"))
    os.mkfifo(tmp_path / "fifo")
    assert "is no file" in errors(tmp_path / "fifo")[0]
    assert "there is no such file" in errors(tmp_path / "none.jsonl")[0]
    assert not path.exists()


def test_a_whole_log_is_loaded_and_a_changed_one_is_not(tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert [line["n"] for line in load_audit_log(path)] == [1, 2, 3]
    path.write_bytes(path.read_bytes().replace(b"Ann 1", b"Ann 7"))
    with pytest.raises(AuditLogError, match="line 2"):
        load_audit_log(path)
