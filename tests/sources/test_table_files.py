"""Whole files: the bundled ones read as a user's, and every layout of the same history."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebal_kit.market import FIELDS
from rebal_kit.sources.bundled import data_folder
from rebal_kit.sources.load import load_market


@pytest.mark.parametrize(("file", "name"), [("etfs.parquet", "etf"), ("us_stocks.parquet", "stocks")])
def test_a_bundled_file_read_by_path_is_the_bundled_market(file: str, name: str) -> None:
    read = load_market(data_folder() / "prices" / file)
    bundled = load_market(name).select(read.symbols)
    assert np.array_equal(read.dates, bundled.dates)
    for field in (*FIELDS, "traded"):
        assert np.array_equal(getattr(read, field), getattr(bundled, field), equal_nan=True), field


def test_the_dow_file_read_by_path_is_the_bundled_market() -> None:
    read, bundled = load_market(data_folder() / "prices" / "dow30_adjusted.parquet"), load_market("dow30")
    assert read.symbols == bundled.symbols
    assert np.array_equal(read.close, bundled.close, equal_nan=True)


def test_all_layouts_of_one_history_agree(tmp_path: Path) -> None:
    table = pd.read_parquet(data_folder() / "prices" / "etfs.parquet").query("ticker != 'GLD'")
    table = table[table.date >= pd.Timestamp("2010-01-01").date()].drop(columns="adj_close")
    table.to_csv(tmp_path / "long.csv", index=False)
    table.to_parquet(tmp_path / "long.parquet", index=False)
    names = {"close": "Close", "dividend": "Dividends", "open": "Open", "high": "High", "low": "Low",
             "volume": "Volume", "split": "Stock Splits", "ticker": "Ticker", "date": "Date"}  # fmt: skip
    yahoo = (
        table.rename(columns=names)
        .pivot_table(index="Date", columns="Ticker")
        .rename_axis(columns=["Price", "Ticker"])
    )
    yahoo.to_csv(tmp_path / "yahoo.csv")
    yahoo.to_parquet(tmp_path / "yahoo.parquet")
    expected = load_market("etf").select(["IYR", "SPY"]).between(start="2010-01-01")
    for file in ("long.csv", "long.parquet", "yahoo.csv", "yahoo.parquet"):
        read = load_market(tmp_path / file).select(["IYR", "SPY"])
        for field in (*FIELDS, "traded"):
            assert np.array_equal(getattr(read, field), getattr(expected, field), equal_nan=True), (
                file,
                field,
            )


def test_a_large_csv_takes_seconds_not_minutes(tmp_path: Path) -> None:
    table = pd.read_parquet(data_folder() / "prices" / "us_stocks.parquet").query("ticker < 'C'")
    table.to_csv(tmp_path / "large.csv", index=False)
    began = time.perf_counter()
    assert load_market(tmp_path / "large.csv").traded.sum() == len(table)
    assert time.perf_counter() - began < 10
