"""Gifts of stock: what is deducted, what is never taxed, and which lot is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import gifts
from tests.cases import load_cases

usd = st.floats(0.01, 1e6)


@pytest.mark.parametrize("case", load_cases("gifts"), ids=lambda case: case["id"])
def test_worked_cases(case):
    price, value, expect = case["given"]["price"], float(case["given"]["gift_value"]), case["expect"]
    shares = value / price
    lots = {name: (shares * basis, term == "LT") for name, (term, basis, _) in case["given"]["lots"].items()}
    verdicts = {name: gifts.gift_verdict(value, *lot) for name, lot in lots.items()}
    given_ = [name for name, verdict in verdicts.items() if verdict == gifts.GIVE]
    best = min(given_, key=lambda name: gifts.gift_order(value, lots[name][0]))
    assert (best, shares) == (expect["lot"], expect["quantity"])
    assert gifts.gift_deduction(value, *lots[best]) == expect["deduction"]
    assert gifts.untaxed_gain(value, lots[best][0]) == expect["gain_avoided"]
    assert [name for name in lots if name not in given_] == [row["lot"] for row in expect["rejected"]]
    for row in expect["rejected"]:
        basis, is_long = lots[row["lot"]]
        assert verdicts[row["lot"]] == gifts.SHORT_TERM
        assert str(gifts.gift_deduction(value, basis, is_long)) in row["reason"]


def test_the_deduction_leaves_out_a_short_term_gain_only():
    assert gifts.gift_deduction(1_000.0, 200.0, True) == 1_000
    assert gifts.gift_deduction(1_000.0, 200.0, False) == 200
    assert gifts.gift_deduction(1_000.0, 1_400.0, False) == 1_000  # no gain to leave out
    assert gifts.gift_deduction(1_000.0, 1_400.0, True) == 1_000


@pytest.mark.parametrize("is_long", [True, False])
def test_a_loss_is_never_given_away(is_long):
    assert gifts.gift_verdict(999.0, 1_000.0, is_long) == gifts.AT_A_LOSS
    assert gifts.gift_verdict(1_000.0, 1_000.0, is_long) == gifts.GIVE  # at cost: as good as cash


@given(usd, usd, st.booleans())
def test_what_is_given_is_deducted_in_full(value, basis, is_long):
    deduction = gifts.gift_deduction(value, basis, is_long)
    assert 0 <= deduction <= value
    if gifts.gift_verdict(value, basis, is_long) == gifts.GIVE:
        assert deduction == value
        assert gifts.untaxed_gain(value, basis) >= 0
