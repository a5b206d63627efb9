"""What trades really come to: costs order by order, gains lot by lot, and the year's tax by the rule book.

The solver's model is linear where the world is not quite: here nothing is approximated. Orders are taken in the order
in which the engine makes them, sales before purchases and account by account, which matters to market impact alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.plan import Figures
from rebal_kit.optimal.problem import MINIMISE, TAXABLE, Problem
from rebal_kit.optimal.tax_shape import tax_so_far, worth_of
from rebal_kit.rules.impact import impact_cost

#: US$ for every US$ of short-term gain where these are to be minimised: they are taken after everything else.
SHORT_GAIN_PRICE = 1.0
#: US$ for a US$ traded: of equal plans the one that trades less.
TRADE_PRICE = 1e-6
#: Gains a share that are smaller, as a part of the price, are rounding.
NO_GAIN = 1e-12


class Settled(NamedTuple):
    """What trades come to in each account and for each lot."""

    figures: Figures
    cash: np.ndarray  # (A,) US$ after everything
    cost: np.ndarray  # (2, A, S) US$ of each order: sales, purchases
    gain: np.ndarray  # (L,) US$ realised, 0 in an account that is not taxed


def settle(problem: Problem, sold: np.ndarray, bought: np.ndarray) -> Settled:
    """Return what trades come to.

    Parameters
    ----------
    problem : Problem
    sold : ndarray
        (L,) shares of each lot.
    bought : ndarray
        (A, S) shares.
    """
    lots, price, aims, year = problem.lots, problem.price, problem.aims, problem.year
    shares = np.zeros((2, *bought.shape))
    np.add.at(shares[0], (lots.account, lots.security), sold)
    shares[1] = bought
    cost = costs_of(problem, shares * price)
    place = (lots.account, lots.security)
    unit_cost = np.divide(cost[0], shares[0], out=np.zeros_like(cost[0]), where=shares[0] > 0.0)[place]
    taxable = problem.kind[lots.account] == TAXABLE
    gain = np.where(taxable, sold * (price[lots.security] - unit_cost - lots.basis), 0.0)
    short = float(gain[lots.days_to_long > 0].sum())
    long = float(gain[lots.days_to_long <= 0].sum())
    before, after = tax_so_far(year), tax_so_far(year, short, long)
    drift, sleeve_drift = drifts(problem, shares[1] - shares[0])
    tax = after.tax - before.tax
    carried = worth_of(after, aims) - worth_of(before, aims)
    later = -aims.later_rate * (short + long)
    traded = shares.sum(axis=(0,)) * price
    preference = float((problem.preference * bought * price).sum() + TRADE_PRICE * traded.sum())
    if problem.limits.short_gains == MINIMISE:
        before_fees = sold * (price * (1.0 - problem.rate))[lots.security] - sold * lots.basis
        short_gain = np.where(taxable & (lots.days_to_long > 0), np.maximum(before_fees, 0.0), 0.0)
        preference += SHORT_GAIN_PRICE * float(short_gain.sum())
    objective = (
        tax
        - carried
        + later
        + cost.sum()
        + aims.drift * drift
        + aims.sleeve_drift * sleeve_drift
        + preference
    )
    figures = Figures(
        tax, after.tax, short, long, after.carry.short, after.carry.long, carried, later, float(cost.sum()),
        drift, sleeve_drift, preference, float(objective),
    )  # fmt: skip
    cash = problem.cash + ((shares[0] - shares[1]) * price).sum(axis=1) - cost.sum(axis=(0, 2))
    return Settled(figures, cash, cost, gain)


def costs_of(problem: Problem, amounts: np.ndarray) -> np.ndarray:
    """Return the cost of every order, US$, of (2, A, S) `amounts` sold and bought; see `rebal_kit.engine.costs`."""
    trading = problem.trading
    cost = amounts * problem.rate + np.where(amounts > 0.0, trading.commission, 0.0)
    for security in np.flatnonzero(trading.impact > 0.0):
        before = trading.traded[security]
        for side, account in np.argwhere(amounts[:, :, security] > 0.0):
            amount = amounts[side, account, security]
            cost[side, account, security] += impact_cost(trading.impact[security], before, amount)
            before += amount
    return np.asarray(cost)


def drifts(problem: Problem, change: np.ndarray) -> tuple[float, float]:
    """Return what is left of the classes' and of the sleeves' drift, US$, after (A, S) shares more are held."""
    targets, total = problem.targets, problem.total
    value = ((problem.held + change) * problem.price)[problem.counted].sum(axis=0)
    inside = targets.sleeve_of >= 0
    in_sleeve = np.bincount(targets.sleeve_of[inside], value[inside], minlength=len(targets.sleeve_class))
    in_class = np.bincount(targets.sleeve_class, in_sleeve, minlength=len(targets.weight))
    low = (targets.weight - targets.below) * total
    high = (targets.weight + targets.above) * total
    wanted = targets.weight[targets.sleeve_class] * targets.sleeve_weight * total
    class_drift = np.maximum(np.maximum(in_class - high, low - in_class), 0.0)
    return float(class_drift.sum()), float(np.abs(in_sleeve - wanted).sum())
