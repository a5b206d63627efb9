"""`rebal compare --save` and `rebal audit`: what is kept can be checked, and what was changed is found."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rebal_kit.cli import app

RUNNER = CliRunner()


@pytest.fixture
def kept(tmp_path):
    folder = tmp_path / "runs"
    arguments = ["compare", "--household", "starter", "--policy", "quarterly", "threshold_3pct_harvest"]
    done = RUNNER.invoke(app, [*arguments, "--save", str(folder)])
    assert done.exit_code == 0, done.output
    assert "kept:" in done.stderr
    return folder


def test_a_kept_run_comes_out_as_it_said(kept):
    assert sorted(path.name for path in kept.iterdir()) == ["quarterly", "threshold_3pct_harvest"]
    for folder in kept.iterdir():
        done = RUNNER.invoke(app, ["audit", str(folder)])
        assert done.exit_code == 0, done.output
        assert "every one came out as the run had said" in " ".join(done.stdout.split())


def test_the_kept_ledger_is_one_that_the_tax_command_reads(kept):
    folder = kept / "quarterly"
    done = RUNNER.invoke(
        app, ["tax", str(folder / "ledger.csv"), "--household", str(folder / "household.yaml"), "--json"]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    years = (folder / "years.csv").read_text(encoding="utf-8").splitlines()[1:]
    short = {line.split(",")[0]: float(line.split(",")[1]) for line in years}
    for year, amounts in report["by_year"].items():
        assert amounts["ST"] == pytest.approx(short[year], abs=0.005)


def test_a_changed_figure_leaves_with_1(kept):
    path = kept / "quarterly" / "sales.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    cells[7] = str(float(cells[7]) + 1.0)
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    done = RUNNER.invoke(app, ["audit", str(path.parent)])
    assert done.exit_code == 1
    assert "different: 1" in done.stdout
    done = RUNNER.invoke(app, ["audit", str(path.parent), "--json"])
    assert done.exit_code == 1
    (difference,) = json.loads(done.stdout)["differences"]
    assert difference["what"] == "sale, gain"
    assert difference["difference"] == pytest.approx(-1.0)


def test_what_is_kept_is_not_written_over(kept):
    before = {path: path.read_bytes() for path in kept.rglob("*.csv")}
    done = RUNNER.invoke(
        app, ["compare", "--household", "starter", "--policy", "tiered", "quarterly", "--save", str(kept)]
    )
    assert done.exit_code == 2
    assert "exists already" in done.stderr
    assert {path: path.read_bytes() for path in kept.rglob("*.csv")} == before


@pytest.mark.parametrize("broken", ["nothing there", "a file"])
def test_what_is_no_result_is_said(tmp_path, broken):
    path = tmp_path / "result"
    if broken == "a file":
        path.write_text("x", encoding="utf-8")
    done = RUNNER.invoke(app, ["audit", str(path)])
    assert done.exit_code == 2
    assert "is no folder" in done.stderr
    assert "Traceback" not in done.output
