"""One door to every price source."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import Market
from rebal_kit.sources import bundled
from rebal_kit.sources.fama_french import fama_french_market
from rebal_kit.sources.quality import price_findings, quality

BUNDLED = {
    "etf": bundled.etf_market, "stocks": bundled.stocks_market, "dow30": bundled.dow30_market,
    "fama_french": fama_french_market,
}  # fmt: skip


#: Before a list of tickers where only text can be given: ``yahoo:SPY,AGG``.
YAHOO = "yahoo:"


def load_market(
    source: str | Path | Sequence[str], start: Any = None, strict: bool = False, refresh: bool = False
) -> Market:
    """Return a bundled market by name, the market in a file, or tickers from Yahoo Finance.

    Parameters
    ----------
    source : str, Path or sequence of str
        ``"etf"``: SPY, IYR, GLD and computed Treasuries UST_2Y, UST_5Y, UST_8_5Y, BILL, 2000-2012.
        ``"stocks"``: 127 US stocks with size tiers, and SPY, 2000-2012.
        ``"dow30"``: adjusted closes of 30 large US stocks, 2003-2025.
        ``"fama_french"``: all US stocks and Treasury bills by month, 1926-2018, total returns only.
        A list of tickers, ``["SPY", "AGG"]``, or the text ``"yahoo:SPY,AGG"``: whole histories, kept on disk and asked
        of Yahoo Finance where a session is missing. What cannot be asked is served as it is kept, and called stale.
        Anything else is the path of a CSV or parquet file: long (a row a session and ticker), wide (a column a ticker),
        or one security's history, with the column names Yahoo uses. ``data/README.md`` gives the rules in full.
    start : date or str, optional
        First session.
    strict : bool
        Refuse a market of which anything is found that changes what may be concluded: see `quality`.
    refresh : bool
        Fetch whole histories of tickers again.

    Returns
    -------
    Market
        Its `findings` say what a reader of results must know.

    Raises
    ------
    MarketError
        The source is unknown, the file has errors, or a ticker has no prices; it carries all of them, each with file,
        row, column and value. With `strict`, it carries every warning.

    Notes
    -----
    Sessions are all dates on which any security has a row. A close missing inside a security's life carries the last
    close forward, is not `traded`, and is counted in a finding. More than ten missing sessions in a row, of one
    security or of all, are an error; a file that is weekly or monthly throughout is only told so. Before the first and
    after the last quote the price is NaN.
    """
    market = _load(source, start, refresh)
    if strict:
        doubts = [f for f in dict.fromkeys((*market.findings, *quality(market))) if f.severity != "note"]
        if doubts:
            raise MarketError(doubts)
    return market


def _load(source: str | Path | Sequence[str], start: Any, refresh: bool) -> Market:
    listed = _tickers(source)
    if listed is not None:
        from tqdm.auto import tqdm

        from rebal_kit.sources.yahoo import yahoo_market

        with tqdm(total=len(listed), unit="ticker", delay=1, leave=False) as bar:
            market = yahoo_market(listed, start, refresh, progress=lambda _: bar.update())
        return replace(market, findings=(*market.findings, *quality(market)))
    if not isinstance(source, (str, Path)):
        raise MarketError(
            Finding("error", "load_market", f"source is {source!r}, neither a name nor a path",
                    f"use {', '.join(BUNDLED)}, the path of a .csv or .parquet file, or a list of tickers")
        )  # fmt: skip
    if isinstance(source, str) and source in BUNDLED:
        market = BUNDLED[source]()
    else:
        market = _file(source)
        market = replace(market, findings=(*market.findings, *price_findings(market)))
    return market if start is None else market.between(start=start)


def _tickers(source: object) -> Sequence[str] | None:
    """Return the tickers a source lists, or None where it is something else.

    Raises
    ------
    MarketError
        A bundled market is among them.
    """
    if isinstance(source, str):
        listed: Sequence[Any] = source.removeprefix(YAHOO).replace(",", " ").split()
        return listed if source.startswith(YAHOO) else None
    if not isinstance(source, Sequence) or isinstance(source, (bytes, bytearray)):
        return None
    bundled_too = [name for name in source if isinstance(name, str) and name in BUNDLED]
    if bundled_too:
        raise MarketError(
            Finding("error", "load_market", f"{bundled_too[0]!r} is a bundled market, and a list holds tickers",
                    f"give the name alone: load_market({bundled_too[0]!r})")
        )  # fmt: skip
    return source


def _file(source: str | Path) -> Market:
    path = Path(source)
    with suppress(RuntimeError):  # ~stranger: there is no such user
        path = path.expanduser()
    if source == "" or not path.exists():
        raise MarketError(
            Finding("error", str(source) or "(empty name)", "is neither a bundled market nor a file",
                    f"use {', '.join(BUNDLED)}, the path of a .csv or .parquet file, or a list of tickers")
        )  # fmt: skip
    from rebal_kit.sources.table_files import read_market  # needs pandas, which bundled markets do not

    return read_market(path)
