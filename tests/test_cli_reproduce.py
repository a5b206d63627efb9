"""`rebal reproduce`: published figures beside ours, as tables and as JSON; what is missed is no failure."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.published import STUDIES, published
from rebal_kit.reproduction import NOT_ASKED, Reproduction, claim, table_of
from rebal_kit.sources.load import load_market
from rebal_kit.views import reproduction_tables

QUICK = ("one_harvest", "vanguard_2010")
ROWS = [
    ("near [b]that[/b]", 1.5, 1.4, 1.0, 2.0), ("too low", 12_345.6, -3.0, 0.0, math.nan),
    ("only shown", math.nan, 0.0, *NOT_ASKED), ("ranged", "0.5 to [b]1.0", 0.7, 0.5, 3.0),
    ("at most", 2.0, 1.0, math.nan, 3.0), claim("so it is", False),
]  # fmt: skip
MADE = Reproduction(
    "made", "somebody [red] (1999)", table_of(ROWS), ("other [years]",),
    (Finding("warning", "data [x]", "a hole"), Finding("note", "law", "of 2026")),
)  # fmt: skip


def rebal(*arguments: str, columns: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["reproduce", *arguments])


def words(text: str) -> str:
    return " ".join(text.split())


def printed(found: dict[str, Reproduction], columns: int = 100) -> str:
    console = Console(width=columns, record=True, color_system=None)
    for part in reproduction_tables.terminal(found):
        console.print(part)
    return console.export_text()


@pytest.fixture(scope="module")
def shown() -> Result:
    return rebal(*QUICK)


def test_help_names_the_command_and_its_options() -> None:
    assert "reproduce" in CliRunner().invoke(app, ["--help"]).stdout
    found = rebal("--help").stdout
    assert "STUDY" in found
    assert "--json" in found


def test_the_names_can_be_listed() -> None:
    assert rebal("--list").stdout.split() == list(STUDIES)


def test_figures_stand_beside_those_published_and_what_is_missed_is_no_failure(shown: Result) -> None:
    assert shown.exit_code == 0, shown.stderr
    said = words(shown.stdout)
    assert "2/2" in shown.stderr
    for part in (
        "one_harvest: the value of one harvest",
        "closed form, US$ 4,767.97 4,767.97 4,767.96 to 4,767.98 holds",
        "never: average equity, % 84.10 88.50 81.60 to 86.60 MISSED",
        "never: return, % 8.10 8.94 – never",
        "28 of 29 figures hold; missed: never: average equity, %",
        "· Bonds are one-month Treasury bills here",
        "· warning: fama_french: total returns only",
        "not tax advice",
    ):
        assert part in said, part
    assert said.index("one_harvest:") < said.index("vanguard_2010:")


def test_json_holds_the_same_figures(shown: Result) -> None:
    result = rebal(*QUICK, "--json")
    assert result.exit_code == 0
    studies = json.loads(result.stdout, parse_constant=pytest.fail)["studies"]
    assert [each["study"] for each in studies] == list(QUICK)
    assert [each["holds"] for each in studies] == [True, False]
    assert list(studies[1]) == ["study", "title", "source", "holds", "figures", "differences", "assumptions"]
    rows = {row["figure"]: row for row in studies[1]["figures"]}
    assert rows["never: average equity, %"]["holds"] is False
    assert rows["never: return, %"] | {"ours": 0} == {
        "figure": "never: return, %", "published": 8.1, "ours": 0, "low": None, "high": None, "holds": None,
    }  # fmt: skip


def test_every_kind_of_row_has_its_words() -> None:
    said = words(printed({"made": MADE}))
    for part in (
        "near [b]that[/b] 1.50 1.40 1.00 to 2.00 holds", "too low 12,345.60 −3.00 from 0 MISSED",
        "only shown – 0 – ranged 0.5 to [b]1.0 0.70 0.50 to 3.00 holds at",
        "at most 2.00 1.00 up to 3.00 holds", "so it is claimed not so so MISSED", "somebody [red] (1999)",
        "· other [years]", "made: 3 of 5 figures hold; missed: too low; so it is", "· warning: data [x]: a hole",
    ):  # fmt: skip
        assert part in said, part
    assert "of 2026" not in said


def test_a_published_range_is_text_in_json_too() -> None:
    figures = reproduction_tables.as_json({"made": MADE})["studies"][0]["figures"]
    said = {row["figure"]: row["published"] for row in figures}
    assert said["ranged"] == "0.5 to [b]1.0"
    assert said["only shown"] is None
    assert said["near [b]that[/b]"] == 1.5


def test_a_doubt_about_the_data_is_said_once() -> None:
    assert printed({"one": MADE, "two": MADE}).count("a hole") == 1


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_longer_than_the_terminal_and_no_figure_is_cut(columns: int) -> None:
    text = printed({"made": MADE}, columns)
    assert max(map(len, text.splitlines())) <= columns
    assert "12,345.60" in text
    assert "…" not in text


def test_strange_names_are_all_said_and_nothing_runs() -> None:
    result = rebal("one_harvest", "[b]", "lee_2080", "--json")
    assert result.exit_code == 2
    assert not result.stdout
    said = words(result.stderr)
    assert "no study is called '[b]' — use vanguard_2010, daryanani_2008" in said
    assert "no study is called 'lee_2080'" in said
    assert "Traceback" not in said


def test_a_name_is_enough_and_one_given_twice_runs_once() -> None:
    told: list[Any] = []
    found = published(load_market, "one_harvest", progress=told.append)
    assert list(found) == ["one_harvest"]
    assert list(published(load_market, ["one_harvest", "one_harvest"])) == ["one_harvest"]
    assert told == ["one_harvest"]
    with pytest.raises(PolicyError, match="no study is called 'x'"):
        published(load_market, "x")


def test_the_full_list_is_the_one_that_is_told() -> None:
    assert list(STUDIES) == [
        "vanguard_2010", "daryanani_2008", "lee_2008", "leland_1999", "harvesting_by_period", "one_harvest",
        "lots_by_method", "asset_location",
    ]  # fmt: skip
