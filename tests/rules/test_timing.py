"""The year of a sale, and the wash-sale window over the turn of the year."""

from __future__ import annotations

import pytest

from rebal_kit.rules import law, timing, wash_sale
from tests.cases import day, load_cases


@pytest.mark.parametrize("case", load_cases("year_end"), ids=lambda case: case["id"])
def test_the_trade_date_decides(case):
    (sale,) = (trade for trade in case["trades"] if trade["side"] == "sell")
    assert timing.tax_year(day(sale["date"])) == case["expect"]["tax_year"]
    assert timing.tax_year(day(case["expect"]["settlement_date"])) == case["expect"]["tax_year"] + 1


def test_the_window_of_new_years_eve_ends_on_30_january():
    days = law.load_law(2025, "single").wash_days
    assert wash_sale.blocked_until(day("2025-12-31"), days) == day("2026-01-30")
