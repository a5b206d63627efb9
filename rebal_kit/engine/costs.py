"""What trading costs: commission, half spread and market impact. The same functions serve simulation and proposal.

An order of `amount` US$ costs

    commission + per-share fee · shares + half spread · amount + coefficient · ((q + amount)^1.5 − q^1.5)

The last part is the square-root law (`rebal_kit.rules.impact`). `q` is what the household has traded of the security
in the session already: ten orders move the price like one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.desk import Desk
from rebal_kit.rules.impact import impact_cost

#: US$ below which an amount is only what rounding has left over: no order, and nothing left of one.
LEAST_AMOUNT = 1e-6

#: Newton's steps end when they change an amount by less than this share of it, or after so many.
CLOSE_ENOUGH, MOST_STEPS = 1e-13, 40


class Fill(NamedTuple):
    """At which price an order is filled, by which price it was decided, US$ a share; and what it costs, US$."""

    price: float
    decided: float
    commission: float
    spread: float
    impact: float


@inner
def half_spread(desk: Desk, t: int, security: int) -> float:
    """Return the half spread as a fraction of a trade's value: none for a limit order that rests and is filled."""
    plan = desk.plan
    return 0.0 if desk.work.resting[0] else plan.half_spread[plan.cost_row[t], security]


@inner
def linear_rate(desk: Desk, t: int, security: int) -> float:
    """Return what grows in proportion to a trade, as a fraction of its value: half spread and per-share fee."""
    plan = desk.plan
    rate = half_spread(desk, t, security)
    if plan.per_share > 0.0:
        rate += plan.per_share / desk.work.price[security]
    return rate


@inner
def net_price(desk: Desk, t: int, security: int) -> float:
    """Return what a share sold brings after the costs that are proportional to the trade, US$."""
    return desk.work.price[security] * (1.0 - linear_rate(desk, t, security))


@inner
def traded_before(desk: Desk, t: int, security: int) -> float:
    """Return US$ of a security that the household has traded in the session so far."""
    return desk.work.traded[security] if desk.work.traded_on[security] == t else 0.0


@inner
def note_traded(desk: Desk, t: int, security: int, amount: float) -> None:
    """Count a trade of `amount` US$ towards what the household has traded of a security in the session."""
    desk.work.traded[security] = traded_before(desk, t, security) + amount
    desk.work.traded_on[security] = t


@inner
def impact_of(desk: Desk, t: int, security: int, amount: float) -> float:
    """Return US$ by which trading `amount` more moves the price against the household."""
    coefficient = desk.plan.impact[desk.plan.cost_row[t], security]
    if coefficient == 0.0:
        return 0.0
    return impact_cost(coefficient, traded_before(desk, t, security), amount)


@inner
def commission_of(desk: Desk, account: int, security: int, amount: float) -> float:
    """Return commission and fees of an order of `amount` US$."""
    commission = desk.plan.commission[account, security]
    if desk.plan.per_share > 0.0:
        commission += desk.plan.per_share * (amount / desk.work.price[security])
    return commission


@inner
def fill_of(desk: Desk, t: int, account: int, security: int, amount: float, decided: float) -> Fill:
    """Return the fill of an order of `amount` US$ at the price reckoned with."""
    return Fill(
        desk.work.price[security],
        decided,
        commission_of(desk, account, security, amount),
        amount * half_spread(desk, t, security),
        impact_of(desk, t, security, amount),
    )


@inner
def total(fill: Fill) -> float:
    """Return the sum of a fill's costs, US$."""
    return fill.commission + fill.spread + fill.impact


@inner
def cost_of(desk: Desk, t: int, account: int, security: int, amount: float) -> float:
    """Return what an order of `amount` US$ costs, US$; nothing when there is no order."""
    if amount <= 0.0:
        return 0.0
    spread = amount * half_spread(desk, t, security)
    commission = commission_of(desk, account, security, amount)
    return commission + spread + impact_of(desk, t, security, amount)


@inner
def price_after(desk: Desk, t: int, account: int, security: int, shares: float) -> float:
    """Return what a share brings after all costs when so many are sold as one order, US$."""
    if not desk.plan.lumpy:
        return net_price(desk, t, security)
    close = desk.work.price[security]
    return close - cost_of(desk, t, account, security, shares * close) / shares


@inner
def affordable(desk: Desk, t: int, account: int, security: int, cash: float) -> float:
    """Return the largest purchase in US$ that `cash` pays for, its cost included; 0 when it pays for none."""
    plan = desk.plan
    rate = linear_rate(desk, t, security)
    coefficient = plan.impact[plan.cost_row[t], security]
    spendable = cash - plan.commission[account, security]
    if spendable <= 0.0:
        return 0.0
    amount = spendable / (1.0 + rate)
    if coefficient == 0.0:
        return amount
    # What is spent is convex in the amount: Newton's steps come down to the root from above.
    before = traded_before(desk, t, security)
    spendable += coefficient * before * np.sqrt(before)
    for _ in range(MOST_STEPS):
        root = np.sqrt(before + amount)
        over = amount * (1.0 + rate) + coefficient * (before + amount) * root - spendable
        step = over / (1.0 + rate + 1.5 * coefficient * root)
        amount -= step
        if step <= CLOSE_ENOUGH * amount:
            break
    return max(0.0, amount)


@inner
def gross_for(desk: Desk, t: int, account: int, security: int, planned: float, net: float) -> float:
    """Return the sale in US$, beside one that is `planned`, that leaves `net` more after its cost; infinite if none."""
    plan = desk.plan
    rate = linear_rate(desk, t, security)
    coefficient = plan.impact[plan.cost_row[t], security]
    fixed = plan.commission[account, security] if planned == 0.0 else 0.0
    more = (net + fixed) / (1.0 - rate)
    if coefficient == 0.0:
        return more
    # What is left is concave in the amount: Newton's steps come up to the root from below.
    before = traded_before(desk, t, security) + planned
    for _ in range(MOST_STEPS):
        root = np.sqrt(before + more)
        moved = impact_cost(coefficient, before, more)
        slope = 1.0 - rate - 1.5 * coefficient * root
        if slope <= 0.0:
            return np.inf
        step = (net + fixed + moved - more * (1.0 - rate)) / slope
        more += step
        if abs(step) <= CLOSE_ENOUGH * more:
            break
    return more
