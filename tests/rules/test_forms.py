"""Form 8949: the gain of a row, its box, its codes; and what the broker's form leaves out."""

from __future__ import annotations

import pytest

from rebal_kit.rules import forms


def test_a_disallowed_loss_is_a_positive_adjustment():
    """Publication 550: bought for 1,000 and sold for 750; and 1,000 lost of which 750 are disallowed."""
    assert forms.form_8949_gain(750.0, 1_000.0, 250.0) == 0
    assert forms.form_8949_gain(4_000.0, 5_000.0, 750.0) == -250
    assert forms.form_8949_gain(5_000.0, 4_000.0, 0.0) == 1_000


@pytest.mark.parametrize(
    ("is_long", "reported", "basis_reported", "box", "line"),
    [
        (False, True, True, "A", "1b"),
        (False, True, False, "B", "2"),
        (False, False, False, "C", "3"),
        (True, True, True, "D", "8b"),
        (True, True, False, "E", "9"),
        (True, False, True, "F", "10"),
    ],
)
def test_boxes(is_long, reported, basis_reported, box, line):
    at = forms.form_8949_box(is_long, reported, basis_reported)
    assert (forms.BOXES[at], forms.SCHEDULE_D_LINES[at]) == (box, line)


def test_codes_stand_in_alphabetical_order():
    assert forms.joined_codes(["W", "B", "W"]) == "BW"
    assert forms.joined_codes([]) == ""
    assert forms.WASH_SALE_CODE == "W"


def test_a_broker_sees_one_account_and_one_security():
    assert forms.broker_reports(True, True)
    assert not forms.broker_reports(True, False)
    assert not forms.broker_reports(False, True)
