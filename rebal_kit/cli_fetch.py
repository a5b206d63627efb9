"""`rebal fetch` and `rebal quality`: prices of tickers into the cache, and what looks wrong in any market's data."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebal_kit.cli_manners import BAD_INPUT, DIFFERENT, findings_instead_of_traceback, progress_bar, say, show
from rebal_kit.findings import Finding, MarketError

if TYPE_CHECKING:
    from rebal_kit.market import Market
    from rebal_kit.sources.yahoo_refresh import Refresh

#: Doubts that are said before a back-test; the rest are counted.
_SHOWN = 5

_STATES = {
    "current": "up to date", "new": "new", "extended": "extended", "replaced": "whole again",
    "kept": "NOT RENEWED", "failed": "NOTHING",
}  # fmt: skip

_From = Annotated[
    dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Look at the prices from this day on.")
]  # fmt: skip
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def fetch(
    symbols: Annotated[list[str], typer.Argument(metavar="TICKER...", help="As Yahoo writes them: SPY AGG BRK-B.")],
    start: _From = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch whole histories again, not only what is new.")
    ] = False,
    as_json: _Json = False,
) -> None:  # fmt: skip
    """Fetch daily prices from Yahoo Finance into the cache, and say what looks wrong in them.

    The cache keeps whole histories; --from chooses what is looked at.
    Where Yahoo cannot be reached, what is kept stands and is called stale.

    Exit code 0: all are up to date. 1: some were not renewed, have nothing or cannot be used. 2: none has anything.
    """
    with findings_instead_of_traceback():
        from rebal_kit.sources.yahoo import tickers
        from rebal_kit.sources.yahoo_refresh import refresh as renew

        wanted = tickers(symbols)
        now = dt.datetime.now(dt.UTC)
        if start is not None and start.date() > now.date():
            what, remedy = f"{start:%Y-%m-%d} is later than today, {now:%Y-%m-%d}", "give a day that is over"
            raise MarketError(Finding("error", "--from", what, remedy))
        with progress_bar("Yahoo Finance", len(wanted)) as advance:
            done = renew(wanted, now, force=refresh, progress=advance)
        doubts = {one.symbol: _doubts(one, now, start) for one in done}
    if as_json:
        typer.echo(json.dumps([_as_json(one, doubts[one.symbol]) for one in done], indent=2, allow_nan=False))
    else:
        _print(done)
    say(dict.fromkeys(finding for found in doubts.values() for finding in found))
    if all(one.history is None for one in done):
        raise typer.Exit(BAD_INPUT)
    unusable = any(finding.severity == "error" for found in doubts.values() for finding in found)
    if unusable or any(one.state in ("kept", "failed") for one in done):
        raise typer.Exit(DIFFERENT)


def quality(
    market: Annotated[
        str, typer.Argument(help="etf, stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG.")
    ],
    start: _From = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with exit code 1 if there is a warning.")] = False,
    as_json: _Json = False,
) -> None:  # fmt: skip
    """Say what looks wrong in a market's prices: gaps, spikes, stale prices, dividends, splits, reused tickers."""
    with findings_instead_of_traceback():
        from rebal_kit.sources.load import load_market
        from rebal_kit.sources.quality import quality as report

        data = load_market(market, start=start.date() if start else None)
        found = list(dict.fromkeys((*data.findings, *report(data))))
    found.sort(key=lambda finding: finding.severity == "note")
    if as_json:
        typer.echo(json.dumps([_plain(finding) for finding in found], indent=2))
    else:
        typer.echo(f"{data.name}: {data.source}")
        for finding in found:
            typer.echo(f"{finding.severity}: {finding}")
        doubts = sum(finding.severity != "note" for finding in found)
        typer.echo(f"{len(found)} findings, {doubts} of them warnings" if found else "nothing looks wrong")
    if strict and any(finding.severity != "note" for finding in found):
        raise typer.Exit(DIFFERENT)


def say_doubts(market: Market, source: str) -> None:
    """Say on stderr, before a back-test, which of its prices look wrong, and what went wrong when they were fetched."""
    from rebal_kit.findings import STALE
    from rebal_kit.sources.load import YAHOO
    from rebal_kit.sources.quality import quality as report

    own = sorted(market.findings, key=lambda finding: finding.where != STALE)
    own = own if source.startswith(YAHOO) else []  # what is known of others stands below their results
    found = [finding for finding in dict.fromkeys((*own, *report(market))) if finding.severity != "note"]
    say(found[:_SHOWN])
    if len(found) > _SHOWN:
        typer.echo(f"and {len(found) - _SHOWN} more warnings: rebal quality {source}", err=True)


def _doubts(one: Refresh, now: dt.datetime, start: dt.datetime | None) -> list[Finding]:
    """Return what to know of one ticker, the errors that keep it from being loaded among it."""
    from rebal_kit.sources.quality import quality as report
    from rebal_kit.sources.yahoo import market_of

    if one.history is None:
        return list(one.findings)
    try:
        market = market_of([one], now, start.date() if start else None)
    except MarketError as refused:
        return [*one.findings, *refused.findings]
    return [f for f in dict.fromkeys((*market.findings, *report(market))) if f.severity != "note"]


def _print(done: Iterable[Refresh]) -> None:
    from rich.table import Table

    table = Table(
        "ticker", "state", "new", "sessions", "first", "last", "fetched (UTC)", box=None, pad_edge=False
    )
    for column in (2, 3):
        table.columns[column].justify = "right"
    for one in done:
        if one.history is None:
            table.add_row(one.symbol, _STATES[one.state], "0", "0", "", "", "")
            continue
        fetched = f"{one.history.origin.fetched:%Y-%m-%d %H:%M}"
        count, first, last = len(one.history.dates), str(one.history.first), str(one.history.last)
        table.add_row(one.symbol, _STATES[one.state], f"{one.added:,}", f"{count:,}", first, last, fetched)
    show([table])


def _as_json(one: Refresh, found: Iterable[Finding]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ticker": one.symbol,
        "state": one.state,
        "added": one.added,
        "trouble": one.trouble,
    }
    if one.history is not None:
        told |= {
            "sessions": len(one.history.dates), "first": str(one.history.first), "last": str(one.history.last),
            "fetched": one.history.origin.fetched.isoformat(),
        }  # fmt: skip
    return told | {"findings": [_plain(finding) for finding in found]}


def _plain(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.severity,
        "where": finding.where,
        "what": finding.what,
        "remedy": finding.remedy,
    }
