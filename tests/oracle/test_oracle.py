"""The exact ledger against every worked case of trades, under every reading, and against examples reckoned by hand."""

from __future__ import annotations

import ast
import datetime as dt
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.cases import CATEGORIES, load_cases
from tests.oracle.dividends import days_held, dividends, window
from tests.oracle.examples import EXAMPLES
from tests.oracle.ledger import settle
from tests.oracle.nouns import NONE, Outcome, exact, first_long

CASES = [case for category in CATEGORIES for case in load_cases(category) if "trades" in case]
ALTERNATIVES = [
    pytest.param(case, other, id=f"{case['id']}-{number}")
    for case in CASES
    for number, other in enumerate(case.get("alternatives", ()))
]
AMOUNTS = ("quantity", "proceeds", "basis", "gain", "disallowed", "permanent", "recognized")
HALF_A_CENT = Fraction(1, 200)
DAY = dt.timedelta(days=1)
#: What an expectation may say that no ledger of trades can answer: the day on which a sale settles.
NOT_OURS = {"settlement_date"}


def term(long: bool) -> str:
    return "LT" if long else "ST"


def told_disposals(outcome: Outcome) -> dict[Any, list[Fraction]]:
    rows: dict[Any, list[Fraction]] = defaultdict(lambda: [NONE] * len(AMOUNTS))
    for sold in outcome.disposals:
        key = sold.date.isoformat(), sold.label, term(sold.long)
        rows[key] = [total + getattr(sold, name) for total, name in zip(rows[key], AMOUNTS, strict=True)]
    return rows


def told_lots(outcome: Outcome) -> dict[Any, list[Fraction]]:
    rows: dict[Any, list[Fraction]] = defaultdict(lambda: [NONE, NONE])
    for purchase in outcome.purchases:
        for piece in purchase.pieces:
            row = rows[purchase.label, piece.start.isoformat()]
            row[0] += piece.count
            row[1] += piece.count * (purchase.each + piece.added)
    return rows


def summed(
    rows: list[dict[str, Any]], keys: tuple[str, ...], names: tuple[str, ...]
) -> dict[Any, list[Fraction]]:
    sums: dict[Any, list[Fraction]] = defaultdict(lambda: [NONE] * len(names))
    for row in rows:
        key = tuple(row[name] for name in keys)
        sums[key] = [total + exact(row[name]) for total, name in zip(sums[key], names, strict=True)]
    return sums


def same(told: dict[Any, list[Fraction]], expected: dict[Any, list[Fraction]]) -> None:
    assert set(told) == set(expected)
    for key, row in expected.items():
        assert all(abs(a - b) <= HALF_A_CENT for a, b in zip(told[key], row, strict=True)), (
            key,
            told[key],
            row,
        )


def tax_of_min_tax_lot(
    case: dict[str, Any], method: str, rates: dict[str, float]
) -> tuple[Fraction, set[str]]:
    """The tax of a case's sales at flat rates had they chosen lots by a method, and the lots."""
    trades = [{**t, "lot_method": method} if t["side"] == "sell" else t for t in case["trades"]]
    sold = settle({**case, "trades": trades}).disposals
    tax = sum(exact(rates["lt_rate" if row.long else "st_rate"]) * row.recognized for row in sold)
    return Fraction(tax), {row.label for row in sold}


