"""Policies: every mistake is said, they print as their own code, hash, and vary by grid."""

from __future__ import annotations

import pytest
from hypothesis import given

from rebal_kit.findings import PolicyError
from rebal_kit.policy import (
    BUY_AND_HOLD,
    EVERY,
    Calendar,
    Costs,
    Harvest,
    RebalancePolicy,
    Threshold,
    Tier,
    Tiered,
    ToleranceBand,
)
from tests.invariants.random_runs import policies

LOOK = f"use sessions (1, 2, …) or one of {', '.join(EVERY)}"
NAN = float("nan")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (ToleranceBand, ["tolerance band: has no width — give absolute or relative"]),
        (
            lambda: ToleranceBand(-0.1, NAN, "all"),
            [
                "tolerance band: absolute is -0.1 — give 0 or more",
                "tolerance band: relative is nan — give 0 or more",
                "tolerance band: combine is 'all' — use either or both",
            ],
        ),
        (
            lambda: Calendar("decade", -1),
            [
                f"calendar: look interval is 'decade' — {LOOK}",
                "calendar: offset is -1 — give 0 or more sessions",
            ],
        ),
        (
            lambda: Threshold(look=0, level="sleeve"),
            [
                f"threshold: look interval is 0 — {LOOK}",
                "threshold: level is 'sleeve' — use class or security",
            ],
        ),
        (lambda: Threshold(look=True), [f"threshold: look interval is True — {LOOK}"]),
        (lambda: Tier(("A",), ToleranceBand(0.1), 1.5), [f"tier: look interval is 1.5 — {LOOK}"]),
        (lambda: Tiered(()), ["tiered: has no tiers — give at least one Tier"]),
        (
            lambda: Harvest(-1, NAN, -0.5, "never", 0),
            [
                f"harvest: look interval is 'never' — {LOOK}",
                "harvest: min_loss_pct is -1 — give 0 or more",
                "harvest: min_loss_usd is nan — give 0 or more",
                "harvest: min_tax_saved_usd is -0.5 — give 0 or more",
                "harvest: replacements is 0 — give 1 or more",
            ],
        ),
        (
            lambda: Costs(-1, {"A": 10_000.0}),
            [
                "costs: half_spread_bps is -1 bp — give 0 to under 10,000",
                "costs: A is 10000 bp — give 0 to under 10,000",
            ],
        ),
        (
            lambda: RebalancePolicy(
                "p",
                ("monthly",),
                1.5,
                "average",
                -1,
                dividends="spend",
                invest_cash_above=NAN,
                min_trade_usd=-1,
            ),
            [
                "policy 'p': trigger 'monthly' — use Calendar, Threshold or Tiered",
                "policy 'p': destination is 1.5 — use target, half, edge or a fraction of the band from 0 to 1",
                "policy 'p': lot_method is 'average' — use fifo, lifo, hifo, least_tax, long_term_first",
                "policy 'p': dividends is 'spend' — use cash or reinvest",
                "policy 'p': gain_guard_days is -1 — give 0 or more",
                "policy 'p': invest_cash_above is nan — give 0 or more",
                "policy 'p': min_trade_usd is -1 — give 0 or more",
            ],
        ),
        (
            lambda: RebalancePolicy(destination="middle"),
            [
                "policy: destination is 'middle' — use target, half, edge or a fraction of the band from 0 to 1"
            ],
        ),
        (
            lambda: BUY_AND_HOLD.grid(harvest__min_loss_pct=[0.1]),
            ["policy grid: 'harvest__min_loss_pct' names no field — 'min_loss_pct' is not in None"],
        ),
        (
            lambda: RebalancePolicy().grid(triggers__1__look=[2]),
            [f"policy grid: 'triggers__1__look' names no field — '1' is not in {(Threshold(),)!r}"],
        ),
    ],
)
def test_every_mistake_is_said(build, said: list[str]) -> None:
    with pytest.raises(PolicyError) as caught:
        build()
    assert [str(finding) for finding in caught.value.findings] == said


@given(policies())
def test_a_policy_prints_as_the_code_that_makes_it(policy: RebalancePolicy) -> None:
    again = eval(repr(policy))
    assert again == policy
    assert hash(again) == hash(policy)
    assert repr(again) == repr(policy)


def test_defaults_are_left_out_of_print() -> None:
    assert repr(RebalancePolicy()) == "RebalancePolicy()"
    assert repr(BUY_AND_HOLD) == "RebalancePolicy(name='buy-and-hold', triggers=(), dividends='reinvest')"
    assert repr(Threshold(look="week")) == "Threshold(look='week')"


def test_one_trigger_needs_no_tuple_and_mappings_become_pairs() -> None:
    assert RebalancePolicy(triggers=Calendar()).triggers == (Calendar(),)
    band = ToleranceBand(absolute=0.1)
    assert Threshold(bands={"A": band}) == Threshold(bands=(("A", band),))
    assert Costs(by_symbol={"A": 3}).by_symbol == (("A", 3),)
    assert Tier(["A"], band).members == ("A",)


@pytest.mark.parametrize(
    ("given_", "fraction"), [("target", 0.0), ("half", 0.5), ("edge", 1.0), (0.3, 0.3), (1, 1.0)]
)
def test_destination_is_a_fraction_of_the_band(given_, fraction: float) -> None:
    assert RebalancePolicy(destination=given_).destination_fraction == fraction


def test_a_grid_is_every_combination_named_by_what_varies() -> None:
    base = RebalancePolicy("base", Threshold(), harvest=Harvest())
    bands = [ToleranceBand(absolute=0.01), ToleranceBand(absolute=0.02)]
    grid = base.grid(triggers__0__band=bands, harvest__min_loss_usd=[1.0, 2.0, 3.0], lot_method=["fifo"])
    assert len(grid) == 6
    assert len(set(grid)) == 6
    assert grid[0].triggers[0].band == bands[0]
    assert [p.harvest.min_loss_usd for p in grid] == [1.0, 2.0, 3.0] * 2
    assert grid[5].name == (
        "base triggers__0__band=ToleranceBand(absolute=0.02), harvest__min_loss_usd=3.0, lot_method=fifo"
    )
    assert base.grid() == (RebalancePolicy("base", Threshold(), harvest=Harvest()),)
    with pytest.raises(PolicyError, match="min_loss_pct is -1"):
        base.grid(harvest__min_loss_pct=[-1])
