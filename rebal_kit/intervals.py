"""Intervals around what was measured: of resamples, and of a few periods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from rebal_kit.checking import check_number
from rebal_kit.findings import Finding, PolicyError, raise_errors

#: Nine of ten, unless one asks for another.
LEVEL = 0.90


def checked_level(where: str, level: float) -> float:
    """Return the level of an interval.

    Raises
    ------
    PolicyError
        It is no fraction between 0 and 1.
    """
    remedy = "give a fraction such as 0.90"
    raise_errors(PolicyError, check_number(where, "level", level, remedy, least=0.01, below=1))
    return float(level)


def check_seed(where: str, seed: Any) -> Iterator[Finding]:
    """Find a seed that is no whole number of 0 or more."""
    yield from check_number(where, "seed", seed, "give a whole number, 0 or more", least=0, whole=True)


def percentile_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Return the quantiles between which the share `level` of (n,) resampled `values` lies; NaN of none.

    *Source*: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.
    """
    if len(values) == 0:
        return math.nan, math.nan
    low, high = np.quantile(values, ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
    return float(low), float(high)


def share_ahead(values: pd.Series) -> float:
    """Return the share of the known values that are above 0; NaN of none."""
    known = values.dropna()
    return float((known > 0.0).mean()) if len(known) else math.nan


def spread(values: np.ndarray, level: float) -> dict[str, float]:
    """Return mean, standard_error (their standard deviation), low, high and ahead (share above 0) of (n,) resamples."""
    low, high = percentile_interval(values, level)
    return {
        "mean": float(values.mean()) if len(values) else math.nan,
        "standard_error": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
        "low": low,
        "high": high,
        "ahead": float((values > 0.0).mean()) if len(values) else math.nan,
    }


def student_interval(values: np.ndarray, independent: float, level: float) -> tuple[float, float, float]:
    """Return mean and interval of (n,) values of periods that overlap, as if `independent` of them had been seen.

    Parameters
    ----------
    values : ndarray
    independent : float
        How many periods apart from each other the values span; below 2 there is no interval (NaN).
    level : float

    Notes
    -----
    *Source*: Student (1908), "The Probable Error of a Mean", Biometrika 6(1), 1–25, with `independent` − 1 degrees of
    freedom.
    """
    mean = float(values.mean()) if len(values) else math.nan
    if len(values) < 2 or independent < 2.0:
        return mean, math.nan, math.nan
    error = float(values.std(ddof=1)) / math.sqrt(independent)
    reach = float(stats.t.ppf((1.0 + level) / 2.0, independent - 1.0)) * error
    return mean, mean - reach, mean + reach
