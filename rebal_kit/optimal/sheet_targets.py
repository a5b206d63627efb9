"""Rows for targets: how far classes and sleeves are off, and what market impact the way there has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.sheet import UNIT, Sheet
from rebal_kit.rules.impact import impact_cost

#: US$ of the first chord of market impact; each further one is as long as all before it.
_FIRST_CHORD = 1000.0


class Drift(NamedTuple):
    """Where the model has what becomes of the sleeves, thousands of US$."""

    missing: np.ndarray  # (N,) what a sleeve is short of its target now; negative: what it is over
    sold: np.ndarray  # (N,) columns: sales
    bought: np.ndarray  # (N,) columns: purchases
    over: np.ndarray  # (N,) columns: above the target afterwards
    under: np.ndarray  # (N,)
    limit: int  # row of the limit on class drift, or -1
    slack: np.ndarray  # column of what is too much of it


def drift_rows(sheet: Sheet) -> Drift:
    """Add rows that hold each sleeve on its target and each class in its band, but for what is over or under."""
    problem, to, targets = sheet.problem, sheet.to, sheet.problem.targets
    sleeves, classes = len(targets.sleeve_class), len(targets.weight)
    total = problem.total / UNIT
    value = (problem.held * problem.price)[problem.counted].sum(axis=0) / UNIT
    inside = targets.sleeve_of >= 0
    in_sleeve = np.bincount(targets.sleeve_of[inside], value[inside], minlength=sleeves)
    in_class = np.bincount(targets.sleeve_class, in_sleeve, minlength=classes)
    wanted = targets.weight[targets.sleeve_class] * targets.sleeve_weight * total
    traded = []
    for side in (sheet.sale, sheet.buy):
        sums = to.columns(sleeves, 0.0, np.inf)
        rows = to.rows(sleeves, 0.0, 0.0)
        to.put(rows, sums, -1.0)
        sleeve = targets.sleeve_of[side.security]
        mine = problem.counted[side.account] & (sleeve >= 0)  # barred ones too: they get a price
        to.put(rows[sleeve[mine]], side.column[mine], side.step[mine])
        traded.append(sums)
    sold, bought = traded
    low, high = (targets.weight - targets.below) * total, (targets.weight + targets.above) * total
    rows = to.rows(classes, low - in_class, high - in_class)
    to.put(rows[targets.sleeve_class], bought, 1.0)
    to.put(rows[targets.sleeve_class], sold, -1.0)
    class_off = _off(sheet, rows, problem.aims.drift)
    rows = to.rows(sleeves, wanted - in_sleeve, wanted - in_sleeve)
    to.put(rows, bought, 1.0)
    to.put(rows, sold, -1.0)
    over, under = _off(sheet, rows, problem.aims.sleeve_drift)
    limit, slack = -1, np.empty(0, int)
    if np.isfinite(problem.limits.max_drift):
        row = to.rows(1, -np.inf, problem.limits.max_drift / UNIT)
        to.put(row, np.concatenate(class_off), 1.0)
        limit = int(row[0])
        if sheet.elastic:
            slack = to.columns(1, 0.0, np.inf, 1.0)
            to.put(row, slack, -1.0)
    return Drift(wanted - in_sleeve, sold, bought, over, under, limit, slack)


def _off(sheet: Sheet, rows: np.ndarray, price: float) -> tuple[np.ndarray, np.ndarray]:
    over, under = (sheet.to.columns(len(rows), 0.0, np.inf, sheet.cost(price)) for _ in range(2))
    sheet.to.put(rows, over, -1.0)
    sheet.to.put(rows, under, 1.0)
    return over, under


def impact_rows(sheet: Sheet) -> None:
    """Add the market impact of what the household trades of a security, along chords of the square-root law.

    Each account pays at least for what it trades itself, and all of them together for what all trade.
    """
    to, impact = sheet.to, sheet.problem.trading.impact
    both = (sheet.sale, sheet.buy)
    security = np.concatenate([side.security for side in both])
    account = np.concatenate([side.account for side in both])
    column = np.concatenate([side.column for side in both])
    step = np.concatenate([side.step for side in both])
    most = np.concatenate([side.upper * side.step for side in both])
    for s in np.flatnonzero(impact > 0.0):
        mine = (security == s) & (most > 0.0)
        accounts = np.unique(account[mine])
        if not len(accounts):
            continue
        paid = to.columns(len(accounts), 0.0, np.inf, sheet.cost(1.0))
        sheet.put_cash(accounts, paid, -np.ones(len(accounts)))
        parts = [(mine, paid)]
        if len(accounts) > 1:
            parts += [(mine & (account == a), own[None]) for a, own in zip(accounts, paid, strict=True)]
        for part, payers in parts:
            start, slope, cost = _chords(sheet, int(s), float(most[part].sum()))
            rows = to.rows(len(slope), cost - slope * start, np.inf)
            to.put(rows[:, None], payers[None, :], 1.0)
            to.put(rows[:, None], column[part][None, :], -slope[:, None] * step[part][None, :])


def _chords(sheet: Sheet, security: int, most: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where chords begin, how steep they are and what impact costs there, up to trades of `most`."""
    trading = sheet.problem.trading
    before = trading.traded[security] / UNIT
    ends = [0.0, _FIRST_CHORD / UNIT]
    while ends[-1] < most:
        ends.append(2.0 * ends[-1])
    knots = np.array(ends)
    cost = np.array([impact_cost(trading.impact[security] * np.sqrt(UNIT), before, knot) for knot in ends])
    return knots[:-1], np.diff(cost) / np.diff(knots), cost[:-1]
