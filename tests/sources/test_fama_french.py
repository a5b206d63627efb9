"""The oldest market: monthly factors compounded, and what is not known of them."""

from __future__ import annotations

import pandas as pd
import pytest

from rebal_kit.sources.load import load_market


def test_the_oldest_market_is_the_factors_compounded() -> None:
    market = load_market("fama_french")
    assert market.symbols == ("MKT", "BILL")
    assert (str(market.dates[0]), str(market.dates[1]), str(market.dates[-1])) == (
        "1926-06-30",
        "1926-07-30",
        "2018-11-30",
    )
    assert market.close[0].tolist() == [100.0, 100.0]
    assert market.close[1].tolist() == pytest.approx(
        [103.18, 100.22]
    )  # July 1926: 2.96 % + 0.22 %, and 0.22 %
    assert len(market.dates) == 1_110
    assert all(pd.Timestamp(day).weekday() < 5 for day in market.dates[:60])
    assert any("dividends and interest are in the price" in finding.what for finding in market.findings)
