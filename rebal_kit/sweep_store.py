"""A sweep's rows on disk: FILE when it is complete, FILE.parts until then. Killed at any moment, no part is lost.

Parts are written beside their place and moved there; FILE is made of them in one step. Rows are found by their keys, so
that a sweep which is run again, or grew, computes only what is not there.
"""

from __future__ import annotations

import json
import os
import reprlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rebal_kit.findings import Finding, RebalError
from rebal_kit.run import METRICS
from rebal_kit.safe_files import replacing, try_lock
from rebal_kit.sweep_book import Book, Rows
from rebal_kit.sweep_keys import KEY, Keys

#: What marks a file as a sweep's, and the form of it.
_MARK, _FORM = b"rebal_kit sweep", 1
#: Rows of FILE in one piece; so many are in memory at a time.
_GROUP = 4096
#: Bytes of the name of FILE; what is written beside it has a longer one, and disks take 255.
_LONGEST_NAME = 200
_RESULT = ("status", *METRICS)
#: Their types, and that of the key.
_TYPES = {"key": pa.string(), "status": pa.string(), **dict.fromkeys(METRICS, pa.float64())}
#: What comes of a file that is damaged; where its text is, a ValueError.
_UNREADABLE = (pa.ArrowException, OSError, KeyError, ValueError)


