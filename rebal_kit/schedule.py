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
    months = market.dates.astype("datetime64[M]").astype(np.int64)
    period = {
        "session": np.arange(len(months)),
        # 1970-01-01 was a Thursday: shift so that weeks begin on Monday.
        "week": (market.dates.astype(np.int64) + 3) // 7,
        "month": months,
        "quarter": months // 3,
        "half-year": months // 6,
        "year": months // 12,
    }[look]
    first = np.zeros(len(months), bool)
    first[1:] = period[1:] != period[:-1]
    shifted = np.zeros(len(months), bool)
    shifted[offset:] = first[: max(len(months) - offset, 0)]
    return shifted
