"""Shares and funds are held; options, bonds and the rest are named for what they are."""

from __future__ import annotations

import pytest

from rebal_kit.files.held_kind import why_not_held


@pytest.mark.parametrize("symbol", ["SPY", "F", "BRK/B", "BRK.B", "BRK B", "BF-B", "VTSAX", "T1", "GOOGL"])
def test_tickers_are_held(symbol: str) -> None:
    assert why_not_held(symbol) == ""
    assert why_not_held(symbol, "Equity", {"equity"}) == ""


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("AAPL 01/16/2026 250.00 C", "is an option"), ("-AAPL260116P200", "is an option"),
        ("SOFI  280616P00015000", "ticker"), ("VOO 16JAN26 30 C", "is an option"), ("91282CPU9", "has a CUSIP"),
        ("912810QF8", "has a CUSIP"), ("null", "is no ticker"), ("=cmd()", "is no ticker"), ("spy", "is no ticker"),
        ("EUR.USD2", "is no ticker"), ("<b>", "is no ticker"), ("S P Y", "is no ticker"),
    ],
)  # fmt: skip
def test_other_symbols_are_not(symbol: str, said: str) -> None:
    assert said in why_not_held(symbol)


def test_the_brokers_word_counts_before_the_symbol() -> None:
    assert why_not_held("SPY", "Option", {"equity"}) == "is 'Option', neither a share nor a fund"
