"""The window, what may replace a loss, and how much of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import law, wash_sale
from tests.cases import day, load_cases

DAYS = law.load_law(2026, "single").wash_days
USUAL = wash_sale.Reading(
    count_disposed=False,
    ignore_older=False,
    row_level=False,
    parent_excluded=True,
    spouse_step_up=True,
    tacking=True,
)
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
        wash_sale.may_replace(
            day(t["date"]),
            number[t["lot"]],
            False,
            day(sale["date"]),
            day(purchases[number[sold]]["date"]),
            number[sold],
            False,
            DAYS,
            USUAL,
        )
        for t in purchases
    )
    assert replaced == (case["expect"]["totals"]["disallowed"] > 0)


def may(purchase_day=100, purchase=1, used=False, sold=2, sold_day=90, sold_used=False, **reading):
    return wash_sale.may_replace(
        purchase_day, purchase, used, 110, sold_day, sold, sold_used, DAYS, USUAL._replace(**reading)
    )


def test_neither_the_same_purchase_nor_used_shares_replace_a_loss():
    assert may()
    assert not may(purchase=2)
    assert not may(used=True)
    assert not may(purchase_day=79)


def test_shares_that_had_replaced_others_may_be_washed_by_their_own_purchase_if_so_read():
    assert not may(purchase=2, sold_used=True)
    assert may(purchase=2, sold_used=True, parent_excluded=False)
    assert not may(purchase=2, sold_used=False, parent_excluded=False)


def test_older_lots_replace_unless_read_otherwise():
    assert may(sold_day=105)
    assert not may(sold_day=105, ignore_older=True)
    assert not may(
        purchase=1, sold=2, sold_day=100, ignore_older=True
    )  # the earlier purchase of one day is older
    assert may(purchase=3, sold=2, sold_day=100, ignore_older=True)


@given(amounts, amounts)
def test_no_more_is_matched_than_was_sold_or_bought(unmatched, capacity):
    matched = wash_sale.matched_shares(unmatched, capacity)
    assert 0 <= matched <= min(unmatched, capacity)
    assert matched in (unmatched, capacity)


def test_disallowed_loss_goes_to_the_replacement_or_is_lost():
    """IRS Publication 550: 100 shares bought for 1,000 and sold for 750, 100 bought again for 800."""
    disallowed = wash_sale.disallowed_loss(2.50, wash_sale.matched_shares(100.0, 100.0))
    assert disallowed == 250
    assert wash_sale.takes_basis(True, True, USUAL)
    assert 800 + disallowed == 1050
    assert not wash_sale.takes_basis(False, True, USUAL)
    assert wash_sale.disallowed_loss(-2.50, 100.0) == 0


def test_a_spouse_takes_the_basis_over_or_not():
    assert wash_sale.takes_basis(True, False, USUAL)
    assert not wash_sale.takes_basis(True, False, USUAL._replace(spouse_step_up=False))
    assert not wash_sale.takes_basis(False, False, USUAL)
