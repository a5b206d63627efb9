"""The day as the solver sees it: ledger, policy and what each thing is worth, as `rebal_kit.optimal.problem` has it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.engine import ledger as books
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.outlook import look_out
from rebal_kit.optimal.problem import Aims as Prices
from rebal_kit.optimal.problem import Limits, Lots, Problem, Targets, Trading, Wash, Year
from rebal_kit.optimal.tax_shape import tax_so_far
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.bands import class_widths
from rebal_kit.proposal.greedy import Decision
from rebal_kit.proposal.orders import Order, Pick
from rebal_kit.proposal.settlement import Start
from rebal_kit.reasons import Reason

#: What a US$ bought costs more in the second-best account or member: of equal plans the better placed one is taken.
_SECOND_BEST = 2e-6
#: What a member off its weight costs while no rule has fired: enough to choose among equals.
_QUIET = 0.01
#: Shares of a position that are rounding.
_DUST = 1e-9


class Place(NamedTuple):
    """Where a lot of the problem is in the ledger."""

    account: int
    security: int
    purchase: int
    piece: int


class Asked(NamedTuple):
    """The problem, and where each of its lots is.

    Attributes
    ----------
    problem : Problem
    places : tuple of Place
        A place for each of its lots.
    """

    problem: Problem
    places: tuple[Place, ...]


def problem_of(start: Start, decision: Decision, aims: Aims) -> Asked:
    """Return what is asked of the solver.

    Parameters
    ----------
    start : Start
        With what flows and taxes take out of the accounts: it must be there after all trades.
    decision : Decision
        The engine's own: classes that a rule has fired for are to come back, those it has not may drift in their bands.
    aims : Aims
    """
    day, desk = start.day, start.desk
    structure, plan, t = desk.structure, desk.plan, day.last
    household, symbols = day.household, day.setting.market.symbols
    lots, places, bought = lots_on(desk, t)
    pressed = bool((start.moved.cash < 0.0).any())
    inside = structure.sleeve_of >= 0
    traded = desk.prices.traded[t]
    sellable = structure.may_sell & traded & (inside | plan.sell_legacy | pressed)
    row = plan.cost_row[t]
    figures = desk.ledger.years[start.year]
    year = Year(desk.table, start.carry, *start.year_figures(desk.ledger.years))
    rate = desk.table.marginal_long
    fired = decision.fired >= 0
    problem = Problem(
        kind=structure.kind,
        cash=start.cash,
        min_cash=np.where(structure.managed, structure.min_cash, -np.inf),
        counted=structure.counted,
        price=day.price,
        lots=lots,
        targets=Targets(
            structure.sleeve_of, structure.sleeve_class, structure.sleeve_weight, structure.target,
            *_bands(desk, fired),
        ),
        trading=Trading(
            may_buy=structure.may_buy & traded & inside,
            may_sell=sellable,
            commission=plan.commission,
            half_spread=plan.half_spread[row],
            per_share=plan.per_share,
            impact=plan.impact[row],
            traded=np.zeros(len(symbols)),
            min_trade=plan.min_trade,
            whole_shares=plan.whole_shares,
        ),
        wash=Wash(
            structure.group,
            (desk.ledger.blocked >= desk.prices.day[t]) & plan.avoid_wash_sales,
            bought & plan.avoid_wash_sales,
        ),
        year=year,
        limits=Limits(
            max_gain=plan.max_gain,
            max_tax=plan.max_tax + tax_so_far(year._replace(short=0.0, long=0.0)).tax,
            short_gains=plan.short_gains,
            guard_days=plan.guard_days,
            max_legacy_gain=max(0.0, plan.max_legacy_gain - float(figures[books.LEGACY_GAIN])),
        ),
        aims=Prices(
            aims.drift, aims.member_drift if fired.any() else min(_QUIET, aims.member_drift),
            aims.later(rate), aims.carried(rate), aims.carried(rate),
        ),
        preference=_preference(desk),
        account_names=tuple(account.name for account in household.accounts),
        security_names=symbols,
    )  # fmt: skip
    return Asked(problem, places)


def lots_on(desk: Desk, t: int) -> tuple[Lots, tuple[Place, ...], np.ndarray]:
    """Return the lots and where they are; and (n_groups,) whether purchases of late wash losses."""
    ledger, structure = desk.ledger, desk.structure
    groups = len(structure.group_first) - 1
    bought = np.zeros(groups, bool)
    own = np.ones(ledger.lots.shape, bool)
    look_out(desk, t, bought, own)
    rows, places, owns = [], [], []
    for a, s in np.argwhere(ledger.lot_count > 0):
        page = ledger.lots[a, s, : ledger.lot_count[a, s]]
        purchases = page["purchase"].tolist()
        for k, purchase in enumerate(purchases):
            piece = purchases[: k + 1].count(purchase) if purchases.count(purchase) > 1 else 0
            lot = page[k]
            rows.append((a, s, lot.quantity, (lot.cost + lot.deferred) / lot.quantity,
                         lot.long_from - desk.prices.day[t]))  # fmt: skip
            places.append(Place(int(a), int(s), int(purchase), piece))
            owns.append(bool(own[a, s, k]))
    account, security, quantity, basis, days = np.array(rows, np.float64).reshape(-1, 5).T
    lots = Lots(
        account.astype(np.int64), security.astype(np.int64), quantity.copy(), basis.copy(), days.astype(np.int64),
        np.array(owns, bool),
    )  # fmt: skip
    return lots, tuple(places), bought


def _bands(desk: Desk, fired: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far below and above its target each class may be for nothing: what the rules leave it."""
    widths = (np.where(np.isinf(width), 0.0, width) for width in class_widths(desk.plan))
    share = np.where(fired, desk.plan.destination, 1.0)
    below, above = (share * width for width in widths)
    return below, above


