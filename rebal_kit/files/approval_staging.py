"""Orders on their way into a folder, and what is done with those that a killed process left on the way.

The protocol is told in `approval`. A staging folder is called ``.approving-ID-TOKEN-LOG``: the proposal, a word that
was used only once, and a word for the path of the log in which the approval is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from rebal_kit.findings import Finding
from rebal_kit.safe_files import sync_folder

#: The file that is locked while orders are put into a folder.
LOCK = ".approving.lock"
_NAME = re.compile(r"\.approving-([0-9a-f]{12})-([0-9a-f]{12})-([0-9a-f]{12})")
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def new_token() -> str:
    """Return a word that marks one attempt to approve."""
    return uuid4().hex[:12]


def staging_folder(root: Path, proposal: str, token: str, log: Path) -> Path:
    """Return where the orders of one attempt to approve are put first."""
    return root / f".approving-{proposal}-{token}-{_log_word(log)}"


def stage(staging: Path, texts: Mapping[str, str]) -> None:
    """Write orders into a new folder, and wait until the disk has them."""
    staging.mkdir()
    for name, text in texts.items():
        handle = os.open(staging / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    sync_folder(staging)
    sync_folder(staging.parent)


def put_in_place(staging: Path, target: Path) -> None:
    """Give the orders their place; the place must be free."""
    if os.path.lexists(target):
        raise FileExistsError(17, "something is there already")
    staging.rename(target)
    sync_folder(target.parent)


def hashes_of(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each file, as the log keeps them."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def approvals(lines: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the lines of a log that approve something, by the id of the proposal."""
    return {str(line["proposal"]): line for line in lines if line["event"] == "approved"}


def settle(root: Path, log: Path, lines: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Finish or remove what killed processes left in a folder; both the log and the folder must be locked.

    Staged and logged: moved into place. Staged and not logged: removed, if it was to be written in this log. Yields
    what was done, and a warning for what was left as it is.
    """
    logged = approvals(lines)
    for staging in sorted(root.glob(".approving-*")):
        name = _NAME.fullmatch(staging.name)
        if name is None:
            continue
        proposal, token, word = name.groups()
        line = logged.get(proposal, {}).get("details", {})
        if staging.is_symlink() or not staging.is_dir():
            yield Finding("warning", str(staging), "is not the folder that it is called", "remove it")
        elif line.get("staged") == token:
            yield from _finish(staging, root / proposal, line.get("orders"))
        elif word == _log_word(log):
            with suppress(OSError):
                shutil.rmtree(staging)
            what = "an approval was cut off before it was logged"
            if staging.exists():
                yield Finding("warning", str(staging), f"{what}, and cannot be removed", "remove it")
            else:
                yield Finding("note", str(root), f"{what}: the orders of proposal {proposal} were removed")
        else:
            what = "is an unfinished approval that is not in this log"
            yield Finding("warning", str(staging), what, "verify the log that it was made with, or remove it")


def _finish(staging: Path, target: Path, orders: object) -> Iterator[Finding]:
    try:
        held = {path.name: _hash(path) for path in staging.iterdir()}
        if held != orders:
            what = "does not hold the orders that were logged"
            yield Finding(
                "warning", str(staging), what, "find out who changed them; the log has their hashes"
            )
            return
        put_in_place(staging, target)
    except OSError as problem:
        what = f"logged orders cannot be moved to {target}: {problem.strerror or type(problem).__name__}"
        yield Finding("warning", str(staging), what, "make that possible, then verify the log")
        return
    yield Finding("note", str(target), "an approval was cut off after it was logged: its orders are here now")


def _hash(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _log_word(log: Path) -> str:
    return hashlib.sha256(os.fsencode(log.absolute())).hexdigest()[:12]
