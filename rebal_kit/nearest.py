"""Which members of a class went most with each other over the past year: what a direct index buys instead of a loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.market import Market
from rebal_kit.targets import TargetAllocation

#: Sessions of the past year, and the fewest from which a correlation is taken.
_YEAR, _FEWEST = 252, 60

#: So many of the most correlated members are kept for each security.
_KEPT = 20


class Nearest(NamedTuple):
    """The most correlated members of each security's class, quarter by quarter.

    Attributes
    ----------
    members : ndarray
        (n_quarters, n_securities, n_kept) int64 columns of the market, the most correlated first; -1 for none.
    quarter : ndarray
        (n_sessions,) int64, row of `members` that serves a session; -1 while the past is too short.
    """

    members: np.ndarray
    quarter: np.ndarray


def no_nearest(market: Market) -> Nearest:
    """Return what serves no session."""
    return Nearest(np.zeros((0, len(market.symbols), 0), np.int64), np.full(len(market.dates), -1, np.int64))


def nearest_members(market: Market, targets: TargetAllocation) -> Nearest:
    """Return the members of each class by the correlation of their daily returns over the year before each quarter.

    Only sessions before the quarter are looked at: nothing is known that was not known then. Price returns, with splits
    taken out.
    """
    quarters = market.dates.astype("datetime64[M]").astype(np.int64) // 3
    starts = np.flatnonzero(np.r_[True, quarters[1:] != quarters[:-1]])
    place = np.searchsorted(starts, np.arange(len(quarters)), side="right") - 1
    close = market.close
    returns = np.zeros_like(close)
    with np.errstate(divide="ignore", invalid="ignore"):
        returns[1:] = np.nan_to_num(market.split[1:] * close[1:] / close[:-1] - 1.0)
    classes = [
        [market.column(symbol) for symbol, _ in asset_class.members] for asset_class in targets.classes
    ]
    kept = min(_KEPT, max((len(members) for members in classes), default=1) - 1)
    found = np.full((len(starts), close.shape[1], kept), -1, np.int64)
    usable = np.zeros(len(starts), bool)
    for q, start in enumerate(starts):
        past = returns[max(1, start - _YEAR) : start]
        if len(past) < _FEWEST:
            continue
        usable[q] = True
        for members in classes:
            found[q, members, : len(members) - 1] = _by_correlation(past[:, members], members)[:, :kept]
    rows = np.where(usable, np.arange(len(starts)), -1)
    return Nearest(found, rows[place].astype(np.int64))


def _by_correlation(returns: np.ndarray, members: list[int]) -> np.ndarray:
    """Return for each member the others, the most correlated first."""
    centred = returns - returns.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    size[size == 0.0] = np.inf  # what did not move is correlated with nothing
    likeness = (centred.T @ centred) / np.outer(size, size)
    np.fill_diagonal(likeness, -np.inf)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, : len(members) - 1]
    return np.asarray(members, np.int64)[order]
