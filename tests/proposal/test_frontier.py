"""The tax frontier: less drift never costs less, its points are by one measure, and what cannot be is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.files.policy import load_policy
from rebal_kit.findings import PolicyError
from rebal_kit.proposal.frontier import GREEDY, OPTIMAL, TODAY, ZERO_GAIN, TaxFrontier, tax_frontier
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.sources.load import load_market
from tests.proposal.sold_down import FREE, MARKET, appreciated, owner

POLICY = load_policy("threshold_3pct_harvest")


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return propose(load_market("etf"), appreciated(taxable_only=True), POLICY, solver="optimal", look="now")


@pytest.fixture(scope="module")
def frontier(proposal: Proposal) -> TaxFrontier:
    return tax_frontier(proposal, points=9)


def test_less_drift_never_costs_less(frontier: TaxFrontier) -> None:
    curve = frontier.curve
    assert len(curve) == 9
    assert (np.diff(curve["drift"]) > 0.0).all()
    assert (np.diff(curve["tax_now"]) < 0.0).all()
    slopes = np.diff(curve["tax_now"]) / np.diff(curve["drift"])
    assert (np.diff(slopes) > -1.0).all(), "each step down costs more than the one before"


def test_no_other_point_is_better_than_the_curve(frontier: TaxFrontier) -> None:
    curve = frontier.curve
    for name in (TODAY, ZERO_GAIN, GREEDY, OPTIMAL):
        point = frontier.point(name)
        least = np.interp(point["drift"], curve["drift"], curve["tax_now"])
        assert point["tax_now"] >= least - 2.0, name


def test_zero_gain_realises_none(frontier: TaxFrontier) -> None:
    point = frontier.point(ZERO_GAIN)
    assert point["net_gain"] <= 0.01
    assert point["tax_now"] <= 0.01
    assert point["drift"] < frontier.point(TODAY)["drift"]


def test_points_are_those_of_the_proposal(proposal: Proposal, frontier: TaxFrontier) -> None:
    assert proposal.greedy is not None
    for one, name in ((proposal, OPTIMAL), (proposal.greedy, GREEDY)):
        point = frontier.point(name)
        assert point["drift"] == pytest.approx(one.drift["after"], abs=1e-9)
        assert point["tax_now"] == pytest.approx(one.tax["tax_now"], abs=0.01)
        assert point["net_gain"] == pytest.approx(one.tax["short_gain"] + one.tax["long_gain"], abs=0.01)
        assert point["cost"] == pytest.approx(one.settlement.cost, abs=0.01)
        assert point["trades"] == len(one.trades)
    today = frontier.point(TODAY)
    assert today["drift"] == pytest.approx(proposal.drift["before"], abs=1e-9)
    assert (today["tax_now"], today["cost"], today["trades"]) == (0.0, 0.0, 0)


def test_a_greedy_proposal_has_no_optimal_point() -> None:
    found = tax_frontier(
        propose(MARKET, owner(), replace(FREE, gains=replace(FREE.gains, sell_legacy=True))), points=2
    )
    assert list(found.table["label"].iloc[-3:]) == [TODAY, ZERO_GAIN, GREEDY]
    with pytest.raises(PolicyError, match="no point 'optimal' — use today, zero gain, greedy"):
        found.point(OPTIMAL)


def test_tax_of_the_hand_worked_household() -> None:
    """US$ 98,900 of gain: the first 49,450 at 0 %, the rest at 15 %; half the drift is free."""
    policy = replace(FREE, gains=replace(FREE.gains, sell_legacy=True))
    found = tax_frontier(propose(MARKET, owner(), policy, look="now"), points=5)
    assert found.curve["drift"].tolist() == pytest.approx([0.0, 0.125, 0.25, 0.375, 0.5], abs=1e-4)
    most = 0.15 * 49_450.0
    expected = [most, 0.75 * most, 0.5 * most, 0.25 * most, 0.0]
    assert found.curve["tax_now"].tolist() == pytest.approx(expected, abs=1.0)
    assert found.point(TODAY)["drift"] == pytest.approx(1.0)
    assert "drift 0.0% for US$ 7,4" in repr(found)


def test_what_cannot_be_reached_is_said() -> None:
    found = tax_frontier(propose(MARKET, owner(do_not_sell=("STOCK",)), FREE, look="now"), points=3)
    assert found.curve["drift"].min() == pytest.approx(1.0)
    words = [str(f) for f in found.findings if f.severity == "warning"]
    assert any("cannot be brought below 100.00%" in text and "without restrictions" in text for text in words)


def test_the_measure_is_named(frontier: TaxFrontier) -> None:
    assert any("half the sum of absolute deviations" in f.what for f in frontier.findings)


@pytest.mark.parametrize(("name", "value"), [("points", 1), ("points", 2.5), ("seconds", 0.0)])
def test_what_is_asked_is_checked(proposal: Proposal, name: str, value: float) -> None:
    with pytest.raises(PolicyError, match=name):
        tax_frontier(proposal, **{name: value})
