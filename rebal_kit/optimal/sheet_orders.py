"""Choices: which orders are placed, and which identity groups are sold at a loss instead of bought.

A binary that only bounds a trade by what the account could pay at most bounds nothing in the linear relaxation. What is
bought beyond what a sleeve is short of makes it too heavy, or replaces what is sold of it elsewhere: so, with
b = bought, x = sold in the sleeve, and `missing` = max(0, target − value),

    b ≤ missing · choice + over + x        and alike        x ≤ surplus · choice + under + b

hold in every plan, and make the price of a choice felt in proportion to what is needed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.sheet import UNIT, Sheet, Side
from rebal_kit.optimal.sheet_targets import Drift

#: US$ of the smallest order where none is given and orders cost a commission.
_LEAST_ORDER = 1.0


class Orders(NamedTuple):
    """Binaries of orders, and what a sale's commission takes off the gain."""

    of_position: np.ndarray  # (P,) column, -1 where there is none
    of_purchase: np.ndarray  # (n_purchases,)
    off_gain: np.ndarray  # (P,) thousands of US$, 0 where nothing is taxed


def order_columns(sheet: Sheet, drift: Drift) -> Orders:
    """Add binaries for orders that have a commission or a least size, and keep purchase and sale apart."""
    to, buy, commission = sheet.to, sheet.buy, sheet.problem.trading.commission.reshape(-1) / UNIT
    to.least = max(sheet.problem.trading.min_trade, _LEAST_ORDER) / UNIT
    taxed = np.zeros(len(sheet.place), bool)
    taxed[sheet.position] = sheet.stock.taxed[sheet.unit]
    # A commission makes the gain smaller that would be taxed later, too.
    later = np.where(taxed, sheet.problem.aims.later_rate, 0.0)
    of_position = _binaries(sheet, drift, sheet.sale, sheet.place, sheet.position, commission, later)
    place = buy.account * len(sheet.problem.price) + buy.security
    of_purchase = _binaries(sheet, drift, buy, place, np.arange(len(place)), commission, np.zeros(len(place)))
    sells, buys = np.flatnonzero(of_position >= 0), np.flatnonzero(of_purchase >= 0)
    both, sold, bought = np.intersect1d(sheet.place[sells], place[buys], return_indices=True)
    rows = to.rows(len(both), -np.inf, 1.0)
    to.put(rows, of_position[sells[sold]], 1.0)
    to.put(rows, of_purchase[buys[bought]], 1.0)
    off_gain = np.where(taxed & (of_position >= 0), commission[sheet.place], 0.0)
    return Orders(of_position, of_purchase, off_gain)


