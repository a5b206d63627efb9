"""The course of a sweep: rows are handed out, come back in any order, and are kept, until the end or a word to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from rebal_kit.findings import Finding, RebalError
from rebal_kit.run import METRICS
from rebal_kit.sweep_book import Book, Rows
from rebal_kit.sweep_executors import Cluster, ClusterLostError, Executor, Threads
from rebal_kit.sweep_store import Store

#: Told how many rows are done, and of how many.
Tell = Callable[[int, int], object]

#: What is done goes to disk after so many seconds, or rows.
PART_SECONDS, PART_ROWS = 2.0, 4096


@dataclass(frozen=True)
class Hands:
    """Who does the work, and who may call it off.

    Attributes
    ----------
    workers : int
        Threads of this process, where there is no scheduler.
    scheduler : str, optional
        Address of a dask scheduler whose workers do it.
    cancel : threading.Event, optional
    """

    workers: int
    scheduler: str | None = None
    cancel: threading.Event | None = None

    def executor(self, book: Book) -> Executor:
        """Return who runs the rows of a book."""
        return Threads(book, self.workers) if self.scheduler is None else Cluster(book, self.scheduler)

    @property
    def called_off(self) -> bool:
        """Whether somebody has cancelled it."""
        return self.cancel is not None and self.cancel.is_set()


@dataclass(frozen=True)
class Swept:
    """What became of a sweep that is kept on disk.

    Attributes
    ----------
    total : int
        Rows it has.
    kept : int
        Rows that were there before.
    computed : int
    findings : tuple of Finding
        What was damaged and computed again.
    """

    total: int
    kept: int
    computed: int
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        return self.kept + self.computed == self.total


def in_memory(book: Book, hands: Hands, tell: Tell) -> pd.DataFrame:
    """Run all rows of a book and return the table of those that were done."""
    status = [""] * len(book)
    figures = np.full((len(book), len(METRICS)), np.nan)
    done = np.zeros(len(book), bool)
    for rows in _worked(book, range(len(book)), hands):
        done[list(rows.numbers)] = True
        figures[list(rows.numbers)] = rows.figures
        for number, said in zip(rows.numbers, rows.status, strict=True):
            status[number] = said
        tell(int(done.sum()), len(book))
    there = np.flatnonzero(done)
    numbers = tuple(there.tolist())
    table = book.table(Rows(numbers, tuple(status[number] for number in numbers), figures[there]))
    frame: pd.DataFrame = table.to_pandas()
    return frame if done.all() else frame.set_axis(there)


def on_disk(store: Store, hands: Hands, tell: Tell) -> Swept:
    """Run the rows of a book that are not on disk yet, and put them there; when all are done, into one file.

    Raises
    ------
    RebalError
        What is on disk is not of this sweep, or cannot be read or written; or the cluster is lost, with what is kept.
    KeyboardInterrupt
        As it came, with a note of what is kept.
    """
    book = store.book
    there = store.load()
    kept = int(there.sum())
    tell(kept, len(book))
    computed = 0
    waiting: list[Rows] = []
    begun = time.monotonic()
    try:
        for rows in _worked(book, (n for n in range(len(book)) if not there[n]), hands):
            waiting.append(rows)
            computed += len(rows.numbers)
            tell(kept + computed, len(book))
            if time.monotonic() - begun >= PART_SECONDS or sum(len(r.numbers) for r in waiting) >= PART_ROWS:
                _put(store, waiting)
                begun = time.monotonic()
    except ClusterLostError as lost:
        _put(store, waiting)
        more = f"{kept + computed:,} of {len(book):,} rows are kept in {store.parts}"
        remedy = f"start scheduler and workers again; {_call(store)} goes on from there"
        raise RebalError(
            [Finding(f.severity, f.where, f"{f.what}; {more}", remedy) for f in lost.findings]
        ) from None
    except KeyboardInterrupt as stopped:
        _put(store, waiting)
        stopped.add_note(
            f"{kept + computed:,} of {len(book):,} rows are kept in {store.parts}; {_call(store)} goes on from there"
        )
        raise
    finally:
        _put(store, waiting)
    swept = Swept(len(book), kept, computed, tuple(store.findings))
    if swept.complete:
        store.finish()
    return swept


def _call(store: Store) -> str:
    """Say what goes on with what is kept."""
    return "the same call without fresh" if store.fresh else "the same call"


def _put(store: Store, waiting: list[Rows]) -> None:
    """Put what waits on disk, as one part."""
    waiting_rows = [rows for rows in waiting if rows.numbers]
    if waiting_rows:
        numbers = tuple(number for rows in waiting_rows for number in rows.numbers)
        status = tuple(said for rows in waiting_rows for said in rows.status)
        store.add(Rows(numbers, status, np.concatenate([rows.figures for rows in waiting_rows])))
    waiting.clear()


def _worked(book: Book, numbers: Iterable[int], hands: Hands) -> Iterator[Rows]:
    """Yield rows as they are done, a piece at a time; once called off, those that are done already."""
    with closing(hands.executor(book)) as executor:
        pieces = _pieces(numbers, executor.piece)
        try:
            for piece in pieces:
                if hands.called_off:
                    break
                executor.submit(piece)
                while executor.full and not hands.called_off:
                    yield executor.next()
            while executor.busy and not hands.called_off:
                yield executor.next()
            executor.stop()
            while executor.busy:
                yield executor.next()
        except KeyboardInterrupt:
            executor.stop()
            while executor.busy:
                yield executor.next()
            raise


def _pieces(numbers: Iterable[int], size: int) -> Iterator[tuple[int, ...]]:
    """Yield so many numbers at a time."""
    rest = iter(numbers)
    while piece := tuple(islice(rest, size)):
        yield piece
