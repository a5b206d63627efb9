"""A broker's CSV file read into statements, one an account, by the dialect that its headers tell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rebal_kit.files.account_number import is_number, tail
from rebal_kit.files.broker_cells import amount, day, day_in, is_missing
from rebal_kit.files.broker_tables import Table, read_tables
from rebal_kit.files.dialect import Dialect, Reads
from rebal_kit.files.held_kind import why_not_held
from rebal_kit.files.reconcile import check_value
from rebal_kit.files.statement import Export, OpenLot, Place, Position, Statement, Total
from rebal_kit.findings import Finding

_DOLLARS = ("", "USD", "US$")
#: What stands for a currency where an amount is the sum of all, in the account's own.
_ALL_CURRENCIES = ("base currency summary", "base_summary")
#: Meanings that must have a value in a row, by what the row is.
_WANTED: dict[str, tuple[str, ...]] = {
    "positions": ("quantity",), "lots": ("quantity",), "cash": ("value",), "totals": (),
}  # fmt: skip


@dataclass
class _Draft:
    """A statement in the making."""

    number: str
    label: str
    broker: str
    as_of: dt.date | None = None
    positions: list[Position] = field(default_factory=list)
    lots: list[OpenLot] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    cash: float | None = None
    cash_in_base: float | None = None
    pending: float = 0.0
    listed: bool = False
    cash_rows: dict[tuple[str, ...], Place] = field(default_factory=dict)


def read_broker_csv(text: str, name: str) -> Export:
    """Read the text of a broker's file; `name` is how messages call it.

    Every problem is a finding with row, column, value and remedy; what a row lacks for good, such as its basis, stays
    None and is for those to complain about who know whether it is needed.
    """
    cut = read_tables(text, name)
    reading = _Reading(name, cut.lines)
    for table in sorted(cut.tables, key=lambda table: table.dialect.reads != "facts"):
        reading.take(table)
    findings = [*cut.findings, *reading.findings]
    broken = any(finding.severity == "error" for finding in findings)
    statements = tuple(replace(statement, incomplete=broken) for statement in reading.statements())
    if not statements and not broken:
        what, remedy = "holds no position, lot or cash", "export the file again, with all rows"
        findings.append(Finding("error", name, what, remedy))
    return Export(name, statements, tuple(findings))


class _Reading:
    """The statements of one file, as its tables are gone through."""

    def __init__(self, name: str, lines: Iterable[str]):
        self.name = name
        self.findings: list[Finding] = []
        self.drafts: dict[tuple[str, str], _Draft] = {}
        self.facts: dict[str, str] = {}
        told = (day_in(line) for line in lines if re.search(r"as of|date downloaded", line, re.IGNORECASE))
        days = sorted({found for found in told if found is not None})
        self.as_of = days[-1] if days else None
        if len(days) > 1:
            what = f"is of several days: {', '.join(map(str, days))}"
            self._warning(name, f"{what}; the last is taken", "export all on one day")

    def statements(self) -> tuple[Statement, ...]:
        """Return what was read."""
        if self.facts.get("base currency") in _DOLLARS[1:]:
            for draft in self.drafts.values():
                draft.cash = draft.cash_in_base if draft.cash is None else draft.cash
        return tuple(
            Statement(
                self.name, draft.broker, draft.number, draft.label, draft.as_of or self.as_of, tuple(draft.positions),
                tuple(draft.lots), tuple(draft.totals), draft.cash, "", draft.pending, draft.listed,
            )
            for draft in self.drafts.values()
        )  # fmt: skip

    def take(self, table: Table) -> None:
        """Read one table."""
        dialect, place = table.dialect, f"{self.name} row {table.at}"
        if dialect.reads == "nothing":
            self._note(place, f"{dialect.name} are not read", "holdings are taken as the file lists them")
            return
        repeated = {cell for cell in table.header if cell and table.header.count(cell) > 1}
        for column in sorted(repeated):
            self._error(place, f"column '{column}' is there twice", "keep one")
        for column in dialect.strange(table.header):
            remedy = "if it matters, tell it in the household file"
            self._note(place, f"column '{column}' is not known and was not read", remedy)
        if repeated:
            return
        title = _title(table)
        if self.as_of is None and (moment := day_in(" ".join(table.header))) is not None:
            self.as_of = moment
        for number, cells in table.rows:
            self._row(table, title, number, cells)

    def _row(self, table: Table, title: dict[str, str], number: int, cells: list[str]) -> None:
        dialect, row = table.dialect, f"{self.name} row {number}"
        if any(cells[len(table.header) :]):
            what = f"has {len(cells)} cells under {len(table.header)} columns"
            self._error(row, what, "check commas; text with a comma goes in quotes")
            return
        places = dialect.places(table.header)
        said = {m: (table.header[at], cells[at] if at < len(cells) else "") for m, at in places.items()}
        place = Place(self.name, row, said)
        if dialect.reads == "facts":
            self._fact(place)
            return
        what = self._what(dialect, place, cells[0] if cells else "")
        if what == "nothing":
            return
        record = _Cells(self, dialect, place, what)
        draft = self._draft(dialect, place, title)
        draft.listed |= dialect.reads == "positions" and dialect.details is None
        loose = what == "totals" or _is(dialect.pending, place.said("symbol"))
        last = (
            places["value"] if what == "cash" else max(places.values())
        )  # a cell with another behind it is whole
        if record.complete and not loose and len(cells) < min(len(table.header), last + 2):
            short = f"has {len(cells)} cells under {len(table.header)} columns, so the file may be cut off"
            self._error(row, short, "export the file again, and change nothing in it")
        elif record.complete:
            self._record(what, record, draft, title.get("symbol", ""))

    def _what(self, dialect: Dialect, place: Place, first: str) -> Reads:
        """Return what a row is."""
        detail = place.said("detail").lower()
        if dialect.details is not None:
            known = dialect.details.get(detail)
            if known is None:
                remedy = f"known are {', '.join(dialect.details)}"
                self._error(place.of("detail"), f"is '{place.said('detail')}'", remedy)
            return known or "nothing"
        name = place.said("symbol") or place.said("fact") or first
        if dialect.reads == "cash" and "fact" in place.cells and not _is(dialect.cash, name):
            return "nothing"
        if _is(dialect.total, name) or _is(dialect.total, first):
            return "totals"
        if dialect.reads == "positions" and (
            _is(dialect.cash, name)
            or _is(dialect.pending, name)
            or place.said("kind").lower() in dialect.cash_kinds
        ):
            return "cash"
        return dialect.reads

    def _record(self, what: Reads, cells: _Cells, draft: _Draft, of_title: str) -> None:
        dialect, place = cells.dialect, cells.place
        symbol = place.said("symbol") or of_title
        foreign = place.said("currency") not in _DOLLARS
        if what == "cash":
            if place.said("currency").lower() in _ALL_CURRENCIES:
                draft.cash_in_base = cells.number("value")
            else:
                self._cash(cells, draft, foreign)
            return
        if what == "totals":
            if not foreign:
                draft.totals.append(
                    Total(
                        cells.number("quantity"), cells.number("value"), cells.number("cost"), place,
                        of_title if dialect.reads == "lots" else "", _told(place.said("kind")), dialect.total_has_cash,
                    )
                )  # fmt: skip
            return
        if not symbol or is_missing(symbol):
            self._error(place.of("symbol"), "has no ticker", "write the ticker, or take the row out")
            return
        refused = why_not_held(symbol, _told(place.said("kind")), dialect.shares)
        if foreign:
            refused = f"is in {place.said('currency')}, and accounts are in US$"
        quantity = cells.number("quantity") or 0.0
        if what == "lots":
            draft.lots.append(
                OpenLot(
                    symbol, quantity, cells.number("cost"), cells.date("acquired"), cells.number("value"), place,
                    cells.date("holding_start"), refused,
                )
            )  # fmt: skip
        else:
            draft.positions.append(
                Position(
                    symbol, quantity, cells.number("price"), cells.number("value"), cells.number("cost"), place,
                    _told(place.said("kind")), refused,
                )
            )  # fmt: skip

    def _cash(self, cells: _Cells, draft: _Draft, foreign: bool) -> None:
        place, dollars = cells.place, cells.number("value") or 0.0
        if foreign:
            if dollars:
                what = f"is {place.said('value')} {place.said('currency')}, and accounts are in US$"
                self._error(place.of("value"), what, "change it into dollars, or leave the account out")
        elif _is(cells.dialect.pending, place.said("symbol")):
            draft.pending += dollars
            what = f"{place.said('value')} on its way"
            self._warning(place.of("value"), what, "it is not in the cash; export again when it has settled")
        else:
            self._add_cash(cells, draft, dollars)

    def _add_cash(self, cells: _Cells, draft: _Draft, dollars: float) -> None:
        """Add to what the account holds as cash; a report of cash has one row an account, funds have one each."""
        place = cells.place
        row = () if cells.dialect.reads == "cash" else tuple(said for _, said in place.cells.values())
        seen = draft.cash_rows.setdefault(row, place)
        if seen is not place:
            what = f"is cash as that of {seen.row} is"
            self._error(place.row, what, "take one out if it is the same cash")
        self.findings += check_value(cells.number("quantity"), cells.number("price"), dollars, place)
        draft.cash = (draft.cash or 0.0) + dollars

    def _fact(self, place: Place) -> None:
        fact, said = place.said("fact").lower(), place.said("said")
        before = self.facts.setdefault(fact, said)
        if before != said and fact in ("account", "period"):
            what = f"is {said}, and {before} above: several statements are in one file"
            self._error(place.of("said"), what, "give a file a statement")
        if fact == "period" and (until := day_in(said)) is not None:
            self.as_of = until
        if fact == "accounts included" or (fact == "account" and "onsolidated" in said):
            what = "is of several accounts together"
            self._error(place.of("said"), what, "ask for one statement an account")
        if fact == "base currency" and said not in _DOLLARS:
            self._error(place.of("said"), f"is {said}", "accounts are in US$")

    def _draft(self, dialect: Dialect, place: Place, title: dict[str, str]) -> _Draft:
        number = (
            place.said("account") or title.get("account", "") or self.facts.get("account", "").split(" ")[0]
        )
        label = place.said("label") or title.get("label", "")
        ending = re.search(r"(?:\.{3}|…|X{2,}-?)(\d{3,4})\b", label)
        number = number or (ending[1] if ending else "")
        if not number and is_number(label):
            number, label = label, ""
        key = (number, "") if number else ("", label)
        draft = self.drafts.setdefault(
            key, _Draft(number, label.replace(number, tail(number)), dialect.broker)
        )
        stamp = _told(place.said("day"))
        if stamp and draft.as_of is None:
            try:
                draft.as_of = day(stamp, dialect.dates)
            except ValueError:
                self._error(place.of("day"), f"is '{stamp}', which is no date", _date_remedy(dialect))
        return draft

    def _error(self, where: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("error", where, what, remedy))

    def _warning(self, where: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("warning", where, what, remedy))

    def _note(self, where: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("note", where, what, remedy))


class _Cells:
    """The numbers and dates of one row; what is none of either becomes a finding at once."""

    def __init__(self, reading: _Reading, dialect: Dialect, place: Place, what: Reads):
        self.dialect, self.place = dialect, place
        dates = ("acquired", "holding_start") if what == "lots" else ()
        self._values: dict[str, float | dt.date | None] = {}
        findings = reading.findings
        before = len(findings)
        for meaning in ("quantity", "price", "value", "cost"):
            text = _told(place.said(meaning))
            try:
                self._values[meaning] = amount(text) if text else None
            except ValueError:
                said = f"is {place.said(meaning)!r}, not a number"
                remedy = "give a number such as 1,234.56, or export the file again"
                findings.append(Finding("error", place.of(meaning), said, remedy))
        for meaning in dates:
            text = _told(place.said(meaning))
            try:
                self._values[meaning] = day(text, dialect.dates) if text else None
            except ValueError:
                said = f"is {place.said(meaning)!r}, which is no date"
                findings.append(Finding("error", place.of(meaning), said, _date_remedy(dialect)))
        for meaning in _WANTED.get(what, ()):
            if self._values.get(meaning, 0.0) is None:
                said = f"is {place.said(meaning)!r}" if place.said(meaning) else "is empty"
                findings.append(
                    Finding("error", place.of(meaning), said, "give the number, or take the row out")
                )
        self.complete = len(findings) == before

    def number(self, meaning: str) -> float | None:
        value = self._values[meaning]
        return value if isinstance(value, float) else None

    def date(self, meaning: str) -> dt.date | None:
        value = self._values.get(meaning)
        return value if isinstance(value, dt.date) else None


def _title(table: Table) -> dict[str, str]:
    """Return what the line above a table says of account and security."""
    for line in reversed(table.above):
        if found := re.fullmatch(table.dialect.title, line, re.IGNORECASE):
            return {name: value for name, value in found.groupdict().items() if value}
    return {}


def _is(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


def _told(text: str) -> str:
    return "" if is_missing(text) else text


def _date_remedy(dialect: Dialect) -> str:
    example = dt.date(2024, 1, 5)
    return f"write it as {' or '.join(example.strftime(form) for form in dialect.dates)}"
