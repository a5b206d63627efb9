"""Names of lots for what the engine's journal sells: pieces of a purchase one by one, over orders and splits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from tests.proposal.scanned import DATES, POLICY, small_household, small_market

HOLD = replace(POLICY, triggers=(), harvest=None)
DAY = dt.date(2023, 5, 3)
#: One purchase of 30 STX that wash sales have cut in three.
PIECES = (
    TaxLot("X", "STX", 10.0, 600.0, DAY),
    TaxLot("X.1", "STX", 12.0, 800.0, DAY, holding_start=dt.date(2022, 1, 3), deferred=80.0),
    TaxLot("X.2", "STX", 8.0, 700.0, DAY, holding_start=dt.date(2021, 1, 4), deferred=220.0),
)


def sold(*add: Any, market: Any = None, **household: Any) -> list[tuple[int, str, float, float]]:
    before = propose(market or small_market(), small_household(taxable=PIECES, **household), HOLD)
    found = revise(before, add=add)
    assert not [finding for finding in found.findings if finding.severity == "error"]
    return [
        (row.trade, row.lot, pytest.approx(row.quantity), pytest.approx(row.basis))
        for row in found.lots.itertuples()
    ]


@pytest.mark.parametrize(
    ("name", "shares", "basis"), [("X", 10.0, 600.0), ("X.1", 12.0, 800.0), ("X.2", 4.0, 350.0)]
)
def test_a_piece_by_its_name(name: str, shares: float, basis: float) -> None:
    assert sold(("Main", "sell", "STX", shares, {name: shares})) == [(1, name, shares, basis)]


def test_pieces_after_one_of_them_was_sold_whole() -> None:
    first, second = ("Main", "sell", "STX", 12, {"X.1": 12}), ("Main", "sell", "STX", 8, {"X.2": 8})
    assert [row[:2] for row in sold(first)] == [(1, "X.1")]
    rows = sold(first, ("Main", "sell", "STX", 18))
    assert [(row[0], row[1]) for row in rows] == [(1, "X.1"), (2, "X.2"), (2, "X")]
    assert [row[1] for row in sold(("Main", "sell", "STX", 20, {"X.1": 12, "X.2": 8}))] == ["X.1", "X.2"]
    assert second


def test_pieces_in_two_orders_over_a_split() -> None:
    """Of 20 shares of X after a split, 15 are sold by one order and 5 by the next."""
    market = small_market(split={"STX": {DATES[2]: 2.0}})
    rows = sold(
        ("Main", "sell", "STX", 15, {"X": 15}), ("Main", "sell", "STX", 5, {"X": 5}), market=market,
        as_of=dt.date(2024, 2, 28),
    )  # fmt: skip
    assert rows == [(1, "X", 15.0, 450.0), (2, "X", 5.0, 150.0)]


def test_what_was_reinvested_since_has_a_name_of_its_own() -> None:
    """3 US$ a share on 150 STK buy 450 / 98 shares of it; S1 stays, since they would wash its loss."""
    market = small_market(dividend={"STK": {DATES[2]: 3.0}})
    household = small_household(as_of=dt.date(2024, 2, 28))
    accounts = (replace(household.accounts[0], dividends="drip"), household.accounts[1])
    before = propose(market, replace(household, accounts=accounts), HOLD)
    held = 50 + 450 / 98
    found = revise(before, add=[("Main", "sell", "STK", held)])
    assert sum(found.lots["quantity"]) == pytest.approx(held)
    new = set(found.lots["lot"]) - {"S2"}
    assert len(new) == 1
    assert new.pop().startswith("STK-")
