from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rebal_kit.market import Market
from rebal_kit.sources.load import load_market

ADJUSTED = "adjusted prices only: dividends unknown, tax on them not modelled"
YAHOO = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
#: A 4-for-1 split on 2020-08-31 as Yahoo writes it: earlier rows are in the new shares.
SPLIT = (
    YAHOO
    + "2020-08-28 00:00:00-04:00,124,126,123,125,400,0.5,0.0\n"
    + "2020-08-31 00:00:00-04:00,127,131,126,129,200,0,4.0\n"
    + "2020-09-01 00:00:00-04:00,132,135,130,134,200,0.25,0.0\n"
)


def said(market: Market) -> list[str]:
    return [str(f) for f in market.findings if f.severity == "warning"]


def total_growth(market: Market) -> float:
    close, dividend, split = market.close[:, 0], market.dividend[:, 0], market.split[:, 0]
    return float(np.prod(split[1:] * (close[1:] + dividend[1:]) / close[:-1]))


def test_yahoos_split_adjustment_is_undone(write: Callable[..., Path]) -> None:
    market = load_market(write("AAPL.csv", SPLIT))
    assert market.close[:, 0].tolist() == [500, 129, 134]
    assert market.open[:, 0].tolist() == [496, 127, 132]
    assert market.dividend[:, 0].tolist() == [2, 0, 0.25]
    assert market.volume[:, 0].tolist() == [100, 200, 200]
    assert market.split[:, 0].tolist() == [1, 4, 1]
    assert total_growth(market) == pytest.approx(129 / 125 * (134 + 0.25) / 129)
    assert any("restated in the shares of the day (AAPL)" in str(f) for f in market.findings)


def test_raw_closes_are_left_as_they_are(write: Callable[..., Path]) -> None:
    rows = "2020-08-28,496,504,492,500,100,2,0\n2020-08-31,127,131,126,129,200,0,4\n"
    market = load_market(write("AAPL.csv", YAHOO + rows))
    assert market.close[:, 0].tolist() == [500, 129]
    assert market.dividend[0, 0] == 2
    assert any("taken as raw (AAPL)" in str(f) for f in market.findings)


def test_a_reverse_split_multiplies(write: Callable[..., Path]) -> None:
    rows = "2024-01-02,5,5,5,50,10,0,0\n2024-01-03,5,5,5,52,10,0,0.1\n"
    market = load_market(write("X.csv", YAHOO + rows))
    assert market.close[:, 0] == pytest.approx([5, 52])
    assert market.volume[:, 0] == pytest.approx([100, 10])


def test_closes_of_which_only_some_are_adjusted_are_an_error(errors: Callable[..., list[str]]) -> None:
    rows = "2024-01-02,A,100,0,0\n2024-01-03,A,50,0,2\n2024-01-02,B,100,0,0\n2024-01-03,B,101,0,2\n"
    (error,) = errors("Date,Ticker,Close,Dividends,Stock Splits\n" + rows)
    assert error.startswith(
        "prices.csv: the close of A falls by the split's factor on 2024-01-03, that of B does not on"
    )


def test_a_zero_in_stock_splits_is_no_split(write: Callable[..., Path]) -> None:
    market = load_market(write("A.csv", YAHOO + "2024-01-02,1,1,1,1,1,0,0.0\n2024-01-03,1,1,1,1,1,0,\n"))
    assert market.split[:, 0].tolist() == [1, 1]


@pytest.mark.parametrize(("action", "name"), [("0.5,0", "dividend of 0.5"), ("0,2", "split of 2")])
def test_an_action_needs_the_close_of_its_session(
    errors: Callable[..., list[str]], action: str, name: str
) -> None:
    rows = f"2024-01-02,1,0,0\n2024-01-03,,{action}\n2024-01-04,1,0,0\n"
    (error,) = errors("Date,Close,Dividends,Stock Splits\n" + rows, "A.csv")
    assert error.startswith(f"A.csv, A: has a {name} but no close on 2024-01-03")


@pytest.mark.parametrize(
    "content",
    [
        "Date,A\n2024-01-02,10\n",
        "Date,Adj Close\n2024-01-02,10\n",
        "Date,Close,Stock Splits\n2024-01-02,10,0\n",
    ],
)
def test_prices_without_dividends_are_accepted_and_said(write: Callable[..., Path], content: str) -> None:
    market = load_market(write("A.csv", content))
    assert market.close.tolist() == [[10]]
    assert [ADJUSTED in text for text in said(market)] == [True]


