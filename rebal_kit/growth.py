"""Growth from session to session, a column a policy: what a choice between policies is tested on."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.backtest import Backtest
from rebal_kit.checking import is_number
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, capped, raise_errors
from rebal_kit.metrics import DAYS_PER_YEAR


def per(first: np.datetime64, last: np.datetime64) -> str:
    """Return what growth between two days is stated for: 'a year', or over less than one the whole of it.

    `rebal_kit.metrics.cagr` does not annualise what is shorter than a year.
    """
    days = float((last - first) / np.timedelta64(1, "D"))
    if days >= DAYS_PER_YEAR:
        return "a year"
    months = round(days * 12.0 / DAYS_PER_YEAR)
    return f"over the {months} months" if months > 1 else f"over the {days:.0f} days"


def per_of(comparison: Comparison) -> str:
    """Return what the growth of a comparison's runs is stated for, as `per` does."""
    dates = comparison.setting.market.dates
    return per(dates[0], dates[-1])


def growth_table(where: str, given: Any) -> pd.DataFrame:
    """Return log growth that comes from elsewhere as a table of floats, its columns named by text.

    Raises
    ------
    PolicyError
        It is no table, or holds what is no number.
    """
    remedy = "give a Comparison, or a DataFrame of log growth, a column a policy"
    try:
        table = pd.DataFrame(given).rename(columns=str)
    except (TypeError, ValueError):
        raise PolicyError(Finding("error", where, f"is given {reprlib.repr(given)}", remedy)) from None
    found = []
    for name, column in table.items():
        if column.dtype.kind in "iuf":
            continue
        strange = [value for value in column if column.dtype.kind != "O" or not is_number(value)]
        if strange:
            found.append(
                Finding(
                    "error", where, f"growth of {name} holds {reprlib.repr(strange[0])}, no number", remedy
                )
            )
    raise_errors(PolicyError, capped(found, where))
    return table.astype(float)


def growth_after_tax(comparison: Comparison) -> pd.DataFrame:
    """Return the log growth of each policy by session, after the taxes and costs paid so far.

    Deposits and withdrawals are taken out. Tax counts on the day it is paid, mostly 15 April of the year after; what
    is still to be paid, and gains not yet sold, are not looked at.

    Returns
    -------
    DataFrame
        (n_sessions − 1, n_policies) float64; NaN where nothing is left.
    """
    return pd.DataFrame({name: _growth(run, "value") for name, run in comparison.runs.items()})


def growth_before_tax(comparison: Comparison) -> pd.DataFrame:
    """Return the log growth of each policy by session before tax, after costs; as `growth_after_tax` otherwise."""
    return pd.DataFrame({name: _growth(run, "before_tax") for name, run in comparison.runs.items()})


def _growth(run: Backtest, column: str) -> pd.Series:
    value, flow = run.daily[column].to_numpy(), run.daily["flow"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log((value[1:] - flow[1:]) / value[:-1])
    return pd.Series(np.where(np.isfinite(found), found, np.nan), index=run.dates[1:])
