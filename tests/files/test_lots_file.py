"""Lots from CSV: rows as a spreadsheet numbers them, one finding for each fault."""

from __future__ import annotations

import datetime as dt

import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.files.lots_file import read_lots

HEADER = "account,lot,symbol,quantity,basis,acquired,holding_start,deferred\n"
AS_OF = dt.date(2012, 8, 31)


def faults(text: str) -> list[tuple[str, str, str]]:
    return [(f.where, f.what, f.remedy) for f in read_lots(text, "l.csv", ["A", "Joint"], AS_OF).findings]


def test_columns_in_any_order_with_price_instead_of_basis() -> None:
    text = 'Symbol, LOT ,account,acquired,quantity,price\n\n SPY,"x, 1",A,2010-01-04,3,1.5e2\n'
    lots = read_lots(text, "l.csv", None, None)
    assert lots.findings == ()
    assert lots.by_account == {"A": (TaxLot("x, 1", "SPY", 3.0, 450.0, dt.date(2010, 1, 4)),)}


def test_no_lots_are_no_fault() -> None:
    assert read_lots(HEADER, "l.csv", ["A"], AS_OF).by_account == {}


@pytest.mark.parametrize(
    ("row", "where", "what", "remedy"),
    [
        ("Joynt,1,SPY,1,9,2010-01-04,,", "account", "'Joynt' is no account of the household", "did you mean 'Joint'?"),
        ("A,1,SPY,0,9,2010-01-04,,", "quantity", "is '0'", "give a number above 0"),
        ("A,1,SPY,-1,9,2010-01-04,,", "quantity", "is '-1'", "give a number at least 0"),
        ("A,1,SPY,ten,9,2010-01-04,,", "quantity", "is 'ten', not a number", "give shares, above 0"),
        ("A,1,SPY,nan,9,2010-01-04,,", "quantity", "is 'nan', not a number", "give shares, above 0"),
        ("A,1,SPY,1_0,9,2010-01-04,,", "quantity", "is '1_0', not a number",
         "write it without separators, signs or blanks: 10"),
        ('A,1,SPY,1,"1,000.50",2010-01-04,,', "basis", "is '1,000.50', not a number",
         "write it without separators, signs or blanks: 1000.50"),
        ("A,1,SPY,1,1e999,2010-01-04,,", "basis", "is '1e999': Input should be a finite number",
         "give total basis in US$: cost with fees"),
        ("A,1,SPY,1,9,2010-02-30,,", "acquired", "is 2010-02-30, which is not in the calendar", "check month and day"),
        ("A,1,SPY,1,9,01/04/2010,,", "acquired", "is '01/04/2010', which is no date",
         "write year-month-day, such as 2012-08-31"),
        ("A,1,SPY,1,9,2012-09-04,,", "acquired", "is 2012-09-04, after the household's as_of 2012-08-31",
         "check both dates"),
        ("A,1,SPY,1,9,2999-09-04,,", "acquired", "is 2999-09-04, in the future", "check the year"),
        ("A,1,,1,9,2010-01-04,,", "symbol", "is missing", "give a ticker"),
        ("A,1,SPY,1,,2010-01-04,,", "", "lot '1': has neither basis nor price",
         "give the total basis or the basis per share"),
        ("A,1,SPY,1,9,2010-01-04,,10", "", "lot '1': deferred 10 exceeds basis 9", "basis includes the deferred loss"),
        ("A,1,SPY,1,9,2010-01-04,2010-01-05,", "",
         "lot '1': holding_start 2010-01-05 is after acquired 2010-01-04", "a wash sale moves it back, not forward"),
        ("A,1,SPY,1,9", "", "has 5 cells under 8 columns", "check commas; text with a comma goes in quotes"),
        ("A,1,SPY,1,000,9,2010-01-04,,", "", "has 9 cells under 8 columns",
         "check commas; text with a comma goes in quotes"),
        ('A,1,SPY,1,9,2010-01-04,,"', "", "is not CSV: unexpected end of data",
         "check the quotes of this row and the one above"),
    ],
)  # fmt: skip
def test_one_fault_one_finding(row: str, where: str, what: str, remedy: str) -> None:
    place = "l.csv row 3" + (f", column {where}" if where else "")
    assert faults(f"{HEADER}A,0,GLD,1,9,2010-01-04,,\n{row}") == [(place, what, remedy)]


def test_both_basis_and_price() -> None:
    text = "account,lot,symbol,quantity,basis,price,acquired\nA,1,SPY,1,9,9,2010-01-04\n"
    assert [what for _, what, _ in faults(text)] == ["lot '1': has both basis and price"]


def test_lots_are_named_apart_across_accounts() -> None:
    text = f"{HEADER}A,1,SPY,1,9,2010-01-04,,\n\nJoint,1,SPY,1,9,2010-01-04,,\n"
    assert faults(text) == [("l.csv row 4, column lot", "'1' is also in row 2", "name lots apart")]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("account;lot;symbol;quantity;basis;acquired", ["columns are not separated by commas"]),
        (
            "account,lot,symbl,quantity,basis,acquired",
            ["unknown column 'symbl'", "column 'symbol' is missing"],
        ),
        ("account,lot,symbol,quantity,basis,acquired,basis", ["column 'basis' is there twice"]),
        ("account,lot,symbol,quantity,acquired", ["column 'basis' is missing"]),
        ("account,lot,symbol,quantity,basis,acquired,", ["a column has no name"]),
    ],
)
def test_headers(header: str, found: list[str]) -> None:
    problems = faults(f"{header}\n1,2,3\n")
    assert [what for _, what, _ in problems] == found
    assert {where for where, _, _ in problems} == {"l.csv row 1"}


def test_a_suggestion_for_a_misspelt_column() -> None:
    assert faults("account,lot,symbl,symbol,quantity,basis,acquired\n")[0][2] == "did you mean 'symbol'?"
