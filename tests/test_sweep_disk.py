"""A sweep on disk: killed, interrupted, damaged, grown, it goes on and ends as if nothing had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rebal_kit
from rebal_kit import fingerprint, sweep_drive
from rebal_kit.design import Design
from rebal_kit.findings import RebalError
from rebal_kit.run import METRICS
from rebal_kit.safe_files import try_lock
from rebal_kit.sweep import book_of, hands_of, sweep
from rebal_kit.sweep_drive import on_disk
from rebal_kit.sweep_executors import Threads
from rebal_kit.sweep_store import opened
from tests.sweeps import BASE, HOUSEHOLD, MARKET, drawn

ROOT = Path(rebal_kit.__file__).parents[1]
N = 300


@pytest.fixture(scope="module")
def straight() -> pd.DataFrame:
    return sweep(MARKET, HOUSEHOLD, drawn(N))


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 0.0)
    return tmp_path / "rows.parquet"


def parts(out: Path) -> Path:
    return out.with_name(f"{out.name}.parts")


def run(out: Path, design: Design, **more) -> tuple[pd.DataFrame, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = sweep(MARKET, HOUSEHOLD, design, out=out, **more)
    return table, [str(warning.message) for warning in caught]


def course(out: Path, design: Design, **more) -> tuple[int, int]:
    """How many rows were there, and how many had to be computed."""
    book = book_of(MARKET, HOUSEHOLD, design)
    with opened(book, out, fresh=False) as store:
        swept = on_disk(store, hands_of(1, "threads", None, None), lambda *_: None, **more)
    return swept.kept, swept.computed


def interrupted_after(out: Path, design: Design, rows: int, kind=KeyboardInterrupt) -> BaseException:
    def tell(done: int, total: int) -> None:
        assert total == len(design)
        if done >= rows:
            raise kind

    with pytest.raises(kind) as caught:
        sweep(MARKET, HOUSEHOLD, design, out=out, workers=1, progress=tell)
    return caught.value


def same(table: pd.DataFrame, straight: pd.DataFrame) -> None:
    assert table.columns[0] == "key"
    assert table["key"].is_unique
    pd.testing.assert_frame_equal(table.drop(columns="key"), straight, check_exact=True)


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


def test_damaged_parts_are_computed_again_and_said(out: Path, straight: pd.DataFrame) -> None:
    interrupted_after(out, drawn(N), 150)
    cut, spoilt, *whole = sorted(parts(out).glob("*.parquet"))
    rows = {path: pq.read_metadata(path).num_rows for path in (cut, spoilt, *whole)}
    cut.write_bytes(cut.read_bytes()[:-100])
    figures = pq.read_metadata(spoilt).row_group(0).column(len(straight.columns) - 5)
    bytes_ = bytearray(spoilt.read_bytes())
    bytes_[figures.data_page_offset + figures.total_compressed_size - 9] ^= 0x01
    spoilt.write_bytes(bytes_)
    (parts(out) / ".000009~abc.part").write_bytes(b"what a killed writer left")
    progress: list[int] = []
    table, said = run(out, drawn(N), progress=lambda done, _: progress.append(done))
    same(table, straight)
    assert progress[0] == sum(rows[path] for path in whole)
    assert progress[-1] == N
    assert len(said) == 2
    for path, sentence in zip((cut, spoilt), said, strict=True):
        assert sentence.startswith(f"{path}: is damaged: ")
        assert sentence.endswith("its rows are computed again")


def no_room(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_said_and_no_scrap_is_left(out: Path, monkeypatch) -> None:
    monkeypatch.setattr("rebal_kit.safe_files.os.fsync", no_room)
    with pytest.raises(
        RebalError, match=r"rows.parquet: cannot be written: No space left on device — make room"
    ):
        sweep(MARKET, HOUSEHOLD, drawn(N), out=out)
    assert list(out.parent.iterdir()) == []


def test_a_merge_that_fails_is_done_again(out: Path, straight: pd.DataFrame, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("rebal_kit.sweep_store.Store.tables", no_room)
        with pytest.raises(RebalError, match="what is done is kept"):
            sweep(MARKET, HOUSEHOLD, drawn(N), out=out)
    assert not out.exists()
    assert len(pd.read_parquet(parts(out))) == N
    assert not list(parts(out).glob(".*.part"))
    assert course(out, drawn(N)) == (N, 0)
    same(pd.read_parquet(out), straight)


def test_killed_after_the_merge_the_parts_are_tidied_away_later(
    out: Path, straight: pd.DataFrame, monkeypatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("rebal_kit.sweep_store.shutil.rmtree", lambda *_, **__: None)
        table, _ = run(out, drawn(N))
        same(table, straight)
        before = out.read_bytes()
        assert list(parts(out).glob("*.parquet"))
    assert course(out, drawn(N)) == (N, 0)
    assert out.read_bytes() == before
    assert not parts(out).exists()


def test_a_part_that_may_not_be_read_is_not_thrown_away(out: Path, monkeypatch) -> None:
    interrupted_after(out, drawn(N), 50)
    there = sorted(parts(out).iterdir())

    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pq, "ParquetFile", locked)
    with pytest.raises(
        RebalError, match=r"000000.parquet: cannot be read: Permission denied — see to its rights"
    ):
        course(out, drawn(N))
    assert sorted(parts(out).iterdir()) == there


def test_a_sweep_that_has_grown_computes_what_is_new(out: Path, straight: pd.DataFrame) -> None:
    assert course(out, drawn(100)) == (0, 100)
    interrupted_after(out, drawn(N), 180)
    kept, computed = course(out, drawn(N))
    assert kept + computed == N
    assert 180 <= kept < 250
    same(pd.read_parquet(out), straight)


def test_labels_are_those_of_the_sweep_that_is_asked_for(out: Path) -> None:
    first = Design.grid(BASE, {"lot_method": ["fifo", "hifo"]})
    course(out, first)
    assert "lot_method" in pd.read_parquet(out)
    as_list, _ = run(out, Design.grid([*first]))
    assert "lot_method" not in as_list
    assert as_list["policy"].tolist() == [policy.name for policy in first]
    twice = Design.grid([first[1], first[0], first[1]])
    assert course(out, twice) == (3, 0)
    table = pd.read_parquet(out)
    assert table["key"].tolist() == as_list["key"].iloc[[1, 0, 1]].tolist()
    assert table["value_after_tax"].tolist() == as_list["value_after_tax"].iloc[[1, 0, 1]].tolist()


def test_a_file_of_another_sweep_is_not_written_over(out: Path) -> None:
    table, _ = run(out, drawn(20))
    before = out.read_bytes()
    with pytest.raises(RebalError, match=r"holds 10 of 20 rows that are not of this sweep: .* begin afresh"):
        sweep(MARKET, HOUSEHOLD, drawn(10), out=out)
    with pytest.raises(RebalError, match=r"holds 20 of 20 rows"):
        sweep(MARKET, HOUSEHOLD, drawn(20), out=out, end="2024-06-28")
    assert out.read_bytes() == before
    afresh, _ = run(out, drawn(10), fresh=True)
    pd.testing.assert_frame_equal(afresh, table.head(10), check_exact=True)


def test_another_engine_s_rows_are_not_taken_for_ours(out: Path, monkeypatch) -> None:
    course(out, drawn(20))
    monkeypatch.setattr("rebal_kit.sweep_keys.engine_fingerprint", lambda: "another")
    with pytest.raises(RebalError, match="20 of 20 rows that are not of this sweep"):
        course(out, drawn(20))


def test_afresh_forgets_parts_too(out: Path, straight: pd.DataFrame) -> None:
    interrupted_after(out, drawn(N), 100)
    progress: list[int] = []
    table, _ = run(out, drawn(N), fresh=True, progress=lambda done, _: progress.append(done))
    assert progress[0] == 0
    assert progress == sorted(progress)
    same(table, straight)


def test_only_one_sweep_writes_a_file(out: Path) -> None:
    book = book_of(MARKET, HOUSEHOLD, drawn(20))
    with opened(book, out, fresh=False):
        message = rf"rows.parquet: another sweep is writing it \(process {os.getpid()}\) — wait for it"
        with pytest.raises(RebalError, match=message):
            sweep(MARKET, HOUSEHOLD, drawn(20), out=out)
        with pytest.raises(RebalError, match=message):
            sweep(MARKET, HOUSEHOLD, drawn(20), out=out, fresh=True)
    assert course(out, drawn(20)) == (0, 20)


def test_a_lock_that_was_removed_by_its_holder_keeps_others_out_again(out: Path, monkeypatch) -> None:
    """Between opening the lock's file and locking it, its holder may end and remove it."""
    path = parts(out) / ".lock"
    removed: list[bool] = []

    def slow(file) -> bool:
        if not removed:
            removed.append(True)
            path.unlink()
        return try_lock(file)

    monkeypatch.setattr("rebal_kit.sweep_store.try_lock", slow)
    book = book_of(MARKET, HOUSEHOLD, drawn(20))
    with opened(book, out, fresh=False):
        assert removed
        with pytest.raises(RebalError, match="another sweep is writing it"):
            course(out, drawn(20))


