"""Histories that might have been: the days of a market in another order, all securities of a day together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rebal_kit.encode import encode_prices
from rebal_kit.market import FIELDS, Market
from rebal_kit.run import Setting


@dataclass(frozen=True, eq=False)
class Days:
    """What each session but the first did, whatever the level of prices. Row t is session t + 1 of the market.

    Attributes
    ----------
    market : Market
        Complete: every security has a price on every session.
    growth : ndarray
        (n_sessions − 1, n_securities) float64, price relative to the session before, splits taken out.
    payout : ndarray
        The same shape: dividend as a fraction of the close.
    open, high, low : ndarray
        The same shape: as multiples of the close; NaN where unknown.
    dollars : ndarray
        The same shape: US$ traded; NaN where unknown.
    """

    market: Market
    growth: np.ndarray
    payout: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    dollars: np.ndarray


def days_of(market: Market) -> Days:
    """Return what each session but the first did."""
    close = market.close[1:]
    return Days(
        market, growth=close * market.split[1:] / market.close[:-1], payout=market.dividend[1:] / close,
        open=market.open[1:] / close, high=market.high[1:] / close, low=market.low[1:] / close,
        dollars=market.volume[1:] * close,
    )  # fmt: skip


def market_of(days: Days, order: np.ndarray) -> Market:
    """Return the market whose sessions after the first are those of `days`, in this order.

    Dates and the first session's prices stay. Total returns, whether a security traded, dollar volumes and the
    volatility index come with their day; there are no splits.

    Parameters
    ----------
    days : Days
    order : ndarray
        (n_sessions − 1,) int64, rows of `days`; the same for all securities, so that what they have in common stays.
    """
    market = days.market
    close = np.vstack([market.close[:1], market.close[0] * np.cumprod(days.growth[order], axis=0)])
    after = close[1:]
    index = market.volatility_index
    drawn = {
        "open": days.open[order] * after, "high": days.high[order] * after, "low": days.low[order] * after,
        "volume": days.dollars[order] / after, "dividend": days.payout[order] * after,
        "split": np.ones_like(after), "traded": market.traded[1:][order],
    }  # fmt: skip
    arrays: dict[str, Any] = {
        name: np.vstack([getattr(market, name)[:1], values]) for name, values in drawn.items()
    }
    return replace(
        market, name=f"{market.name}, resampled", close=close, **arrays,
        volatility_index=None if index is None else np.r_[index[:1], index[1:][order]],
    )  # fmt: skip


def setting_of(setting: Setting, days: Days, order: np.ndarray, *, with_past: bool = False) -> Setting:
    """Return the setting on the market that `market_of` makes; household, law and targets are as they were.

    Parameters
    ----------
    setting : Setting
    days : Days
        Of the setting's market.
    order : ndarray
        As in `market_of`.
    with_past : bool
        Put the true sessions before the first in front, for policies that know volumes or volatilities of late.
    """
    market = market_of(days, order)
    history = market
    if with_past:
        before = setting.history.dates < market.dates[0]
        arrays: dict[str, Any] = {
            name: np.vstack([getattr(setting.history, name)[before], getattr(market, name)])
            for name in (*FIELDS, "traded")
        }
        dates = np.r_[setting.history.dates[before], market.dates]
        history = replace(market, dates=dates, volatility_index=None, **arrays)
    return replace(setting, market=market, prices=encode_prices(market, setting.table), history=history)
