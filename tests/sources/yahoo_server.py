"""Yahoo's chart service on the loopback, with its faults; and the session by which real yfinance is sent there.

yfinance has no setting for another address. It takes a session, though, and a session that rewrites addresses is one.
A second server stands in for the proxy of the whole process: what is not rewritten ends there, is refused and told on.
"""

from __future__ import annotations

import datetime as dt
import http.server
import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from rebal_kit.sources.price_cache import cache_path
from rebal_kit.sources.sessions import exchange_sessions
from rebal_kit.sources.yahoo_download import Patience

NEW_YORK = ZoneInfo("America/New_York")
QUICK = Patience(tries=3, first_wait=0.01, timeout=10, lock=5)


def sessions(first: str, last: str) -> np.ndarray:
    days, _ = exchange_sessions()
    return days[(days >= np.datetime64(first)) & (days <= np.datetime64(last))]


def after(day: Any, hours: float = 22.0) -> dt.datetime:
    """Return an hour (UTC) of a day: in the evening its session is over."""
    return dt.datetime.fromisoformat(str(day)).replace(tzinfo=dt.UTC) + dt.timedelta(hours=hours)


MONDAY_EVENING = after("2024-06-03")


@dataclass
class Listing:
    """One security as it traded: raw closes, dividends, splits.

    `restated` is False while Yahoo lags with a split; where it is `live`, the last session is not over, and its row has
    the time of its price.
    """

    dates: np.ndarray
    close: np.ndarray
    dividend: dict[str, float] = field(default_factory=dict)
    split: dict[str, float] = field(default_factory=dict)
    gains: dict[str, float] = field(default_factory=dict)
    currency: str = "USD"
    kind: str = "ETF"
    restated: bool = True
    silent: tuple[str, ...] = ()
    live: bool = False

    def chart(self, symbol: str, period1: float, period2: float) -> dict[str, Any]:
        """Return chart-v8 JSON: prices in today's shares, for the range asked, events in the range."""
        later = np.ones(len(self.dates))
        for day, factor in self.split.items():
            if self.restated:
                later[self.dates < np.datetime64(day)] *= factor
        stamps = np.array([_bell(day) for day in self.dates])
        if self.live:
            stamps[-1] += 2 * 3600 + 7
        asked = (stamps >= period1) & (stamps <= period2)
        close = [
            None if str(d) in self.silent else float(c)
            for d, c in zip(self.dates[asked], (self.close / later)[asked], strict=True)
        ]
        some = {"open": close, "high": close, "low": close, "close": close,
                "volume": [float(1000 * n) for n in later[asked]]}  # fmt: skip
        events: dict[str, Any] = {}
        for kind, given in (("dividends", self.dividend), ("capitalGains", self.gains)):
            for day, amount in given.items():
                at = int(np.searchsorted(self.dates, np.datetime64(day)))
                if period1 <= _bell(day) <= period2:
                    value = amount / (later[at] if at < len(later) else 1.0)
                    events.setdefault(kind, {})[str(_bell(day))] = {"amount": value, "date": _bell(day)}
        for day, factor in self.split.items():
            if period1 <= _bell(day) <= period2:
                one = {
                    "date": _bell(day),
                    "numerator": factor,
                    "denominator": 1.0,
                    "splitRatio": f"{factor:g}:1",
                }
                events.setdefault("splits", {})[str(_bell(day))] = one
        meta = {
            "currency": self.currency, "symbol": symbol, "exchangeName": "PCX", "fullExchangeName": "NYSEArca",
            "instrumentType": self.kind, "firstTradeDate": int(stamps[0]), "gmtoffset": -18000, "timezone": "EST",
            "regularMarketTime": int(stamps[-1]) + (0 if self.live else 6 * 3600 + 1800),
            "regularMarketPrice": float(self.close[-1]),
            "exchangeTimezoneName": "America/New_York", "longName": f"{symbol} of the tests", "priceHint": 2,
            "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "max"],
        }  # fmt: skip
        result: dict[str, Any] = {
            "meta": meta,
            "indicators": {"quote": [some], "adjclose": [{"adjclose": close}]},
        }
        result["timestamp"] = [int(stamp) for stamp in stamps[asked]]
        return {"chart": {"result": [{**result, "events": events}], "error": None}}


