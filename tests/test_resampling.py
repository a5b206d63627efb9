"""Resampled markets: the days of a market in another order, with everything that belongs to a day."""

from __future__ import annotations

import numpy as np
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.costs import Costs
from rebal_kit.execution import Execution
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.resampling import days_of, market_of, setting_of
from rebal_kit.run import prepare
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.worlds import account, household_of, random_market
from tests.worlds import market_of as hand_made

MARKET = random_market(21, ("A", "A2", "B"), 300)
HOUSEHOLD = household_of(
    {AssetClass("stocks", {"A": 1, "A2": 0}): 0.6, "B": 0.4}, account(value=200_000.0),
    tax=TaxProfile(ordinary_income=200_000, state_rate=0.05),
)  # fmt: skip
HARVESTING = RebalancePolicy(
    "harvesting", (Threshold(ToleranceBand(absolute=0.02)),), harvest=Harvest(0.03, 100.0), costs=Costs(3)
)
ORDER = np.random.default_rng(1).integers(0, 299, 299)


def total_returns(market) -> np.ndarray:
    return market.split[1:] * (market.close[1:] + market.dividend[1:]) / market.close[:-1]


def test_days_in_their_own_order_are_the_market_itself() -> None:
    market = random_market(22, ("A", "A2", "B"), 300, events=False)
    again = market_of(days_of(market), np.arange(299))
    for name in ("open", "high", "low", "close", "volume", "dividend", "split"):
        assert getattr(again, name) == pytest.approx(getattr(market, name), rel=1e-9, nan_ok=True), name
    assert (again.traded == market.traded).all()
    assert (again.volatility_index == market.volatility_index).all()
    assert again.symbols == market.symbols
    assert (again.dates == market.dates).all()


def test_a_back_test_on_days_in_their_own_order_is_the_back_test_though_splits_are_taken_out() -> None:
    assert (MARKET.split != 1).any()
    assert (MARKET.dividend > 0).any()
    setting = prepare(MARKET, HOUSEHOLD)
    again = setting_of(setting, days_of(setting.market), np.arange(299))
    assert (again.market.split == 1).all()
    plan = again.plan(HARVESTING)
    figures = again.measure(plan, again.run_to_end(plan, again.room()))
    assert figures == pytest.approx(backtest(MARKET, HOUSEHOLD, HARVESTING).metrics, rel=1e-9, abs=1e-7)


def test_all_that_belongs_to_a_day_is_drawn_with_it_for_all_securities() -> None:
    days = days_of(MARKET)
    drawn = market_of(days, ORDER)
    assert total_returns(drawn) == pytest.approx(total_returns(MARKET)[ORDER], rel=1e-12)
    assert (drawn.volatility_index[1:] == MARKET.volatility_index[1:][ORDER]).all()
    assert (drawn.traded[1:] == MARKET.traded[1:][ORDER]).all()
    assert drawn.open[1:] / drawn.close[1:] == pytest.approx((MARKET.open[1:] / MARKET.close[1:])[ORDER])
    assert drawn.high[1:] / drawn.low[1:] == pytest.approx((MARKET.high[1:] / MARKET.low[1:])[ORDER])
    dollars = MARKET.close * MARKET.volume
    assert (drawn.close * drawn.volume)[1:] == pytest.approx(dollars[1:][ORDER])
    payout = MARKET.dividend[1:] / MARKET.close[1:]
    assert drawn.dividend[1:] / drawn.close[1:] == pytest.approx(payout[ORDER])
    assert (drawn.close[0] == MARKET.close[0]).all()


def test_what_securities_have_in_common_stays() -> None:
    drawn = market_of(days_of(MARKET), ORDER)
    moves = np.log(total_returns(drawn))
    assert np.corrcoef(moves.T) == pytest.approx(np.corrcoef(np.log(total_returns(MARKET))[ORDER].T))


def test_a_session_without_a_price_is_drawn_as_one_without_a_move() -> None:
    market = hand_made({"A": [10, np.nan, 12, 9], "B": [5, 6, 7, 8]})
    drawn = market_of(days_of(market), np.array([0, 0, 2]))
    assert drawn.close[:, 0].tolist() == pytest.approx([10, 10, 10, 7.5])
    assert drawn.traded[:, 0].tolist() == [True, False, False, True]
    assert drawn.close[:, 1].tolist() == pytest.approx([5, 6, 7.2, 7.2 * 8 / 7])
    assert drawn.volatility_index is None


def test_the_setting_keeps_household_and_law_and_reads_the_new_prices() -> None:
    setting = prepare(MARKET, HOUSEHOLD)
    drawn = setting_of(setting, days_of(setting.market), ORDER)
    assert drawn.household is setting.household
    assert drawn.table is setting.table
    assert drawn.structure is setting.structure
    assert drawn.history is drawn.market
    assert (drawn.prices.close == drawn.market.close).all()
    _ = setting.target_returns
    weights = np.array([0.6, 0.0, 0.4])
    assert drawn.target_returns[1:] == pytest.approx((total_returns(drawn.market) - 1.0) @ weights)


def test_what_was_known_before_the_first_session_is_the_true_past() -> None:
    setting = prepare(MARKET, HOUSEHOLD, start="2023-06-01")
    first = int(np.searchsorted(MARKET.dates, np.datetime64("2023-06-01")))
    order = ORDER[: len(setting.market.dates) - 1] % (len(setting.market.dates) - 1)
    drawn = setting_of(setting, days_of(setting.market), order, with_past=True)
    assert (drawn.history.dates == MARKET.dates).all()
    assert (drawn.history.close[:first] == MARKET.close[:first]).all()
    assert (drawn.history.close[first:] == drawn.market.close).all()
    patient = RebalancePolicy("patient", (Calendar("month"),), execution=Execution(wait_for_calm="own"))
    plan = drawn.plan(patient)
    assert drawn.run(plan, drawn.room()) == 0
    assert np.isfinite(setting.unrest[:5]).all()  # known from the first session on
    assert drawn.unrest[0] == pytest.approx(setting.unrest[0])
