"""A report in a terminal: what fits, what is cut, and that names are text."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.console import Console

from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_report import TaxReport, tax_report
from rebal_kit.transactions import Transaction
from rebal_kit.views.tax_tables import terminal
from rebal_kit.views.tax_words import law, money, shares
from tests.views.test_tax_page import paid_out, washed


def printed(report: TaxReport, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for part in terminal(report, width):
        console.print(part)
    return stream.getvalue()


def test_markup_in_names_is_text() -> None:
    text = printed(washed("[red]Main[/red]", "[link=x]IRA", name="[bold]Ann"), 120)
    for name in ("[red]Main[/red]", "[link=x]IRA", "[bold]Ann"):
        assert name in text


def test_a_long_history_is_cut_and_says_so() -> None:
    account = Account("Main", "Ann", AccountKind.TAXABLE)
    household = Household("Ann", (account,), TargetAllocation({}), TaxProfile(law_year=2024))
    trades = [Transaction(dt.date(2024, 1, 2), "Main", "BUY", f"S{i}", i, 100.0) for i in range(1, 41)]
    text = printed(tax_report(trades, household))
    assert "and 15 smaller ones: --out DIR writes them all" in text
    assert "S40 " in text
    assert "S15 " not in text


@pytest.mark.parametrize("width", [80, 120])
def test_distributions_have_a_column_where_there_are_any(width: int) -> None:
    text = printed(paid_out(), width)
    assert "distri-" in text
    assert "butions" in text
    assert "1,234.50" in text
    assert "distri-" not in printed(washed("Main", "IRA"), width)


def test_law_names_years_without_numbers_of_their_own_together() -> None:
    household = Household(
        "Ann", (Account("Main", "Ann", AccountKind.TAXABLE),), TargetAllocation({}), TaxProfile(law_year=2026)
    )
    trades = [Transaction(dt.date(year, 1, 3), "Main", "BUY", "VTI", 1, 1.0) for year in (2019, 2024)]
    assert law(tax_report(trades, household)) == "2024; 2019 to 2023 by the law of 2026"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (835.5749999999998, 2, "835.58"), (-0.005, 2, "−0.01"), (-0.004, 2, "0.00"), (-1234.5, 0, "−1,235"),
        (float("nan"), 2, ""), (1e9, 2, "1,000,000,000.00"), (1e-12, 2, "0.00"),
    ],
)  # fmt: skip
def test_money(value: float, digits: int, text: str) -> None:
    assert money(value, digits) == text


@pytest.mark.parametrize(("value", "text"), [(100.0, "100"), (0.605, "0.605"), (1234.5, "1,234.5")])
def test_shares(value: float, text: str) -> None:
    assert shares(value) == text
