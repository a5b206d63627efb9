"""Netting, the yearly limit and carryovers: worked cases, and what must hold for any figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules.gains import net_capital
from tests.cases import load_cases

gains = st.floats(-1e6, 1e6)
losses = st.floats(0, 1e6)
limits = st.sampled_from([1_500.0, 3_000.0])
incomes = st.floats(-1e5, 1e6)


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("case", load_cases("netting"), ids=lambda case: case["id"])
def test_worked_cases(case):
    given_ = {name: float(value) for name, value in case["given"].items()}
    net = net_capital(
        given_["short"], given_["long"], given_["carry_short"], given_["carry_long"],
        given_["loss_limit"], given_["taxable_income"],
    )  # fmt: skip
    for name, value in case["expect"].items():
        assert getattr(net, name) == close(value), name


def test_worksheet_example_with_a_short_and_a_long_loss():
    """A short-term loss is used up first against the limit."""
    net = net_capital(-2_000.0, -6_000.0, 0.0, 0.0, 3_000.0, 40_000.0)
    assert (net.deduction, net.carry_short, net.carry_long) == (3_000, 0, 5_000)
    net = net_capital(-7_000.0, -1_000.0, 0.0, 0.0, 3_000.0, 40_000.0)
    assert (net.deduction, net.carry_short, net.carry_long) == (3_000, 4_000, 1_000)


def test_negative_taxable_income_keeps_part_of_the_loss():
    """Of 3,000 deducted, 2,000 went below zero and are carried over."""
    net = net_capital(-10_000.0, 0.0, 0.0, 0.0, 3_000.0, -2_000.0)
    assert (net.deduction, net.absorbed, net.carry_short) == (3_000, 1_000, 9_000)
    net = net_capital(0.0, -10_000.0, 0.0, 0.0, 3_000.0, -50_000.0)
    assert (net.deduction, net.absorbed, net.carry_long) == (3_000, 0, 10_000)


@given(gains, gains, losses, losses, limits, incomes)
def test_every_dollar_is_taxed_absorbed_or_carried(short, long, carry_short, carry_long, limit, income):
    net = net_capital(short, long, carry_short, carry_long, limit, income)
    assert net.net == close(short + long - carry_short - carry_long)
    assert net.net == close(
        net.taxed_short + net.taxed_long - net.absorbed - net.carry_short - net.carry_long
    )
    assert 0 <= net.absorbed <= net.deduction <= limit
    assert min(net.taxed_short, net.taxed_long, net.carry_short, net.carry_long) >= 0
    if net.net > 0:
        assert net.deduction == net.carry_short == net.carry_long == 0
        assert net.taxed_long <= max(0.0, net.net_long)
    else:
        assert net.taxed_short == net.taxed_long == 0
        assert net.carry_short <= max(0.0, -net.net_short)
        assert net.carry_long <= max(0.0, -net.net_long)


@given(losses, losses, limits)
def test_a_loss_is_used_up_in_the_end(short, long, limit):
    """Carried through years without gains, all of it is deducted, the short-term part first."""
    short, long = short / 20, long / 20
    left_short, left_long, deducted = short, long, 0.0
    for _ in range(math.ceil((short + long) / limit) + 1):
        net = net_capital(0.0, 0.0, left_short, left_long, limit, math.inf)
        assert net.carry_long == close(left_long) or net.carry_short == 0
        left_short, left_long, deducted = net.carry_short, net.carry_long, deducted + net.deduction
    assert left_short + left_long == close(0)
    assert deducted == close(short + long)
