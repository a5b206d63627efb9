"""Scenarios survive YAML, name their files relative to themselves, and never overwrite what somebody else wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.scenario import digest, dump_scenario, load_scenario, parse_scenario, save_scenario
from rebal_kit.findings import PolicyError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.scenario import Scenario
from tests.files.policies import POLICIES

HOUSEHOLD = load_household("two_million")
WHOLE = Scenario(
    load_policy("tiered_harvest"), "two_million", "etf", "less gold", dt.date(2005, 1, 3), dt.date(2011, 12, 30),
    "values", HOUSEHOLD.targets, replace(HOUSEHOLD.tax, ordinary_income=90_000.0),
)  # fmt: skip


@settings(max_examples=50)
@given(POLICIES)
def test_a_scenario_survives_yaml(policy: RebalancePolicy) -> None:
    for scenario in (Scenario(policy), replace(WHOLE, policy=policy)):
        assert parse_scenario(dump_scenario(scenario)) == scenario


def test_what_is_left_out_is_the_default() -> None:
    found = parse_scenario("household: starter\npolicy: {triggers: []}")
    assert found == Scenario(RebalancePolicy(triggers=()))


def test_problems_are_told_with_their_line() -> None:
    text = "household: starter\nstart: 2012-31-01\npolicy:\n  triggers: []\n  lot_method: fifa\ncolour: red"
    with pytest.raises(PolicyError) as error:
        parse_scenario(text, "what_if.yaml")
    said = str(error.value)
    assert all(part in said for part in ("line 2", "line 5", "fifo", "unknown field 'colour'"))


def test_files_are_named_relative_to_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    save_household(HOUSEHOLD, tmp_path / "home" / "ours.yaml")
    scenario = replace(WHOLE, household=str(tmp_path / "home" / "ours.yaml"))
    save_scenario(scenario, tmp_path / "what_if.yaml")
    assert "household: home/ours.yaml" in (tmp_path / "what_if.yaml").read_text()
    found = load_scenario(tmp_path / "what_if.yaml")
    assert found == scenario
    assert load_household(found.household) == HOUSEHOLD
    nameless = tmp_path / "nameless.yaml"
    save_scenario(replace(scenario, name=""), nameless)
    assert load_scenario(nameless).name == "nameless"


def test_nothing_is_overwritten_that_one_has_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "what_if.yaml"
    written = save_scenario(WHOLE, path, over="")
    assert written == digest(path)
    with pytest.raises(PolicyError, match="is there already"):
        save_scenario(WHOLE, path, over="")
    written = save_scenario(replace(WHOLE, name="second"), path, over=written)
    path.write_text(path.read_text() + "# by hand\n")
    with pytest.raises(PolicyError, match="somebody else"):
        save_scenario(WHOLE, path, over=written)
    assert path.read_text().endswith("# by hand\n")
    save_scenario(WHOLE, path)
    assert load_scenario(path) == WHOLE


def test_a_name_without_its_ending_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="yaml"):
        save_scenario(WHOLE, tmp_path / "what_if")
    (tmp_path / "file").write_text("")
    with pytest.raises(PolicyError, match="cannot be written"):
        save_scenario(WHOLE, tmp_path / "file" / "what_if.yaml")
    assert digest(tmp_path / "nothing.yaml") == ""
