"""Downloaded histories on disk: what was written comes back, one writer at a time, nothing half."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import FIELDS
from rebal_kit.safe_files import replacing
from rebal_kit.sources import price_cache
from rebal_kit.sources.price_cache import (
    DamagedFileError,
    Origin,
    PriceHistory,
    cache_folder,
    cache_path,
    cached_symbols,
    locked,
    read_history,
    write_history,
)

ORIGIN = Origin(
    "Yahoo Finance", "yfinance 1.7.0", dt.datetime(2024, 6, 3, 21, tzinfo=dt.UTC), "USD", "NYSEArca", "ETF", "Fund",
    101.5, dt.datetime(2024, 6, 3, 20, tzinfo=dt.UTC), (Finding("warning", "SPY", "said", "do"),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def history(symbol: str = "SPY", n: int = 5) -> PriceHistory:
    dates = np.datetime64("2024-05-27") + np.arange(n)
    fields = {name: 100.0 + np.arange(n) + 0.1 * at for at, name in enumerate(FIELDS)}
    fields["volume"][0] = np.nan
    return PriceHistory(symbol, dates, fields, ORIGIN)


@pytest.mark.parametrize("symbol", ["SPY", "BRK-B", "^VIX", "EURUSD=X", "BF.B"])
def test_what_was_written_comes_back(symbol: str) -> None:
    assert read_history(symbol) is None
    given = history(symbol)
    write_history(given)
    back = read_history(symbol)
    assert back is not None
    assert back.origin == ORIGIN
    assert np.array_equal(back.dates, given.dates)
    for name in FIELDS:
        assert np.array_equal(back.fields[name], given.fields[name], equal_nan=True)
    assert cached_symbols() == (symbol,)
    assert cache_path(symbol).parent == cache_folder()


def test_other_programs_can_read_where_it_comes_from() -> None:
    write_history(history())
    metadata = pq.read_schema(cache_path("SPY")).metadata[b"rebal_kit"].decode()
    told = ('"source": "Yahoo Finance"', '"library": "yfinance 1.7.0"', '"first": "2024-05-27"', '"last": "2024-05-31"',
            '"fetched": "2024-06-03T21:00:00+00:00"', '"exchange": "NYSEArca"')  # fmt: skip
    for words in told:
        assert words in metadata


@pytest.mark.parametrize("spoil", ["cut", "flip", "empty", "text", "stranger", "other"])
def test_a_damaged_file_is_an_error_with_its_path(spoil: str) -> None:
    write_history(history(n=400))
    path = cache_path("SPY")
    whole = path.read_bytes()
    if spoil == "flip":
        path.write_bytes(whole[:300] + bytes([whole[300] ^ 0xFF]) + whole[301:])
    elif spoil == "stranger":
        table = pq.read_table(path)
        pq.write_table(table.replace_schema_metadata({}), path)
    elif spoil == "other":
        write_history(history("AGG"))
        cache_path("AGG").replace(path)
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"no parquet"}[spoil])
    with pytest.raises(DamagedFileError) as caught:
        read_history("SPY")
    assert caught.value.findings[0].where == str(path)
    assert "delete the file" in caught.value.findings[0].remedy


def test_no_byte_of_a_file_changes_unseen() -> None:
    """Pages have checksums; what a file says of itself, the latest price among it, has a digest."""
    write_history(history(n=40))
    path = cache_path("SPY")
    whole, good = path.read_bytes(), read_history("SPY")
    assert good is not None
    refused = 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            back = read_history("SPY")
        except DamagedFileError:
            refused += 1
            continue
        assert back is not None
        assert back.origin == good.origin
        assert np.array_equal(back.dates, good.dates)
        for name in FIELDS:
            assert np.array_equal(back.fields[name], good.fields[name], equal_nan=True)
    assert refused > len(whole) / 7 / 2


def test_a_folder_in_place_of_the_file_is_no_damaged_file() -> None:
    cache_path("SPY").mkdir(parents=True)
    with pytest.raises(MarketError, match="cannot be read: Is a directory") as caught:
        read_history("SPY")
    assert not isinstance(caught.value, DamagedFileError)


def test_without_a_home_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(MarketError, match="set XDG_CACHE_HOME"):
        read_history("SPY")


def test_a_folder_that_knows_no_locks_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("msvcrt.locking" if sys.platform == "win32" else "fcntl.flock", none)
    with pytest.raises(MarketError, match="cannot be locked: No locks available"), locked("SPY"):
        pass


def test_a_ticker_s_scraps_are_swept_and_not_what_another_is_writing() -> None:
    """BRK is how BRK-B begins."""
    write_history(history("BRK"))
    with replacing(cache_path("BRK-B")) as file:
        file.write(b"whole")
        with locked("BRK"):
            pass
    assert cache_path("BRK-B").read_bytes() == b"whole"


def test_a_write_that_fails_leaves_the_old_file_and_no_scraps(monkeypatch: pytest.MonkeyPatch) -> None:
    write_history(history())
    before = cache_path("SPY").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(price_cache.os, "fsync", full)
    with pytest.raises(MarketError, match=r"No space left on device — .* unchanged"):
        write_history(replace(history(n=9)))
    assert cache_path("SPY").read_bytes() == before
    assert [path.name for path in cache_folder().iterdir()] == ["SPY.parquet"]


def test_a_reader_in_the_middle_of_a_file_goes_on_with_the_one_he_opened() -> None:
    """The new file takes the old one's name in one step; it is never written over it."""
    write_history(history())
    before = cache_path("SPY").read_bytes()
    with cache_path("SPY").open("rb") as reader:
        start = reader.read(100)
        write_history(history(n=50))
        assert start + reader.read() == before
    kept = read_history("SPY")
    assert kept is not None
    assert len(kept.dates) == 50


def test_a_folder_that_cannot_be_made_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(MarketError, match="set XDG_CACHE_HOME"):
        write_history(history())
    with pytest.raises(MarketError, match="set XDG_CACHE_HOME"), locked("SPY"):
        pass


def test_one_writer_a_ticker_at_a_time() -> None:
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with locked("SPY"):
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    with locked("AGG", patience=0.0):
        pass
    with (
        pytest.raises(MarketError, match=r"another process has been renewing SPY for 0\.05 s"),
        locked("SPY", 0.05),
    ):
        pass
    leave.set()
    with locked("SPY", patience=5.0):
        pass
    thread.join()
