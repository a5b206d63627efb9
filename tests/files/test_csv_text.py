"""CSV: what is written is read back, a spreadsheet runs none of it, and every fault of the text has its row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.files.csv_text import Columns, as_number, digits, read_rows, write_rows
from rebal_kit.files.lots_file import read_lots, write_lots
from rebal_kit.findings import Finding
from rebal_kit.targets import TargetAllocation

COLUMNS = Columns(
    usual=("name", "quantity", "cost"),
    needed=("name", "quantity"),
    also=("price",),
    either=(("cost", "price", "give one of the two"),),
)
HEADER = "name,quantity,cost\n"


def read(text: str, columns: Columns = COLUMNS) -> tuple[list[tuple[int, dict[str, str]]], list[Finding]]:
    findings: list[Finding] = []
    return list(read_rows(text, "f.csv", columns, findings)), findings


def written(*cells: object) -> list[str]:
    """The cells of one row as a spreadsheet gets them."""
    _, row = csv.reader(io.StringIO(write_rows(["c"] * len(cells), [cells]), newline=""))
    return row


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    rows, findings = read('Name , QUANTITY,cost\r\n\r\n" a, b ",1,\r\n,,\r\n"two\r\nlines",2,3\r\n')
    assert findings == []
    assert rows == [
        (3, {"name": "a, b", "quantity": "1"}),
        (5, {"name": "two\r\nlines", "quantity": "2", "cost": "3"}),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", HEADER, " , ,\n", "\r\n" + HEADER])
def test_no_rows_are_no_fault_of_the_text(text: str) -> None:
    assert read(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("name;quantity;cost\nx;1;2\n", "row 1", "columns are not separated by commas",
         "save the file as comma-separated CSV"),
        ("\nname\tquantity\tcost\n", "row 2", "columns are not separated by commas",
         "save the file as comma-separated CSV"),
        ("name,quantity,cost,name\n", "row 1", "column 'name' is there twice", "keep one"),
        ("name,quantity,cost,\n", "row 1", "a column has no name", "use one of name, quantity, cost, price"),
        ("name,quantity,cost,nam\n", "row 1", "unknown column 'nam'", "did you mean 'name'?"),
        ("name,cost\n", "row 1", "column 'quantity' is missing", "the columns are name, quantity, cost"),
        ("name,quantity\n", "row 1", "column 'cost' is missing", "give one of the two"),
        (f"{HEADER}a,1,2\na,1\n", "row 3", "has 2 cells under 3 columns",
         "check commas; text with a comma goes in quotes"),
        (f'{HEADER}a,1,2\n"a"b,1,2\n', "row 3", "is not CSV: ',' expected after '\"'",
         "check the quotes of this row and the one above"),
        (f'{HEADER}"a,1,2\n', "row 2", "is not CSV: unexpected end of data",
         "check the quotes of this row and the one above"),
        (f"{HEADER}{'a' * 200_000},1,2\n", "row 2", "is not CSV: field larger than field limit (131072)",
         "check the quotes of this row and the one above"),
    ],
)  # fmt: skip
def test_one_fault_one_finding(text: str, where: str, what: str, remedy: str) -> None:
    assert read(text)[1] == [Finding("error", f"f.csv {where}", what, remedy)]


def test_rows_around_a_fault_are_read() -> None:
    rows, findings = read(f"{HEADER}a,1,2\na,1\nb,2,3\n")
    assert [number for number, _ in rows] == [2, 4]
    assert len(findings) == 1


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=cmd|' /C calc'!A0", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "-", "'=1", "''@x", "-1+2",
     "+1 2"],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text(text: str) -> None:
    assert written(text) == [f"'{text}"]
    assert written(text)[0].startswith("'")


@pytest.mark.parametrize(
    "text", ["VTI", "-1", "+1.5", "-.5e-3", "'-1", "a=b", "O'Neill", "'", "", "L1:100;L2:50"]
)
def test_other_text_is_written_as_it_is(text: str) -> None:
    assert written(text, "x") == [text, "x"]


def test_a_header_is_made_safe_too() -> None:
    assert write_rows(["=1"], []) == "'=1\n"


def test_how_values_are_written() -> None:
    day, time = dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 15)
    assert written(None, True, False, 3, -3.0, 0.1, 1e300, day, time) == [
        "", "true", "false", "3", "-3", "0.1", "1e+300", "2024-01-02", "2024-01-02",
    ]  # fmt: skip
    assert write_rows(["c"], [[None], ["x"]]) == 'c\n""\nx\n'


@given(st.floats(allow_nan=False))
def test_digits_read_back_equal(value: float) -> None:
    text = digits(value)
    assert float(text) == value
    assert math.isinf(value) or as_number(text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_0", "1,000", "$5", "0x1", "1e", "ten", "1 "])
def test_what_is_no_number_is_handed_back(text: str) -> None:
    assert as_number(text) is text


NAMES = st.text(st.sampled_from("'=+-@a1.＝ ,\"\n"), min_size=1, max_size=6).filter(
    lambda name: name == name.strip()
)


@given(NAMES)
def test_every_name_is_read_back_as_it_was(name: str) -> None:
    rows, findings = read(write_rows(COLUMNS.usual, [(name, 1, 2)]))
    assert findings == []
    assert rows == [(2, {"name": name, "quantity": "1", "cost": "2"})]


def test_lots_with_the_names_of_formulas_survive() -> None:
    lots = (
        TaxLot("=1+1", "@SPY", 1.0, 2.0, dt.date(2010, 1, 4)),
        TaxLot("'=1", "-5", 1.0, 2.0, dt.date(2010, 1, 4)),
    )
    household = Household("h", (Account("+A", "x", AccountKind.TAXABLE, lots=lots),), TargetAllocation({}))
    text = write_lots(household)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert {"'+A", "'=1+1", "'@SPY", "''=1", "-5"} <= set(cells)
    assert read_lots(text, "l.csv", ["+A"], None).by_account == {"+A": lots}
