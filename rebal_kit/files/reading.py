"""A user's text file read whole: bounded in size, UTF-8, or one finding that says why not."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from rebal_kit.findings import Finding, RebalError

#: Larger than any household or history; a file beyond it is something else, or is meant to exhaust memory.
MAX_BYTES = 5_000_000


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Return advice that names the known word closest to `value`, or all of them."""
    words = {str(word).lower(): str(word) for word in known}
    close = get_close_matches(str(value).lower(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{words[close[0]]}'?"
    return f"use one of {', '.join(words.values())}" if words else ""


def read_text(path: Path, error: type[RebalError]) -> str:
    """Return the text of a file, without a byte-order mark.

    Raises
    ------
    HouseholdError, LedgerError or PolicyError
        As `error` says: the file is missing, is no regular file, is empty, too large, not UTF-8 or not readable.
    """
    return decoded(read_bytes(path, error), str(path), error)


def read_bytes(path: Path, error: type[RebalError]) -> bytes:
    """Return what is in a file.

    Raises
    ------
    HouseholdError, LedgerError or PolicyError
        As `error` says: the file is missing, is no regular file, too large or not readable.
    """
    where = str(path)
    try:
        if path.is_dir():
            raise error(Finding("error", where, "is a folder", "give a file"))
        if not path.is_file():
            raise error(Finding("error", where, "there is no such file", _neighbour(path)))
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise error(
            Finding("error", where, f"cannot be read ({reason})", "check path and permissions")
        ) from None
    if len(raw) > MAX_BYTES:
        raise error(
            Finding("error", where, f"is larger than {MAX_BYTES:,} bytes", "check that it is the right file")
        )
    return raw


def decoded(raw: bytes, where: str, error: type[RebalError], otherwise: str = "") -> str:
    """Return UTF-8 bytes as text, without a byte-order mark.

    Parameters
    ----------
    raw : bytes
    where : str
        How messages call the file.
    error : type
        What is raised for bytes that are no text, or nothing but blanks.
    otherwise : str
        An encoding to be tried where they are not UTF-8; none when empty.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if otherwise:
            with suppress(UnicodeDecodeError):
                return decoded(raw.decode(otherwise).encode(), where, error)
        line = raw.count(b"\n", 0, problem.start) + 1
        what = f"is not UTF-8 text (byte 0x{raw[problem.start]:02x})"
        raise error(Finding("error", f"{where} line {line}", what, "save it as UTF-8")) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise error(
            Finding("error", f"{where} line {line}", "holds a NUL character", "save it as UTF-8 text")
        )
    if not text.strip():
        raise error(Finding("error", where, "is empty", "check that it was saved completely"))
    return text


def _neighbour(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    beside = sorted(p.name for p in path.parent.iterdir() if p.suffix == path.suffix and p.is_file())
    close = get_close_matches(path.name, beside, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else "check the path"
