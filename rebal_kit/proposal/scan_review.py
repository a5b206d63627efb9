"""How old prices, household and settings are, and whether the market has changed since they were gone through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rebal_kit.domain import Household
from rebal_kit.findings import STALE, Finding
from rebal_kit.market import Market
from rebal_kit.metrics import sessions_per_year
from rebal_kit.proposal.day import Day

#: Business days after which prices and positions are old.
FRESH_DAYS = 3
#: Sessions over which nervousness is averaged: a month of an index, a quarter of returns.
_OF_INDEX, _OF_RETURNS = 21, 63
_NAMES = ("calm", "usual", "nervous")


class Nervousness(NamedTuple):
    """How volatile a market was around one day and another, and what parts calm from nervous.

    Attributes
    ----------
    then, latest : float
        Percent a year.
    cuts : tuple of 2 floats
        Terciles of its history.
    measure : str
        What was measured, in words.
    """

    then: float
    latest: float
    cuts: tuple[float, float]
    measure: str

    @property
    def names(self) -> tuple[str, str]:
        """'calm', 'usual' or 'nervous', then and now."""
        then, now = np.searchsorted(self.cuts, (self.then, self.latest), side="right")
        return _NAMES[then], _NAMES[now]


def review(day: Day, today: dt.date | None) -> tuple[Finding, ...]:
    """Return what is too old, and what has changed since.

    Parameters
    ----------
    day : Day
    today : date, optional
        Against which ages are counted; the day of the prices when not given.
    """
    now = max(today or day.asof, day.asof)
    return (*_prices(day, now), *_positions(day, now), *_settings(day, now))


def business_days(first: dt.date, last: dt.date) -> int:
    """Return how many days from Monday to Friday there are after the first through the last; holidays are counted."""
    one = np.timedelta64(1, "D")
    return int(np.busday_count(np.datetime64(first, "D") + one, np.datetime64(last, "D") + one))


def a_year_after(date: dt.date) -> dt.date:
    """Return the anniversary of a date; of 29 February that is 1 March."""
    try:
        return date.replace(year=date.year + 1)
    except ValueError:
        return dt.date(date.year + 1, 3, 1)


def nervousness(market: Market, household: Household, then: dt.date) -> Nervousness | None:
    """Return how volatile the market was at a day and is on its last; None where its history does not reach so far.

    By the volatility index, averaged over a month; without one, by the returns of the target mix over a quarter.
    """
    if market.volatility_index is not None and np.isfinite(market.volatility_index).any():
        level, count, measure = np.asarray(market.volatility_index, float), _OF_INDEX, "volatility index"
        level = _trailing(level, count)
    else:
        level, measure = _realised(market, household), "volatility of the target mix"
    known = np.isfinite(level)
    at = int(np.searchsorted(market.dates, np.datetime64(then, "D"), side="right")) - 1
    if at < 0 or not known[at] or not known[-1]:
        return None
    low, high = map(float, np.quantile(level[known], (1 / 3, 2 / 3)))
    return Nervousness(float(level[at]), float(level[-1]), (low, high), measure)


def _trailing(values: np.ndarray, count: int) -> np.ndarray:
    """Return (n_sessions,) the mean of the `count` values through each session, NaN where one is not known."""
    found = np.full(len(values), np.nan)
    if len(values) >= count:
        found[count - 1 :] = np.lib.stride_tricks.sliding_window_view(values, count).mean(axis=1)
    return found


def _realised(market: Market, household: Household) -> np.ndarray:
    """Return (n_sessions,) yearly volatility of the target mix over the quarter through each session, percent."""
    weights = np.zeros(len(market.securities))
    for asset_class, weight in household.targets.weights:
        for symbol, inner in asset_class.members:
            weights[market.column(symbol)] += weight * inner
    held = weights > 0.0
    close = market.close[:, held]
    grown = market.split[1:, held] * (close[1:] + market.dividend[1:, held]) / close[:-1] - 1.0
    returns = np.append(np.nan, grown @ weights[held])
    spread = np.sqrt(
        np.maximum(_trailing(returns**2, _OF_RETURNS) - _trailing(returns, _OF_RETURNS) ** 2, 0.0)
    )
    return np.asarray(100.0 * spread * np.sqrt(sessions_per_year(market.dates.astype(np.int64))))


def _prices(day: Day, now: dt.date) -> Iterator[Finding]:
    old = business_days(day.asof, now)
    if old > FRESH_DAYS:
        what = f"the last prices are of {day.asof}, {old} business days before {now}"
        yield Finding("warning", STALE, what, "give newer prices before anything is traded")
    market = day.setting.history
    for s, symbol in enumerate(market.symbols):
        if not market.traded[-1, s]:
            on = np.flatnonzero(market.traded[:, s])
            since = market.dates[on[-1]].item() if len(on) else "no day at all"
            yield Finding(
                "warning", STALE, f"the last price of {symbol} is of {since}", "look what happened to it"
            )
    yield from (finding for finding in market.findings if finding.where == STALE)


def _positions(day: Day, now: dt.date) -> Iterator[Finding]:
    household = day.household
    old = business_days(household.as_of, now) if household.as_of is not None else 0
    if old > FRESH_DAYS:
        what = f"lots and cash are of {household.as_of}, {old} business days before {now}"
        yield Finding("warning", f"household '{household.name}'", what, "export the positions again")


def _settings(day: Day, now: dt.date) -> Iterator[Finding]:
    household, where = day.household, "settings"
    remedy = "go through targets, bands and tax profile with the client, and set `reviewed`"
    reviewed = household.reviewed
    if reviewed is None:
        yield Finding("warning", where, "it is not known when they were last reviewed", remedy)
        return
    if now >= a_year_after(reviewed):
        yield Finding("warning", where, f"last reviewed on {reviewed}, a year or more before {now}", remedy)
    found = nervousness(day.setting.history, household, reviewed)
    if found is None:
        what = f"whether the market has changed since the review of {reviewed} is not known: prices do not reach so far"
        yield Finding("note", where, what)
        return
    then, today = found.names
    low, high = found.cuts
    figures = (
        f"{found.measure} {found.then:.1f} % then, {found.latest:.1f} % now; cuts {low:.1f} and {high:.1f} %"
    )
    if then != today:
        what = f"reviewed on {reviewed} in a {then} market, which is {today} now ({figures})"
        yield Finding("warning", where, what, remedy)
