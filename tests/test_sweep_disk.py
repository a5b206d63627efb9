"""A sweep on disk: killed, interrupted, damaged, grown, it goes on and ends as if nothing had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

import rebal_kit
from rebal_kit import sweep_drive
from rebal_kit.sweep import book_of, sweep
from rebal_kit.sweep_executors import Threads
from tests.sweeps import (  # noqa: F401 — out_path and straight_table are fixtures
    HOUSEHOLD,
    MARKET,
    N,
    course,
    drawn,
    interrupted_after,
    out_path,
    parts,
    run,
    same,
    straight_table,
)

ROOT = Path(rebal_kit.__file__).parents[1]


def test_a_file_is_the_table(out: Path, straight: pd.DataFrame) -> None:
    table, said = run(out, drawn(N))
    same(table, straight)
    assert said == []
    pd.testing.assert_frame_equal(pd.read_parquet(out), table, check_exact=True)
    assert not parts(out).exists()
    assert out.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_there_is_not_computed_again(out: Path, straight: pd.DataFrame, monkeypatch) -> None:
    assert course(out, drawn(N)) == (0, N)
    before = out.read_bytes()

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("rebal_kit.run.simulate", never)
    table, _ = run(out, drawn(N))
    same(table, straight)
    assert out.read_bytes() == before
    assert (table["status"] != "ok").sum() > 20, "what failed is not tried again"


def kill_midway(out: Path, how: signal.Signals) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.sweeps", str(out), str(N)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if int(line) >= N // 3:
                running.send_signal(how)
                break
        said, error = running.communicate()
    return subprocess.CompletedProcess(command, running.returncode, said, error)


def test_a_sweep_killed_midway_goes_on_and_ends_the_same(out: Path, straight: pd.DataFrame) -> None:
    assert kill_midway(out, signal.SIGKILL).returncode == -signal.SIGKILL
    assert not out.exists()
    finished = pd.read_parquet(parts(out))
    assert N // 3 - 16 <= len(finished) < N
    assert set(finished.columns) == {"key", *straight.columns}
    kept, computed = course(out, drawn(N))
    assert (kept, computed) == (len(finished), N - len(finished))
    same(pd.read_parquet(out), straight)
    assert not parts(out).exists()


def test_ctrl_c_keeps_what_is_done_and_says_so(out: Path, straight: pd.DataFrame) -> None:
    done = kill_midway(out, signal.SIGINT)
    assert "KeyboardInterrupt" in done.stderr
    finished = pd.read_parquet(parts(out))
    assert N // 3 <= len(finished) < N
    assert f"{len(finished):,} of {N} rows are kept in {parts(out)}; the same call goes on" in done.stderr
    assert course(out, drawn(N)) == (len(finished), N - len(finished))
    same(pd.read_parquet(out), straight)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_a_sweep_leaves_its_finished_rows(out: Path, kind, monkeypatch) -> None:
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 1e9)  # nothing goes to disk by itself
    error = interrupted_after(out, drawn(N), 100, kind)
    notes = " ".join(getattr(error, "__notes__", ()))
    assert ("rows are kept" in notes) == (kind is KeyboardInterrupt)
    finished = pd.read_parquet(parts(out))
    assert 100 <= len(finished) < 200
    assert len(list(parts(out).glob("*.parquet"))) == 1
    assert course(out, drawn(N)) == (len(finished), N - len(finished))


def test_an_interrupt_before_anything_is_done_leaves_nothing(out: Path) -> None:
    interrupted_after(out, drawn(N), 0)
    assert list(out.parent.iterdir()) == []


def test_a_sweep_is_called_off_by_a_token(out: Path, straight: pd.DataFrame) -> None:
    cancel = threading.Event()
    design = drawn(N)

    def tell(done: int, _: int) -> None:
        if done >= 50:
            cancel.set()

    some, _ = run(out, design, workers=2, cancel=cancel, progress=tell)
    assert 50 <= len(some) < N
    rows = some.drop(columns="key")
    pd.testing.assert_frame_equal(rows, straight.loc[some.index], check_exact=True)
    in_memory = sweep(MARKET, HOUSEHOLD, design, workers=2, cancel=cancel)
    assert len(in_memory) == 0
    assert list(in_memory.columns) == list(straight.columns)
    assert course(out, design) == (len(some), N - len(some))
    same(pd.read_parquet(out), straight)


def test_a_called_off_sweep_in_memory_returns_what_is_done(straight: pd.DataFrame) -> None:
    cancel = threading.Event()
    some = sweep(MARKET, HOUSEHOLD, drawn(N), workers=1, cancel=cancel,
                 progress=lambda done, _: cancel.set() if done >= 50 else None)  # fmt: skip
    assert 50 <= len(some) < N
    pd.testing.assert_frame_equal(some, straight.loc[some.index], check_exact=True)


class LastFirst:
    """Runs what was given last first; when it is stopped, three pieces are done and the others are not."""

    piece = 10

    def __init__(self, book):
        self.book, self.pieces = book, []

    @property
    def busy(self) -> int:
        return len(self.pieces)

    @property
    def full(self) -> bool:
        return self.busy > 4

    def submit(self, numbers) -> None:
        self.pieces.append(numbers)

    def next(self):
        return self.book.run(self.pieces.pop())

    def stop(self) -> None:
        del self.pieces[:-3]

    def close(self) -> None:
        assert not self.pieces, "what is done was left behind"


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_done_when_one_calls_off_counts_wherever_it_stands(
    out: Path, straight, kept, monkeypatch
) -> None:
    monkeypatch.setattr(sweep_drive.Hands, "executor", lambda _, book: LastFirst(book))
    cancel = threading.Event()
    told: list[int] = []

    def tell(done: int, _: int) -> None:
        told.append(done)
        if done >= 10:
            cancel.set()

    some = sweep(MARKET, HOUSEHOLD, drawn(N), cancel=cancel, progress=tell, out=out if kept else None)
    # The fifth piece came first, then those that were done: the second to the fourth.
    assert list(some.index) == list(range(10, 50))
    assert told[-1] == 40
    rows = some.drop(columns="key") if kept else some
    pd.testing.assert_frame_equal(rows, straight.loc[some.index], check_exact=True)


def test_threads_that_are_stopped_begin_no_further_row() -> None:
    book = book_of(MARKET, HOUSEHOLD, drawn(N))
    stopped = threading.Event()
    row = book._row
    book._row = lambda number: (stopped.wait(30), row(number))[1]  # type: ignore[method-assign]
    threads = Threads(book, 2)
    for first in range(0, 60, 10):
        threads.submit(tuple(range(first, first + 10)))
    threads.stop()
    stopped.set()
    rows = [threads.next() for _ in range(threads.busy)]
    assert sorted(len(each.numbers) for each in rows)[:4] == [0, 0, 0, 0]
    assert sum(len(each.numbers) for each in rows) <= 2
    threads.close()
