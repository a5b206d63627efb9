"""A tax report in words: money, coverage, law, and what became of each loss. No figure is calculated here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.findings import Finding

if TYPE_CHECKING:
    import pandas as pd

    from rebal_kit.tax_report import TaxReport

#: Decimals beyond which a figure is the noise of binary fractions.
_EXACT = 9

#: What each convention decides, for a reader who has not seen the code.
CONVENTIONS = {
    "count_disposed_purchases": "a purchase in the window replaces even if its shares were sold before the loss",
    "ignore_lots_older_than_sold_lot": "a purchase made before the shares sold were bought does not replace them",
    "row_level_matching": "lots sold in one order are matched one after the other",
    "parent_excluded": "the unsold rest of a purchase never replaces shares of the same purchase",
    "merge_fills": "purchases of one day under one lot name are one purchase",
    "spouse_basis": "what becomes of a loss that the spouse's taxable account replaces",
    "holding": "how the replacement's holding period is lengthened",
    "ignore_account_types": "workplace plans whose purchases replace nothing",
}


def money(value: float, digits: int = 2) -> str:
    """Return US$ as text, half a cent rounded away from zero; nothing where there is no figure."""
    if not math.isfinite(value):
        return ""
    exact = Decimal(repr(round(float(value), _EXACT)))
    text = f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", "−")


def shares(value: float) -> str:
    """Return a number of shares as text."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def day(value: Any) -> str:
    """Return a date as text; nothing where there is none."""
    text = str(value)[: len("2024-12-31")]
    return "" if text == "NaT" else text


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def period(report: TaxReport) -> str:
    """Return what the report is about, and the history it rests on."""
    whole = f"{report.first} to {report.last}"
    return f"tax year {report.year} (history {whole})" if report.year else whole


def law(report: TaxReport) -> str:
    """Return by which year's numbers each tax year is settled."""
    own: list[str] = []
    others: dict[int, list[int]] = {}
    for year, used in report.years["law_year"].items():
        if year == used:
            own.append(str(year))
        else:
            others.setdefault(used, []).append(year)
    said = [", ".join(own)] if own else []
    for used, years in others.items():
        whole = len(years) > 1 and years == list(range(years[0], years[-1] + 1))
        shown = f"{years[0]} to {years[-1]}" if whole else ", ".join(map(str, years))
        said.append(f"{shown} by the law of {used}")
    return "; ".join(said)


def coverage(report: TaxReport) -> str:
    """Return what is known of other accounts."""
    if report.household.complete:
        return "the household says that these are all of its accounts, both spouses', IRAs and workplace plans too"
    return "outside accounts are unknown: wash sales against them were not evaluated"


def unusual(report: TaxReport) -> str:
    """Return the conventions that are not the usual ones; nothing where all are."""
    given, usual = report.household.conventions, WashSaleConventions()
    names = [name for name in CONVENTIONS if getattr(given, name) != getattr(usual, name)]
    return ", ".join(f"{name} = {getattr(given, name)}" for name in names)


def nothing_disallowed(report: TaxReport) -> str:
    """Return what may be said where no loss is disallowed, which without outside accounts is little."""
    if report.household.complete:
        return "No sale at a loss was replaced within the window in any account of the household."
    return (
        "No loss was replaced in the accounts listed here. Outside accounts were not evaluated, so that"
        " losses may be disallowed all the same."
    )


def agreement(report: TaxReport) -> str:
    """Return what may be said where no row of the broker's differs."""
    text = "In every sale, the broker's figures should be the taxpayer's."
    return text if report.household.complete else f"{text} Outside accounts were not evaluated."


def wash_sentence(row: Mapping[str, Any]) -> str:
    """Return one line of the wash-sale trail as a sentence."""
    sold = f"{day(row['date'])}: {row['symbol']} (lot {row['lot']}) sold at a loss in {row['account']}"
    bought = (
        f"{shares(row['quantity'])} {row['in_symbol']} (lot {row['in_lot']}) bought in {row['in_account']}"
    )
    return (
        f"{sold}; replaced by {bought} on {day(row['bought'])}."
        f" US$ {money(row['disallowed'])} disallowed: {row['fate']}."
    )


def wash_sentences(wash_sales: pd.DataFrame) -> list[str]:
    """Return the wash-sale trail in sentences, in the order of the sales."""
    return [wash_sentence(row) for row in wash_sales.to_dict("records")]


def without_folders(finding: Finding) -> Finding:
    """Return a finding that names a file without the folders it lies in, for a page that is handed on."""
    file, row, number = finding.where.rpartition(" row ")
    if not row:
        return finding
    return Finding(finding.severity, f"{PurePath(file).name}{row}{number}", finding.what, finding.remedy)
