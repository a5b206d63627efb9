"""Market: read-only arrays that are checked once, and views of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.domain import Security
from rebal_kit.findings import MarketError
from rebal_kit.market import FIELDS, Market
from tests.worlds import market_of

NAN = np.nan
MARKET = market_of({"A": [1, 2, NAN, 4, 5], "B": [NAN, 20, 21, 22, NAN]}, split={"A": {"2024-01-03": 2.0}})


def test_a_missed_session_carries_the_close_and_is_not_traded() -> None:
    np.testing.assert_array_equal(MARKET.close, [[1, NAN], [2, 20], [2, 21], [4, 22], [5, NAN]])
    np.testing.assert_array_equal(MARKET.traded[:, 0], [True, True, False, True, True])
    np.testing.assert_array_equal(MARKET.traded[:, 1], [False, True, True, True, False])
    assert np.isnan(MARKET.volume).all()
    assert MARKET.split[1, 0] == 2.0


@pytest.mark.parametrize("name", [*FIELDS, "traded"])
def test_arrays_are_read_only(name: str) -> None:
    array = getattr(MARKET, name)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_any_unit_become_days(unit: str) -> None:
    index = pd.DatetimeIndex(["2024-01-02 00:00", "2024-01-03 00:00"]).as_unit(unit)
    market = Market.from_close(pd.DataFrame({"A": [1.0, 2.0]}, index=index))
    assert market.dates.dtype == np.dtype("datetime64[D]")
    assert market.dates[1].item() == dt.date(2024, 1, 3)


def test_arrays_of_another_shape_are_refused() -> None:
    with pytest.raises(MarketError) as caught:
        replace(MARKET, close=MARKET.close[:, :1])
    assert str(caught.value) == "market 'hand-made': close has shape (5, 1) — give (5, 2)"


@pytest.mark.parametrize("dates", [["2024-01-03", "2024-01-02"], ["2024-01-02", "2024-01-02"]])
def test_dates_must_increase(dates: list[str]) -> None:
    with pytest.raises(MarketError) as caught:
        market_of({"A": [1, 2]}, dates)
    assert str(caught.value) == "market 'hand-made': dates are not strictly increasing — sort, drop repeats"


def test_select_keeps_the_order_asked_for() -> None:
    chosen = MARKET.select(["B", "A"])
    assert chosen.symbols == ("B", "A")
    np.testing.assert_array_equal(chosen.close, MARKET.close[:, ::-1])
    np.testing.assert_array_equal(chosen.split, MARKET.split[:, ::-1])
    assert chosen.column("A") == 1
    with pytest.raises(MarketError) as caught:
        MARKET.select(["A", "X"])
    assert str(caught.value) == "market 'hand-made': has no 'X' — it has A, B"
    many = market_of({f"S{i}": [1.0] for i in range(15)})
    with pytest.raises(MarketError, match=r"it has S0, S1, .*, S11 …$"):
        many.column("X")


def test_between_includes_both_ends() -> None:
    market = replace(MARKET, volatility_index=np.arange(5.0))
    cut = market.between("2024-01-03", dt.date(2024, 1, 5))
    assert [str(d) for d in cut.dates] == ["2024-01-03", "2024-01-04", "2024-01-05"]
    assert cut.volatility_index.tolist() == [1.0, 2.0, 3.0]
    assert len(market.between().dates) == 5
    assert len(market.between(end="2024-01-02").dates) == 1
    with pytest.raises(MarketError) as caught:
        market.between("2025-01-01", "2025-02-01")
    assert str(caught.value) == (
        "market 'hand-made': has no session from 2025-01-01 to 2025-02-01 — it runs from 2024-01-02 to 2024-01-08"
    )


def test_common_start_is_where_all_have_a_price() -> None:
    assert MARKET.common_start() == dt.date(2024, 1, 3)
    assert MARKET.common_start(["A"]) == dt.date(2024, 1, 2)


def test_a_quote_is_the_last_session_on_or_before() -> None:
    assert MARKET.quote("2024-01-07").date == dt.date(2024, 1, 5)
    quote = MARKET.quote(dt.date(2024, 1, 4))
    assert (quote.symbols, quote.close.tolist()) == (("A", "B"), [2.0, 21.0])
    with pytest.raises(MarketError) as caught:
        MARKET.quote("2023-12-31")
    assert str(caught.value) == (
        "market 'hand-made': has no session on or before 2023-12-31 — it starts on 2024-01-02"
    )


def test_a_market_is_a_table_again_and_prints_short() -> None:
    frame = MARKET.frame()
    assert list(frame.columns) == ["A", "B"]
    assert frame.index.name == "date"
    np.testing.assert_array_equal(frame.to_numpy(), MARKET.close)
    assert MARKET.frame("split").to_numpy()[1, 0] == 2.0
    assert repr(MARKET) == "<Market 'hand-made': 2 securities, 5 sessions, 2024-01-02 to 2024-01-08>"


def test_what_a_security_is_can_be_given() -> None:
    bond = Security("A", qualified_share=0.0, state_exempt=True)
    assert market_of({"A": [1.0]}, securities=(bond,)).securities == (bond,)
    assert market_of({"A": [1.0]}).securities == (Security("A"),)
