"""Ledgers from CSV: every spelling that is allowed, one finding for each fault, and nothing lost on the way back."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rebal_kit as rk
from rebal_kit.files.ledger_file import load_ledger, read_ledger, write_ledger
from rebal_kit.findings import LedgerError
from rebal_kit.transactions import CASH_FLOWS, LEDGER_METHODS, PURCHASES, Action, Transaction

HEADER = "date,account,action,symbol,quantity,price,fees,lot,lots,lot_method\n"
WRITTEN = HEADER.replace("\n", ",amount\n")
ACCOUNTS = ("Joint", "Alex IRA")
DAY = dt.date(2024, 1, 2)


def faults(text: str) -> list[tuple[str, str, str]]:
    return [(f.where, f.what, f.remedy) for f in read_ledger(text, "l.csv", ACCOUNTS).findings]


def lines(*rows: str, header: str = HEADER) -> tuple[Transaction, ...]:
    history = read_ledger(header + "\n".join(rows), "l.csv", ACCOUNTS)
    assert history.findings == ()
    return history.transactions


def test_a_row_of_every_action() -> None:
    found = lines(
        "2024-01-02,Joint,BUY,VTI,100,237.5,4.95,L1,,",
        "2024-03-22,Joint,EX_DIVIDEND,VTI,100,0.91,,,,",
        "2024-03-27,Joint,REINVEST,VTI,0.352,258.5,,D1,,",
        "2024-06-10,,SPLIT,NVDA,10,,,,,",
        "2024-07-01,Joint,SELL,VTI,50,270,,,L1:49.648;D1:0.352,",
        "2024-07-02,Alex IRA,SELL,VTI,1e1,270,,,,HIFO",
    )
    buy, dividend, sell = Action.BUY, Action.EX_DIVIDEND, Action.SELL
    assert found == (
        Transaction(DAY, "Joint", buy, "VTI", 100.0, 237.5, 4.95, "L1"),
        Transaction(dt.date(2024, 3, 22), "Joint", dividend, "VTI", 100.0, 0.91),
        Transaction(dt.date(2024, 3, 27), "Joint", Action.REINVEST, "VTI", 0.352, 258.5, 0.0, "D1"),
        Transaction(dt.date(2024, 6, 10), "", Action.SPLIT, "NVDA", 10.0),
        Transaction(dt.date(2024, 7, 1), "Joint", sell, "VTI", 50.0, 270.0, lots=(("L1", 49.648), ("D1", 0.352))),
        Transaction(dt.date(2024, 7, 2), "Alex IRA", sell, "VTI", 10.0, 270.0, lot_method="HIFO"),
    )  # fmt: skip
    assert [line.where for line in found] == [f"l.csv row {number}" for number in range(2, 8)]


def test_optional_columns_may_be_missing_and_all_may_stand_in_any_order() -> None:
    header = "Price,quantity,SYMBOL,action,account,date\n"
    assert lines('20,5,"BRK, B",buy,Joint,2024-01-02', header=header) == (
        Transaction(DAY, "Joint", Action.BUY, "BRK, B", 5.0, 20.0),
    )


def test_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    text = (
        HEADER
        + '\n" 2024-01-02 ",Joint,buy,VTI,1,2,,,,\n,,,,,,,,,\n2024-01-03,Joint,Sell,VTI,1,2,,,,hifo\n\n'
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    found = load_ledger(path, ACCOUNTS)
    assert [(line.action, line.lot_method, line.where) for line in found] == [
        ("BUY", "", f"{path} row 3"), ("SELL", "HIFO", f"{path} row 5"),
    ]  # fmt: skip
    assert rk.load_ledger(str(path)) == found


@pytest.mark.parametrize(
    ("written", "method"),
    [("FIFO", "FIFO"), ("lifo", "LIFO"), ("Hifo", "HIFO"), ("least_tax", "LEAST_TAX"), ("MIN_TAX", "LEAST_TAX"),
     ("min_tax", "LEAST_TAX"), ("Long_Term_First", "LONG_TERM_FIRST"), ("AVERAGE", "AVERAGE"), ("avg", "AVERAGE")],
)  # fmt: skip
def test_methods_and_their_other_names(written: str, method: str) -> None:
    assert lines(f"2024-01-02,Joint,SELL,VTI,1,2,,,,{written}")[0].lot_method == method


@pytest.mark.parametrize(
    ("cells", "lots"),
    [
        (",L1:100;L2:50,", (("L1", 100.0), ("L2", 50.0))),
        (", L1 : 100 ; L2#2:5e1 ,spec_id", (("L1", 100.0), ("L2#2", 50.0))),
        (",my lot:150,", (("my lot", 150.0),)),
        ("L1,,", (("L1", 150.0),)),
        ("L1#3,,SPEC_ID", (("L1#3", 150.0),)),
        (",,", ()),
    ],
)
def test_lots_that_a_sale_names(cells: str, lots: tuple[tuple[str, float], ...]) -> None:
    (sale,) = lines(f"2024-01-02,Joint,SELL,VTI,150,2,,{cells}")
    assert (sale.lots, sale.lot, sale.lot_method) == (lots, "", "")


SPELLING = "write L1:100;L2:50, each lot once with the shares sold from it"


@pytest.mark.parametrize(
    ("row", "column", "what", "remedy"),
    [
        (",Joint,BUY,VTI,1,2,,,,", "date", "is missing",
         "give the trade date, for EX_DIVIDEND the ex-date, as year-month-day"),
        ("01/02/2024,Joint,BUY,VTI,1,2,,,,", "date", "is '01/02/2024', which is no date",
         "write year-month-day, such as 2012-08-31"),
        ("20240102,Joint,BUY,VTI,1,2,,,,", "date", "is '20240102', which is no date",
         "write year-month-day, such as 2012-08-31"),
        ("2023-02-29,Joint,BUY,VTI,1,2,,,,", "date", "is 2023-02-29, which is not in the calendar",
         "check month and day"),
        ("2999-01-02,Joint,BUY,VTI,1,2,,,,", "date", "is 2999-01-02, in the future", "check the year"),
        ("0204-01-02,Joint,BUY,VTI,1,2,,,,", "date", "is 0204-01-02, before 1900-01-01", "check the year"),
        ("2024-01-02,Joynt,BUY,VTI,1,2,,,,", "account", "'Joynt' is no account of the household",
         "did you mean 'Joint'?"),
        ("2024-01-02,joint,BUY,VTI,1,2,,,,", "account", "'joint' is no account of the household",
         "did you mean 'Joint'?"),
        ("2024-01-02,HSA,BUY,VTI,1,2,,,,", "account", "'HSA' is no account of the household",
         "use one of Joint, Alex IRA"),
        ("2024-01-02,,BUY,VTI,1,2,,,,", "account", "is missing", "give the name of an account of the household"),
        ("2024-01-02,,EX_DIVIDEND,VTI,1,2,,,,", "account", "is missing",
         "give the name of an account of the household"),
        ("2024-01-02,Home,SPLIT,VTI,2,,,,,", "account", "'Home' is no account of the household",
         "use one of Joint, Alex IRA"),
        ("2024-01-02,Joint,BYU,VTI,1,2,,,,", "action", "is 'BYU'", "did you mean 'BUY'?"),
        ("2024-01-02,Joint,ex-dividend,VTI,1,2,,,,", "action", "is 'ex-dividend'", "did you mean 'EX_DIVIDEND'?"),
        ("2024-01-02,,transfer,VTI,1,,,,,", "action", "is 'transfer'",
         "use one of BUY, SELL, REINVEST, EX_DIVIDEND, SPLIT, DEPOSIT, WITHDRAW"),
        ("2024-01-02,Joint,,VTI,1,2,,,,", "action", "is missing",
         "give one of BUY, SELL, REINVEST, EX_DIVIDEND, SPLIT, DEPOSIT, WITHDRAW"),
        ("2024-01-02,Joint,BUY,,1,2,,,,", "symbol", "is missing", "give a ticker"),
        ("2024-01-02,Joint,BUY,V\aTI,1,2,,,,", "symbol",
         r"is 'V\x07TI', with blanks around it or characters that do not print", "remove them"),
        ("2024-01-02,Joint,BUY,V\0TI,1,2,,,,", "symbol",
         r"is 'V\x00TI', with blanks around it or characters that do not print", "remove them"),
        ("2024-01-02,Joint,BUY,vt,1,2,,,,", "symbol", "'vt' is written 'VT' in row 2", "write a symbol one way"),
        ("2024-01-02,Joint,BUY,VTI,,2,,,,", "quantity", "is missing", "give shares, above 0"),
        ("2024-01-02,Joint,EX_DIVIDEND,VTI,,2,,,,", "quantity", "is missing",
         "give the shares it was paid on, above 0"),
        ("2024-01-02,,SPLIT,VTI,4:1,,,,,", "quantity", "is '4:1', not a number",
         "give new shares per old as a number, such as 4 or 0.1"),
        ("2024-01-02,Joint,BUY,VTI,0,2,,,,", "quantity", "is '0'", "give a number above 0"),
        ("2024-01-02,Joint,SELL,VTI,-5,2,,,,", "quantity", "is '-5'", "give a number above 0"),
        ("2024-01-02,Joint,SELL,VTI,five,2,,,,", "quantity", "is 'five', not a number", "give shares, above 0"),
        ("2024-01-02,Joint,BUY,VTI,nan,2,,,,", "quantity", "is 'nan', not a number", "give shares, above 0"),
        ("2024-01-02,Joint,BUY,VTI,1e999,2,,,,", "quantity", "is '1e999': Input should be a finite number",
         "give shares, above 0"),
        ('2024-01-02,Joint,BUY,VTI,"1,500",2,,,,', "quantity", "is '1,500', not a number",
         "write it without separators, signs or blanks: 1500"),
        ("2024-01-02,Joint,BUY,VTI,1,$2.50,,,,", "price", "is '$2.50', not a number",
         "write it without separators, signs or blanks: 2.50"),
        ("2024-01-02,Joint,BUY,VTI,1,,,,,", "price", "is missing", "give the price in US$ a share, before fees"),
        ("2024-01-02,Joint,EX_DIVIDEND,VTI,1,,,,,", "price", "is missing", "give the dividend in US$ a share"),
        ("2024-01-02,Joint,BUY,VTI,1,-2,,,,", "price", "is '-2'", "give a number at least 0"),
        ("2024-01-02,,SPLIT,VTI,2,5,,,,", "price", "is 5", "leave it empty: SPLIT has none"),
        ("2024-01-02,Joint,BUY,VTI,1,2,-4.95,,,", "fees", "is '-4.95'", "give a number at least 0"),
        ("2024-01-02,Joint,BUY,VTI,1,2,'5,,,", "fees", "is \"'5\", not a number",
         "write it without separators, signs or blanks: 5"),
        ("2024-01-02,Joint,EX_DIVIDEND,VTI,1,2,0.5,,,", "fees", "is 0.5", "leave it empty: EX_DIVIDEND has none"),
        ("2024-01-02,Joint,EX_DIVIDEND,VTI,1,2,,L1,,", "lot", "is 'L1'",
         "leave it empty: EX_DIVIDEND makes no lot"),
        ("2024-01-02,Joint,BUY,VTI,1,2,,L1#2,,", "", "lot is 'L1#2'", "leave out # ; and : in names of lots"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,L1:1;L2:2,,", "lot", "is 'L1:1;L2:2'",
         "give one name, such as L1 or L1#2; several lots with their shares go under lots"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,L1#two,,", "lot", "is 'L1#two'",
         "give one name, such as L1 or L1#2; several lots with their shares go under lots"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,L1,L2:1,", "", "SELL names lot 'L1'", "name what is sold under lots"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1,", "lots", "is 'L1': 'L1' names no lot with shares", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:1;,", "lots", "is 'L1:1;': '' names no lot with shares", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,:1,", "lots", "is ':1': ':1' names no lot with shares", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:,", "lots", "is 'L1:': 'L1:' names no lot with shares", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1#0:1,", "lots", "is 'L1#0:1': 'L1#0:1' names no lot with shares", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:1:L2:2,", "lots", "is 'L1:1:L2:2': '1:L2:2' is not a number", SPELLING),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:all,", "lots", "is 'L1:all': 'all' is not a number", SPELLING),
        ('2024-01-02,Joint,SELL,VTI,1500,2,,,"L1:1,500",', "lots", "is 'L1:1,500': '1,500' is not a number",
         "write it without separators, signs or blanks: 1500"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:-1,", "lots", "is 'L1:-1': -1 shares of lot L1", "give shares, above 0"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:1e999,", "lots", "is 'L1:1e999': 1e999 shares of lot L1",
         "give shares, above 0"),
        ("2024-01-02,Joint,SELL,VTI,150,2,,,L1:100;L2:40,", "", "lots add up to 140 shares, quantity is 150",
         "make them agree"),
        ("2024-01-02,Joint,SELL,VTI,150,2,,,L1:100;L1:50,", "", "lot 'L1' is named twice in one sale",
         "add the shares up"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,L1:1,HIFO", "", "SELL names lots and a lot_method", "keep one of them"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,L1,,HIFO", "", "SELL names lots and a lot_method", "keep one of them"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,,HFIO", "lot_method", "is 'HFIO'", "did you mean 'HIFO'?"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,,best", "lot_method", "is 'best'",
         "use one of FIFO, LIFO, HIFO, LEAST_TAX, LONG_TERM_FIRST, AVERAGE, SPEC_ID"),
        ("2024-01-02,Joint,SELL,VTI,1,2,,,,spec_id", "lot_method", "is SPEC_ID, and the sale names no lots",
         "name them under lots, such as L1:100;L2:50"),
        ("2024-01-02,Joint,BUY,VTI,1,2,,,,SPEC_ID", "lot_method", "is SPEC_ID", "only a SELL chooses lots"),
        ("2024-01-02,Joint,BUY,VTI,1,2,,,,FIFO", "", "BUY names a lot_method", "only a SELL chooses lots"),
        ("2024-01-02,Joint,REINVEST,VTI,1,2,,,L1:1,", "", "REINVEST names lots", "only a SELL chooses lots"),
        ("2024-01-02,Joint,BUY,VTI,1,500,2,,,,", "", "has 11 cells under 10 columns",
         "check commas; text with a comma goes in quotes"),
        ('2024-01-02,Joint,BUY,VTI,1,2,,"L1,,', "", "is not CSV: unexpected end of data",
         "check the quotes of this row and the one above"),
    ],
)  # fmt: skip
def test_one_fault_one_finding(row: str, column: str, what: str, remedy: str) -> None:
    place = "l.csv row 3" + (f", column {column}" if column else "")
    assert faults(f"{HEADER}2024-01-02,Joint,BUY,VT,1,9,,,,\n{row}") == [(place, what, remedy)]


def test_deposits_and_withdrawals() -> None:
    found = lines(
        "2024-01-02,Joint,DEPOSIT,,,,,,,,5000",
        "2024-01-02,Joint,BUY,VTI,20,237.5,,,,,",
        "2024-01-02,Alex IRA,withdraw,,,,,,,,1250.50",
        header=WRITTEN,
    )
    assert (found[0], found[2]) == (
        Transaction(DAY, "Joint", Action.DEPOSIT, amount=5_000.0),
        Transaction(DAY, "Alex IRA", Action.WITHDRAW, amount=1_250.5),
    )
    short = "date,account,action,amount,symbol,quantity,price\n2024-01-02,Joint,DEPOSIT,5000,,,"
    assert read_ledger(short, "l.csv", ACCOUNTS).transactions == found[:1]


CASH_ONLY = "leave it empty: DEPOSIT and WITHDRAW have an account and an amount only"


@pytest.mark.parametrize(
    ("row", "column", "what", "remedy"),
    [
        ("2024-01-02,,DEPOSIT,,,,,,,,5", "account", "is missing", "give the name of an account of the household"),
        ("2024-01-02,Joint,WITHDRAW,,,,,,,,", "amount", "is missing",
         "give the US$ paid into the account or out of it, above 0"),
        ("2024-01-02,Joint,WITHDRAW,,,,,,,,0", "amount", "is '0'", "give a number above 0"),
        ("2024-01-02,Joint,WITHDRAW,,,,,,,,-500", "amount", "is '-500'", "give a number above 0"),
        ("2024-01-02,Joint,DEPOSIT,,,,,,,,$500", "amount", "is '$500', not a number",
         "write it without separators, signs or blanks: 500"),
        ("2024-01-02,Joint,DEPOSIT,,,,,,,,1e13", "", "amount is 1e+13", "check it: no line has more than 1e+12"),
        ("2024-01-02,Joint,DEPOSIT,VTI,,,,,,,5", "symbol", "is 'VTI'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,5,,,,,,5", "quantity", "is '5'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,,1,,,,,5", "price", "is '1'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,,,25,,,,5", "fees", "is '25'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,,,,L1,,,5", "lot", "is 'L1'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,,,,,L1:5,,5", "lots", "is 'L1:5'", CASH_ONLY),
        ("2024-01-02,Joint,DEPOSIT,,,,,,,FIFO,5", "lot_method", "is 'FIFO'", CASH_ONLY),
        ("2024-01-02,Joint,WITHDRAWL,,,,,,,,5", "action", "is 'WITHDRAWL'", "did you mean 'WITHDRAW'?"),
        ("2024-01-02,Joint,BUY,VTI,5,10,,,,,50", "amount", "is '50'",
         "leave it empty: only DEPOSIT and WITHDRAW have one"),
        ("2024-01-02,,SPLIT,VTI,5,,,,,,50", "amount", "is '50'",
         "leave it empty: only DEPOSIT and WITHDRAW have one"),
    ],
)  # fmt: skip
def test_one_fault_of_a_cash_flow_one_finding(row: str, column: str, what: str, remedy: str) -> None:
    place = "l.csv row 2" + (f", column {column}" if column else "")
    assert faults(f"{WRITTEN}{row}") == [(place, what, remedy)]


def test_a_cash_flow_that_cannot_be_read_leaves_every_security_playable() -> None:
    text = f"{WRITTEN}2024-01-02,Joint,BUY,VTI,5,10,,,,,\n2024-01-02,Joint,DEPOSIT,,,,,,,,-5\n"
    assert read_ledger(text, "l.csv", ACCOUNTS).unread == frozenset()
    unknown = read_ledger(text.replace("DEPOSIT", "TRANSFER"), "l.csv", ACCOUNTS)
    assert (unknown.unread, len(unknown.transactions)) == (frozenset(), 1)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (HEADER.replace(",", ";"), [("columns are not separated by commas", "save the file as comma-separated CSV")]),
        (HEADER.replace("fees", "fee"), [("unknown column 'fee'", "did you mean 'fees'?")]),
        (HEADER.replace("lots", "lot"), [("column 'lot' is there twice", "keep one")]),
        ("date,account,action,symbol,quantity\n",
         [("column 'price' is missing", f"the columns are {WRITTEN.strip().replace(',', ', ')}")]),
        ("2024-01-02,Joint,BUY,VTI,1,2\n", None),
    ],
)  # fmt: skip
def test_headers(header: str, found: list[tuple[str, str]] | None) -> None:
    problems = faults(f"{header}2024-01-02,Joint,BUY,VTI,1,2\n")
    assert {where for where, _, _ in problems} == {"l.csv row 1"}
    assert found is None or [problem[1:] for problem in problems] == found


@pytest.mark.parametrize("text", ["", "\n", HEADER, f"\n{HEADER},,,,,,,,,\n"])
def test_a_history_of_nothing_is_a_fault(text: str) -> None:
    assert faults(text) == [("l.csv", "holds no trades", "give a row for every purchase and sale")]


def test_every_fault_at_once_and_the_good_rows_beside_them() -> None:
    history = read_ledger(
        f"{HEADER}2024-02-30,Joynt,BUY,VTI,ten,-2,$1,,,\n2024-01-02,Joint,BUY,VTI,1,2,,,,\n"
        "2024-01-02,Joint,SELL,VTI,1,2,,a:b,L1:2,SPEC_ID\n2024-01-02,Joint,BUY\n",
        "l.csv", ACCOUNTS,
    )  # fmt: skip
    assert len(history.transactions) == 1
    assert [f.where.removeprefix("l.csv ") for f in history.findings] == [
        "row 2, column account", "row 2, column date", "row 2, column quantity", "row 2, column price",
        "row 2, column fees", "row 4, column lot", "row 4", "row 4", "row 5",
    ]  # fmt: skip
    assert all(f.severity == "error" and f.what and f.remedy for f in history.findings)


def test_a_symbol_in_two_spellings_is_said_once_for_each() -> None:
    rows = "".join(
        f"2024-01-02,Joint,BUY,{symbol},1,2,,,,\n" for symbol in ("VTI", "vti", "VTI", "vti", "Vti")
    )
    assert [where for where, _, _ in faults(HEADER + rows)] == [
        "l.csv row 3, column symbol", "l.csv row 6, column symbol",
    ]  # fmt: skip


def test_accounts_are_not_checked_without_a_household() -> None:
    assert read_ledger(f"{HEADER}2024-01-02,Anyone,BUY,VTI,1,2,,,,\n", "l.csv").findings == ()


def test_loading_raises_them_all_and_counts_those_beyond_fifty(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(HEADER + "2024-01-02,Joint,BUY,VTI,1,$2,,,,\n" * 60)
    with pytest.raises(LedgerError) as caught:
        load_ledger(path)
    assert len(caught.value.findings) == 51
    assert caught.value.findings[0].where == f"{path} row 2, column price"
    assert caught.value.findings[-1].what == "and 10 more problems"
    with pytest.raises(LedgerError, match=r"did you mean 'l\.csv'"):
        load_ledger(tmp_path / "ll.csv")
    path.write_bytes(b"date\0")
    with pytest.raises(LedgerError, match="holds a NUL character"):
        load_ledger(path)


NAMES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=6)
LOTS = NAMES.filter(lambda name: not set(name) & set("#;:"))
PIECES = st.builds(lambda name, piece: f"{name}#{piece}" if piece else name, LOTS, st.integers(0, 3))
SHARES = st.floats(1e-9, 1e9)
MONEY = st.floats(0, 1e9)


@st.composite
def transactions(draw: Any) -> Transaction:
    day = draw(st.dates(dt.date(1900, 1, 1), dt.date(2024, 12, 31)))
    action, account, symbol = draw(st.sampled_from(Action)), draw(NAMES), draw(NAMES).upper()
    if action in CASH_FLOWS:
        return Transaction(day, account, action, amount=draw(st.floats(1e-9, 1e9)))
    if action == Action.SPLIT:
        return Transaction(day, draw(st.sampled_from(("", account))), action, symbol, draw(SHARES))
    given: dict[str, Any] = {"quantity": draw(SHARES), "price": draw(MONEY)}
    if action != Action.EX_DIVIDEND:
        given["fees"] = draw(MONEY)
    if action in PURCHASES:
        given["lot"] = draw(st.just("") | LOTS)
    if action == Action.SELL:
        given["lots"] = tuple(draw(st.dictionaries(PIECES, SHARES, max_size=3)).items())
        if given["lots"]:
            given["quantity"] = sum(shares for _, shares in given["lots"])
        else:
            given["lot_method"] = draw(st.sampled_from(LEDGER_METHODS))
    return Transaction(day, account, action, symbol, **given)


@given(st.lists(transactions(), min_size=1, max_size=6))
def test_what_is_written_is_read_back(history: list[Transaction]) -> None:
    again = read_ledger(write_ledger(history), "l.csv")
    assert again.findings == ()
    assert again.transactions == tuple(history)


def test_written_as_one_would_write_it() -> None:
    sale = Transaction(DAY, "Joint", Action.SELL, "VTI", 1.5, 0.1, lots=(("L1", 1), ("=L2#2", 0.5)))
    split = Transaction(DAY, "", Action.SPLIT, "VTI", 10)
    paid_out = Transaction(DAY, "Joint", Action.WITHDRAW, amount=1_250.5)
    assert write_ledger([sale, split, paid_out]) == (
        f"{WRITTEN}2024-01-02,Joint,SELL,VTI,1.5,0.1,,,L1:1;=L2#2:0.5,,\n2024-01-02,,SPLIT,VTI,10,,,,,,\n"
        "2024-01-02,Joint,WITHDRAW,,,,,,,,1250.5\n"
    )


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"date": dt.date(2999, 1, 1)}, "in the future"),
        ({"account": " A"}, "ledger row 2: .* does not survive being written"),
        ({"symbol": "V\nTI"}, "characters that do not print"),
        ({"action": Action.SELL, "lots": {"a;b": 1.0}}, "names no lot with shares"),
        ({"action": Action.SELL, "lots": {" a": 1.0}}, "does not survive being written"),
        ({"action": Action.SPLIT, "price": 2.0}, "leave it empty"),
    ],
)
def test_what_a_file_cannot_say_is_not_written(changed: dict[str, Any], what: str) -> None:
    given: dict[str, Any] = {"date": DAY, "account": "A", "action": "BUY", "symbol": "VTI", "quantity": 1.0}
    with pytest.raises(LedgerError, match=what):
        write_ledger([Transaction(**{**given, **changed})])
    with pytest.raises(LedgerError, match="holds no trades"):
        write_ledger([])


def test_twenty_thousand_rows_take_a_moment() -> None:
    row = "2024-01-02,Joint,BUY,VTI,100,237.5,4.95,L{0},,\n2024-07-01,Joint,SELL,VTI,100,270.25,,,L{0}:60;M:40,\n"
    text = HEADER + "".join(row.format(at) for at in range(10_000))
    for changed, good in ((text, 20_000), (text.replace("SELL", "SEL"), 10_000)):
        start = time.process_time()
        history = read_ledger(changed, "l.csv", ACCOUNTS)
        assert time.process_time() - start < 2.0  # measured: 0.35 s
        assert len(history.transactions) == 20_000 - len(history.findings) == good
