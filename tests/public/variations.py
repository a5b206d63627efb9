"""The same household told otherwise: what must come of it when prices, shares, years or orders are other ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rebal_kit as rk
from tests.oracle.nouns import exact
from tests.public.agreement import Figures, apart, figures
from tests.public.ledgers import (
    groups_of,
    household_of,
    place_of,
    report_of_files,
    transactions_of,
    write_story,
)

TIMES = 7
RATIO = Fraction(3, 2)
#: After so many years the calendar comes again, leap days and all.
CALENDAR = 28
DATE = re.compile(r"\d{4}-\d\d-\d\d")

Told = dict[str, Figures]
Trade = dict[str, Any]


def report_of(story: dict[str, Any]) -> rk.TaxReport:
    return rk.tax_report(transactions_of(story), household_of(story))


def priced_higher(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """All money is worth so many times as much."""
    trades = [
        {**t, **{name: exact(t[name]) * TIMES for name in ("price", "fees", "amount") if name in t}}
        for t in story["trades"]
    ]
    return figures(report_of({**story, "trades": trades})), _rows(told, _times)


def _times(key: tuple[Any, ...], row: tuple[float, ...]) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    return key, (row[0], *(TIMES * amount for amount in row[1:]))


def split_all(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """All securities are counted anew somewhere on the way; what follows is told in new shares. Amounts stay."""
    trades = _placed(story)
    middle = len(trades) // 2
    after: list[Trade] = []
    for trade in trades[middle:]:
        new = trade
        if trade["side"] != "split" and "symbol" in trade:
            new = {
                **trade,
                "quantity": exact(trade["quantity"]) * RATIO,
                "price": exact(trade["price"]) / RATIO,
            }
            if "lots" in trade:
                new["lots"] = [[name, exact(count) * RATIO] for name, count in trade["lots"]]
        after.append(new)
    symbols = dict.fromkeys(trade["symbol"] for trade in trades if "symbol" in trade)
    day = trades[middle]["date"] if middle < len(trades) else "2024-01-02"
    splits = [{"date": day, "side": "split", "symbol": symbol, "ratio": RATIO} for symbol in symbols]
    anew = figures(report_of({**story, "trades": [*trades[:middle], *splits, *after]}))
    return _rows(anew, _amounts), _rows(told, _amounts)


def _amounts(key: tuple[Any, ...], row: tuple[float, ...]) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    return key, (0.0, *row[1:])


def accounts_reversed(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """The household file lists its accounts from the end."""
    accounts = dict(reversed(story["accounts"].items()))
    return figures(report_of({**story, "accounts": accounts})), told


def days_sorted(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """Of one day, trades of securities that are not identical come in another order."""
    family = {symbol: group[0] for group in groups_of(story) for symbol in group}
    symbol = {trade["place"]: trade.get("symbol", "") for trade in _placed(story)}  # none where money is paid
    trades = sorted(
        _placed(story), key=lambda t: family.get(symbol[t["place"]], symbol[t["place"]]), reverse=True
    )
    trades.sort(key=lambda trade: trade["date"])
    return figures(report_of({**story, "trades": trades})), told


def other_years(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """Everything happens in years with the same calendar."""
    trades = [{**trade, "date": _earlier(trade["date"])} for trade in story["trades"]]
    return figures(report_of({**story, "trades": trades})), _rows(told, _dated)


def _earlier(date: str) -> str:
    day = dt.date.fromisoformat(date)
    return day.replace(year=day.year - CALENDAR).isoformat()


def _dated(key: tuple[Any, ...], row: tuple[float, ...]) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    moved = (
        part - CALENDAR if type(part) is int and part > 1900
        else _earlier(part) if isinstance(part, str) and DATE.fullmatch(part) else part
        for part in key
    )  # fmt: skip
    return tuple(moved), row


def in_files(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """It is written to a ledger and a household file, and read."""
    with TemporaryDirectory() as folder:
        ledger, people = write_story(story, Path(folder))
        read = figures(report_of_files(ledger, people))

    def placed(key: tuple[Any, ...], row: tuple[float, ...]) -> tuple[tuple[Any, ...], tuple[float, ...]]:
        parts = (
            f"trade {int(part.rpartition(' ')[2]) - 2}"
            if isinstance(part, str) and part.startswith(str(ledger))
            else part
            for part in key
        )
        return tuple(parts), row

    return _rows(read, placed), told


def opened_with_lots(story: dict[str, Any], told: Told) -> tuple[Told, Told]:
    """What was bought before anything else happened are lots of the household; the ledger starts after them."""
    trades = _placed(story)
    first = 0
    while first < len(trades) and trades[first]["side"] in {"buy", "reinvest"}:
        first += 1
    # Lots have names of their own, and those of one day no order among accounts.
    while first and not (
        first < len(trades)
        and len({trade["lot"] for trade in trades[:first]})
        == len({t["date"] for t in trades[:first]})
        == first
        and trades[first - 1]["date"] < trades[first]["date"]
    ):
        first -= 1
    household = household_of(story)
    accounts = tuple(
        replace(account, lots=tuple(_lot(t) for t in trades[:first] if t["account"] == account.name))
        for account in household.accounts
    )
    opening = replace(household, accounts=accounts)
    return figures(rk.tax_report(transactions_of({**story, "trades": trades[first:]}), opening)), told


def _lot(trade: Trade) -> rk.TaxLot:
    basis = exact(trade["quantity"]) * exact(trade["price"]) + exact(trade.get("fees", 0))
    bought = dt.date.fromisoformat(trade["date"])
    return rk.TaxLot(trade["lot"], trade["symbol"], float(trade["quantity"]), float(basis), bought)


VARIATIONS: tuple[Callable[[dict[str, Any], Told], tuple[Told, Told]], ...] = (
    in_files, priced_higher, split_all, accounts_reversed, days_sorted, other_years, opened_with_lots,
)  # fmt: skip


def varied(
    story: dict[str, Any], report: rk.TaxReport, variation: Callable[..., tuple[Told, Told]]
) -> list[str]:
    """What is otherwise than it must be."""
    found, expected = variation(story, figures(report))
    name = variation.__name__
    return [said for table in found for said in apart(f"{name}: {table}", found[table], expected[table])]


def _placed(story: dict[str, Any]) -> list[Trade]:
    """The trades in order of time, each with the place it has in the story."""
    trades = [{**trade, "place": place_of(trade, at)} for at, trade in enumerate(story["trades"])]
    return sorted(trades, key=lambda trade: trade["date"])


def _rows(told: Told, change: Callable[..., tuple[tuple[Any, ...], tuple[float, ...]]]) -> Told:
    return {name: dict(change(key, row) for key, row in rows.items()) for name, rows in told.items()}
