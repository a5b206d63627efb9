"""The sessions on which something is due: a look, a scan, a deposit."""

from __future__ import annotations

import numpy as np

from rebal_kit.market import Market


def look_sessions(market: Market, look: int | str, offset: int = 0) -> np.ndarray:
    """Return (n_sessions,) bool: the sessions on which one looks.

    Every `look` sessions from the first on, or the first session of each calendar period that begins inside the
    market's span; `offset` sessions later.
    """
    if isinstance(look, int):
        every: np.ndarray = np.arange(len(market.dates)) % look == 0
        return every
    period = _period(market, look)
    first = np.zeros(len(period), bool)
    first[1:] = period[1:] != period[:-1]
    shifted = np.zeros(len(period), bool)
    shifted[offset:] = first[: max(len(period) - offset, 0)]
    return shifted


def _period(market: Market, look: str) -> np.ndarray:
    """Return (n_sessions,) the number of the period in which each session is."""
    if look == "session":
        return np.arange(len(market.dates))
    if look == "week":
        # 1970-01-01 was a Thursday: shift so that weeks begin on Monday.
        weeks: np.ndarray = (market.dates.astype(np.int64) + 3) // 7
        return weeks
    return market.months // {"month": 1, "quarter": 3, "half-year": 6, "year": 12}[look]
