"""Keeping the cache of Yahoo's prices up to date: ask for what is new, compare what both have, lose nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import FIELDS
from rebal_kit.sources.price_cache import PriceHistory, cache_path, locked, read_history, write_history
from rebal_kit.sources.sessions import SETTLING, last_session
from rebal_kit.sources.yahoo_download import NoAnswerError, Patience, Trouble, download
from rebal_kit.sources.yahoo_history import read_answer

#: Days before the last kept session that are asked for again: about ten sessions to compare.
OVERLAP = dt.timedelta(days=15)

#: Prices and dividends that differ by more than this part are not the same. Yahoo's have six to seven digits.
SAME = 1e-3

#: The last kept close may have been corrected by this part.
CORRECTED = 0.02

#: A whole history that lacks more than this part of the kept sessions is not believed.
_MAY_LACK = 0.01

#: A ticker without the last session is asked for again after so long: it has ended, or Yahoo is late.
_ASK_AGAIN = dt.timedelta(hours=1)

_REMEDIES: dict[Trouble, str] = {
    "unreachable": "check the network and try again",
    "refused": "try again in some minutes",
    "unreadable": "try again later",
    "unknown": "check the spelling on finance.yahoo.com",
}

#: *current*: nothing to ask for; *new*, *extended*, *replaced*: the cache was written; *kept*: Yahoo failed and the
#: cache is as it was; *failed*: there is nothing.
State = Literal["current", "new", "extended", "replaced", "kept", "failed"]


@dataclass(frozen=True, eq=False)
class Refresh:
    """What became of one ticker.

    Attributes
    ----------
    symbol : str
    state : {'current', 'new', 'extended', 'replaced', 'kept', 'failed'}
    history : PriceHistory, optional
        None where the state is *failed*.
    findings : tuple of Finding
        Of this refresh; those of the history are in its origin.
    trouble : {'unreachable', 'refused', 'unreadable', 'unknown'}, optional
        What kept Yahoo's answer away.
    added : int
        Sessions that the cache did not have before.
    """

    symbol: str
    state: State
    history: PriceHistory | None
    findings: tuple[Finding, ...] = ()
    trouble: Trouble | None = None
    added: int = 0


def refresh(
    symbols: Iterable[str], now: dt.datetime, patience: Patience | None = None, force: bool = False,
    progress: Callable[[Refresh], object] = lambda _: None, since: dt.datetime | None = None,
) -> tuple[Refresh, ...]:  # fmt: skip
    """Bring the cache up to date, ticker by ticker. One ticker's trouble is its own.

    Parameters
    ----------
    symbols : iterable of str
    now : datetime
        With a time zone.
    patience : Patience, optional
    force : bool
        Fetch whole histories again, even where the cache has the last session.
    progress : callable, optional
        Called after each ticker.
    since : datetime, optional
        What was fetched at or after it is current. The close of the last session that is over, when not given.
    """
    patience = patience or Patience()
    current = since or last_session(now)[1] + SETTLING.astype(object)
    done = []
    for symbol in symbols:
        one = _refresh(symbol, now, patience, None if force else current)
        if one.trouble in ("unreachable", "refused"):
            patience = replace(patience, tries=1)  # away for one is away for all: ask the others, but once
        progress(one)
        done.append(one)
    return tuple(done)


def _refresh(symbol: str, now: dt.datetime, patience: Patience, current: dt.datetime | None) -> Refresh:
    found: list[Finding] = []
    kept = _kept(symbol, found)
    if kept is not None and _is_current(kept, current, now):
        return Refresh(symbol, "current", kept)
    try:
        with locked(symbol, patience.lock):
            again = _kept(symbol, [])
            if again is not None and (kept is None or again.origin.fetched > kept.origin.fetched):
                kept = again  # another process was here meanwhile
                if _is_current(kept, current, now):
                    return Refresh(symbol, "current", kept)
            state, history = _renew(kept, symbol, now, patience, whole=current is None, found=found)
            write_history(history)
    except NoAnswerError as nothing:
        why = Finding("error", symbol, nothing.what, _REMEDIES[nothing.trouble])
        return replace(_unrenewed(symbol, kept, found, why), trouble=nothing.trouble)
    except MarketError as refused:
        return _unrenewed(symbol, kept, found, *refused.findings)
    added = len(history.dates) if kept is None else int((~np.isin(history.dates, kept.dates)).sum())
    return Refresh(symbol, state, history, tuple(found), added=added)


def _is_current(kept: PriceHistory, current: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether there is nothing to ask for. A last session that is missing is asked for once an hour."""
    if current is None or kept.origin.fetched < current:
        return False
    return kept.last >= last_session(now)[0] or now - kept.origin.fetched < _ASK_AGAIN


