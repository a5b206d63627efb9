from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebal_kit.sources.load import load_market


def test_names_in_any_spelling(write: Callable[..., Path]) -> None:
    names = "SYMBOL,date,OPEN,high,Low,cLose,Adj Close,volume,dividends,stock_splits,Capital Gains"
    row = "A,2024-01-02,1,3,1,2,2,100,0,0,0\n"
    market = load_market(write("prices.csv", f"{names}\n{row}"))
    assert (market.symbols, market.open[0, 0], market.high[0, 0], market.volume[0, 0]) == (("A",), 1, 3, 100)


def test_wide_columns_are_tickers_even_if_they_sound_like_fields(write: Callable[..., Path]) -> None:
    market = load_market(write("prices.csv", "Date,LOW,HD\n2024-01-02,200,300\n"))
    assert market.symbols == ("LOW", "HD")
    assert market.close.tolist() == [[200, 300]]


def test_an_index_without_a_name_is_the_date(write: Callable[..., Path], tmp_path: Path) -> None:
    frame = pd.DataFrame({"SPY": [1.0, 2.0]}, index=pd.to_datetime(["2024-01-02", "2024-01-03"]))
    frame.to_csv(tmp_path / "wide.csv")
    frame.to_parquet(tmp_path / "wide.parquet")
    for name in ("wide.csv", "wide.parquet"):
        assert load_market(tmp_path / name).close.tolist() == [[1], [2]]


def test_one_security_is_named_by_its_file(write: Callable[..., Path]) -> None:
    market = load_market(write("spy.csv", "Date,Close,Dividends\n2024-01-02,5,0\n"))
    assert market.symbols == ("SPY",)
    assert "the security is called SPY" in str(market.findings[0])


@pytest.mark.parametrize(
    "head",
    [
        "Price,Close,Close,Dividends,Dividends\nTicker,A,B,A,B\nDate,,,,\n",
        "Ticker,A,B,A,B\nPrice,Close,Close,Dividends,Dividends\nDate,,,,\n",
        ",Close,Close,Dividends,Dividends\nTicker,A,B,A,B\nDate,,,,\n",
        ",A,B,A,B\n,Close,Close,Dividends,Dividends\nDate,,,,\n",
    ],
)
def test_the_header_rows_of_yfinance(write: Callable[..., Path], head: str) -> None:
    market = load_market(write("prices.csv", head + "2024-01-02,1,2,0,0\n2024-01-03,3,,0.5,\n"))
    assert market.symbols == ("A", "B")
    assert market.close[0].tolist() == [1, 2]
    assert market.dividend.tolist() == [[0, 0], [0.5, 0]]
    assert not market.traded[1, 1]


@pytest.mark.parametrize("names", [["Price", "Ticker"], ["Ticker", "Price"], [None, None]])
def test_the_same_headers_in_parquet(tmp_path: Path, names: list[str | None]) -> None:
    pairs = [("Close", "A"), ("Close", "B"), ("Dividends", "A"), ("Dividends", "B")]
    if names[0] == "Ticker":
        pairs = [(symbol, field) for field, symbol in pairs]
    columns = pd.MultiIndex.from_tuples(pairs, names=names)
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], name="Date")
    frame = pd.DataFrame([[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.5, 0.0]], index=index, columns=columns)
    frame.to_parquet(tmp_path / "prices.parquet")
    market = load_market(tmp_path / "prices.parquet")
    assert market.symbols == ("A", "B")
    assert market.close.tolist() == [[1, 2], [3, 4]]
    assert np.isclose(market.dividend[1, 0], 0.5)


@pytest.mark.parametrize(
    ("head", "row", "message"),
    [
        (
            "Date,Ticker,Close,Dividens",
            "2024-01-02,A,1,0",
            "row 1, column 4: 'Dividens' is unknown — did you mean Divid",
        ),
        (
            "Date,Ticker,Close,Sector",
            "2024-01-02,A,1,x",
            "row 1, column 4: 'Sector' is unknown — delete it; known are",
        ),
        (",Date,Ticker,Close", "0,2024-01-02,A,1", "row 1, column 1: has no name — name it, or delete it"),
        (
            "Date,Ticker,Close,close",
            "2024-01-02,A,1,1",
            "row 1, column 4: 'close' is there twice (also column 3)",
        ),
        ("Date,SPY,SPY", "2024-01-02,1,1", "row 1, column 3: 'SPY' is there twice (also column 2)"),
        ("Date,Ticker,Symbol,Close", "2024-01-02,A,A,1", "row 1, column 3: 'Symbol' is unknown"),
        ("Ticker,Close", "A,1", "row 1: has no Date column"),
        ("Date,Open,High", "2024-01-02,1,1", "row 1: has no prices: neither Close nor Adj Close"),
        ("Date,Ticker,Open", "2024-01-02,A,1", "row 1: has no prices: neither Close nor Adj Close"),
        ("Date,Ticker", "2024-01-02,A", "row 1: has no prices: neither Close nor Adj Close"),
        ("Date,Date,Close", "2024-01-02,2024-01-02,1", "row 1, column 2: 'Date' is there twice — delete one"),
        ("Date,Ticker,Ticker,Close", "2024-01-02,A,A,1", "row 1, column 3: 'Ticker' is there twice"),
        (
            "Date,Open,High,Low,Clsoe,Volume",
            "2024-01-02,1,1,1,1,5",
            "row 1, column 5: 'Clsoe' is unknown — did you mean Close",
        ),
        (
            "Date,Adj Clos,Dividends",
            "2024-01-02,1,0",
            "row 1, column 2: 'Adj Clos' is unknown — did you mean Adj Close",
        ),
        (
            "Date,SPY,GLD,Volume",
            "2024-01-02,1,1,5",
            "row 1, column 4: 'Volume' is no ticker, and no column is a",
        ),
        ("Date,SPY,Low", "2024-01-02,2,1", "row 1, column 3: 'Low' is no ticker, and no column is a Close"),
        ("Price,Close\nTicker,", "2024-01-02,1", "row 1, column 2: 'Close / ' names no ticker"),
        (
            "Price,Clse\nTicker,A",
            "2024-01-02,1",
            "row 1, column 2: 'Clse / A' is unknown — did you mean Close",
        ),
    ],
)
def test_columns_that_mean_nothing(
    errors: Callable[..., list[str]], head: str, row: str, message: str
) -> None:
    (error,) = errors(f"{head}\n{row}\n")
    assert error.startswith(f"prices.csv {message}")
