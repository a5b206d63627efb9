"""A tax report against the exact ledger of `tests/oracle` and against what must hold of any; differences in words."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

import rebal_kit as rk
from tests.oracle.dividends import dividends
from tests.oracle.ledger import settle
from tests.oracle.nouns import Outcome, in_order
from tests.oracle.years import years as settled_years
from tests.public.ledgers import place_of, transactions_of

CENT = 0.005
SHARE = 1e-6
AMOUNTS = ("quantity", "proceeds", "basis", "gain", "disallowed", "permanent", "recognized")
FATES = {
    "basis": "in the basis of the replacement",
    "permanent": "lost for good",
    "unattached": "in no lot: shares sold before",
}

Figures = dict[tuple[Any, ...], tuple[float, ...]]


def differences(story: dict[str, Any], report: rk.TaxReport) -> list[str]:
    """What the report of a story says otherwise than the exact ledger; sales are known by `where` (`trade 7`)."""
    outcome = settle(story)
    return [
        *apart("disposals", disposals(report), _disposals(story, outcome)),
        *apart("open lots", open_lots(report), _open_lots(outcome)),
        *apart("wash sales", wash_sales(report), _matches(outcome)),
        *apart("totals", {(name,): (0.0, value) for name, value in report.totals.items()}, _totals(outcome)),
        *apart("years", years(report), _years(outcome)),
        *apart("returns", returns(report), _returns(story, outcome)),
        *apart("broker", broker(report), _broker(story, outcome)),
        *apart("dividends", paid(report), _paid(story, outcome)),
        *_used_twice(report, outcome),
        *apart("identity", {(): (0.0, identity(report, transactions_of(story)))}, {(): (0.0, 0.0)}),
        *unlawful(report),
    ]


def apart(what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Iterator[str]:
    """Compare rows of shares, then amounts; no row is a row of nothing."""
    for key in sorted({*found, *expected}, key=str):
        mine, theirs = found.get(key), expected.get(key)
        nothing = (0.0,) * len(mine or theirs or ())
        mine, theirs = mine or nothing, theirs or nothing
        limits = SHARE, *[CENT] * (len(nothing) - 1)
        if any(abs(a - b) > limit for a, b, limit in zip(mine, theirs, limits, strict=True)):
            yield f"{what} {key}: {_shown(mine)} and not {_shown(theirs)}"


def _shown(row: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.6g}" for value in row)


def summed(rows: pd.DataFrame, keys: list[str], amounts: list[str]) -> Figures:
    """Rows of a table by key, dates as text, amounts added up."""
    sums: Figures = {}
    for row in rows.to_dict("records"):
        key = tuple(str(v.date()) if isinstance(v, dt.datetime) else v for v in (row[name] for name in keys))
        sums[key] = _plus(sums.get(key), tuple(float(row[name]) for name in amounts))
    return sums


def _plus(one: tuple[float, ...] | None, other: tuple[float, ...]) -> tuple[float, ...]:
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))


def disposals(report: rk.TaxReport) -> Figures:
    return summed(report.disposals, ["where", "lot", "holding_start", "term"], list(AMOUNTS))


def open_lots(report: rk.TaxReport) -> Figures:
    keys = ["account", "symbol", "lot", "holding_start"]
    return summed(report.open_lots, keys, ["quantity", "basis", "deferred"])


def wash_sales(report: rk.TaxReport) -> Figures:
    keys = ["date", "account", "symbol", "lot", "in_account", "in_symbol", "in_lot", "fate"]
    rows = report.wash_sales
    return summed(rows.assign(shares=0.0), keys, ["shares", "disallowed", "permanent"])


def years(report: rk.TaxReport) -> Figures:
    return {
        (int(year), term): (0.0, float(amount))
        for term in ("ST", "LT") for year, amount in report.by_year[term].items()
    }  # fmt: skip


#: Columns of `TaxReport.years` and what the exact return calls them.
LINES = ("net_short", "net_long", "net", "deduction")
CARRIED = ("carry_short", "carry_long")


def returns(report: rk.TaxReport) -> Figures:
    columns = [*LINES, *CARRIED, "qualified", "ordinary", "distributions", "income_tax", "niit", "tax"]
    return {
        (int(y),): (0.0, *map(float, row))
        for y, row in zip(report.years.index, report.years[columns].to_numpy(), strict=True)
    }


def distributions(report: rk.TaxReport) -> Figures:
    return {(int(year),): (0.0, float(amount)) for year, amount in report.years["distributions"].items()}


def broker(report: rk.TaxReport) -> Figures:
    return summed(report.broker, ["where", "lot"], ["quantity", "box_1e", "box_1g"])


def paid(report: rk.TaxReport) -> Figures:
    rows = report.dividends[report.dividends["lot"] != ""]
    sold = rows["sold"].dt.strftime("%Y-%m-%d").fillna("")
    keys = ["ex_date", "account", "symbol", "lot", "sold", "days", "qualified"]
    return summed(rows.assign(sold=sold), keys, ["shares"])


def figures(report: rk.TaxReport) -> dict[str, Figures]:
    """Everything above, to compare one report with another."""
    told = {
        f.__name__: f(report) for f in (disposals, open_lots, wash_sales, years, distributions, broker, paid)
    }
    return told | {"totals": {(name,): (0.0, value) for name, value in report.totals.items()}}


def _disposals(story: dict[str, Any], outcome: Outcome) -> Figures:
    place = _places(story)
    sums: Figures = {}
    for sold in outcome.disposals:
        key = place[sold.place], sold.label, sold.start.isoformat(), "LT" if sold.long else "ST"
        sums[key] = _plus(sums.get(key), tuple(float(getattr(sold, name)) for name in AMOUNTS))
    return sums


def _places(story: dict[str, Any]) -> list[str]:
    """Where the oracle's trades, which are in order of time, stand in the story."""
    number = {id(trade): place_of(trade, at) for at, trade in enumerate(story["trades"])}
    return [number[id(trade)] for trade in in_order(story)]


