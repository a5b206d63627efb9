"""Prices as read-only arrays over sessions. Nothing below this module looks at a file or a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rebal_kit.checking import check_once, is_number
from rebal_kit.domain import Security
from rebal_kit.findings import Finding, MarketError, badge_of, raise_errors
from rebal_kit.packing import pack, unpack

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("open", "high", "low", "close", "volume", "dividend", "split")

#: What the arrays of a market hold nearly everywhere, or where nothing is known.
_USUAL = dict.fromkeys(FIELDS, np.nan) | {"dividend": 0.0, "split": 1.0, "traded": True}


@dataclass(frozen=True, eq=False)
class Market:
    """Price history of some securities.

    Attributes
    ----------
    name : str
    dates : ndarray
        (n_sessions,) datetime64[D], strictly increasing.
    securities : tuple of Security
        Columns of the arrays below.
    open, high, low, close : ndarray
        (n_sessions, n_securities) float64, US$ per share, unadjusted. NaN before the first and after the last quote;
        a session missed in between carries the last close forward and is not `traded`.
    volume : ndarray
        (n_sessions, n_securities) float64, shares; NaN where unknown.
    dividend : ndarray
        (n_sessions, n_securities) float64, US$ per share on the ex-date, in shares after that session's split.
    split : ndarray
        (n_sessions, n_securities) float64, new shares per old share; 1 where nothing happens.
    traded : ndarray
        (n_sessions, n_securities) bool, whether the source has a price for that session.
    source : str
        Where the prices come from, with licence and span, as shown in every result.
    findings : tuple of Finding
        What a reader of results must know: gaps, adjusted-only data, computed series.
    volatility_index : ndarray, optional
        (n_sessions,) float64, an index such as VIX, in percent.
    """

    name: str
    dates: np.ndarray
    securities: tuple[Security, ...]
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    dividend: np.ndarray
    split: np.ndarray
    traded: np.ndarray
    source: str = ""
    findings: tuple[Finding, ...] = ()
    volatility_index: np.ndarray | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dates", np.asarray(self.dates).astype("datetime64[D]"))
        for name in (*FIELDS, "traded"):
            array = np.ascontiguousarray(getattr(self, name), dtype=bool if name == "traded" else np.float64)
            array = array.view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        raise_errors(MarketError, self._check())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle no more than there is: most dividends are 0, most splits 1, and what is unknown is NaN throughout."""
        held = {item.name: getattr(self, item.name) for item in fields(self)}
        return _unpickled, (held | {name: pack(held[name], usual) for name, usual in _USUAL.items()},)

    def _check(self) -> Iterator[Finding]:
        where = f"market '{self.name}'"
        shape = (len(self.dates), len(self.securities))
        misshapen = [name for name in (*FIELDS, "traded") if getattr(self, name).shape != shape]
        for name in misshapen:
            yield Finding("error", where, f"{name} has shape {getattr(self, name).shape}", f"give {shape}")
        if len(self.dates) > 1 and not (np.diff(self.dates) > np.timedelta64(0, "D")).all():
            yield Finding("error", where, "dates are not strictly increasing", "sort, drop repeats")
        yield from check_once(where, self.symbols, "'{}' is there twice", "keep one column a security")
        if misshapen:
            return
        for name, bad, remedy in (
            (
                "close",
                (self.close <= 0) | np.isinf(self.close),
                "give prices above 0, NaN where there is none",
            ),
            ("dividend", ~((self.dividend >= 0) & np.isfinite(self.dividend)), "give 0 or more US$ a share"),
            (
                "split",
                ~((self.split > 0) & np.isfinite(self.split)),
                "give new shares per old; 1 is no split",
            ),
        ):
            if bad.any():
                yield self._first(where, name, bad, remedy)

    def _first(self, where: str, name: str, bad: np.ndarray, remedy: str) -> Finding:
        """Say the first bad value, and how many there are."""
        at, column = np.argwhere(bad)[0]
        more = f" ({int(bad.sum())} such values)" if bad.sum() > 1 else ""
        what = f"{name} of {self.symbols[column]} on {self.dates[at]} is {getattr(self, name)[at, column]:g}{more}"
        return Finding("error", where, what, remedy)

    @classmethod
    def from_close(
        cls, close: pd.DataFrame, name: str = "prices", dividend: pd.DataFrame | None = None,
        split: pd.DataFrame | None = None, **known: Any,
    ) -> Market:  # fmt: skip
        """Build a market from a table of closes: index of dates, a column a symbol.

        Missing closes inside a column's life are carried forward and marked as not traded.

        Raises
        ------
        MarketError
            With all that is wrong: no table, no dates, text for numbers, a column without a price or there twice,
            prices of 0 or less, dates out of order, dividends or splits of other dates or symbols.
        """
        tables = {"close": close, "dividend": dividend, "split": split}
        raise_errors(MarketError, _check_tables(f"market '{name}'", tables))
        filled = close.ffill().where(close.bfill().notna())
        values = filled.to_numpy(np.float64)
        blank = np.full(values.shape, np.nan)
        securities = known.pop("securities", None) or tuple(Security(str(c)) for c in close.columns)
        return cls(
            name=name,
            dates=_days(close),
            securities=securities,
            open=known.pop("open", blank), high=known.pop("high", blank), low=known.pop("low", blank),
            close=values, volume=known.pop("volume", blank),
            dividend=np.zeros(values.shape) if dividend is None else dividend.to_numpy(np.float64),
            split=np.ones(values.shape) if split is None else split.to_numpy(np.float64),
            traded=close.notna().to_numpy(), **known,
        )  # fmt: skip

    @cached_property
    def months(self) -> np.ndarray:
        """(n_sessions,) int64, months since January 1970."""
        return self.dates.astype("datetime64[M]").astype(np.int64)

    @property
    def badge(self) -> str:
        """What every chart must show beside its period: that prices are stale. Mostly nothing."""
        return badge_of(self.findings)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Tickers, in column order."""
        return tuple(security.symbol for security in self.securities)

    def column(self, symbol: str) -> int:
        """Return the column of `symbol`.

        Raises
        ------
        MarketError
            The market does not have it.
        """
        try:
            return self.symbols.index(symbol)
        except ValueError:
            known = ", ".join(self.symbols[:12]) + (" …" if len(self.symbols) > 12 else "")
            raise MarketError(
                Finding("error", f"market '{self.name}'", f"has no '{symbol}'", f"it has {known}")
            ) from None

    def select(self, symbols: Iterable[str]) -> Market:
        """Return the market of these securities only, in this order."""
        columns = [self.column(symbol) for symbol in symbols]
        arrays = {name: getattr(self, name)[:, columns] for name in (*FIELDS, "traded")}
        return replace(self, securities=tuple(self.securities[c] for c in columns), **arrays)

    def between(self, start: Any = None, end: Any = None) -> Market:
        """Return the sessions from `start` through `end`, both included (dates or ISO strings)."""
        first = self._day(start) if start is not None else self.dates[0]
        last = self._day(end) if end is not None else self.dates[-1]
        keep = (self.dates >= first) & (self.dates <= last)
        if not keep.any():
            raise MarketError(
                Finding(
                    "error", f"market '{self.name}'", f"has no session from {first} to {last}",
                    f"it runs from {self.dates[0]} to {self.dates[-1]}",
                )
            )  # fmt: skip
        arrays = {name: getattr(self, name)[keep] for name in (*FIELDS, "traded")}
        index = None if self.volatility_index is None else self.volatility_index[keep]
        return replace(self, dates=self.dates[keep], volatility_index=index, **arrays)

    def _day(self, value: Any) -> np.datetime64:
        """Return a date or ISO string as a day.

        Raises
        ------
        MarketError
            It is neither.
        """
        try:
            day = np.datetime64("NaT", "D") if is_number(value) else np.datetime64(value, "D")
        except (TypeError, ValueError):
            day = np.datetime64("NaT", "D")
        if np.isnat(day):
            remedy = "give a date, or text such as 2012-08-31"
            raise MarketError(Finding("error", f"market '{self.name}'", f"{value!r} is no date", remedy))
        return day

    def common_start(self, symbols: Sequence[str] | None = None) -> dt.date:
        """Return the first session on which every one of `symbols` has a price."""
        chosen = self.select(symbols if symbols is not None else self.symbols)
        complete = np.isfinite(chosen.close).all(axis=1)
        if not complete.any():
            raise MarketError(
                Finding(
                    "error", f"market '{self.name}'", f"no session has a price for all of {', '.join(chosen.symbols)}",
                    "choose securities whose histories overlap",
                )
            )  # fmt: skip
        first: dt.date = chosen.dates[int(np.argmax(complete))].item()
        return first

    def quote(self, date: Any) -> Quote:
        """Return the last session on or before `date`."""
        at = int(np.searchsorted(self.dates, self._day(date), side="right")) - 1
        if at < 0:
            raise MarketError(
                Finding("error", f"market '{self.name}'", f"has no session on or before {date}",
                        f"it starts on {self.dates[0]}")
            )  # fmt: skip
        return Quote(self.dates[at].item(), self.symbols, self.close[at], self.source)

    def frame(self, field_name: str = "close") -> pd.DataFrame:
        """Return one field as a table: dates down, symbols across."""
        import pandas as pd

        index = pd.DatetimeIndex(self.dates.astype("datetime64[ns]"), name="date")
        return pd.DataFrame(getattr(self, field_name), index=index, columns=list(self.symbols))

    def __repr__(self) -> str:
        return (
            f"<Market {self.name!r}: {len(self.securities)} securities, {len(self.dates):,} sessions,"
            f" {self.dates[0]} to {self.dates[-1]}>"
        )


def _unpickled(held: dict[str, Any]) -> Market:
    """Return the market that was pickled."""
    return Market(**held | {name: unpack(held[name]) for name in _USUAL})


def _days(table: pd.DataFrame) -> np.ndarray:
    """Return the days of a table's index; time of day and UTC offset are dropped."""
    index: Any = table.index
    if getattr(index, "tz", None) is not None:
        index = index.tz_localize(None)
    return np.asarray(index).astype("datetime64[D]")


