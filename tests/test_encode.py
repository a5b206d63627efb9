"""encode: nouns become the arrays the engine reads, in the market's column order and always of one layout."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import given, settings

from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, Security, TaxLot
from rebal_kit.encode import encode_structure
from rebal_kit.engine.arrays import DEFERRED, ROTH, TAXABLE
from rebal_kit.findings import PolicyError
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.run import prepare
from rebal_kit.schedule import look_sessions
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.invariants.random_runs import households, markets, policies
from tests.worlds import account, household_of, market_of

MARKET = market_of({s: [10.0] * 300 for s in ("A", "P", "B", "C")})
STOCKS = AssetClass("stocks", {"A": 1, "P": 0})
REST = AssetClass("rest", {"B": 0.25, "C": 0.75})
TARGETS = TargetAllocation({STOCKS: 0.5, REST: 0.4}, {"stocks": (1, 3, 2)})


def looked(look, offset: int = 0, market=MARKET) -> list[dt.date]:
    return [d.item() for d in market.dates[look_sessions(market, look, offset)]]


def test_every_so_many_sessions_counts_from_the_first() -> None:
    assert np.flatnonzero(look_sessions(MARKET, 100)).tolist() == [0, 100, 200]
    assert look_sessions(MARKET, 1).all()


def test_periods_begin_on_their_first_session_inside_the_market() -> None:
    assert looked("week")[:2] == [dt.date(2024, 1, 8), dt.date(2024, 1, 15)]
    assert looked("month")[:3] == [dt.date(2024, 2, 1), dt.date(2024, 3, 1), dt.date(2024, 4, 1)]
    assert looked("quarter") == [
        dt.date(2024, 4, 1),
        dt.date(2024, 7, 1),
        dt.date(2024, 10, 1),
        dt.date(2025, 1, 1),
    ]
    assert looked("half-year") == [dt.date(2024, 7, 1), dt.date(2025, 1, 1)]
    assert looked("year") == [dt.date(2025, 1, 1)]
    assert len(looked("session")) == len(MARKET.dates) - 1


def test_an_offset_is_so_many_sessions_later() -> None:
    assert looked("quarter", 2)[0] == dt.date(2024, 4, 3)
    # What would fall behind the last session is not looked at.
    assert looked("year", 100) == []
    assert looked("quarter", 10_000) == []


def test_a_holiday_on_monday_leaves_the_week_its_tuesday() -> None:
    gaps = market_of({"A": [1, 1, 1, 1]}, ["2024-01-11", "2024-01-12", "2024-01-16", "2024-01-22"])
    assert looked("week", market=gaps) == [dt.date(2024, 1, 16), dt.date(2024, 1, 22)]


def test_accounts_groups_sleeves_and_classes() -> None:
    accounts = [account(kind.name, kind, value=1.0) for kind in AccountKind]
    household = household_of(TARGETS, *accounts, identical=(("A", "B"), ("X", "C")))
    structure = prepare(MARKET, household).structure
    assert structure.kind.tolist() == [TAXABLE, DEFERRED, ROTH, DEFERRED, ROTH]
    # Columns are A P B C; A and B are identical.
    assert structure.group.tolist() == [0, 1, 0, 2]
    assert structure.group_first.tolist() == [0, 2, 3, 4]
    assert structure.group_member.tolist() == [0, 2, 1, 3]
    assert structure.sleeve_of.tolist() == [0, 0, 1, 2]
    assert structure.sleeve_member.tolist() == [0, 1, 2, 3]
    assert structure.sleeve_first.tolist() == [0, 2, 3, 4]
    assert structure.sleeve_class.tolist() == [0, 1, 1]
    assert structure.sleeve_weight.tolist() == [1.0, 0.25, 0.75]
    assert structure.class_first.tolist() == [0, 1, 3]
    assert structure.target.tolist() == [0.5, 0.4]
    assert structure.cash_target == pytest.approx(0.1)
    assert structure.location.tolist() == [[1, 3, 2], [1, 1, 1]]
    assert structure.replaceable.tolist() == [True, True, True, True]


def test_what_nothing_can_replace() -> None:
    alone = household_of({"A": 0.5, REST: 0.4}, identical=(("B", "C"),))
    assert prepare(MARKET, alone).structure.replaceable.tolist() == [False, False, False]


def test_a_holding_outside_the_targets_is_in_no_sleeve() -> None:
    lot = TaxLot("1", "C", 5, 5.0, dt.date(2020, 1, 2))
    setting = prepare(MARKET, household_of({"A": 1.0}, account(cash=1.0, lots=(lot,))))
    assert setting.market.symbols == ("A", "C")
    assert setting.structure.sleeve_of.tolist() == [0, -1]


def test_distributions_by_kind() -> None:
    bond = Security("A", qualified_share=0.0, state_exempt=True)
    setting = prepare(market_of({"A": [1, 1]}, securities=(bond,)), household_of({"A": 1.0}))
    assert (setting.structure.qualified.tolist(), setting.structure.exempt.tolist()) == ([0.0], [1.0])


def test_each_years_tax_is_due_on_the_first_session_from_15_april() -> None:
    dates = ["2023-03-01", "2024-04-12", "2024-04-17", "2025-04-15", "2026-03-02"]
    setting = prepare(market_of({"A": [1] * 5}, dates), household_of({"A": 1.0}))
    assert setting.prices.tax_due.tolist() == [-1, -1, 0, 1, -1]
    assert setting.prices.year.tolist() == [0, 1, 1, 2, 3]


def test_rules_bands_and_widths() -> None:
    wide = ToleranceBand(absolute=0.10, relative=0.30, combine="both", lower=ToleranceBand(relative=0.5))
    policy = RebalancePolicy(
        "p", (
            Calendar("year"), Threshold(ToleranceBand(relative=0.1), bands={"rest": wide}),
            Threshold(ToleranceBand(absolute=0.02), bands={"C": wide}, level="security", look="week"),
            Tiered((Tier(("stocks", "B"), ToleranceBand(absolute=0.03), 5),)),
        ),
        harvest=Harvest(look="month"), costs=Costs(10, {"B": 40}),
    )  # fmt: skip
    plan = prepare(MARKET, household_of(TARGETS)).plan(policy)
    assert plan.reason.tolist() == [
        Reason.CALENDAR,
        Reason.THRESHOLD,
        Reason.THRESHOLD,
        Reason.TIER,
        Reason.TIER,
    ]
    assert plan.scheduled.tolist() == [True, False, False, False, False]
    assert plan.by_sleeve.tolist() == [False, False, True, False, True]
    assert plan.applies.astype(int).tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 0, 0], [0, 1, 0]]
    assert plan.applies_class.astype(int).tolist() == [[1, 1], [1, 1], [1, 1], [1, 0], [0, 1]]
    # stocks 50 % ± 5 points; rest 40 %: up by the wider of 10 and 12 points, down by half, 20 points.
    assert plan.class_above[1] == pytest.approx([0.05, 0.12])
    assert plan.class_below[1] == pytest.approx([0.05, 0.20])
    # A 50 % and B 10 % ± 2 points; C 30 %: up by the wider of 10 and 9 points, down by half, 15 points.
    assert plan.above[2] == pytest.approx([0.02, 0.02, 0.10])
    assert plan.below[2] == pytest.approx([0.02, 0.02, 0.15])
    assert plan.look.sum(axis=1).tolist() == [1, 300, 60, 60, 60]
    assert plan.looked.all()
    assert plan.harvest_look.sum() == 13
    assert plan.half_spread[0] == pytest.approx([0.001, 0.001, 0.004, 0.001])


def test_without_rules_nothing_is_looked_at() -> None:
    plan = prepare(MARKET, household_of(TARGETS)).plan(RebalancePolicy(triggers=()))
    assert plan.look.shape == (0, 300)
    assert not plan.looked.any()
    assert not plan.harvest_look.any()


@pytest.mark.parametrize(
    ("trigger", "names"),
    [
        (Threshold(bands={"bonds": ToleranceBand(0.1), "gold": ToleranceBand(0.1)}), "bonds, gold"),
        (Tiered((Tier(("stocks", "X"), ToleranceBand(0.1)),)), "X"),
        (Tiered((Tier(("P",), ToleranceBand(0.1)),)), "P"),  # a partner has no weight of its own
    ],
)
def test_a_rule_for_what_the_targets_do_not_have_is_refused(trigger, names: str) -> None:
    with pytest.raises(PolicyError) as caught:
        prepare(MARKET, household_of(TARGETS)).plan(RebalancePolicy("p", trigger))
    assert str(caught.value) == (
        f"policy 'p': names {names}, which the targets do not have"
        " — use a class or a weighted member: A, B, C, rest, stocks"
    )


def test_a_band_of_a_security_where_classes_are_compared_is_refused() -> None:
    """It would otherwise be the band of the whole class, or of nothing at all."""
    policy = RebalancePolicy("p", Threshold(bands={"A": ToleranceBand(0.1), "C": ToleranceBand(0.2)}))
    with pytest.raises(PolicyError) as caught:
        prepare(MARKET, household_of(TARGETS)).plan(policy)
    assert str(caught.value) == (
        "policy 'p': has a band for A, C, but compares whole classes"
        " — name a class (rest, stocks), or set level to security"
    )
    # A ticker that stands for its class is the class.
    assert prepare(MARKET, household_of({"A": 0.5, "C": 0.5})).plan(policy).class_above[0] == pytest.approx(
        [0.1, 0.2]
    )


@pytest.mark.compiled
@settings(max_examples=60)
@given(markets(), households(), policies())
def test_every_run_has_one_layout_so_that_the_engine_is_compiled_once(market, household, policy) -> None:
    first = prepare(MARKET, household_of(TARGETS))
    expected = numba.typeof(first.desk(first.plan(RebalancePolicy()), first.room(journal=8)))
    setting = prepare(market, household)
    assert numba.typeof(setting.desk(setting.plan(policy), setting.room())) == expected


@pytest.mark.compiled
def test_whole_numbers_are_as_good_as_fractions() -> None:
    setting = prepare(
        MARKET, household_of(TARGETS, tax=TaxProfile(ordinary_income=1, state_rate=0, flat=(0, 0, 0)))
    )
    whole = RebalancePolicy(
        "w", Threshold(ToleranceBand(absolute=0, relative=1)), 1, gain_guard_days=30, harvest=Harvest(0, 100, 5),
        invest_cash_above=0, min_trade_usd=100, costs=Costs(1, {"A": 2}), avoid_wash_sales=True,
    )  # fmt: skip
    plain = prepare(MARKET, household_of(TARGETS))
    expected = numba.typeof(plain.desk(plain.plan(RebalancePolicy()), plain.room()))
    assert numba.typeof(setting.desk(setting.plan(whole), setting.room())) == expected


def test_what_the_household_says_of_a_security_counts_for_more_than_the_market() -> None:
    household = household_of({"A": 0.5, "B": 0.5})
    own = replace(household, securities=(Security("B", qualified_share=0.25, state_exempt=True),))
    market = MARKET.select(("A", "B"))
    assert encode_structure(household, market).qualified.tolist() == [1.0, 1.0]
    structure = encode_structure(own, market)
    assert structure.qualified.tolist() == [1.0, 0.25]
    assert structure.exempt.tolist() == [0.0, 1.0]


def test_costs_of_a_security_the_household_does_not_hold_are_refused() -> None:
    policy = RebalancePolicy("p", costs=Costs(2, {"ZZZ": 50}))
    with pytest.raises(
        PolicyError, match=r"policy 'p': costs name ZZZ, which the household does not hold — use A"
    ):
        prepare(MARKET, household_of(TARGETS)).plan(policy)
