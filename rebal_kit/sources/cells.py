"""A CSV or parquet file as columns of cells, with the row numbers a spreadsheet shows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebal_kit.findings import Finding, MarketError

if TYPE_CHECKING:
    import pandas as pd

_AGAIN = "save or download the file again"


@dataclass(frozen=True, eq=False)
class Cells:
    """The contents of a file.

    Attributes
    ----------
    file : str
        Its name, as findings show it.
    header : tuple of tuple of str
        One or two header rows, a name a column.
    columns : tuple of ndarray
        One array a column, (n_rows,): text from CSV, typed from parquet.
    rows : ndarray
        (n_rows,) int64, the row number a spreadsheet shows (parquet: counted from 1 without header).
    findings : tuple of Finding
    """

    file: str
    header: tuple[tuple[str, ...], ...]
    columns: tuple[np.ndarray, ...]
    rows: np.ndarray
    findings: tuple[Finding, ...] = ()


def read_cells(path: Path) -> Cells:
    """Read a file whole.

    Raises
    ------
    MarketError
        It is not a file, not CSV or parquet, empty, damaged, cut off or not UTF-8.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        raise _unreadable(path, "is a folder", "give the path of one .csv or .parquet file")
    if suffix not in (".csv", ".parquet", ".pq"):
        raise _unreadable(
            path, f"has the ending '{path.suffix}'", "save it as .csv (commas, UTF-8) or .parquet"
        )
    try:
        if path.stat().st_size == 0:
            raise _unreadable(path, "is empty", _AGAIN)
        cells = _csv(path) if suffix == ".csv" else _parquet(path)
    except OSError as problem:
        what = f"cannot be opened: {problem.strerror or problem}"
        raise _unreadable(path, what, "check the path and its rights") from None
    if not len(cells.rows):
        raise _unreadable(path, "has a header and no rows", _AGAIN)
    return cells


def _unreadable(path: Path, what: str, remedy: str, place: str = "") -> MarketError:
    return MarketError(Finding("error", f"{path.name}{place}", what, remedy))


def _csv(path: Path) -> Cells:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        row = raw.count(b"\n", 0, problem.start) + 1
        what = f"is not UTF-8 text (byte 0x{raw[problem.start]:02x})"
        raise _unreadable(path, what, "save it as 'CSV UTF-8'", f" row {row}") from None
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        what, place = f"cannot be read as CSV: {problem}", f" row {len(records) + 1}"
        raise _unreadable(path, what, "close the quotation mark, or " + _AGAIN, place) from None
    # A row of empty cells holds nothing; it still counts in a spreadsheet's row numbers.
    filled = [
        (n, record) for n, record in enumerate(records, start=1) if any(cell.strip() for cell in record)
    ]
    if not filled:
        raise _unreadable(path, "holds only empty rows", _AGAIN)
    depth = _header_rows([record for _, record in filled[:3]])
    header = tuple(tuple(cell.strip() for cell in record) for _, record in filled[:depth])
    if len(header[0]) == 1:
        separator = next((s for s in (";", "\t", "|") if s in header[0][0]), None)
        what = f"separates its columns by {separator!r}" if separator else "has a single column"
        raise _unreadable(
            path, what, "save it with commas between columns and points as decimal marks", " row 1"
        )
    body = filled[depth:]
    width = len(header[0])
    wrong = [(n, record) for n, record in body if len(record) != width]
    if wrong or any(len(names) != width for names in header):
        raise MarketError(_ragged(path, width, wrong, records))
    if body and len(header) == 2 and not any(cell.strip() for cell in body[0][1][1:]):
        body = body[1:]  # yfinance's third header row: the word Date and nothing else
    columns = tuple(
        np.array(column, dtype=object) for column in zip(*(record for _, record in body), strict=True)
    )
    findings = () if text.endswith(("\n", "\r")) else (
        Finding("note", f"{path.name} row {filled[-1][0]}", "the last row does not end with a line break",
                "if the file was cut off, the last value may be incomplete"),
    )  # fmt: skip
    rows = np.array([n for n, _ in body], dtype=np.int64)
    return Cells(path.name, header, columns, rows, findings)


def _header_rows(first: list[list[str]]) -> int:
    """Two when the first column reads Price/Ticker (in either order) as yfinance's download writes it, else one."""
    names = [record[0].strip().lower() for record in first]
    two = len(names) > 1 and {names[0] or "price", names[1] or "ticker"} == {"price", "ticker"} and (
        bool(names[0] or names[1]) or (len(names) > 2 and names[2] == "date")
    )  # fmt: skip
    return 2 if two else 1


def _ragged(
    path: Path, width: int, wrong: list[tuple[int, list[str]]], records: list[list[str]]
) -> list[Finding]:
    found = []
    for n, record in wrong[:20]:
        where, what = f"{path.name} row {n}", f"has {len(record)} fields, the header {width}"
        if len(record) < width and n == len(records):
            found.append(Finding("error", where, f"{what}: the file is cut off", _AGAIN))
        elif len(record) < width:
            found.append(Finding("error", where, what, "fill in the missing fields, or delete the row"))
        else:
            found.append(
                Finding("error", where, what, "write numbers without thousands commas, and text in quotes")
            )
    if len(wrong) > 20:
        what = f"and {len(wrong) - 20} more rows of another length"
        found.append(Finding("error", path.name, what, "mend these too"))
    return found or [Finding("error", f"{path.name} row 2", f"header rows differ from {width} names", _AGAIN)]


def _parquet(path: Path) -> Cells:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame = pq.ParquetFile(path).read().to_pandas()
        if not isinstance(frame.index, pd.RangeIndex):
            frame = frame.reset_index()
        columns = tuple(_plain(frame.iloc[:, at]) for at in range(frame.shape[1]))
    except (pa.ArrowException, ValueError, TypeError, KeyError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the file system's word, not the reader's: that file cannot be opened
        reason = str(problem).splitlines()[0]
        raise _unreadable(path, f"is no whole parquet file: {reason}", _AGAIN) from None
    if isinstance(frame.columns, pd.MultiIndex):
        names: list[Any] = list(zip(*frame.columns, strict=True))
        header = tuple(tuple(_name(n) for n in level) for level in names[:2])
        labels = [str(n).lower() for n in frame.columns.names]
        if labels[:1] == ["price"] or labels[:1] == ["ticker"]:
            other = "Ticker" if labels[0] == "price" else "Price"
            header = ((labels[0].title(), *header[0][1:]), (other, *header[1][1:]))
    else:
        header = (tuple(_name(n) for n in frame.columns),)
    return Cells(path.name, header, columns, np.arange(1, len(frame) + 1))


def _name(label: Any) -> str:
    """Unname an index: pandas calls an index without a name 'index'; a blank name says the same."""
    text = str(label).strip()
    return "" if text == "index" else text


def _plain(column: pd.Series) -> np.ndarray:
    """Return numbers as numbers, dates as dates without time zone, everything else as text ('' where missing)."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)  # the day as the exchange's clock showed it
    if column.dtype.kind in "iufM":
        return column.to_numpy()
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = column.isna().to_numpy()
    return np.where(missing, "", column.astype(str).to_numpy(dtype=object))
