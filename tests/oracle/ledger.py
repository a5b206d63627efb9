"""An exact, slow ledger for histories of trades, written from the words of the law; it knows nothing of the package.

Amounts are fractions. All purchases are collected first, with everything that will ever be bought; then the trades are
walked in order of time, and each loss looks over the whole list for shares that replace those sold:

* IRC §1091(a): bought within 30 days before or after the sale, by anyone in the household, "substantially identical";
* Reg. §1.1091-1(b): losses in order of the sales, inside one order as the lots were sold;
* Reg. §1.1091-1(c), (d): replacements in order of acquisition, share for share;
* Reg. §1.1091-1(e): a share that has replaced once is disregarded;
* Rev. Rul. 56-602: what is left of the purchase that was sold from does not replace it;
* a purchase made before the sale replaces only with shares that are still there after the order;
* IRC §1091(d), §1223(3): the disallowed loss goes into basis, the days held are added to the holding period;
* Rev. Rul. 2008-5: neither in an IRA; the loss is gone. A 401(k) and an HSA are taken like an IRA.

Where the law is silent, `Conventions` holds the readings; a story asks for others under ``conventions``.

A position sells its lots in order of purchase, and of one purchase the shares that replaced first, in the order of the
losses. Otherwise by date, latest first (lifo), by basis, highest first (hifo), the same with long-term lots before
short-term ones (long_term_first), or by what the sale costs in tax (least_tax: short-term losses, long-term losses, at
cost, long-term gains, short-term gains; the largest loss and the smallest gain a share first), at the average basis of
the position in order of purchase (average, Reg. §1.1012-1(e)), or as the sale names them. Lots that tie keep the order
of the position.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

from tests.oracle.nouns import (
    NONE,
    Conventions,
    Disposal,
    Gone,
    Match,
    Outcome,
    Purchase,
    Shares,
    Split,
    exact,
    in_order,
    is_long,
    scale,
)  # fmt: skip

WINDOW = 30


def settle(story: dict[str, Any], *, broker: bool = False) -> Outcome:
    """Settle a history of trades (see `README.md` for its words).

    A `broker` sees only replacements in the account that sold, of the very security (IRC §6045(g)(2)(B)(ii)).
    """
    household = Household(story, broker)
    for place, trade in enumerate(household.trades):
        if trade["side"] == "split":
            household.split(place)
        elif trade["side"] == "sell":
            household.sell(place, trade)
    return Outcome(household.disposals, household.purchases, household.splits)


class Household:
    """All purchases there will ever be, and what has been sold so far."""

    def __init__(self, story: dict[str, Any], broker: bool) -> None:
        self.accounts: dict[str, Any] = story["accounts"]
        self.groups: list[list[str]] = story.get("identical", [])
        self.conventions = Conventions.of(story)
        self.broker = broker
        self.trades = in_order(story)
        self.splits = [
            Split(place, trade["symbol"], trade.get("account") or None, exact(trade["ratio"]))
            for place, trade in enumerate(self.trades) if trade["side"] == "split"
        ]  # fmt: skip
        self.purchases = self.collect()
        self.disposals: list[Disposal] = []

    def taxable(self, account: str) -> bool:
        return bool(self.accounts[account]["kind"] == "taxable")

    def identical(self, one: str, other: str) -> bool:
        return one == other or any(one in group and other in group for group in self.groups)

    def collect(self) -> list[Purchase]:
        """Gather every purchase; executions of one order are one, unless they are to be told apart."""
        orders: dict[Any, list[int]] = {}
        for place, trade in enumerate(self.trades):
            if trade["side"] in {"buy", "reinvest"}:
                key = trade["date"], trade["account"], trade["symbol"], trade["lot"]
                orders.setdefault(key if self.conventions.merge_fills else place, []).append(place)
        purchases = []
        names: Counter[Any] = Counter()
        for places in orders.values():
            first = self.trades[places[0]]
            name, account, symbol = first["lot"], first["account"], first["symbol"]
            names[name, account, symbol] += 1
            number = names[name, account, symbol]
            count = cost = NONE
            for place in places:
                fill = self.trades[place]
                shares = exact(fill["quantity"])
                cost += shares * exact(fill["price"]) + exact(fill.get("fees", 0))
                count += shares / scale(self.splits, symbol, account, places[0], place)
            day = dt.date.fromisoformat(first["date"])
            label = name if number == 1 else f"{name} ({number})"
            purchase = Purchase(places[0], label, name, day, account, symbol, cost / count, count)
            purchase.pieces.append(Shares(purchase, count, NONE, day, spent=False))
            purchases.append(purchase)
        return purchases

    def split(self, place: int) -> None:
        """Count the shares that are there anew; basis and dates stay."""
        split = next(split for split in self.splits if split.place == place)
        for purchase in self.purchases:
            mine = split.symbol == purchase.symbol and split.account in {None, purchase.account}
            if mine and purchase.place < place:
                purchase.each /= split.ratio
                purchase.grown *= split.ratio
                for piece in purchase.pieces:
                    piece.count *= split.ratio
                    piece.added /= split.ratio
                for gone in purchase.gone:
                    gone.spare *= split.ratio

    def sell(self, place: int, trade: dict[str, Any]) -> None:
        """Sell the lots of one order, one after the other."""
        date = dt.date.fromisoformat(trade["date"])
        each = exact(trade["price"]) - exact(trade.get("fees", 0)) / exact(trade["quantity"])
        waiting = self.take_out(place, trade)
        sold: list[tuple[Purchase, Gone]] = []
        while waiting:
            piece = waiting.pop(0)
            purchase = piece.purchase
            sold.append((purchase, Gone(place, date, piece.count, NONE if piece.spent else piece.count)))
            if not self.taxable(trade["account"]):
                continue
            disposal = Disposal(
                place, purchase.label, purchase.account, purchase.symbol, date, purchase.date, piece.start,
                piece.count, piece.count * each, piece.count * (purchase.each + piece.added),
                piece.count * piece.added,
            )  # fmt: skip
            self.disposals.append(disposal)
            if disposal.gain < 0:
                self.wash(piece, disposal, waiting if self.conventions.row_level_matching else [])
        for purchase, gone in sold:  # the order is over: from now on its shares were sold in an earlier one
            purchase.gone.append(gone)

    def take_out(self, place: int, trade: dict[str, Any]) -> list[Shares]:
        """Take the shares of one order out of the inventory, in the order in which its lots are sold."""
        position = trade["account"], trade["symbol"]
        there = [p for p in self.purchases if p.place < place and (p.account, p.symbol) == position]
        method = trade.get("lot_method", "fifo").lower()
        if method == "average":
            average(there)
        queue = [piece for purchase in there for piece in purchase.pieces]
        asked: list[tuple[Fraction, list[Shares]]] = []
        for label, quantity in trade.get("lots", ()):
            name, _, number = label.partition("#")
            lot = [piece for piece in queue if name in {piece.purchase.label, piece.purchase.name}]
            asked.append((exact(quantity), [lot[int(number) - 1]] if number else lot))
        if not asked:
            asked.append(
                (exact(trade["quantity"]), sorted(queue, key=lambda piece: rank(method, trade, piece)))
            )
        sold = []
        for wanted, lot in asked:
            missing = wanted
            for piece in lot:
                taken = min(missing, piece.count)
                if taken:
                    sold.append(replace(piece, count=taken))
                piece.count -= taken
                missing -= taken
            assert missing == 0, f"{trade} sells more than there is"
        for purchase in there:
            purchase.pieces = [piece for piece in purchase.pieces if piece.count]
        return sold

    def candidates(self, sold: Shares, date: dt.date) -> list[Purchase]:
        """Purchases whose shares may replace those sold, in order of acquisition."""
        read, source = self.conventions, sold.purchase
        found = []
        for purchase in self.purchases:
            if purchase is source and (read.parent_excluded or not sold.spent):
                continue
            if self.broker and (purchase.account, purchase.symbol) != (source.account, source.symbol):
                continue
            if read.ignore_lots_older_than_sold_lot and purchase.place < source.place:
                continue
            if self.accounts[purchase.account]["kind"] in read.ignore_account_types:
                continue
            near = abs((purchase.date - date).days) <= WINDOW
            if near and self.identical(purchase.symbol, source.symbol):
                found.append(purchase)
        return found  # the list of purchases is in order of date and place

    def wash(self, sold: Shares, disposal: Disposal, waiting: list[Shares]) -> None:
        """Find what replaces shares sold at a loss; those `waiting` are sold next, in the same order."""
        loss = -disposal.gain / disposal.quantity
        left = disposal.quantity
        for purchase in self.candidates(sold, disposal.date):
            # Shares are counted on the later of the two days.
            later = max(disposal.place, purchase.place)
            rate = scale(self.splits, disposal.symbol, disposal.account, disposal.place, later)
            fate = self.fate(disposal.account, purchase)
            matches = []
            for pool in (waiting, purchase.pieces):
                for piece in [p for p in pool if p.purchase is purchase and not p.spent]:
                    matched = min(left * rate - sum(matches), piece.count)
                    if matched:
                        at = pool.index(piece)
                        pool[at : at + 1] = self.cut(piece, matched, disposal, loss / rate, fate)
                        matches.append(matched)
            disposal.matches += [Match(purchase, n / rate, n, n / rate * loss, fate) for n in matches]
            spare = []
            if self.conventions.count_disposed_purchases:
                for gone in purchase.gone:
                    matched = min(left * rate - sum(matches) - sum(spare), gone.spare)
                    gone.spare -= matched
                    spare += [matched] if matched else []
                lost = "permanent" if fate == "permanent" else "unattached"
                disposal.matches += [Match(purchase, n / rate, n, n / rate * loss, lost) for n in spare]
            left -= sum(matches + spare) / rate
            purchase.used += sum(matches + spare) / purchase.grown

    def fate(self, seller: str, purchase: Purchase) -> str:
        """What happens to a loss that shares of a purchase make nondeductible."""
        owners = [self.accounts[name].get("owner", "A") for name in (seller, purchase.account)]
        if not self.taxable(purchase.account):
            return "permanent"
        if owners[0] != owners[1] and self.conventions.spouse_basis == "permanent":
            return "permanent"
        return "basis"

    def cut(
        self, piece: Shares, matched: Fraction, disposal: Disposal, added: Fraction, fate: str
    ) -> list[Shares]:
        """Part the shares that replace from the rest; they come first."""
        replacing = replace(piece, count=matched, spent=True)
        if fate == "basis":
            replacing.added += added
            bought = piece.purchase.date
            if self.conventions.holding == "tacking":
                replacing.start = bought - (disposal.date - disposal.start)
            else:
                replacing.start = min(bought, disposal.start)
        rest = replace(piece, count=piece.count - matched)
        return [replacing, rest] if rest.count else [replacing]


def average(position: list[Purchase]) -> None:
    """Give all shares of a position the same basis: what they cost, and what wash sales added."""
    pieces = [piece for purchase in position for piece in purchase.pieces]
    count = sum(piece.count for piece in pieces)
    cost = sum(piece.count * piece.purchase.each for piece in pieces)
    added = sum(piece.count * piece.added for piece in pieces)
    for piece in pieces:
        piece.purchase.each = Fraction(cost, count)
        piece.added = Fraction(added, count)


def rank(method: str, trade: dict[str, Any], piece: Shares) -> tuple[Any, ...]:
    """Say where a lot stands in the queue."""
    basis = piece.purchase.each + piece.added
    gain = exact(trade["price"]) - basis
    long = is_long(piece.start, dt.date.fromisoformat(trade["date"]))
    if method in {"fifo", "average"}:
        return ()
    if method == "lifo":
        return (-piece.purchase.date.toordinal(),)
    if method == "hifo":
        return (-basis,)
    if method == "long_term_first":
        return (not long, -basis)
    assert method == "least_tax", method
    if gain < 0:
        return (1 if long else 0, gain)
    return (2 if gain == 0 else 3 if long else 4, gain)
