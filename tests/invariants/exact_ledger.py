"""A run in the words of the exact ledger in `tests/oracle`, which takes floating point for what it is."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from rebal_kit.backtest import Backtest
from tests.oracle import ledger as oracle
from tests.oracle.nouns import Disposal, Shares, exact

#: Shares by which the two may differ: the engine counts in floating point, the oracle in fractions.
CLOSE = Fraction(1, 10**5)


class Rounded(oracle.Household):
    """The exact ledger, for sales of as good as all of a lot, and of pieces that rounding has given other numbers."""

    def take_out(self, place: int, trade: dict[str, Any]) -> list[Shares]:
        position = trade["account"], trade["symbol"]
        there = {p.label: p for p in self.purchases if p.place < place and (p.account, p.symbol) == position}
        lots: list[tuple[str, Fraction]] = []
        for told_as, quantity in trade["lots"]:
            label, (name, _, number) = told_as, told_as.partition("#")
            asked = exact(quantity)
            counts = [piece.count for piece in there[name].pieces]
            if number:
                told = {lot for lot, _ in lots}
                enough = [
                    i for i, n in enumerate(counts) if n > asked - CLOSE and f"{name}#{i + 1}" not in told
                ]
                at = min(enough, key=lambda i: abs(i + 1 - int(number)))
                label, left = f"{name}#{at + 1}", counts[at]
            else:
                left = sum(counts, Fraction(0))
            assert asked < left + CLOSE, f"{trade} sells more than there is"
            lots.append((label, left if abs(asked - left) <= CLOSE else asked))
        return super().take_out(place, {**trade, "lots": [(label, Text(n)) for label, n in lots]})


class Text(Fraction):
    """A fraction that survives being told as text."""

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def story_of(run: Backtest) -> dict[str, Any]:
    """A run in the words of the oracle: its opening lots as purchases, then its trades and splits."""
    household = run.household
    accounts = {a.name: {"kind": str(a.kind), "owner": a.owner} for a in household.accounts}
    trades: list[dict[str, Any]] = [
        {"date": lot.acquired.isoformat(), "account": a.name, "side": "buy", "symbol": lot.symbol, "lot": lot.lot,
         "quantity": lot.quantity, "price": lot.basis / lot.quantity}
        for a in household.accounts for lot in a.lots
    ]  # fmt: skip
    for line in run.transactions:
        trade = {"date": line.date.isoformat(), "side": line.action.lower(), "symbol": line.symbol}
        if line.action == "SPLIT":
            trades.append({**trade, "ratio": line.quantity})
        elif line.action in ("BUY", "REINVEST", "SELL"):
            trade |= {
                "account": line.account,
                "quantity": line.quantity,
                "price": line.price,
                "fees": line.fees,
            }
            trades.append({**trade, "lot": line.lot, "lots": list(line.lots)})
    return {
        "accounts": accounts,
        "identical": [list(group) for group in household.identical],
        "trades": trades,
    }


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
