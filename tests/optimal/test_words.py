"""What binds and what is impossible is said in words, and rightly."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rebal_kit.findings import HouseholdError, PolicyError
from rebal_kit.optimal.frontier import frontier, frontier_by_drift, zero_gain
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.problem import Aims, Limits, Lots, Problem, Targets, Trading, Wash, Year
from rebal_kit.rules.law import opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile


def couple(**changes) -> Problem:
    """Two stocks, 60/40; a taxable account that holds too much of the first at a gain, and an IRA with cash."""
    profile = TaxProfile(ordinary_income=300_000.0)
    problem = Problem(
        kind=np.array([0, 1]), cash=np.array([1_000.0, 20_000.0]), min_cash=np.array([500.0, 0.0]),
        counted=np.ones(2, bool), price=np.array([100.0, 50.0]),
        lots=Lots(
            np.array([0, 0, 0]), np.array([0, 0, 1]), np.array([500.0, 200.0, 300.0]), np.array([40.0, 130.0, 45.0]),
            np.array([-100, 60, -5]), np.zeros(3, bool),
        ),
        targets=Targets(np.arange(2), np.arange(2), np.ones(2), np.array([0.5, 0.5]), np.zeros(2), np.zeros(2)),
        trading=Trading(
            np.ones((2, 2), bool), np.ones((2, 2), bool), np.zeros((2, 2)), np.full(2, 1e-4), 0.0, np.zeros(2),
            np.zeros(2), 0.0, False,
        ),
        wash=Wash(np.arange(2), np.zeros(2, bool), np.zeros(2, bool)),
        year=Year(tax_table(profile), opening_carryover(profile)), limits=Limits(),
        aims=Aims(0.5, 0.0, 0.1, 0.2, 0.1), preference=np.zeros((2, 2)),
        account_names=("joint", "IRA"), security_names=("AAA", "BBB"),
    )  # fmt: skip
    return replace(problem, **changes)


def test_the_loss_is_taken_and_the_ira_does_not_buy_it_back():
    plan = optimise(couple())
    assert plan.status == "optimal"
    assert plan.sold[1] > 150.0  # bought at 130, worth 100: a loss
    assert plan.sold[0] == 0.0
    assert plan.bought[:, 0].sum() == 0.0
    assert plan.bought[1, 1] > 0.0
    assert plan.figures.drift == pytest.approx(500.0, abs=10.0)  # the reserve, and costs
    assert plan.figures.short == pytest.approx(plan.sold[1] * (100 * (1 - 1e-4) - 130))


def test_a_purchase_in_the_window_forbids_the_loss_but_not_of_the_very_same_shares():
    wash = Wash(np.arange(2), np.zeros(2, bool), np.array([True, False]))
    plan = optimise(couple(wash=wash))
    assert plan.sold[1] == 0.0
    assert any("washed by a purchase" in text for text in plan.binding)
    lots = couple().lots._replace(own_purchase=np.array([False, True, False]))
    assert optimise(couple(wash=wash, lots=lots)).sold[1] > 150.0


def test_a_loss_taken_in_the_window_forbids_the_purchase_everywhere():
    wash = Wash(np.arange(2), np.array([False, True]), np.zeros(2, bool))
    plan = optimise(couple(wash=wash))
    assert plan.bought[:, 1].sum() == 0.0
    assert any("BBB may not be bought in IRA" in text for text in plan.binding)


def test_identical_securities_are_one_group():
    wash = Wash(np.zeros(2, int), np.zeros(1, bool), np.zeros(1, bool))
    plan = optimise(couple(wash=wash))
    assert not (plan.sold[1] > 0.0 and plan.bought.any())


def test_what_is_missing_is_said_with_what_would_mend_it():
    trading = couple().trading._replace(may_sell=np.zeros((2, 2), bool))
    plan = optimise(couple(min_cash=np.array([2_200.0, 0.0]), trading=trading))
    assert plan.status == "infeasible"
    assert plan.reasons[0] == (
        "cash of joint is US$ 1,200.00 below its reserve of US$ 2,200.00 even if all that may be sold is sold"
    )
    assert "without restrictions it could be done" in plan.reasons
    assert not plan.sold.any()
    assert not plan.bought.any()


def test_a_reserve_that_nothing_can_fill_has_no_cure():
    plan = optimise(couple(min_cash=np.array([500.0, 20_700.0])))
    assert len(plan.reasons) == 1
    assert "cash of IRA is US$ 700.00 below its reserve" in plan.reasons[0]


def test_a_budget_in_the_way_is_named():
    lots = couple().lots._replace(basis=np.array([40.0, 40.0, 45.0]))
    limits = Limits(max_gain=0.0)
    plan = optimise(couple(min_cash=np.array([9_000.0, 0.0]), lots=lots, limits=limits))
    assert plan.status == "infeasible"
    assert "without limits on gains and tax it could be done" in plan.reasons


def test_an_impossible_limit_on_drift_is_said():
    trading = couple().trading._replace(may_sell=np.zeros((2, 2), bool))
    plan = optimise(couple(trading=trading, limits=Limits(max_drift=1_000.0)))
    assert plan.status == "infeasible"
    assert "of drift are left at least, more than the limit of US$ 1,000.00" in plan.reasons[0]


def test_a_dearer_drift_buys_less_of_it_for_more_tax():
    prices = (0.0, 0.01, 0.05, 0.1, 0.3, 1.0)
    points = frontier(couple(), prices)
    drifts = [point.drift for point in points]
    assert drifts == sorted(drifts, reverse=True)
    spent = [p.plan.objective - price * p.drift for p, price in zip(points, prices, strict=True)]
    assert all(a <= b + 2.0 for a, b in pairwise(spent))
    assert drifts[0] > drifts[-1]


def test_a_limit_on_drift_is_kept_and_zero_gain_is_zero():
    caps = (15_000.0, 5_000.0, 600.0)
    for cap, point in zip(caps, frontier_by_drift(couple(), caps), strict=True):
        assert point.plan.status == "optimal"
        assert point.drift <= cap + 0.01
    point = zero_gain(couple())
    assert point.gain <= 0.01
    assert point.plan.figures.drift < point.plan.before.drift


def test_shares_over_whole_ones_are_sold_with_the_last():
    lots = couple().lots._replace(quantity=np.array([500.25, 200.5, 300.0]))
    trading = couple().trading._replace(whole_shares=True)
    plan = optimise(couple(lots=lots, trading=trading, aims=Aims(0.5, 0.0, 0.1, 0.2, 0.1)))
    sold = plan.sold[:2].sum()
    assert sold == pytest.approx(round(sold))
    everything = Targets(
        np.arange(2), np.arange(2), np.ones(2), np.array([0.0, 1.0]), np.zeros(2), np.zeros(2)
    )
    plan = optimise(
        couple(lots=lots, trading=trading, targets=everything, aims=Aims(2.0, 0.0, 0.1, 0.2, 0.1))
    )
    assert plan.sold[:2].sum() == 700.75


def test_where_something_must_be_done_the_gap_is_a_part_of_what_that_costs():
    lots = couple().lots._replace(basis=np.array([40.0, 40.0, 45.0]))
    plan = optimise(couple(min_cash=np.array([9_000.0, 0.0]), lots=lots, aims=Aims(0.0, 0.0)))
    assert plan.objective > plan.before.objective
    assert 0.0 <= plan.gap <= 1e-3
    assert replace(plan, bound=plan.before.objective).gap == 1.0
    assert replace(plan, bound=plan.modelled).gap == 0.0


def test_the_solver_prints_nothing(capfd):
    optimise(couple())
    assert capfd.readouterr() == ("", "")


def test_when_the_time_is_over_the_status_says_so():
    from benchmarks.households import random_household
    from rebal_kit.optimal.search import Effort

    plan = optimise(random_household(30, 150, seed=3, whole=True), Effort(1e-7, 1e-4, 0.5), explain=False)
    assert plan.status == "time limit"
    assert 0.0 < plan.gap < 0.05


def test_arrays_that_do_not_fit_are_named():
    with pytest.raises(HouseholdError, match=r"cash has shape \(1,\)"):
        couple(cash=np.array([1.0]))
    with pytest.raises(HouseholdError, match="has no price"):
        couple(price=np.array([0.0, 50.0]))
    with pytest.raises(HouseholdError, match="min_cash is infinite"):
        couple(min_cash=np.array([np.inf, 0.0]))
    with pytest.raises(HouseholdError, match="preference is not finite"):
        couple(preference=np.full((2, 2), np.nan))


def test_without_highs_one_is_told_what_to_install(monkeypatch):
    import sys

    for name in ("highspy", "highspy._core"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(PolicyError, match=r"pip install 'rebal_kit\[optimal\]'"):
        optimise(couple())


def test_a_household_without_lots_buys_and_one_without_anything_does_nothing():
    none = Lots(
        *(np.empty(0, int) for _ in range(2)),
        *(np.empty(0) for _ in range(2)),
        np.empty(0, int),
        np.empty(0, bool),
    )
    plan = optimise(couple(lots=none))
    assert plan.figures.drift < 600.0
    assert plan.sold.shape == (0,)
    plan = optimise(couple(lots=none, cash=np.zeros(2), min_cash=np.zeros(2)))
    assert (plan.status, plan.bought.any(), plan.objective) == ("optimal", False, 0.0)


def test_an_account_that_is_not_managed_does_not_trade():
    plan = optimise(couple(min_cash=np.array([-np.inf, 0.0])))
    assert not plan.sold[:2].any()
    assert not plan.bought[0].any()


def test_what_lies_outside_the_targets_is_sold_within_its_budget():
    targets = couple().targets._replace(sleeve_of=np.array([-1, 0]), sleeve_class=np.zeros(1, int),
                                        sleeve_weight=np.ones(1), weight=np.ones(1), below=np.zeros(1),
                                        above=np.zeros(1))  # fmt: skip
    lots = couple().lots._replace(basis=np.array([40.0, 70.0, 45.0]), days_to_long=np.array([-100, -100, -5]))
    changes = {"targets": targets, "lots": lots}
    free = optimise(couple(**changes))
    assert free.sold[:2].tolist() == [500.0, 200.0]
    held = optimise(couple(**changes, limits=Limits(max_legacy_gain=4_000.0)))
    assert held.figures.long == pytest.approx(4_000.0, abs=0.01)
    assert any("outside the targets is used up" in text for text in held.binding)
