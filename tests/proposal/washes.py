"""Which purchase replaces shares sold at a loss, share for share (IRC §1091; Reg. §1.1091-1; Rev. Rul. 56-602).

A sale looks first at what is held and was bought within 30 days, then at the purchases of the proposal. Losses of days
before come first, a share replaces once, and what is left of the purchase that was sold from does not replace it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.proposal.reading import SHARE, WINDOW, Case, Order, Part, first_long_day


class Replacements:
    """Shares that may replace others, as the orders of a proposal are walked in turn.

    `pool` has those that have not replaced yet, by where they are: held in a lot, sold of it before, sold with a part
    of an order, or bought by an order. Of a lot the shares that replaced are sold first.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.pool: dict[Any, float] = defaultdict(float)
        self.left = {lot.lot: lot.quantity for lot in case.household.lots}
        for lot in case.household.lots:
            spent = lot.deferred > 0 or lot.holding_start is not None  # these shares replaced others before
            self.pool["held", lot.lot] = 0.0 if spent else lot.quantity
        self.buys = [order for order in case.orders if not order.sale and case.replaces(order.account)]
        self.pool |= {("bought", buy.at): buy.shares for buy in self.buys}
        self.earlier = {"short": 0.0, "long": 0.0}  # losses of days before that the proposal's purchases wash
        for sale in sorted(case.household.loss_sales or (), key=lambda sale: sale.sold):
            wanted = sale.quantity if waits(case, sale) else 0.0
            for buy in self.buys:
                if case.identical(sale.symbol, buy.symbol):
                    taken = self.take(("bought", buy.at), wanted)
                    wanted -= taken
                    start = sale.holding_start or sale.acquired or sale.sold
                    term = "long" if sale.sold >= first_long_day(start) else "short"
                    self.earlier[term] += sale.loss * taken / sale.quantity if taken else 0.0

    def take(self, key: Any, wanted: float) -> float:
        """Use up to so many shares; return how many there were."""
        taken = min(wanted, self.pool[key])
        self.pool[key] -= taken
        return taken

    def sell(self, order: Order) -> None:
        """Take the shares of an order out, all at once."""
        for part in order.parts:
            if part.lot is not None:
                name = part.lot.lot
                spent = self.left[name] - self.pool["held", name]
                self.left[name] -= part.shares
                self.pool["part", id(part)] = self.take(("held", name), max(0.0, part.shares - spent))

    def close(self, order: Order) -> None:
        """The order is over: from now on its shares were sold in an earlier one."""
        for part in order.parts:
            if part.lot is not None:
                self.pool["gone", part.lot.lot] += self.pool["part", id(part)]

    def replace(self, order: Order, sold: Part) -> tuple[float, str]:
        """Use up what replaces shares of an order, sold at a loss; return how many, and what comes first."""
        matched, first = 0.0, ""
        for key, words in [*self.held(order, sold), *self.bought(sold)]:
            if self.pool[key] > SHARE and sold.shares - matched > SHARE:
                matched += self.take(key, sold.shares - matched)
                first = first or words
        return matched, first

    def held(self, order: Order, sold: Part) -> Iterator[tuple[Any, str]]:
        case, read = self.case, self.case.household.conventions
        later = order.parts[next(i for i, part in enumerate(order.parts) if part is sold) + 1 :]
        lots = [(lot, account) for account in case.household.accounts for lot in account.lots]
        for lot, account in sorted(lots, key=lambda pair: pair[0].acquired):
            like = lot.lot != sold.lot.lot and case.identical(lot.symbol, sold.lot.symbol)
            near = 0 <= case.back(lot.acquired) <= WINDOW
            older = read.ignore_lots_older_than_sold_lot and lot.acquired < sold.lot.acquired
            if like and near and case.replaces(account) and not older:
                words = f"lot {lot.lot} in {account.name}, bought {lot.acquired}"
                if read.row_level_matching:
                    yield from ((("part", id(part)), words) for part in later if part.lot is lot)
                yield ("held", lot.lot), words
                if read.count_disposed_purchases:
                    yield ("gone", lot.lot), words

    def bought(self, sold: Part) -> Iterator[tuple[Any, str]]:
        for buy in self.buys:
            if self.case.identical(buy.symbol, sold.lot.symbol):
                yield ("bought", buy.at), f"the purchase of {buy.symbol} in {buy.account.name}"


def waits(case: Case, sale: Any) -> bool:
    """Whether a loss of days before could still be replaced."""
    taxed = sale.account in case.accounts and case.accounts[sale.account].kind == "taxable"
    return taxed and 0 <= case.back(sale.sold) <= WINDOW


def open_loss(case: Case, order: Order) -> Any:
    """A loss of days before that a purchase would replace."""
    if order.sale or not case.replaces(order.account):
        return None
    sales = case.household.loss_sales or ()
    return next((s for s in sales if waits(case, s) and case.identical(s.symbol, order.symbol)), None)
