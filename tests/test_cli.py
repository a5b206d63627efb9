"""The commands: what they print, where they write, and how they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import DEMO_POLICIES, app

runner = CliRunner()


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, [str(a) for a in arguments])


def test_help_names_every_command() -> None:
    result = rebal("--help")
    assert result.exit_code == 0
    for command in ("demo", "compare", "audit", "tax", "fetch", "quality", "warm"):
        assert command in result.stdout


def test_help_loads_nothing_heavy() -> None:
    heavy = ["pandas", "numba", "altair", "vectorbt"]
    code = f"import sys, rebal_kit.cli; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_version() -> None:
    result = rebal("--version")
    assert result.exit_code == 0
    assert result.stdout.strip() == version("rebal_kit")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    path = tmp_path_factory.mktemp("demo") / "build" / "comparison.html"
    return rebal("demo", "--html", path, "--picture", path.with_name("comparison.png")), path


def test_demo_compares_both_households(demo: tuple[Result, Path]) -> None:
    result = demo[0]
    assert result.exit_code == 0, result.stderr
    for words in ("starter: 20", "two million: 20", "after liquidation", "not tax advice", "law: US federal"):
        assert words in result.stdout
    assert result.stdout.count("  turnover") == 2 * 2
    assert "comparison.html" in result.stderr
    assert "Traceback" not in result.output


def test_demo_says_what_harvesting_cannot_touch_and_everything_once_a_household(
    demo: tuple[Result, Path],
) -> None:
    words = " ".join(demo[0].stdout.split())
    for sentence in (
        "Harvesting: nothing may replace",
        "no loss in them is ever",
        "after tax: less all tax paid",
    ):
        assert words.count(sentence) == 2, sentence


def test_what_is_not_covered_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    given = (Path(__file__).parents[1] / "data/households/starter.yaml").read_text(encoding="utf-8")
    file.write_text(given.replace("complete: true", "complete: false"), encoding="utf-8")
    result = rebal("compare", "--household", file, "--policy", "quarterly")
    assert result.exit_code == 0, result.stderr
    assert " ".join(result.stdout.split()).count("outside accounts unknown") == 1
    assert "Harvesting:" not in result.stdout


def test_demo_page_is_small_and_whole(demo: tuple[Result, Path]) -> None:
    html = demo[1].read_text(encoding="utf-8")
    assert len(html.encode()) < 3_000_000
    for name in DEMO_POLICIES:
        assert name.replace("_", " ") in html
    assert html.rstrip().endswith("</html>")


def test_demo_picture(demo: tuple[Result, Path]) -> None:
    assert demo[1].with_name("comparison.png").read_bytes().startswith(b"\x89PNG")


def test_compare_as_json() -> None:
    result = rebal("compare", "--household", "starter", "--policy", "quarterly", "tiered", "--start", "2006-01-03",
                   "--end", "2009-12-31", "--open-with", "values", "--json")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found["policies"]) == ["quarterly", "tiered"]
    assert (found["first"], found["last"]) == ("2006-01-03", "2009-12-31")
    quarterly = found["policies"]["quarterly"]
    assert quarterly["metrics"]["value_after_tax"] > 50_000
    assert [row["year"] for row in quarterly["years"]] == [2006, 2007, 2008, 2009]
    assert quarterly["policy"].startswith("RebalancePolicy(")
    assert {"severity", "where", "what", "remedy"} == set(found["assumptions"][0])


def test_compare_prints_a_table_and_writes_a_page(tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    result = rebal("compare", "--household", "starter", "--policy", "quarterly", "--policy", "quarterly_harvest",
                   "--html", page)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "quarterly" in result.stdout
    assert "largest fall" in result.stdout
    assert page.stat().st_size > 100_000


def test_files_may_be_given_by_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ntriggers:\n- calendar: {every: year}\n", encoding="utf-8")
    result = rebal("compare", "--household", "starter", "--policy", file, "--json")
    assert result.exit_code == 0, result.stderr
    assert list(json.loads(result.stdout)["policies"]) == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--household", "nobody", "--policy", "quarterly"), "nobody"),
        (("--household", "starter", "--policy", "nonsense"), "nonsense"),
        (("--household", "starter", "--policy", "quarterly", "--market", "moon.csv"), "moon.csv"),
        (("--household", "starter", "--policy", "quarterly", "--market", "stocks"), "GLD"),
        (("--household", "starter", "--policy", "quarterly", "--start", "2031-01-01"), "2031-01-01"),
        (
            ("--household", "starter", "--policy", "quarterly", "quarterly"),
            "a second policy named 'quarterly'",
        ),
    ],
)
def test_bad_input_is_said_on_stderr(arguments: tuple[str, ...], words: str) -> None:
    result = rebal("compare", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.startswith("error: ") or "\nerror: " in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_problems_of_all_policy_files_are_told_at_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("name: one\nlot_method: best\n", encoding="utf-8")
    two.write_text("name: two\nmin_trade_usd: -5\n", encoding="utf-8")
    result = rebal("compare", "--household", "starter", "--policy", one, "--policy", two)
    assert result.exit_code == 2
    assert "lot_method" in result.stderr
    assert "min_trade_usd" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--household", "starter", "--policy", "quarterly", "--start", "yesterday"),
        ("compare", "--household", "starter", "--policy", "quarterly", "--open-with", "gold"),
        ("compare", "--household", "starter", "--policy", "quarterly", "--nonsense"),
        ("compare", "--household", "starter"),
        ("nonsense",),
    ],
)
def test_misused_options_are_refused(arguments: tuple[str, ...]) -> None:
    result = rebal(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = rebal(
        "compare", "--household", "starter", "--policy", "quarterly", "--html", tmp_path / "file" / "p.html"
    )
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_charts_without_their_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = rebal(
        "compare", "--household", "starter", "--policy", "quarterly", "--html", tmp_path / "p.html"
    )
    assert result.exit_code == 2
    assert "rebal_kit[views]" in result.stderr
    assert "after liquidation" in result.stdout


def test_warm_says_what_it_does() -> None:
    result = rebal("warm")
    assert result.exit_code == 0
    assert "compiling" in result.stderr
