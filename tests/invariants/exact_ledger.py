"""A run in the words of the exact ledger in `tests/oracle`, which takes floating point for what it is."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from rebal_kit.backtest import Backtest
from tests.oracle import ledger as oracle
from tests.oracle.nouns import Disposal, Shares, exact

#: Shares by which the two may differ, the engine counting in floating point and the oracle in fractions. A piece that
#: differs by less is sold as the engine counts it: where every sale of a daily chain is washed, each would pass on what
#: the one before was off, and a billionth of a share would become a thousand in a hundred sales.
CLOSE = Fraction(2, 10**9)
#: Shares that are only what rounding has left over.
SPECK = Fraction(1, 10**9)
#: A loss below this part of the proceeds is a sale at cost, and uses up no replacement.
AT_COST = Fraction(1, 10**12)
#: Bases a share that differ by less, relatively, are one.
ALIKE = 1e-7


class Rounded(oracle.Household):
    """The exact ledger, for sales in floating point.

    Which pieces of a purchase are sold is told by what they are, not by their numbers: rounding can make one more or
    less of a cut lot. Pieces of one purchase with one basis a share and one holding period are the same shares.
    """

    def take_out(self, place: int, trade: dict[str, Any]) -> list[Shares]:
        position = trade["account"], trade["symbol"]
        there = [p for p in self.purchases if p.place < place and (p.account, p.symbol) == position]
        sold = []
        for name, number, quantity, each, start in trade["slices"]:
            missing = exact(quantity)
            pieces = [piece for purchase in there if purchase.label == name for piece in purchase.pieces]
            like = [
                (abs(at - number), at, piece)
                for at, piece in enumerate(pieces, 1)
                if piece.start == start and abs(float(piece.purchase.each + piece.added) / each - 1.0) < ALIKE
            ]
            for _, _, piece in sorted(like, key=lambda found: found[:2]):
                whole = abs(piece.count - missing) <= CLOSE
                taken = missing if whole else min(missing, piece.count)
                if taken > 0:
                    sold.append(replace(piece, count=taken))
                    piece.count = exact(0) if whole else piece.count - taken
                    missing -= taken
            assert missing == 0, f"{trade} sells more than there is"
        for purchase in there:
            purchase.pieces = [piece for piece in purchase.pieces if piece.count]
        return sold

    def wash(self, sold: Shares, disposal: Disposal, waiting: list[Shares]) -> None:
        if -disposal.gain > AT_COST * disposal.proceeds:
            super().wash(sold, disposal, waiting)

    def cut(
        self, piece: Shares, matched: Fraction, disposal: Disposal, added: Fraction, fate: str
    ) -> list[Shares]:
        if matched <= SPECK:
            return [piece]
        if piece.count - matched <= SPECK:
            matched = piece.count
        return super().cut(piece, matched, disposal, added, fate)


def story_of(run: Backtest) -> dict[str, Any]:
    """A run in the words of the oracle: its opening lots as purchases, then its trades and splits."""
    household = run.household
    accounts = {a.name: {"kind": str(a.kind), "owner": a.owner} for a in household.accounts}
    trades: list[dict[str, Any]] = [
        {"date": lot.acquired.isoformat(), "account": a.name, "side": "buy", "symbol": lot.symbol, "lot": lot.lot,
         "quantity": lot.quantity, "price": lot.basis / lot.quantity}
        for a in household.accounts for lot in a.lots
    ]  # fmt: skip
    sales = sales_of(run)
    for line in run.transactions:
        trade: dict[str, Any] = {
            "date": line.date.isoformat(),
            "side": line.action.lower(),
            "symbol": line.symbol,
        }
        if line.action == "SPLIT":
            trades.append({**trade, "ratio": line.quantity})
        elif line.action in ("BUY", "REINVEST", "SELL"):
            trade |= {
                "account": line.account,
                "quantity": line.quantity,
                "price": line.price,
                "fees": line.fees,
            }
            slices = next(sales) if line.action == "SELL" else []
            trades.append({**trade, "lot": line.lot, "slices": slices})
    return {
        "accounts": accounts,
        "identical": [list(group) for group in household.identical],
        "trades": trades,
    }


def sales_of(run: Backtest) -> Iterator[list[tuple[str, int, float, float, dt.date]]]:
    """Of each sale, order by order: lot, number of the piece, shares, basis a share and start of the holding period."""
    sold = run.journal[run.journal["side"] == "sell"]
    for _, rows in sold.groupby("order", sort=True):
        yield [
            (row.lot, row.piece, row.quantity, row.basis / row.quantity, row.holding_start.date())
            for row in rows.itertuples()
        ]


def disposals_of(run: Backtest) -> list[Disposal]:
    """Every sale in a taxable account, from the trades alone; identity groups have no bearing on each other."""
    story = story_of(run)
    family = {symbol: group[0] for group in story["identical"] for symbol in group}
    trades = defaultdict(list)
    for trade in story["trades"]:
        trades[family.get(trade["symbol"], trade["symbol"])].append(trade)
    found: list[Disposal] = []
    for history in trades.values():
        household = Rounded({**story, "trades": history}, broker=False)
        for place, trade in enumerate(household.trades):
            if trade["side"] == "split":
                household.split(place)
            elif trade["side"] == "sell":
                household.sell(place, trade)
        found += household.disposals
    return found
