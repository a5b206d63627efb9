"""What trades come to, and which limits they break: lot by lot in plain Python, tax by the oracle's Schedule D."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.oracle.returns import settle_return

CENT = 0.01


@dataclass(frozen=True)
class Verdict:
    objective: float
    tax: float
    tax_of_year: float
    short: float
    long: float
    cost: float
    drift: float
    faults: tuple[str, ...]


@lru_cache(maxsize=200_000)
def _return(key: tuple[Any, ...], short: float, long: float) -> tuple[float, float, float]:
    """Return income tax with state, and losses carried, of a return."""
    year, filing, wages, carry_short, carry_long, state, qualified, ordinary, exempt, other = key
    settled = settle_return(
        year, filing, wages=wages, distributions=other, ordinary=ordinary, qualified=qualified, short=short,
        long=long, carry_short=carry_short, carry_long=carry_long,
    )  # fmt: skip
    gains = settled.netted.taxed_short + settled.netted.taxed_long - settled.netted.deduction
    to_state = state * (float(gains) + qualified + ordinary - exempt + other)
    return float(settled.total) + to_state, float(settled.carry_short), float(settled.carry_long)


def taxes(problem: Any, profile: Any) -> Callable[[float, float], tuple[float, float, float]]:
    """Return a function of the gains of a plan: the year's tax, and the short- and long-term losses carried over."""
    year = problem.year
    key = (
        profile.law_year, profile.filing, profile.ordinary_income, year.carry.short, year.carry.long, profile.state_rate,
        year.qualified, year.ordinary, year.exempt, year.other,
    )  # fmt: skip

    def settled(short: float, long: float) -> tuple[float, float, float]:
        return _return(
            key, round(year.short + profile.outside_short + short, 6), round(year.long + profile.outside_long + long, 6)
        )

    return settled


