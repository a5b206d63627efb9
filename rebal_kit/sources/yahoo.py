"""Tickers as a market or a quote: from the cache, brought up to date by Yahoo Finance where the network allows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rebal_kit.domain import Security
from rebal_kit.findings import STALE, Finding, MarketError, raise_errors
from rebal_kit.market import FIELDS, Market, Quote
from rebal_kit.sources.price_cache import PriceHistory
from rebal_kit.sources.sessions import LONGEST_GAP, carry_forward, exchange_sessions, last_session
from rebal_kit.sources.yahoo_download import Patience
from rebal_kit.sources.yahoo_refresh import Refresh, refresh, said_of

_TICKER = re.compile(r"[A-Z0-9^][A-Z0-9.^=-]{0,19}")

_PRIVATE = "for personal use: see Yahoo's terms"


def tickers(given: Iterable[Any]) -> tuple[str, ...]:
    """Return tickers in capitals, each once.

    Raises
    ------
    MarketError
        With everything that cannot be a ticker; or there is none at all.
    """
    listed = list(given)
    # Only ASCII: elsewhere capitals are other letters, and a ligature would become a ticker.
    cleaned = [one.strip().upper() if isinstance(one, str) and one.isascii() else "" for one in listed]
    found = [
        Finding("error", _shown(one), "cannot be a ticker", "write it as Yahoo does: SPY, BRK-B, ^VIX")
        for one, clean in zip(listed, cleaned, strict=True)
        if not _TICKER.fullmatch(clean)
    ]
    if not cleaned:
        found.append(Finding("error", "tickers", "none are given", "give at least one, such as SPY"))
    raise_errors(MarketError, found)
    return tuple(dict.fromkeys(cleaned))


def _shown(given: Any) -> str:
    """Return what was given as a ticker so that it can be printed: what is no plain text, as Python writes it."""
    text = given.strip() if isinstance(given, str) else repr(given)
    return (text if text.isprintable() else ascii(text)) or "(empty)"


def yahoo_market(
    symbols: Iterable[Any], start: Any = None, fresh: bool = False, now: dt.datetime | None = None,
    patience: Patience | None = None, progress: Callable[[Refresh], object] = lambda _: None,
) -> Market:  # fmt: skip
    """Return tickers as a market, from the cache and, for what it lacks, from Yahoo.

    Parameters
    ----------
    symbols : iterable of str
    start : date or str, optional
        First session; the first that any ticker has, when not given.
    fresh : bool
        Fetch whole histories again.
    now : datetime, optional
        With a time zone; the time of the call when not given.
    patience, progress
        See `rebal_kit.sources.yahoo_refresh.refresh`.

    Raises
    ------
    MarketError
        A ticker has no prices, neither from Yahoo nor in the cache. It says so of each.
    """
    wanted = tickers(symbols)
    when = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    return market_of(refresh(wanted, when, patience, fresh, progress), when, start)


def market_of(done: Iterable[Refresh], now: dt.datetime, start: Any = None) -> Market:
    """Return refreshed tickers as a market; one that is stale ends it for all.

    Raises
    ------
    MarketError
        One of them has no prices, or none for more than ten sessions in a row.
    """
    done = tuple(done)
    lacking = [finding for one in done if one.history is None for finding in one.findings]
    raise_errors(MarketError, lacking)
    histories = [one.history for one in done if one.history is not None]
    findings = list(dict.fromkeys(said_of(done)))
    behind = _behind([one for one in done if one.state == "kept"], now)
    # One that Yahoo knows no longer has ended, for all one can tell; any other is only late.
    late = {one.symbol for one in done if one.trouble != "unknown"}
    end = min((history.last for history, _ in behind if history.symbol in late), default=None)
    findings += [_stale(behind)] if behind else []
    findings += _ended(
        [history for history in histories if history not in [other for other, _ in behind]], now
    )
    market = _spread(histories, end)
    if end is not None and end < max(history.last for history in histories):
        what = f"ends on {end}, the last session that all its stale tickers have"
        findings.append(Finding("warning", market.name, what, "it goes on once they are fetched"))
    dropped = sum(int(_weekend(history.dates).sum()) for history in histories)
    if dropped and not _weekend(market.dates).any():
        what = f"{dropped} closes of weekends are left out: not all of its tickers trade then"
        findings.append(Finding("note", market.name, what))
    if any(history.fields["dividend"].any() for history in histories):
        what, remedy = (
            "dividends are taken as fully qualified",
            "say otherwise under securities in the household",
        )
        findings.append(Finding("note", market.name, what, remedy))
    market = market if start is None else market.between(start=start)
    market = _with(market, histories, bool(behind), findings)
    raise_errors(MarketError, _long_gaps(market))
    return market


def _spread(histories: list[PriceHistory], end: dt.date | None) -> Market:
    """Lay histories side by side on all their sessions up to `end`."""
    dates = np.unique(np.concatenate([history.dates for history in histories]))
    if any(not _weekend(history.dates).any() for history in histories):
        dates = dates[~_weekend(dates)]  # coins trade then, and nothing else
    dates = dates if end is None else dates[dates <= np.datetime64(end, "D")]
    shape = (len(dates), len(histories))
    arrays: dict[str, Any] = {
        name: np.full(shape, {"dividend": 0.0, "split": 1.0}.get(name, np.nan)) for name in FIELDS
    }
    for column, history in enumerate(histories):
        known = np.isin(history.dates, dates)
        rows = np.searchsorted(dates, history.dates[known])
        for name in FIELDS:
            arrays[name][rows, column] = history.fields[name][known]
    arrays["close"], traded, _ = carry_forward(arrays["close"])
    names = [history.symbol for history in histories]
    return Market(
        name=" ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else ""),
        dates=dates, securities=tuple(Security(h.symbol, h.origin.title) for h in histories), traded=traded, **arrays,
    )  # fmt: skip


def _weekend(dates: np.ndarray) -> np.ndarray:
    weekend: np.ndarray = ~np.is_busday(dates)
    return weekend


def _long_gaps(market: Market) -> Iterator[Finding]:
    """Find stretches of the exchange's sessions, inside a ticker's life, that are too long to carry a price over."""
    sessions, _ = exchange_sessions()
    for column, symbol in enumerate(market.symbols):
        at = np.flatnonzero(market.traded[:, column])
        if not len(at):
            yield Finding(
                "error", symbol, f"has no price from {market.dates[0]} on", "start earlier, or leave it out"
            )
            continue
        dates, close = market.dates[at], market.close[at, column]
        place = np.searchsorted(sessions, dates)
        gaps = np.where(dates[:-1] >= sessions[0], np.diff(place) - 1, 0)
        if len(gaps) and gaps.max() > LONGEST_GAP:
            last = int(np.flatnonzero(gaps > LONGEST_GAP)[-1])
            what = (
                f"has no close for {gaps[last]} sessions after {dates[last]} ({close[last]:g}), until {dates[last + 1]}"
                f" ({close[last + 1]:g}): the ticker may have been another company's before"
            )
            yield Finding("error", symbol, what, f"start on {dates[last + 1]} or later (start=, --from)")


def _with(market: Market, histories: list[PriceHistory], behind: bool, findings: list[Finding]) -> Market:
    """Say where the prices come from, how old they are, and what to know of them."""
    oldest = min(history.origin.fetched for history in histories)
    libraries = " and ".join(dict.fromkeys(history.origin.library for history in histories))
    source = (
        f"{histories[0].origin.source} by {libraries} ({_PRIVATE}), {market.dates[0]} to {market.dates[-1]},"
        f" fetched {_minute(oldest)}"
    )
    market = replace(market, source=source, findings=tuple(findings))
    return replace(market, source=f"{source}; {market.badge}") if behind else market


def _behind(kept: list[Refresh], now: dt.datetime) -> list[tuple[PriceHistory, int]]:
    """Return the histories Yahoo would not renew that lack sessions which are over, and how many."""
    sessions, _ = exchange_sessions()
    last = np.datetime64(last_session(now)[0], "D")
    behind = []
    for one in kept:
        if one.history is not None:
            missed = int(((sessions > one.history.dates[-1]) & (sessions <= last)).sum())
            behind += [(one.history, missed)] if missed else []
    return behind


def _stale(behind: list[tuple[PriceHistory, int]]) -> Finding:
    told = [
        f"{history.symbol} ends on {history.last}, {missed} session{'s' * (missed > 1)} ago"
        for history, missed in behind[:4]
    ]
    more = f" and {len(behind) - 4} more" if len(behind) > 4 else ""
    oldest = min(history.origin.fetched for history, _ in behind)
    what = f"{', '.join(told)}{more}, fetched {_minute(oldest)}"
    return Finding("warning", STALE, what, "fetch again once Yahoo can be reached: rebal fetch")


def _ended(histories: list[PriceHistory], now: dt.datetime) -> Iterator[Finding]:
    """Say which tickers have no recent price although Yahoo was asked: delisted, renamed or halted."""
    sessions, _ = exchange_sessions()
    for history in histories:
        told = np.datetime64(last_session(min(now, history.origin.fetched))[0], "D")
        missed = int(((sessions > history.dates[-1]) & (sessions <= told)).sum())
        if missed:
            what = f"its last price is of {history.last}, {missed} session{'s' * (missed > 1)} before it was fetched"
            yield Finding(
                "warning", history.symbol, what, "it was delisted, renamed or halted, or Yahoo is late"
            )


def _minute(when: dt.datetime) -> str:
    return f"{when.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def load_quote(
    symbols: Iterable[str] | str, max_age: dt.timedelta = dt.timedelta(minutes=15), now: dt.datetime | None = None,
    patience: Patience | None = None,
) -> Quote:  # fmt: skip
    """Return the latest prices of tickers, each with its time; the cache's where Yahoo cannot be reached.

    Parameters
    ----------
    symbols : iterable of str, or str
        In text, tickers stand between spaces or commas.
    max_age : timedelta
        Prices fetched longer ago are asked for again while the New York Stock Exchange is open.
    now : datetime, optional
        With a time zone; the time of the call when not given.
    patience : Patience, optional

    Returns
    -------
    Quote
        Of the day of its newest price. `stale` names the tickers whose price is older than the last session's close, or
        in an open session older than `max_age` and half an hour; `findings` say how old.

    Raises
    ------
    MarketError
        A ticker has no price, neither from Yahoo nor in the cache. It says so of each.
    """
    wanted = tickers(symbols.replace(",", " ").split() if isinstance(symbols, str) else symbols)
    when = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    opened = _open(when)
    done = refresh(wanted, when, patience, since=when - max_age if opened else None)
    raise_errors(MarketError, [f for one in done if one.history is None for f in one.findings])
    prices = [_latest(one.history) for one in done if one.history is not None]
    oldest = (
        when - max_age - dt.timedelta(minutes=30) if opened else last_session(when)[1] - dt.timedelta(hours=1)
    )
    stale = [symbol for symbol, (_, time) in zip(wanted, prices, strict=True) if time < oldest]
    findings = [finding for one in done for finding in one.findings]
    findings += [
        Finding("warning", symbol, f"STALE: the price is of {_minute(time)}", "fetch it again before you trade on it")
        for symbol, (_, time) in zip(wanted, prices, strict=True) if symbol in stale
    ]  # fmt: skip
    newest = max(time for _, time in prices)
    oldest_shown = f"; STALE PRICES: {', '.join(stale)}" if stale else ""
    return Quote(
        date=newest.date(), symbols=wanted, close=np.array([price for price, _ in prices]),
        source=f"Yahoo Finance ({_PRIVATE}), prices of {_minute(min(t for _, t in prices))} to {_minute(newest)}"
               f"{oldest_shown}",
        times=np.array([time.replace(tzinfo=None) for _, time in prices], dtype="datetime64[s]"),
        stale=tuple(stale), findings=tuple(findings),
    )  # fmt: skip


def _open(now: dt.datetime) -> bool:
    """Tell whether the New York Stock Exchange is in session, or its closing prices are not final."""
    sessions, closes = exchange_sessions()
    at = int(np.searchsorted(closes, np.datetime64(now.replace(tzinfo=None), "s") - np.timedelta64(30, "m")))
    bell = dt.timedelta(hours=7)  # half an hour before the bell of a session of 6.5 hours
    return bool(at < len(sessions)) and closes[at].item().replace(tzinfo=dt.UTC) - bell <= now


def _latest(history: PriceHistory) -> tuple[float, dt.datetime]:
    """Return the newest price and its time: the one that came with the history, else its last close."""
    origin = history.origin
    sessions, closes = exchange_sessions()
    at = int(np.searchsorted(sessions, history.dates[-1]))
    known = at < len(sessions) and sessions[at] == history.dates[-1]
    end = closes[at].item() if known else dt.datetime.combine(history.last, dt.time(21))
    closed: dt.datetime = end.replace(tzinfo=dt.UTC)
    made = origin.price_time
    if np.isfinite(origin.price) and made is not None and made >= closed - dt.timedelta(minutes=1):
        return origin.price, made
    return float(history.fields["close"][-1]), closed