def _open_lots(outcome: Outcome) -> Figures:
    sums: Figures = {}
    for purchase in outcome.purchases:
        for piece in purchase.pieces:
            key = purchase.account, purchase.symbol, purchase.label, piece.start.isoformat()
            basis, added = piece.count * (purchase.each + piece.added), piece.count * piece.added
            sums[key] = _plus(sums.get(key), (float(piece.count), float(basis), float(added)))
    return sums


def _matches(outcome: Outcome) -> Figures:
    sums: Figures = {}
    for sold in outcome.disposals:
        for match in sold.matches:
            bought = match.purchase
            key = (
                sold.date.isoformat(), sold.account, sold.symbol, sold.label, bought.account, bought.symbol,
                bought.label, FATES[match.fate],
            )  # fmt: skip
            lost = match.loss if match.fate == "permanent" else Fraction(0)
            sums[key] = _plus(sums.get(key), (0.0, float(match.loss), float(lost)))
    return sums


def _totals(outcome: Outcome) -> Figures:
    told = {name: outcome.total(name) for name in ("recognized", "disallowed", "permanent")}
    told["deferred_open"] = outcome.deferred + outcome.total("unattached")
    return {(name,): (0.0, float(value)) for name, value in told.items()}


def _years(outcome: Outcome) -> Figures:
    sums: dict[tuple[Any, ...], float] = defaultdict(float)
    for sold in outcome.disposals:
        sums[sold.date.year, "LT" if sold.long else "ST"] += float(sold.recognized)
    return {key: (0.0, amount) for key, amount in sums.items()}


def _returns(story: dict[str, Any], outcome: Outcome) -> Figures:
    told: Figures = {}
    for year, settled in settled_years(story, outcome).items():
        whole, alone = settled.whole, settled.alone
        told[year,] = (
            0.0, *(float(getattr(whole.netted, name)) for name in LINES),
            *(float(getattr(whole, name)) for name in CARRIED),
            *map(float, (settled.qualified, settled.ordinary, settled.distributions)),
            float(whole.income_tax - alone.income_tax), float(whole.niit - alone.niit), float(settled.added),
        )  # fmt: skip
    return told


