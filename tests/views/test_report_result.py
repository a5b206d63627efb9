"""A back-test's report: every figure of the first page is the comparison's, and it says what is only deferred."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from rebal_kit.compare import Comparison, compare
from rebal_kit.domain import Account
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import PolicyError
from rebal_kit.sources.load import load_market
from rebal_kit.views import report_result
from rebal_kit.views.report_content import Report, Section
from rebal_kit.views.report_fit import SMALLEST, print_size
from rebal_kit.views.report_html import report_html
from rebal_kit.views.report_result import result_report
from rebal_kit.views.report_words import change, percent, usd
from tests.views import reports
from tests.views.results import split
from tests.views.test_report_html import text_of

POLICY, OTHER = "tiered_harvest", "tiered"


@cache
def comparison() -> Comparison:
    household = load_household("two_million")
    first, *rest = household.accounts
    renamed = replace(first, name=f"{first.name} {reports.NUMBER} {reports.EVIL}")
    assert isinstance(renamed, Account)
    policies = {name: load_policy(name) for name in (POLICY, OTHER)}
    return compare(
        load_market("etf"), replace(household, accounts=(renamed, *rest), as_of=None, loss_sales=()), policies,
        start="2006-01-03", end="2006-08-31", open_with="values",
    )  # fmt: skip


@cache
def report() -> Report:
    return result_report(comparison(), POLICY, OTHER, reports.FIRM)


def section(title: str) -> Section:
    (found,) = [one for row in report().rows for one in row if one.title == title]
    return found


def test_the_split_is_the_comparisons_and_sums_to_what_was_saved() -> None:
    alpha = comparison().tax_saved(POLICY, OTHER)
    table = section("What became of the tax saved").table
    assert table is not None
    assert [row[:2] for row in table.rows] == [
        ("Deferred", usd(alpha.deferred)), ("Converted", usd(alpha.converted)),
        ("Permanent", usd(alpha.permanent - alpha.not_earned)), ("Income differed", usd(alpha.not_earned)),
        ("Tax saved", usd(alpha.saved)),
    ]  # fmt: skip
    assert alpha.saved > 1.0, "nothing is tested"
    assert report().figures[0].value == usd(alpha.saved)
    text = " ".join(report().lead)
    assert f"{usd(alpha.deferred)} is deferred and comes back later" in text


def test_more_tax_is_said_as_such() -> None:
    dearer = report_result._saved(split(pd.Series([-100.0, -50.0], index=[2024, 2025]), "a", "b"))
    assert dearer.startswith(
        "cost $150 more tax than b. Of this, $90 is only paid earlier and not owed later, $45 comes"
    )
    assert report_result._saved(split(pd.Series([0.0]), "a", "b")) == "saved no tax against b."


def test_the_liquidation_line_is_the_comparisons() -> None:
    alpha = comparison().tax_saved(POLICY, OTHER)
    found = section("If everything were sold on the last day")
    assert found.table is not None
    assert [row[1] for row in found.table.rows] == [
        change(value)
        for value in (
            alpha.resale.deferred, alpha.resale.other_gains, alpha.resale.other_rates, alpha.resale.retirement,
            alpha.resale.tax,
        )
    ]  # fmt: skip
    assert f"{change(alpha.value_after_liquidation)} after it" in found.note


def test_both_runs_stand_side_by_side() -> None:
    table = section("Side by side").table
    assert table is not None
    rows = {row[0]: row[1:] for row in table.rows}
    runs = [comparison().runs[name].metrics for name in (POLICY, OTHER)]
    assert rows["Value after tax"] == tuple(usd(run["value_after_tax"]) for run in runs)
    assert rows["Growth after tax"] == tuple(percent(run["cagr_after_tax"], 2) for run in runs)
    weights = section("Weights before and after").table
    assert weights is not None
    assert weights.rows[0][3] == percent(float(comparison().runs[POLICY].weights.iloc[-1, 0]))


def test_it_says_that_it_is_a_back_test_and_no_forecast() -> None:
    text = text_of(report_html(report()))
    for part in (
        "a back-test", "no forecast", "Deferred tax comes back", "not tax, legal or investment advice", "Form 8949",
        "Registration implies no level of skill.", "SHA-256 of the household", "Tax saved by year",
    ):  # fmt: skip
        assert part in text, part


def test_names_are_escaped_and_account_numbers_masked() -> None:
    html = report_html(report())
    assert "<script" not in html
    assert reports.NUMBER not in html
    assert "…5678 </td><script>" in text_of(html)


@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_there_is_room_for_it_on_a_page(paper: str) -> None:
    assert print_size(report(), "a4" if paper == "a4" else "letter") > SMALLEST


def test_a_run_that_is_not_there_is_refused() -> None:
    with pytest.raises(PolicyError, match="no run is called 'x'"):
        result_report(comparison(), POLICY, "x")
