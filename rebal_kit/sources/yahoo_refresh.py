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
from rebal_kit.sources.actions import INCREDIBLE
from rebal_kit.sources.price_cache import (
    DamagedFileError,
    PriceHistory,
    cache_path,
    locked,
    read_history,
    write_history,
)
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
    "foreign": "take a listing in US$, or leave it out",
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
    trouble : {'unreachable', 'refused', 'unreadable', 'unknown', 'foreign'}, optional
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
    kept = None
    try:
        kept = _kept(symbol, found)
        if kept is not None and _is_current(kept, current, now):
            return Refresh(symbol, "current", kept)
        with locked(symbol, patience.lock):
            again = _kept(symbol, [])
            if again is not None and (kept is None or again.origin.fetched > kept.origin.fetched):
                kept = again  # another process was here meanwhile
                if _is_current(kept, current, now):
                    return Refresh(symbol, "current", kept)
            state, history = _renew(kept, symbol, now, patience, whole=current is None, found=found)
            write_history(history)
    except NoAnswerError as nothing:
        why = Finding("error", symbol, nothing.what, nothing.remedy or _REMEDIES[nothing.trouble])
        return replace(_unrenewed(symbol, kept, found, why), trouble=nothing.trouble)
    except MarketError as refused:
        return _unrenewed(symbol, kept, found, *refused.findings)
    added = len(history.dates) if kept is None else int((~np.isin(history.dates, kept.dates)).sum())
    return Refresh(symbol, state, history, tuple(found), added=added)


def _is_current(kept: PriceHistory, current: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether there is nothing to ask for. A last session that is missing is asked for once an hour.

    What was fetched later than now was fetched by a clock that was wrong.
    """
    if current is None or not current <= kept.origin.fetched <= now + _ASK_AGAIN:
        return False
    return kept.last >= last_session(now)[0] or now - kept.origin.fetched < _ASK_AGAIN


def _kept(symbol: str, found: list[Finding]) -> PriceHistory | None:
    """Return what the cache has; a damaged file is said and counts as nothing. One that may be sound does not."""
    try:
        return read_history(symbol)
    except DamagedFileError as damaged:
        remedy = "the whole history is asked for again, and takes its place"
        found += [replace(finding, severity="warning", remedy=remedy) for finding in damaged.findings]
        return None


def _unrenewed(symbol: str, kept: PriceHistory | None, found: list[Finding], *why: Finding) -> Refresh:
    if kept is None:
        return Refresh(symbol, "failed", None, (*found, *why))
    said = [
        Finding("warning", symbol, f"no new prices: {_with_place(symbol, finding)}",
                f"the kept ones stand, of {kept.first} to {kept.last}; {finding.remedy}")
        for finding in why
    ]  # fmt: skip
    return Refresh(symbol, "kept", kept, (*found, *said))


def _with_place(symbol: str, finding: Finding) -> str:
    return finding.what if finding.where == symbol else f"{finding.where} {finding.what}"


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
            "unreadable", f"Yahoo's history lacks {len(lost)} of {len(kept.dates)} kept sessions, the first {lost[0]}",
            f"to believe it, delete {cache_path(symbol)}",
        )  # fmt: skip
    if fresh.last < kept.last:
        raise NoAnswerError("unreadable", f"Yahoo's history ends on {fresh.last}, before the kept one")
    _check_doubtful(kept, fresh)
    if differs := _difference(kept, fresh, whole=True):
        found.append(Finding("warning", symbol, f"{differs}: replaced by the whole history of today",
                             "results of before differ from those to come"))  # fmt: skip
    return "replaced", fresh


def _check_doubtful(kept: PriceHistory, fresh: PriceHistory) -> None:
    """Refuse a history with a close that is far off the kept one and off its own neighbour, where the kept is not."""
    _, old, new = np.intersect1d(kept.dates, fresh.dates, return_indices=True)
    was, now = kept.fields["close"][old], fresh.fields["close"][new]
    split = fresh.fields["split"][new]
    off = np.abs(np.log(now / was)) > np.log(INCREDIBLE)
    jump = np.concatenate([[False], np.abs(np.log(now[1:] * split[1:] / now[:-1])) > np.log(INCREDIBLE)])
    before = np.concatenate([[False], np.abs(np.log(was[1:] * split[1:] / was[:-1])) > np.log(INCREDIBLE)])
    bad = off & jump & ~before
    if bad.any():
        at = int(np.argmax(bad))
        day = fresh.dates[new[at]]
        raise NoAnswerError(
            "unreadable", f"Yahoo's close of {day} was {was[at]:.6g} and is {now[at]:.6g}, far from those before",
            f"to believe it, delete {cache_path(kept.symbol)}",
        )  # fmt: skip


def _difference(kept: PriceHistory, recent: PriceHistory, whole: bool = False) -> str:
    """Say where two histories differ in closes, dividends and splits that both should have; nothing where they do not.

    The last kept close may have been corrected a little since.
    """
    both, old, new = np.intersect1d(kept.dates, recent.dates, return_indices=True)
    asked = np.full(len(kept.dates), fill_value=True) if whole else kept.dates >= recent.dates[0]
    missing = kept.dates[asked & ~np.isin(kept.dates, recent.dates)]
    if len(both) < 2:
        return f"Yahoo's answer from {recent.dates[0]} has too few of the kept sessions to compare"
    if len(missing):
        more = f" and {len(missing) - 1} more kept sessions" if len(missing) > 1 else ""
        return f"Yahoo has no close on {missing[0]}{more} any more"
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
