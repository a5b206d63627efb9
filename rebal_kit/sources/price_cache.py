"""Downloaded price histories on disk: one parquet file a ticker, replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import numpy as np

from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import FIELDS
from rebal_kit.safe_files import replacing, try_lock

#: The key of the provenance in a file's metadata, and the form of both.
_KEY, _FORM = b"rebal_kit", 1


class DamagedFileError(MarketError):
    """A kept file is not what was written: cut off, changed since, or of another program."""


@dataclass(frozen=True)
class Origin:
    """Where a history comes from, and the latest price that came with it.

    Attributes
    ----------
    source, library : str
        "Yahoo Finance", and the library with its version.
    fetched : datetime
        UTC, when the source last answered.
    currency, exchange, kind, title : str
        As the source says: USD, NYSEArca, ETF, SPDR S&P 500 ETF Trust.
    price : float
        US$ per share, the latest the source had, of a session that may not have been over; NaN where it had none.
    price_time : datetime, optional
        UTC, when that price was made.
    findings : tuple of Finding
        What was mended, added or left out when the history was read.
    """

    source: str
    library: str
    fetched: dt.datetime
    currency: str = ""
    exchange: str = ""
    kind: str = ""
    title: str = ""
    price: float = float("nan")
    price_time: dt.datetime | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """All sessions of one security, unadjusted.

    Attributes
    ----------
    symbol : str
    dates : ndarray
        (n_sessions,) datetime64[D], increasing; each has a close.
    fields : dict of str to ndarray
        (n_sessions,) float64 for each field of `Market`, in shares of the day; volume is NaN where unknown.
    origin : Origin
    """

    symbol: str
    dates: np.ndarray
    fields: dict[str, np.ndarray]
    origin: Origin

    @property
    def first(self) -> dt.date:
        """The first session."""
        day: dt.date = self.dates[0].item()
        return day

    @property
    def last(self) -> dt.date:
        """The last session."""
        day: dt.date = self.dates[-1].item()
        return day


def cache_folder() -> Path:
    """Return where downloaded prices are kept: under ``XDG_CACHE_HOME``, else ``~/.cache``. It may not exist.

    Raises
    ------
    MarketError
        Neither is known.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rebal_kit" / "prices"
    except RuntimeError:
        what, remedy = "is not known: there is no home folder", "set XDG_CACHE_HOME to a folder"
        raise MarketError(Finding("error", "the folder of kept prices", what, remedy)) from None


def cache_path(symbol: str) -> Path:
    """Return the file of a ticker."""
    return cache_folder() / f"{quote(symbol, safe='^=')}.parquet"


def cached_symbols() -> tuple[str, ...]:
    """Return the tickers that have a file, by their names on disk."""
    return tuple(sorted(path.stem for path in cache_folder().glob("*.parquet")))


def read_history(symbol: str) -> PriceHistory | None:
    """Return what is kept of a ticker, or None.

    Raises
    ------
    DamagedFileError
        The file is cut off, changed, or of another form.
    MarketError
        The file may be sound, and cannot be read now.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = cache_path(symbol)
    try:
        with path.open("rb") as file:
            table = pq.ParquetFile(file, page_checksum_verification=True).read()
        return _history(symbol, table)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:  # pyarrow's have no number
            what, remedy = f"cannot be read: {problem.strerror}", "see to its rights, or set XDG_CACHE_HOME"
            raise MarketError(Finding("error", str(path), what, remedy)) from None
        reason = (str(problem).splitlines() or [type(problem).__name__])[0]
        what = f"the kept prices are damaged: {reason}"
        remedy = "delete the file and fetch the ticker again"
        raise DamagedFileError(Finding("error", str(path), what, remedy)) from None


def write_history(history: PriceHistory) -> None:
    """Keep a history: written beside the old file, made safe on disk, then put in its place in one step.

    Raises
    ------
    MarketError
        The folder cannot be written; the old file is as it was.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = cache_path(history.symbol)
    columns = {"date": pa.array(history.dates.astype("datetime64[D]"))}
    columns |= {name: pa.array(history.fields[name]) for name in FIELDS}
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(_as_json(history)).encode()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
    except OSError as problem:
        what = f"cannot be written: {problem.strerror or type(problem).__name__}"
        remedy = "make room or rights, or set XDG_CACHE_HOME; what was kept before is unchanged"
        raise MarketError(Finding("error", str(path), what, remedy)) from None


