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


DAYS = pd.bdate_range("2024-01-02", periods=2)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: market_of({"A": [1, 0], "B": [-2, 3], "C": [NAN, np.inf]}),
         ["close of B on 2024-01-02 is -2 (3 such values) — give prices above 0, NaN where there is none"]),
        (lambda: market_of({"A": [1, 2], "B": [NAN, NAN]}),
         ["B has no close at all — drop the column, or give its prices"]),
        (lambda: Market.from_close(pd.DataFrame([[1.0, 2.0]], index=DAYS[:1], columns=["A", "A"])),
         ["'A' is there twice — keep one column a security"]),
        (lambda: market_of({"A": [1, 2]}, dividend={"A": {"2024-01-02": -0.5}}, split={"A": {"2024-01-03": 0.0}}),
         ["dividend of A on 2024-01-02 is -0.5 — give 0 or more US$ a share",
          "split of A on 2024-01-03 is 0 — give new shares per old; 1 is no split"]),
        (lambda: replace(MARKET, close=MARKET.close[:, :1], dates=MARKET.dates[::-1]),
         ["close has shape (5, 1) — give (5, 2)", "dates are not strictly increasing — sort, drop repeats"]),
        (lambda: Market.from_close(pd.Series([1.0, 2.0], DAYS), split=[1, 1]),
         ["close is a Series, no table — give a DataFrame: dates down, symbols across",
          "split is a list, no table — give a DataFrame: dates down, symbols across"]),
        (lambda: Market.from_close(None),
         ["close is a NoneType, no table — give a DataFrame: dates down, symbols across"]),
        (lambda: Market.from_close(pd.DataFrame()), ["close has 0 rows and 0 columns — give some"]),
        (lambda: Market.from_close(pd.DataFrame({"A": [1.0, 2.0]})),
         ["the index of close holds no dates: 0 — convert it: close.index = pd.to_datetime(close.index)"]),
        (lambda: Market.from_close(pd.DataFrame({"A": [1.0]}, index=["soon"])),
         ["the index of close holds no dates: 'soon' — convert it: close.index = pd.to_datetime(close.index)"]),
        (lambda: Market.from_close(pd.DataFrame({"A": ["1.0", "$2"], "B": [True, False]}, DAYS)),
         ["close of A is no column of numbers but of str — convert it: table.astype(float)",
          "close of B is no column of numbers but of bool — convert it: table.astype(float)"]),
        (lambda: Market.from_close(
            pd.DataFrame({"A": [1.0, 2.0], "B": [1.0, 2.0]}, DAYS),
            dividend=pd.DataFrame({"B": [0.0, 0.0], "A": [0.0, 1.0]}, DAYS[::-1])),
         ["dividend has other dates than close — give the same dates in the same order",
          "dividend has other symbols than close — give the same symbols in the same order"]),
    ],
)  # fmt: skip
def test_what_is_no_history_is_said(build, said: list[str]) -> None:
    with pytest.raises(MarketError) as caught:
        build()
    assert [f"{finding.what} — {finding.remedy}" for finding in caught.value.findings] == said
    assert {finding.where for finding in caught.value.findings} <= {"market 'hand-made'", "market 'prices'"}


def test_dates_may_be_text_or_carry_an_offset() -> None:
    late = pd.DatetimeIndex(["2024-01-02 20:00", "2024-01-03 20:00"], tz="America/New_York")
    for index in (late, ["2024-01-02", "2024-01-03"], [dt.date(2024, 1, 2), dt.date(2024, 1, 3)]):
        market = Market.from_close(pd.DataFrame({"A": [1.0, 2.0]}, index=index))
        assert [str(date) for date in market.dates] == ["2024-01-02", "2024-01-03"]


def test_a_security_may_have_no_price_in_a_part_of_its_life() -> None:
    assert np.isnan(MARKET.between(end="2024-01-02").close[:, 1]).all()


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


@pytest.mark.parametrize("date", ["soon", "08/31/2012", 2012, None, pd.NaT, ["2012-08-31"]])
def test_what_is_no_date_is_said(date) -> None:
    with pytest.raises(MarketError) as caught:
        MARKET.quote(date)
    assert str(caught.value).endswith(f"{date!r} is no date — give a date, or text such as 2012-08-31")
    if date is not None:
        with pytest.raises(MarketError, match="is no date"):
            MARKET.between(end=date)


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
