"""What trades come to, and which limits they break: lot by lot in plain Python, tax by the oracle's Schedule D."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tests.oracle.returns import settle_return

CENT = 0.01
SHARE = 1e-6


@dataclass
class Verdict:
    """What an independent judge finds, US$."""

    faults: list[str] = field(default_factory=list)
    objective: float = 0.0
    tax: float = 0.0
    tax_of_year: float = 0.0
    short: float = 0.0
    long: float = 0.0
    cost: float = 0.0
    drift: float = 0.0
    preference: float = 0.0


Orders = dict[tuple[int, int], float]


def judge(problem: Any, profile: Any, sold: Any, bought: Any) -> Verdict:
    """Judge (L,) shares sold and (A, S) shares bought."""
    found = Verdict()
    held: Orders = {}
    sales: Orders = {}
    for lot, (a, s) in enumerate(_places(problem)):
        held[a, s] = held.get((a, s), 0.0) + float(problem.lots.quantity[lot])
        if not -1e-9 <= sold[lot] <= problem.lots.quantity[lot] * (1 + 1e-9):
            found.faults.append(f"lot {lot}: {sold[lot]} of {problem.lots.quantity[lot]} sold")
        if sold[lot] > 0:
            sales[a, s] = sales.get((a, s), 0.0) + float(sold[lot])
    buys = {
        (a, s): float(bought[a][s])
        for a in range(len(problem.kind)) for s in range(len(problem.price)) if bought[a][s] != 0
    }  # fmt: skip
    found.faults += [*_barred(problem, held, sales, buys)]
    sale_cost = _pay(problem, sales, buys, found)
    _realise(problem, sold, sales, sale_cost, {int(problem.wash.group[s]) for _, s in buys}, found)
    sleeve_drift = _drift(problem, held, sales, buys, found)
    carried = _tax(problem, profile, found)
    aims = problem.aims
    found.objective = (
        found.tax - carried - aims.later_rate * (found.short + found.long) + found.cost
        + aims.drift * found.drift + aims.sleeve_drift * sleeve_drift + found.preference
    )  # fmt: skip
    return found


def _places(problem: Any) -> list[tuple[int, int]]:
    return list(zip(problem.lots.account.tolist(), problem.lots.security.tolist(), strict=True))


def _barred(problem: Any, held: Orders, sales: Orders, buys: Orders) -> list[str]:
    """Return what is no order that may be placed."""
    trading, faults = problem.trading, []
    for (a, s), shares in sales.items():
        if not trading.may_sell[a][s]:
            faults.append(f"sold {s} of {a}, which is restricted")
        if (a, s) in buys:
            faults.append(f"sold and bought {s} in {a}")
        if trading.whole_shares and abs(shares - round(shares)) > SHARE and shares < held[a, s] - SHARE:
            faults.append(f"sold {shares} of {s} in {a}: no whole shares")
    for (a, s), shares in buys.items():
        if shares < 0 or not trading.may_buy[a][s]:
            faults.append(f"bought {shares} of {s} in {a}, which is restricted")
        if trading.whole_shares and abs(shares - round(shares)) > SHARE:
            faults.append(f"bought {shares} of {s} in {a}: no whole shares")
        if problem.wash.sold_at_loss[problem.wash.group[s]]:
            faults.append(f"bought {s}, which was sold at a loss")
    amounts = [
        shares * float(problem.price[s]) for orders in (sales, buys) for (_, s), shares in orders.items()
    ]
    return faults + [
        f"an order of {amount:.2f} is too small" for amount in amounts if amount < trading.min_trade - CENT
    ]


def _pay(problem: Any, sales: Orders, buys: Orders, found: Verdict) -> Orders:
    """Work out costs in the order of execution, and cash; return what each sale costs."""
    trading, cost_of = problem.trading, {}
    traded = [float(one) for one in trading.traded]
    cash = [float(one) for one in problem.cash]
    for orders, side in ((sales, 1), (buys, -1)):
        for a, s in sorted(orders):
            price = float(problem.price[s])
            amount = orders[a, s] * price
            rate = float(trading.half_spread[s]) + float(trading.per_share) / price
            moved = (traded[s] + amount) ** 1.5 - traded[s] ** 1.5
            traded[s] += amount
            fee = float(trading.commission[a][s]) + rate * amount + float(trading.impact[s]) * moved
            found.cost += fee
            cash[a] += side * amount - fee
            found.preference += 1e-6 * amount
            if side > 0:
                cost_of[a, s] = fee
            else:
                found.preference += float(problem.preference[a][s]) * amount
    for a, left in enumerate(cash):
        if left < problem.min_cash[a] - CENT:
            found.faults.append(f"cash of {a} is {left:.2f}, below {problem.min_cash[a]:.2f}")
    return cost_of


def _realise(
    problem: Any, sold: Any, sales: Orders, sale_cost: Orders, closed: set[int], found: Verdict
) -> None:
    """Work out gains lot by lot, and what may not be realised."""
    lots, wash, limits = problem.lots, problem.wash, problem.limits
    legacy = 0.0
    for lot, (a, s) in enumerate(_places(problem)):
        if sold[lot] <= 0 or problem.kind[a] != 0:
            continue
        price, basis = float(problem.price[s]), float(lots.basis[lot])
        gain = float(sold[lot]) * (price - sale_cost[a, s] / sales[a, s] - basis)
        short_term = lots.days_to_long[lot] > 0
        if short_term:
            found.short += gain
        else:
            found.long += gain
        legacy += gain if problem.targets.sleeve_of[s] < 0 else 0.0
        group = int(wash.group[s])
        if gain < -CENT / 10 and group in closed:
            found.faults.append(f"lot {lot} is sold at a loss of {-gain:.2f}, and its group bought")
        if gain < -CENT / 10 and wash.bought[group] and not lots.own_purchase[lot]:
            found.faults.append(f"lot {lot} is sold at a loss of {-gain:.2f} after a purchase")
        # Whether it is a gain that should wait is asked before commission and impact.
        spread = float(problem.trading.half_spread[s]) * price + float(problem.trading.per_share)
        if short_term and price - spread - basis > 1e-9 * price:
            if limits.short_gains == 2:
                found.faults.append(f"lot {lot} is sold at a short-term gain")
            if lots.days_to_long[lot] <= limits.guard_days:
                found.faults.append(f"lot {lot} is sold at a gain shortly before it is long-term")
            if limits.short_gains == 1:
                found.preference += float(sold[lot]) * (price - spread - basis)
    if legacy > limits.max_legacy_gain + CENT:
        found.faults.append(f"a gain of {legacy:.2f} on holdings outside the targets is over the budget")


def _drift(problem: Any, held: Orders, sales: Orders, buys: Orders, found: Verdict) -> float:
    """Work out the classes' drift; return that of the sleeves."""
    targets, price = problem.targets, problem.price
    counted = [a for a in range(len(problem.kind)) if problem.counted[a]]
    total = sum(float(problem.cash[a]) for a in counted)
    total += sum(shares * float(price[s]) for (a, s), shares in held.items() if a in counted)
    in_sleeve = [0.0] * len(targets.sleeve_class)
    for orders, sign in ((held, 1), (buys, 1), (sales, -1)):
        for (a, s), shares in orders.items():
            if a in counted and targets.sleeve_of[s] >= 0:
                in_sleeve[targets.sleeve_of[s]] += sign * shares * float(price[s])
    for c, weight in enumerate(targets.weight):
        value = sum(v for n, v in enumerate(in_sleeve) if targets.sleeve_class[n] == c)
        low, high = (weight - targets.below[c]) * total, (weight + targets.above[c]) * total
        found.drift += max(0.0, value - high, low - value)
    if found.drift > problem.limits.max_drift + CENT:
        found.faults.append(f"a drift of {found.drift:.2f} is over the limit")
    wanted = [
        targets.weight[targets.sleeve_class[n]] * targets.sleeve_weight[n] * total
        for n in range(len(in_sleeve))
    ]
    return sum(abs(value - aim) for value, aim in zip(in_sleeve, wanted, strict=True))