def check_ledger(case: dict[str, Any], expect: dict[str, Any], outcome: Outcome) -> set[str]:
    """Compare what an expectation says of trades; return what was compared."""
    checked = set()
    if "disposals" in expect:
        same(told_disposals(outcome), summed(expect["disposals"], ("date", "lot", "term"), AMOUNTS))
        checked.add("disposals")
    if "open_lots" in expect:
        same(told_lots(outcome), summed(expect["open_lots"], ("lot", "holding_start"), ("quantity", "basis")))
        checked.add("open_lots")
    for name, total in expect.get("totals", {}).items():
        assert abs(outcome.total(name) - exact(total)) <= HALF_A_CENT, name
        checked.add("totals")
    for year, terms in expect.get("by_year", {}).items():
        for name, total in terms.items():
            rows = [s for s in outcome.disposals if str(s.date.year) == year and term(s.long) == name]
            assert sum((s.recognized for s in rows), NONE) == exact(total)
        checked.add("by_year")
    if "tax_year" in expect:
        assert {sold.date.year for sold in outcome.disposals} == {expect["tax_year"]}
        checked.add("tax_year")
    if "first_long_term_date" in expect:
        first = dt.date.fromisoformat(expect["first_long_term_date"])
        starts = [p.start for purchase in outcome.purchases for p in purchase.pieces]
        starts += [] if starts else [sold.start for sold in outcome.disposals]
        assert {first_long(start) for start in starts} == {first}
        bought = dt.date.fromisoformat(case["trades"][0]["date"])
        for name, day in (("last_short", first - DAY), ("first_long", first)):
            if f"days_on_{name}_term_day" in expect:
                assert (day - bought).days == expect[f"days_on_{name}_term_day"]
                checked.add(f"days_on_{name}_term_day")
        checked.add("first_long_term_date")
    if "broker_1099b_box_1g" in expect:
        assert settle(case, broker=True).total("disallowed") == exact(expect["broker_1099b_box_1g"])
        checked.add("broker_1099b_box_1g")
    if "tax_at" in expect:
        at = expect["tax_at"]
        assert tax_of_min_tax_lot(case, "hifo", at)[0] == exact(at["HIFO"])
        assert tax_of_min_tax_lot(case, "least_tax", at) == (exact(at["MIN_TAX"]), {at["min_tax_lot"]})
        checked.add("tax_at")
    return checked


def check_dividends(case: dict[str, Any], expect: dict[str, Any]) -> set[str]:
    (row,) = dividends(case)
    first, last = window(row.ex_date)
    assert expect == {
        "window_start": first.isoformat(),
        "window_end": last.isoformat(),
        "days_held_in_window": row.days,
        "days_held_total": days_held(row.acquired, row.sold, dt.date.min, dt.date.max),
        "dividend": row.amount,
        "qualified": row.qualified,
    }
    return set(expect)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_worked_case(case):
    expect = case["expect"]
    checked = (
        check_ledger(case, expect, settle(case))
        if "qualified" not in expect
        else check_dividends(case, expect)
    )
    assert checked | NOT_OURS >= set(expect), "something expected was not compared"


@pytest.mark.parametrize(("case", "other"), ALTERNATIVES)
def test_a_worked_case_under_another_reading(case, other):
    story = {**case, "conventions": other.get("policy", {})}
    rest = set(other) - {"policy", "notes"}
    if "lot_method" in other:
        choice: dict[str, Any] = {"lot_method": other["lot_method"]}
        sales = [trade for trade in case["trades"] if trade["side"] == "sell"]
        if other["lot_method"] == "spec_id":
            choice = {"lots": [[other["lot"], sales[0]["quantity"]]]}
        bare = [{name: t[name] for name in t if name != "lot_method"} for t in case["trades"]]
        story["trades"] = [{**trade, **choice} if trade["side"] == "sell" else trade for trade in bare]
        (sold,) = settle(story).disposals
        assert (sold.label, term(sold.long)) == (other["lot"], other["term"])
        rest -= {"lot_method", "lot", "term"}
    assert check_ledger(story, other, settle(story)) == rest


def test_the_defaults_are_the_readings_of_the_cases():
    stated = {
        "count_disposed_purchases": False, "ignore_lots_older_than_sold_lot": False, "row_level_matching": False,
        "parent_excluded": True, "merge_fills": True, "spouse_basis": "step_up", "holding": "tacking",
        "ignore_account_types": [],
    }  # fmt: skip
    for case in CASES:
        told = settle({**case, "conventions": stated})
        assert told_disposals(told) == told_disposals(settle(case))


