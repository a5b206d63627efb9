"""Random histories of a household, in the words of `tests/cases`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from hypothesis import strategies as st

from tests.oracle.ledger import settle

FIRST_DAY = dt.date(2023, 1, 3)
ACCOUNTS = {
    "TX1": {"kind": "taxable", "owner": "A"},
    "IRA1": {"kind": "ira", "owner": "A"},
    "TX2": {"kind": "taxable", "owner": "B"},
    "ROTH2": {"kind": "roth_ira", "owner": "B"},
}
#: The first two follow one index.
SYMBOLS = ("AA", "AB", "C")
IDENTICAL = [["AA", "AB"]]

# Few prices and round sizes, so that lots tie and sales happen at cost; short gaps, so that windows overlap.
PRICES = st.sampled_from([8.0, 9.0, 9.99, 10.0, 10.01, 11.0, 12.5, 33.33])
SIZES = st.sampled_from([1, 2, 3, 5, 10, 0.1, 0.3, 0.7, 2.5, 33.333, 100])
GAPS = st.sampled_from([0, 0, 0, 1, 2, 7, 14, 20, 29, 30, 31, 60, 200, 366, 367])

INTENTS = st.tuples(
    GAPS,
    st.sampled_from(["buy", "buy", "reinvest", "sell", "sell", "sell"]),
    st.integers(0, 3),
    st.sampled_from(SYMBOLS),
    SIZES,
    PRICES,
    st.sampled_from([0, 0, 0, 1, 4.95]),  # fees
    st.sampled_from([1, 1, 2, 3, 7]),  # a sale sells one part in so many
    st.sampled_from(["fifo", "lifo", "hifo", "least_tax", "long_term_first", "named", "named backwards"]),
)


@st.composite
def stories(draw: st.DrawFn, longest: int = 24) -> dict[str, Any]:
    """Draw a history in which every sale sells what is there."""
    accounts = dict(list(ACCOUNTS.items())[: draw(st.integers(2, 4))])
    return story_of(accounts, draw(st.lists(INTENTS, min_size=longest // 2, max_size=longest)))


def story_of(accounts: dict[str, Any], intents: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Turn intentions into trades; a sale looks for a position, and becomes a purchase when there is none."""
    names = list(accounts)
    story: dict[str, Any] = {"accounts": accounts, "identical": IDENTICAL, "trades": []}
    held: dict[tuple[str, str], int] = defaultdict(int)  # thousandths of a share
    day = FIRST_DAY
    for gap, side, a, symbol, size, price, fees, parts, method in intents:
        day += dt.timedelta(days=gap)
        trade: dict[str, Any] = {"date": day.isoformat(), "price": price, "fees": fees}
        positions = [position for position, there in held.items() if there]
        if side != "sell" or not positions:
            position = names[a % len(names)], symbol
            trade |= {"side": side if side != "sell" else "buy", "quantity": size}
            trade["lot"] = f"L{len(story['trades'])}"
            held[position] += round(size * 1000)
        else:
            position = positions[(a * len(SYMBOLS) + SYMBOLS.index(symbol)) % len(positions)]
            sold = max(1, held[position] // parts)
            held[position] -= sold
            trade |= {"side": "sell", "quantity": sold / 1000}
            if method.startswith("named"):
                trade["lots"] = named(story, *position, sold, backwards=method != "named")
            else:
                trade["lot_method"] = method
        trade["account"], trade["symbol"] = position
        story["trades"].append(trade)
    return story


def named(
    story: dict[str, Any], account: str, symbol: str, sold: int, *, backwards: bool
) -> list[tuple[str, float]]:
    """Name lots of a position for a sale of so many thousandths of a share."""
    lots = []
    for purchase in settle(story).purchases:
        left = sum(piece.count for piece in purchase.pieces)
        if (purchase.account, purchase.symbol) == (account, symbol) and left:
            lots.append((purchase.label, int(left * 1000)))
    picks = []
    for label, there in reversed(lots) if backwards else lots:
        if sold:
            taken = min(sold, there)
            picks.append((label, taken / 1000))
            sold -= taken
    return picks