@pytest.mark.parametrize(
    ("name", "message"),
    [("rows.csv", "ends in '.csv' — give a file that ends in .parquet"), ("rows", "ends in ''"),
     ("folder.parquet", "is a folder"), ("prices.parquet", "is a parquet file, but no sweep's"),
     ("text.parquet", "cannot be read as a sweep's file"),
     ("text.parquet/rows.parquet", "cannot be written: Not a directory")],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused_and_left_alone(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "text.parquet").write_text("no parquet", encoding="utf-8")
    pq.write_table(pa.table({"key": ["a"]}), tmp_path / "prices.parquet")
    before = {path: path.is_dir() or path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RebalError, match=message):
        sweep(MARKET, HOUSEHOLD, drawn(5), out=tmp_path / name)
    assert {path: path.is_dir() or path.read_bytes() for path in tmp_path.iterdir()} == before


def test_memory_holds_some_thousands_of_rows_however_many_there_are(out: Path, monkeypatch, straight) -> None:
    monkeypatch.setattr("rebal_kit.sweep_store._GROUP", 64)
    monkeypatch.setattr(sweep_drive, "PART_ROWS", 40)
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 1e9)
    written: list[int] = []
    write = pq.ParquetWriter.write_table

    def watch(self, table, *args, **kwargs):
        written.append(table.num_rows)
        return write(self, table, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", watch)
    table, _ = run(out, drawn(N), workers=1)
    same(table, straight)
    assert max(written) <= 64
    assert pq.ParquetFile(out).num_row_groups == -(-N // 64)


def test_the_engine_is_known_by_its_sources(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "rebal_kit"
    for name in (
        "run.py",
        "cli_sweep.py",
        "sweep.py",
        "rules/law.py",
        "rules/us_federal.toml",
        "engine/book.py",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(fingerprint, "_PACKAGE", package)
    found = {}
    for name in (
        "",
        "run.py",
        "cli_sweep.py",
        "sweep.py",
        "rules/law.py",
        "rules/us_federal.toml",
        "engine/book.py",
    ):
        if name:
            (package / name).write_text(f"{name} changed", encoding="utf-8")
        found[name] = fingerprint.engine_fingerprint.__wrapped__()
    assert found["cli_sweep.py"] == found["sweep.py"] == found["run.py"] != found[""]
    assert len(set(found.values())) == 5
    versions = {"numba": "0.1"}
    monkeypatch.setattr(fingerprint, "version", lambda name: versions.get(name, "1"))
    first = fingerprint.engine_fingerprint.__wrapped__()
    versions["numba"] = "0.2"
    assert fingerprint.engine_fingerprint.__wrapped__() != first


def test_the_measures_are_the_run_s_own(straight: pd.DataFrame) -> None:
    assert list(straight.columns[-len(METRICS) :]) == list(METRICS)
