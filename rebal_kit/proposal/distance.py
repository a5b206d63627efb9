"""How far a household is from its targets after some trades: one measure for whatever is to be compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.plan import Figures
from rebal_kit.optimal.problem import Problem
from rebal_kit.optimal.settle import settle

#: The measure in words.
MEASURE = (
    "half the sum of absolute deviations of classes and cash from their targets; what is held outside the targets"
    " deviates by all of it"
)
#: Shares that are rounding.
_DUST = 1e-9


class Outcome(NamedTuple):
    """What trades come to.

    Attributes
    ----------
    figures : Figures
        Tax, gains and cost by the rule book.
    cash : ndarray
        (A,) US$ after everything.
    drift : float
        Fraction of what counts towards the targets: see `MEASURE`. As `Proposal.drift` where nothing is held outside
        the targets; that one leaves such holdings out.
    trades : int
        Orders.
    """

    figures: Figures
    cash: np.ndarray
    drift: float
    trades: int


def outcome_of(problem: Problem, sold: np.ndarray, bought: np.ndarray) -> Outcome:
    """Settle trades and measure what drift they leave.

    Parameters
    ----------
    problem : Problem
    sold, bought : ndarray
        (L,) and (A, S) shares, as in `rebal_kit.optimal.settle.settle`.
    """
    settled = settle(problem, sold, bought)
    shares = sold_shares(problem, sold)
    trades = int((shares > _DUST).sum() + (bought > _DUST).sum())
    held = problem.held - shares + bought
    return Outcome(settled.figures, settled.cash, drift_of(problem, held, settled.cash), trades)


def nothing_traded(problem: Problem) -> Outcome:
    """Return the outcome of no trades."""
    return outcome_of(problem, np.zeros(len(problem.lots.account)), np.zeros(problem.trading.may_buy.shape))


def sold_shares(problem: Problem, sold: np.ndarray) -> np.ndarray:
    """Return (A, S) shares sold of (L,) shares of lots."""
    shares = np.zeros(problem.trading.may_buy.shape)
    np.add.at(shares, (problem.lots.account, problem.lots.security), sold)
    return shares


def drift_of(problem: Problem, held: np.ndarray, cash: np.ndarray) -> float:
    """Return the drift of (A, S) shares and (A,) cash, as a fraction: see `MEASURE`."""
    targets = problem.targets
    value = (held * problem.price)[problem.counted].sum(axis=0)
    inside = targets.sleeve_of >= 0
    of_class = targets.sleeve_class[targets.sleeve_of[inside]]
    classes = np.bincount(of_class, value[inside], minlength=len(targets.weight))
    found = np.array([*classes, float(cash[problem.counted].sum()), float(value[~inside].sum())])
    total = found.sum()
    if total <= 0.0:
        return 0.0
    wanted = np.array([*targets.weight, 1.0 - targets.weight.sum(), 0.0])
    return float(np.abs(found / total - wanted).sum() / 2.0)
