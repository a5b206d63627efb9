"""Intervals: percentiles of resamples, and Student's for a few periods."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rebal_kit.findings import PolicyError
from rebal_kit.intervals import check_seed, checked_level, percentile_interval, spread, student_interval


def test_nine_of_ten_resamples_lie_inside() -> None:
    values = np.arange(101.0)
    assert percentile_interval(values, 0.90) == pytest.approx((5.0, 95.0))
    assert percentile_interval(values, 0.50) == (25.0, 75.0)
    assert all(math.isnan(end) for end in percentile_interval(np.array([]), 0.90))


def test_a_spread_says_mean_error_interval_and_share_above_zero() -> None:
    found = spread(np.array([-1.0, 0.0, 1.0, 2.0]), 0.90)
    assert found["mean"] == 0.5
    assert found["standard_error"] == pytest.approx(math.sqrt(5 / 3))
    assert (found["low"], found["high"]) == pytest.approx((-0.85, 1.85))
    assert found["ahead"] == 0.5  # 0 is not ahead
    assert all(math.isnan(value) for value in spread(np.array([]), 0.90).values())
    assert math.isnan(spread(np.array([1.0]), 0.90)["standard_error"])


def test_periods_that_overlap_count_as_few() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    # Five periods apart: 3 ± 2.132 · 1.5811 / √5, the 95 % point of Student's t with 4 degrees of freedom.
    mean, low, high = student_interval(values, 5.0, 0.90)
    assert (mean, low, high) == pytest.approx((3.0, 3.0 - 1.5074, 3.0 + 1.5074), abs=1e-3)
    # The same values from two periods: 6.314 · 1.5811 / √2.
    assert student_interval(values, 2.0, 0.90)[1] == pytest.approx(3.0 - 7.059, abs=1e-3)
    mean, low, high = student_interval(values, 1.9, 0.90)
    assert mean == 3.0
    assert math.isnan(low)
    assert math.isnan(high)
    assert math.isnan(student_interval(np.array([]), 5.0, 0.90)[0])


@pytest.mark.parametrize("level", [0.0, 1.0, 90, "90 %", None, math.nan])
def test_a_level_is_a_fraction(level) -> None:
    with pytest.raises(PolicyError, match=r"study: level is .* — give a fraction such as 0.90"):
        checked_level("study", level)
    assert checked_level("study", 0.5) == 0.5


@pytest.mark.parametrize("seed", [-1, 0.5, "one", None])
def test_a_seed_is_a_whole_number(seed) -> None:
    (said,) = check_seed("study", seed)
    assert str(said).startswith("study: seed is")
    assert not list(check_seed("study", 0))