def _broker(story: dict[str, Any], outcome: Outcome) -> Figures:
    """Settle each taxable account's own trades anew, with the lots that were sold and without disputed readings."""
    taxable = {name for name, account in story["accounts"].items() if account["kind"] == "taxable"}
    sold: dict[int, dict[str, Fraction]] = defaultdict(dict)
    for row in outcome.disposals:
        sold[row.place][row.label] = sold[row.place].get(row.label, Fraction(0)) + row.quantity
    trades, places = [], []
    for number, (trade, where) in enumerate(zip(in_order(story), _places(story), strict=True)):
        if (trade.get("account") or "") not in {"", *taxable}:
            continue
        if trade["side"] == "sell" and trade.get("lot_method") != "average":
            trade = {**trade, "lots": list(sold[number].items())}  # noqa: PLW2901
        trades.append(trade)
        places.append(where)
    merge = story.get("conventions", {}).get("merge_fills", True)
    alone = settle({**story, "trades": trades, "conventions": {"merge_fills": merge}}, broker=True)
    sums: Figures = {}
    for row in alone.disposals:
        key = places[row.place], row.label
        sums[key] = _plus(sums.get(key), (float(row.quantity), float(row.basis), float(row.disallowed)))
    return sums


def _paid(story: dict[str, Any], outcome: Outcome) -> Figures:
    sums: Figures = {}
    for row in dividends(story, outcome):
        key = (
            row.ex_date.isoformat(), row.account, row.symbol, row.label, row.sold.isoformat() if row.sold else "",
            row.days, row.qualified,
        )  # fmt: skip
        sums[key] = _plus(sums.get(key), (float(row.shares),))
    return sums


def _used_twice(report: rk.TaxReport, outcome: Outcome) -> Iterator[str]:
    """No purchase replaces more shares than it bought; where shares were split they cannot be added up."""
    bought = {(p.account, p.symbol, p.label): float(p.bought) for p in outcome.purchases}
    split = {split.symbol for split in outcome.splits}
    for key, (used,) in summed(
        report.wash_sales, ["in_account", "in_symbol", "in_lot"], ["quantity"]
    ).items():
        if key[1] not in split and used > bought[key] + SHARE:
            yield f"{key} replaces {used} shares, {bought[key]} were bought"


def identity(report: rk.TaxReport, trades: Iterable[rk.Transaction]) -> float:
    """Recognised less (economic gain + deferred + permanent), which must be nothing.

    The economic gain is what the sales brought less what was paid for the shares that are gone: it knows no wash sale.
    """
    taxable = {account.name for account in report.household.accounts if account.taxable}
    left = report.open_lots[report.open_lots["account"].isin(taxable)]
    opening = [lot for account in report.household.accounts if account.taxable for lot in account.lots]
    paid_for = sum(lot.basis - lot.deferred for lot in opening) + sum(
        line.quantity * line.price + line.fees
        for line in trades if line.action in (rk.Action.BUY, rk.Action.REINVEST) and line.account in taxable
    )  # fmt: skip
    economic = (
        float(report.disposals["proceeds"].sum()) - paid_for + float((left["basis"] - left["deferred"]).sum())
    )
    added = report.totals["deferred_open"] - sum(lot.deferred for lot in opening)
    return report.totals["recognized"] - economic - added - report.totals["permanent"]


def unlawful(report: rk.TaxReport) -> Iterator[str]:
    """Rows that no law makes: more disallowed than was lost, more lost for good than was disallowed."""
    for row in report.disposals.to_dict("records"):
        if not -CENT <= row["permanent"] <= row["disallowed"] + CENT <= max(0.0, -row["gain"]) + 2 * CENT:
            yield f"{row['where']} {row['lot']}: {row['permanent']}, {row['disallowed']}, {row['gain']}"
