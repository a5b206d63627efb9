"""How much gain may still be realised this year: the policy's yearly budgets for gains and for the tax on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.costs import net_price
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import LEGACY_GAIN, LONG, SHORT


class Room(NamedTuple):
    """What is left of the year's budgets, US$; both infinite where there is none."""

    gain: float
    tax: float


@inner
def gain_room(desk: Desk, t: int, security: int) -> Room:
    """Return what is left of the year's budgets for a sale of `security`.

    The gain is the year's recognised net gain so far; its tax is taken at the household's marginal rates, after losses
    carried into the year. A gain of 0 with a budget leaves the whole budget, a net loss leaves more.
    """
    plan, table, carry = desk.plan, desk.table, desk.ledger.carry
    figures = desk.ledger.years[desk.prices.year[t]]
    gain = np.inf
    tax = np.inf
    if plan.max_gain < np.inf:
        gain = plan.max_gain - figures[SHORT] - figures[LONG]
    if desk.structure.sleeve_of[security] < 0 and plan.max_legacy_gain < np.inf:
        gain = min(gain, plan.max_legacy_gain - figures[LEGACY_GAIN])
    if plan.max_tax < np.inf:
        short = figures[SHORT] - carry[0]
        long = figures[LONG] - carry[1]
        if short < 0.0 or long < 0.0:
            rate = table.marginal_short if short > 0.0 else table.marginal_long
            tax = plan.max_tax - (short + long) * rate
        else:
            tax = plan.max_tax - short * table.marginal_short - long * table.marginal_long
        gain = min(gain, 1e300)  # finite: there is a budget
    return Room(gain, tax)


@inner
def unit_gain_of(desk: Desk, t: int, security: int, lot: np.record) -> float:
    """Return a lot's gain a share if sold today, net of the spread, US$."""
    net = net_price(desk, t, security)
    return float(net - (lot.cost + lot.deferred) / lot.quantity)


@inner
def shares_within(desk: Desk, t: int, security: int, lot: np.record, room: Room) -> float:
    """Return how many shares of a lot may be sold without going over the budgets; infinite for a loss."""
    gain = unit_gain_of(desk, t, security, lot)
    if gain <= 0.0:
        return np.inf
    rate = desk.table.marginal_long if desk.prices.day[t] >= lot.long_from else desk.table.marginal_short
    within = max(0.0, room.gain) / gain
    if rate > 0.0:
        within = min(within, max(0.0, room.tax) / (gain * rate))
    return within


@inner
def lower_room(desk: Desk, t: int, security: int, lot: np.record, shares: float, room: Room) -> Room:
    """Return what is left of the budgets once `shares` of a lot are sold; a loss leaves more."""
    gain = shares * unit_gain_of(desk, t, security, lot)
    rate = desk.table.marginal_long if desk.prices.day[t] >= lot.long_from else desk.table.marginal_short
    return Room(room.gain - gain, room.tax - gain * rate)
