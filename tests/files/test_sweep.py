"""Sweep files: what they may say, and that everything wrong with them is said at once, by line."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from rebal_kit.costs import Costs
from rebal_kit.files.bundled import bundled_folder, bundled_names
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.sweep import load_sweep
from rebal_kit.findings import PolicyError
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand

GRID = """
household: two_million
policy: threshold_3pct_harvest
grid:
  triggers[0].band.absolute: [1 %, 0.05]
  lot_method: [hifo, fifo]
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str, name: str = "sweep.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return written


def refused(path: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_sweep(path)
    return [str(finding).removeprefix(f"{path} ") for finding in caught.value.findings]


def test_a_grid(write) -> None:
    spec = load_sweep(write(GRID))
    assert spec.households == (load_household("two_million"),)
    assert spec.design.policies == (load_policy("threshold_3pct_harvest"),)
    assert [spec.design.labels(at)[1:] for at in range(4)] == [
        (0.01, "hifo"), (0.01, "fifo"), (0.05, "hifo"), (0.05, "fifo"),
    ]  # fmt: skip
    assert (spec.market, spec.start, spec.end, spec.open_with) == ("etf", None, None, None)


def test_a_random_design_over_years_for_several_households_and_policies(write) -> None:
    spec = load_sweep(
        write("""
household: [two_million, starter]
policy: [quarterly_harvest, tiered_harvest]
market: stocks
start: 2001-01-02
end: 2009-12-31
open_with: values
random:
  settings: 500
  seed: 3
  fields:
    harvest.min_loss_pct: {low: 1 %, high: 10 %}
    harvest.min_loss_usd: {low: 10, high: 5000, log: true, whole: true}
    lot_method: [hifo, fifo]
""")
    )
    assert [home.name for home in spec.households] == ["two_million", "starter"]
    assert [policy.name for policy in spec.design.policies] == ["quarterly_harvest", "tiered_harvest"]
    assert len(spec.design) == 500
    assert spec.design.seed == 3
    assert (spec.market, spec.open_with) == ("stocks", "values")
    assert (spec.start, spec.end) == (dt.date(2001, 1, 2), dt.date(2009, 12, 31))
    _, loss, usd, method = spec.design.labels(11)
    assert 0.01 <= loss <= 0.1
    assert usd in range(10, 5001)
    assert method in ("hifo", "fifo")


def test_parts_of_policies_and_households_are_written_as_in_their_files(write) -> None:
    spec = load_sweep(
        write("""
household: two_million
policy: threshold_3pct_harvest
grid:
  tax: {working: {ordinary_income: 300000, state_rate: 5 %}, retired: {filing: single}}
  targets:
    shares: {classes: [{name: us stocks, weight: 90 %, members: SPY}], cash: 10 %}
  costs: [{half_spread_bps: 2}, {commission_usd: 5}]
  harvest: {never: none, usual: {}}
  triggers: {monthly: [calendar: {every: month}], both: [calendar: {}, threshold: {look: week}]}
  triggers[0].offset: [0, 2]
  gains.max_gain_usd: [none, 1000]
""")
    )
    design = spec.design
    assert len(design) == 2 * 1 * 2 * 2 * 2 * 2 * 2
    assert design.labels(0)[1:] == ("working", "shares", repr(Costs(2.0)), "never", "monthly", 0, None)
    home = design.household(0, spec.households[0])
    assert home.tax == TaxProfile(ordinary_income=300_000.0, state_rate=0.05)
    assert home.targets.weights == ((AssetClass("us stocks", "SPY"), 0.9),)
    assert design[0].harvest is None
    last = design[len(design) - 1]
    assert last.triggers == (Calendar(offset=2), Threshold(look="week"))
    assert last.harvest == load_policy("threshold_3pct_harvest").harvest.__class__()
    assert last.costs == Costs(commission_usd=5.0)
    assert last.gains.max_gain_usd == 1000
    assert design.household(len(design) - 1, spec.households[0]).tax == TaxProfile("single")


def test_a_part_inside_a_trigger(write) -> None:
    text = GRID.replace("triggers[0].band.absolute: [1 %, 0.05]", "triggers[0].band: [{relative: 20 %}]")
    assert load_sweep(write(text)).design[0].triggers == (Threshold(ToleranceBand(relative=0.2)),)


def test_files_stand_beside_the_sweep(write, tmp_path: Path) -> None:
    write("accounts: [{name: A, owner: Ann, type: taxable, opening_value: 5}]", "home.yaml")
    write("triggers: [calendar: {every: year}]", "rule.yaml")
    write("date,SPY\n2024-01-02,1\n", "prices.csv")
    spec = load_sweep(write("household: home.yaml\npolicy: rule.yaml\nmarket: prices.csv\n"))
    assert spec.households[0].name == "home"
    assert spec.design[0].triggers == (Calendar("year"),)
    assert len(spec.design) == 1
    assert spec.market == str(tmp_path / "prices.csv")
    elsewhere = write("household: home.yaml\npolicy: rule.yaml\nmarket: /nowhere/prices.csv\n")
    assert load_sweep(elsewhere).market == "/nowhere/prices.csv"


def test_everything_wrong_is_said_with_its_line(write) -> None:
    path = write("""
household: two_million
policy: threshold_3pct_harvest
grid:
  triggers[0].bands.absolute: [1 %, 5 %]
  harvest.min_loss_pct: [5 %, 7, 700 %]
  lot_metod: [hifo]
  tax.state_rate: [5 %, 2]
  lot_method: []
  gain_guard_days: {low: 1, high: 9}
""")
    found = refused(path)
    assert len(found) == 7
    for sentence in (
        "line 5, grid.triggers[0].bands.absolute: names no field — triggers[0].bands has nothing",
        "line 6, grid.harvest.min_loss_pct[1]: harvest: min_loss_pct is 7 — 7 means 700 %",
        "line 6, grid.harvest.min_loss_pct[2]: harvest: min_loss_pct is 7 — 7 means 700 %",
        "line 7, grid.lot_metod: names no field — a policy has name, triggers, destination, lot_method",
        "line 8, grid.tax.state_rate[1]: tax profile: state_rate is 2 — give a fraction of 1",
        "line 9, grid.lot_method: has no values — give at least one",
        "line 10, grid.gain_guard_days: is Between(low=1.0, high=9.0), but a grid has no ranges — list the values",
    ):
        assert any(said.startswith(sentence) for said in found), (sentence, found)


def test_values_that_are_parts_are_checked_as_in_their_own_files(write) -> None:
    path = write("""
household: two_million
policy: threshold_3pct_harvest
random:
  settings: 5
  fields:
    costs: [{half_spread_bps: -1}, {spread: 2}]
    tax: {rich: {ordinary_income: "1,000"}}
    lot_method: [{fifo: 1}]
    gain_guard_days: {low: 9, high: x}
    min_trade_usd: {low: 9, hihg: 10}
""")
    assert refused(path) == [
        "line 7, random.fields.costs[0].half_spread_bps: is -1 — give a number at least 0",
        ("line 7, random.fields.costs[1].spread: unknown field 'spread' — use one of half_spread_bps, by_symbol, "
         "estimate_spread, commission_usd, per_share_usd, non_native, impact"),
        ("line 8, random.fields.tax.rich.ordinary_income: is '1,000', not a number"
         " — write it without separators, signs or blanks: 1000"),
        "line 9, random.fields.lot_method[0]: is named values — give a number or a word",
        "line 10, random.fields.gain_guard_days.high: is 'x', not a number — give the highest number",
        "line 11, random.fields.min_trade_usd.high: is missing — give the highest number",
        "line 11, random.fields.min_trade_usd.hihg: unknown field 'hihg' — did you mean 'high'?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("policy: quarterly", "household: is missing — give a household file beside this one"),
        ("household: two_million\npolicy: quartely",
         "line 2, policy: quartely: no bundled policies have the name 'quartely' — did you mean 'quarterly'?"),
        ("household: [two_million, nobody.yaml]\npolicy: quarterly",
         "line 1, household[1]: {folder}/nobody.yaml: there is no such file"),
        (GRID + "random: {{settings: 5, fields: {{}}}}", "sweep: names grid and random — leave one of them out"),
        (GRID.replace("grid:", "gird:"), "line 4, gird: unknown field 'gird' — did you mean 'grid'?"),
        (GRID + "start: 2001-02-30", "line 7, start: is 2001-02-30, which is not in the calendar"),
        (GRID + "random:", "line 7, random: has no value"),
        (GRID.replace("[hifo, fifo]", "hifo"),
         "line 6, grid.lot_method: is 'hifo', a single value — write [hifo], or give several values"),
        ("- 1", "is a list of 1, not named values"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sweep_is_refused(write, text: str, expected: str, tmp_path: Path) -> None:
    (found,) = refused(write(text.replace("{{", "{").replace("}}", "}")))
    assert expected.format(folder=tmp_path) in found


def test_the_example_of_the_notes_is_a_sweep(write) -> None:
    notes = (bundled_folder("sweeps") / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", notes, flags=re.MULTILINE | re.DOTALL)
    assert len(load_sweep(write(example)).design) == 10_000


def test_bundled_sweeps_load() -> None:
    names = bundled_names("sweeps")
    assert "bands" in names
    assert {name: len(load_sweep(name).design) for name in names}["bands"] == 252
    with pytest.raises(PolicyError, match="no bundled sweeps have the name 'band' — did you mean 'bands'"):
        load_sweep("band")


@pytest.mark.parametrize("settings", ["1000000000000", "100000000000000000000"])
def test_more_settings_than_fit_are_refused(write, settings: str) -> None:
    text = f"household: starter\npolicy: tiered_harvest\nrandom:\n  settings: {settings}\n  fields:\n"
    (sentence,) = refused(write(text + "    lot_method: [hifo, fifo]\n"))
    assert re.fullmatch(r"line 4, .*: draws .*1,.*,000 settings — give 100,000,000 at most", sentence)


def test_more_combinations_than_fit_are_refused(write) -> None:
    names = (
        "min_trade_usd",
        "harvest.min_loss_pct",
        "harvest.min_loss_usd",
        "costs.half_spread_bps",
        "min_improvement",
    )
    values = [number / 1000 for number in range(50)]
    grid = "".join(f"  {name}: {values}\n" for name in names)
    found = refused(write(f"household: starter\npolicy: tiered_harvest\ngrid:\n{grid}"))
    assert any(
        "combines to 312,500,000 settings — give 100,000,000 at most" in sentence for sentence in found
    )
    assert "line 3" in found[0]


def test_one_field_under_two_spellings_is_refused(write) -> None:
    text = GRID + "  triggers__0__band__absolute: [2 %]\n"
    (sentence,) = refused(write(text))
    assert "line 7" in sentence
    assert "is the same field as triggers[0].band.absolute — leave one of them out" in sentence


def test_low_and_high_may_be_names_of_values(write) -> None:
    grid = "  harvest:\n    low: {min_loss_pct: 1 %}\n    high: {min_loss_pct: 20 %}\n    never: none\n"
    design = load_sweep(write(f"household: starter\npolicy: tiered_harvest\ngrid:\n{grid}")).design
    assert [design.labels(at)[1] for at in range(3)] == ["low", "high", "never"]
    assert [design[at].harvest.min_loss_pct for at in range(2)] == [0.01, 0.2]
    assert design[2].harvest is None