def _binaries(
    sheet: Sheet, drift: Drift, side: Side, place: np.ndarray, of_order: np.ndarray, commission: np.ndarray,
    later: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Add a binary for each order that needs one; return their columns, -1 for orders without.

    Parameters
    ----------
    sheet : Sheet
    drift : Drift
    side : Side
        Sales or purchases.
    place : ndarray
        (n_orders,) account × S + security.
    of_order : ndarray
        (n,) which order a column of the side belongs to.
    commission : ndarray
        (A · S,) thousands of US$.
    later : ndarray
        (n_orders,) what a dollar of commission costs beyond itself.
    """
    to, trading = sheet.to, sheet.problem.trading
    lumpy = ((trading.commission > 0.0) | (trading.min_trade > 0.0) | sheet.refined.apart).reshape(-1)
    most = np.bincount(of_order, side.upper * side.step, minlength=len(place))
    chosen = np.flatnonzero(lumpy[place] & (most > 0.0))
    fee = commission[place[chosen]]
    binary = to.columns(len(chosen), 0.0, 1.0, sheet.cost(fee * (1.0 + later[chosen])), True)
    column, number = np.full(len(place), -1), np.full(len(place), -1)
    column[chosen], number[chosen] = binary, np.arange(len(chosen))
    mine = np.flatnonzero((column[of_order] >= 0) & (side.upper > 0.0))
    rows = to.rows(len(mine), -np.inf, 0.0)
    to.put(rows, side.column[mine], 1.0)
    to.put(rows, column[of_order[mine]], -side.upper[mine])
    to.orders(side.column[mine], column[of_order[mine]], side.step[mine])
    # An order is of something: else a commission could be paid for nothing, for the loss that it makes.
    amount = number[of_order[mine]], side.column[mine], side.step[mine]
    rows = to.rows(len(chosen), 0.0, np.inf)
    to.put(rows[amount[0]], amount[1], amount[2])
    to.put(rows, binary, -to.least)
    account, security = np.divmod(place[chosen], len(sheet.problem.price))
    sheet.put_cash(account, binary, -fee)
    _needed(sheet, drift, side is sheet.buy, binary, account, security, most[chosen], amount)
    return column


def _needed(
    sheet: Sheet, drift: Drift, buying: bool, order: np.ndarray, account: np.ndarray, security: np.ndarray,
    most: np.ndarray, amount: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:  # fmt: skip
    """Bound orders by what their sleeve needs; `amount`: which order a column belongs to, the column, its step."""
    sleeve = sheet.problem.targets.sleeve_of[security]
    need = np.maximum(drift.missing if buying else -drift.missing, 0.0)[sleeve]
    chosen = np.flatnonzero(sheet.problem.counted[account] & (sleeve >= 0) & (need < most))
    number = np.full(len(order), -1)
    number[chosen] = np.arange(len(chosen))
    rows = sheet.to.rows(len(chosen), -np.inf, 0.0)
    of_order, column, step = amount
    mine = number[of_order] >= 0
    sheet.to.put(rows[number[of_order[mine]]], column[mine], step[mine])
    sheet.to.put(rows, order[chosen], -need[chosen])
    at = sleeve[chosen]
    sheet.to.put(rows, (drift.over if buying else drift.under)[at], -1.0)
    sheet.to.put(rows, (drift.sold if buying else drift.bought)[at], -1.0)
    # What the account itself sells of a security it does not buy, and the other way round: so that is not among it.
    other, securities = (sheet.sale if buying else sheet.buy), len(sheet.problem.price)
    place = account[chosen] * securities + security[chosen]
    inverse = np.full(sheet.problem.trading.may_buy.size, -1)
    inverse[place] = np.arange(len(chosen))
    of_row = inverse[other.account * securities + other.security]
    own = (of_row >= 0) & (other.upper > 0.0)
    sheet.to.put(rows[of_row[own]], other.column[own], other.step[own])


def wash_rows(sheet: Sheet, drift: Drift, orders: Orders) -> None:
    """Let a group be sold at a loss, or bought, anywhere in the household; not both (IRC §1091(a))."""
    to, group, sale, buy = sheet.to, sheet.problem.wash.group, sheet.sale, sheet.buy
    losing = sheet.stock.loss[sheet.unit] & (sale.upper > 0.0)
    buying = buy.upper > 0.0
    both = np.intersect1d(group[sale.security[losing]], group[buy.security[buying]])
    binary = to.columns(len(both), 0.0, 1.0, 0.0, True)  # 1: it may be sold at a loss
    sales = np.flatnonzero(losing & np.isin(group[sale.security], both))
    of_sale = np.searchsorted(both, group[sale.security[sales]])
    rows = to.rows(len(sales), -np.inf, 0.0)
    to.put(rows, sale.column[sales], 1.0)
    to.put(rows, binary[of_sale], -sale.upper[sales])
    buys = np.flatnonzero(buying & np.isin(group[buy.security], both))
    of_buy = np.searchsorted(both, group[buy.security[buys]])
    ordered = orders.of_purchase[buys] >= 0
    most = np.where(ordered, 1.0, buy.upper[buys])
    rows = to.rows(len(buys), -np.inf, most)
    to.put(rows, np.where(ordered, orders.of_purchase[buys], buy.column[buys]), 1.0)
    to.put(rows, binary[of_buy], most)
    _group_needs(sheet, drift, binary, (sales, of_sale), (buys, of_buy))


def _group_needs(
    sheet: Sheet, drift: Drift, binary: np.ndarray, sales: tuple[np.ndarray, np.ndarray],
    buys: tuple[np.ndarray, np.ndarray],
) -> None:  # fmt: skip
    """Bound what is bought of a group in a sleeve by what the sleeve needs, unless the group is sold at a loss."""
    problem, to = sheet.problem, sheet.to
    sleeves = len(drift.missing)
    keys = []
    for (which, of_group), side in ((sales, sheet.sale), (buys, sheet.buy)):
        sleeve = problem.targets.sleeve_of[side.security[which]]
        counted = problem.counted[side.account[which]] & (sleeve >= 0)
        keys.append(np.where(counted, of_group * sleeves + sleeve, -1))
    pairs = np.unique(keys[1][keys[1] >= 0])
    of_group, sleeve = np.divmod(pairs, max(sleeves, 1))
    need = np.maximum(drift.missing[sleeve], 0.0)
    rows = to.rows(len(pairs), -np.inf, need)
    to.put(rows, binary[of_group], need)
    to.put(rows, drift.over[sleeve], -1.0)
    to.put(rows, drift.sold[sleeve], -1.0)
    for (which, _), key, side in ((sales, keys[0], sheet.sale), (buys, keys[1], sheet.buy)):
        mine = np.isin(key, pairs) & (key >= 0)
        to.put(rows[np.searchsorted(pairs, key[mine])], side.column[which[mine]], side.step[which[mine]])
