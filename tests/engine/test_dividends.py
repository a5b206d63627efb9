"""Dividends of shares that are sold too soon are ordinary income: more than 60 days of the 121 around the ex-date."""

from __future__ import annotations

import pandas as pd
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from tests.worlds import account, household_of, market_of

FLAT = TaxProfile(flat=(0.40, 0.20, 0.20))


def run_of(days_held: int, *, split: float = 1.0):
    """100 A at $100, ex-date on day 10 at $1 a share, harvested into B `days_held` days after the purchase."""
    dates = pd.date_range("2024-01-02", periods=days_held + 2)
    fall = 100.0 / split
    close = [100.0] * 12 + [fall] * (days_held - 12) + [fall * 0.8] * 2
    market = market_of(
        {"A": close, "B": [50.0] * len(close)}, dates.strftime("%Y-%m-%d").tolist(),
        dividend={"A": {"2024-01-12": 1.0}}, split={"A": {"2024-01-14": split}},
    )  # fmt: skip
    stocks = AssetClass("stocks", {"A": 1.0, "B": 0.0}, {"A": ["B"]})
    household = household_of({stocks: 1.0}, account(value=10_000.0), tax=FLAT)
    rules = RebalancePolicy("harvest", (), harvest=Harvest(0.1, 100.0), invest_cash_above=1.0)
    return backtest(market, household, rules)


@pytest.mark.parametrize(("days_held", "qualified"), [(60, 0.0), (61, 100.0), (90, 100.0)])
def test_sixty_days_are_too_few(days_held, qualified):
    # Held from the day after the purchase to the day of the sale: 60 days are not more than 60.
    year = run_of(days_held).years.loc[2024]
    assert year["harvested"] == pytest.approx(2_000)
    assert year["qualified"] == pytest.approx(qualified)
    assert year["ordinary"] == pytest.approx(100.0 - qualified)


def test_shares_are_counted_as_on_the_ex_date():
    # Two new shares for one after the ex-date: 200 are sold, the dividend was on 100.
    year = run_of(40, split=2.0).years.loc[2024]
    assert (year["qualified"], year["ordinary"]) == pytest.approx((0.0, 100.0))


def test_what_is_still_held_counts_as_qualified():
    market = market_of({"A": [100.0, 100.0, 100.0]}, dividend={"A": {"2024-01-03": 1.0}})
    household = household_of({"A": 1.0}, account(value=10_000.0), tax=FLAT)
    year = backtest(market, household, RebalancePolicy("hold", (), invest_cash_above=1.0)).years.loc[2024]
    assert (year["qualified"], year["ordinary"]) == pytest.approx((100.0, 0.0))
