"""What an audit log must look like: lines that follow from one another, and a head that counts them.

A line is canonical JSON with the keys in `KEYS`; its ``hash`` is the SHA-256 of all the rest of it, and ``previous`` is
the hash of the line before. So an edited, removed, moved or inserted line does not fit its neighbours. That lines are
missing at the *end* is not to be seen from them: the head, a file beside the log, holds their count and the last hash.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebal_kit.canonical import canonical, digest
from rebal_kit.findings import Finding, RebalError

KEYS = {
    "n",
    "when",
    "who",
    "event",
    "proposal",
    "document",
    "inputs",
    "overrides",
    "details",
    "previous",
    "hash",
}
#: What the first line has for the hash of the line before.
START = "0" * 64
_KEEP = "keep the file as it is and find out who changed it"


class AuditLogError(RebalError):
    """An audit log cannot be read or written, or is not as it was written."""


@dataclass(frozen=True)
class Log:
    """An audit log as read.

    Attributes
    ----------
    lines : tuple of dict
        Its whole lines, as far as they are lines of a log.
    damage : tuple of Finding
        What is wrong with lines and head. An *error*: the log is not what was written. A *warning*: a writer was
        killed after the last line and before the head; nothing is lost, and the next line mends it.
    tear : Finding or None
        That the last line is torn.
    torn : bytes
        What stands after the last line end: a line whose writer was killed or ran out of disk. Mostly nothing.
    whole : int
        Bytes before it.
    head : int or None
        How many lines the head counts; None where there is no head.
    """

    lines: tuple[dict[str, Any], ...] = ()
    damage: tuple[Finding, ...] = ()
    tear: Finding | None = None
    torn: bytes = field(default=b"", repr=False)
    whole: int = 0
    head: int | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong."""
        return self.damage if self.tear is None else (*self.damage, self.tear)

    @property
    def last(self) -> str:
        """The hash of the last line."""
        return str(self.lines[-1]["hash"]) if self.lines else START


def head_of(path: Path) -> Path:
    """Return where the head of a log is."""
    return path.with_name(f"{path.name}.head")


def read_log(path: Path) -> Log:
    """Return a log and everything that is wrong with it; a log that is not there has no lines.

    Raises
    ------
    AuditLogError
        It cannot be read, or is a link or a folder.
    """
    while True:  # until no writer has come between
        head = _read(head_of(path))
        raw = _read(path) or b""
        if _read(head_of(path)) == head:
            break
    whole = raw.rfind(b"\n") + 1
    damage: list[Finding] = []
    lines = _chain(raw[:whole], str(path), damage)
    there = raw.count(b"\n")
    counted = _check_head(head, lines, there, path, damage)
    torn, tear = raw[whole:], None
    if torn:
        what = f"ends in {len(torn):,} bytes without a line end: a writer was killed, or the disk was full"
        remedy = f"run: rebal audit-log mend {path} --who NAME (it keeps them in a file of their own)"
        tear = Finding("error", f"{path} line {there + 1}", what, remedy)
    return Log(tuple(lines), tuple(damage), tear, torn, whole, counted)


def sealed(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with its hash."""
    return {**line, "hash": digest(line)}


def written(line: dict[str, Any]) -> bytes:
    """Return a line as it stands in the file."""
    return f"{canonical(line)}\n".encode()


def written_head(count: int, last: str) -> bytes:
    """Return a head as it stands in its file."""
    return f"{canonical({'count': count, 'hash': last})}\n".encode()


def as_line(raw: bytes) -> dict[str, Any] | None:
    """Return what stands in one line without its end, None where it is no line as this package writes it."""
    try:
        line = json.loads(raw)
        if not isinstance(line, dict) or line.keys() != KEYS or canonical(line).encode() != raw:
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    texts = ("when", "who", "event", "proposal", "document", "previous", "hash")
    kinds = (type(line["n"]) is int, isinstance(line["inputs"], dict), isinstance(line["overrides"], list),
             isinstance(line["details"], dict), all(isinstance(line[name], str) for name in texts))  # fmt: skip
    return line if all(kinds) else None


def follows(line: dict[str, Any], n: int, previous: str) -> bool:
    """Whether a line is the `n`-th, comes after the one with the hash `previous`, and has the hash that it says."""
    rest = {key: value for key, value in line.items() if key != "hash"}
    return bool(line["n"] == n and line["previous"] == previous and digest(rest) == line["hash"])


def _chain(raw: bytes, where: str, findings: list[Finding]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    n, previous = 0, START
    for at, text in enumerate(raw.split(b"\n")[:-1], start=1):
        place = f"{where} line {at}"
        line = as_line(text)
        if line is None:
            findings.append(Finding("error", place, "is not a line as it was written: it was changed", _KEEP))
            n, previous = n + 1, ""
            continue
        if not follows(line, line["n"], line["previous"]):
            what = "does not have the hash that it says: it was changed"
            findings.append(Finding("error", place, what, _KEEP))
        if line["n"] != n + 1:
            what = f"has the number {line['n']} and not {n + 1}: lines were removed, inserted or moved"
            findings.append(Finding("error", place, what, _KEEP))
        elif previous and line["previous"] != previous:
            what = "does not follow from the line before: one of them was changed, inserted or moved"
            findings.append(Finding("error", place, what, _KEEP))
        n, previous = line["n"], line["hash"]
        lines.append(line)
    return lines


def _check_head(
    raw: bytes | None, lines: list[dict[str, Any]], there: int, path: Path, findings: list[Finding]
) -> int | None:
    """Compare log and head, and return how many lines the head counts; so many are `there`, readable or not."""
    where = str(head_of(path))
    if raw is None:
        if there:
            what = "is missing, so that lines may be missing at the end of the log"
            findings.append(Finding("error", where, what, "find out who removed it"))
        return None
    try:
        held = json.loads(raw)
        count, last = held["count"], held["hash"]
        fits = (
            type(count) is int and count >= 0 and isinstance(last, str) and raw == written_head(count, last)
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        fits = False
    if not fits:
        findings.append(Finding("error", where, "is not as it was written: it was changed", _KEEP))
        return None
    behind = there - count
    readable = len(lines) == there
    known = START if count == 0 else lines[count - 1]["hash"] if behind >= 0 and readable else last
    if behind < 0:
        what = f"counts {count:,} lines, the log has {there:,}: lines are missing"
        findings.append(Finding("error", where, what, _KEEP))
    elif behind > 1:
        what = f"counts {count:,} lines, the log has {there:,}: lines or the head are not the program's"
        findings.append(Finding("error", where, what, _KEEP))
    elif last != known:
        what = f"has another hash for line {count}: log or head was changed"
        findings.append(Finding("error", where, what, _KEEP))
    elif behind == 1:
        what = f"does not count line {count + 1} yet: its writer was killed after writing it, nothing is lost"
        findings.append(Finding("warning", where, what, "the next line mends it"))
    return int(count)


def _read(path: Path) -> bytes | None:
    """Return what is in a regular file that is no link, None where there is none."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise AuditLogError(_unreadable(path, problem)) from None
    if not stat.S_ISREG(kind):
        what = "is a link, which is not followed" if stat.S_ISLNK(kind) else "is no file"
        raise AuditLogError(Finding("error", str(path), what, "give the path of the log itself"))
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise AuditLogError(_unreadable(path, problem)) from None


def _unreadable(path: Path, problem: OSError) -> Finding:
    what = f"cannot be read: {problem.strerror or type(problem).__name__}"
    return Finding("error", str(path), what, "check path and permissions")
