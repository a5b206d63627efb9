"""Measures of a run: flat functions of one-dimensional arrays, shared by back-tests, comparisons and sweeps."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from rebal_kit.compiled import compiled

SESSIONS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.25
#: Days from one price to the next, over a holiday weekend: a history whose typical step is longer is not daily.
_LONGEST_DAILY_STEP = 4


def sessions_per_year(days: np.ndarray) -> float:
    """Return 252 for daily prices; for weekly, monthly or rarer ones, how many of them a year has.

    Parameters
    ----------
    days : ndarray
        (n_sessions,) int64, days since any day, increasing.
    """
    steps = np.diff(days)
    if len(steps) == 0 or float(np.median(steps)) <= _LONGEST_DAILY_STEP:
        return SESSIONS_PER_YEAR
    return DAYS_PER_YEAR / float(np.mean(steps))


def cagr(opening: float, closing: float, days: int) -> float:
    """Return compound growth a year between two values `days` calendar days apart.

    Over less than a year the growth itself is returned, not annualised, as the GIPS standards ask; NaN within a day.
    """
    if days <= 0 or opening <= 0:
        return math.nan
    if closing <= 0:
        return -1.0
    if days < DAYS_PER_YEAR:
        return closing / opening - 1.0
    return float((closing / opening) ** (DAYS_PER_YEAR / days) - 1.0)


def money_weighted(opening: float, flow: np.ndarray, days: np.ndarray, closing: float) -> float:
    """Return the yearly rate at which the opening value and what was put in later grew to the closing value.

    The internal rate of return: what was taken out counts as paid back that day. Not annualised over less than a year,
    as in `cagr`, which it equals without flows; NaN where there is no such rate.

    Parameters
    ----------
    opening, closing : float
        US$ on the first and last session; the opening before that session's flow.
    flow : ndarray
        (n_sessions,) float64, US$ put in (positive) or taken out in each session.
    days : ndarray
        (n_sessions,) int64, days since any day.
    """
    span = int(days[-1] - days[0])
    if span <= 0 or opening + max(0.0, float(flow[0])) <= 0.0:
        return math.nan
    moved = np.flatnonzero(flow)
    left = (days[-1] - days[moved]) / span

    def excess(growth: float) -> float:
        """Return how far the money would have outgrown `closing`, at this growth over the whole span."""
        return float(opening * growth + flow[moved] @ growth**left - closing)

    low, high = 1e-9, 2.0
    while excess(high) < 0.0 and high < 1e9:
        high *= 2.0
    if excess(low) > 0.0 or excess(high) < 0.0:
        return math.nan
    growth = float(brentq(excess, low, high, xtol=1e-13, rtol=1e-13))
    return growth - 1.0 if span < DAYS_PER_YEAR else float(growth ** (DAYS_PER_YEAR / span) - 1.0)


@compiled
def volatility(values: np.ndarray, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the standard deviation of returns from session to session, a year.

    Parameters
    ----------
    values : ndarray
        (n_sessions,) float64, value or index, positive.
    per_year : float
        Sessions a year, as `sessions_per_year` tells.
    """
    count = len(values) - 1
    if count < 2:
        return np.nan
    mean = 0.0
    for t in range(count):
        mean += values[t + 1] / values[t] - 1.0
    mean /= count
    squares = 0.0
    for t in range(count):
        off = values[t + 1] / values[t] - 1.0 - mean
        squares += off * off
    return math.sqrt(squares / (count - 1) * per_year)


@compiled
def max_drawdown(values: np.ndarray) -> float:
    """Return the deepest fall from an earlier high, as a negative fraction.

    Parameters
    ----------
    values : ndarray
        (n_sessions,) float64.
    """
    high = values[0]
    deepest = 0.0
    for t in range(len(values)):
        high = max(high, values[t])
        if high > 0.0:
            deepest = min(deepest, values[t] / high - 1.0)
    return deepest


@compiled
def mean(values: np.ndarray) -> float:
    """Return the arithmetic mean of (n,) float64 `values`."""
    total = 0.0
    for t in range(len(values)):
        total += values[t]
    return total / len(values)


@compiled
def tracking_error(
    values: np.ndarray, target_returns: np.ndarray, per_year: float = SESSIONS_PER_YEAR
) -> float:
    """Return the standard deviation, a year, of a session's return minus the target mix's return.

    Parameters
    ----------
    values : ndarray
        (n_sessions,) float64, value or index.
    target_returns : ndarray
        (n_sessions,) float64, return of the target mix held exactly and for free; the first is not used.
    per_year : float
        Sessions a year, as `sessions_per_year` tells.
    """
    count = len(values) - 1
    if count < 2:
        return np.nan
    average = 0.0
    for t in range(count):
        average += values[t + 1] / values[t] - 1.0 - target_returns[t + 1]
    average /= count
    squares = 0.0
    for t in range(count):
        off = values[t + 1] / values[t] - 1.0 - target_returns[t + 1] - average
        squares += off * off
    return math.sqrt(squares / (count - 1) * per_year)


def turnover(bought: float, sold: float, average_value: float, days: int) -> float:
    """Return half of purchases plus sales a year, over the average value (opening, reinvestment left out)."""
    if days <= 0 or average_value <= 0:
        return math.nan
    return (bought + sold) / 2.0 / average_value / (days / DAYS_PER_YEAR)
