"""The pieces of the tax are the rule book's tax, everywhere; and each is convex."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.optimal.problem import Aims, Year
from rebal_kit.optimal.tax_shape import SHORT, opening_gains, pieces_of, tax_so_far, worth_of
from rebal_kit.rules.law import opening_carryover, tax_table
from tests.optimal.problems import profile_of

#: US$ by which the cap of §1(h)(1) makes the model's tax too large, at most: 3 % of the US$ between two edges.
CAP = 5.0


def height(curves, short, net):
    return sum(float(np.max(c.slope * (short if c.of == SHORT else net) + c.intercept)) for c in curves)


def inside(piece, short, long):
    return all(
        low - 1e-6 <= value <= high + 1e-6
        for (low, high), value in ((piece.short, short), (piece.long, long), (piece.net, short + long))
    )


@pytest.mark.parametrize("flat", [None, (0.4, 0.2, 0.15), (0.0, 0.2, 0.2)])
@pytest.mark.parametrize("seed", range(60))
def test_the_pieces_are_the_rule_books_tax(seed, flat):
    dice = random.Random(seed)
    profile = replace(profile_of(dice), flat=flat)
    year = Year(
        tax_table(profile), opening_carryover(profile), dice.uniform(-9e3, 9e3), dice.uniform(-9e3, 9e3),
        dice.choice((0.0, 4_000.0)), dice.choice((0.0, 900.0)), 0.0, dice.choice((0.0, 5_000.0)),
    )  # fmt: skip
    aims = Aims(carried_short=dice.choice((0.0, 0.1, 0.25)), carried_long=dice.choice((0.0, 0.1)))
    opening = opening_gains(year)
    box = [(start - dice.uniform(0.0, 4e4), start + dice.uniform(0.0, 4e5)) for start in opening]
    pieces = pieces_of(year, aims, *box, taxed=True)
    assert 1 <= len(pieces) <= 40
    for _ in range(60):
        short, long = (dice.uniform(*ends) for ends in box)
        result = tax_so_far(year, short - opening[0], long - opening[1])
        here = [piece for piece in pieces if inside(piece, short, long)]
        assert here
        value, tax = (
            min(height(curves, short, short + long) for curves in kind)
            for kind in ([p.value for p in here], [p.tax for p in here])
        )
        cap = 0.01 if flat else CAP
        assert -0.01 <= value - (result.tax - worth_of(result, aims)) <= cap
        assert -0.01 <= tax - result.tax <= cap


def test_a_loss_is_worth_more_in_ordinary_income_than_against_long_gains():
    profile = profile_of(random.Random(1))
    year = Year(tax_table(profile), opening_carryover(profile))
    pieces = pieces_of(year, Aims(), (-10_000.0, 10_000.0), (-10_000.0, 10_000.0), taxed=False)
    corners = {(piece.short[0] < 0, piece.long[0] < 0) for piece in pieces}
    assert corners == {(True, True), (True, False), (False, True), (False, False)}


def test_one_point_is_one_piece():
    profile = profile_of(random.Random(2))
    year = Year(tax_table(profile), opening_carryover(profile), 100.0, 200.0)
    opening = opening_gains(year)
    (piece,) = pieces_of(year, Aims(), (opening[0],) * 2, (opening[1],) * 2, taxed=False)
    assert height(piece.value, opening[0], sum(opening)) == pytest.approx(tax_so_far(year).tax)
