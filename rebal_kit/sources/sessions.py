"""Missing sessions: what stands in for them, and when there are too many."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from functools import cache

import numpy as np

from rebal_kit.findings import Finding
from rebal_kit.sources.values import Problems

#: A security without a close for more sessions in a row than this is an error, not a gap.
LONGEST_GAP = 10

#: A session's close is final so long after the bell.
SETTLING = np.timedelta64(30, "m")

#: Days from one date to the next: a week's or month's first or last session moves with weekends and holidays.
RHYTHMS = {"weekly": (4, 10), "monthly": (25, 38)}


def carry_forward(close: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let the last close stand in for a missing one inside a security's life.

    Parameters
    ----------
    close : ndarray
        (n_sessions, n_symbols) float64, NaN where missing.

    Returns
    -------
    filled : ndarray
        (n_sessions, n_symbols) float64, NaN only before the first and after the last close.
    traded : ndarray
        (n_sessions, n_symbols) bool, whether there was a close.
    alive : ndarray
        (n_sessions, n_symbols) bool, from the first through the last close.
    """
    traded = np.isfinite(close)
    begun = np.logical_or.accumulate(traded, axis=0)
    alive = begun & np.logical_or.accumulate(traded[::-1], axis=0)[::-1]
    last = np.maximum.accumulate(np.where(traded, np.arange(len(close))[:, None], 0), axis=0)
    return np.where(alive, np.take_along_axis(close, last, axis=0), np.nan), traded, alive


def check_gaps(
    dates: np.ndarray, symbols: tuple[str, ...], traded: np.ndarray, alive: np.ndarray, problems: Problems
) -> Iterator[Finding]:
    """Add an error for each gap of more than ten sessions and each security without a close; count the short gaps."""
    missing = alive & ~traded
    for column, symbol in enumerate(symbols):
        if not traded[:, column].any():
            problems.about(f", {symbol}", "has no close at all", "delete it, or give its prices")
        for start, end in runs(missing[:, column]):
            if end - start > LONGEST_GAP:
                problems.about(
                    f", {symbol}", f"has no close from {dates[start]} to {dates[end - 1]} ({end - start} sessions)",
                    f"fill the gap (up to {LONGEST_GAP} are carried), or give the later part a ticker of its own",
                )  # fmt: skip
    counts = [(int(n), s) for n, s in zip(missing.sum(axis=0), symbols, strict=True) if n]
    if counts:
        worst = ", ".join(f"{symbol} {n}" for n, symbol in sorted(counts, key=lambda pair: -pair[0])[:5])
        first = dates[int(np.argmax(missing.any(axis=1)))]
        yield Finding(
            "warning", problems.file,
            f"{sum(n for n, _ in counts)} closes are missing inside the lives of {len(counts)} securities, the first on"
            f" {first} (most: {worst})",
            "the last close stands in and the security cannot be traded in that session",
        )  # fmt: skip


@cache
def exchange_sessions() -> tuple[np.ndarray, np.ndarray]:
    """Return the sessions of the New York Stock Exchange since 1990, and when they close.

    Returns
    -------
    sessions : ndarray
        (n_sessions,) datetime64[D].
    closes : ndarray
        (n_sessions,) datetime64[s], UTC.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a Pandas4Warning at import, about the calendar's own code
        import exchange_calendars

        calendar = exchange_calendars.get_calendar("XNYS", start="1990-01-01")
        closes = calendar.closes.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
        return calendar.sessions.to_numpy().astype("datetime64[D]"), closes


def last_session(now: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """Return the last session of the exchange that was over at `now`, and when it closed (UTC)."""
    sessions, closes = exchange_sessions()
    at = int(np.searchsorted(closes, _utc(now) - SETTLING, side="right")) - 1
    day: dt.date = sessions[at].item()
    return day, closes[at].item().replace(tzinfo=dt.UTC)


def session_over(dates: np.ndarray, now: dt.datetime) -> np.ndarray:
    """Tell which days' closes are final at `now`: a day of the exchange after its close, any other after midnight UTC.

    Parameters
    ----------
    dates : ndarray
        (n_sessions,) datetime64[D].
    now : datetime
        With a time zone.

    Returns
    -------
    ndarray
        (n_sessions,) bool.
    """
    sessions, closes = exchange_sessions()
    at = np.minimum(np.searchsorted(sessions, dates), len(sessions) - 1)
    midnight = (dates + np.timedelta64(1, "D")).astype("datetime64[s]")
    ends = np.where(sessions[at] == dates, closes[at], midnight)
    return np.asarray(ends + SETTLING <= _utc(now))


def _utc(now: dt.datetime) -> np.datetime64:
    return np.datetime64(now.astimezone(dt.UTC).replace(tzinfo=None), "s")


def exchange_findings(dates: np.ndarray, first_row: np.ndarray, problems: Problems) -> Iterator[Finding]:
    """Compare the file's dates with the New York Stock Exchange's sessions since 1990.

    Sessions without any row are counted; more than ten in a row are an error unless the whole file is weekly or
    monthly.
    """
    file = problems.file
    sessions, _ = exchange_sessions()
    checked = (dates >= sessions[0]) & (dates <= sessions[-1])
    odd = checked & ~np.isin(dates, sessions)
    if odd.any():
        at = int(np.argmax(odd))
        yield Finding(
            "warning", f"{file} row {first_row[at]}",
            f"{dates[at]} is no New York Stock Exchange session ({int(odd.sum())} such dates)",
            "check the dates; they are kept as sessions",
        )  # fmt: skip
    expected = sessions[(sessions >= dates[0]) & (sessions <= dates[-1])]
    absent = ~np.isin(expected, dates)
    if not absent.any():
        return
    holes = runs(absent)
    start, end = max(holes, key=lambda run: run[1] - run[0])
    count = f"{int(absent.sum())} of {len(expected)} exchange sessions have no row"
    rhythm = _rhythm(dates)
    if rhythm:
        yield Finding(
            "warning", file, f"the file is {rhythm}: {count}",
            "rules look, trade and harvest on its dates only; daily prices are better",
        )  # fmt: skip
    elif end - start > LONGEST_GAP:
        long = sum(end - start > LONGEST_GAP for start, end in holes)
        others = f"; there are {long} gaps of more than {LONGEST_GAP}" if long > 1 else ""
        problems.about(
            "", f"no security has a row from {expected[start]} to {expected[end - 1]} ({end - start} exchange sessions)"
            f"{others}", f"fill the gap (up to {LONGEST_GAP} are carried), or give the part after it only",
        )  # fmt: skip
    else:
        yield Finding(
            "warning", file,
            f"{count}; the longest gap is {end - start},"
            f" from {expected[start]} to {expected[end - 1]}",
            "nothing can be traded on them; check that the file is complete",
        )  # fmt: skip


def _rhythm(dates: np.ndarray) -> str:
    """Return 'weekly' or 'monthly' where every step from date to date is about that long, else nothing."""
    steps = np.diff(dates).astype(np.int64)
    for name, (shortest, longest) in RHYTHMS.items():
        if len(steps) > 1 and ((steps >= shortest) & (steps <= longest)).all():
            return name
    return ""


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, end) of each stretch of True, end excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
