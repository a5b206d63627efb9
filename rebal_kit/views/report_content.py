"""What a report for a client says, before it is HTML or PDF: both writers read this, so that they cannot disagree.

Every figure is text already; a writer sets it and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rebal_kit.files.firm import Firm


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
    right : bool
        Whether its cells are figures, set flush right.
    wide : bool
        Whether it holds sentences and takes the room that others leave.
    """

    name: str
    right: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text under columns.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of tuple of str
    total : bool
        Whether the last row is a sum.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure that is read first.

    Attributes
    ----------
    name, value, note : str
    """

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Drawing:
    """A chart.

    Attributes
    ----------
    spec : dict
        Vega-Lite without a typeface: a writer gives it its own.
    text : str
        What it shows, in words.
    """

    spec: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it, in this order: paragraphs, drawing, table, points.

    Attributes
    ----------
    title : str
    paragraphs : tuple of str
    drawing : Drawing, optional
    table : Table, optional
    points : tuple of str
        A list.
    note : str
        Small print below.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    drawing: Drawing | None = None
    table: Table | None = None
    points: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Report:
    """A page to hand over, and appendices for whoever checks it.

    Attributes
    ----------
    title, household : str
    subtitle : tuple of str
        What it is of: day, validity, policy.
    date : str
        The day it is of, year-month-day.
    alarm : str
        What stands in the way of using it; mostly nothing.
    lead : tuple of str
        Paragraphs in plain words.
    figures : tuple of Figure
        Four at most.
    rows : tuple of tuple of Section
        The first page below: a row holds one section, or two side by side.
    small : tuple of Section
        Assumptions and disclosures at its foot.
    appendices : tuple of Section
    footer : str
        On every page.
    firm : Firm
    """

    title: str
    household: str
    subtitle: tuple[str, ...]
    date: str
    alarm: str
    lead: tuple[str, ...]
    figures: tuple[Figure, ...]
    rows: tuple[tuple[Section, ...], ...]
    small: tuple[Section, ...]
    appendices: tuple[Section, ...]
    footer: str
    firm: Firm
