"""Policies: every mistake is said, they print as their own code, hash, and vary by grid."""

from __future__ import annotations

import pytest
from hypothesis import given

from rebal_kit.costs import Costs
from rebal_kit.findings import PolicyError
from rebal_kit.periods import EVERY
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.invariants.random_runs import policies

LOOK = f"use sessions (1, 2, …) or one of {', '.join(EVERY)}"
NAN, INF = float("nan"), float("inf")
BAND = ToleranceBand(absolute=0.1)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (ToleranceBand, ["tolerance band: has no width — give absolute or relative"]),
        (
            lambda: ToleranceBand(-0.1, NAN, "all"),
            [
                "tolerance band: absolute is -0.1 — give a fraction from 0 to 1",
                "tolerance band: relative is nan — give 0 or more",
                "tolerance band: combine is 'all' — use either or both",
            ],
        ),
        (
            lambda: Calendar("decade", -1),
            [
                f"calendar: every is 'decade' — use {', '.join(EVERY)}",
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
                "harvest: min_loss_pct is -1 — give a fraction from 0 to 1",
                "harvest: min_loss_usd is nan — give 0 or more",
                "harvest: min_tax_saved_usd is -0.5 — give 0 or more",
                "harvest: replacements is 0 — give 1 or more",
            ],
        ),
        (
            lambda: Costs(-1, {"A": 10_000.0}),
            [
                "costs: half_spread_bps is -1 — give basis points, 0 to under 10,000",
                "costs: A is 10000 — give basis points, 0 to under 10,000",
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
                "policy 'p': gain_guard_days is -1 — give 0 or more",
                "policy 'p': dividends is 'spend' — use cash, reinvest, drip",
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
        # what a number, a word or a yes means where something else belongs
        (lambda: ToleranceBand("5%"), ["tolerance band: absolute is '5%', not a number — give a fraction from 0 to 1"]),
        (lambda: ToleranceBand(5), ["tolerance band: absolute is 5 — 5 means 500 %; for 5 % write 0.05"]),
        (lambda: ToleranceBand(INF, True, lower=0.1),
         ["tolerance band: absolute is inf — give a fraction from 0 to 1",
          "tolerance band: relative is True, not a number — give 0 or more",
          "tolerance band, lower: band is 0.1, no ToleranceBand — make it with ToleranceBand(absolute=0.1)"]),
        (lambda: Threshold(0.05),
         ["threshold: band is 0.05, no ToleranceBand — make it with ToleranceBand(absolute=0.05)"]),
        (lambda: Threshold(bands={"A": 0.1, "B": "wide"}),
         ["threshold, 'A': band is 0.1, no ToleranceBand — make it with ToleranceBand(absolute=0.1)",
          "threshold, 'B': band is 'wide', no ToleranceBand — make it with ToleranceBand(absolute=0.05)"]),
        (lambda: Threshold(bands=0.1), ["threshold: bands is (0.1,) — give {name: ToleranceBand(…)}"]),
        (lambda: Threshold(bands=[("A", BAND), ("A", BAND)]), ["threshold: 'A' has two bands — keep one"]),
        (lambda: Threshold(look=1.5), [f"threshold: look interval is 1.5 — {LOOK}"]),
        (lambda: Tier("SPY", BAND), ["tier: members is 'SPY' — write ('SPY',)"]),
        (lambda: Tier([5], None),
         ["tier: one of members is 5, not text — give names of classes, or tickers",
          "tier: band is None, no ToleranceBand — make it with ToleranceBand(absolute=0.05)"]),
        (lambda: Tiered((BAND,)), [f"tiered: one of tiers is {BAND!r}, no Tier — make it with Tier(…)"]),
        (lambda: Calendar(3),
         [f"calendar: every is 3 — use {', '.join(EVERY)}; to look every so many sessions use Threshold(look=…)"]),
        (lambda: Calendar(offset=1.5), ["calendar: offset is 1.5, not a whole number — give 0 or more sessions"]),
        (lambda: Calendar(offset="1"), ["calendar: offset is '1', not a number — give 0 or more sessions"]),
        (lambda: Harvest(5, True, "0", replacements=2.5),
         ["harvest: min_loss_pct is 5 — 5 means 500 %; for 5 % write 0.05",
          "harvest: min_loss_usd is True, not a number — give 0 or more",
          "harvest: min_tax_saved_usd is '0', not a number — give 0 or more",
          "harvest: replacements is 2.5, not a whole number — give 1 or more"]),
        (lambda: Harvest(december_min_loss_pct=5, december_min_loss_usd=-1, switch_back="always", choose="any"),
         ["harvest: december_min_loss_pct is 5 — 5 means 500 %; for 5 % write 0.05",
          "harvest: december_min_loss_usd is -1 — give 0 or more",
          "harvest: switch_back is 'always' — use at_loss or no_short_gain",
          "harvest: choose is 'any' — use underweight or correlated"]),
        (lambda: RebalancePolicy(coordinate="no", locate=1, gains="never", withdraw="roth"),
         ["policy: coordinate is 'no' — give True or False", "policy: locate is 1 — give True or False",
          "policy: gains is 'never', no GainLimits — make it with GainLimits(…)",
          "policy: withdraw is 'roth' — use least_tax or taxable_first"]),
        (lambda: Costs("5", {"A": None}),
         ["costs: half_spread_bps is '5', not a number — give basis points, 0 to under 10,000",
          "costs: A is None, not a number — give basis points, 0 to under 10,000"]),
        (lambda: Costs(by_symbol=5), ["costs: by_symbol is (5,) — give {ticker: basis points}"]),
        (lambda: Costs(by_symbol=(("SPY", 1.0), ("SPY", 2.0))), ["costs: SPY has two spreads — keep one"]),
        (lambda: RebalancePolicy(triggers=0.05), ["policy: trigger 0.05 — use Calendar, Threshold or Tiered"]),
        (lambda: RebalancePolicy(triggers="monthly"),
         ["policy: trigger 'monthly' — use Calendar, Threshold or Tiered"]),
        (lambda: RebalancePolicy(7, (), True, gain_guard_days=1.5, harvest=True, avoid_wash_sales="yes",
                                 invest_cash_above=False, min_trade_usd="100", costs=5),
         ["policy '7': name is 7, no str — give text",
          ("policy '7': destination is True, not a number"
          " — use target, half, edge or a fraction of the band from 0 to 1"),
          "policy '7': gain_guard_days is 1.5, not a whole number — give 0 or more",
          "policy '7': harvest is True, no Harvest — make it with Harvest()",
          "policy '7': avoid_wash_sales is 'yes' — give True or False",
          "policy '7': invest_cash_above is False, not a number — give 0 or more",
          "policy '7': min_trade_usd is '100', not a number — give 0 or more",
          "policy '7': costs is 5, no Costs — make it with Costs(…)"]),
        (lambda: RebalancePolicy(triggers=(Calendar(), Threshold(level="security")), destination="half"),
         [("policy: destination is 'half' beside a threshold of level 'security'"
          " — use target: such a class is always brought back to its weights")]),
        (
            lambda: BUY_AND_HOLD.grid(harvest__min_loss_pct=[0.1]),
            [("policy grid: 'harvest__min_loss_pct' names no field"
              " — harvest is None: set harvest itself, or begin with a policy that has one")],
        ),
        (
            lambda: RebalancePolicy().grid(triggers__1__look=[2]),
            ["policy grid: 'triggers__1__look' names no field — triggers has places 0 to 0, written triggers[0]"],
        ),
        (
            lambda: RebalancePolicy().grid(triggers__0__bands=[()], destinatoin=["half"], costs__spread=[1]),
            [("policy grid: 'destinatoin' names no field — RebalancePolicy has "
              + ", ".join(RebalancePolicy.__dataclass_fields__)),
             ("policy grid: 'costs__spread' names no field — costs has half_spread_bps, by_symbol, "
              "estimate_spread, commission_usd, per_share_usd, non_native, impact")],
        ),
    ],
)  # fmt: skip
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


def test_what_is_allowed_at_the_edges() -> None:
    assert ToleranceBand(1, 3.0).relative == 3.0
    assert Harvest(1.0, INF).min_loss_usd == INF
    assert Harvest(december_min_loss_pct=0, december_min_loss_usd=0).december_min_loss_usd == 0
    assert RebalancePolicy(triggers=Threshold(level="security"), destination=0.0).destination_fraction == 0
    with pytest.raises(PolicyError, match=r"band is 0.02, no ToleranceBand"):
        RebalancePolicy().grid(triggers__0__band=[0.02])


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