def _kept(symbol: str, found: list[Finding]) -> PriceHistory | None:
    """Return what the cache has; a damaged file is said and counts as nothing."""
    try:
        return read_history(symbol)
    except MarketError as damaged:
        found += [replace(finding, severity="warning") for finding in damaged.findings]
        return None


def _unrenewed(symbol: str, kept: PriceHistory | None, found: list[Finding], *why: Finding) -> Refresh:
    if kept is None:
        return Refresh(symbol, "failed", None, (*found, *why))
    said = [
        Finding("warning", symbol, f"no new prices: {finding.what}",
                f"the kept ones stand, of {kept.first} to {kept.last}; {finding.remedy}")
        for finding in why
    ]  # fmt: skip
    return Refresh(symbol, "kept", kept, (*found, *said))


def _renew(
    kept: PriceHistory | None,
    symbol: str,
    now: dt.datetime,
    patience: Patience,
    whole: bool,
    found: list[Finding],
) -> tuple[State, PriceHistory]:
    """Return what is to be kept from now on.

    Raises
    ------
    NoAnswerError
        Yahoo has nothing that could stand in for, or beside, what is kept.
    """
    read = partial(read_answer, symbol, now)
    if kept is None:
        return "new", download(symbol, None, patience, read)
    if not whole:
        recent = download(symbol, kept.last - OVERLAP, patience, read, known=True)
        differs = _difference(kept, recent)
        if not differs:
            return "extended", _joined(kept, recent)
    fresh = download(symbol, None, patience, read, known=True)
    lost = kept.dates[~np.isin(kept.dates, fresh.dates)]
    if len(lost) > _MAY_LACK * len(kept.dates):
        raise NoAnswerError(
            "unreadable", f"Yahoo's history lacks {len(lost)} of {len(kept.dates)} kept sessions, the first {lost[0]}"
            f" (to believe it, delete {cache_path(symbol)})",
        )  # fmt: skip
    if fresh.last < kept.last:
        raise NoAnswerError("unreadable", f"Yahoo's history ends on {fresh.last}, before the kept one")
    if differs := _difference(kept, fresh):
        found.append(Finding("warning", symbol, f"{differs}: replaced by the whole history of today",
                             "results of before differ from those to come"))  # fmt: skip
    return "replaced", fresh


def _difference(kept: PriceHistory, recent: PriceHistory) -> str:
    """Say where two histories differ in closes, dividends and splits that both should have; nothing where they do not.

    The last kept close may have been corrected a little since.
    """
    both, old, new = np.intersect1d(kept.dates, recent.dates, return_indices=True)
    missing = kept.dates[(kept.dates >= recent.dates[0]) & ~np.isin(kept.dates, recent.dates)]
    if len(both) < 2:
        return f"Yahoo's answer from {recent.dates[0]} has too few of the kept sessions to compare"
    if len(missing):
        return f"Yahoo has no close on {missing[0]} any more"
    for name in ("close", "dividend", "split"):
        was, now = kept.fields[name][old], recent.fields[name][new]
        allowed = np.full(len(both), SAME)
        allowed[-1] = CORRECTED if name == "close" else SAME
        off = np.abs(now - was) > allowed * np.maximum(np.abs(was), np.abs(now))
        if off.any():
            at = int(np.argmax(off))
            return f"Yahoo's {name} of {both[at]} was {was[at]:.6g} and is {now[at]:.6g}"
    return ""


def _joined(kept: PriceHistory, recent: PriceHistory) -> PriceHistory:
    """Put the recent sessions behind the kept ones that come before them."""
    before = kept.dates < recent.dates[0]
    fields = {name: np.concatenate([kept.fields[name][before], recent.fields[name]]) for name in FIELDS}
    said = dict.fromkeys((*kept.origin.findings, *recent.origin.findings))
    origin = replace(recent.origin, findings=tuple(said))
    return PriceHistory(kept.symbol, np.concatenate([kept.dates[before], recent.dates]), fields, origin)


def said_of(done: Iterable[Refresh]) -> Iterator[Finding]:
    """Yield everything worth saying of refreshed tickers: of the refresh, and of what is kept."""
    for one in done:
        yield from one.findings
        if one.history is not None:
            yield from one.history.origin.findings
