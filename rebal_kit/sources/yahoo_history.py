"""Yahoo's table of a ticker as an unadjusted history: today's shares undone, actions on sessions, nonsense refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from rebal_kit.findings import Finding
from rebal_kit.sources.actions import INCREDIBLE, later_splits, unapplied_splits
from rebal_kit.sources.price_cache import Origin, PriceHistory
from rebal_kit.sources.sessions import session_over
from rebal_kit.sources.yahoo_download import Answer, NoAnswerError

SOURCE = "Yahoo Finance"

_COLUMNS = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}


def read_answer(symbol: str, now: dt.datetime, answer: Answer) -> PriceHistory:
    """Return the sessions that were over at `now`, as they were then.

    Yahoo restates closes, volumes and dividends in today's shares; the product of the later splits undoes it. Where the
    close, as delivered, falls by a split's factor on its day, Yahoo has announced that split and not restated for it
    yet: it is not undone.

    Raises
    ------
    NoAnswerError
        Values are no prices, currency is not US$, or no session was over.
    """
    about = answer.about
    currency = str(about.get("currency") or "")
    if not currency:
        raise NoAnswerError("unreadable", "Yahoo's answer names no currency")
    if currency != "USD":
        raise NoAnswerError("foreign", f"is quoted in {currency}, and rebal_kit counts in US$")
    dates = _days(answer.table.index)
    fields = {name: _numbers(answer.table, column) for name, column in _COLUMNS.items()}
    gains = np.nan_to_num(_numbers(answer.table, "Capital Gains", 0.0))
    fields["dividend"] = np.nan_to_num(_numbers(answer.table, "Dividends", 0.0)) + gains
    split = np.nan_to_num(_numbers(answer.table, "Stock Splits", 0.0), posinf=np.inf)
    fields["split"] = np.where(split == 0, 1.0, split)
    _check(dates, fields)
    found: list[Finding] = []
    if gains.any():
        what = "capital gains it distributed are counted as dividends and taxed like them"
        found.append(Finding("warning", symbol, what, "check the tax on them"))
    found += _onto_sessions(symbol, dates, fields)
    keep = np.isfinite(fields["close"])
    dates, fields = dates[keep], {name: values[keep] for name, values in fields.items()}
    found += _undo_splits(symbol, dates, fields)
    found += _above_the_close(symbol, dates, fields)
    price = _price(about.get("regularMarketPrice"))
    if np.isfinite(price) and len(dates) and _incredible(price, fields["close"][-1]):
        what = f"Yahoo's latest price is {price:g} after a close of {fields['close'][-1]:g}: too far to be believed yet"
        raise NoAnswerError("unreadable", what)
    over = session_over(dates, now)
    dates, fields = dates[over], {name: values[over] for name, values in fields.items()}
    if not len(dates):
        raise NoAnswerError("unreadable", "Yahoo's answer holds no session that is over")
    _check_last(dates, fields)
    origin = Origin(
        SOURCE, answer.library, now.astimezone(dt.UTC).replace(microsecond=0), currency,
        str(about.get("fullExchangeName") or about.get("exchangeName") or ""),
        str(about.get("instrumentType") or ""), str(about.get("longName") or about.get("shortName") or ""),
        price, _utc(about.get("regularMarketTime")), tuple(found),
    )  # fmt: skip
    return PriceHistory(symbol, dates, fields, origin)


def _days(index: Any) -> np.ndarray:
    """Return the exchange's days of yfinance's index."""
    if getattr(index, "tz", None) is not None:
        index = index.tz_localize(None)
    return np.asarray(index).astype("datetime64[D]")


def _numbers(table: Any, column: str, missing: float = np.nan) -> np.ndarray:
    if column not in table.columns:
        return np.full(len(table), missing)
    try:
        return np.array(table[column].to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise NoAnswerError("unreadable", f"Yahoo's answer has no numbers under {column}") from None


def _check(dates: np.ndarray, fields: dict[str, np.ndarray]) -> None:
    """Refuse what cannot be a price history: better none than a wrong one."""
    if not (np.diff(dates).astype(int) > 0).all():
        raise NoAnswerError("unreadable", "Yahoo's answer has dates twice or out of order")
    for name in ("open", "high", "low", "close"):
        bad = (fields[name] < 0) | np.isinf(fields[name])
        fields[name][fields[name] == 0] = np.nan
        if bad.any():
            raise _no_such_value(name, fields[name], dates, bad)
    for name, bad in (
        ("volume", (fields["volume"] < 0) | np.isinf(fields["volume"])),
        ("dividend", (fields["dividend"] < 0) | np.isinf(fields["dividend"])),
        ("split", ~((fields["split"] > 0) & np.isfinite(fields["split"]))),
    ):
        if bad.any():
            raise _no_such_value(name, fields[name], dates, bad)


def _no_such_value(name: str, values: np.ndarray, dates: np.ndarray, bad: np.ndarray) -> NoAnswerError:
    at = int(np.argmax(bad))
    return NoAnswerError("unreadable", f"Yahoo's {name} of {dates[at]} is {values[at]:g}")


def _check_last(dates: np.ndarray, fields: dict[str, np.ndarray]) -> None:
    """Refuse a last close that no later one can confirm yet, where no split explains how far off it is."""
    close, split = fields["close"][-2:], fields["split"][-1]
    if len(close) == 2 and _incredible(close[1] * split, close[0]):
        what = f"Yahoo's last close, of {dates[-1]}, is {close[1]:g} after {close[0]:g}: too far to be believed yet"
        raise NoAnswerError("unreadable", what)


def _incredible(price: float, before: float) -> bool:
    """Tell whether one price is too far from another to be believed unseen."""
    return bool(abs(np.log(price) - np.log(before)) > np.log(INCREDIBLE))


def _onto_sessions(symbol: str, dates: np.ndarray, fields: dict[str, np.ndarray]) -> list[Finding]:
    """Move a dividend or split of a day without a close to the next session that has one, in place."""
    silent = ~np.isfinite(fields["close"])
    moved = []
    priced = np.flatnonzero(~silent)
    for at in np.flatnonzero(silent & ((fields["dividend"] != 0) | (fields["split"] != 1))):
        later = priced[priced > at]
        if (
            not len(later) and fields["split"][at] != 1
        ):  # whether closes are restated for it shows on its first close
            raise NoAnswerError(
                "unreadable", f"Yahoo announces a split on {dates[at]} and has no close since"
            )
        if len(later):
            fields["dividend"][later[0]] += fields["dividend"][at]
            fields["split"][later[0]] *= fields["split"][at]
        fate = f"counted on {dates[later[0]]}" if len(later) else "left out until there is a close"
        moved.append(f"{dates[at]} ({fate})")
    if not moved:
        return []
    what = (
        f"dividends or splits on days without a close: {', '.join(moved[:5])}{' …' if len(moved) > 5 else ''}"
    )
    return [Finding("warning", symbol, what, "check them")]


def _undo_splits(symbol: str, dates: np.ndarray, fields: dict[str, np.ndarray]) -> list[Finding]:
    """Restate today's shares in the shares of the day, in place."""
    pending = unapplied_splits(fields["close"], fields["split"])
    later = later_splits(np.where(pending, 1.0, fields["split"]))
    for name in ("open", "high", "low", "close", "dividend"):
        fields[name] = fields[name] * later
    fields["volume"] = fields["volume"] / later
    if not pending.any():
        return []
    days = ", ".join(str(day) for day in dates[pending])
    what = f"closes fall by the split's factor on {days}: Yahoo had not restated them for it yet, and they are left so"
    return [Finding("warning", symbol, what, "check the split")]


def _above_the_close(symbol: str, dates: np.ndarray, fields: dict[str, np.ndarray]) -> list[Finding]:
    large = fields["dividend"] > fields["close"]
    if not large.any():
        return []
    at = int(np.argmax(large))
    dividend, close = fields["dividend"][at], fields["close"][at]
    what = f"the dividend of {dividend:g} on {dates[at]} is more than that session's close of {close:g}"
    return [Finding("warning", symbol, what, "a liquidation, or an error: check it")]


def _price(value: Any) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
    return float(value) if known else float("nan")


def _utc(value: Any) -> dt.datetime | None:
    """Return yfinance's time (a Timestamp, or seconds) as UTC."""
    try:
        if isinstance(value, (int, float)):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        when: dt.datetime = value.to_pydatetime().astimezone(dt.UTC)
        return when
    except (AttributeError, ValueError, OverflowError, OSError, TypeError):
        return None