def test_adj_close_is_used_when_there_are_no_dividends_and_the_other_prices_follow(
    write: Callable[..., Path],
) -> None:
    market = load_market(
        write("A.csv", "Date,Open,Close,Adj Close,Stock Splits\n2024-01-02,9,10,5,0\n2024-01-03,8,8,4,2\n")
    )
    assert market.close[:, 0].tolist() == [5, 4]
    assert market.open[:, 0].tolist() == [4.5, 4]
    assert market.split[:, 0].tolist() == [1, 1]
    assert ADJUSTED in said(market)[0]


def test_dividends_beside_adj_close_alone_are_left_out_and_said(write: Callable[..., Path]) -> None:
    market = load_market(write("A.csv", "Date,Adj Close,Dividends\n2024-01-02,10,0\n2024-01-03,10,1\n"))
    assert not market.dividend.any()
    assert "so the Dividends column is left out" in said(market)[0]


def test_close_with_dividends_wins_over_adj_close(write: Callable[..., Path]) -> None:
    market = load_market(
        write("A.csv", "Date,Close,Adj Close,Dividends\n2024-01-02,10,5,0\n2024-01-03,11,11,1\n")
    )
    assert market.close[:, 0].tolist() == [10, 11]
    assert market.dividend[:, 0].tolist() == [0, 1]
    assert said(market) == []


def test_capital_gains_are_added_and_said(write: Callable[..., Path]) -> None:
    market = load_market(
        write("A.csv", "Date,Close,Dividends,Capital Gains\n2024-01-02,10,1,0\n2024-01-03,11,1,2\n")
    )
    assert market.dividend[:, 0].tolist() == [1, 3]
    assert "Capital Gains are added to Dividends" in said(market)[0]


def jumps(path: Path) -> list[str]:
    return [str(f) for f in load_market(path).findings if "no split says why" in f.what]


def test_an_incredible_move_is_said_with_date_and_values(write: Callable[..., Path]) -> None:
    days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"]
    table = {
        "A": ["10", "10", "101", "10", "10"],
        "B": ["10", "100", "10", "", "1"],
        "C": ["50", "", "4.9", "5", "5"],
    }
    rows = [f"{day},{','.join(table[symbol][at] for symbol in table)}" for at, day in enumerate(days)]
    assert jumps(write("prices.csv", "Date,A,B,C\n" + "\n".join(rows) + "\n")) == [
        (
            "prices.csv, A: the close goes from 10 to 101 on 2024-01-04, and no split says why (2 such moves)"
            " — check the price, or give the split"
        ),
        (
            "prices.csv, C: the close goes from 50 to 4.9 on 2024-01-04, and no split says why"
            " — check the price, or give the split"
        ),
    ]


def test_a_split_explains_a_move(write: Callable[..., Path]) -> None:
    rows = "2024-01-02,1000,0,0\n2024-01-03,50,0,20\n2024-01-04,51,0,0\n"
    path = write("prices.csv", "Date,Close,Dividends,Stock Splits\n" + rows)
    assert jumps(path) == []
    assert len(jumps(write("other.csv", path.read_text().replace("20\n", "0\n")))) == 1


@pytest.mark.filterwarnings("error")
def test_a_move_past_all_numbers_is_said_and_nothing_else(write: Callable[..., Path]) -> None:
    assert len(jumps(write("prices.csv", "Date,Close\n2024-01-02,1e-320\n2024-01-03,1e300\n"))) == 1


def test_a_dividend_above_the_close_is_said(write: Callable[..., Path]) -> None:
    rows = "2024-01-02,A,10,0\n2024-01-03,A,10,50\n2024-01-04,A,10,10.5\n2024-01-03,B,10,10\n"
    market = load_market(write("prices.csv", "Date,Ticker,Close,Dividends\n" + rows))
    assert [str(f) for f in market.findings if "dividend of" in f.what] == [
        (
            "prices.csv, A: the dividend of 50 on 2024-01-03 is more than that session's close of 10"
            " (2 such dividends) — check it: dividends are US$ a share"
        )
    ]
