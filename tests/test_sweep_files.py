"""The files of a sweep: damaged, full, merged, grown, another's, locked; and by what its rows are known."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebal_kit import fingerprint, sweep_drive, sweep_executors
from rebal_kit.design import Design
from rebal_kit.findings import RebalError
from rebal_kit.run import METRICS
from rebal_kit.safe_files import try_lock
from rebal_kit.sweep import book_of, sweep
from rebal_kit.sweep_store import opened
from tests.sweeps import (  # noqa: F401 — out_path and straight_table are fixtures
    BASE,
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


def test_afresh_the_old_file_stays_until_the_new_one_is_whole(
    out: Path, straight: pd.DataFrame, monkeypatch
) -> None:
    run(out, drawn(20))
    before = out.read_bytes()
    monkeypatch.setattr(sweep_executors, "_PATIENCE", 0.2)
    with pytest.raises(RebalError, match="does not answer"):
        sweep(
            MARKET, HOUSEHOLD, drawn(N), out=out, fresh=True, executor="dask", scheduler="tcp://127.0.0.1:9"
        )
    assert out.read_bytes() == before
    stopped = interrupted_after(out, drawn(N), 100, fresh=True)
    assert "the same call without fresh goes on from there" in stopped.__notes__[0]
    assert out.read_bytes() == before
    kept, computed = course(out, drawn(N))
    assert kept >= 100
    assert kept + computed == N
    same(pd.read_parquet(out), straight)
    assert not parts(out).exists()


def test_afresh_that_never_began_leaves_the_parts(out: Path, monkeypatch) -> None:
    interrupted_after(out, drawn(N), 100)
    there = {path: path.read_bytes() for path in parts(out).glob("*.parquet")}

    def no_threads(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sweep_drive, "Threads", no_threads)
        with pytest.raises(KeyboardInterrupt):
            sweep(MARKET, HOUSEHOLD, drawn(N), out=out, fresh=True)
    assert {path: path.read_bytes() for path in parts(out).glob("*.parquet")} == there


@pytest.mark.parametrize(("name", "message"), [("text", "cannot be read"), ("prices", "but no sweep's")])
def test_afresh_no_other_file_is_written_over(tmp_path: Path, name: str, message: str) -> None:
    out = tmp_path / f"{name}.parquet"
    if name == "text":
        out.write_text("no parquet", encoding="utf-8")
    else:
        pq.write_table(pa.table({"key": ["a"]}), out)
    before = out.read_bytes()
    with pytest.raises(RebalError, match=message):
        sweep(MARKET, HOUSEHOLD, drawn(5), out=out, fresh=True)
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["key", "status", "cagr_after_tax"])
def test_a_damaged_name_of_a_column_is_damage(out: Path, straight: pd.DataFrame, name: str) -> None:
    interrupted_after(out, drawn(N), 100)
    first = min(parts(out).glob("*.parquet"))
    table = pq.read_table(first)
    pq.write_table(table.rename_columns([f"{n}!" if n == name else n for n in table.column_names]), first)
    table, said = run(out, drawn(N))
    same(table, straight)
    assert len(said) == 1
    assert said[0].startswith(f"{first}: is damaged: it has no column {name} of type ")
    whole = pq.read_table(out)
    renamed = whole.rename_columns([f"{n}!" if n == name else n for n in whole.column_names])
    pq.write_table(renamed.replace_schema_metadata(whole.schema.metadata), out)
    with pytest.raises(
        RebalError, match=f"rows.parquet: is damaged: it has no column {name} .* begin afresh"
    ):
        sweep(MARKET, HOUSEHOLD, drawn(N), out=out)
    again, _ = run(out, drawn(N), fresh=True)
    same(again, straight)


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
