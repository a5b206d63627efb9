"""The window, what may replace a loss, and how much of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import law, wash_sale
from tests.cases import day, load_cases

DAYS = law.load_law(2026, "single").wash_days
amounts = st.floats(0, 1e6)


def test_the_window_has_61_days_with_both_ends():
    sale = day("1956-02-01")
    inside = [d for d in range(sale - 100, sale + 100) if wash_sale.in_window(d, sale, DAYS)]
    assert inside == list(range(day("1956-01-02"), day("1956-03-02") + 1))
    assert len(inside) == 61
    assert wash_sale.blocked_until(sale, DAYS) == inside[-1]


@pytest.mark.parametrize("name", ["WS-15a", "WS-15b", "WS-15c", "WS-38a", "WS-38b"])
def test_boundaries_of_the_window(name):
    (case,) = (case for case in load_cases("wash") if case["id"] == name)
    (sale,) = (trade for trade in case["trades"] if trade["side"] == "sell")
    sold = sale["lots"][0][0]
    purchases = [trade for trade in case["trades"] if trade["side"] == "buy"]
    number = {trade["lot"]: i for i, trade in enumerate(purchases)}
    replaced = any(
        wash_sale.may_replace(day(t["date"]), number[t["lot"]], False, day(sale["date"]), number[sold], DAYS)
        for t in purchases
    )
    assert replaced == (case["expect"]["totals"]["disallowed"] > 0)


def test_neither_the_same_purchase_nor_used_shares_replace_a_loss():
    assert wash_sale.may_replace(100, 1, False, 110, 2, DAYS)
    assert not wash_sale.may_replace(100, 2, False, 110, 2, DAYS)
    assert not wash_sale.may_replace(100, 1, True, 110, 2, DAYS)
    assert not wash_sale.may_replace(79, 1, False, 110, 2, DAYS)


@given(amounts, amounts)
def test_no_more_is_matched_than_was_sold_or_bought(unmatched, capacity):
    matched = wash_sale.matched_shares(unmatched, capacity)
    assert 0 <= matched <= min(unmatched, capacity)
    assert matched in (unmatched, capacity)


def test_disallowed_loss_goes_to_the_replacement_or_is_lost():
    """IRS Publication 550: 100 shares bought for 1,000 and sold for 750, 100 bought again for 800."""
    disallowed = wash_sale.disallowed_loss(2.50, wash_sale.matched_shares(100.0, 100.0))
    assert disallowed == 250
    assert 800 + wash_sale.deferred_loss(disallowed, True) == 1050
    assert wash_sale.deferred_loss(disallowed, False) == 0
    assert wash_sale.disallowed_loss(-2.50, 100.0) == 0
