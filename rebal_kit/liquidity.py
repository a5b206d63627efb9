"""How much a security moves and trades, and how wide its spread is, month by month: what trading costs depend on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rebal_kit.findings import Finding, some_of
from rebal_kit.market import Market

#: Sessions of the quarter before a month, and the fewest values from which anything is taken.
_QUARTER, _FEWEST = 63, 21


#: Sessions over which a security's volatility of late is taken, and of the year that says what is usual.
_LATELY, _YEAR = 21, 252


class Liquidity(NamedTuple):
    """What was known of each security's trading when a month began.

    Attributes
    ----------
    row : ndarray
        (n_sessions,) int64, row of the arrays below that serves a session: that of its calendar month.
    volatility : ndarray
        (n_months, n_securities) float64, standard deviation of daily log price returns, as a fraction (0.01 is 1% a
        day, not a year); NaN where the past is too short.
    volume_usd : ndarray
        (n_months, n_securities) float64, US$ traded on an average session; NaN where the past is too short.
    half_spread : ndarray
        (n_months, n_securities) float64, half the bid-ask spread as a fraction of the price (0.0005 is 5 basis
        points); NaN where the past is too short, or highs and lows are unknown.
    """

    row: np.ndarray
    volatility: np.ndarray
    volume_usd: np.ndarray
    half_spread: np.ndarray


def liquidity_of(market: Market) -> Liquidity:
    """Return volatility, dollar volume and half the spread from the 63 sessions before each month.

    Only sessions before the month's first are looked at: nothing is known that was not known then. What takes two
    sessions, a return or an estimate of the spread, belongs to the later of them.

    Parameters
    ----------
    market : Market

    Returns
    -------
    Liquidity
        A row for every calendar month that has a session; the first is all NaN, as it has no past.

    Notes
    -----
    Fewer than 21 values give NaN. A session on which a security did not trade gives none, nor does a return or a spread
    across it: a move over two sessions is no daily move. Splits are taken out. The standard deviation is that of a
    sample (n − 1). Dollar volume is close times shares, both unadjusted, so a split leaves it as it is.

    *Source*: for the spread, Abdi and Ranaldo (2017), "A Simple Estimation of Bid-Ask Spreads from Daily Close, High,
    and Low Prices", Review of Financial Studies 30(12), 4437–4480, in the version corrected over two days:
    s = √max(4 (c − η)(c − η′), 0), with c the log close of a session, η the mean of its log high and log low, and η′
    that of the next; averaged over all pairs of sessions, those that give 0 among them.

    *Not modelled*: prices that move more than their spread is wide. Cutting off at 0 pair by pair leaves errors upward,
    which grow with volatility: where there is no spread at all, half of it is estimated at a fifth of the daily
    volatility. For what trades at a few basis points that is far too wide, an upper bound at best; where the spread is
    as wide as a day's volatility, the estimate is about a fifth too narrow.
    """
    months = market.dates.astype("datetime64[M]").astype(np.int64)
    begins = np.r_[True, months[1:] != months[:-1]]
    starts = np.flatnonzero(begins)
    volume_usd = np.where(market.traded, market.close * market.volume, np.nan)
    volatility, mean_volume, spread = np.full((3, len(starts), len(market.securities)), np.nan)
    returns, spreads = _log_returns(market), _spreads(market)
    for m, start in enumerate(starts):
        past = slice(max(0, start - _QUARTER), start)
        volatility[m] = _deviation(returns[past])
        mean_volume[m] = _mean(volume_usd[past])
        spread[m] = _mean(spreads[past])
    return Liquidity(np.cumsum(begins, dtype=np.int64) - 1, volatility, mean_volume, spread / 2.0)


def known_before(table: np.ndarray) -> np.ndarray:
    """Return the table with a number in every month: the last known one, or the first where none was known yet.

    The last known is what one would have gone by then. The first known, in the months before it, is hindsight: nobody
    could know it in those months. Callers must say so wherever they show what was made of it.

    Parameters
    ----------
    table : ndarray
        (n_months, n_securities) float64, NaN where nothing is known, such as the arrays of a `Liquidity`.

    Returns
    -------
    ndarray
        (n_months, n_securities) float64, a copy. A security of which nothing is ever known stays NaN.
    """
    months = np.arange(len(table))[:, None]
    known = ~np.isnan(table)
    last = np.maximum.accumulate(np.where(known, months, -1), axis=0)
    first = np.minimum.accumulate(np.where(known, months, len(table) - 1)[::-1], axis=0)[::-1]
    filled: np.ndarray = np.take_along_axis(table, np.where(last >= 0, last, first), axis=0)
    return filled


def hindsight(
    where: str, name: str, table: np.ndarray, market: Market, liquidity: Liquidity
) -> Iterator[Finding]:
    """Say of which securities a figure by month is not known yet when the first session needs it.

    Parameters
    ----------
    where, name : str
        What the finding is about, and what the figure is called.
    table : ndarray
        (n_months, n_securities) float64, NaN where nothing is known, such as an array of `liquidity`.
    market : Market
    liquidity : Liquidity
    """
    known = np.isfinite(table)
    first = liquidity.row.min()
    late = [symbol for s, symbol in enumerate(market.symbols) if known[:, s].any() and not known[first, s]]
    if late:
        yield Finding(
            "note", where,
            f"{name}: too little is known at the start of {some_of(late)}; until there is enough the first month"
            " known serves, which could not be known then",
        )  # fmt: skip


def _log_returns(market: Market) -> np.ndarray:
    """Return (n_sessions, n_securities) log price returns, splits taken out; NaN where either session did not trade."""
    price = np.log(np.where(market.traded, market.close, np.nan))
    returns = np.full(price.shape, np.nan)
    returns[1:] = price[1:] - price[:-1] + np.log(market.split[1:])
    return returns


def _spreads(market: Market) -> np.ndarray:
    """Return (n_sessions, n_securities) estimates of the whole spread from a session and the one before, or NaN."""
    high, low = market.high, market.low
    usable = market.traded & (low > 0.0) & (high >= low) & np.isfinite(high)
    close, high, low = (np.log(np.where(usable, field, np.nan)) for field in (market.close, high, low))
    middle = (high + low) / 2.0
    # The later session's middle in shares of the earlier one, whose close it is held against.
    next_middle = middle[1:] + np.log(market.split[1:])
    product = 4.0 * (close[:-1] - middle[:-1]) * (close[:-1] - next_middle)
    spreads = np.full(close.shape, np.nan)
    spreads[1:] = np.sqrt(np.maximum(product, 0.0))
    return spreads


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column's known values; NaN where they are too few."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count >= _FEWEST, total / np.maximum(count, 1), np.nan)


def _deviation(values: np.ndarray) -> np.ndarray:
    """Return the sample standard deviation of each column's known values; NaN where they are too few."""
    count = (~np.isnan(values)).sum(axis=0)
    variance = _mean((values - _mean(values)) ** 2)
    deviation: np.ndarray = np.sqrt(variance * count / np.maximum(count - 1, 1))
    return deviation


def unrest_of(market: Market) -> np.ndarray:
    """Return each security's volatility over the past 21 sessions, as a multiple of its median over the past year.

    Returns
    -------
    ndarray
        (n_sessions, n_securities) float64, known at each session's close; NaN before the 84th session of a security.
    """
    import pandas as pd

    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.log(market.split[1:] * market.close[1:] / market.close[:-1])
    squares = pd.DataFrame(np.vstack([np.full((1, returns.shape[1]), np.nan), returns**2]))
    lately = squares.rolling(_LATELY).mean() ** 0.5
    usual = lately.rolling(_YEAR, min_periods=_QUARTER).median()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(lately / usual)
