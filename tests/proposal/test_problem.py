"""The day as the solver sees it: what it may trade, what is blocked, and orders there and back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.optimal.settle import settle as settle_plan
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.day import prepare_day
from rebal_kit.proposal.greedy import decide_greedily
from rebal_kit.proposal.problem import Asked, Place, orders_from, problem_of, trades_of
from rebal_kit.proposal.settlement import settle, start_of
from rebal_kit.to_date import LossSale, YearToDate
from tests.proposal.households import market_of, random_household
from tests.proposal.scanned import DAY, POLICY, small_household, small_market

STK, STX, BND = range(3)


def asked(policy: Any = POLICY, aims: Any = None, **household: Any) -> Asked:
    day = prepare_day(small_market(), small_household(**household), policy)
    decision = decide_greedily(day)
    return problem_of(start_of(day, decision.moved), decision, aims or Aims())


def test_lots_and_where_they_are() -> None:
    found = asked()
    lots = found.problem.lots
    assert lots.quantity.tolist() == [50.0, 100.0, 200.0, 100.0]
    assert lots.basis.tolist() == [80.0, 120.0, 49.5, 90.0]
    # S1 of 15 June 2023 is long-term from 16 June, 107 days on; B1 of 4 March from 5 March, 4 days on.
    assert lots.days_to_long.tolist()[1:3] == [107, 4]
    assert found.places == (
        Place(0, STK, 1, 0),
        Place(0, STK, 3, 0),
        Place(0, BND, 2, 0),
        Place(1, STK, 0, 0),
    )


def test_bands_are_open_where_no_rule_has_fired() -> None:
    fired = asked()
    assert fired.problem.targets.below.tolist() == [0.0, 0.0]
    home = small_household()
    on_target = replace(
        home.accounts[0], lots=(home.accounts[0].lots[1], replace(home.accounts[0].lots[2], quantity=200.0))
    )
    day = prepare_day(small_market(), replace(home, accounts=(on_target, home.accounts[1])), POLICY)
    decision = decide_greedily(day)
    quiet = problem_of(start_of(day, decision.moved), decision, Aims())
    assert quiet.problem.targets.below.tolist() == [0.05, 0.05]
    assert quiet.problem.targets.above.tolist() == [0.05, 0.05]
    assert quiet.problem.aims.sleeve_drift == 0.01


def test_windows() -> None:
    sold = (LossSale("Main", "BND", dt.date(2024, 2, 20), 10.0, 100.0),)
    found = asked(loss_sales=sold, in_ira="2024-02-15").problem.wash
    assert found.sold_at_loss.tolist() == [False, False, True]
    assert found.bought.tolist() == [True, False, False]
    careless = asked(
        replace(POLICY, avoid_wash_sales=False), loss_sales=sold, in_ira="2024-02-15"
    ).problem.wash
    assert not careless.sold_at_loss.any()
    assert not careless.bought.any()


def test_limits_count_from_what_the_year_has_used() -> None:
    gains = GainLimits(
        "minimise", max_gain_usd=9_000.0, max_tax_usd=2_000.0, sell_legacy=True, max_legacy_gain_usd=500.0
    )
    year = YearToDate(short=100.0, long=400.0, legacy_gain=300.0)
    found = asked(replace(POLICY, gains=gains, gain_guard_days=30), year_to_date=year).problem
    assert (found.limits.max_gain, found.limits.guard_days, found.limits.max_legacy_gain) == (
        9_000.0,
        30,
        200.0,
    )
    assert (found.year.short, found.year.long) == (100.0, 400.0)
    assert found.limits.max_tax == pytest.approx(2_000.0)


def test_money_that_leaves_must_be_there_after_all_trades() -> None:
    flows = (CashFlow(-3_000.0, "Main", on=DAY),)
    found = asked(as_of=dt.date(2024, 2, 29), flows=flows).problem
    assert found.cash.tolist() == [-3_000.0, 0.0]


def test_prices_of_aims() -> None:
    found = asked(aims=Aims(0.2, 0.03, 0.04, 0.05)).problem.aims
    assert (found.drift, found.sleeve_drift, found.later_rate) == (0.2, 0.03, 0.04)
    assert (found.carried_short, found.carried_long) == (0.05, 0.05)
    usual = asked().problem.aims
    assert (usual.later_rate, usual.carried_long) == pytest.approx((0.5 * 0.2, 0.75 * 0.2))


def test_restrictions_and_what_is_outside_the_targets() -> None:
    found = asked(do_not_sell=("BND",)).problem.trading
    assert found.may_sell[:, BND].tolist() == [False, False]
    assert found.may_buy.all()


@pytest.mark.parametrize("seed", range(30))
def test_orders_there_and_back(seed: int) -> None:
    """The engine's own orders come to the same by both rule books, and are the same when they return."""
    household, policy, closes, _ = random_household(seed)
    day = prepare_day(market_of(closes), household, policy)
    decision = decide_greedily(day)
    done = settle(day, decision.orders, decision.moved)
    found = problem_of(done.start, decision, Aims())
    sold, bought = trades_of(found, done.orders)
    shares = np.zeros_like(bought)
    np.add.at(shares, (found.problem.lots.account, found.problem.lots.security), sold)
    assert found.problem.held - shares + bought == pytest.approx(done.desk.ledger.held, abs=1e-6)
    again = trades_of(found, orders_from(found, sold, bought))
    assert again[0] == pytest.approx(sold, abs=1e-9)
    assert again[1] == pytest.approx(bought, abs=1e-9)
    # To the solver, orders of one position are one order with one commission.
    alone = len({one[:3] for one in done.orders}) == len(done.orders)
    if alone and not done.disallowed:
        figures = settle_plan(found.problem, sold, bought).figures
        assert figures.short == pytest.approx(done.short_gain, abs=0.01)
        assert figures.long == pytest.approx(done.long_gain, abs=0.01)


def test_pieces_of_a_purchase_are_told_apart() -> None:
    day = dt.date(2023, 5, 3)
    pieces = (TaxLot("X", "STX", 10.0, 600.0, day), TaxLot("X.1", "STX", 12.0, 800.0, day, deferred=80.0))
    found = asked(taxable=pieces)
    mine = [place for place in found.places if place.security == STX]
    assert [place.piece for place in mine] == [1, 2]
    assert mine[0].purchase == mine[1].purchase
