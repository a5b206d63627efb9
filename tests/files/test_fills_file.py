"""Fills in CSV files: read with all columns, every fault said with row and column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rebal_kit.files.fills_file import Fill, load_fills, read_fills
from rebal_kit.findings import LedgerError

HEADER = "proposal,trade,account,symbol,side,quantity,price,date,fees,fill\n"


def faults(text: str) -> list[str]:
    with pytest.raises(LedgerError) as raised:
        read_fills(text, "fills.csv")
    return [str(finding) for finding in raised.value.findings]


def test_all_columns_and_only_those_needed(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(
        HEADER + "3f9c2a7d10be,2,Joint,SPY,SELL,12.5,501.1,2024-08-13,0.35,X1\n", encoding="utf-8"
    )
    day = dt.date(2024, 8, 13)
    assert load_fills(path) == (
        Fill(f"{path} row 2", 12.5, 501.1, day, 0.35, "3f9c2a7d10be", 2, "Joint", "SPY", "sell", "X1"),
    )
    assert read_fills("trade,quantity,price,date\n2,12.5,501.1,2024-08-13\n", "f") == (
        Fill("f row 2", 12.5, 501.1, day, trade=2),
    )
    (named,) = read_fills("Account,Symbol,Side,Quantity,Price,Date\n'=x,SPY,buy,1,2,2024-08-13\n", "f")
    assert (named.account, named.side, named.trade) == ("=x", "buy", None)


def test_every_fault_is_said_with_row_and_column() -> None:
    said = faults(
        HEADER
        + ",two,,,,0,501.1,2024-08-13,,\n"
        + ",,Joint,SPY,short,12,-1,2024-13-01,x,\n"
        + ",,Joint,,buy,1,1,2024-08-13,,\n"
        + ',1,,,,"1,000",1,2024-08-13,,\n'
        + ",1,,,,nan,1e999,13/08/2024,,\n"
    )  # fmt: skip
    for words in (
        "fills.csv row 2, column trade: is 'two' — give the number of the trade, as in the orders file",
        "fills.csv row 2, column quantity: is '0' — give a number above 0",
        "fills.csv row 3, column side: is 'short' — write buy or sell",
        "fills.csv row 3, column price: is '-1' — give a number above 0",
        "fills.csv row 3, column date: is 2024-13-01, which is not in the calendar",
        "fills.csv row 3, column fees: is 'x', not a number",
        "fills.csv row 4, column symbol: is missing — give the number of the trade, or account, symbol and side",
        "fills.csv row 5, column quantity: is '1,000', not a number — write it without separators",
        "fills.csv row 6, column quantity: is 'nan', not a number",
        "fills.csv row 6, column price: is '1e999'",
        "fills.csv row 6, column date: is '13/08/2024', which is no date",
    ):
        assert any(words in line for line in said), (words, said)
    assert len(said) == 11


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trade,quantity,price\n1,2,3\n", "column 'date' is missing"),
        (
            "quantity,price,date\n1,2,2024-08-13\n",
            "column 'trade' is missing — give the number of the trade",
        ),
        ("trade,quantity,price,date,when\n", "unknown column 'when'"),
        ("trade;quantity;price;date\n", "columns are not separated by commas"),
        ("trade,quantity,price,date\n", "holds no fills"),
        ("trade,quantity,price,date\n1,2,3\n", "has 3 cells under 4 columns"),
        ("trade,quantity,price,date\n1,2,3,2190-01-01\n", "in the future"),
        ('trade,quantity,price,date\n1,"2,3,2024-08-13\n', "is not CSV"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, said: str) -> None:
    assert said in "\n".join(faults(text))