@pytest.mark.parametrize(
    ("example", "expect"),
    [
        pytest.param(example, expect, id=f"{example['id']}-{number}")
        for example in EXAMPLES
        for number, expect in enumerate(example["readings"])
    ],
)
def test_an_example_reckoned_by_hand(example, expect):
    outcome = settle({**example, "conventions": expect["conventions"]})
    sold = [(s.label, s.quantity, s.gain, s.disallowed, term(s.long)) for s in outcome.disposals]
    assert sold == [tuple(row.values()) for row in expect["disposals"]]
    same(told_lots(outcome), summed(expect["open_lots"], ("lot", "holding_start"), ("quantity", "basis")))
    totals = dict(expect["totals"])
    assert outcome.deferred == totals.pop("deferred", outcome.deferred)
    assert {name: outcome.total(name) for name in totals} == totals


def test_dividends_lot_by_lot():
    """Ex-date 2024-07-12: the window is 2024-05-13 to 2024-09-10.

    L1 replaced L0, so that it counts as held since January for its gain, but it was bought on 07-05: 6 shares sold on
    08-08 were held 34 days, the 4 kept 26 + 31 + 10 = 67 days. N, sold on the ex-date, is paid: 06-02 to 07-12, 41
    days. M, bought on the ex-date, is not. Two for one on 08-01 makes the 4 kept 8, and the 6 sold 12. OLD was held
    through the whole window.
    """
    at = {"account": "TX1", "symbol": "X"}
    story = {
        "accounts": {"TX1": {"kind": "taxable", "owner": "A"}, "IRA1": {"kind": "ira", "owner": "A"}},
        "trades": [
            {"date": "2023-01-03", "side": "buy", "quantity": 7, "price": 20, "lot": "OLD", **at},
            {
                "date": "2023-01-03",
                "side": "buy",
                "quantity": 7,
                "price": 20,
                "lot": "I",
                **at,
                "account": "IRA1",
            },
            {"date": "2024-01-02", "side": "buy", "quantity": 10, "price": 20, "lot": "L0", **at},
            {"date": "2024-06-01", "side": "buy", "quantity": 3, "price": 15, "lot": "N", **at},
            {"date": "2024-07-03", "side": "sell", "quantity": 10, "price": 15, "lots": [["L0", 10]], **at},
            {"date": "2024-07-05", "side": "buy", "quantity": 10, "price": 15, "lot": "L1", **at},
            {"date": "2024-07-12", "side": "sell", "quantity": 3, "price": 15, "lots": [["N", 3]], **at},
            {"date": "2024-07-12", "side": "ex_dividend", "quantity": 20, "price": 0.5, **at},
            {
                "date": "2024-07-12",
                "side": "ex_dividend",
                "quantity": 7,
                "price": 0.5,
                **at,
                "account": "IRA1",
            },
            {"date": "2024-07-12", "side": "buy", "quantity": 5, "price": 15, "lot": "M", **at},
            {"date": "2024-08-01", "side": "split", "ratio": 2, "symbol": "X"},
            {"date": "2024-08-08", "side": "sell", "quantity": 12, "price": 8, "lots": [["L1", 12]], **at},
        ],
    }
    rows = {(row.label, row.sold and row.sold.isoformat()): row for row in dividends(story)}
    assert {key: (row.shares, row.amount, row.days, row.qualified) for key, row in rows.items()} == {
        ("OLD", None): (7, Fraction("3.5"), 121, True),
        ("N", "2024-07-12"): (3, Fraction("1.5"), 41, False),
        ("L1", "2024-08-08"): (6, 3, 34, False),
        ("L1", None): (4, 2, 67, True),
    }
    # N, 3 shares bought on 06-01 and held at L0's sale, replaced first; then 7 of L1.
    assert {piece.start.year for p in settle(story).purchases if p.label == "L1" for piece in p.pieces} == {
        2024
    }


def test_the_oracle_imports_nothing_of_the_package():
    for path in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("rebal_kit") for name in names), path.name