class Store:
    """The rows of a book that are on disk.

    Attributes
    ----------
    out, parts : Path
    fresh : bool
        What is there is forgotten: old parts once there are new rows, the old FILE once the new one is whole.
    findings : list of Finding
        What was found damaged.
    """

    def __init__(self, book: Book, out: Path, parts: Path, fresh: bool = False):
        self.book, self.out, self.parts, self.fresh = book, out, parts, fresh
        self.findings: list[Finding] = []
        self._keys = Keys(book)
        self._finished = False
        self._to_clear = fresh
        self._pieces: list[tuple[Path, int]] = []
        self._held: list[np.ndarray] = []
        self._read = lru_cache(maxsize=8)(_results)

    def load(self) -> np.ndarray:
        """Read what is there; return (n_rows,) bool, which rows of the book it has.

        Raises
        ------
        RebalError
            FILE is no sweep's, is damaged, or holds rows that this sweep does not have.
        """
        if self.fresh:
            if self.out.exists():
                _refuse_foreign(self.out)
            return np.zeros(len(self.book), bool)
        for path in sorted(self.parts.glob("*.parquet")):
            self._load_part(path)
        if self.out.exists():
            if self._pieces and self._afresh.exists():
                _refuse_foreign(self.out)
            else:
                self._afresh.unlink(missing_ok=True)
                self._load_whole()
        if not self._pieces:
            return np.zeros(len(self.book), bool)
        wanted = self._keys.of(range(len(self.book)))
        held = np.concatenate(self._held)
        strange = int((~np.isin(held, wanted)).sum())
        if strange:
            what = (f"holds {strange:,} of {len(held):,} rows that are not of this sweep:"
                    " of other prices, households, settings, or another version")  # fmt: skip
            raise RebalError(Finding("error", str(self.out), what, "give another file, or begin afresh"))
        return np.isin(wanted, held)

    def _load_whole(self) -> None:
        """Take the rows of FILE."""
        try:
            _refuse_foreign(self.out)
            with pq.ParquetFile(self.out, page_checksum_verification=True) as file:
                _look_at_columns(file.schema_arrow)
                for group in range(file.num_row_groups):
                    self._pieces.append((self.out, group))
                    self._held.append(_keys_of(file.read_row_group(group, ["key", *_RESULT])))
        except RebalError:
            raise
        except _UNREADABLE as problem:
            what = f"is damaged: {_reason(problem)}"
            raise RebalError(
                Finding("error", str(self.out), what, "give another file, or begin afresh")
            ) from None

    def _load_part(self, path: Path) -> None:
        """Take the rows of a part; one that is damaged is removed, and said."""
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                _look_at_columns(file.schema_arrow)
                keys = _keys_of(file.read(["key", *_RESULT]))
        except _UNREADABLE as problem:
            if isinstance(problem, OSError) and problem.errno is not None:  # pyarrow's have no number
                what = f"cannot be read: {problem.strerror}"
                raise RebalError(Finding("error", str(path), what, "see to its rights")) from None
            what = f"is damaged: {_reason(problem)}"
            self.findings.append(Finding("warning", str(path), what, "its rows are computed again"))
            path.unlink(missing_ok=True)
        else:
            self._pieces.append((path, 0))
            self._held.append(keys)

    def add(self, rows: Rows) -> None:
        """Put rows on disk as a part.

        Raises
        ------
        RebalError
            They cannot be written.
        """
        if self._to_clear:
            self._clear()
        path = self.parts / f"{self._next_number():06}.parquet"
        keys = self._keys.of(rows.numbers)
        table = _with_keys(self.book.table(rows), keys)
        with _writable(self.out), replacing(path) as file:
            pq.write_table(_marked(table), file, compression="zstd", write_page_checksum=True)
        self._pieces.append((path, 0))
        self._held.append(keys)

    def _clear(self) -> None:
        """Remove the parts of the sweep before, and leave word that FILE, too, is of that one."""
        with _writable(self.out):
            for path in self.parts.glob("*.parquet"):
                path.unlink()
            self._afresh.touch()
        self._to_clear = False

    @property
    def _afresh(self) -> Path:
        """What says that parts are of a sweep begun afresh, so that it goes on without FILE."""
        return self.parts / ".afresh"

    def _next_number(self) -> int:
        taken = [int(path.stem) for path in self.parts.glob("*.parquet") if path.stem.isdigit()]
        return max(taken, default=-1) + 1

    def tables(self) -> Iterator[tuple[np.ndarray, pa.Table]]:
        """Yield the rows that are there in the book's order, some thousands at a time, with their numbers."""
        held = np.concatenate(self._held) if self._held else np.zeros(0, KEY)
        order = np.argsort(held, kind="stable")
        sorted_keys = held[order]
        ends = np.cumsum([len(keys) for keys in self._held])
        for first in range(0, len(self.book), _GROUP):
            numbers = np.arange(first, min(first + _GROUP, len(self.book)))
            keys = self._keys.of(numbers)
            at = np.searchsorted(sorted_keys, keys)
            there = np.zeros(len(keys), bool)
            inside = at < len(held)
            there[inside] = sorted_keys[at[inside]] == keys[inside]
            if there.any():
                found = self._gathered(numbers[there], keys[there], order[at[there]], ends)
                yield numbers[there], found

    def _gathered(
        self, numbers: np.ndarray, keys: np.ndarray, rows: np.ndarray, ends: np.ndarray
    ) -> pa.Table:
        """Return rows with their labels as this book has them, from the pieces in which they lie."""
        piece = np.searchsorted(ends, rows, side="right")
        found, places = [], []
        for one in np.unique(piece):
            mine = np.flatnonzero(piece == one)
            begins = ends[one] - len(self._held[one])
            found.append(self._read(*self._pieces[one]).take(pa.array(rows[mine] - begins)))
            places.append(mine)
        results = pa.concat_tables(found).take(pa.array(np.argsort(np.concatenate(places))))
        table = _with_keys(self.book.labels(numbers.tolist()), keys)
        for name in _RESULT:
            table = table.append_column(name, results[name])
        return table

    def finish(self) -> None:
        """Put all rows into FILE, in the book's order, and remove the parts.

        Raises
        ------
        RebalError
            FILE cannot be written; the parts are as they were.
        """
        with _writable(self.out), replacing(self.out, self.parts) as file:
            writer = None
            for _, table in self.tables():
                marked = _marked(table)
                if writer is None:
                    writer = pq.ParquetWriter(
                        file, marked.schema, compression="zstd", write_page_checksum=True
                    )
                writer.write_table(marked, row_group_size=_GROUP)
            if writer is not None:
                writer.close()
        self._finished = True
        shutil.rmtree(self.parts, ignore_errors=True)

    def frame(self) -> pd.DataFrame:
        """Return the rows that are there, for pandas."""
        if self._finished:
            whole: pd.DataFrame = pq.read_table(self.out).replace_schema_metadata().to_pandas()
            return whole
        found = list(self.tables())
        schema = self.book.schema.insert(0, pa.field("key", pa.string()))
        table = pa.concat_tables([schema.empty_table(), *(table for _, table in found)])
        frame: pd.DataFrame = table.to_pandas()
        return frame.set_axis(np.concatenate([np.zeros(0, int), *(at for at, _ in found)]))