def _preference(desk: Desk) -> np.ndarray:
    """Return (n_accounts, n_securities) tiny prices: the preferred member first, in the account that is best for it."""
    structure = desk.structure
    price = np.zeros(structure.may_buy.shape)
    for n in range(len(structure.sleeve_class)):
        members = structure.sleeve_member[structure.sleeve_first[n] : structure.sleeve_first[n + 1]]
        ranks = structure.location[structure.sleeve_class[n], structure.kind]
        for place, member in enumerate(members):
            price[:, member] = _SECOND_BEST * (10 * place + (ranks - 1 if desk.plan.locate else 0))
    return price


def trades_of(asked: Asked, orders: tuple[Order, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return orders as the solver has them: (n_lots,) shares sold and (n_accounts, n_securities) shares bought."""
    at = {place: i for i, place in enumerate(asked.places)}
    sold = np.zeros(len(asked.places))
    bought = np.zeros(asked.problem.trading.may_buy.shape)
    for order in orders:
        if not order.sells:
            bought[order.account, order.security] += order.quantity
        for pick in order.picks:
            place = Place(order.account, order.security, pick.purchase, pick.piece)
            if place not in at:  # the other pieces were sold before: it was the only one left
                whole = asked.problem.lots.quantity
                left = (p for p in asked.places if p[:3] == place[:3] and sold[at[p]] < whole[at[p]])
                place = next(left, place)
            if place in at:
                sold[at[place]] += pick.quantity
    return sold, bought


def orders_from(asked: Asked, sold: np.ndarray, bought: np.ndarray) -> tuple[Order, ...]:
    """Return the solver's trades as orders: sales first, account by account."""
    problem = asked.problem
    targets = problem.targets
    orders = []
    shares = np.zeros(bought.shape)
    np.add.at(shares, (problem.lots.account, problem.lots.security), sold)
    for a, s in np.argwhere(shares > _DUST):
        chosen = [i for i in np.flatnonzero(sold > _DUST) if asked.places[i][:2] == (a, s)]
        picks = tuple(Pick(asked.places[i].purchase, asked.places[i].piece, float(sold[i])) for i in chosen)
        reason = Reason.OPTIMAL if targets.sleeve_of[s] >= 0 else Reason.LEGACY
        orders.append(Order(int(a), int(s), True, float(shares[a, s]), picks, reason))
    for a, s in np.argwhere(bought > _DUST):
        orders.append(Order(int(a), int(s), False, float(bought[a, s]), (), Reason.OPTIMAL))
    return tuple(orders)
