"""Files that cannot be read at all: one located message each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebal_kit.sources.cells import read_cells

HEADER = "Date,Ticker,Close,Dividends\n"
ROW = "2024-01-02,A,10,0\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "prices.csv: is empty"),
        ("\n\n,,\n", "prices.csv: holds only empty rows"),
        (HEADER, "prices.csv: has a header and no rows"),
        ("Price,Close\nTicker,A\nDate,\n", "prices.csv: has a header and no rows"),
        ("Date;Close\n2024-01-02;5\n", "prices.csv row 1: separates its columns by ';'"),
        ("Date\n2024-01-02\n", "prices.csv row 1: has a single column"),
        (
            HEADER + ROW + "2024-01-03,A,1",
            "prices.csv row 3: has 3 fields, the header 4: the file is cut off",
        ),
        (HEADER + "2024-01-03,A,1\n" + ROW, "prices.csv row 2: has 3 fields, the header 4 — fill in"),
        (
            HEADER + "2024-01-03,A,1,234.5,0\n" + ROW,
            "prices.csv row 2: has 5 fields, the header 4 — write numbers",
        ),
        (HEADER + ROW + '2024-01-03,"A,1,0\n', "prices.csv row 3: cannot be read as CSV"),
        (("Ä" + HEADER).encode("latin-1"), "prices.csv row 1: is not UTF-8 text (byte 0xc4)"),
        (
            (HEADER + ROW).encode() + b"2024-01-03,\xe9,1,0\n",
            "prices.csv row 3: is not UTF-8 text (byte 0xe9)",
        ),
        ((HEADER + ROW).encode("utf-16"), "prices.csv row 1: is not UTF-8 text (byte 0xff)"),
    ],
)
def test_damaged_csv(errors: Callable[..., list[str]], content: str | bytes, message: str) -> None:
    (error,) = errors(content)
    assert error.startswith(message)


def test_every_row_of_a_wrong_length_is_listed_up_to_twenty(errors: Callable[..., list[str]]) -> None:
    found = errors(HEADER + "2024-01-02,A\n" * 25 + ROW)
    assert len(found) == 21
    assert found[0].startswith("prices.csv row 2: has 2 fields")
    assert found[-1].startswith("prices.csv: and 5 more rows of another length")


def test_parquet_damaged_inside(errors: Callable[..., list[str]], tmp_path: Path) -> None:
    frame = pd.DataFrame({"Date": ["2024-01-02"] * 99, "Close": np.linspace(1, 2, 99)})
    frame.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    kind = b'"numpy_type": "float64"'
    for damaged in (
        whole[:40] + bytes(60) + whole[100:],
        whole.replace(kind, kind.replace(b"float", b"flubt")),
    ):
        assert damaged != whole
        (error,) = errors(damaged, "prices.parquet")
        assert error.startswith("prices.parquet: is no whole parquet file")
        assert error.endswith("save or download the file again")


def test_parquet_with_a_column_twice(errors: Callable[..., list[str]], tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = pa.array(["2024-01-02"])
    closes = pa.array([1.0])
    pq.write_table(pa.table([days, closes, closes], names=["Date", "Close", "Close"]), tmp_path / "x.parquet")
    (error,) = errors((tmp_path / "x.parquet").read_bytes(), "prices.parquet")
    assert error.startswith("prices.parquet row 1, column 3: 'Close' is there twice")


@pytest.mark.parametrize("content", [b"PAR1", b"Date,Close\n2024-01-02,5\n"])
def test_a_damaged_parquet_file(errors: Callable[..., list[str]], content: bytes) -> None:
    (error,) = errors(content, "prices.parquet")
    assert error.startswith("prices.parquet: is no whole parquet file")


def test_a_parquet_file_cut_off(errors: Callable[..., list[str]], tmp_path: Path) -> None:
    frame = pd.DataFrame({"Date": pd.date_range("2024-01-01", periods=500), "Close": np.arange(1.0, 501)})
    frame.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (error,) = errors(whole[: len(whole) // 2], "prices.parquet")
    assert error.startswith("prices.parquet: is no whole parquet file")


def test_another_kind_of_file(errors: Callable[..., list[str]]) -> None:
    (error,) = errors("a", "prices.xlsx")
    assert error == "prices.xlsx: has the ending '.xlsx' — save it as .csv (commas, UTF-8) or .parquet"


def test_row_numbers_count_empty_rows_and_a_byte_order_mark_is_no_text(write: Callable[..., Path]) -> None:
    path = write("prices.csv", b"\xef\xbb\xbf" + (HEADER + "\n,,,\n" + ROW + ROW).encode())
    cells = read_cells(path)
    assert cells.header == (("Date", "Ticker", "Close", "Dividends"),)
    assert cells.rows.tolist() == [4, 5]
    assert cells.findings == ()


def test_a_last_row_without_line_break_is_mentioned(write: Callable[..., Path]) -> None:
    (finding,) = read_cells(write("prices.csv", HEADER + ROW.strip())).findings
    assert finding.severity == "note"
    assert str(finding).startswith("prices.csv row 2: the last row does not end with a line break")


def test_parquet_cells_keep_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2024-01-02", "2024-01-03"]).tz_localize("America/New_York"),
            "count": pd.array([1, None], dtype="Int64"),
            "text": ["a", None],
            "flag": [True, False],
        }
    )
    frame.to_parquet(tmp_path / "prices.parquet", index=False)
    when, count, text, flag = read_cells(tmp_path / "prices.parquet").columns
    assert when.astype("M8[D]").astype(str).tolist() == ["2024-01-02", "2024-01-03"]
    assert count[0] == 1
    assert np.isnan(count[1])
    assert text.tolist() == ["a", ""]
    assert flag.tolist() == ["True", "False"]
