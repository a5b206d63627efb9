"""Several files written into a folder: all of them, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rebal_kit.findings import Finding, RebalError


def write_folder(folder: str | Path, texts: Mapping[str, str]) -> Path:
    """Write files into a folder, making it where it is not there; return its path.

    They are written into a temporary folder first and moved when all are complete. When that fails, the folder is as
    it was; its other files are never touched, and a link in it is replaced, not followed.

    Parameters
    ----------
    folder : str or path
    texts : mapping of str to str
        The text of each file by its name, which holds no folder.

    Raises
    ------
    RebalError
        The folder cannot be made or written, or is a file.
    """
    target = Path(folder)
    made: list[Path] = []
    try:
        if any(Path(name).name != name for name in texts):
            raise RebalError(Finding("error", str(folder), "file names hold folders", "give names only"))
        place = target.resolve()
        if place.exists() and not place.is_dir():
            raise RebalError(Finding("error", str(folder), "is a file, not a folder", "give another path"))
        made = [p for p in (place, *place.parents) if not p.exists()]
        place.mkdir(parents=True, exist_ok=True)
        _fill(place, texts)
    except OSError as problem:
        for path in made:
            with suppress(OSError):
                path.rmdir()
        what = f"cannot be written: {problem.strerror or type(problem).__name__}"
        raise RebalError(
            Finding("error", str(folder), what, "give another path, nothing was written")
        ) from None
    return target


def _fill(place: Path, texts: Mapping[str, str]) -> None:
    """Write all texts, then move them into place; move back what was there when one of them cannot be."""
    # A folder is on another device than its parent where it is mounted; files can then be moved within it only.
    beside = place.parent.stat().st_dev == place.stat().st_dev and os.access(place.parent, os.W_OK)
    with tempfile.TemporaryDirectory(
        prefix=f".{place.name}-", dir=place.parent if beside else place
    ) as scratch:
        fresh, old = Path(scratch, "new"), Path(scratch, "old")
        fresh.mkdir()
        old.mkdir()
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8", newline="")
        moved: list[str] = []
        try:
            for name in texts:
                if (place / name).is_dir() and not (place / name).is_symlink():
                    raise IsADirectoryError(0, f"{name} is a folder there")
                if os.path.lexists(place / name):
                    (place / name).replace(old / name)
                moved.append(name)
                (fresh / name).replace(place / name)
        except BaseException:
            for name in moved:
                with suppress(FileNotFoundError):
                    (place / name).unlink()
                if os.path.lexists(old / name):
                    (old / name).replace(place / name)
            raise
