"""A report as PDF, set by typst: a wheel without system packages, with typefaces of its own."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rebal_kit.findings import Finding, RebalError
from rebal_kit.views.report_content import Report, Section
from rebal_kit.views.report_fit import Paper
from rebal_kit.views.report_html import drawn

#: What comes with typst; other scripts are looked for among the system's typefaces.
FONT = "Libertinus Serif"
_TEMPLATE = Path(__file__).with_name("report.typ")
_PAPERS = {"letter": "us-letter", "a4": "a4"}
#: Beyond these, the typeface that comes with typst has no letters: all but Latin, Greek, Cyrillic and signs.
_LAST_LETTER, _SIGNS = 0x052F, (0x1E00, 0x2BFF)


def report_pdf(report: Report, paper: Paper = "letter") -> bytes:
    """Return the report as PDF; its first page is one page.

    The same report gives the same bytes, as long as its letters are Latin, Greek or Cyrillic: others are taken from
    typefaces of the machine. No text is read as markup, and nothing outside a temporary folder is read at all.

    Parameters
    ----------
    report : Report
    paper : {'letter', 'a4'}

    Raises
    ------
    RebalError
        The text cannot be set.
    """
    import typst

    with TemporaryDirectory(prefix="rebal-report-") as made:
        folder = Path(made)
        data = json.dumps(_data(report, paper, folder), ensure_ascii=False)
        (folder / "data.json").write_text(data, encoding="utf-8")
        main = folder / "report.typ"
        main.write_bytes(_TEMPLATE.read_bytes())
        try:
            found: Any = typst.compile(
                main, root=folder, ignore_system_fonts=_familiar(data), package_path=folder,
                package_cache_path=folder, timestamp=_noon(report),
            )  # fmt: skip
        except RuntimeError as problem:
            raise RebalError(
                Finding("error", "PDF", f"cannot be set: {problem}", "write HTML instead")
            ) from None
    return bytes(found)


def _data(report: Report, paper: Paper, folder: Path) -> dict[str, Any]:
    """Return what the template reads; pictures are written into the folder."""
    firm = report.firm
    logo = None
    if firm.logo is not None:
        logo = f"logo.{firm.logo.kind}"
        (folder / logo).write_bytes(firm.logo.data)
    pictures = iter(range(1000))

    def plain(section: Section) -> dict[str, Any]:
        drawing = section.drawing
        if drawing is None:
            return asdict(section)
        name = f"drawing-{next(pictures)}.svg"
        (folder / name).write_text(drawn(drawing, FONT), encoding="utf-8")
        rest = asdict(
            Section(section.title, section.paragraphs, None, section.table, section.points, section.note)
        )
        return {**rest, "drawing": {"file": name, "text": drawing.text}}

    day = dt.date.fromisoformat(report.date)
    return {
        "paper": _PAPERS[paper], "fonts": [FONT], "colour": firm.colour, "firm": firm.name, "logo": logo,
        "lines": [*firm.address, *firm.contact], "year": day.year, "month": day.month, "day": day.day,
        "title": report.title, "household": report.household, "subtitle": report.subtitle, "alarm": report.alarm,
        "lead": report.lead, "figures": [asdict(figure) for figure in report.figures], "footer": report.footer,
        "rows": [[plain(section) for section in row] for row in report.rows],
        "small": [plain(section) for section in report.small],
        "appendices": [plain(section) for section in report.appendices],
    }  # fmt: skip


def _familiar(text: str) -> bool:
    first, last = _SIGNS
    return all(ord(letter) <= _LAST_LETTER or first <= ord(letter) <= last for letter in text)


def _noon(report: Report) -> dt.datetime:
    """Return the moment that the file says it was made: the day it is of, so that no clock is in it."""
    return dt.datetime.combine(dt.date.fromisoformat(report.date), dt.time(12), tzinfo=dt.UTC)
