"""Which dividends are qualified, lot by lot: IRC §1(h)(11)(B)(iii), §246(c)(1), (3).

Stock must be held for more than 60 days within the 121 days that begin 60 days before the ex-date. The day of sale
counts, the day of purchase does not, and the days that a wash sale adds to a holding period do not either: for this
purpose §246(c)(3)(B) sets §1223(3) aside.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.ledger import settle
from tests.oracle.nouns import NONE, Outcome, exact, in_order, scale

REACH = dt.timedelta(days=60)
DAY = dt.timedelta(days=1)
ENOUGH = 60  # more than these


@dataclass(frozen=True)
class Dividend:
    """What one lot was paid on shares that were sold together, or never."""

    ex_date: dt.date
    account: str
    symbol: str
    label: str
    acquired: dt.date
    sold: dt.date | None
    shares: Fraction
    amount: Fraction
    days: int  # in the window

    @property
    def qualified(self) -> bool:
        return self.days > ENOUGH


def window(ex_date: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last of the 121 days."""
    return ex_date - REACH, ex_date + REACH


def days_held(acquired: dt.date, sold: dt.date | None, first: dt.date, last: dt.date) -> int:
    """Days held within a period; shares that are never sold are held through its end."""
    start, end = max(acquired + DAY, first), last if sold is None else min(sold, last)
    return max(0, (end - start).days + 1)


def dividends(story: dict[str, Any], outcome: Outcome | None = None) -> list[Dividend]:
    """What taxable accounts were paid on the lots they held when each ex-date began, in the order of the history."""
    outcome = outcome or settle(story)
    days = [trade["date"] for trade in in_order(story)]
    rows = []
    for trade in sorted(paid(story), key=lambda trade: trade["date"]):
        ex_date = dt.date.fromisoformat(trade["date"])
        first, last = window(ex_date)
        # Shares are counted as the ex-date counts them: after a split of that day.
        splits = [split.place for split in outcome.splits if days[split.place] == trade["date"]]
        place = max([bisect_left(days, trade["date"]), *(split + 1 for split in splits)]) - 0.5
        for purchase in outcome.purchases:
            if (purchase.account, purchase.symbol) != (
                trade["account"],
                trade["symbol"],
            ) or purchase.date >= ex_date:
                continue
            held: dict[dt.date | None, Fraction] = {}
            for gone in purchase.gone:
                if gone.date >= ex_date:
                    ratio = scale(outcome.splits, purchase.symbol, purchase.account, place, gone.place)
                    held[gone.date] = held.get(gone.date, NONE) + gone.count / ratio
            left = sum((piece.count for piece in purchase.pieces), NONE)
            if left:
                held[None] = left / scale(outcome.splits, purchase.symbol, purchase.account, place, len(days))
            for sold, shares in held.items():
                rows.append(Dividend(
                    ex_date, purchase.account, purchase.symbol, purchase.label, purchase.date, sold, shares,
                    shares * exact(trade["price"]), days_held(purchase.date, sold, first, last),
                ))  # fmt: skip
    return rows


def paid(story: dict[str, Any]) -> list[dict[str, Any]]:
    """The dividends of taxable accounts."""
    return [
        trade
        for trade in story["trades"]
        if trade["side"] == "ex_dividend" and story["accounts"][trade["account"]]["kind"] == "taxable"
    ]
