"""The holding test of qualified dividends."""

from __future__ import annotations

import pytest

from rebal_kit.rules import dividends, law
from tests.cases import day, load_cases

LAW = law.load_law(2026, "single")


@pytest.mark.parametrize("case", load_cases("dividends"), ids=lambda case: case["id"])
def test_published_cases(case):
    bought, ex, sold = (day(trade["date"]) for trade in case["trades"])
    days = dividends.qualified_days(bought, sold, ex, LAW.qualified_before, LAW.qualified_window)
    assert days == case["expect"]["days_held_in_window"]
    answer = dividends.is_qualified(
        bought, sold, ex, LAW.qualified_days, LAW.qualified_before, LAW.qualified_window
    )
    assert answer is case["expect"]["qualified"]


def test_publication_550_second_example():
    """Bought 2024-07-11, sold 09-13, ex-date 07-12: 64 days in all, 61 of them in the period."""
    arguments = day("2024-07-11"), day("2024-09-13"), day("2024-07-12")
    assert dividends.qualified_days(*arguments, LAW.qualified_before, LAW.qualified_window) == 61
    assert dividends.is_qualified(*arguments, LAW.qualified_days, LAW.qualified_before, LAW.qualified_window)


def test_the_period_has_121_days_around_the_ex_date():
    ex = day("2025-10-15")
    held_throughout = dividends.qualified_days(
        ex - 5_000, ex + 5_000, ex, LAW.qualified_before, LAW.qualified_window
    )
    assert held_throughout == 121
    first, last = day("2025-08-16"), day("2025-12-14")
    counted = [
        d for d in range(ex - 90, ex + 90)
        if dividends.qualified_days(d - 1, d, ex, LAW.qualified_before, LAW.qualified_window)
    ]  # fmt: skip
    assert counted == list(range(first, last + 1))


def test_nothing_held_nothing_counted():
    assert dividends.qualified_days(100, 110, 500, LAW.qualified_before, LAW.qualified_window) == 0
