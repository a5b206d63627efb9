"""When a loss qualifies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import harvest

usd = st.floats(0, 1e7)


@pytest.mark.parametrize(
    ("value", "answer"),
    [(9_500, True), (9_500.01, False), (9_000, True), (10_000, False), (12_000, False)],
)
def test_percent_and_dollars(value, answer):
    assert harvest.qualifies(10_000.0, float(value), 0.05, 500.0) is answer


def test_both_minima_are_asked_for():
    assert not harvest.qualifies(10_000.0, 9_400.0, 0.10, 500.0)
    assert not harvest.qualifies(1_000.0, 600.0, 0.10, 500.0)


@given(usd, usd)
def test_no_minimum_still_needs_a_loss(basis, value):
    assert harvest.qualifies(basis, value, 0.0, 0.0) is (value < basis)


def test_tax_saved_is_net_of_cost():
    assert harvest.tax_saved(10_000.0, 0.388, 40.0) == 3_840
    assert harvest.tax_saved(100.0, 0.188, 40.0) == pytest.approx(-21.2)
