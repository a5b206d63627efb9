"""Every possible set of trades of a tiny household, judged one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from tests.optimal.judge import Verdict, judge


def best_of_all(problem: Any, profile: Any, most: int = 60_000) -> Verdict | None:
    """Return the best verdict without a fault; None if there is none. Raises where there are too many to try."""
    lots, price = problem.lots, problem.price
    ways = []
    for account in range(len(problem.kind)):
        own = [lot for lot in range(len(lots.account)) if lots.account[lot] == account]
        ways.append(list(_ways(problem, account, own)))
    if np.prod([float(len(some)) for some in ways]) > most:
        raise OverflowError
    best = None
    for chosen in product(*ways):
        sold = np.zeros(len(lots.account))
        bought = np.zeros((len(problem.kind), len(price)))
        for account, (sales, buys) in enumerate(chosen):
            for lot, shares in sales.items():
                sold[lot] = shares
            bought[account] = buys
        verdict = judge(problem, profile, sold, bought)
        if not verdict.faults and (best is None or verdict.objective < best.objective):
            best = verdict
    return best


def _ways(problem: Any, account: int, own: list[int]) -> Iterator[tuple[dict[int, float], list[float]]]:
    """Yield what an account can sell of each lot and buy of each security, if its cash allows it before costs."""
    lots, price, trading = problem.lots, problem.price, problem.trading
    numbers = [
        range(int(lots.quantity[lot]) + 1 if trading.may_sell[account][lots.security[lot]] else 1)
        for lot in own
    ]
    for shares in product(*numbers):
        cash = float(problem.cash[account] - problem.min_cash[account])
        sold = {}
        for lot, number in zip(own, shares, strict=True):
            cash += number * float(price[lots.security[lot]])
            sold[lot] = float(number)
        gone = {int(lots.security[lot]) for lot in own if sold[lot]}
        if cash < 0:
            continue
        for buys in _buys(problem, account, gone, cash, 0):
            yield sold, buys


def _buys(problem: Any, account: int, gone: set[int], cash: float, first: int) -> Iterator[list[float]]:
    if first == len(problem.price):
        yield []
        return
    price = float(problem.price[first])
    most = 0 if first in gone or not problem.trading.may_buy[account][first] else int(cash / price)
    for number in range(most + 1):
        for rest in _buys(problem, account, gone, cash - number * price, first + 1):
            yield [float(number), *rest]
