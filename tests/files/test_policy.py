"""Policies survive YAML and their own printed form, and say what is wrong with them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings

import rebal_kit.policy
import rebal_kit.triggers
from rebal_kit.costs import Costs
from rebal_kit.files.bundled import bundled_names
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import dump_policy, load_policy, parse_policy
from rebal_kit.files.policy_file import (
    BandFile,
    CalendarFile,
    CostsFile,
    GainLimitsFile,
    HarvestFile,
    PolicyFile,
    ThresholdFile,
    TierFile,
)
from rebal_kit.findings import PolicyError
from rebal_kit.gain_limits import GainLimits
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.files.policies import POLICIES

PLAIN = ("buy_and_hold", "quarterly", "threshold_3pct", "tiered")


@settings(max_examples=300)
@given(POLICIES)
def test_a_policy_survives_yaml_and_its_own_code(policy: RebalancePolicy) -> None:
    assert parse_policy(dump_policy(policy)) == policy
    assert eval(repr(policy), {**vars(rebal_kit.policy), **vars(rebal_kit.triggers)}) == policy


@pytest.mark.parametrize(
    ("noun", "file"),
    [(RebalancePolicy, PolicyFile), (Calendar, CalendarFile), (Threshold, ThresholdFile), (Tier, TierFile),
     (ToleranceBand, BandFile), (Harvest, HarvestFile), (Costs, CostsFile), (GainLimits, GainLimitsFile)],
)  # fmt: skip
def test_a_file_holds_every_field_of_the_noun(noun: type, file: type[BandFile]) -> None:
    assert {f.name for f in fields(noun)} == set(file.model_fields)


def test_what_is_left_out_has_the_default_of_the_noun() -> None:
    assert parse_policy("triggers: []") == RebalancePolicy(triggers=())
    text = "triggers: [{calendar: {}}, {threshold: {}}]\nharvest: {}\ncosts: {}\ngains: {}"
    assert parse_policy(text) == RebalancePolicy(triggers=(Calendar(), Threshold()), harvest=Harvest())


def test_bundled_policies() -> None:
    assert set(bundled_names("policies")) == {*PLAIN, *(f"{name}_harvest" for name in PLAIN)}
    for name in PLAIN:
        plain, twin = load_policy(name), load_policy(f"{name}_harvest")
        assert plain.name == name
        assert plain.harvest is None
        assert twin == replace(plain, name=f"{name}_harvest", harvest=Harvest(0.05, 500, look=1))
    assert load_policy("buy_and_hold").triggers == ()
    assert load_policy("buy_and_hold").dividends == "reinvest"
    assert load_policy("quarterly").triggers == (Calendar("quarter"),)
    assert load_policy("threshold_3pct").triggers == (Threshold(ToleranceBand(absolute=0.03), 1),)
    large = Tier(("US stocks", "Treasuries"), ToleranceBand(absolute=0.05), "month")
    small = Tier(("Real estate", "Gold"), ToleranceBand(relative=0.2), 1)
    assert load_policy("tiered").triggers == (Tiered((large, small)),)


@pytest.mark.parametrize("household", ["starter", "two_million"])
def test_bundled_tiers_name_classes_of_the_bundled_households(household: str) -> None:
    (tiered,) = load_policy("tiered").triggers
    assert isinstance(tiered, Tiered)
    named = {name for tier in tiered.tiers for name in tier.members}
    assert named <= {c.name for c in load_household(household).targets.classes}


@pytest.mark.parametrize(
    ("text", "width"), [("5 %", 0.05), ("5%", 0.05), ("0.05", 0.05), ("0.1 %", 0.001), ("150 %", 1.5)]
)
def test_a_percent_sign_is_understood(text: str, width: float) -> None:
    (trigger,) = parse_policy(f"triggers: [{{threshold: {{band: {{relative: {text}}}}}}}]").triggers
    assert isinstance(trigger, Threshold)
    assert trigger.band.relative == width


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("triggers: [{threshold: {band: {absolute: 3}}}]", "p line 1, triggers[0].threshold.band.absolute",
         "is 3, which as a fraction would be 300 %", "write 3 % with its percent sign, or 0.03"),
        ("triggers: [{threshold: {band: {}}}]", "p line 1, triggers[0].threshold.band",
         "tolerance band: has no width", "give absolute or relative"),
        ("triggers: [{calendar: {every: quartr}}]", "p line 1, triggers[0].calendar.every",
         "is 'quartr'", "did you mean 'quarter'?"),
        ("triggers:\n  - calendar: {}\n    threshold: {}", "p line 2, triggers[0]",
         "trigger: names calendar and threshold", "name one of calendar, threshold and tiered"),
        ("triggers: []\ntriger: []", "p line 2, triger", "unknown field 'triger'", "did you mean 'triggers'?"),
        ("name: x", "p line 1, triggers", "is missing", "give a list of triggers; [] is buy and hold"),
        ("triggers: []\nlot_method: HIFO", "p line 2, lot_method", "is 'HIFO'", "did you mean 'hifo'?"),
        ("triggers: []\nharvest: {look: 0}", "p line 2, harvest.look", "is 0",
         "use a number of sessions (1, 2, …) or one of session, week, month, quarter, half-year, year"),
        ("triggers: []\nharvest: {min_loss_usd: '1,000'}", "p line 2, harvest.min_loss_usd",
         "is '1,000', not a number", "write it without separators, signs or blanks: 1000"),
        ("triggers: []\navoid_wash_sales: yes", "p line 2, avoid_wash_sales",
         "is 'yes', not true or false", "write true or false"),
        ("triggers: []\ngain_guard_days: 1.5", "p line 2, gain_guard_days",
         "is 1.5, not a whole number",
         "give a number of days: short-term gains that turn long-term within it are postponed"),
        ("triggers: []\nmin_trade_usd: -1", "p line 2, min_trade_usd", "is -1", "give a number at least 0"),
        ("triggers: []\ndestination: 2", "p line 2, destination", "is 2",
         "use target, half, edge, or a fraction of the band from 0 to 1"),
        ("triggers: []\nname: 3", "p line 2, name", "is 3, not text", 'put it in quotes: "3"'),
        ("triggers: []\ndividends: drp", "p line 2, dividends", "is 'drp'", "did you mean 'drip'?"),
        ("triggers: []\ngains: {short: none}", "p line 2, gains.short", "is 'none'",
         "use one of allow, minimise, never"),
        ("triggers: []\ngains: {max_tax_usd: -1}", "p line 2, gains.max_tax_usd", "is -1", "give a number at least 0"),
        ("triggers: []\ngains: {max_gain_usd: low}", "p line 2, gains.max_gain_usd", "is 'low', not a number",
         "give the most net gain in a calendar year in US$; no limit when not given"),
        ("triggers: []\ngains:\n  max_legacy_gain_usd: 5", "p line 2, gains",
         "gain limits: max_legacy_gain_usd is given, but holdings outside the targets are not sold",
         "set sell_legacy, or leave max_legacy_gain_usd out"),
        ("triggers: []\nharvest: {december_min_loss_pct: 3}", "p line 2, harvest.december_min_loss_pct",
         "is 3, which as a fraction would be 300 %", "write 3 % with its percent sign, or 0.03"),
        ("triggers: []\nharvest: {switch_back: never}", "p line 2, harvest.switch_back", "is 'never'",
         "use one of at_loss, no_short_gain"),
        ("triggers: []\nwithdraw: taxable", "p line 2, withdraw", "is 'taxable'", "did you mean 'taxable_first'?"),
        ("triggers: []\ncoordinate: no", "p line 2, coordinate", "is 'no', not true or false", "write true or false"),
        ("triggers: [{tiered: []}]", "p line 1, triggers[0].tiered", "is a list of 0", "give a list of tiers"),
        ("triggers: []\nharvest:", "p line 2, harvest", "has no value", "give one, or remove the line"),
        ("[]", "p line 1", "is a list of 0, not named values", "see the examples in data/"),
        ("triggers: []\nmin_trade_usd: " + "9" * 5000, "p line 2, min_trade_usd",
         f"is '{'9' * 40}', which is no int", "check the value"),
        ("triggers: []\nmin_trade_usd: " + "9" * 400, "p line 2, min_trade_usd",
         f"is {'9' * 57}…, not a number", "give the smallest order in US$"),
    ],
)  # fmt: skip
def test_one_problem_one_finding(text: str, where: str, what: str, remedy: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p")
    assert [(f.where, f.what, f.remedy) for f in caught.value.findings] == [(where, what, remedy)]


def test_all_problems_are_said_at_once() -> None:
    text = (
        "trigger: []\nlot_method: best\nlot_method: fifo\nharvest: {look: never, min_loss_pct: 5}\ncosts: 3"
    )
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p")
    places = {f.where for f in caught.value.findings}
    assert places == {
        "p line 1, triggers", "p line 1, trigger", "p line 3, lot_method", "p line 4, harvest.look",
        "p line 4, harvest.min_loss_pct", "p line 5, costs",
    }  # fmt: skip


def test_a_file_without_a_name_is_called_by_its_own(tmp_path: Path) -> None:
    path = tmp_path / "my_rule.yaml"
    path.write_text("triggers: []")
    assert load_policy(path).name == load_policy(str(path)).name == "my_rule"


def test_what_gains_and_harvests_may_say() -> None:
    text = """\
triggers: []
dividends: drip
coordinate: false
locate: false
withdraw: taxable_first
harvest: {december_min_loss_pct: 2 %, december_min_loss_usd: 100, switch_back: no_short_gain, choose: correlated}
gains: {short: minimise, pair: true, max_gain_usd: 5000, max_tax_usd: 1000, sell_legacy: true, max_legacy_gain_usd: 0}
"""
    policy = parse_policy(text)
    assert policy == RebalancePolicy(
        triggers=(), dividends="drip", coordinate=False, locate=False, withdraw="taxable_first",
        harvest=Harvest(december_min_loss_pct=0.02, december_min_loss_usd=100.0, switch_back="no_short_gain",
                        choose="correlated"),
        gains=GainLimits("minimise", True, 5_000.0, 1_000.0, True, 0.0),
    )  # fmt: skip
    assert parse_policy(dump_policy(policy)) == policy


def test_what_a_file_cannot_say_is_not_written() -> None:
    with pytest.raises(PolicyError, match="is ' SPY', with blanks around it"):
        dump_policy(RebalancePolicy(costs=Costs(by_symbol={" SPY": 1.0})))
