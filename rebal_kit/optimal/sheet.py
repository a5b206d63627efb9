"""Columns of what is sold and bought, and the cash they move: what every other part of the model refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.assembly import Assembly
from rebal_kit.optimal.offers import Bar, Purchases, Refined, Stock, purchases_of, stock_of
from rebal_kit.optimal.problem import MINIMISE, Problem
from rebal_kit.optimal.settle import SHORT_GAIN_PRICE, TRADE_PRICE

#: US$ that 1 in the program is.
UNIT = 1000.0
#: Shares that differ from a whole number by less, in proportion, are whole.
_WHOLE = 1e-9


class Side(NamedTuple):
    """Columns of all sales, or of all purchases."""

    account: np.ndarray  # (n,)
    security: np.ndarray  # (n,)
    column: np.ndarray  # (n,)
    shares: np.ndarray  # (n,) shares that 1 in the column is
    step: np.ndarray  # (n,) thousands of US$ that 1 in the column is
    upper: np.ndarray  # (n,) in units of the column; 0 where barred


@dataclass
class Sheet:
    """A model that is being written down: the program so far, and where in it things are."""

    problem: Problem
    refined: Refined
    stock: Stock
    purchases: Purchases
    to: Assembly
    elastic: bool  # what is missing is all that counts
    sale: Side
    unit: np.ndarray  # (n_sales,) unit that a sale column sells
    place: np.ndarray  # (P,) account × S + security of each position
    position: np.ndarray  # (n_sales,) position of a sale column
    buy: Side
    cash: np.ndarray  # (A,) rows, -1 where there is none
    slack: np.ndarray  # columns of missing cash

    def cost(self, cost: np.ndarray | float) -> np.ndarray | float:
        """Return a cost, or none where it does not count."""
        return 0.0 if self.elastic else cost

    def put_cash(self, account: np.ndarray, column: np.ndarray, value: np.ndarray) -> None:
        """Let columns bring so much cash to accounts."""
        row = self.cash[account]
        kept = row >= 0
        self.to.put(row[kept], column[kept], value[kept])


def new_sheet(problem: Problem, refined: Refined, elastic: bool) -> Sheet:
    """Return a sheet with all sales and purchases, and a row for the cash of each account that is managed."""
    stock = stock_of(problem, refined)
    purchases = purchases_of(problem, stock, refined)
    to = Assembly()
    sale, unit, whole = _sales(problem, stock, to, elastic)
    places = stock.account * len(problem.price) + stock.security
    place, position = np.unique(places, return_inverse=True)
    position = position.reshape(-1)[unit]
    if problem.trading.whole_shares:
        _keep_fractions_last(to, sale, whole, position)
    buy = _purchases(problem, purchases, to, elastic)
    # Each account pays for its purchases itself: money never crosses accounts.
    least = problem.min_cash + refined.reserve - problem.cash
    bound = np.flatnonzero(np.isfinite(least))
    cash = np.full(len(least), -1)
    cash[bound] = to.rows(len(bound), least[bound] / UNIT, np.inf)
    slack = np.empty(0, int)
    if elastic:
        slack = to.columns(len(bound), 0.0, np.inf, 1.0)
        to.put(cash[bound], slack, 1.0)
    sheet = Sheet(
        problem, refined, stock, purchases, to, elastic, sale, unit, place, position, buy, cash, slack
    )  # fmt: skip
    sheet.put_cash(sale.account, sale.column, sale.step * (1.0 - problem.rate[sale.security]))
    sheet.put_cash(buy.account, buy.column, -buy.step * (1.0 + problem.rate[buy.security]))
    return sheet


def _sales(
    problem: Problem, stock: Stock, to: Assembly, elastic: bool
) -> tuple[Side, np.ndarray, np.ndarray]:
    """Add a column for each unit: US$, or its whole shares, and another for what is over them."""
    price = problem.price[stock.security] / UNIT
    units = np.arange(len(stock.quantity))
    if problem.trading.whole_shares:
        whole = np.floor(stock.quantity * (1.0 + _WHOLE))
        over = stock.quantity - whole
        some, broken = units[whole > 0.0], units[over > _WHOLE * stock.quantity]
        unit = np.concatenate((some, broken))
        shares = np.concatenate((np.ones(len(some)), over[broken]))
        upper = np.concatenate((whole[some], np.ones(len(broken))))
        is_whole = np.arange(len(unit)) < len(some)
    else:
        unit, shares, upper = units, 1.0 / price, stock.quantity * price
        is_whole = np.ones(len(unit), bool)
    step = shares * price[unit]
    rate = problem.rate[stock.security] + TRADE_PRICE - problem.aims.later_rate * stock.gain
    if problem.limits.short_gains == MINIMISE:
        rate = rate + SHORT_GAIN_PRICE * np.where(stock.taxed & ~stock.long, np.maximum(stock.gain, 0.0), 0.0)
    upper = np.where(stock.bar[unit] == Bar.NONE, upper, 0.0)
    cost = 0.0 if elastic else rate[unit] * step
    column = to.columns(len(unit), 0.0, upper, cost, problem.trading.whole_shares)
    to.shares(column[is_whole] if problem.trading.whole_shares else column[:0], 1)
    return Side(stock.account[unit], stock.security[unit], column, shares, step, upper), unit, is_whole


def _keep_fractions_last(to: Assembly, sale: Side, whole: np.ndarray, position: np.ndarray) -> None:
    """Sell what is over whole shares only with all the rest of the position."""
    for held in np.unique(position[~whole]):
        broken = sale.column[(position == held) & ~whole]
        mine = (position == held) & whole
        row = to.rows(1, 0.0, np.inf)
        to.put(row, sale.column[mine], 1.0)
        # Barred shares cannot be sold, and then nor can the fraction: more than all shares that may be would be needed.
        barred = bool((sale.upper[position == held] == 0.0).any())
        to.put(row, broken[:1], -(sale.upper[mine].sum() + (1.0 if barred else 0.0)))
        if len(broken) > 1:
            same = to.rows(len(broken) - 1, 0.0, 0.0)
            to.put(same, broken[1:], 1.0)
            to.put(same, broken[0], -1.0)


def _purchases(problem: Problem, purchases: Purchases, to: Assembly, elastic: bool) -> Side:
    """Add a column for each purchase, of US$ or whole shares; barred ones too, since their price is worth knowing."""
    managed = np.isfinite(problem.min_cash)
    account, security = np.nonzero(managed[:, None] & (problem.price > 0.0))
    price = problem.price[security] / UNIT
    whole = problem.trading.whole_shares
    shares = np.ones(len(price)) if whole else 1.0 / price
    step = shares * price
    upper = purchases.most[account, security] / UNIT / step
    upper = np.floor(upper * (1.0 + _WHOLE)) if whole else upper
    upper = np.where(purchases.bar[account, security] == Bar.NONE, upper, 0.0)
    rate = problem.rate[security] + TRADE_PRICE + problem.preference[account, security]
    column = to.columns(len(price), 0.0, upper, 0.0 if elastic else rate * step, whole)
    to.shares(column if whole else column[:0], -1)
    return Side(account, security, column, shares, step, upper)
