"""A tax report as one HTML page to print and hand on: no network, no scripts, account numbers masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rebal_kit.views import tax_words
from rebal_kit.views.masking import masking
from rebal_kit.views.nouns import FILINGS, KINDS
from rebal_kit.views.tables import said

if TYPE_CHECKING:
    import pandas as pd

    from rebal_kit.tax_report import TaxReport

#: Dates and amounts, which stay on one line.
_WHOLE = re.compile(r"(\d{4}-\d\d-\d\d|US\$ [\d,.]*\d)")
#: Lines of Schedule D that are always shown; others where they hold something.
_ALWAYS = ("1b", "7", "8b", "15", "16")


def tax_page(report: TaxReport) -> str:
    """Return one HTML page for a report.

    Its own security policy forbids it the network and scripts. Names from files are escaped, and account numbers in
    them masked.

    Parameters
    ----------
    report : TaxReport
    """
    from rebal_kit.views.templates import environment

    mask = _masking(report)
    pages = environment(finalize=lambda value: mask(value) if type(value) is str else value)
    pages.filters |= {
        "money": tax_words.money, "shares": tax_words.shares, "day": tax_words.day, "count": tax_words.count,
        "pieces": lambda text: _WHOLE.split(mask(text)),
        "count_of": lambda rows, noun: tax_words.count(len(rows), noun),
    }  # fmt: skip
    conventions = {name: _said(value) for name, value in asdict(report.household.conventions).items()}
    return pages.get_template("tax_page.html.j2").render(
        report=report,
        household=report.household,
        kinds=KINDS,
        filings=FILINGS,
        words=tax_words,
        sentences=tax_words.wash_sentences(report.wash_sales),
        findings=said(map(tax_words.without_folders, report.findings)),
        conventions=conventions,
        forms=list(_forms(report)),
        schedules={year: _lines(rows) for year, rows in report.schedule_d.groupby("year")},
        rows=lambda table: table.to_dict("records"),
    )


def _forms(report: TaxReport) -> Iterator[tuple[int, str, str, list[dict[str, Any]], dict[str, Any]]]:
    """Yield each form: year, part, box, rows and the line of Schedule D that has its totals."""
    form, lines = report.form_8949, report.schedule_d
    for (year, part, box), rows in form.groupby([form["sold"].dt.year.rename("year"), "part", "box"]):
        of_box = lines[(lines["year"] == year) & lines["description"].str.endswith(f"box {box}")]
        (total,) = of_box.to_dict("records")
        yield year, part, box, rows.to_dict("records"), total


def _lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.to_dict("records")
    return [row for row in rows if row["line"] in _ALWAYS or row["amount"] or row["proceeds"] > 0]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value).replace("_", " ")


def _masking(report: TaxReport) -> Callable[[str], str]:
    """Return a function that masks the numbers of the household's accounts wherever they stand."""
    household = report.household
    names = [household.name]
    for account in household.accounts:
        names += [account.name, account.broker, account.owner]
    return masking(names)
