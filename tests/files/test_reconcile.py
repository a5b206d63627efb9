"""The files' own totals, and shares held against lots; rounding is no difference."""

from __future__ import annotations

import pytest

from rebal_kit.files.reconcile import check_lots, check_totals
from rebal_kit.files.statement import OpenLot, Place, Position
from tests.files.broker_files import ACTIVITY, CSVS, SCHWAB, SCHWAB_LOTS, exported


def said(text: str) -> list[str]:
    return [f"{f.where}: {f.what}" for s in exported(text).statements for f in check_totals(s)]


@pytest.mark.parametrize("name", CSVS)
def test_good_files_agree_with_themselves(name: str) -> None:
    assert said(CSVS[name]) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (SCHWAB, '"$407,841.04"', '"$407,840.04"',
         ["x.csv row 7, column Mkt Val (Market Value): is 407,840.04, but the rows sum to 407,841.04"]),
        (SCHWAB, '"$302,500.25"', '"$302,500.35"',
         ["x.csv row 7, column Cost Basis: is 302,500.35, but the rows sum to 302,500.25"]),
        (SCHWAB, '"$61.04"', '"$161.04"',
         ["x.csv row 7, column Mkt Val (Market Value): is 407,841.04, but the rows sum to 407,941.04"]),
        (SCHWAB, '"10.5","$360.00"', '"11.5","$360.00"',
         ["x.csv row 5, column Mkt Val (Market Value): is 3,780.00, but price times quantity is 4,140.00"]),
        (SCHWAB_LOTS, '"Total","1,010"', '"Total","1,020"',
         ["x.csv row 6, column Quantity: is 1,020, but the rows sum to 1,010"]),
        (SCHWAB_LOTS, '"$160,000.00","$100,000.00"', '"$160,000.00","$100,001.00"',
         ["x.csv row 6, column Cost Basis: is 300,500.25, but the rows sum to 300,501.25"]),
        (SCHWAB_LOTS, '"$160,000.00","$100,000.00"', '"$150,000.00","$100,000.00"',
         ["x.csv row 6, column Market Value: is 404,000.00, but the rows sum to 394,000.00"]),
        (ACTIVITY, "Total,,Stocks,USD,,,,,,3001", "Total,,Stocks,USD,,,,,,3002",
         ["x.csv row 12, column Cost Basis: is 3,002.00, but the rows sum to 3,001.00"]),
    ],
)  # fmt: skip
def test_a_difference_is_said_with_both_numbers(text: str, old: str, new: str, expected: list[str]) -> None:
    assert old in text
    assert said(text.replace(old, new, 1)) == expected


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (SCHWAB, '"$407,841.04"', '"$407,841.05"'),
        (SCHWAB, '"$302,500.25"', '"--"'),
        (SCHWAB, '"$2,000.00"', '"--"'),
        (SCHWAB, '"$3,780.00","$2', '"--","$2'),
        (SCHWAB_LOTS, '"$100,000.00"', '"--"'),
        (ACTIVITY, "Total,,Stocks,USD", "Total,,Stocks,CAD"),
    ],
)
def test_rounding_and_what_is_not_known_are_no_difference(text: str, old: str, new: str) -> None:
    assert old in text
    assert said(text.replace(old, new, 1)) == []


def test_money_on_its_way_is_in_the_account_total() -> None:
    text = SCHWAB.replace(
        '"Account Total"', '"Cash & Cash Investments","--","--","--","$10.00","--"\n"Account Total"'
    )
    assert "rows sum to 407,851.04" in said(text)[0]


def test_positions_of_other_kinds_are_in_the_account_total() -> None:
    text = SCHWAB.replace('"Equity"', '"Fixed Income"')
    assert said(text) == []


HELD = Position("SPY", 10.0, 40.0, 400.0, 300.0, Place("a.csv", "a.csv row 2"))


def lots(*of: tuple[float, float | None, float | None]) -> list[OpenLot]:
    return [OpenLot("SPY", q, basis, None, value, Place("b.csv", "b.csv row 5")) for q, basis, value in of]


@pytest.mark.parametrize(
    ("of", "same_file", "same_day", "expected"),
    [
        ([(4, 100, 160), (6, 200, 240)], True, True, []),
        ([(4, 100.01, 160.01), (6, 200, 240)], True, True, []),
        ([(4.0005, 100, None), (6, 200, None)], True, True, []),
        ([(4, 100, None)], False, False, ["error 10 shares of SPY are held, but its lots have 4"]),
        ([(4.1, 100, 1), (6, 2, 2)], True, True, ["error 10 shares of SPY are held, but its lots have 10.1"]),
        ([(4, 100, None), (6, 201, None)], False, False,
         ["error SPY cost 300.00, but its lots (b.csv row 5 and on) cost 301.00"]),
        ([(4, 100, None), (6, 200.018, None)], False, False,
         ["error SPY cost 300.00, but its lots (b.csv row 5 and on) cost 300.02"]),
        ([(4, None, None), (6, 900, None)], False, False, []),
        ([(10, 300, 401)], True, True, ["error SPY is worth 400.00, but its lots (b.csv row 5 and on) 401.00"]),
        ([(10, 300, 401)], False, True, ["warning SPY is worth 400.00, but its lots (b.csv row 5 and on) 401.00"]),
        ([(10, 300, 401)], False, False, []),
    ],
)  # fmt: skip
def test_lots_against_what_is_held(
    of: list[tuple[float, float | None, float | None]], same_file: bool, same_day: bool, expected: list[str]
) -> None:
    found = check_lots(HELD, lots(*of), same_file, same_day)
    assert [f"{f.severity} {f.what}" for f in found] == expected


def test_a_value_that_is_no_number_is_a_difference() -> None:
    assert list(check_lots(HELD, lots((float("nan"), 300, None)), True, True))
