"""The audit log: who proposed, approved, revised and filled what, and when. Lines are added, nothing is changed.

A line is written in one piece and on the disk before `append` returns; then the head beside it (see `log_chain`). A
writer that is killed leaves one of three states:

* nothing of its line: the log is as it was;
* a whole line that the head does not count yet: `verify_audit_log` says so as a warning, the next line mends the head;
* a *torn* line, without its end. `append` then refuses until `mend_audit_log` is called. It is not cut off by itself,
  since a program cannot tell a killed writer from somebody who removed the end of a line that counted; who mends is
  asked, what is cut off is kept in a file beside the log, and a line ``mended`` says that it was.

A disk that is full while a line is written leaves the log as it was. Whoever can write both log and head can make a
new history that fits; keep the last hash, which `rebal audit-log verify` prints, where he cannot.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebal_kit.canonical import canonical
from rebal_kit.files.log_chain import (
    AuditLogError,
    Log,
    as_line,
    follows,
    head_of,
    read_log,
    sealed,
    written,
    written_head,
)
from rebal_kit.findings import Finding, capped, raise_errors
from rebal_kit.safe_files import replacing, sync_folder, try_lock

#: So many seconds a writer waits for another.
WAIT_SECONDS = 10.0
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class LogEntry:
    """What a line is to say.

    Attributes
    ----------
    event : str
        ``proposed``, ``approved``, ``revised``, ``fills``, ``mended``, or a word of your own.
    who : str
        Whose doing it is.
    proposal, document : str
        The id of the proposal, and the SHA-256 of its document.
    inputs : mapping of str to str
        The hashes of what the proposal was made from.
    overrides : sequence of dict
        Rules that were set aside, and why.
    details : mapping
        What else there is to say, in JSON's own values.
    """

    event: str
    who: str
    proposal: str = ""
    document: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[Mapping[str, Any]] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def append(
    path: str | Path, entry: LogEntry, when: dt.datetime | None = None, wait: float = WAIT_SECONDS
) -> dict[str, Any]:
    """Add a line to a log, making the log where there is none; return the line.

    Parameters
    ----------
    path : str or path
        Its folder must be there.
    entry : LogEntry
    when : datetime, optional
        Now, when it is not given; without a time zone it is local time.
    wait : float
        Seconds to wait for another writer.

    Raises
    ------
    AuditLogError
        Nothing was added: another process writes all the time, the log is not whole, or it cannot be written.
    """
    with held(path, wait) as log:
        return append_held(log, entry, when)


def verify_audit_log(path: str | Path) -> tuple[Finding, ...]:
    """Find every line of a log that was changed, removed, moved, inserted or torn; nothing found, nothing wrong.

    A *warning* is a line that the head does not count yet, since its writer was killed; everything else is an *error*.
    """
    target = Path(path)
    try:
        if not (os.path.lexists(target) or os.path.lexists(head_of(target))):
            raise AuditLogError(Finding("error", str(path), "there is no such file", "check the path"))
        found = read_log(target).findings
        if any(f.severity == "error" for f in found) and lock_of(target).exists():
            with held(target):  # a line that is being written looks torn
                found = read_log(target).findings
        return tuple(capped(found, str(path)))
    except AuditLogError as error:
        return error.findings


def load_audit_log(path: str | Path) -> tuple[dict[str, Any], ...]:
    """Return the lines of a log that is as it was written.

    Raises
    ------
    AuditLogError
        It is not: what `verify_audit_log` finds as an error.
    """
    raise_errors(AuditLogError, verify_audit_log(path))
    return read_log(Path(path)).lines


def mend_audit_log(path: str | Path, who: str, wait: float = WAIT_SECONDS) -> Path | None:
    """Take a torn last line off a log and say so in a line of its own.

    Returns
    -------
    path or None
        Where the torn line is kept; None when only its end was missing, which is then added.

    Raises
    ------
    AuditLogError
        No line is torn, or more than that is wrong.
    """
    with held(path, wait) as target:
        log = read_log(target)
        raise_errors(AuditLogError, capped(log.damage, str(target)))
        if not log.torn:
            raise AuditLogError(Finding("error", str(target), "no line is torn", "there is nothing to mend"))
        check_entry(LogEntry("mended", who), str(target))
        line = as_line(log.torn)
        complete = line is not None and follows(line, len(log.lines) + 1, log.last)
        kept = None if complete else _keep(target, log.torn)
        try:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_APPEND | _NO_LINK), "ab") as file:
                if complete:
                    file.write(b"\n")
                else:
                    file.truncate(log.whole)
                file.flush()
                os.fsync(file.fileno())
        except OSError as problem:
            raise AuditLogError(_unwritable(target, problem)) from None
        about = {"bytes": len(log.torn), "sha256": hashlib.sha256(log.torn).hexdigest(),
                 "done": "line end added" if complete else "cut off and kept"}  # fmt: skip
        append_held(target, LogEntry("mended", who, details=about))
        return kept


def lock_of(path: Path) -> Path:
    """Return the file beside a log that is locked while the log is written."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def held(path: str | Path, wait: float = WAIT_SECONDS) -> Iterator[Path]:
    """Be the only one who writes a log; a writer that is killed lets go of it."""
    target = Path(path)
    with locked(lock_of(target), wait):
        for scrap in target.parent.glob(f".{_escaped(head_of(target).stem)}~*.part"):
            with suppress(OSError):  # a killed writer's head
                scrap.unlink()
        yield target


