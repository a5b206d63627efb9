"""The one place that speaks with Yahoo Finance, by yfinance: an answer, or a sentence that says why there is none."""

from __future__ import annotations

import datetime as dt
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rebal_kit.findings import Finding, MarketError

if TYPE_CHECKING:
    import pandas as pd

Read = TypeVar("Read")

#: What keeps an answer away. The first three may pass; *unknown* does not, nor does another currency.
Trouble = Literal["unreachable", "refused", "unreadable", "unknown", "foreign"]


#: What is read of yfinance's words about a history.
_ASKED = (
    "currency", "fullExchangeName", "exchangeName", "instrumentType", "longName", "shortName", "regularMarketPrice",
    "regularMarketTime",
)  # fmt: skip


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    Attributes
    ----------
    tries : int
        For each ticker.
    first_wait : float
        Seconds before the second try; each further wait is twice as long.
    timeout : float
        Seconds to wait for one answer.
    lock : float
        Seconds to wait for another process that renews the same ticker.
    """

    tries: int = 4
    first_wait: float = 1.0
    timeout: float = 20.0
    lock: float = 60.0


@dataclass(frozen=True, eq=False)
class Answer:
    """What Yahoo says about a ticker, as yfinance hands it over.

    Attributes
    ----------
    table : DataFrame
        A row a session; Open, High, Low, Close, Volume, Dividends in today's shares, Stock Splits.
    about : mapping
        Currency, exchange, latest price and its time.
    library : str
    """

    table: pd.DataFrame
    about: Mapping[str, Any]
    library: str


class NoAnswerError(Exception):
    """Yahoo gave nothing that can be used.

    Parameters
    ----------
    trouble : {'unreachable', 'refused', 'unreadable', 'unknown', 'foreign'}
    what : str
        Said to a person.
    remedy : str
        What to do, where it is not the usual.
    """

    def __init__(self, trouble: Trouble, what: str, remedy: str = ""):
        super().__init__(what)
        self.trouble = trouble
        self.what = what
        self.remedy = remedy


def download(
    symbol: str,
    start: dt.date | None,
    patience: Patience,
    read: Callable[[Answer], Read],
    known: bool = False,
) -> Read:
    """Ask for daily prices from `start` (or the first ever) up to now, and read them; again and again if need be.

    Parameters
    ----------
    symbol : str
    start : date, optional
    patience : Patience
    read : callable
        Makes something of the answer, or raises `NoAnswerError`.
    known : bool
        Whether Yahoo had the ticker before. One that it never had is not asked for twice.

    Raises
    ------
    NoAnswerError
        After the last try.
    MarketError
        yfinance is not installed.
    """
    wait = patience.first_wait
    for left in reversed(range(max(patience.tries, 1))):
        try:
            return read(_ask(symbol, start, patience.timeout))
        except NoAnswerError as nothing:
            if not left or nothing.trouble == "foreign" or (nothing.trouble == "unknown" and not known):
                raise
        time.sleep(wait)
        wait *= 2
    raise AssertionError  # the last try returns or raises


def _ask(symbol: str, start: dt.date | None, timeout: float) -> Answer:
    """Ask once, past what yfinance remembers of earlier answers, which may have been bad."""
    yf = _yfinance()
    with _plain_speech(yf):
        yf.data.YfData().cache_get.cache_clear()
        try:
            ticker = yf.Ticker(symbol)
            span: dict[str, Any] = {"start": start.isoformat()} if start else {"period": "max"}
            table = ticker.history(**span, auto_adjust=False, actions=True, timeout=timeout)
            told = ticker.get_history_metadata() if len(table) else {}
            about = {name: told.get(name) for name in _ASKED}  # all of it would cost another request
        except Exception as problem:  # noqa: BLE001 - whatever a stranger's answer does to a foreign library
            raise _trouble(yf, problem, timeout) from None
    if not len(table):
        raise NoAnswerError("unreadable", "Yahoo's answer holds no prices")
    return Answer(table, about, f"yfinance {yf.version.version}")


def _yfinance() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import yfinance
            import yfinance.data
            import yfinance.exceptions
            import yfinance.version
    except ModuleNotFoundError as problem:
        what = f"Yahoo prices need {problem.name}, which is not installed"
        raise MarketError(Finding("error", "yahoo", what, "pip install 'rebal_kit[yahoo]'")) from None
    return yfinance


@contextmanager
def _plain_speech(yf: Any) -> Iterator[None]:
    """Let yfinance raise instead of printing and returning nothing; keep its log and its warnings to itself."""
    logs = [logging.getLogger(name) for name in ("yfinance", "bs4")]
    hidden, levels = yf.config.debug.hide_exceptions, [log.level for log in logs]
    yf.config.debug.hide_exceptions = False
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pandas4Warning: about yfinance's own code
            yield
    finally:
        yf.config.debug.hide_exceptions = hidden
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _trouble(yf: Any, problem: Exception, timeout: float) -> NoAnswerError:
    """Say what an exception of yfinance means."""
    errors = yf.exceptions
    if isinstance(problem, errors.YFRateLimitError):
        return NoAnswerError("refused", "Yahoo refuses: too many requests (429)")
    if isinstance(problem, errors.YFTzMissingError):
        return NoAnswerError("unknown", "Yahoo does not know this symbol, or no longer")
    if isinstance(problem, errors.YFPricesMissingError):
        reason = str(problem.yahoo_reason or "")
        if "No data found" in reason or "delisted" in reason:
            return NoAnswerError("unknown", f"Yahoo does not know this symbol, or no longer: {reason}")
        return NoAnswerError("unreadable", f"Yahoo's answer holds no prices{': ' if reason else ''}{reason}")
    if isinstance(problem, errors.YFException):
        return NoAnswerError("refused", f"Yahoo is out of order: {problem}")
    return _broken(problem, timeout)


def _broken(problem: Exception, timeout: float) -> NoAnswerError:
    """Say what an exception of the libraries that yfinance stands on means."""
    name = type(problem).__name__
    if type(problem).__module__ in {"peewee", "sqlite3"}:
        return NoAnswerError(
            "unreadable", f"yfinance cannot use its own files: {name} {problem}".rstrip(),
            "make room, or delete its folder py-yfinance in your folder of caches (~/.cache or XDG_CACHE_HOME)",
        )  # fmt: skip
    status = getattr(getattr(problem, "response", None), "status_code", None)
    if name == "HTTPError" and status is not None:
        if status == 404:
            return NoAnswerError("unknown", "Yahoo does not know this symbol, or no longer")
        return NoAnswerError("refused", f"Yahoo refuses ({status})")
    if "Timeout" in name:
        return NoAnswerError("unreachable", f"Yahoo did not answer within {timeout:g} s")
    if _broke_off(problem):
        return NoAnswerError("unreadable", "Yahoo's answer broke off")
    if isinstance(problem, ValueError) and "JSON" in name:
        return NoAnswerError(
            "unreadable", "Yahoo's answer is no JSON: it is out of order, or the answer broke off"
        )
    if isinstance(problem, OSError):
        return NoAnswerError("unreachable", f"Yahoo cannot be reached ({name})")
    return NoAnswerError("unreadable", f"Yahoo's answer is not what yfinance can read ({name})")


def _broke_off(problem: Exception) -> bool:
    """Tell whether a connection ended inside an answer."""
    partial_file, got_nothing, receive_error = 18, 52, 56  # libcurl's numbers
    if getattr(problem, "code", None) in {partial_file, got_nothing, receive_error}:
        return True
    return type(problem).__name__ in {"IncompleteRead", "ChunkedEncodingError"}
