from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rebal_kit.sources.load import load_market

HEADER = "Date,Ticker,Close,Dividends\n"


def test_long_rows_become_columns(write: Callable[..., Path]) -> None:
    rows = "2024-01-02,B,1,0\n2024-01-02,A,10,0\n2024-01-03,B,2,0.5\n2024-01-03,A,20,0\n"
    market = load_market(write("prices.csv", HEADER + rows))
    assert market.symbols == ("B", "A")
    assert market.close.tolist() == [[1, 10], [2, 20]]
    assert market.dividend.tolist() == [[0, 0], [0.5, 0]]
    assert market.traded.all()
    assert market.source == "prices.csv, 2024-01-02 to 2024-01-03"


def test_a_date_twice_is_an_error_at_the_later_row(errors: Callable[..., list[str]]) -> None:
    rows = "2024-01-02,A,10,0\n2024-01-02,B,10,0\n2024-01-03,A,10,0\n2024-01-02,A,10,0\n"
    (error,) = errors(HEADER + rows)
    assert error.startswith("prices.csv row 5, column 'Date': 2024-01-02 of A is there already, in row 2")


def test_a_date_twice_in_a_wide_table(errors: Callable[..., list[str]]) -> None:
    (error,) = errors("Date,SPY\n2024-01-02,1\n2024-01-02 00:00:00,2\n")
    assert error.startswith("prices.csv row 3, column 'Date': 2024-01-02 is there already, in row 2")


def test_unsorted_rows_are_sorted_and_said(write: Callable[..., Path]) -> None:
    rows = ["2024-01-02,A,10,0\n", "2024-01-03,A,11,0\n", "2024-01-04,A,12,0\n"]
    market = load_market(write("prices.csv", HEADER + "".join(reversed(rows))))
    assert market.close[:, 0].tolist() == [10, 11, 12]
    (warning,) = [f for f in market.findings if f.severity == "warning"]
    assert str(warning).startswith(
        "prices.csv row 3: 2024-01-03 comes after 2024-01-04 (2 rows are out of order)"
    )


def test_tickers_one_after_the_other_are_in_order(write: Callable[..., Path]) -> None:
    rows = "".join(f"2024-01-0{day},{symbol},5,0\n" for symbol in "AB" for day in (2, 3, 4))
    assert not [
        f for f in load_market(write("prices.csv", HEADER + rows)).findings if f.severity == "warning"
    ]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("EUR", "'EUR' is not USD (1 rows; the file has EUR, USD)"),
        ("", "'' is not USD (1 rows; the file has (empty), USD)"),
        ("{x}", "'{x}' is not USD (1 rows; the file has USD, {x})"),
    ],
)
def test_currencies_are_not_mixed(errors: Callable[..., list[str]], second: str, message: str) -> None:
    (error,) = errors(f"Date,Close,Currency\n2024-01-02,1,USD\n2024-01-03,1,{second}\n")
    assert error.startswith(f"prices.csv row 3, column 'Currency': {message}")


def test_dollars_are_accepted(write: Callable[..., Path]) -> None:
    market = load_market(write("spy.csv", "Date,Close,Currency\n2024-01-02,1,USD\n"))
    assert np.array_equal(market.close, [[1.0]])
