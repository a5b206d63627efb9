"""What is on offer: which shares may be sold and what may be bought, and if not, why."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.problem import NEVER, TAXABLE, Problem
from rebal_kit.optimal.settle import NO_GAIN


class Bar(IntEnum):
    """Why something may not be traded."""

    NONE = 0
    RESTRICTED = 1
    WASH_SALE = 2  # a loss that a purchase of the 30 days before would wash
    SHORT_GAIN = 3  # never taken
    GUARD = 4  # turns long-term soon
    TOO_SMALL = 5  # the whole position is less than an order may be
    WASH_PURCHASE = 6  # would wash a loss taken in the 30 days before
    NO_MONEY = 7  # the account cannot raise what an order must be


class Stock(NamedTuple):
    """Shares on offer. Lots of a position that are taxed alike are one *unit*: no choice between them matters."""

    unit: np.ndarray  # (L,) int64, unit of each lot
    account: np.ndarray  # (U,) int64
    security: np.ndarray  # (U,) int64
    quantity: np.ndarray  # (U,) float64, shares
    gain: np.ndarray  # (U,) float64, US$ for a US$ sold, after spread and per-share fee; 0: not taxed
    taxed: np.ndarray  # (U,) bool
    long: np.ndarray  # (U,) bool
    loss: np.ndarray  # (U,) bool, sold at a loss for tax
    bar: np.ndarray  # (U,) int64


class Purchases(NamedTuple):
    """What may be bought."""

    most: np.ndarray  # (A, S) float64, US$ that the account can raise for it
    bar: np.ndarray  # (A, S) int64


class Refined(NamedTuple):
    """What earlier rounds found out about a problem; see `rebal_kit.optimal.optimise`."""

    losses: np.ndarray  # (L,) bool, lots that commission or impact turn into losses
    apart: np.ndarray  # (A, S) bool, where purchase and sale must be told apart
    reserve: np.ndarray  # (A,) float64, US$ more to be left in cash, for impact

    @classmethod
    def nothing(cls, problem: Problem) -> Refined:
        """Return that nothing was found out yet."""
        shape = problem.trading.may_buy.shape
        return cls(np.zeros(len(problem.lots.account), bool), np.zeros(shape, bool), np.zeros(shape[0]))


def stock_of(problem: Problem, refined: Refined) -> Stock:
    """Return what may be sold."""
    lots, price, trading = problem.lots, problem.price, problem.trading
    taxed = problem.kind[lots.account] == TAXABLE
    gain = np.where(taxed, 1.0 - problem.rate[lots.security] - lots.basis / price[lots.security], 0.0)
    long = lots.days_to_long <= 0
    # The least that a share can pay of its order's commission: that of the whole position sold at once.
    worth = (problem.held * price)[lots.account, lots.security]
    commission = trading.commission[lots.account, lots.security] / worth
    loss = taxed & ((gain - commission < -NO_GAIN) | refined.losses)
    managed = np.isfinite(problem.min_cash)[:, None]
    guarded = taxed & ~long & (gain > NO_GAIN)
    bars = (
        (Bar.RESTRICTED, ~(trading.may_sell & managed)[lots.account, lots.security]),
        (Bar.WASH_SALE, loss & problem.wash.bought[problem.wash.group[lots.security]] & ~lots.own_purchase),
        (Bar.SHORT_GAIN, guarded & (problem.limits.short_gains == NEVER)),
        (Bar.GUARD, guarded & (lots.days_to_long <= problem.limits.guard_days)),
        (Bar.TOO_SMALL, worth < trading.min_trade),
    )
    bar = np.select([where for _, where in bars], [int(why) for why, _ in bars], int(Bar.NONE))
    alike = np.stack((lots.account, lots.security, gain, taxed & long, loss, bar), axis=1)
    _, first, unit = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    unit = unit.reshape(-1)
    quantity = np.bincount(unit, weights=lots.quantity, minlength=len(first))
    return Stock(
        unit, lots.account[first], lots.security[first], quantity, gain[first], taxed[first], long[first],
        loss[first], bar[first],
    )  # fmt: skip


def purchases_of(problem: Problem, stock: Stock, refined: Refined) -> Purchases:
    """Return what may be bought, and for how much at most: what the account has and all its sales could bring."""
    trading = problem.trading
    free = stock.bar == Bar.NONE
    worth = stock.quantity * problem.price[stock.security] * (1.0 - problem.rate[stock.security])
    raised = np.bincount(stock.account[free], worth[free], minlength=len(problem.kind))
    money = (
        problem.cash
        + raised
        - np.where(np.isfinite(problem.min_cash), problem.min_cash, problem.cash + raised)
    )
    money = np.maximum(money - refined.reserve, 0.0)
    most = np.maximum(money[:, None] - trading.commission, 0.0) / (1.0 + problem.rate)
    least = np.where(trading.whole_shares, problem.price, 0.0)
    bars = (
        (Bar.RESTRICTED, ~(trading.may_buy & np.isfinite(problem.min_cash)[:, None])),
        (Bar.WASH_PURCHASE, np.broadcast_to(problem.wash.sold_at_loss[problem.wash.group], most.shape)),
        (Bar.NO_MONEY, (most <= 0.0) | (most < np.maximum(trading.min_trade, least))),
    )
    bar = np.select([where for _, where in bars], [int(why) for why, _ in bars], int(Bar.NONE))
    return Purchases(most, bar)


def lots_sold(problem: Problem, stock: Stock, shares: np.ndarray) -> np.ndarray:
    """Return (L,) shares sold of each lot when so many (U,) `shares` of each unit are: the older lots first."""
    order = np.argsort(stock.unit, kind="stable")
    quantity = problem.lots.quantity[order]
    unit = stock.unit[order]
    until = np.cumsum(quantity)
    first = np.searchsorted(unit, np.arange(len(shares)))
    before = until - quantity - (until - quantity)[first][unit]
    sold = np.empty(len(order))
    sold[order] = np.clip(shares[unit] - before, 0.0, quantity)
    return sold
