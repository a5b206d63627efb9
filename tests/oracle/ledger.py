"""An exact, slow ledger for histories of trades, written from the words of the law; it knows nothing of the package.

Amounts are fractions. All purchases are collected first, with everything that will ever be bought; then the sales are
walked in order of time, and each loss looks over the whole list for shares that replace those sold:

* IRC §1091(a): bought within 30 days before or after the sale, by anyone in the household, "substantially identical";
* Reg. §1.1091-1(b): losses in order of the sales, inside one order as the lots were sold;
* Reg. §1.1091-1(c), (d): replacements in order of acquisition, share for share;
* Reg. §1.1091-1(e): a share that has replaced once is disregarded;
* Rev. Rul. 56-602: what is left of the purchase that was sold from does not replace it;
* a purchase made before the sale replaces only with shares that are still there after the order;
* IRC §1091(d), §1223(3): the disallowed loss goes into basis, the days held are added to the holding period;
* Rev. Rul. 2008-5: neither in an IRA; the loss is gone.

A position sells its lots in order of purchase, and of one purchase the shares that replaced first, in the order of the
losses. Otherwise by date, latest first (lifo), by basis, highest first (hifo), the same with long-term lots before
short-term ones (long_term_first), or by what the sale costs in tax (least_tax: short-term losses, long-term losses, at
cost, long-term gains, short-term gains; the largest loss and the smallest gain a share first), or as the sale names
them. Lots that tie keep the order of the position.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

WINDOW = 30


@dataclass
class Shares:
    """Equal shares of one purchase."""

    count: Fraction
    added: Fraction  # disallowed loss in the basis of each
    start: dt.date  # of the holding period
    spent: bool  # they have replaced others already


@dataclass
class Purchase:
    """What one order bought."""

    place: int  # in the list of trades by date
    label: str
    date: dt.date
    account: str
    symbol: str
    family: str
    each: Fraction  # paid for a share, with fees
    pieces: list[Shares]


@dataclass
class Disposal:
    """Shares of one purchase with one history, sold in one order."""

    place: int
    label: str
    date: dt.date
    start: dt.date
    long: bool
    quantity: Fraction
    proceeds: Fraction
    basis: Fraction
    disallowed: Fraction = Fraction(0)
    permanent: Fraction = Fraction(0)
    replaced_by: list[tuple[str, Fraction]] = field(default_factory=list)

    @property
    def gain(self) -> Fraction:
        return self.proceeds - self.basis

    @property
    def recognized(self) -> Fraction:
        return self.gain + self.disallowed


@dataclass
class Outcome:
    """What became of a history: disposals of taxable accounts in order, and every purchase with what is left of it."""

    disposals: list[Disposal]
    purchases: list[Purchase]


def exact(number: float) -> Fraction:
    """Take a decimal at its word: 0.1 is a tenth."""
    return Fraction(str(number))


def is_long(start: dt.date, sold: dt.date) -> bool:
    """IRC §1222: held for more than one year, counted from the day after."""
    after = start + dt.timedelta(days=1)
    try:
        anniversary = after.replace(year=after.year + 1)
    except ValueError:
        anniversary = dt.date(after.year + 1, 3, 1)
    return sold >= anniversary


def settle(story: dict[str, Any]) -> Outcome:
    """Settle a history of trades (see `tests/cases/README.md` for its words)."""
    taxable = {name: account["kind"] == "taxable" for name, account in story["accounts"].items()}
    family = {symbol: names[0] for names in story.get("identical", ()) for symbol in names}
    trades = [trade for trade in story["trades"] if trade["side"] != "ex_dividend"]
    trades.sort(key=lambda trade: trade["date"])  # those of one day stay in their order
    purchases = [
        Purchase(
            place, trade["lot"], dt.date.fromisoformat(trade["date"]), trade["account"], trade["symbol"],
            family.get(trade["symbol"], trade["symbol"]),
            exact(trade["price"]) + exact(trade.get("fees", 0)) / exact(trade["quantity"]),
            [Shares(exact(trade["quantity"]), Fraction(0), dt.date.fromisoformat(trade["date"]), spent=False)],
        )
        for place, trade in enumerate(trades) if trade["side"] in ("buy", "reinvest")
    ]  # fmt: skip
    disposals: list[Disposal] = []
    for place, trade in enumerate(trades):
        if trade["side"] != "sell":
            continue
        date = dt.date.fromisoformat(trade["date"])
        each = exact(trade["price"]) - exact(trade.get("fees", 0)) / exact(trade["quantity"])
        sold = take_out(purchases, place, trade)
        if not taxable[trade["account"]]:
            continue
        order = [
            (
                purchase,
                Disposal(
                    place, purchase.label, date, piece.start, is_long(piece.start, date), piece.count,
                    piece.count * each, piece.count * (purchase.each + piece.added),
                ),
            )
            for purchase, piece in sold
        ]  # fmt: skip
        for purchase, disposal in order:
            if disposal.gain < 0:
                wash(purchases, purchase, disposal, taxable)
        disposals += [disposal for _, disposal in order]
    return Outcome(disposals, purchases)


def take_out(purchases: list[Purchase], place: int, trade: dict[str, Any]) -> list[tuple[Purchase, Shares]]:
    """Take the shares of one order out of the inventory, in the order in which its lots are sold."""
    there = [
        purchase for purchase in purchases
        if purchase.place < place and (purchase.account, purchase.symbol) == (trade["account"], trade["symbol"])
    ]  # fmt: skip
    wanted: list[tuple[Purchase, Shares, Fraction]] = []
    if "lots" in trade:
        for label, quantity in trade["lots"]:
            left = exact(quantity)
            for purchase in there:
                for piece in purchase.pieces if purchase.label == label else ():
                    taken = min(left, piece.count - sum(amount for _, p, amount in wanted if p is piece))
                    if taken:
                        wanted.append((purchase, piece, taken))
                    left -= taken
            assert left == 0, f"{trade} sells more than there is"
    else:
        queue = [(purchase, piece) for purchase in there for piece in purchase.pieces]
        method = trade.get("lot_method", "fifo")
        queue.sort(key=lambda lot: rank(method, trade, *lot))
        left = exact(trade["quantity"])
        for purchase, piece in queue:
            taken = min(left, piece.count)
            if taken:
                wanted.append((purchase, piece, taken))
            left -= taken
        assert left == 0, f"{trade} sells more than there is"
    sold = []
    for purchase, piece, taken in wanted:
        sold.append((purchase, Shares(taken, piece.added, piece.start, piece.spent)))
        piece.count -= taken
    for purchase in there:
        purchase.pieces = [piece for piece in purchase.pieces if piece.count]
    return sold


def rank(method: str, trade: dict[str, Any], purchase: Purchase, piece: Shares) -> tuple[Any, ...]:
    """Say where a lot stands in the queue."""
    basis, gain = purchase.each + piece.added, exact(trade["price"]) - purchase.each - piece.added
    long = is_long(piece.start, dt.date.fromisoformat(trade["date"]))
    if method == "fifo":
        return ()
    if method == "lifo":
        return (-purchase.date.toordinal(),)
    if method == "hifo":
        return (-basis,)
    if method == "long_term_first":
        return (not long, -basis)
    assert method == "least_tax"
    if gain < 0:
        return (1 if long else 0, gain)
    return (2 if gain == 0 else 3 if long else 4, gain)


def wash(purchases: list[Purchase], source: Purchase, disposal: Disposal, taxable: dict[str, bool]) -> None:
    """Find what replaces the shares of a disposal at a loss."""
    loss = -disposal.gain / disposal.quantity
    left = disposal.quantity
    near = [
        purchase for purchase in purchases
        if purchase.family == source.family and purchase is not source
        and abs((purchase.date - disposal.date).days) <= WINDOW
    ]  # fmt: skip
    for purchase in sorted(near, key=lambda p: (p.date, p.place)):
        for at, piece in enumerate(purchase.pieces):
            if piece.spent or not left:
                continue
            matched = min(left, piece.count)
            adjusted = Shares(matched, Fraction(0), piece.start, spent=True)
            disposal.disallowed += matched * loss
            disposal.replaced_by.append((purchase.label, matched))
            if taxable[purchase.account]:
                adjusted.added = loss
                adjusted.start = purchase.date - (disposal.date - disposal.start)
            else:
                disposal.permanent += matched * loss
            piece.count -= matched
            left -= matched
            purchase.pieces[at : at + 1] = [adjusted, piece] if piece.count else [adjusted]
            break  # a purchase has one piece that has not replaced yet