def _check_tables(where: str, tables: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what keeps tables from being read as one history."""
    import pandas as pd

    close = tables["close"]
    for name, table in tables.items():
        if not isinstance(table, pd.DataFrame):
            if table is not None or name == "close":
                what = f"{name} is a {type(table).__name__}, no table"
                yield Finding("error", where, what, "give a DataFrame: dates down, symbols across")
            continue
        if name != "close" and isinstance(close, pd.DataFrame):
            for axis, kind in (("index", "dates"), ("columns", "symbols")):
                if not getattr(table, axis).equals(getattr(close, axis)):
                    what, remedy = (
                        f"{name} has other {kind} than close",
                        f"give the same {kind} in the same order",
                    )
                    yield Finding("error", where, what, remedy)
        for column, (symbol, kind) in enumerate(zip(table.columns, table.dtypes, strict=True)):
            if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
                what = f"{name} of {symbol} is no column of numbers but of {kind}"
                yield Finding("error", where, what, "convert it: table.astype(float)")
            elif name == "close" and len(table) and table.iloc[:, column].isna().all():
                yield Finding(
                    "error", where, f"{symbol} has no close at all", "drop the column, or give its prices"
                )
    if isinstance(close, pd.DataFrame):
        if close.empty:
            yield Finding(
                "error", where, f"close has {len(close)} rows and {len(close.columns)} columns", "give some"
            )
        elif pd.api.types.is_numeric_dtype(close.index.dtype) or not _are_days(close):
            what = f"the index of close holds no dates: {close.index[0]!r}"
            yield Finding("error", where, what, "convert it: close.index = pd.to_datetime(close.index)")


def _are_days(table: pd.DataFrame) -> bool:
    try:
        return not np.isnat(_days(table)).any()
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True, eq=False)
class Quote:
    """One session's closes, or the latest prices of a session that is not over.

    Attributes
    ----------
    date : date
    symbols : tuple of str
    close : ndarray
        (n_securities,) float64, US$ per share.
    source : str
    times : ndarray, optional
        (n_securities,) datetime64[s], UTC, when each price was made; None for a session's closes.
    stale : tuple of str
        Symbols whose price is too old to trade on.
    findings : tuple of Finding
    """

    date: dt.date
    symbols: tuple[str, ...]
    close: np.ndarray
    source: str = ""
    times: np.ndarray | None = None
    stale: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
