"""A sensible plan without a solver: harvest what may be, sell what is over, buy what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np


def greedy(problem: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (L,) shares sold and (A, S) shares bought. It may break limits: judge it."""
    lots, price, trading, wash, targets = (
        problem.lots,
        problem.price,
        problem.trading,
        problem.wash,
        problem.targets,
    )
    sold, bought = np.zeros(len(lots.account)), np.zeros(trading.may_buy.shape)
    total = problem.total
    missing = {}
    for s in range(len(price)):
        n = targets.sleeve_of[s]
        wanted = targets.weight[targets.sleeve_class[n]] * targets.sleeve_weight[n] * total if n >= 0 else 0.0
        mine = (lots.security == s) & problem.counted[lots.account]
        missing[s] = wanted - float((lots.quantity[mine] * price[s]).sum())
    cash = (problem.cash - problem.min_cash).tolist()
    shut = set(np.flatnonzero(wash.sold_at_loss).tolist())
    # Tax-advantaged accounts first, then the highest basis.
    for lot in sorted(
        range(len(lots.account)), key=lambda i: (problem.kind[lots.account[i]] == 0, -lots.basis[i])
    ):
        a, s = int(lots.account[lot]), int(lots.security[lot])
        amount = min(max(0.0, -missing[s]), lots.quantity[lot] * price[s])
        loss = problem.kind[a] == 0 and lots.basis[lot] > price[s]
        blocked = loss and wash.bought[wash.group[s]] and not lots.own_purchase[lot]
        shares = np.floor(amount / price[s]) if trading.whole_shares else amount / price[s]
        if shares * price[s] < max(trading.min_trade, 1.0) or not trading.may_sell[a][s] or blocked:
            continue
        sold[lot] = shares
        missing[s] += shares * price[s]
        cash[a] += (
            shares * price[s] * (1 - problem.rate[s]) - trading.commission[a][s] - trading.impact[s] * 2e5
        )
        if loss:
            shut.add(int(wash.group[s]))
    for s in sorted(missing, key=lambda s: -missing[s]):
        for a in range(len(cash)):
            taken = bool(sold[(lots.account == a) & (lots.security == s)].any())
            if taken or wash.group[s] in shut or not trading.may_buy[a][s]:
                continue
            most = (cash[a] - trading.commission[a][s]) / (1 + problem.rate[s]) * 0.999
            amount = min(max(missing[s], 0.0), most)
            shares = np.floor(amount / price[s]) if trading.whole_shares else amount / price[s]
            if shares * price[s] < max(trading.min_trade, 1.0):
                continue
            bought[a, s] = shares
            missing[s] -= shares * price[s]
            cash[a] -= (
                shares * price[s] * (1 + problem.rate[s]) + trading.commission[a][s] + trading.impact[s] * 2e5
            )
    return sold, bought
