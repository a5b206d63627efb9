"""Limits on gains that somebody's changes do not keep: said, with the trades and the US$."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd

from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.gain_limits import GainLimits
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from rebal_kit.targets import TargetAllocation
from rebal_kit.to_date import YearToDate
from tests.proposal.scanned import said

DAY = dt.date(2026, 6, 1)
POLICY = RebalancePolicy("limits", triggers=())


def sold(shares: float, policy: RebalancePolicy = POLICY, **changes: Any) -> Any:
    """Shares of YOUNG, bought at 50 on 10 June 2025 and worth 100: long-term from 11 June 2026."""
    days = pd.bdate_range(end=pd.Timestamp(DAY), periods=5)
    market = Market.from_close(pd.DataFrame({"YOUNG": [100.0] * 5, "B": [10.0] * 5}, index=days))
    lot = TaxLot("Y1", "YOUNG", 100, 5_000.0, dt.date(2025, 6, 10))
    account = Account("Main", "owner", AccountKind.TAXABLE, lots=(lot,))
    household = Household(
        "one", (account,), TargetAllocation({"YOUNG": 0.5, "B": 0.5}), as_of=DAY, loss_sales=(), complete=True
    )
    asked = propose(market, replace(household, **changes), policy)
    return revise(asked, add=[("Main", "sell", "YOUNG", shares, {"Y1": shares})]).findings


def test_a_short_term_gain_where_there_may_be_none() -> None:
    found = sold(20, replace(POLICY, gains=GainLimits(short="never")))
    assert said(found, "trade 1: short-term gains of US$ 1,000.00 are realised, which the policy never takes")


def test_a_gain_that_should_wait() -> None:
    """On 1 June it is ten days to 11 June."""
    assert said(sold(20, replace(POLICY, gain_guard_days=10)), "US$ 1,000.00 turn long-term within 10 days")
    assert not said(sold(20, replace(POLICY, gain_guard_days=9)), "turn long-term")


def test_a_budget_that_is_overspent() -> None:
    spent = YearToDate(long=400.0)
    policy = replace(POLICY, gains=GainLimits(max_gain_usd=1_200.0))
    assert said(sold(20, policy, year_to_date=spent), "US$ 1,400.00, over the budget of US$ 1,200.00")
    assert not said(sold(16, policy, year_to_date=spent), "over the budget")


def test_what_is_kept_is_not_said() -> None:
    assert not said(sold(20), "gain")
