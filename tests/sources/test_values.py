from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.findings import MarketError
from rebal_kit.sources.load import load_market
from rebal_kit.sources.table_files import read_market
from rebal_kit.sources.values import Problems, parse_numbers

HEADER = "Date,Ticker,Close,Dividends\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-01-02,A,N/A,0", "column 'Close': 'N/A' is not a number"),
        ('2024-01-02,A,"1,234.5",0', "column 'Close': '1,234.5' is not a number"),
        ("2024-01-02,A,nan,0", "column 'Close': 'nan' is not a number"),
        ("2024-01-02,A,inf,0", "column 'Close': 'inf' is not a number"),
        ("2024-01-02,A,$5,0", "column 'Close': '$5' is not a number"),
        ("2024-01-02,A,0,0", "column 'Close': 0 is not positive"),
        ("2024-01-02,A,-5,0", "column 'Close': -5 is not positive"),
        ("2024-01-02,A,5,-1", "column 'Dividends': -1 is not 0 or more"),
        ("2024-13-02,A,5,0", "column 'Date': '2024-13-02' is no date"),
        ("2024-02-30,A,5,0", "column 'Date': '2024-02-30' is no date"),
        ("01/02/2024,A,5,0", "column 'Date': '01/02/2024' is no date"),
        ("20240102,A,5,0", "column 'Date': '20240102' is no date"),
        (",A,5,0", "column 'Date': '' is no date"),
        ("2999-01-02,A,5,0", "column 'Date': 2999-01-02 is in the future"),
        ("2024-01-02, ,5,0", "column 'Ticker': is empty"),
    ],
)
def test_a_bad_cell_is_located(errors: Callable[..., list[str]], row: str, message: str) -> None:
    (error,) = errors(f"{HEADER}2023-12-29,A,5,0\n{row}\n2024-01-03,A,5,0\n")
    assert error.startswith(f"prices.csv row 3, {message} — ")


def test_all_bad_cells_are_told_at_once_in_the_order_of_the_file(errors: Callable[..., list[str]]) -> None:
    found = errors(HEADER + "2024-01-02,A,x,-1\nyesterday,A,5,0\n2024-01-04,A,5,y\n")
    places = [error.split(":")[0] for error in found]
    assert places == [
        "prices.csv row 2, column 'Close'", "prices.csv row 2, column 'Dividends'", "prices.csv row 3, column 'Date'",
        "prices.csv row 4, column 'Dividends'",
    ]  # fmt: skip


def test_twenty_errors_are_listed_and_the_rest_counted(errors: Callable[..., list[str]]) -> None:
    rows = "".join(f"2024-01-{day:02d},A,x,y\n" for day in range(2, 30))
    found = errors(HEADER + rows)
    assert len(found) == 21
    assert found[19].startswith("prices.csv row 11, column 'Dividends'")
    assert found[20].startswith("prices.csv: and 36 more errors")


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-02",
        "2024-01-02 00:00:00",
        "2024-01-02 00:00:00-05:00",
        "2024-01-02T05:00:00Z",
        "2024-01-02 16:00:00.5+0000",
    ],
)
def test_times_and_zones_leave_the_day_of_the_exchange(write: Callable[..., Path], written: str) -> None:
    market = load_market(write("prices.csv", f"{HEADER}{written},A,5,0\n"))
    assert market.dates.astype(str).tolist() == ["2024-01-02"]


def test_today_is_not_the_future(write: Callable[..., Path]) -> None:
    path = write("prices.csv", HEADER + "2024-01-02,A,5,0\n")
    assert len(read_market(path, today=dt.date(2024, 1, 2)).dates) == 1
    with pytest.raises(MarketError, match="2024-01-02 is in the future"):
        read_market(path, today=dt.date(2024, 1, 1))


def test_numbers_of_parquet_are_checked_too(tmp_path: Path) -> None:
    days = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04", None])
    frame = pd.DataFrame(
        {"Date": days, "Ticker": "A", "Close": [1.0, -1.0, np.inf, 1.0], "Dividends": [0, 0, 0, 0]}
    )
    frame.to_parquet(tmp_path / "prices.parquet", index=False)
    with pytest.raises(MarketError) as caught:
        load_market(tmp_path / "prices.parquet")
    assert [str(f).split(" — ")[0] for f in caught.value.findings] == [
        "prices.parquet row 2, column 'Close': -1.0 is not positive",
        "prices.parquet row 3, column 'Close': 'inf' is not a number",
        "prices.parquet row 4, column 'Date': 'NaT' is no date",
    ]


def test_dates_that_are_numbers_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"Date": [45293], "Close": [1.0]}).to_parquet(tmp_path / "prices.parquet", index=False)
    with pytest.raises(MarketError, match="'45293' is no date"):
        load_market(tmp_path / "prices.parquet")


@given(st.lists(st.one_of(st.floats(0.01, 1e6), st.text(max_size=6), st.just("")), min_size=1, max_size=30))
def test_every_cell_is_a_number_empty_or_a_problem(cells: list[float | str]) -> None:
    problems = Problems("prices.csv")
    texts = np.array([str(cell) for cell in cells], dtype=object)
    numbers = parse_numbers(texts, np.arange(len(cells)), "Close", problems, positive=True)
    empty = sum(not str(cell).strip() for cell in cells)
    assert int(np.isfinite(numbers).sum()) + empty + problems.count == len(cells)
    assert (numbers[np.isfinite(numbers)] > 0).all()