@contextmanager
def locked(path: Path, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock that a file stands for; wait so many seconds for it."""
    until = time.monotonic() + wait
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666), "r+b")
    except OSError as problem:
        raise AuditLogError(_unlockable(path, problem)) from None
    with file:
        try:
            while not try_lock(file):
                if time.monotonic() > until:
                    what = f"another process has held it for {wait:g} seconds"
                    raise AuditLogError(Finding("error", str(path), what, "try again when it is done"))
                time.sleep(0.02)
        except OSError as problem:
            raise AuditLogError(_unlockable(path, problem)) from None
        yield


def append_held(path: Path, entry: LogEntry, when: dt.datetime | None = None) -> dict[str, Any]:
    """Add a line to a log that is held; return the line. When this raises, `read_log` says whether it is there."""
    check_entry(entry, str(path))
    log = read_log(path)
    raise_errors(AuditLogError, capped(log.findings, str(path)))
    moment = (when or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    line = sealed({
        "n": len(log.lines) + 1, "when": moment.isoformat(timespec="seconds"), "who": entry.who, "event": entry.event,
        "proposal": entry.proposal, "document": entry.document, "inputs": dict(entry.inputs),
        "overrides": [dict(override) for override in entry.overrides], "details": dict(entry.details),
        "previous": log.last,
    })  # fmt: skip
    try:
        if log.head != len(log.lines):
            _write_head(path, log)
        _write(path, written(line), log.whole)
    except OSError as problem:
        raise AuditLogError(_unwritable(path, problem)) from None
    # The line is on the disk and counts. A head that cannot be written now is one line behind, which the next mends.
    with suppress(OSError):
        _write_head(path, Log((*log.lines, line)))
    return line


def _write(path: Path, raw: bytes, start: int) -> None:
    """Add bytes to a file and wait for the disk; when that fails, the file ends where it did."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, 0o666)
    try:
        left = memoryview(raw)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(handle, start)
            os.fsync(handle)
        raise
    finally:
        os.close(handle)
    if not start:
        sync_folder(path.parent)


def _write_head(path: Path, log: Log) -> None:
    with replacing(head_of(path)) as file:
        file.write(written_head(len(log.lines), log.last))
    sync_folder(path.parent)


def _keep(path: Path, torn: bytes) -> Path:
    kept = path.with_name(f"{path.name}.torn-{hashlib.sha256(torn).hexdigest()[:12]}")
    try:
        with replacing(kept) as file:
            file.write(torn)
    except OSError as problem:
        raise AuditLogError(_unwritable(kept, problem)) from None
    return kept


def check_entry(entry: LogEntry, where: str) -> None:
    """Refuse what a line cannot say."""
    findings = []
    for name, text in (("who", entry.who), ("event", entry.event)):
        if not str(text).strip() or not str(text).isprintable():
            findings.append(Finding("error", where, f"{name} is {text!r}", "give a name that can be read"))
    try:
        plain = [dict(entry.inputs), [dict(o) for o in entry.overrides], dict(entry.details)]
        if json.loads(canonical(plain)) != plain:
            raise ValueError("keys that are not text, or tuples")
    except (TypeError, ValueError, RecursionError) as problem:
        findings.append(Finding("error", where, f"cannot be written as JSON: {problem}", "give plain values"))
    raise_errors(AuditLogError, findings)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _unlockable(path: Path, problem: OSError) -> Finding:
    what = f"cannot be locked: {problem.strerror or type(problem).__name__}"
    return Finding("error", str(path), what, "give a path in a folder that is there and can be written")


def _unwritable(path: Path, problem: OSError) -> Finding:
    what = f"cannot be written: {problem.strerror or type(problem).__name__}"
    return Finding("error", str(path), what, "make room or check permissions, then try again")