def judge(problem: Any, profile: Any, sold: Any, bought: Any) -> Verdict:
    lots, trading, wash, aims, limits = problem.lots, problem.trading, problem.wash, problem.aims, problem.limits
    accounts, securities = range(len(problem.kind)), range(len(problem.price))
    price = [float(one) for one in problem.price]
    faults: list[str] = []

    # Orders: (account, security) → shares.
    sales: dict[tuple[int, int], float] = {}
    held: dict[tuple[int, int], float] = {}
    for lot in range(len(lots.account)):
        place = int(lots.account[lot]), int(lots.security[lot])
        held[place] = held.get(place, 0.0) + float(lots.quantity[lot])
        if not -1e-9 <= sold[lot] <= lots.quantity[lot] * (1 + 1e-9):
            faults.append(f"lot {lot}: {sold[lot]} of {lots.quantity[lot]} sold")
        if sold[lot] > 0:
            sales[place] = sales.get(place, 0.0) + float(sold[lot])
    buys = {(a, s): float(bought[a][s]) for a in accounts for s in securities if bought[a][s] != 0}
    for (a, s), shares in sales.items():
        if not trading.may_sell[a][s]:
            faults.append(f"sold {s} of {a}, which is restricted")
        if (a, s) in buys:
            faults.append(f"sold and bought {s} in {a}")
        rest = shares - round(shares)
        if trading.whole_shares and abs(rest) > 1e-6 and shares < held[a, s] - 1e-6:
            faults.append(f"sold {shares} of {s} in {a}: no whole shares")
    for (a, s), shares in buys.items():
        if shares < 0 or not trading.may_buy[a][s]:
            faults.append(f"bought {shares} of {s} in {a}, which is restricted")
        if trading.whole_shares and abs(shares - round(shares)) > 1e-6:
            faults.append(f"bought {shares} of {s} in {a}: no whole shares")
        if wash.sold_at_loss[wash.group[s]]:
            faults.append(f"bought {s}, which was sold at a loss")
    for orders in (sales, buys):
        for (a, s), shares in orders.items():
            if shares * price[s] < trading.min_trade - CENT:
                faults.append(f"an order of {shares * price[s]:.2f} is too small")

    # Costs, in the order of execution; cash.
    traded = [float(one) for one in trading.traded]
    cash = [float(one) for one in problem.cash]
    cost_of: dict[tuple[int, int], float] = {}
    cost = tiny = 0.0
    for orders, side in ((sales, 1), (buys, -1)):
        for a, s in sorted(orders):
            amount = orders[a, s] * price[s]
            rate = float(trading.half_spread[s]) + float(trading.per_share) / price[s]
            moved = (traded[s] + amount) ** 1.5 - traded[s] ** 1.5
            traded[s] += amount
            fee = float(trading.commission[a][s]) + rate * amount + float(trading.impact[s]) * moved
            cost += fee
            cash[a] += side * amount - fee
            tiny += 1e-6 * amount + (float(problem.preference[a][s]) * amount if side < 0 else 0.0)
            if side > 0:
                cost_of[a, s] = fee
    for a in accounts:
        if cash[a] < problem.min_cash[a] - CENT and sales.keys() | buys.keys():
            faults.append(f"cash of {a} is {cash[a]:.2f}, below {problem.min_cash[a]:.2f}")

    # Gains, lot by lot.
    gains = [0.0, 0.0]
    closed = {int(wash.group[s]) for _, s in buys}
    for lot in range(len(lots.account)):
        a, s = int(lots.account[lot]), int(lots.security[lot])
        if sold[lot] <= 0 or problem.kind[a] != 0:
            continue
        net = price[s] - cost_of[a, s] / sales[a, s]
        gain = float(sold[lot]) * (net - float(lots.basis[lot]))
        short_term = lots.days_to_long[lot] > 0
        gains[0 if short_term else 1] += gain
        group = int(wash.group[s])
        if gain < -CENT / 10 and group in closed:
            faults.append(f"lot {lot} is sold at a loss of {-gain:.2f}, and its group bought")
        if gain < -CENT / 10 and wash.bought[group] and not lots.own_purchase[lot]:
            faults.append(f"lot {lot} is sold at a loss of {-gain:.2f} after a purchase")
        if gain > CENT and short_term:
            if limits.short_gains == 2:
                faults.append(f"lot {lot} is sold at a short-term gain")
            if lots.days_to_long[lot] <= limits.guard_days:
                faults.append(f"lot {lot} is sold at a gain shortly before it is long-term")
            if limits.short_gains == 1:
                tiny += gain
    settled = taxes(problem, profile)
    before, after = settled(0.0, 0.0), settled(*gains)
    so_far = float(problem.year.short + problem.year.long)
    if so_far + sum(gains) > max(limits.max_gain, so_far) + CENT:
        faults.append(f"a gain of {so_far + sum(gains):.2f} is over the budget of {limits.max_gain:.2f}")
    alone = _alone(problem, profile)
    if after[0] - alone > max(limits.max_tax, before[0] - alone) + CENT:
        faults.append(f"a tax of {after[0] - alone:.2f} is over the budget of {limits.max_tax:.2f}")

    # Drift.
    targets = problem.targets
    total = sum(float(problem.cash[a]) for a in accounts if problem.counted[a])
    total += sum(held[a, s] * price[s] for a, s in held if problem.counted[a])
    in_sleeve = [0.0] * len(targets.sleeve_class)
    for orders, sign in ((held, 1), (buys, 1), (sales, -1)):
        for (a, s), shares in orders.items():
            if problem.counted[a] and targets.sleeve_of[s] >= 0:
                in_sleeve[targets.sleeve_of[s]] += sign * shares * price[s]
    drift = sleeve_drift = 0.0
    for c, weight in enumerate(targets.weight):
        value = sum(v for n, v in enumerate(in_sleeve) if targets.sleeve_class[n] == c)
        low, high = (weight - targets.below[c]) * total, (weight + targets.above[c]) * total
        drift += max(0.0, value - high, low - value)
    for n, value in enumerate(in_sleeve):
        wanted = targets.weight[targets.sleeve_class[n]] * targets.sleeve_weight[n] * total
        sleeve_drift += abs(value - wanted)
    if drift > limits.max_drift + CENT:
        faults.append(f"a drift of {drift:.2f} is over the limit")

    tax = after[0] - before[0]
    carried = aims.carried_short * (after[1] - before[1]) + aims.carried_long * (after[2] - before[2])
    objective = (
        tax - carried - aims.later_rate * sum(gains) + cost + aims.drift * drift
        + aims.sleeve_drift * sleeve_drift + tiny
    )  # fmt: skip
    return Verdict(objective, tax, after[0] - alone, gains[0], gains[1], cost, drift, tuple(faults))


def _alone(problem: Any, profile: Any) -> float:
    """Return the tax of the return as it would be without the portfolio."""
    carry = problem.year.carry
    key = (
        profile.law_year, profile.filing, profile.ordinary_income, carry.alone_short, carry.alone_long,
        profile.state_rate, 0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip
    return _return(key, float(profile.outside_short), float(profile.outside_long))[0]
