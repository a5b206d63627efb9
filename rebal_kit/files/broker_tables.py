"""A broker's CSV text cut into tables of known layouts, with the lines of text around them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rebal_kit.files import fidelity, interactive_brokers, schwab, vanguard
from rebal_kit.files.dialect import Dialect, heading
from rebal_kit.findings import Finding

#: Every layout that is read.
DIALECTS: tuple[Dialect, ...] = (
    *schwab.DIALECTS, *fidelity.DIALECTS, *vanguard.DIALECTS, *interactive_brokers.DIALECTS,
)  # fmt: skip

#: The header of an unknown file is looked for in so many rows.
_FIRST_ROWS = 50
Row = tuple[int, list[str]]


@dataclass
class Table:
    """Rows under one header.

    Attributes
    ----------
    dialect : Dialect
    header : list of str
    at : int
        Row of the header.
    rows : list of (int, list of str)
        Row numbers as a spreadsheet shows them, and cells; none is blank.
    above : list of str
        Lines of text since the table before.
    """

    dialect: Dialect
    header: list[str]
    at: int
    rows: list[Row] = field(default_factory=list)
    above: list[str] = field(default_factory=list)


@dataclass
class Tables:
    """The tables of a file, all its lines of text, and what is wrong with it so far."""

    tables: list[Table] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_tables(text: str, name: str) -> Tables:
    """Cut the text of a file; `name` is how messages call it."""
    found = Tables()
    rows = list(_rows(text, name, found.findings))
    in_sections = any(len(cells) > 2 and cells[1].lower() == "header" for _, cells in rows[:_FIRST_ROWS])
    cut = _cut_sections if in_sections else _cut
    cut(rows, name, found)
    if not found.tables and not found.findings:
        found.findings.append(_unknown(rows, name))
    return found


def _rows(text: str, name: str, findings: list[Finding]) -> Iterator[Row]:
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as problem:
        remedy = "check the quotes of this row and the one above, or export the file again"
        findings.append(Finding("error", f"{name} row {number + 1}", f"is not CSV: {problem}", remedy))


def _cut(rows: Sequence[Row], name: str, found: Tables) -> None:
    """Cut a file whose tables have a line of text before them, perhaps, and lines of text behind."""
    table: Table | None = None
    above: list[str] = []
    after_blank = False
    for number, cells in rows:
        filled = [cell for cell in cells if cell]
        dialect = _identified(cells, lambda known: not known.section)
        if not filled:
            after_blank = True
            continue
        if dialect is not None:
            table, above = Table(dialect, _trimmed(cells), number, above=above), []
            found.tables.append(table)
        elif len(filled) == 1 and (table is None or after_blank or _is_title(filled[0], table.dialect)):
            table = None
            above.append(filled[0])
            found.lines.append(filled[0])
        elif table is not None:
            table.rows.append((number, cells))
        elif found.tables:
            what, remedy = "stands under no header", "export the file again, and change nothing in it"
            found.findings.append(Finding("error", f"{name} row {number}", what, remedy))
        else:
            above.append(" ".join(filled))
            found.lines.append(" ".join(filled))
        after_blank = False


def _cut_sections(rows: Sequence[Row], name: str, found: Tables) -> None:
    """Cut a file whose rows begin with the name of their section and with Header, Data or Total."""
    tables: dict[str, Table | None] = {}
    for number, cells in rows:
        if not any(cells):
            continue
        section, what, *rest = (*cells, "", "")[: max(len(cells), 2)]
        section, what = section.lower(), what.lower()
        if what == "header":
            named = [dialect for dialect in DIALECTS if dialect.section == section]
            dialect = _identified(rest, lambda known, section=section: known.section == section)  # type: ignore[misc]
            if named and dialect is None:
                columns = ", ".join(named[0].lacks(rest))
                remedy = f"its header lacks {columns}: ask for the statement with all columns"
                found.findings.append(
                    Finding("error", f"{name} row {number}", f"'{section}' cannot be read", remedy)
                )
            tables[section] = None if dialect is None else Table(dialect, _trimmed(rest), number)
            found.tables += [table for table in (tables[section],) if table is not None]
        elif what in ("data", "total") and (table := tables.get(section)) is not None:
            table.rows.append((number, ["Total", *rest[1:]] if what == "total" else rest))
        elif section not in tables:
            found.findings.append(
                Finding("error", f"{name} row {number}", "stands under no header", "export the file again")
            )


def _identified(cells: Sequence[str], may: Callable[[Dialect], bool]) -> Dialect | None:
    """Return the layout with the most columns in a row, of those that may be meant and lack none."""
    fitting = [known for known in DIALECTS if may(known) and not known.lacks(cells)]
    return max(fitting, key=lambda known: len(known.places(cells)), default=None)


def _is_title(line: str, dialect: Dialect) -> bool:
    return re.fullmatch(dialect.title, line, re.IGNORECASE) is not None


def _trimmed(header: Sequence[str]) -> list[str]:
    """Return a header without the empty cells that a comma at the end of its line makes."""
    trimmed = list(header)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _unknown(rows: Sequence[Row], name: str) -> Finding:
    """Say that a file is of no known layout, which there are, and which is the closest."""
    known = ", ".join(dict.fromkeys(d.name for d in DIALECTS if d.reads in ("positions", "lots")))
    listed = f"known are {known}, OFX/QFX, and the project's own lots file"
    first = [row for row in rows[:_FIRST_ROWS] if any(row[1])]
    for number, cells in first:
        if len(cells) == 1 and len(re.findall(r"[;\t|]", cells[0])) > 2:
            what = "columns are not separated by commas"
            return Finding("error", f"{name} row {number}", what, "save the file as comma-separated CSV")
    near = [
        (len(d.needed) - len(d.lacks(cells)), -len(d.lacks(cells)), -number, d, cells)
        for number, cells in first
        for d in DIALECTS
        if d.reads in ("positions", "lots") and not d.section
    ]
    best = max(near, key=lambda candidate: candidate[:3], default=None)
    if best is None or best[0] < 2:
        return Finding("error", name, "is of no known layout", listed)
    _, _, at, dialect, cells = best
    lacks = ", ".join(dialect.lacks(cells))
    what = f"the header is of no known layout; closest is {dialect.name}, but {lacks} missing"
    what = what.replace(" missing", " are missing" if ", " in lacks else " is missing")
    strange = [cell for cell in dialect.strange(cells) if heading(cell)]
    also = f"; not known there: {', '.join(strange[:8])}" if strange else ""
    return Finding("error", f"{name} row {-at}", what + also, listed)
