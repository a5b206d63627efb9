"""Bands, breaches and destinations."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebal_kit.rules import triggers

NAN = math.nan
weights = st.floats(0, 1)
widths = st.floats(0, 0.5)


@pytest.mark.parametrize(
    ("absolute", "relative", "both", "width"),
    [
        (0.05, NAN, False, 0.05),
        (NAN, 0.20, False, 0.12),
        (0.05, 0.20, False, 0.05),
        (0.05, 0.20, True, 0.12),
        (0.15, 0.20, False, 0.12),
        (0.15, 0.20, True, 0.15),
        (NAN, NAN, False, math.inf),
    ],
)
def test_widths_at_a_target_of_60_percent(absolute, relative, both, width):
    assert triggers.band_width(0.60, absolute, relative, both) == pytest.approx(width)


def test_worked_numbers_of_a_relative_band():
    width = triggers.band_width(0.60, NAN, 0.20, False)
    assert triggers.breach(0.72, 0.60, width, width) == 0
    assert triggers.breach(0.7201, 0.60, width, width) == 1
    assert triggers.breach(0.48, 0.60, width, width) == 0
    assert triggers.breach(0.4799, 0.60, width, width) == -1
    assert triggers.destination_weight(0.60, 1, width, width, 0.5) == pytest.approx(0.66)
    assert triggers.destination_weight(0.60, -1, width, width, 0.5) == pytest.approx(0.54)
    assert triggers.destination_weight(0.60, 1, width, width, 1.0) == pytest.approx(0.72)


def test_sides_have_widths_of_their_own():
    assert triggers.breach(0.64, 0.60, 0.05, 0.02) == 0
    assert triggers.breach(0.57, 0.60, 0.05, 0.02) == -1
    assert triggers.destination_weight(0.60, -1, 0.05, 0.02, 1.0) == 0.58


def test_no_target_and_no_band_is_left_on_any_holding():
    width = triggers.band_width(0.0, NAN, 0.20, False)
    assert triggers.breach(0.001, 0.0, width, width) == 1
    assert triggers.breach(0.0, 0.0, width, width) == 0


@given(weights, weights, widths, widths, st.floats(0, 1))
def test_a_destination_is_inside_the_band(weight, target, above, below, fraction):
    side = triggers.breach(weight, target, above, below)
    assume(side != 0)
    destination = triggers.destination_weight(target, side, above, below, fraction)
    assert triggers.breach(destination, target, above, below) == 0
    assert abs(destination - target) < abs(weight - target) or math.isclose(destination, weight)


@given(weights)
def test_without_a_breach_the_destination_is_the_target(target):
    assert triggers.destination_weight(target, 0, 0.05, 0.05, 1.0) == target
