"""What the solver answers: trades, what they come to, and how good they are for certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Status = Literal["optimal", "time limit", "infeasible"]


class Figures(NamedTuple):
    """What a set of trades comes to, settled to the cent by the rule book, US$.

    Attributes
    ----------
    tax : float
        What the trades add to the year's tax; negative where losses save some.
    tax_of_year : float
        What the portfolio adds to the year's tax then: `rebal_kit.rules.brackets.year_tax`.
    short, long : float
        Gains that the trades realise, net, losses negative.
    carry_short, carry_long : float
        Losses carried to next year, positive.
    carried : float
        What the trades add to the worth of losses carried over (`Aims.carried_short`, `Aims.carried_long`).
    later : float
        What they add to the tax due later: negative where a gain is taxed now instead, positive where a loss is used.
    cost : float
        Commission, spread and impact.
    drift, sleeve_drift : float
        What is left of it: classes outside their bands, sleeves off their targets.
    preference : float
        The tiny terms that choose among equals, and the price of short-term gains that are to be minimised.
    objective : float
        tax − carried + later + cost + prices × drifts + preference.
    """

    tax: float
    tax_of_year: float
    short: float
    long: float
    carry_short: float
    carry_long: float
    carried: float
    later: float
    cost: float
    drift: float
    sleeve_drift: float
    preference: float
    objective: float


@dataclass(frozen=True, eq=False)
class Plan:
    """Trades, and what is known of them.

    Attributes
    ----------
    sold : ndarray
        (L,) float64, shares of each lot.
    bought : ndarray
        (A, S) float64, shares.
    figures, before : Figures
        Of these trades, and of none.
    objective : float
        `figures.objective`.
    modelled : float
        The same as the solver sees it. It differs by what is not linear: see `rebal_kit.optimal.model`.
    bound : float
        No plan has a smaller `modelled` value.
    gap : float
        (modelled − bound) ÷ what the best plan is better than doing nothing: the part of all that could be gained that
        is missed at most. Where something must be done it is what that costs which it is a part of. The objective
        itself is no measure, since it may well be 0. NaN where there is no plan.
    status : {'optimal', 'time limit', 'infeasible'}
        Optimal: within the gap asked for, in the last round; `bound` is mostly that of the first, which left more
        open, and the gap to it can be wider. When the time is over, these are the best trades so far.
    seconds : float
        Taken by the solver.
    rounds : int
        How often it was solved; see `rebal_kit.optimal.optimise`.
    binding : tuple of str
        What stands in the way of a better plan, the most costly first.
    reasons : tuple of str
        Why there is no plan, if there is none.
    """

    sold: np.ndarray
    bought: np.ndarray
    figures: Figures
    before: Figures
    modelled: float
    bound: float
    status: Status
    seconds: float
    rounds: int
    binding: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def objective(self) -> float:
        """What the trades come to, US$."""
        return self.figures.objective

    @property
    def gap(self) -> float:
        """How far from the best they can be at most, as a fraction."""
        apart = self.modelled - self.bound
        nothing = self.before.objective
        return 0.0 if apart <= 0.0 else apart / max(abs(nothing - self.bound), abs(nothing - self.modelled))
