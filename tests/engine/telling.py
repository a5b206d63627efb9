"""Small worlds for stories of the household, and how to read what was traded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import AccountKind, Household, TaxLot
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import market_of

LONG_AGO, LATELY = dt.date(2020, 1, 2), dt.date(2023, 9, 1)
FIRST = dt.date(2024, 1, 2)
#: Every dollar of gain is taxed and every dollar of loss saves tax: there are gains enough outside.
FLAT = TaxProfile(flat=(0.40, 0.20, 0.20), outside_short=1e6, outside_long=1e6, retirement_rate=0.3)
TO_TARGET = RebalancePolicy("to target", Threshold(ToleranceBand(absolute=0.001)), invest_cash_above=0.0)
IRA, ROTH = AccountKind.IRA, AccountKind.ROTH_IRA


def lot(name: str, symbol: str, quantity: float, price: float, acquired: dt.date = LONG_AGO) -> TaxLot:
    return TaxLot(name, symbol, quantity, quantity * price, acquired)


def run(
    market: Market, household: Household, policy: RebalancePolicy = TO_TARGET, **choices: Any
) -> Backtest:
    found = backtest(market, household, policy, open_with="lots", **choices)
    assert found.audit().clean
    return found


def traded(found: Backtest) -> list[tuple[str, str, str, float]]:
    """Account, side, symbol and US$ of every order."""
    orders = found.journal.groupby("order", sort=True).agg(
        {"account": "first", "side": "first", "symbol": "first", "amount": "sum"}
    )
    return [
        (row.account, row.side, row.symbol, pytest.approx(row.amount, abs=1e-6))
        for row in orders.itertuples()
    ]


def flat_market(days: int = 1, **prices: float) -> Market:
    return market_of({symbol: [price] * days for symbol, price in (prices or {"A": 10.0, "B": 10.0}).items()})
