"""Histories on which the report was once wrong, each the smallest that shows it, with its figures reckoned by hand.

Each is also held against the exact ledger and told in every other way, as random households are.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import rebal_kit as rk
from tests.oracle.examples import buy, sell, split
from tests.public.agreement import differences
from tests.public.expectations import cents
from tests.public.variations import VARIATIONS, report_of, varied

TWO = {name: {"kind": "taxable", "owner": "A"} for name in ("TX1", "TX2")}
ONE = {"TX1": TWO["TX1"]}
#: 10 shares lose 10 each in the other account, and 10 of TX1's purchase R replace them: 100 into its basis.
LOSS_ELSEWHERE = [
    buy("2024-01-02", "A", 10, 30, "TX2"),
    sell("2024-03-01", 20, ("A", 10), account="TX2"),
]

HIFO = {
    # R costs 10 x 16 + 100, 26 a share; the broker of TX1, who knows nothing of TX2, has 16, less than the 18 of C.
    # Yet it was R that was sold, in both books.
    "accounts": TWO,
    "trades": [
        *LOSS_ELSEWHERE,
        buy("2023-11-01", "C", 10, 18),
        buy("2024-03-05", "R", 10, 16),
        {**sell("2024-06-03", 25), "quantity": 10, "lot_method": "hifo"},
        sell("2024-06-04", 25, ("C", 10)),
    ],
}
PIECE = {
    # R is in two pieces here, of 10 and of 20 shares; for its broker it is one.
    "accounts": TWO,
    "trades": [*LOSS_ELSEWHERE, buy("2024-03-05", "R", 30, 16), sell("2024-06-03", 25, ("R#2", 20))],
}
SPLIT_BETWEEN_FILLS = {
    # 10 shares before and 20 after two for one, on one day under one name: 40 shares for 240.
    "accounts": ONE,
    "trades": [
        buy("2025-03-03", "L1", 10, 12),
        split("2025-03-03", 2),
        buy("2025-03-03", "L1", 20, 6),
        sell("2025-03-04", 7, ("L1", 40)),
    ],
}
FILL_BY_NAME = {
    # The second of two executions told apart is a lot of its own; it is sold and the first stays.
    "accounts": ONE,
    "conventions": {"merge_fills": False},
    "trades": [
        buy("2025-03-03", "L1", 10, 10),
        buy("2025-03-03", "L1", 10, 9),
        sell("2025-06-03", 12, ("L1 (2)", 10)),
    ],
}
ROUNDING = {
    # 10 - 20/3 is not 10/3 in binary: what is missing of the first execution, 4e-16, is not looked for in the second.
    "accounts": ONE,
    "conventions": {"merge_fills": False},
    "trades": [
        buy("2025-03-03", "L1", 10, 10),
        buy("2025-03-03", "L1", 10, 9),
        {**sell("2025-06-03", 12), "quantity": Fraction(20, 3), "lot_method": "fifo"},
        sell("2025-06-04", 12, ("L1 (2)", 10)),
        sell("2025-06-05", 12, ("L1", Fraction(10, 3))),
    ],
}
SPLIT_AFTER_A_SALE = {
    # Of 12 shares that were paid a dollar each, 6 are sold before two for one that day: the other 6 are 12 now.
    "accounts": ONE,
    "trades": [
        buy("2024-01-02", "L1", 12, 10),
        {
            "date": "2024-03-01",
            "account": "TX1",
            "side": "ex_dividend",
            "symbol": "X",
            "quantity": 12,
            "price": 1,
        },
        sell("2024-06-03", 11, ("L1", 6)),
        split("2024-06-03", 2),
    ],
}
LAST_SPECK = {
    # 10,000 - 9,999.9999 is 0.0001 but for 2e-13 in binary, more than a billionth of it: it is there all the same.
    "accounts": ONE,
    "trades": [
        buy("2024-01-02", "L1", 10_000, 10),
        sell("2024-06-03", 11, ("L1", 9_999.9999)),
        sell("2024-06-04", 11, ("L1", 0.0001)),
        buy("2024-09-02", "L2", 10_000, 10),
        {**sell("2024-12-02", 11), "quantity": 9_999.9999, "lot_method": "fifo"},
        {**sell("2024-12-03", 11), "quantity": 0.0001, "lot_method": "fifo"},
    ],
}
NOTHING_TRADED = {
    # An ex-date without any purchase: what was paid is ordinary, and said to be on shares that are not there.
    "accounts": ONE,
    "trades": [
        {
            "date": "2024-03-01",
            "account": "TX1",
            "side": "ex_dividend",
            "symbol": "X",
            "quantity": 12,
            "price": 1,
        }
    ],
}
ALL = {
    "nothing traded": NOTHING_TRADED,
    "last speck": LAST_SPECK,
    "hifo": HIFO, "piece": PIECE, "split between fills": SPLIT_BETWEEN_FILLS, "fill by name": FILL_BY_NAME,
    "rounding": ROUNDING, "split after a sale": SPLIT_AFTER_A_SALE,
}  # fmt: skip


def rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table[list(columns)].itertuples(index=False)]


@pytest.mark.parametrize("story", ALL.values(), ids=ALL)
def test_the_exact_ledger_agrees(story):
    report = report_of(story)
    assert differences(story, report) == []
    for variation in VARIATIONS:
        assert varied(story, report, variation) == []


def test_the_broker_sells_the_lots_that_were_sold():
    told = report_of(HIFO).broker
    assert rows(told[told["account"] == "TX1"], "lot", "basis", "box_1e") == [
        ("R", 260, 160),
        ("C", 180, 180),
    ]


def test_a_broker_knows_no_pieces_that_its_own_account_did_not_make():
    told = report_of(PIECE)
    assert rows(told.broker.tail(1), "lot", "quantity", "basis", "box_1e") == [("R", 20, 320, 320)]
    assert rows(told.open_lots, "lot", "quantity", "basis", "deferred") == [("R", 10, 260, 100)]


def test_executions_before_and_after_a_split():
    (sold,) = rows(report_of(SPLIT_BETWEEN_FILLS).disposals, "lot", "quantity", "basis", "gain")
    assert sold == ("L1", cents(40), cents(240), cents(40))


def test_a_later_execution_is_sold_by_its_name():
    told = report_of(FILL_BY_NAME)
    assert rows(told.disposals, "lot", "basis") == [("L1 (2)", 90)]
    assert rows(told.open_lots, "lot", "basis") == [("L1", 100)]


def test_what_rounding_leaves_missing_is_not_missing():
    told = report_of(ROUNDING)
    assert len(told.open_lots) == 0
    assert told.totals["recognized"] == cents(240 - 190)


def test_a_history_of_dividends_alone():
    told = report_of(NOTHING_TRADED)
    assert rows(told.dividends, "lot", "amount", "qualified") == [("", 12, False)]
    assert told.years.loc[2024, "ordinary"] == 12
    assert (len(told.disposals), len(told.form_8949), len(told.broker), len(told.open_lots)) == (0, 0, 0, 0)


def test_the_last_speck_of_a_lot_can_be_sold():
    told = report_of(LAST_SPECK)
    assert len(told.open_lots) == 0
    assert told.disposals["quantity"].tolist() == cents([9_999.9999, 0.0001] * 2)


def test_a_speck_more_than_there_is_cannot():
    story = {"accounts": ONE, "trades": [*LAST_SPECK["trades"], sell("2024-12-04", 11, ("L2", 1e-10))]}
    with pytest.raises(rk.LedgerError, match="holds 0"):
        report_of(story)


def test_shares_sold_before_a_split_of_the_day_are_counted_as_they_were():
    assert rows(report_of(SPLIT_AFTER_A_SALE).dividends, "shares", "amount", "days") == [
        (6, 6, 119),
        (6, 6, 119),
    ]
