"""Costs as numbers, what cannot be applied, and what a result says of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rebal_kit as rk
from rebal_kit.costs import Costs
from rebal_kit.domain import Account
from rebal_kit.findings import PolicyError
from tests.worlds import household_of, market_of, random_market


def household() -> rk.Household:
    accounts = (
        Account("Here", "Alex", rk.AccountKind.TAXABLE, "Schwab", opening_value=50_000.0),
        Account("There", "Alex", rk.AccountKind.IRA, "Fidelity", opening_value=50_000.0),
    )
    return household_of({"A": 0.5, "B": 0.5}, *accounts)


def plan_of(costs: Costs, sessions: int = 200):
    setting = rk.backtest(random_market(1, ["A", "B"], sessions), household(), rk.BUY_AND_HOLD).setting
    return setting, setting.plan(rk.RebalancePolicy("p", costs=costs))


def test_plain_costs_need_one_row() -> None:
    _, plan = plan_of(Costs(2.0, {"B": 5.0}))
    np.testing.assert_allclose(plan.half_spread, [[2e-4, 5e-4]])
    assert not plan.impact.any()
    assert not plan.cost_row.any()
    assert not plan.lumpy


def test_fees_of_brokers_are_for_their_accounts() -> None:
    _, plan = plan_of(Costs(commission_usd=1.0, non_native={"Fidelity": {"B": 75.0}}))
    assert plan.commission.tolist() == [[1.0, 1.0], [1.0, 76.0]]
    assert plan.lumpy


def test_impact_and_spread_come_month_by_month_from_the_past() -> None:
    setting, plan = plan_of(Costs(2.0, {"B": 5.0}, estimate_spread=True, impact=1.5))
    liquidity = setting.liquidity
    known = np.flatnonzero(np.isfinite(liquidity.volatility[:, 0]))
    row = known[-1]
    np.testing.assert_allclose(
        plan.impact[row], 1.5 * liquidity.volatility[row] / np.sqrt(liquidity.volume_usd[row])
    )
    assert plan.half_spread[row, 0] == liquidity.half_spread[row, 0]
    assert (plan.half_spread[:, 1] == 5e-4).all()
    np.testing.assert_array_equal(plan.impact[0], plan.impact[known[0]])  # said: the first known month
    np.testing.assert_array_equal(plan.cost_row, liquidity.row)


def test_what_came_before_the_first_session_counts() -> None:
    market = random_market(1, ["A", "B"], 200)
    whole = rk.backtest(market, household(), rk.BUY_AND_HOLD).setting.liquidity
    late = rk.backtest(market, household(), rk.BUY_AND_HOLD, start=market.dates[150].item()).setting.liquidity
    assert len(late.row) == 50
    np.testing.assert_array_equal(late.volatility[late.row], whole.volatility[whole.row[150:]])


def test_unknown_names_and_missing_data_are_found_at_once() -> None:
    market = market_of({"A": [10.0] * 3, "B": [10.0] * 3})
    costs = Costs(
        by_symbol={"X": 1.0}, non_native={"Elsewhere": {"Y": 1.0}}, impact=1.0, estimate_spread=True
    )
    with pytest.raises(PolicyError) as raised:
        rk.backtest(market, household(), rk.RebalancePolicy("p", costs=costs))
    said = "\n".join(map(str, raised.value.findings))
    assert "costs name X, Y, which the household does not hold" in said
    assert "costs name Elsewhere, which is no broker of the household — use Fidelity, Schwab" in said
    assert "has no volumes" in said
    assert "has no highs and lows" in said


def test_results_say_what_costs_rest_on() -> None:
    market = random_market(1, ["A", "B"], 200)
    unknown = market.volume.copy()
    unknown[:, 1] = np.nan
    market = replace(market, volume=unknown)
    costs = Costs(2.0, commission_usd=4.95, impact=1.0, estimate_spread=True)
    found = rk.backtest(market, household(), rk.RebalancePolicy("p", costs=costs))
    said = {str(f) for f in found.assumptions if f.where == "costs"}
    assert any("US$ 4.95 an order" in line and "impact 1 ×" in line for line in said)
    assert any("impact: nothing is known of B; none is counted" in line for line in said)
    assert any("the first month known serves" in line for line in said)
    assert any("upper bounds" in line for line in said)
    small = [f.what for f in found.assumptions if "day's volume" in f.what]
    assert small == []
    large = household_of(
        {"A": 0.5, "B": 0.5}, Account("Here", "Alex", "taxable", "Schwab", opening_value=5e8)
    )
    rich = rk.backtest(market, large, rk.RebalancePolicy("p", costs=costs))
    assert any("more than a day's volume" in f.what for f in rich.assumptions)
    plain = rk.backtest(market, household(), rk.RebalancePolicy("p", costs=Costs(2.0)))
    assert [f.what for f in plain.assumptions if f.where == "costs"] == ["half spread 2 bp"]
