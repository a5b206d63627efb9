"""What looks wrong in a market's prices: gaps, spikes, stale prices, dividends, splits, reused tickers.

Nothing is repaired. Every threshold stands below with its reason. They were set so that the bundled markets, whose gaps
are known (``data/README.md``), give few findings and those known ones; ``tests/sources/test_quality.py`` sees to it.
A screen by reversal is Ince and Porter's (Individual equity return data from Thomson Datastream: handle with care!,
Journal of Financial Research 29, 2006); theirs is for months, so the sizes here are our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rebal_kit.findings import Finding
from rebal_kit.market import Market
from rebal_kit.sources.sessions import LONGEST_GAP, carry_forward, check_gaps, exchange_findings, runs
from rebal_kit.sources.values import Problems

#: A spike moves by at least a tenth …
_SPIKE = np.log(1.1)
#: … and by this many times the security's usual move (median) in the 60 sessions around it, so that crises are none …
_UNUSUAL = 12.0
#: … and the next session takes back all of it but this part.
_LEFT = 0.1

#: The same close for so many sessions in a row: a week and more of no trade at all.
_STUCK = 8

#: Dividends of twelve months above this part of the average price of these months. Of the 127 bundled stocks only
#: special dividends and 2008's financials come near.
_RICH = 0.20

#: One payment above this part of the price is a special dividend, a return of capital, or in another unit.
_LARGE_PAYMENT = 0.05

#: A payer is regular once it paid so often, and so many of the pauses are within a quarter of the usual one …
_REGULAR, _MOSTLY = 8, 0.85
#: … and has left out payments when a pause is that much longer and the next payment is of the usual size.
_PAUSE = 1.6

#: Splits that are commonly made, forward or reverse …
_RATIOS = np.array([1.5, 2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 30, 50])
#: … show in an undeclared jump to within this part …
_NEAR = 0.03
#: … while no more shares change hands than the ratio says, times this: a crash trades many times the usual volume.
_CALM = 2.5
#: … and never when the security moves by so much anyway (median of the 60 sessions around).
_RESTLESS = 0.03

#: Prices that differ by this factor before and after a long gap are hardly of one company.
_OTHER_LEVEL = 1.5

_AROUND = 30
_YEAR = 252


def quality(market: Market) -> tuple[Finding, ...]:
    """Return everything in a market's data that looks wrong, securities in their order, gaps first.

    Parameters
    ----------
    market : Market

    Returns
    -------
    tuple of Finding
        Warnings change what may be concluded; notes may well be true.
    """
    return (*gap_findings(market), *price_findings(market))


def gap_findings(market: Market) -> tuple[Finding, ...]:
    """Return sessions without a price: of a security inside its life, and of the whole market."""
    problems = Problems(f"market '{market.name}'")
    _, traded, alive = carry_forward(np.where(market.traded, market.close, np.nan))
    found = list(check_gaps(market.dates, market.symbols, traded, alive, problems))
    found += exchange_findings(market.dates, np.arange(1, len(market.dates) + 1), problems)
    return (*(replace(finding, severity="warning") for _, finding in problems.found), *found)


def price_findings(market: Market) -> tuple[Finding, ...]:
    """Return what looks wrong in the prices and dividends that are there."""
    if len(market.dates) < 3 or _step(market.dates) > 2.0:
        return ()  # weekly and monthly prices follow other rules
    found: list[Finding] = []
    for column, symbol in enumerate(market.symbols):
        at = np.flatnonzero(market.traded[:, column] & np.isfinite(market.close[:, column]))
        if len(at) < 3:
            continue
        one = _Series(market, symbol, column, at)
        for check in (
            _spikes,
            _stuck,
            _idle,
            _undeclared_splits,
            _large_payments,
            _yield,
            _left_out,
            _reused,
        ):
            found += check(one)
    return tuple(found)


def _step(dates: np.ndarray) -> float:
    return float(np.median(np.diff(dates).astype(np.int64)))


class _Series:
    """The sessions of one security that have a price, and the moves between them."""

    def __init__(self, market: Market, symbol: str, column: int, at: np.ndarray):
        self.symbol, self.at = symbol, at
        self.where = symbol
        self.dates = market.dates[at]
        self.close, self.volume = market.close[at, column], market.volume[at, column]
        self.dividend, self.split = market.dividend[at, column], market.split[at, column]
        self.move = np.log((self.close[1:] * self.split[1:] + self.dividend[1:]) / self.close[:-1])

    def usual(self, at: int) -> float:
        """Return the median size of the moves around one, which may be 0."""
        return float(np.median(np.abs(self.move[max(at - _AROUND, 0) : at + _AROUND + 1])))


def _more(count: int) -> str:
    return f" ({count} such sessions)" if count > 1 else ""


def _spikes(one: _Series) -> Iterator[Finding]:
    """Closes far off those before and after, which agree."""
    there, back = one.move[:-1], one.move[1:]
    candidates = np.flatnonzero((np.abs(there) > _SPIKE) & (np.abs(there + back) < _LEFT * np.abs(there)))
    hits = [int(at) for at in candidates if np.abs(there[at]) > _UNUSUAL * one.usual(int(at))]
    if hits:
        at = hits[0]
        before, peak, later = one.close[at : at + 3]
        between = f"between {before:g} and {later:g}{_more(len(hits))}"
        what = f"spike: the close is {peak:g} on {one.dates[at + 1]}, {between}"
        yield Finding("warning", one.where, what, "check it: rules may trade on it")


def _stuck(one: _Series) -> Iterator[Finding]:
    """The same close session after session."""
    same = (one.close[1:] == one.close[:-1]) & (one.split[1:] == 1)
    if same.all():
        what = f"the close is {one.close[0]:g} on all of {len(one.close)} sessions"
        yield Finding("note", one.where, what, "right for a money-market fund only")
        return
    long = [(start, end) for start, end in runs(same) if end - start + 1 >= _STUCK]
    if long:
        start, end = max(long, key=lambda run: run[1] - run[0])
        more = f" ({len(long)} such runs)" if len(long) > 1 else ""
        what = (
            f"stale: the close is {one.close[start]:g} on {end - start + 1} sessions in a row, from {one.dates[start]}"
            f" to {one.dates[end]}{more}"
        )
        yield Finding("warning", one.where, what, "it may not have traded at all")


def _idle(one: _Series) -> Iterator[Finding]:
    """Prices at which no share changed hands."""
    idle = one.volume == 0
    if idle.any() and not idle.all():
        what = f"has a price and a volume of 0 on {one.dates[int(np.argmax(idle))]}{_more(int(idle.sum()))}"
        yield Finding("note", one.where, what, "the price may be carried over")


def _undeclared_splits(one: _Series) -> Iterator[Finding]:
    """Jumps by the factor of a split that nobody declared, in sessions of no unusual trade."""
    size = np.abs(one.move)
    near = np.abs(size[:, None] - np.log(_RATIOS)).min(axis=1) < np.log1p(_NEAR)
    for jump in np.flatnonzero(near & (size > np.log(1.4)) & (one.split[1:] == 1)):
        at = int(jump)
        usual = np.median(one.volume[max(at - _AROUND, 0) : at + 1])
        swelling = np.exp(max(-one.move[at], 0.0)) * _CALM
        if one.usual(at) > _RESTLESS or (
            np.isfinite(usual) and one.volume[at + 1] > swelling * max(usual, 1.0)
        ):
            continue
        beside = one.move[max(at - 1, 0) : at + 2]
        if (np.abs(beside + one.move[at]) < _LEFT * size[at]).any():
            continue  # there or back of a spike, and said to be one
        factor = _RATIOS[np.argmin(np.abs(size[at] - np.log(_RATIOS)))]
        kind = f"{factor:g}-for-1" if one.move[at] < 0 else f"1-for-{factor:g}"
        what = (
            f"unadjusted split? The close goes from {one.close[at]:g} to {one.close[at + 1]:g} on {one.dates[at + 1]},"
            f" as in a {kind} split, and none is declared"
        )
        remedy = "give the split, or check the price"
        if np.isfinite(usual):
            yield Finding("warning", one.where, what, remedy)
        else:
            yield Finding("note", one.where, f"{what}; without volumes, a crash looks the same", remedy)
        return


def _large_payments(one: _Series) -> Iterator[Finding]:
    """Dividends that are much of the price; those above it are said where prices are read."""
    large = (one.dividend > _LARGE_PAYMENT * one.close) & (one.dividend <= one.close)
    if large.any():
        at = int(np.argmax(large))
        what = (
            f"the dividend of {one.dividend[at]:g} on {one.dates[at]} is {one.dividend[at] / one.close[at]:.0%} of the"
            f" price{_more(int(large.sum()))}"
        )
        yield Finding("note", one.where, what, "a special dividend, a return of capital, or in another unit")


def _yield(one: _Series) -> Iterator[Finding]:
    """Dividends of a year out of proportion to the price."""
    if len(one.close) <= _YEAR or not one.dividend.any():
        return
    later = np.cumprod(one.split[::-1])[::-1] / one.split
    paid, price = np.cumsum(one.dividend / later), np.cumsum(one.close / later)
    rate = (paid[_YEAR:] - paid[:-_YEAR]) / ((price[_YEAR:] - price[:-_YEAR]) / _YEAR)
    if rate.max() > _RICH:
        at = int(np.argmax(rate))
        what = f"dividend yield out of range: {rate[at]:.0%} in the year to {one.dates[at + _YEAR]}"
        yield Finding(
            "warning", one.where, what, "check that dividends are US$ a share and none is there twice"
        )


def _left_out(one: _Series) -> Iterator[Finding]:
    """Regular payers that seem to have left out a payment and went on as before: mostly a dividend is missing."""
    paid = np.flatnonzero(one.dividend)
    if len(paid) < _REGULAR:
        return
    pauses = np.diff(one.dates[paid]).astype(np.int64)
    usual = float(np.median(pauses))
    if np.mean(np.abs(pauses / usual - 1) < 0.25) < _MOSTLY:
        return
    later = np.cumprod(one.split[::-1])[::-1] / one.split
    amount = one.dividend[paid] / later[paid]
    alike = np.abs(np.log(amount[1:] / amount[:-1])) < np.log(2)
    long = np.flatnonzero((pauses > _PAUSE * usual) & alike)
    if len(long):
        days = [f"{one.dates[paid[at]]} to {one.dates[paid[at + 1]]}" for at in long]
        shown = ", ".join(days[:3]) + (" …" if len(days) > 3 else "")
        what = f"pays every {usual:g} days or so, and nothing from {shown}"
        yield Finding("warning", one.where, what, "a dividend may be missing: its return is then too low")


def _reused(one: _Series) -> Iterator[Finding]:
    """Long gaps after which the price is another: a ticker that two companies had."""
    gap = np.diff(one.at) - 1
    for jump in np.flatnonzero((gap > LONGEST_GAP) & (np.abs(one.move) > np.log(_OTHER_LEVEL))):
        at = int(jump)
        what = (
            f"reused ticker? After {gap[at]} sessions without a price, the close goes from {one.close[at]:g} on"
            f" {one.dates[at]} to {one.close[at + 1]:g} on {one.dates[at + 1]}"
        )
        yield Finding(
            "warning", one.where, what, f"start at {one.dates[at + 1]} if it is another company since"
        )
