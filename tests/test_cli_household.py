"""`rebal household`: what it prints, where it writes, and how it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.household_comparison import AS_IT_IS, SWITCHES, compare_household
from rebal_kit.sources.load import load_market

runner = CliRunner()
SHORT = ("--start", "2007-01-03", "--end", "2009-12-31")


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["household", *(str(a) for a in arguments)])


def words(text: str) -> str:
    return " ".join(text.split())


def test_help_names_the_command() -> None:
    listed = runner.invoke(app, ["--help"])
    assert "household" in listed.stdout
    shown = rebal("--help")
    assert shown.exit_code == 0
    for option in ("--policy", "--market", "--start", "--end", "--open-with", "--json", "--html"):
        assert option in shown.stdout


def test_tables_of_worth_and_of_tax_saved() -> None:
    result = rebal("two_million", "--policy", "tiered_harvest", *SHORT)
    assert result.exit_code == 0, result.stderr
    said = words(result.stdout)
    for sentence in (
        "two million: what each part of tiered harvest is worth, 2007-01-03 to 2009-12-31",
        *(f"Tax saved against {name}, US$" for name in SWITCHES),
        "If everything were sold",
        "law: US federal law of 2026",
        "not tax advice",
    ):
        assert sentence in said, sentence
    assert "5/5" in result.stderr
    for note in (
        "worth: growth of the policy as it is",
        "deferred: falls due when",
        "deferred gains at 23.8%",
    ):
        assert said.count(note) == 1, note


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_no_figure_is_cut_short_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = rebal("two_million", "--policy", "tiered_harvest", *SHORT)
    found = _straight("tiered_harvest")
    for value in found.worth["value_after_tax"]:
        assert f"{value / 1_000:,.1f}" in result.stdout
    assert "…" not in result.stdout.split("· worth:", maxsplit=1)[0]


def _straight(policy: str):
    return compare_household(
        load_market("etf"), load_household("two_million"), load_policy(policy), start=SHORT[1], end=SHORT[3]
    )


def test_json_says_what_the_package_says() -> None:
    result = rebal("two_million", "--policy", "tiered_harvest", *SHORT, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    straight = _straight("tiered_harvest")
    assert list(found["worth"]) == list(found["policies"]) == list(straight.runs)
    for name, row in straight.worth.to_dict("index").items():
        assert found["worth"][name] == pytest.approx(row)
    for name, alpha in straight.tax_alphas.items():
        assert found["tax_alpha"][name]["total"]["saved"] == pytest.approx(alpha.saved)
    assert (found["first"], found["last"], found["opened_with"]) == (SHORT[1], SHORT[3], "values")


def test_what_is_off_already_is_said_and_not_run() -> None:
    result = rebal("starter", "--policy", "quarterly", *SHORT)
    assert result.exit_code == 0, result.stderr
    assert "the policy has harvest off already" in words(result.stdout)
    assert "4/4" in result.stderr
    assert "not harvested" not in result.stdout


def test_opening_with_lots() -> None:
    result = rebal("two_million", "--policy", "quarterly", "--open-with", "lots", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["first"], found["opened_with"]) == ("2012-08-31", "lots")


def test_a_page_is_written(tmp_path: Path) -> None:
    page = tmp_path / "new" / "household.html"
    result = rebal("two_million", "--policy", "threshold_3pct_harvest", *SHORT, "--html", page)
    assert result.exit_code == 0, result.stderr
    html = page.read_text(encoding="utf-8")
    assert html.rstrip().endswith("</html>")
    for text in ("What stands in which account", "Tax saved, by what is switched off", *SWITCHES, AS_IT_IS):
        assert text in html
    assert "household.html" in result.stderr


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    home, policy = tmp_path / "home.yaml", tmp_path / "policy.yaml"
    home.write_text("name: home\naccounts: []\n", encoding="utf-8")
    policy.write_text("name: one\nlot_method: best\n", encoding="utf-8")
    result = rebal(home, "--policy", policy, "--market", "moon.csv")
    assert result.exit_code == 2
    assert result.stdout == ""
    for what in ("home.yaml", "lot_method", "moon.csv"):
        assert what in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "--policy", "quarterly"), "nobody"),
        (("starter", "--policy", "nonsense"), "nonsense"),
        (("starter", "--policy", "quarterly", "--market", "moon.csv"), "moon.csv"),
        (("starter", "--policy", "quarterly", "--market", "stocks"), "GLD"),
        (("starter", "--policy", "quarterly", "--start", "2031-01-01"), "2031-01-01"),
        (("starter", "--policy", "quarterly", "--start", "2009-01-02", "--end", "2008-01-02"), "2008-01-02"),
        (("starter", "--policy", "quarterly", "--market", "dow30"), "SPY"),
    ],
)
def test_bad_input_is_said_on_stderr(arguments: tuple[str, ...], said: str) -> None:
    result = rebal(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "error: " in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("starter",),
        ("--policy", "quarterly"),
        ("starter", "--policy", "quarterly", "--start", "yesterday"),
        ("starter", "--policy", "quarterly", "--open-with", "gold"),
        ("starter", "starter", "--policy", "quarterly"),
        ("starter", "--policy", "quarterly", "--nonsense"),
    ],
)
def test_misused_options_are_refused(arguments: tuple[str, ...]) -> None:
    result = rebal(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = rebal("starter", "--policy", "quarterly", *SHORT, "--html", tmp_path / "file" / "p.html")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_charts_without_their_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = rebal("starter", "--policy", "quarterly", *SHORT, "--html", tmp_path / "p.html")
    assert result.exit_code == 2
    assert "rebal_kit[views]" in result.stderr
    assert "after liquidation" in words(result.stdout)