def file_of(out: Any) -> Path:
    """Return FILE as a path.

    Raises
    ------
    RebalError
        It is none, or no disk takes such a name.
    """
    remedy = "give a file that ends in .parquet"
    if not isinstance(out, (str, Path)):
        raise RebalError(Finding("error", "sweep", f"out is {reprlib.repr(out)}, no path", remedy))
    try:
        length = len(os.fsencode(Path(out).name))
    except UnicodeEncodeError:
        length = -1
    if length < 0 or "\0" in str(out):
        what = f"out is {reprlib.repr(str(out))}, which holds a character that no file's name may have"
        raise RebalError(Finding("error", "sweep", what, remedy))
    if length > _LONGEST_NAME:
        what = f"out has a name of {length:,} bytes: {reprlib.repr(Path(out).name)}"
        raise RebalError(Finding("error", "sweep", what, f"give one of {_LONGEST_NAME} at most"))
    return Path(out)


@contextmanager
def opened(book: Book, out: Path, fresh: bool) -> Iterator[Store]:
    """Hold FILE against other sweeps, and yield what is in it; `fresh` forgets that, once there is something new.

    Raises
    ------
    RebalError
        Another sweep is writing FILE, or it cannot be written.
    """
    out = file_of(out)
    with _writable(out):
        folder = out.is_dir()
    if out.suffix != ".parquet" or folder:
        what = "is a folder" if folder else f"ends in '{out.suffix}'"
        raise RebalError(Finding("error", str(out), what, "give a file that ends in .parquet"))
    parts = out.with_name(f"{out.name}.parts")
    with _only_one(out, parts):
        try:
            yield Store(book, out, parts, fresh)
        finally:
            for path in parts.glob(".*.part"):  # of a writer that was killed
                path.unlink(missing_ok=True)


@contextmanager
def _only_one(out: Path, parts: Path) -> Iterator[None]:
    """Hold the folder of parts, and remove it when nothing is in it at the end."""
    path = parts / ".lock"
    with _writable(out):
        file = _locked(path)
    if file is None:
        holder = path.read_text(encoding="utf-8", errors="replace").strip() or "unknown"
        what = f"another sweep is writing it (process {holder})"
        raise RebalError(Finding("error", str(out), what, "wait for it, or give another file"))
    with file:
        try:
            yield
        finally:
            if not any(parts.glob("*.parquet")):
                shutil.rmtree(parts, ignore_errors=True)


def _locked(path: Path) -> IO[bytes] | None:
    """Return the file, locked, with our process id in it; None where another process holds it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
        if not try_lock(file):
            file.close()
            return None
        with suppress(OSError):
            # Whoever held it may have removed it meanwhile: a lock on a file that nobody finds keeps nobody out.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                file.write(str(os.getpid()).encode())
                file.flush()
                return file
        file.close()


@contextmanager
def _writable(out: Path) -> Iterator[None]:
    """Turn what the disk says into a finding."""
    try:
        yield
    except OSError as problem:
        what = f"cannot be written: {problem.strerror or type(problem).__name__}"
        raise RebalError(
            Finding("error", str(out), what, "make room or rights, and run it again: what is done is kept")
        ) from None


def _refuse_foreign(path: Path) -> None:
    """Look that a file is a sweep's, before it is read or written over.

    Raises
    ------
    RebalError
        It is not, or nobody can tell.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
    except _UNREADABLE as problem:
        what = f"cannot be read as a sweep's file: {_reason(problem)}"
        remedy = "give another file, or remove it yourself"
        raise RebalError(Finding("error", str(path), what, remedy)) from None
    if _MARK not in metadata:
        what = "is a parquet file, but no sweep's"
        raise RebalError(Finding("error", str(path), what, "give another file"))


def _look_at_columns(schema: pa.Schema) -> None:
    """Look that all columns are there that are read.

    Raises
    ------
    KeyError
        One is not, or holds something else.
    """
    for name, kind in _TYPES.items():
        if name not in schema.names or schema.field(name).type != kind:
            raise KeyError(f"it has no column {name} of type {kind}")


def _marked(table: pa.Table) -> pa.Table:
    told: dict[str, Any] = {"form": _FORM, "rebal_kit": version("rebal_kit")}
    return table.replace_schema_metadata({_MARK: json.dumps(told).encode()})


def _keys_of(table: pa.Table) -> np.ndarray:
    return np.array(table["key"].to_pylist(), KEY)


def _with_keys(table: pa.Table, keys: np.ndarray) -> pa.Table:
    return table.add_column(0, "key", pa.array(keys.astype(str), pa.string()))


def _results(path: Path, group: int) -> pa.Table:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read_row_group(group, list(_RESULT))


def _reason(problem: Exception) -> str:
    text = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
    return (str(text).splitlines() or [type(problem).__name__])[0]
