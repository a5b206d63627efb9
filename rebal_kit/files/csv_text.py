"""CSV text to numbered rows, and rows to CSV text that no spreadsheet runs as formulas.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it. Files that are read again
lose that apostrophe on reading, so that every name comes back as it was.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rebal_kit.checking import as_day
from rebal_kit.files.reading import did_you_mean
from rebal_kit.findings import Finding

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_QUOTED = re.compile(r'[",\r\n]')
#: What makes a spreadsheet run a cell, with the wide forms that some read alike; apostrophes before it are text.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True)
class Columns:
    """What the header of a file may hold.

    Attributes
    ----------
    usual : tuple of str
        The columns as messages list them and as they are written.
    needed : tuple of str
        Those without which no row can be read.
    also : tuple of str
        Others that are known.
    either : tuple of (str, str, str)
        Two columns of which one must be there, and the advice where neither is.
    """

    usual: tuple[str, ...]
    needed: tuple[str, ...]
    also: tuple[str, ...] = ()
    either: tuple[tuple[str, str, str], ...] = ()

    def problems(self, header: list[str], place: str) -> Iterator[Finding]:
        """Find what is wrong with a header; `place` names its row."""
        if len(header) == 1 and re.search(r"[;\t|]", header[0]):
            remedy = "save the file as comma-separated CSV"
            yield Finding("error", place, "columns are not separated by commas", remedy)
            return
        known = (*self.usual, *self.also)
        for column in dict.fromkeys(header):
            if column not in known:
                shown = f"unknown column '{column}'" if column else "a column has no name"
                yield Finding("error", place, shown, did_you_mean(column, known))
            elif header.count(column) > 1:
                yield Finding("error", place, f"column '{column}' is there twice", "keep one")
        for column in self.needed:
            if column not in header:
                remedy = f"the columns are {', '.join(self.usual)}"
                yield Finding("error", place, f"column '{column}' is missing", remedy)
        for column, other, remedy in self.either:
            if column not in header and other not in header:
                yield Finding("error", place, f"column '{column}' is missing", remedy)


def read_rows(
    text: str, name: str, columns: Columns, findings: list[Finding]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield row numbers as a spreadsheet shows them, with the cells that are filled in, by column.

    Parameters
    ----------
    text : str
    name : str
        How messages call the file.
    columns : Columns
    findings : list of Finding
        What is wrong with header, rows and quotes is added here as it is met; such a row is not yielded.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if not header:
                header = [cell.lower() for cell in stripped]
                problems = list(columns.problems(header, f"{name} row {number}"))
                findings += problems
                if problems:
                    return
            elif len(cells) != len(header):
                findings.append(
                    Finding("error", f"{name} row {number}", f"has {len(cells)} cells under {len(header)} columns",
                            "check commas; text with a comma goes in quotes")
                )  # fmt: skip
            else:
                filled = zip(header, stripped, strict=True)
                row = {column: _restored(cell) if cell[0] == "'" else cell for column, cell in filled if cell}
                yield number, row
    except csv.Error as problem:
        remedy = "check the quotes of this row and the one above"
        findings.append(Finding("error", f"{name} row {number + 1}", f"is not CSV: {problem}", remedy))


def write_rows(columns: Collection[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a header and rows as CSV; every CSV file that the package writes comes from here.

    Parameters
    ----------
    columns : collection of str
    rows : iterable of rows
        Numbers, dates (of a datetime the day is written), text, True, False; None leaves a cell empty.

    Notes
    -----
    Numbers are written with all their digits. Text that a spreadsheet would run (it begins with ``= + - @``, a tab or
    a line end, and is no number) gets an apostrophe before it.
    """
    return "".join(_line(row) for row in (columns, *rows))


def as_number(value: Any) -> Any:
    """Return the number that a cell holds; anything else is handed back to be found."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def digits(value: float) -> str:
    """Return a number as text that reads back equal."""
    whole = math.isfinite(value) and value == int(value) and abs(value) < 1e15
    return str(int(value)) if whole else repr(float(value))


def _line(row: Iterable[Any]) -> str:
    # csv.writer leaves a lone carriage return unquoted, which ends the row for those who read it
    cells = (_written(cell) for cell in row)
    quoted = ('"{}"'.format(cell.replace('"', '""')) if _QUOTED.search(cell) else cell for cell in cells)
    return (",".join(quoted) or '""') + "\n"


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.date):
        return str(as_day(cell))
    if not isinstance(cell, str):
        return digits(cell)
    return f"'{cell}" if _would_run(cell) else cell


def _restored(cell: str) -> str:
    return cell[1:] if _would_run(cell) else cell


def _would_run(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell.lstrip("'"))
