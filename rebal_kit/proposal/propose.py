"""propose(): what to trade today, for one household under one policy."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from rebal_kit.checking import check_choice, check_kind, check_number
from rebal_kit.domain import Household
from rebal_kit.findings import PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.plan import Figures, Plan
from rebal_kit.optimal.search import Effort
from rebal_kit.optimal.settle import settle as settle_plan
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.day import Day, Look, prepare_day
from rebal_kit.proposal.explain import held_back, not_due, passed_over
from rebal_kit.proposal.greedy import Decision, decide_greedily
from rebal_kit.proposal.orders import Order
from rebal_kit.proposal.problem import Asked, orders_from, problem_of, trades_of
from rebal_kit.proposal.proposal import Proposal, Solver
from rebal_kit.proposal.settlement import settle
from rebal_kit.proposal.windows import blocked_on

#: US$ by which the solver's plan must be better than the engine's own to be taken.
_BETTER = 1e-6


def propose(
    market: Market, household: Household, policy: RebalancePolicy, *, asof: dt.date | str | None = None,
    solver: Solver = "greedy", look: Look = "due", aims: Aims | None = None, seconds: float = 10.0,
) -> Proposal:  # fmt: skip
    """Say what to trade today, lot by lot, and what that does to tax, cost and drift. Nothing is sent anywhere.

    Parameters
    ----------
    market : Market
        Prices through the day, with some history where the policy needs it.
    household : Household
        As of its date, with what it brings into the middle of the year: `loss_sales`, `year_to_date`.
    policy : RebalancePolicy
    asof : date or ISO string, optional
        The day; by default the market's last session.
    solver : {'greedy', 'optimal'}
        The back-test's own decision of the day; or the trades after which tax, costs and the price of drift together
        are least, found by a mixed-integer solver with a proven gap (extra `optimal`).
    look : {'due', 'now'}
        Follow the policy's calendar, or look today whatever the day.
    aims : Aims, optional
        What tax later, losses carried over and drift are worth.
    seconds : float
        After which the solver's best plan so far is taken.

    Returns
    -------
    Proposal
        `trades`, `lots`, `tax`, `drift`, `cash`, `blocked`, `not_done`, `findings`, and all of it as `document`.

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    raise_errors(
        PolicyError,
        [
            *check_choice("propose", "solver", solver, ("greedy", "optimal"), "use greedy or optimal"),
            *check_choice("propose", "look", look, ("due", "now"), "use due or now"),
            *check_number("propose", "seconds", seconds, "give seconds above 0", least=1e-3),
            *check_kind("propose", "aims", aims or Aims(), Aims, "make it with Aims(…)"),
        ],
    )  # fmt: skip
    day = prepare_day(market, household, policy, asof=asof, look=look)
    return propose_on(day, solver, aims or Aims(), seconds)


def propose_on(day: Day, solver: Solver, aims: Aims, seconds: float) -> Proposal:
    """Propose on a day prepared before."""
    decision = decide_greedily(day)
    greedy = proposal_of(day, "greedy", decision, decision.orders, aims)
    if solver == "greedy":
        return greedy
    asked = greedy.asked
    if not is_due(day, decision):
        plan, orders = None, decision.orders
    else:
        plan, orders = _solve(asked, decision, greedy.figures, seconds)
    return proposal_of(day, "optimal", decision, orders, aims, plan=plan, greedy=greedy)


def is_due(day: Day, decision: Decision) -> bool:
    """Say whether anything is to be decided: a rule looks, losses are harvested, or money is due."""
    return bool(day.plan.looked[-1] or day.plan.harvest_look[-1] or decision.moved.cash.any())


def proposal_of(
    day: Day, solver: Solver, decision: Decision, orders: tuple[Order, ...], aims: Aims, *,
    plan: Plan | None = None, greedy: Proposal | None = None, **changed: Any,
) -> Proposal:  # fmt: skip
    """Settle orders and put together what is known of them."""
    settlement = settle(day, orders, decision.moved)
    asked = greedy.asked if greedy is not None else problem_of(settlement.start, decision, aims)
    return Proposal(
        day, solver, settlement, decision, aims, asked, figures_of(asked, settlement.orders), plan,
        blocked=blocked_on(settlement.start), not_done=_not_done(day, decision, plan), greedy=greedy, **changed,
    )  # fmt: skip


def figures_of(asked: Asked, orders: tuple[Order, ...]) -> Figures:
    """Return what orders come to by the solver's objective."""
    return settle_plan(asked.problem, *trades_of(asked, orders)).figures


def _solve(asked: Asked, decision: Decision, own: Figures, seconds: float) -> tuple[Plan, tuple[Order, ...]]:
    """Return the solver's plan and its orders; the engine's own where they are better, or where there is no plan."""
    plan = optimise(asked.problem, Effort(seconds=seconds))
    if plan.status == "infeasible" or np.isnan(plan.gap):
        return plan, decision.orders
    if own.objective < plan.objective - _BETTER:
        return plan, decision.orders
    return plan, orders_from(asked, plan.sold, plan.bought)


def _not_done(day: Day, decision: Decision, plan: Plan | None) -> tuple[Any, ...]:
    if plan is None:
        return (*not_due(day), *passed_over(day, decision))
    return held_back(plan.binding)
