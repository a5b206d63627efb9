"""Worlds in which prices stand still, so that each order shows when it was carried out and at what price."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.execution import Execution
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.triggers import Calendar
from tests.engine.telling import FLAT, lot
from tests.worlds import account, household_of

DAYS = pd.bdate_range("2024-01-30", periods=12)  # the third of them is the first of February
MONTHLY = RebalancePolicy("monthly", Calendar("month"), invest_cash_above=1.0)
LOTS = [lot("a", "A", 600, 10.0), lot("b", "B", 400, 10.0)]


def world(**ranges: dict[int, float]) -> Market:
    """A and B at US$ 10 throughout; `open`, `high` and `low` of A on some sessions, else 10, and of B always 10."""
    shape = (len(DAYS), 2)
    arrays = {name: np.full(shape, 10.0) for name in ("open", "high", "low")}
    for name, days in ranges.items():
        for day, price in days.items():
            arrays[name][day, 0] = price
    close = pd.DataFrame(10.0, DAYS, ["A", "B"])
    return Market.from_close(
        close, name="still", volume=np.full(shape, 100.0), volatility_index=np.full(len(DAYS), 15.0), **arrays
    )


def thin_market() -> Market:
    """US$ 10 and 100 shares a day, for fifty sessions before those of the run and as many as these in it."""
    index = pd.bdate_range(end=DAYS[-1], periods=50 + len(DAYS))
    close = pd.DataFrame(10.0, index, ["A", "B"])
    return Market.from_close(close, name="thin", volume=np.full(close.shape, 100.0))


def run(market: Market, execution: Execution, **more: Any) -> Backtest:
    """US$ 600 too much of A and as much too little of B, back to half and half on the first of February."""
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS), tax=FLAT)
    found = backtest(market, household, replace(MONTHLY, execution=execution, **more), open_with="lots")
    assert found.audit().clean
    return found


def told(found: Backtest) -> list[tuple[int, str, str, float, float]]:
    """Session, side, symbol, shares and price of every order."""
    rows = found.journal.groupby("order", sort=True).agg(
        {"date": "first", "side": "first", "symbol": "first", "quantity": "sum", "price": "first"}
    )
    return [
        (found.dates.get_loc(r.date), r.side, r.symbol, pytest.approx(r.quantity), pytest.approx(r.price))
        for r in rows.itertuples()
    ]


def stirring(days: int = 12, symbols: str = "ABC", **moves: dict[int, float]) -> Market:
    """Securities at US$ 10, each close changed where `moves` says so from that session on; ranges are the closes."""
    index = pd.bdate_range("2024-01-30", periods=days)
    close = pd.DataFrame(10.0, index, list(symbols))
    for symbol, changes in moves.items():
        for session, price in changes.items():
            close.loc[index[session] :, symbol] = price
    values = close.to_numpy()
    ranges = {name: values.copy() for name in ("open", "high", "low")}
    return Market.from_close(
        close,
        name="stirring",
        volume=np.full(values.shape, 100.0),
        volatility_index=np.full(days, 15.0),
        **ranges,
    )


THREE = [lot("a", "A", 600, 10.0), lot("b", "B", 300, 10.0), lot("c", "C", 100, 10.0)]


def run_three(market: Market, execution: Execution, trigger: Any = None, **more: Any) -> Backtest:
    """US$ 3,500, 3,500 and 3,000 are wanted of A, B and C, of which US$ 6,000, 3,000 and 1,000 are there."""
    household = household_of({"A": 0.35, "B": 0.35, "C": 0.3}, account(lots=THREE), tax=FLAT)
    policy = replace(MONTHLY, execution=execution, **more)
    if trigger is not None:
        policy = replace(policy, triggers=(trigger,))
    found = backtest(market, household, policy, open_with="lots")
    assert found.audit().clean
    return found
