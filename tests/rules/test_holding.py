"""Calendar arithmetic against the standard library; the long-term date against published examples."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import holding
from tests.cases import day, load_cases

EPOCH = dt.date(1970, 1, 1)
dates = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))


@given(dates)
def test_day_numbers_agree_with_the_standard_library(date):
    number = (date - EPOCH).days
    assert holding.day_number(date.year, date.month, date.day) == number
    assert holding.year_month_day(number) == (date.year, date.month, date.day)


@given(st.integers(-1_000_000, 1_000_000))
def test_day_numbers_of_any_sign_come_back(number):
    assert holding.day_number(*holding.year_month_day(number)) == number


@given(dates)
def test_long_term_begins_on_the_anniversary_of_the_next_day(start):
    next_day = start + dt.timedelta(days=1)
    try:
        anniversary = next_day.replace(year=next_day.year + 1)
    except ValueError:  # 29 February of a common year
        anniversary = dt.date(next_day.year + 1, 3, 1)
    assert holding.first_long_term_day((start - EPOCH).days) == (anniversary - EPOCH).days


@pytest.mark.parametrize(
    ("acquired", "last_short", "first_long"),
    [
        ("2023-05-15", "2024-05-15", "2024-05-16"),
        ("2015-02-28", "2016-02-29", "2016-03-01"),
        ("2016-01-15", "2017-01-15", "2017-01-16"),
        ("2024-02-29", "2025-02-28", "2025-03-01"),
        ("2024-02-28", "2025-02-28", "2025-03-01"),
        ("2012-09-19", "2013-09-19", "2013-09-20"),
        ("2024-12-31", "2025-12-31", "2026-01-01"),
    ],
)
def test_leap_years(acquired, last_short, first_long):
    assert not holding.is_long_term(day(acquired), day(last_short))
    assert holding.is_long_term(day(acquired), day(first_long))


@pytest.mark.parametrize("case", load_cases("holding") + load_cases("year_end"), ids=lambda case: case["id"])
def test_term_of_each_sale(case):
    acquired = {trade["lot"]: day(trade["date"]) for trade in case["trades"] if trade["side"] == "buy"}
    for sale in case["expect"]["disposals"]:
        is_long = holding.is_long_term(acquired[sale["lot"]], day(sale["date"]))
        assert ("LT" if is_long else "ST") == sale["term"]
    if "first_long_term_date" in case["expect"]:
        first = day(case["expect"]["first_long_term_date"])
        assert {holding.first_long_term_day(start) for start in acquired.values()} == {first}
    if "tax_year" in case["expect"]:
        assert {holding.year_month_day(day(s["date"]))[0] for s in case["expect"]["disposals"]} == {
            case["expect"]["tax_year"]
        }


def test_a_wash_sale_adds_the_days_held_but_not_the_gap():
    start = holding.replacement_start(day("2013-02-02"), day("2013-01-12"), day("2013-01-20"), True)
    assert start == day("2013-01-25")
    assert holding.first_long_term_day(start) == day("2014-01-26")


def test_the_other_convention_takes_the_old_date_over_but_never_a_later_one():
    start = holding.replacement_start(day("2013-02-02"), day("2013-01-12"), day("2013-01-20"), False)
    assert start == day("2013-01-12")
    assert holding.first_long_term_day(start) == day("2014-01-13")
    assert holding.replacement_start(day("2013-01-03"), day("2013-01-12"), day("2013-01-20"), False) == day(
        "2013-01-03"
    )


def test_holding_starts_of_simple_wash_cases():
    """Where one lot was sold in all, the rule alone gives every tacked start."""
    seen = 0
    for case in load_cases("wash"):
        expect = case["expect"]
        sales = expect.get("disposals", [])
        losses = [sale for sale in sales if sale["disallowed"] and not sale["permanent"]]
        bought = {trade["lot"]: day(trade["date"]) for trade in case["trades"] if trade["side"] != "sell"}
        if len(sales) != 1 or len(losses) != 1:
            continue
        sold, sold_on = losses[0]["lot"], day(losses[0]["date"])
        for lot in expect.get("open_lots", []):
            if day(lot["holding_start"]) != bought[lot["lot"]]:
                tacked = holding.replacement_start(bought[lot["lot"]], bought[sold], sold_on, True)
                assert tacked == day(lot["holding_start"]), case["id"]
                seen += 1
    assert seen >= 10
