"""The US stock market and Treasury bills since 1926, by month: what the oldest studies of rebalancing were made on."""

from __future__ import annotations

import numpy as np

from rebal_kit.domain import Security
from rebal_kit.findings import Finding
from rebal_kit.market import Market
from rebal_kit.sources.bundled import bundled_table


def fama_french_market() -> Market:
    """Return MKT and BILL at the last weekday of each month, 1926-06-30 to 2018-11-30; both start at 100.

    The close is the total return's index: dividends and interest are in it, and unknown apart.
    """
    table = bundled_table("fama_french_monthly.parquet")
    months = np.array(table["month"].to_pylist(), "datetime64[M]")
    bills, excess = (np.array(table[name].to_pylist(), float) for name in ("rf", "mkt_rf"))
    grown = 1.0 + np.column_stack([excess + bills, bills]) / 100.0
    close = 100.0 * np.vstack([np.ones(2), np.cumprod(grown, axis=0)])
    ends = np.r_[months[0], months + 1].astype("datetime64[D]")
    sessions = np.busday_offset(ends, -1, roll="forward")
    blank, shape = np.full(close.shape, np.nan), close.shape
    return Market(
        name="fama_french", dates=sessions,
        securities=(Security("MKT", "All US stocks, value-weighted (computed)"),
                    Security("BILL", "One-month Treasury bills (computed)", 0.0, state_exempt=True)),
        open=blank, high=blank, low=blank, close=close, volume=blank, dividend=np.zeros(shape), split=np.ones(shape),
        traded=np.ones(shape, bool),
        source=f"arch 8.0.0 (NCSA): Fama–French factors by month, {sessions[0]} to {sessions[-1]}",
        findings=(
            Finding("warning", "fama_french", "total returns only: dividends and interest are in the price, tax on them"
                    " is not modelled", "use an untaxed household"),
            Finding("note", "fama_french", "monthly: volatility and tracking error are those of months; an index that"
                    " nobody could buy, without fees or trading costs"),
        ),
    )  # fmt: skip
