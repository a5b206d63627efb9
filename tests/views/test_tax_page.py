"""The page to hand on: whole, offline, and no name in it is trusted or account number shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.files.household import load_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_report import TaxReport, tax_report
from rebal_kit.transactions import Transaction
from rebal_kit.views.tax_page import tax_page
from tests.views.test_page import Tags

LEDGERS = Path(__file__).parents[2] / "data" / "ledgers"
EVIL = "</td><script>alert('x')</script><img src=x onerror=alert(1)>"


@cache
def example() -> TaxReport:
    return tax_report(load_ledger(LEDGERS / "example.csv"), load_household(LEDGERS / "example.yaml"))


def washed(main: str, ira: str, symbol: str = "VTI", lot: str = "L1", name: str = "Ann") -> TaxReport:
    """A loss in one account that another one's purchase replaces."""
    accounts = (
        Account(main, "Ann", AccountKind.TAXABLE),
        Account(ira, "Ann", AccountKind.IRA),
    )
    household = Household(name, accounts, TargetAllocation({}), TaxProfile(law_year=2024), complete=True)
    row = "clients/ann/ledger.csv row"
    trades = (
        Transaction(dt.date(2024, 1, 2), main, "BUY", symbol, 10, 100.0, lot=lot, where=f"{row} 2"),
        Transaction(dt.date(2024, 1, 5), main, "EX_DIVIDEND", symbol, 9, 1.0, where=f"{row} 3"),
        Transaction(dt.date(2024, 2, 2), main, "SELL", symbol, 10, 90.0, where=f"{row} 4"),
        Transaction(dt.date(2024, 2, 9), ira, "BUY", symbol, 4, 90.0, lot=f"{lot}b", where=f"{row} 5"),
    )  # fmt: skip
    return tax_report(trades, household)


def text_of(html: str) -> str:
    return " ".join(" ".join(Tags(html).text).split())


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = tax_page(example())
    page = Tags(html)
    assert not {"script", "link", "iframe", "object", "embed", "img", "a", "form"} & {
        tag for tag, _ in page.tags
    }
    assert not [attrs for _, attrs in page.tags if {"src", "srcset", "href"} & set(attrs)]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    (policy,) = (a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    for words in ("http:", "https:", "url(", "@import", "//"):
        assert words not in html.replace("!DOCTYPE", "")


def test_page_has_its_parts() -> None:
    text = text_of(tax_page(example()))
    for words in (
        "Tax report: Dana and Robin", "2023-01-17 to 2025-10-20", "Not tax advice", "VTI = ITOT",
        "Dana IRA (Dana, traditional IRA, Broker One)", "2024, 2025; 2023 by the law of 2025", "married, jointly",
        "2024, Part II (long-term), box D: 3 sales", "To Schedule D line 8b", "the usual ones",
        "sold at a loss in Dana Taxable; replaced by 60 VXUS (lot IRA-VXUS-1) bought in Dana IRA",
        "Row by row: 6 of 11 rows, those that differ", "code B", "Open lots on 2025-10-20", "1,888.69",
        "All dividends in the ledger are qualified", "count_disposed_purchases",
    ):  # fmt: skip
        assert words in text, words


def test_half_a_cent_is_rounded_away_from_zero_whatever_its_binary_digits() -> None:
    text = text_of(tax_page(example()))
    assert "835.58" in text
    assert "835.57" not in text


def test_one_year_says_so() -> None:
    text = text_of(tax_page(example().of_year(2024)))
    assert "tax year 2024 (history 2023-01-17 to 2025-10-20)" in text
    assert "2025, Part I" not in text
    assert "These are about the whole history." in text


def test_names_are_text() -> None:
    html = tax_page(washed(EVIL, f"{EVIL}2", EVIL, EVIL.replace("/", ""), EVIL))
    page = Tags(html)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert "<script" not in html
    assert text_of(html).count("alert('x')") > 8


def test_account_numbers_are_masked_wherever_they_stand() -> None:
    html = tax_page(washed("Z12-345678", "IRA 99 876 5432", lot="12345678-1", name="Ann, client 55501234"))
    for number in ("12-345678", "12345678", "99 876 5432", "55501234"):
        assert number not in html
    text = text_of(html)
    for shown in ("Z…5678", "IRA …5432", "…5678-1", "client …1234", "account 'IRA …5432'"):
        assert shown in text, shown
    assert "2024-02-09" in text


def test_numbers_that_end_alike_stay_apart() -> None:
    text = text_of(tax_page(washed("11115678", "22225678")))
    assert "…5678 (Ann, taxable)" in text
    assert "…5678 (2) (Ann, traditional IRA)" in text


def test_short_numbers_are_shown() -> None:
    assert "Main 12345 (Ann, taxable)" in text_of(tax_page(washed("Main 12345", "IRA")))


def test_dividends_that_are_not_qualified_are_listed_and_folders_are_not() -> None:
    html = tax_page(washed("Main", "IRA"))
    text = text_of(html)
    assert "Not qualified, lot by lot" in text
    assert "ledger.csv row 3: a dividend on 9 VTI" in text
    assert "clients" not in html


def paid_out() -> TaxReport:
    """An IRA, whose name is an account number, and a Roth IRA pay out in two years."""
    accounts = (
        Account("IRA 99 876 5432", "Ann", AccountKind.IRA),
        Account("Roth", "Ann", AccountKind.ROTH_IRA),
    )
    household = Household(
        "Ann", accounts, TargetAllocation({}), TaxProfile("single", 2025, 100_000), complete=True
    )
    flows = (
        ("2024-12-30", accounts[0], 1_234.5),
        ("2025-01-06", accounts[0], 2_000),
        ("2025-01-06", accounts[1], 10),
    )
    return tax_report(
        [Transaction(dt.date.fromisoformat(day), a.name, "WITHDRAW", amount=usd) for day, a, usd in flows],
        household,
    )


def test_withdrawals_have_a_table_and_a_column_where_there_are_any() -> None:
    html = tax_page(paid_out())
    text = text_of(html)
    for words in (
        "Carried over Distributions Tax added", "Withdrawals from tax-advantaged accounts", "line 4b of Form 1040",
        "2024 IRA …5432 traditional IRA 1,234.50 1,234.50", "2025 IRA …5432 traditional IRA 2,000.00 2,000.00",
        "2025 Roth Roth IRA 10.00 0.00", "US$ 3,234.50 withdrawn from 'IRA …5432'",
    ):  # fmt: skip
        assert words in text, words
    assert "876 5432" not in html
    assert "1,234.50" not in text_of(tax_page(paid_out().of_year(2025)))
    without = text_of(tax_page(example()))
    assert "Withdrawals" not in without
    assert "Distributions" not in without


@pytest.mark.parametrize("complete", [True, False])
def test_coverage_is_said(complete: bool) -> None:
    report = example()
    household = replace(report.household, complete=complete)
    text = text_of(tax_page(replace(report, household=household)))
    assert ("wash sales against them were not evaluated" in text) is not complete
