"""What is known of a security's trading in a month: the volatility, volume and spread that its costs are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rebal_kit.liquidity import liquidity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebal_kit.market import Market

_BASIS_POINTS, _MILLION = 1e4, 1e6


def known_on(market: Market, symbols: Sequence[str], days: Sequence[Any]) -> pd.DataFrame:
    """Return what costs are worked out from on each of the days: that of the sessions before its month.

    Parameters
    ----------
    market : Market
    symbols : sequence of str
    days : sequence of date or ISO string
        Each stands for its calendar month. A day without a session counts as the next that has one.

    Returns
    -------
    DataFrame
        A row for each day (as text) and symbol. Columns: volatility (standard deviation of daily returns, a fraction),
        volume (US$ million a session), half_spread (estimated from closes, highs and lows, basis points); NaN where the
        past is too short.

    Raises
    ------
    MarketError
        A symbol is not in the market.
    """
    chosen = market.select(tuple(symbols))
    known = liquidity_of(chosen)
    at = np.searchsorted(chosen.dates, np.array(days, "datetime64[D]"))
    rows = known.row[np.minimum(at, len(chosen.dates) - 1)]
    index = pd.MultiIndex.from_product([[str(day) for day in days], chosen.symbols], names=["day", "symbol"])
    return pd.DataFrame(
        {
            "volatility": known.volatility[rows].ravel(),
            "volume": known.volume_usd[rows].ravel() / _MILLION,
            "half_spread": known.half_spread[rows].ravel() * _BASIS_POINTS,
        },
        index=index,
    )
