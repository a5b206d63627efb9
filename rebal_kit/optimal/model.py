"""The problem as a mixed-integer linear program, in thousands of US$.

Columns: sales by unit of stock, purchases by account and security, both in whole shares if asked for; a binary for each
order that has a commission or a least size, and for each identity group of which shares could be sold at a loss *and*
bought; the year's net gains, with one binary for each convex piece of the tax; deviations from targets.

The choice between pieces of the tax is the convex hull of their union (Balas, "Disjunctive programming and a hierarchy
of relaxations", SIAM Journal on Algebraic Discrete Methods 6(3), 1985): no formulation of it is tighter.

*Approximated*, and exact in what is reported (`rebal_kit.optimal.settle`): market impact is taken along chords, less
than 5 % above the square-root law, and is not taken off gains; the commission of an order that sells short- and long-term lots
is taken off the long-term gain. Without either the model is exact but for the few US$ of `tax_shape`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.assembly import Assembly, Program
from rebal_kit.optimal.offers import Bar, Purchases, Refined, Stock, lots_sold, purchases_of, stock_of
from rebal_kit.optimal.problem import MINIMISE, Problem
from rebal_kit.optimal.settle import SHORT_GAIN_PRICE, TRADE_PRICE
from rebal_kit.optimal.tax_shape import NET, SHORT, Curve, opening_gains, pieces_of, tax_so_far, worth_of

#: US$ that 1 in the program is.
UNIT = 1000.0
#: US$ of the first chord of market impact; each further one is twice as long as all before it.
_FIRST_CHORD = 1000.0


class Layout(NamedTuple):
    """Where things are in the program."""

    unit: np.ndarray  # (K,) unit that each sale column sells
    sold_shares: np.ndarray  # (K,) shares that 1 in the column is
    sale: np.ndarray  # (K,) columns
    buy_account: np.ndarray  # (B,)
    buy_security: np.ndarray  # (B,)
    bought_shares: np.ndarray  # (B,)
    buy: np.ndarray  # (B,) columns
    cash: np.ndarray  # (A,) rows, -1 where there is none
    limits: dict[str, int]  # rows of limits, by name
    groups: dict[int, int]  # columns of binaries, by identity group
    slack: np.ndarray  # columns of what is missing, in an elastic program: cash by account, then drift


class Model(NamedTuple):
    """A program, and how to read its solution."""

    program: Program
    layout: Layout
    stock: Stock
    purchases: Purchases

    def trades(self, problem: Problem, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (L,) shares sold and (A, S) shares bought in a solution."""
        layout = self.layout
        sold = np.bincount(
            layout.unit, values[layout.sale] * layout.sold_shares, minlength=len(self.stock.quantity)
        )
        # What is left of a position after rounding is no position: 1e-9 of it is sold with it, or not at all.
        sold = np.where(sold > self.stock.quantity * (1.0 - 1e-9), self.stock.quantity, sold)
        sold[sold < 1e-9 * self.stock.quantity] = 0.0
        bought = np.zeros(problem.trading.may_buy.shape)
        bought[layout.buy_account, layout.buy_security] = values[layout.buy] * layout.bought_shares
        bought[bought * problem.price < 1e-3] = 0.0  # less than a tenth of a cent
        return lots_sold(problem, self.stock, sold), bought


def build(problem: Problem, refined: Refined, elastic: bool = False) -> Model:
    """Write a problem down; `elastic`: as what is missing at least to do what must be done, whatever that costs."""
    stock = stock_of(problem, refined)
    purchases = purchases_of(problem, stock, refined)
    return _Writer(problem, refined, stock, purchases, elastic).write()


