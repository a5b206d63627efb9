"""Every worked case with trades, played through the engine's own book.

Held here are the defaults of the law's disputed questions; what a case lists under `alternatives` needs the switches
that the tax report will have.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from rebal_kit.engine.ledger import date_of
from rebal_kit.rules.holding import first_long_term_day
from tests.cases import day, load_cases
from tests.engine.stories import AMOUNTS, in_order, told

HALF_A_CENT = 0.005
CASES = [
    case for name in ("wash", "lots", "holding", "year_end") for case in load_cases(name) if "trades" in case
]


def summed(rows, keys, amounts):
    total = defaultdict(lambda: np.zeros(len(amounts)))
    for row in rows:
        total[tuple(row[key] for key in keys)] += [row[amount] for amount in amounts]
    return total


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key] == pytest.approx(row, rel=0, abs=HALF_A_CENT), key


def disposals_of(case, result):
    dates = [trade["date"] for trade in in_order(case)]
    rows = [
        {"date": dates[number], "lot": lot, "term": term, **dict(zip(AMOUNTS, row, strict=True))}
        for (number, lot, _, term), row in result.disposals.items()
    ]
    return summed(rows, ("date", "lot", "term"), AMOUNTS)


def test_there_are_cases_of_every_kind():
    assert len(CASES) >= 41


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    expect, result = case["expect"], told(case)
    if "disposals" in expect:
        assert_same(disposals_of(case, result), summed(expect["disposals"], ("date", "lot", "term"), AMOUNTS))
    if "open_lots" in expect:
        found = defaultdict(lambda: np.zeros(2))
        for (_, _, lot, start), row in result.open_lots.items():
            found[lot, start] += row[:2]
        assert_same(found, summed(expect["open_lots"], ("lot", "holding_start"), ("quantity", "basis")))
    for name, amount in expect.get("totals", {}).items():
        assert result.total(name) == pytest.approx(amount, rel=0, abs=HALF_A_CENT), name
    for year, terms in expect.get("by_year", {}).items():
        for term, amount in terms.items():
            assert result.years.get((int(year), term), 0.0) == pytest.approx(amount, rel=0, abs=HALF_A_CENT)


@pytest.mark.parametrize(
    "case", [case for case in CASES if "first_long_term_date" in case["expect"]], ids=lambda case: case["id"]
)
def test_first_long_term_date(case):
    expect, result = case["expect"], told(case)
    starts = {start for *_, start in result.open_lots} | {key[2] for key in result.disposals}
    dates = {date_of(first_long_term_day(day(start))).isoformat() for start in starts}
    assert expect["first_long_term_date"] in dates
