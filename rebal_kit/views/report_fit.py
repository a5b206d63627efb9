"""How large the type of a printed page may be, so that the first page of a report is one page in any browser.

HTML has no way to say so; the height is estimated from the text, a little too high rather than too low. The PDF is
measured by what sets it.
"""

from __future__ import annotations

from math import ceil
from typing import Literal

from rebal_kit.views.report_content import Drawing, Report, Section

Paper = Literal["letter", "a4"]
#: Points of height and width that the margins of ``report.html.j2`` leave.
_ROOM: dict[Paper, tuple[float, float]] = {"letter": (708.0, 526.0), "a4": (758.0, 510.0)}
#: Sizes of type in points: what is tried first, and what is the least that can be read.
LARGEST, SMALLEST, _STEP = 9.6, 6.4, 0.1
#: Height of a line and width of a character, by the size of type; and how much of the page may be filled.
_LINE, _CHARACTER, _FULL = 1.35, 0.475, 1.0
#: How a row's width is shared between two sections; space between them, points.
_LEFT, _GAP = 0.53, 17.0


def print_size(report: Report, paper: Paper = "letter") -> float:
    """Return the size of type in points by which the first page of a report is one page.

    Parameters
    ----------
    report : Report
    paper : {'letter', 'a4'}
    """
    height, width = _ROOM[paper]
    size = LARGEST
    while size > SMALLEST and _height(report, size, width) > _FULL * height:
        size = round(size - _STEP, 1)
    return size


def _lines(text: str, size: float, width: float) -> int:
    return max(ceil(len(text) * _CHARACTER * size / width), 1)


def _height(report: Report, size: float, width: float) -> float:
    firm = report.firm
    lines = len(firm.address) + len(firm.contact)
    head = max(40.0, lines * 0.85 * _LINE * size) + 18.0 if firm.name else 0.0
    title = (1.75 * 1.2 + 1.2 * _LINE) * size + 3.0 + len(report.subtitle) * (0.85 * _LINE * size + 2.0)
    if report.alarm:
        title += _lines(report.alarm, 1.08 * size, width - 24.0) * _LINE * size + 26.0
    lead = sum(_lines(text, 1.07 * size, width) * 1.07 * _LINE * size + 4.0 for text in report.lead) + 15.0
    share = width / max(len(report.figures), 1) - 9.0
    notes = max((_lines(figure.note, 0.82 * size, share) for figure in report.figures), default=0)
    names = max((_lines(figure.name, 0.85 * size, share) for figure in report.figures), default=0)
    figures = (names * 0.85 * _LINE + 1.75 * 1.15 + notes * 0.82 * 1.3) * size + 8.0
    rows = 0.0
    for row in report.rows:
        widths = [(width - _GAP) * part for part in (_LEFT, 1 - _LEFT)] if len(row) > 1 else [width]
        rows += max(_section(one, size, wide) for one, wide in zip(row, widths, strict=True)) + 8.0
    small = 6.0
    for section in report.small:
        text = " ".join((section.title, *section.paragraphs))
        small += _lines(text, 0.8 * size, width) * 0.8 * _LINE * size + 3.0
    return head + title + lead + figures + rows + small


def _section(section: Section, size: float, width: float) -> float:
    height = _LINE * size + 2.0
    height += sum(_lines(text, size, width) * _LINE * size + 4.0 for text in section.paragraphs)
    if section.drawing:
        height += drawing_height(section.drawing, width) + 3.0
    if section.table:
        height += (len(section.table.rows) + 1) * (0.9 * _LINE * size + 3.8) + 4.0
    height += sum(_lines(point, size, width - 14.0) * _LINE * size + 2.5 for point in section.points)
    return height + (
        _lines(section.note, 0.85 * size, width) * 0.85 * _LINE * size + 4.0 if section.note else 0.0
    )


def drawing_height(drawing: Drawing, width: float) -> float:
    """Return how high a drawing is that takes a width, by its own proportions with room for axes and legend."""
    spec = drawing.spec
    return min(width * (spec["height"] + 58.0) / (spec["width"] + 110.0), 150.0)
