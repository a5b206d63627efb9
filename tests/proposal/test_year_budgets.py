"""Room below each rise of the tax on gains: just there one more dollar begins to cost more."""

from __future__ import annotations

from typing import Any

import pytest

from rebal_kit.optimal.problem import Year
from rebal_kit.optimal.tax_shape import tax_so_far
from rebal_kit.proposal.year_budgets import rooms
from rebal_kit.rules.law import opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile


def year_of(so_far: dict[str, float], **profile: Any) -> Year:
    tax = TaxProfile("single", 2026, **profile)
    return Year(tax_table(tax), opening_carryover(tax), **so_far)


@pytest.mark.parametrize(
    ("so_far", "profile"),
    [
        ({}, {"ordinary_income": 60_000.0}),
        ({"long": 5_000.0, "qualified": 3_000.0, "ordinary": 1_000.0}, {"ordinary_income": 45_000.0}),
        ({"short": -8_000.0}, {"ordinary_income": 50_000.0, "outside_long": 2_000.0}),
        ({"other": 20_000.0}, {"ordinary_income": 40_000.0, "carryover_long": 30_000.0, "carryover_short": 9_000.0}),
        ({}, {"ordinary_income": 10_000.0, "carryover_short": 12_000.0}),
    ],
)  # fmt: skip
def test_one_more_dollar_costs_more_from_there_on(so_far: dict[str, float], profile: dict[str, Any]) -> None:
    year = year_of(so_far, **profile)
    found = dict(rooms(year))
    assert list(found.values()) == sorted(found.values())
    assert len(found) == 3
    for name, room in found.items():
        below, at, above = (tax_so_far(year, 0.0, gain).tax for gain in (room - 10.0, room, room + 10.0))
        rise = ((above - at) - (at - below)) / 10.0
        expected = {"end of the 0% rate": 0.15, "end of the 15% rate": 0.05}.get(name, 0.038)
        # At the end of the 0 % rate the cap of §1(h)(1) may hold one more dollar at the 12 % of ordinary income.
        assert rise == pytest.approx(expected, abs=0.031 if expected == 0.15 else 1e-6), name


def test_flat_rates_leave_nothing_to_fill() -> None:
    assert not list(rooms(year_of({}, flat=(0.3, 0.15, 0.15))))