def _bell(day: Any) -> int:
    opening = dt.datetime.combine(dt.date.fromisoformat(str(day)), dt.time(9, 30), NEW_YORK)
    return int(opening.timestamp())


UNKNOWN = {
    "chart": {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }
}
EMPTY = {"chart": {"result": [], "error": None}}


class Yahoo:
    """The server's listings, the faults it has in store for each symbol, and what it was asked."""

    def __init__(self, port: int, proxied: list[str]):
        self.port = port
        self.listings: dict[str, Listing] = {}
        self.faults: defaultdict[str, list[str]] = defaultdict(list)
        self.always: dict[str, str] = {}
        self.spoil: Callable[[dict[str, Any]], Any] | None = None
        self.asked: Counter[str] = Counter()
        self.away = False
        self.nap = 1.0
        self.longest = 10.0
        self.proxied = proxied
        self.waits: list[float] = []

    def list(self, symbol: str, first: str = "2024-01-02", last: str = "2024-05-31", **more: Any) -> Listing:
        """List a security whose price walks by steps of less than a percent."""
        dates = sessions(first, last)
        seed = np.random.default_rng(sum(map(ord, symbol)))
        close = np.round(100 * np.exp(np.cumsum(seed.uniform(-0.008, 0.0085, len(dates)))), 4)
        splits = more.get("split", {})
        for day, factor in splits.items():
            close[dates >= np.datetime64(day)] /= factor
        self.listings[symbol] = Listing(dates, close, **more)
        return self.listings[symbol]

    def always_at_fault(self, symbol: str, fault: str) -> Patience:
        """Answer for a symbol with this fault only; return the patience of one try, short where the answer is slow."""
        self.always[symbol] = fault
        self.longest = 0.3 if fault == "slow" else 10.0
        return Patience(tries=1, timeout=self.longest)

    def fault(self, symbol: str) -> str:
        return self.faults[symbol].pop(0) if self.faults[symbol] else self.always.get(symbol, "")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would cost 40 ms an answer
    yahoo: Yahoo

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if "/v8/finance/chart/" in place.path:
            self._chart(
                unquote(place.path.rsplit("/", 1)[1]), {k: v[0] for k, v in parse_qs(place.query).items()}
            )
        elif place.path.endswith("getcrumb"):
            self._send(200, b"crumb")
        elif "quoteSummary" in place.path or "/v7/finance/quote" in place.path:
            self._send(
                404, json.dumps({"quoteSummary": {"result": None, "error": {"code": "Not Found"}}}).encode()
            )
        else:
            self._send(200, b"")

    do_POST = do_GET

    def _chart(self, symbol: str, asked: dict[str, str]) -> None:
        self.yahoo.asked[symbol] += 1
        whole = {"period1": "-9e9", "period2": "9e9"} | asked
        listing = self.yahoo.listings.get(symbol)
        right = (
            UNKNOWN if listing is None
            else listing.chart(symbol, float(whole["period1"]), float(whole["period2"]))
        )  # fmt: skip
        if self.yahoo.spoil is not None and "period1" in asked:
            right = self.yahoo.spoil(right)
        body = json.dumps(right).encode()
        kind = self.yahoo.fault(symbol)
        if kind == "429":
            self._send(429, b"Too Many Requests")
        elif kind == "500":
            self._send(500, b"<html>Internal Server Error</html>")
        elif kind == "garbage":
            self._send(200, b"\x00\xff<html>not JSON")
        elif kind == "strange":
            self._send(200, json.dumps({"chart": {"result": [{"meta": {}}], "error": None}}).encode())
        elif kind == "empty":
            self._send(200, json.dumps(EMPTY).encode())
        elif kind == "nothing":
            self._send(200, b"")
        elif kind == "unknown":
            self._send(404, json.dumps(UNKNOWN).encode())
        elif kind == "truncated":
            self._send(200, body[: len(body) // 2], claimed=len(body))
        elif kind == "cut":
            self._send(200, body[: len(body) // 2])
        elif kind == "slow":
            time.sleep(self.yahoo.nap)
            self._send(200, body)
        elif kind == "negative":
            right["chart"]["result"][0]["indicators"]["quote"][0]["close"][-2] = -1.0
            self._send(200, json.dumps(right).encode())
        elif kind == "huge":
            right["chart"]["result"][0]["indicators"]["quote"][0]["close"][-1] = 1e9
            right["chart"]["result"][0]["meta"]["regularMarketPrice"] = 1e9
            self._send(200, json.dumps(right).encode())
        elif kind == "forgetful":  # only the last five sessions, whatever was asked
            self._send(200, json.dumps(_last(right, 5)).encode())
        elif kind == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._send(200 if listing else 404, body)

    def _send(self, code: int, body: bytes, claimed: int | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(claimed or len(body)))
        self.end_headers()
        with suppress(OSError):  # whoever asked is gone
            self.wfile.write(body)
        if claimed:
            self.close_connection = True


def _last(chart: dict[str, Any], n: int) -> dict[str, Any]:
    result = chart["chart"]["result"][0]
    result["timestamp"] = result["timestamp"][-n:]
    for one in (result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]):
        for name in one:
            one[name] = one[name][-n:]
    return chart


class _Trap(http.server.BaseHTTPRequestHandler):
    proxied: list[str]

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.proxied.append(self.path)
        self.send_error(403)

    do_GET = do_POST = do_HEAD = do_CONNECT


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def loopback_session(yahoo: Yahoo) -> Any:
    """Return a session that takes every address of Yahoo's to the loopback, and refuses any other."""
    from curl_cffi import requests

    class LoopbackSession(requests.Session):
        def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
            host = urlsplit(url).hostname or ""
            if not host.endswith(".yahoo.com"):
                yahoo.proxied.append(
                    url
                )  # the test fails at its end: an exception here would be taken for Yahoo's
                raise AssertionError(f"{url} is not Yahoo's")
            if "/v8/finance/chart/" in url:
                yahoo.waits.append(more.get("timeout"))
            port = 9 if yahoo.away else yahoo.port  # nothing listens on the discard port
            url = url.replace(f"https://{host}", f"http://127.0.0.1:{port}", 1)
            more["timeout"] = min(more.get("timeout") or 10.0, yahoo.longest)
            return super().request(method, url, *args, **more)

    return LoopbackSession()


def forbid_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python's own sockets reach the loopback only."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def only_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert address[0] in ("127.0.0.1", "::1", "localhost"), (
                f"a connection to {address} leaves the machine"
            )
        connect(self, address)

    def only_mine(host: Any, *args: Any, **more: Any) -> Any:
        assert host in (None, "127.0.0.1", "::1", "localhost"), f"{host} was looked up"
        return lookup(host, *args, **more)

    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", only_mine)


@contextmanager
def yahoo_on_loopback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """Serve Yahoo, send yfinance there, and hold on leaving that nothing tried to go elsewhere."""
    import yfinance
    from yfinance.data import YfData

    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    forbid_the_network(monkeypatch)
    proxied: list[str] = []
    trap = type("Trap", (_Trap,), {"proxied": proxied})
    handler = type("Handler", (_Handler,), {})
    with serving(trap) as proxy, serving(handler) as port:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yahoo = Yahoo(port, proxied)
        handler.yahoo = yahoo  # type: ignore[attr-defined]
        yfinance.set_tz_cache_location(str(folder / "yfinance"))
        YfData(session=loopback_session(yahoo))
        yield yahoo
    assert proxied == [], "something tried to leave the machine"


def on_disk(symbol: str) -> bytes:
    return cache_path(symbol).read_bytes()