class _Writer:
    def __init__(
        self, problem: Problem, refined: Refined, stock: Stock, purchases: Purchases, elastic: bool
    ) -> None:
        self.problem, self.refined, self.stock, self.purchases = problem, refined, stock, purchases
        self.elastic = elastic
        self.to = Assembly()
        self.limits: dict[str, int] = {}
        self.groups: dict[int, int] = {}

    def write(self) -> Model:
        self._sales()
        self._buys()
        self._cash()
        self._orders()
        self._washes()
        self._drift()
        self._impact()
        self._taxes()
        layout = Layout(
            self.unit, self.sold_shares, self.sale, self.buy_account, self.buy_security, self.bought_shares,
            self.buy, self.cash_row, self.limits, self.groups, self.slack,
        )  # fmt: skip
        return Model(self.to.program(), layout, self.stock, self.purchases)

    def _cost(self, cost: np.ndarray | float) -> np.ndarray | float:
        return 0.0 if self.elastic else cost

    def _sales(self) -> None:
        """Add a column for each unit: US$, or whole shares and what is over them, which goes with the last share."""
        problem, stock, to = self.problem, self.stock, self.to
        trading, aims = problem.trading, problem.aims
        price = problem.price[stock.security] / UNIT
        units = np.arange(len(stock.quantity))
        if trading.whole_shares:
            whole = np.floor(stock.quantity * (1.0 + 1e-12))
            over = stock.quantity - whole
            some, broken = units[whole > 0.0], units[over > 1e-9 * stock.quantity]
            self.unit = np.concatenate((some, broken))
            self.sold_shares = np.concatenate((np.ones(len(some)), over[broken]))
            upper = np.concatenate((whole[some], np.ones(len(broken))))
        else:
            some, broken = units, units[:0]
            self.unit, self.sold_shares = units, 1.0 / price
            upper = stock.quantity * price
        unit = self.unit
        self.sale_step = self.sold_shares * price[unit]
        rate = problem.rate[stock.security] + TRADE_PRICE - aims.later_rate * stock.gain
        short_gain = stock.taxed & ~stock.long & (stock.gain > 0.0)
        if problem.limits.short_gains == MINIMISE:
            rate = rate + SHORT_GAIN_PRICE * np.where(short_gain, stock.gain, 0.0)
        upper = np.where(stock.bar[unit] == Bar.NONE, upper, 0.0)
        cost = self._cost(rate[unit] * self.sale_step)
        self.sale_upper = upper
        self.sale = to.columns(len(unit), 0.0, upper, cost, trading.whole_shares)
        # Positions: orders are theirs.
        place = stock.account * len(problem.price) + stock.security
        self.place, position = np.unique(place, return_inverse=True)
        self.position = position.reshape(-1)[unit]
        if len(broken):
            # What is over whole shares is sold only when all else of the position is.
            last = np.arange(len(some), len(unit))
            where = np.searchsorted(np.unique(self.position[last]), self.position)
            held = np.unique(self.position[last])
            in_held = np.isin(self.position, held)
            count = np.bincount(where[in_held], np.where(np.arange(len(unit)) < len(some), _whole_of(stock, unit), 0.0)[in_held],
                                minlength=len(held))  # fmt: skip
            for at in range(len(held)):
                mine = last[self.position[last] == held[at]]
                row = to.rows(1, 0.0, np.inf)
                wholes = np.flatnonzero((self.position == held[at]) & (np.arange(len(unit)) < len(some)))
                to.put(row, self.sale[wholes], 1.0)
                to.put(row, self.sale[mine[0]], -count[at])
                if len(mine) > 1:
                    same = to.rows(len(mine) - 1, 0.0, 0.0)
                    to.put(same, self.sale[mine[1:]], 1.0)
                    to.put(same, self.sale[mine[0]], -1.0)

    def _buys(self) -> None:
        problem, to, most = self.problem, self.to, self.purchases.most
        offered = problem.trading.may_buy | (self.purchases.bar == Bar.WASH_PURCHASE)
        managed = problem.trading.may_buy.any(axis=1) | problem.trading.may_sell.any(axis=1)
        self.buy_account, self.buy_security = np.nonzero((offered | managed[:, None]) & (problem.price > 0.0))
        price = problem.price[self.buy_security]
        whole = problem.trading.whole_shares
        self.bought_shares = np.ones(len(price)) if whole else UNIT / price
        self.buy_step = self.bought_shares * price / UNIT
        upper = most[self.buy_account, self.buy_security] / UNIT / self.buy_step
        upper = np.floor(upper * (1.0 + 1e-12)) if whole else upper
        barred = self.purchases.bar[self.buy_account, self.buy_security] != Bar.NONE
        self.buy_upper = np.where(barred, 0.0, upper)
        rate = problem.rate[self.buy_security] + TRADE_PRICE
        rate = rate + problem.preference[self.buy_account, self.buy_security]
        self.buy = to.columns(len(price), 0.0, self.buy_upper, self._cost(rate * self.buy_step), whole)

    def _cash(self) -> None:
        """Each account pays for its purchases itself: money never crosses accounts."""
        problem, to = self.problem, self.to
        least = problem.min_cash + self.refined.reserve - problem.cash
        bound = np.flatnonzero(np.isfinite(least))
        rows = to.rows(len(bound), least[bound] / UNIT, np.inf)
        self.cash_row = np.full(len(problem.cash), -1)
        self.cash_row[bound] = rows
        self._put_cash(self.stock.account[self.unit], self.sale,
                       self.sale_step * (1.0 - problem.rate[self.stock.security[self.unit]]))  # fmt: skip
        self._put_cash(self.buy_account, self.buy, -self.buy_step * (1.0 + problem.rate[self.buy_security]))
        self.slack = np.empty(0, int)
        if self.elastic:
            self.slack = to.columns(len(bound), 0.0, np.inf, 1.0)
            to.put(rows, self.slack, 1.0)

    def _put_cash(self, account: np.ndarray, column: np.ndarray, value: np.ndarray) -> None:
        kept = self.cash_row[account] >= 0
        self.to.put(self.cash_row[account[kept]], column[kept], value[kept])

    def _orders(self) -> None:
        """Add binaries for orders that have a commission or a least size, and keep purchase and sale apart."""
        problem, to, stock = self.problem, self.to, self.stock
        trading, aims = problem.trading, problem.aims
        lumpy = (trading.commission > 0.0) | (trading.min_trade > 0.0) | self.refined.apart
        lumpy = lumpy.reshape(-1)
        least = trading.min_trade / UNIT
        commission = trading.commission.reshape(-1) / UNIT
        # Sales: one order a position.
        worth = np.bincount(self.position, self.sale_upper * self.sale_step, minlength=len(self.place))
        selling = np.flatnonzero(lumpy[self.place] & (worth > 0.0))
        number = np.full(len(self.place), -1)
        number[selling] = np.arange(len(selling))
        taxed = np.zeros(len(self.place), bool)
        taxed[self.position] = stock.taxed[self.unit]
        fixed = commission[self.place] * (1.0 + np.where(taxed, aims.later_rate, 0.0))
        self.selling = to.columns(len(selling), 0.0, 1.0, self._cost(fixed[selling]), True)
        self.sell_order = np.where(number >= 0, self.selling[number] if len(selling) else -1, -1)
        of_column = self.sell_order[self.position]
        mine = np.flatnonzero((of_column >= 0) & (self.sale_upper > 0.0))
        open_row = to.rows(len(mine), -np.inf, 0.0)
        to.put(open_row, self.sale[mine], 1.0)
        to.put(open_row, of_column[mine], -self.sale_upper[mine])
        self._at_least(self.selling, least, number[self.position[mine]], self.sale[mine], self.sale_step[mine])
        account = self.place[selling] // len(problem.price)
        self._put_cash(account, self.selling, -commission[self.place[selling]])
        self.sale_commission = np.zeros(len(self.place))
        self.sale_commission[selling] = np.where(taxed[selling], commission[self.place[selling]], 0.0)
        # Purchases.
        buy_place = self.buy_account * len(problem.price) + self.buy_security
        buying = np.flatnonzero(lumpy[buy_place] & (self.buy_upper > 0.0))
        order = to.columns(len(buying), 0.0, 1.0, self._cost(commission[buy_place[buying]]), True)
        self.buy_order = np.full(len(self.buy), -1)
        self.buy_order[buying] = order
        open_row = to.rows(len(buying), -np.inf, 0.0)
        to.put(open_row, self.buy[buying], 1.0)
        to.put(open_row, order, -self.buy_upper[buying])
        self._at_least(order, least, np.arange(len(buying)), self.buy[buying], self.buy_step[buying])
        self._put_cash(self.buy_account[buying], order, -commission[buy_place[buying]])
        both, sold, bought = np.intersect1d(self.place[selling], buy_place[buying], return_indices=True)
        apart = to.rows(len(both), -np.inf, 1.0)
        to.put(apart, self.selling[sold], 1.0)
        to.put(apart, order[bought], 1.0)

    def _at_least(
        self, order: np.ndarray, least: float, of_order: np.ndarray, column: np.ndarray, step: np.ndarray
    ) -> None:
        if least > 0.0:
            rows = self.to.rows(len(order), 0.0, np.inf)
            self.to.put(rows[of_order], column, step)
            self.to.put(rows, order, -least)

    def _washes(self) -> None:
        """A group is sold at a loss, or bought, anywhere in the household; not both (IRC §1091(a))."""
        to, group = self.to, self.problem.wash.group
        sale_group = group[self.stock.security[self.unit]]
        buy_group = group[self.buy_security]
        losing = self.stock.loss[self.unit] & (self.sale_upper > 0.0)
        buying = self.buy_upper > 0.0
        both = np.intersect1d(sale_group[losing], buy_group[buying])
        binary = to.columns(len(both), 0.0, 1.0, 0.0, True)
        self.groups = {int(g): int(column) for g, column in zip(both, binary, strict=True)}
        sales = np.flatnonzero(losing & np.isin(sale_group, both))
        rows = to.rows(len(sales), -np.inf, 0.0)
        to.put(rows, self.sale[sales], 1.0)
        to.put(rows, binary[np.searchsorted(both, sale_group[sales])], -self.sale_upper[sales])
        buys = np.flatnonzero(buying & np.isin(buy_group, both))
        ordered = self.buy_order[buys] >= 0
        most = np.where(ordered, 1.0, self.buy_upper[buys])
        rows = to.rows(len(buys), -np.inf, most)
        to.put(rows, np.where(ordered, self.buy_order[buys], self.buy[buys]), 1.0)
        to.put(rows, binary[np.searchsorted(both, buy_group[buys])], most)

    def _drift(self) -> None:
        """Each class in its band and each sleeve on its target, but for what is missing or too much."""
        problem, to, targets = self.problem, self.to, self.problem.targets
        total = problem.total / UNIT
        value = (problem.held * problem.price)[problem.counted].sum(axis=0) / UNIT
        inside = targets.sleeve_of >= 0
        in_sleeve = np.bincount(targets.sleeve_of[inside], value[inside], minlength=len(targets.sleeve_class))
        in_class = np.bincount(targets.sleeve_class, in_sleeve, minlength=len(targets.weight))
        low, high = (targets.weight - targets.below) * total, (targets.weight + targets.above) * total
        wanted = targets.weight[targets.sleeve_class] * targets.sleeve_weight * total
        class_of = np.where(inside, targets.sleeve_class[targets.sleeve_of], -1)
        off = []
        for of, now, least, most, price in (
            (class_of, in_class, low, high, problem.aims.drift),
            (targets.sleeve_of, in_sleeve, wanted, wanted, problem.aims.sleeve_drift),
        ):
            row = to.rows(len(now), least - now, most - now)
            over, under = (to.columns(len(now), 0.0, np.inf, self._cost(price)) for _ in range(2))
            to.put(row, over, -1.0)
            to.put(row, under, 1.0)
            off.append(np.concatenate((over, under)))
            for account, security, column, step in (
                (self.stock.account[self.unit], self.stock.security[self.unit], self.sale, -self.sale_step),
                (self.buy_account, self.buy_security, self.buy, self.buy_step),
            ):
                mine = problem.counted[account] & (of[security] >= 0)
                to.put(row[of[security[mine]]], column[mine], step[mine])
        if np.isfinite(problem.limits.max_drift):
            row = to.rows(1, -np.inf, problem.limits.max_drift / UNIT)
            to.put(row, off[0], 1.0)
            self.limits["drift"] = int(row[0])
            if self.elastic:
                slack = to.columns(1, 0.0, np.inf, 1.0)
                to.put(row, slack, -1.0)
                self.slack = np.concatenate((self.slack, slack))

    def _impact(self) -> None:
        """Market impact of what the household trades of a security, along chords of the square-root law."""
        problem, to = self.problem, self.to
        security = np.concatenate((self.stock.security[self.unit], self.buy_security))
        account = np.concatenate((self.stock.account[self.unit], self.buy_account))
        column, step = np.concatenate((self.sale, self.buy)), np.concatenate((self.sale_step, self.buy_step))
        most = np.concatenate((self.sale_upper, self.buy_upper)) * step
        for s in np.flatnonzero(problem.trading.impact > 0.0):
            mine = (security == s) & (most > 0.0)
            if not mine.any():
                continue
            accounts = np.unique(account[mine])
            paid = to.columns(len(accounts), 0.0, np.inf, self._cost(1.0))
            self._put_cash(accounts, paid, -np.ones(len(accounts)))
            self._chords(int(s), paid, column[mine], step[mine], most[mine])
            if len(accounts) > 1:
                for a, own in zip(accounts, paid, strict=True):
                    part = mine & (account == a)
                    self._chords(int(s), own[None], column[part], step[part], most[part])

    def _chords(
        self, security: int, paid: np.ndarray, column: np.ndarray, step: np.ndarray, most: np.ndarray
    ) -> None:
        before = self.problem.trading.traded[security] / UNIT
        law = self.problem.trading.impact[security] * np.sqrt(UNIT)
        ends = [0.0, _FIRST_CHORD / UNIT]
        while ends[-1] < most.sum():
            ends.append(2.0 * ends[-1])
        knots = np.array(ends)
        cost = law * ((before + knots) ** 1.5 - before**1.5)
        slope = np.diff(cost) / np.diff(knots)
        rows = self.to.rows(len(slope), cost[:-1] - slope * knots[:-1], np.inf)
        self.to.put(rows[:, None], paid[None, :], 1.0)
        self.to.put(rows[:, None], column[None, :], -slope[:, None] * step[None, :])

    def _taxes(self) -> None:
        """The year's net gains, the tax on them, and limits on both."""
        problem, to, stock = self.problem, self.to, self.stock
        year, limits = problem.year, problem.limits
        taxed, long = stock.taxed[self.unit], stock.long[self.unit]
        gain = stock.gain[self.unit] * self.sale_step
        all_short = np.ones(len(self.place), bool)
        all_short[self.position[long]] = False
        fee = self.sale_commission
        opening = np.array(opening_gains(year)) / UNIT
        low, high = opening.copy(), opening.copy()
        rows = to.rows(2, opening, opening)
        for kind, mine in enumerate((taxed & ~long, taxed & long)):
            to.put(rows[kind], self.sale[mine], -gain[mine])
            of_kind = (fee > 0.0) & (all_short if kind == 0 else ~all_short)
            to.put(rows[kind], self.sell_order[of_kind], fee[of_kind])
            most = gain[mine] * self.sale_upper[mine]
            low[kind] += np.minimum(most, 0.0).sum() - fee[of_kind].sum()
            high[kind] += np.maximum(most, 0.0).sum()
        net = to.columns(2, low, high)
        to.put(rows, net, 1.0)
        realised = year.short + year.long
        if np.isfinite(limits.max_gain):
            room = max(limits.max_gain - realised, 0.0) / UNIT
            row = to.rows(1, -np.inf, room + opening.sum())
            to.put(row, net, 1.0)
            self.limits["gain"] = int(row[0])
        now = tax_so_far(year)
        most_tax = max(limits.max_tax, now.tax) / UNIT
        self._pieces(net, low, high, most_tax)
        to.offset = 0.0 if self.elastic else -(now.tax - worth_of(now, problem.aims)) / UNIT

    def _pieces(self, net: np.ndarray, low: np.ndarray, high: np.ndarray, most_tax: float) -> None:
        problem, to = self.problem, self.to
        capped = bool(np.isfinite(most_tax))
        box = [(float(low[kind]) * UNIT, float(high[kind]) * UNIT) for kind in (0, 1)]
        pieces = pieces_of(problem.year, problem.aims, box[0], box[1], capped)
        chosen = to.columns(len(pieces), 0.0 if len(pieces) > 1 else 1.0, 1.0, 0.0, len(pieces) > 1)
        one = to.rows(1, 1.0, 1.0)
        to.put(one, chosen, 1.0)
        sums = to.rows(2, 0.0, 0.0)
        to.put(sums, net, 1.0)
        cap = to.rows(1, -np.inf, most_tax) if capped else np.empty(0, int)
        if capped:
            self.limits["tax"] = int(cap[0])
        for piece, on in zip(pieces, chosen, strict=True):
            part = to.columns(2, -np.inf, np.inf)
            to.put(sums, part, -1.0)
            bounds = np.array((piece.short, piece.long, piece.net)) / UNIT
            for side, least, most in ((0, 0.0, np.inf), (1, -np.inf, 0.0)):
                row = to.rows(3, least, most)
                to.put(row[[0, 1, 2, 2]], part[[0, 1, 0, 1]], 1.0)
                to.put(row, on, -bounds[:, side])
            for curve in () if self.elastic else piece.value:
                self._epigraph(curve, part, on, 1.0, None)
            for curve in piece.tax if capped else ():
                self._epigraph(curve, part, on, 0.0, cap)

    def _epigraph(
        self, curve: Curve, part: np.ndarray, on: np.ndarray, cost: float, cap: np.ndarray | None
    ) -> None:
        """Add what is at least every line of a curve, where its piece is chosen, and 0 where not."""
        to = self.to
        height = to.columns(1, -np.inf, np.inf, cost)
        rows = to.rows(len(curve.slope), 0.0, np.inf)
        to.put(rows, height, 1.0)
        assert curve.of in (SHORT, NET)
        for column in part[: 1 if curve.of == SHORT else 2]:
            to.put(rows, column, -curve.slope)
        to.put(rows, on, -curve.intercept / UNIT)
        if cap is not None:
            to.put(cap, height, 1.0)


def _whole_of(stock: Stock, unit: np.ndarray) -> np.ndarray:
    return np.floor(stock.quantity[unit] * (1.0 + 1e-12))
