"""Measures: worked examples, and numpy on random paths."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit import metrics

paths = st.lists(st.floats(1.0, 1e6), min_size=4, max_size=60).map(np.array)


def test_growth_a_year_is_compound() -> None:
    # Two years of 365.25 days from 100 to 121: 10 % a year.
    assert metrics.cagr(100.0, 121.0, 731) == pytest.approx(1.21 ** (365.25 / 731) - 1)
    assert metrics.cagr(100.0, 100.0 * 1.1**4, 1461) == pytest.approx(0.10)


def test_growth_of_less_than_a_year_is_not_annualised() -> None:
    assert metrics.cagr(100.0, 103.0, 90) == pytest.approx(0.03)
    assert metrics.cagr(100.0, 103.0, 366) == pytest.approx(1.03 ** (365.25 / 366) - 1)


def test_growth_without_days_or_money() -> None:
    assert math.isnan(metrics.cagr(100.0, 110.0, 0))
    assert math.isnan(metrics.cagr(0.0, 110.0, 10))
    assert metrics.cagr(100.0, 0.0, 3650) == -1.0
    assert metrics.cagr(100.0, -5.0, 3650) == -1.0


def test_volatility_by_hand() -> None:
    # Returns +10 %, −10 %, +10 %, −10 %: mean 0, sum of squares 0.04 over 3.
    path = np.cumprod([1.0, 1.1, 0.9, 1.1, 0.9])
    assert metrics.volatility(path) == pytest.approx(math.sqrt(0.04 / 3 * 252))
    assert metrics.volatility(np.full(5, 7.0)) == 0.0
    assert math.isnan(metrics.volatility(np.array([1.0, 2.0])))


def test_drawdown_by_hand() -> None:
    assert metrics.max_drawdown(np.array([100.0, 120.0, 90.0, 130.0, 104.0])) == pytest.approx(90 / 120 - 1)
    assert metrics.max_drawdown(np.array([1.0, 2.0, 3.0])) == 0.0
    assert metrics.max_drawdown(np.array([0.0, 0.0, 5.0])) == 0.0
    assert metrics.max_drawdown(np.array([10.0, 0.0])) == -1.0


def test_tracking_error_by_hand() -> None:
    path = np.cumprod([1.0, 1.02, 1.00, 1.04])
    target = np.array([9.9, 0.01, 0.01, 0.01])  # the first is not used
    # Differences +1 %, −1 %, +3 %: mean 1 %, deviations 0, −2, +2: 8 over 2 in hundredths of a percent.
    assert metrics.tracking_error(path, target) == pytest.approx(math.sqrt(0.0008 / 2 * 252))
    assert metrics.tracking_error(path, np.array([0.0, 0.02, 0.0, 0.04])) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(metrics.tracking_error(path[:2], target[:2]))


@pytest.mark.parametrize(
    ("frequency", "count", "sessions"), [("B", 2_000, 252), ("W", 500, 52.18), ("MS", 120, 12), ("YS", 10, 1)]
)
def test_a_year_has_as_many_sessions_as_its_prices(frequency: str, count: int, sessions: float) -> None:
    dates = pd.date_range("2010-01-01", periods=count, freq=frequency).to_numpy().astype("datetime64[D]")
    assert metrics.sessions_per_year(dates.astype(np.int64)) == pytest.approx(sessions, abs=0.02)
    assert metrics.sessions_per_year(dates[:1].astype(np.int64)) == 252


def test_measures_of_weekly_prices_are_of_weeks() -> None:
    path = np.cumprod([1.0, 1.1, 0.9, 1.1, 0.9])
    assert metrics.volatility(path, 52.0) == pytest.approx(math.sqrt(0.04 / 3 * 52))
    assert metrics.tracking_error(path, np.zeros(5), 52.0) == pytest.approx(math.sqrt(0.04 / 3 * 52))


def test_turnover_is_half_of_both_sides_a_year() -> None:
    # $30 bought and $50 sold of $200 on average in half a year: 20 % in it, 40 % a year.
    assert metrics.turnover(30.0, 50.0, 200.0, 183) == pytest.approx(0.2 / (183 / 365.25))
    assert math.isnan(metrics.turnover(1.0, 1.0, 0.0, 100))
    assert math.isnan(metrics.turnover(1.0, 1.0, 100.0, 0))


@given(paths)
def test_numpy_agrees(path: np.ndarray) -> None:
    returns = path[1:] / path[:-1] - 1
    target = np.concatenate([[0.0], np.linspace(-0.01, 0.02, len(returns))])
    assert metrics.volatility(path) == pytest.approx(
        np.std(returns, ddof=1) * math.sqrt(252), rel=1e-9, abs=1e-12
    )
    assert metrics.max_drawdown(path) == pytest.approx(
        (path / np.maximum.accumulate(path) - 1).min(), abs=1e-12
    )
    assert metrics.mean(path) == pytest.approx(np.mean(path))
    expected = np.std(returns - target[1:], ddof=1) * math.sqrt(252)
    assert metrics.tracking_error(path, target) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_money_weighted_growth_is_compound_growth_without_flows() -> None:
    days = np.array([0, 100, 1000, 1461], np.int64)
    found = metrics.money_weighted(100.0, np.zeros(4), days, 146.41)
    assert found == pytest.approx(metrics.cagr(100.0, 146.41, 1461), rel=1e-9)


def test_money_weighted_growth_finds_the_rate_that_made_the_value() -> None:
    days = np.arange(0, 1500, 30, dtype=np.int64)
    flow = np.zeros(len(days))
    flow[5::7] = 40.0
    flow[9::11] = -25.0
    for rate in (-0.2, 0.0, 0.07, 0.9):
        left = (days[-1] - days) / metrics.DAYS_PER_YEAR
        closing = 1000.0 * (1 + rate) ** left[0] + flow @ (1 + rate) ** left
        assert metrics.money_weighted(1000.0, flow, days, closing) == pytest.approx(rate, abs=1e-9)


def test_money_weighted_growth_is_unknown_where_there_is_none() -> None:
    days = np.array([0, 400], np.int64)
    assert np.isnan(metrics.money_weighted(0.0, np.zeros(2), days, 5.0))
    assert np.isnan(metrics.money_weighted(100.0, np.array([0.0, -50.0]), days, -60.0))
    assert np.isnan(metrics.money_weighted(100.0, np.zeros(2), np.array([3, 3]), 100.0))
