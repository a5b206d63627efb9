"""The studio's controls: scenarios come back from them unchanged, and faults stand at the control that has them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rebal_kit.files.bundled import bundled_names
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.scenario import Scenario
from rebal_kit.targets import TargetAllocation
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from rebal_kit.views.studio_form import AS_WRITTEN, BANDS, COLUMNS, TIERS, Form, form_of
from rebal_kit.views.studio_reading import pasted, scenario_of, total

STARTER, COUPLE = load_household("starter"), load_household("two_million")
WIDE = ToleranceBand(0.1, 0.3, "both")


def form(policy: RebalancePolicy | str = "threshold_3pct", household=STARTER) -> Form:
    found = load_policy(policy) if isinstance(policy, str) else policy
    return form_of(Scenario(found, household.name), household)


@pytest.mark.parametrize("household", [STARTER, COUPLE], ids=lambda one: one.name)
@pytest.mark.parametrize("name", bundled_names("policies"))
def test_bundled_policies_come_back_unchanged(name, household):
    scenario = Scenario(load_policy(name), household.name)
    found, faults = scenario_of(form_of(scenario, household), household)
    assert not faults
    assert form_of(scenario, household).trigger != AS_WRITTEN
    assert found == scenario


@pytest.mark.parametrize(
    "policy",
    [
        RebalancePolicy(triggers=(Threshold(WIDE, "week", {"Gold": ToleranceBand(relative=0.25)}),)),
        RebalancePolicy(
            triggers=(Calendar("year", 3), Threshold(look=5)), destination=0.25, lot_method="least_tax"
        ),
        RebalancePolicy(triggers=(Threshold(ToleranceBand(0.05, lower=ToleranceBand(0.02))),)),
        RebalancePolicy(triggers=(Calendar(), Calendar("year"))),
        RebalancePolicy(triggers=(Tiered((Tier(("SPY",), WIDE),)),), harvest=Harvest(0.01, 10, look="week")),
        RebalancePolicy(triggers=(Threshold(level="security"),)),
    ],
    ids=repr,
)
def test_what_controls_cannot_show_is_kept(policy):
    first, last = dt.date(2005, 3, 1), dt.date(2011, 1, 31)
    scenario = Scenario(policy, "two_million", name="odd", start=first, end=last, open_with="lots",
                        tax=replace(COUPLE.tax, outside_short=5_000.0))  # fmt: skip
    found, faults = scenario_of(form_of(scenario, COUPLE), COUPLE)
    assert not faults
    assert found == scenario


def test_targets_of_a_scenario_come_back():
    other = TargetAllocation({"SPY": 0.55, "GLD": 0.25})
    scenario = Scenario(load_policy("quarterly"), targets=other)
    shown = form_of(scenario, STARTER)
    assert [row.target for row in shown.rows] == ["55", "25"]
    assert shown.cash == "20"
    assert scenario_of(shown, STARTER) == (scenario, {})


def test_a_sum_that_misses_100_is_said_at_the_sum():
    changed = form().changed("rows.0.target", "55")
    scenario, faults = scenario_of(changed, STARTER)
    assert scenario is None
    assert list(faults) == ["sum"]
    assert "add up to 105 %, 5 % too much" in str(faults["sum"])
    assert total(changed) == 105
    mended, faults = scenario_of(changed.changed("rows.3.target", "35 %"), STARTER)
    assert not faults
    assert [w for _, w in mended.targets.weights] == [0.55, 0.05, 0.05, 0.35]


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [
        ("rows.1.target", "five", "give percent from 0 to 100"),
        ("rows.1.target", "120", "give percent from 0 to 100"),
        ("cash", "-1", "give percent from 0 to 100"),
        ("rows.2.band", "x", "above 0"),
        ("rows.2.relative", "0", "above 0"),
        ("look", "often", "sessions"),
        ("look", "0", "sessions"),
        ("band", 0.0, "has no width"),
        ("start", "1.1.2005", "year-month-day"),
        ("end", "2011-02-30", "year-month-day"),
        ("half_spread_bps", -1.0, "basis points"),
        ("harvest_pct", 150.0, "percent from 0 to 100"),
        ("impact", -1.0, "0 to 100"),
        ("state_rate", 100.0, "fraction"),
        ("ordinary_income", float("nan"), "US$"),
        ("rows.3.partners", "UST_8_5Y", "listed twice"),
    ],
)
def test_a_fault_stands_at_its_control(control, value, said):
    scenario, faults = scenario_of(form("threshold_3pct_harvest").changed(control, value), STARTER)
    assert scenario is None
    assert control in faults
    assert said in str(faults[control])


def test_a_start_after_the_end_and_no_tiers_at_all():
    wrong = form().changed("start", "2011-01-03").changed("end", "2010-01-04")
    assert "not before end" in str(scenario_of(wrong, STARTER)[1]["start"])
    empty = form("tiered")
    for at in range(4):
        empty = empty.changed(f"rows.{at}.tier", "")
    assert "no class is in a tier" in str(scenario_of(empty, STARTER)[1]["trigger"])
    assert "look" in str(scenario_of(form("tiered").changed("looks.1", "never"), STARTER)[1]["looks.1"])


def test_own_bands_and_tiers_are_those_of_the_table():
    changed = form().changed("rows.2.band", "1.5").changed("rows.3.relative", "10%")
    scenario, _ = scenario_of(changed, STARTER)
    assert dict(scenario.policy.triggers[0].bands) == {
        "Gold": ToleranceBand(absolute=0.015), "Treasuries": ToleranceBand(relative=0.1)
    }  # fmt: skip
    tiered = changed.changed("trigger", TIERS).changed("rows.0.tier", "B").changed("rows.1.tier", "")
    scenario, _ = scenario_of(tiered, STARTER)
    tiers = {tier.members: (tier.look, tier.band.absolute) for tier in scenario.policy.triggers[0].tiers}
    assert tiers == {("Gold",): ("month", 0.015), ("Treasuries",): ("month", None), ("US stocks",): (1, 0.03)}
    assert form().trigger == BANDS


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("40\n10\n10\n40", 0, "target"),
        ("40 %\r\n10 %\r\n10 %\r\n40 %\r\n", 0, "target"),
        ("0.4\n0.1\n0.1\n0.4", 0, "target"),
        (
            "Class\tWeight\nGold\t10%\nGLD\t10%\nUS stocks\t40%\nIYR\t10%\ntreasuries\t40%\ncash\t0%",
            3,
            "band",
        ),
    ],
)
def test_a_table_is_pasted_from_a_spreadsheet(text, row, column):
    found, astray = pasted(form(), text, row, column, COLUMNS)
    assert not astray
    scenario, faults = scenario_of(found, STARTER)
    assert not faults
    assert [weight for _, weight in scenario.targets.weights] == [0.4, 0.1, 0.1, 0.4]


def test_what_a_paste_cannot_place_is_said():
    found, astray = pasted(
        form(), "Class\tWeight\nCopper\t10%\nGold\t6%\nReal estate\t4%", 0, "target", COLUMNS
    )
    assert astray == "not placed: Copper"
    assert [row.target for row in found.rows] == ["50", "4", "6", "40"]
    block, _ = pasted(form(), "2\t20\n3\t30", 1, "band", COLUMNS)
    assert [(row.band, row.relative) for row in block.rows] == [("", ""), ("2", "20"), ("3", "30"), ("", "")]
    assert pasted(form(), " \n", 0, "target", COLUMNS) == (form(), "")
    assert pasted(form(), "1\n2\n3\n4\n5\n6", 0, "target", COLUMNS)[1] == "not placed: 6"
