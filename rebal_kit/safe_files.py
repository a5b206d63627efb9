"""Files that are there whole or not at all, and that one process at a time writes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4


@contextmanager
def replacing(path: Path, beside: Path | None = None) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all is written. A killed writer leaves `path` as it was.

    It is written into the folder `beside`, which must be on the same disk; by default that of `path`.
    """
    scrap = (beside or path.parent) / f".{path.stem}~{uuid4().hex}.part"
    try:
        with scrap.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scrap.replace(path)
    except BaseException:
        with suppress(OSError):
            scrap.unlink()
        raise


def try_lock(file: IO[bytes]) -> bool:
    """Try to lock an open file; closing it, or the end of the process however that comes, unlocks it.

    Raises
    ------
    OSError
        The file system knows no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        if problem.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def sync_folder(folder: Path) -> None:
    """Wait until the disk has what was made, moved and removed in a folder; systems that cannot say so are believed."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