@contextmanager
def locked(symbol: str, patience: float = 60.0) -> Iterator[None]:
    """Keep other processes from renewing the same ticker. The lock dies with its owner, however that ends.

    Raises
    ------
    MarketError
        Another process has held it for `patience` seconds, or the folder cannot be written or knows no locks.
    """
    path = cache_folder() / f".{cache_path(symbol).stem}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as problem:
        what = f"cannot be written: {problem.strerror or type(problem).__name__}"
        raise MarketError(Finding("error", str(path), what, "set XDG_CACHE_HOME to another folder")) from None
    with file:
        until = time.monotonic() + patience
        while not _take(file, path):
            if time.monotonic() >= until:
                what = f"another process has been renewing {symbol} for {patience:g} s"
                raise MarketError(Finding("error", str(path), what, "wait for it, or end it"))
            time.sleep(0.02)
        _sweep(path.parent, cache_path(symbol).stem)
        yield


def _take(file: IO[bytes], path: Path) -> bool:
    """Try to lock a file."""
    try:
        return try_lock(file)
    except OSError as problem:
        what = f"cannot be locked: {problem.strerror or type(problem).__name__}"
        raise MarketError(Finding("error", str(path), what, "set XDG_CACHE_HOME to another folder")) from None


def _sweep(folder: Path, stem: str) -> None:
    """Remove what a killed writer of this ticker left behind; whoever holds the lock is the only writer.

    No ticker has a ~ in it, and BRK must leave alone what BRK-B is writing.
    """
    for path in folder.glob(f".{stem}~*.part"):
        with suppress(OSError):
            path.unlink()


def _as_json(history: PriceHistory) -> dict[str, Any]:
    origin = history.origin
    told = {
        "form": _FORM, "symbol": history.symbol, "source": origin.source, "library": origin.library,
        "fetched": origin.fetched.isoformat(), "first": str(history.first), "last": str(history.last),
        "sessions": len(history.dates), "currency": origin.currency, "exchange": origin.exchange,
        "kind": origin.kind, "title": origin.title,
        "price": origin.price if np.isfinite(origin.price) else None,
        "price_time": origin.price_time.isoformat() if origin.price_time else None,
        "findings": [[f.severity, f.where, f.what, f.remedy] for f in origin.findings],
    }  # fmt: skip
    return told | {"sha256": _digest(told)}


def _digest(told: dict[str, Any]) -> str:
    """Return the SHA-256 of what a file says of itself; the pages of its prices have checksums of their own."""
    rest = {name: value for name, value in told.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _history(symbol: str, table: Any) -> PriceHistory:
    """Return a table of a file as a history.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is not what `write_history` wrote.
    """
    told = json.loads((table.schema.metadata or {})[_KEY])
    if told["form"] != _FORM or told["symbol"] != symbol:
        raise ValueError(f"it holds {told['symbol']} in form {told['form']}, not {symbol} in form {_FORM}")
    if told.get("sha256") not in (None, _digest(told)):  # files of before have none
        raise ValueError("what it says of itself was changed since it was written")
    dates = table["date"].to_numpy().astype("datetime64[D]")
    fields = {name: np.array(table[name].to_numpy(), dtype=np.float64) for name in FIELDS}
    if not len(dates) or len(dates) != told["sessions"] or not (np.diff(dates).astype(int) > 0).all():
        raise ValueError(f"it holds {len(dates)} sessions, not {told['sessions']} in order")
    price_time = dt.datetime.fromisoformat(told["price_time"]) if told["price_time"] else None
    origin = Origin(
        told["source"], told["library"], dt.datetime.fromisoformat(told["fetched"]), told["currency"],
        told["exchange"], told["kind"], told["title"],
        float("nan") if told["price"] is None else float(told["price"]), price_time,
        tuple(Finding(*row) for row in told["findings"]),
    )  # fmt: skip
    return PriceHistory(symbol, dates, fields, origin)
