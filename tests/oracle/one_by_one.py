"""The same history told of single shares: each an object that is bought, replaces, is adjusted, and is sold.

For whole numbers of shares without splits and averages. It shares no code with the ledger but the order of lots that a
method takes, so that a slip in cutting lots into parts shows.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from tests.oracle.ledger import rank

Rows = dict[Any, list[Fraction]]


@dataclass(eq=False)
class Share:
    label: str
    name: str
    order: int  # place of the purchase
    bought: dt.date
    account: str
    symbol: str
    cost: Fraction
    start: dt.date
    added: Fraction = Fraction(0)
    worn: int = 0  # number of the match in which it replaced another; 0 is fresh
    piece: tuple[
        Any, ...
    ] = ()  # the place, purchase and piece of what it replaced; shares alike in it are a piece
    sold_in: int = -1  # place of the sale


def settle_one_by_one(story: dict[str, Any]) -> tuple[Rows, Rows]:
    """Sales: shares, gain, disallowed, permanent, unattached. Lots: shares, basis."""
    trades = [
        t
        for t in sorted(story["trades"], key=lambda t: t["date"])
        if t["side"] in {"buy", "reinvest", "sell"}
    ]
    read = {"merge_fills": True, "parent_excluded": True, **story["conventions"]}
    shares = issue(trades, merge=read["merge_fills"])
    sales: Rows = defaultdict(lambda: [Fraction(0)] * 5)
    matches = 0
    for place, trade in enumerate(trades):
        if trade["side"] != "sell":
            continue
        date = dt.date.fromisoformat(trade["date"])
        each = Fraction(str(trade["price"])) - Fraction(str(trade["fees"])) / Fraction(trade["quantity"])
        leaving = choose(shares, place, trade)
        if not read.get("row_level_matching"):
            for share in leaving:
                share.sold_in = place
        while leaving:
            share = leaving.pop(0)
            share.sold_in = place
            if story["accounts"][trade["account"]]["kind"] != "taxable":
                continue
            gain = each - share.cost - share.added
            row = sales[place, share.label, share.start]
            found = replacement(story, read, shares, leaving, share, date, place) if gain < 0 else None
            amounts = [Fraction(1), gain, Fraction(0), Fraction(0), Fraction(0)]
            if found:
                matches += 1
                found.worn, found.piece = matches, (place, share.order, share.piece)
                amounts[2] = -gain
                owners = [story["accounts"][s.account]["owner"] for s in (share, found)]
                lost = story["accounts"][found.account]["kind"] != "taxable" or (
                    owners[0] != owners[1] and read.get("spouse_basis") == "permanent"
                )
                gone = found.sold_in >= 0
                amounts[3 if lost else 4] = -gain if lost or gone else Fraction(0)
                if not lost and not gone:
                    found.added = -gain
                    old = found.bought - (date - share.start)
                    tacked = read.get("holding", "tacking") == "tacking"
                    found.start = old if tacked else min(found.bought, share.start)
                if found in leaving:  # adjusted shares of a purchase are sold before its others
                    worn_first(leaving, found)
            sales[place, share.label, share.start] = [a + b for a, b in zip(row, amounts, strict=True)]
    lots: Rows = defaultdict(lambda: [Fraction(0)] * 2)
    for share in shares:
        if share.sold_in < 0:
            row = lots[share.label, share.start]
            lots[share.label, share.start] = [row[0] + 1, row[1] + share.cost + share.added]
    return sales, lots


def issue(trades: list[dict[str, Any]], *, merge: bool) -> list[Share]:
    """Every share that will ever be bought, in order of acquisition."""
    orders: dict[Any, list[int]] = defaultdict(list)
    for place, trade in enumerate(trades):
        if trade["side"] != "sell":
            orders[
                (trade["date"], trade["account"], trade["symbol"], trade["lot"]) if merge else place
            ].append(place)
    shares: list[Share] = []
    seen: dict[Any, int] = defaultdict(int)
    for places in orders.values():
        fills, first = [trades[place] for place in places], trades[places[0]]
        count = sum(fill["quantity"] for fill in fills)
        cost = sum(
            fill["quantity"] * Fraction(str(fill["price"])) + Fraction(str(fill["fees"])) for fill in fills
        )
        key = first["lot"], first["account"], first["symbol"]
        seen[key] += 1
        label = first["lot"] if seen[key] == 1 else f"{first['lot']} ({seen[key]})"
        day = dt.date.fromisoformat(first["date"])
        shares += [
            Share(label, first["lot"], places[0], day, first["account"], first["symbol"], cost / count, day)
            for _ in range(count)
        ]
    return shares


def queue_of(shares: list[Share]) -> list[Share]:
    """By purchase; those that replaced first, in the order in which they did."""
    return sorted(shares, key=lambda share: (share.order, share.worn or 10**9))


def choose(shares: list[Share], place: int, trade: dict[str, Any]) -> list[Share]:
    """The shares that an order sells."""
    here = trade["account"], trade["symbol"]
    there = [s for s in shares if s.order < place and s.sold_in < 0 and (s.account, s.symbol) == here]
    queue = queue_of(there)
    if "lots" not in trade:
        method = trade["lot_method"]
        queue.sort(key=lambda s: rank(
            method, trade,
            SimpleNamespace(added=s.added, start=s.start, purchase=SimpleNamespace(each=s.cost, date=s.bought)),
        ))  # fmt: skip
        return queue[: int(trade["quantity"])]
    chosen: list[Share] = []
    for label, count in trade["lots"]:
        name, _, number = label.partition("#")
        lot = [share for share in queue if name in {share.label, share.name}]
        if number:
            pieces = list(dict.fromkeys((share.order, share.piece) for share in lot))
            lot = [share for share in lot if (share.order, share.piece) == pieces[int(number) - 1]]
        lot = [share for share in lot if share not in chosen]
        assert len(lot) >= count
        chosen += lot[: int(count)]
    return chosen


def replacement(
    story: dict[str, Any], read: dict[str, Any], shares: list[Share], leaving: list[Share], sold: Share, date: dt.date,
    place: int,
) -> Share | None:  # fmt: skip
    """The first share in order of acquisition that may replace the one sold."""
    ignored = read.get("ignore_account_types", ())
    groups = story["identical"]
    found = []
    for share in shares:
        alike = share.symbol == sold.symbol or any(
            {share.symbol, sold.symbol} <= set(group) for group in groups
        )
        near = -30 <= (share.bought - date).days <= 30
        if share.worn or not alike or not near or story["accounts"][share.account]["kind"] in ignored:
            continue
        if share.order == sold.order and (read["parent_excluded"] or not sold.worn):
            continue
        if read.get("ignore_lots_older_than_sold_lot") and share.order < sold.order:
            continue
        gone = share.sold_in >= 0
        if gone and (share.sold_in == place or not read.get("count_disposed_purchases")):
            continue
        found.append(((share.order, gone, share not in leaving), share))
    return min(found, key=lambda row: row[0])[1] if found else None


def worn_first(leaving: list[Share], found: Share) -> None:
    """Put a share that has just replaced before the fresh ones of its purchase that are to be sold."""
    at = min(
        n
        for n, share in enumerate(leaving)
        if share is found or (share.order == found.order and not share.worn)
    )
    leaving.remove(found)
    leaving.insert(at, found)