def _tax(problem: Any, profile: Any, found: Verdict) -> float:
    """Work out the tax, and whether it and the gains keep their budgets; return what carried losses are worth more."""
    year, limits, aims = problem.year, problem.limits, problem.aims
    key = (profile.law_year, profile.filing, profile.ordinary_income, profile.state_rate)
    so_far = (year.qualified, year.ordinary, year.exempt, year.other, year.carry.short, year.carry.long)
    outside = profile.outside_short, profile.outside_long

    def settled(short: float, long: float) -> tuple[float, float, float]:
        gains = round(year.short + outside[0] + short, 6), round(year.long + outside[1] + long, 6)
        return _return(key, so_far, *gains)

    before, after = settled(0.0, 0.0), settled(found.short, found.long)
    alone = _return(key, (0.0, 0.0, 0.0, 0.0, year.carry.alone_short, year.carry.alone_long), *outside)[0]
    found.tax, found.tax_of_year = after[0] - before[0], after[0] - alone
    realised = float(year.short + year.long)
    if realised + found.short + found.long > max(limits.max_gain, realised) + CENT:
        found.faults.append(f"a gain of {realised + found.short + found.long:.2f} is over the budget")
    if found.tax_of_year > max(limits.max_tax, before[0] - alone) + CENT:
        found.faults.append(f"a tax of {found.tax_of_year:.2f} is over the budget of {limits.max_tax:.2f}")
    return aims.carried_short * (after[1] - before[1]) + aims.carried_long * (after[2] - before[2])


@lru_cache(maxsize=200_000)
def _return(
    key: tuple[Any, ...], so_far: tuple[float, ...], short: float, long: float
) -> tuple[float, float, float]:
    """Return income tax with the state's, and the short- and long-term losses carried over, of a return."""
    law_year, filing, wages, state = key
    qualified, ordinary, exempt, other, carry_short, carry_long = so_far
    settled = settle_return(
        law_year, filing, wages=wages, distributions=other, ordinary=ordinary, qualified=qualified, short=short,
        long=long, carry_short=carry_short, carry_long=carry_long,
    )  # fmt: skip
    gains = float(settled.netted.taxed_short + settled.netted.taxed_long - settled.netted.deduction)
    to_state = state * (gains + qualified + ordinary - exempt + other)
    return float(settled.total) + to_state, float(settled.carry_short), float(settled.carry_long)
