"""`rebal sweep`: a file of settings into a file of rows; interrupted or killed, the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import rebal_kit
from rebal_kit.cli import app
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.sweep import load_sweep
from rebal_kit.sources.load import load_market
from rebal_kit.sweep import sweep

ROOT = Path(rebal_kit.__file__).parents[1]
runner = CliRunner()
SPEC = """
household: two_million
policy: threshold_3pct_harvest
start: 2007-01-03
end: 2009-12-31
random:
  settings: {n}
  seed: 1
  fields:
    triggers[0].band.absolute: {{low: 1 %, high: 10 %}}
    harvest.min_loss_pct: {{low: 1 %, high: 10 %}}
    lot_method: [hifo, fifo]
"""


#: The command, but that it puts what is done on disk ten times a second.
IMPATIENT = "from rebal_kit import cli, sweep_drive; sweep_drive.PART_SECONDS = 0.1; cli.app()"


@pytest.fixture
def spec(tmp_path: Path):
    def written(n: int = 40, more: str = "") -> Path:
        (tmp_path / "spec.yaml").write_text(SPEC.format(n=n) + more, encoding="utf-8")
        return tmp_path / "spec.yaml"

    return written


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["sweep", *(str(a) for a in arguments)])


def words(text: str) -> str:
    return " ".join(text.split())


def straight(path: Path) -> pd.DataFrame:
    asked = load_sweep(path)
    return sweep(
        load_market("etf"), load_household("two_million"), asked.design, start=asked.start, end=asked.end
    )


def same(out: Path, path: Path) -> None:
    table = pd.read_parquet(out)
    pd.testing.assert_frame_equal(table.drop(columns="key"), straight(path), check_exact=True)


def test_help_names_the_command_and_its_options() -> None:
    assert "sweep" in runner.invoke(app, ["--help"]).stdout
    shown = rebal("--help").stdout
    for option in ("--out", "--workers", "--executor", "--scheduler", "--fresh"):
        assert option in shown


def test_rows_are_kept_and_counted_and_no_setting_is_crowned(spec, out: Path) -> None:
    path = spec()
    result = rebal(path, "--out", out)
    assert result.exit_code == 0, result.stderr
    same(out, path)
    assert "40/40" in result.stderr
    assert "40 rows computed, 0 were there already" in result.stderr
    shown = words(result.stdout)
    assert "40 rows, 40 ran, 0 did not" in shown
    rows = pd.read_parquet(out)
    value, growth = rows["value_after_tax"] / 1_000, rows["cagr_after_liquidation"] * 100
    low, middle, high = value.min(), value.median(), value.max()
    assert f"value after tax, $k {low:,.1f} {middle:,.1f} {high:,.1f}" in shown
    assert f"{growth.median():.2f}".replace("-", "−") in shown
    for method in ("hifo", "fifo"):
        mine = growth[rows["lot_method"] == method]
        figures = "{:.2f} {:.2f} to {:.2f}".format(mine.median(), *mine.quantile([0.25, 0.75])).replace(
            "-", "−"
        )
        assert f"{method} {len(mine)} {figures}" in shown
    thirds = pd.cut(rows["triggers[0].band.absolute"], [0.01, 0.04, 0.07, 0.10], labels=False)
    for third in range(3):
        mine = rows[thirds == third]["triggers[0].band.absolute"]
        assert f"{mine.min():.3g} to {mine.max():.3g} {len(mine)} " in shown
    for sentence in ("rk.plateau tells which settings can be told apart", "no forecast; not tax advice"):
        assert sentence in shown
    for crown in ("best", "most value"):
        assert crown not in shown


def test_the_same_command_again_computes_nothing_and_a_longer_one_the_rest(spec, out: Path) -> None:
    rebal(spec(), "--out", out)
    again = rebal(spec(), "--out", out)
    assert "0 rows computed, 40 were there already" in again.stderr
    assert "40/40" in again.stderr
    longer = rebal(spec(60), "--out", out, "--workers", "2")
    assert "20 rows computed, 40 were there already" in longer.stderr
    same(out, spec(60))
    shorter = rebal(spec(10), "--out", out)
    assert shorter.exit_code == 2
    assert "holds 50 of 60 rows that are not of this sweep" in words(shorter.stderr)
    afresh = rebal(spec(10), "--out", out, "--fresh")
    assert "10 rows computed, 0 were there already" in afresh.stderr
    assert len(pd.read_parquet(out)) == 10


def test_settings_that_cannot_run_are_counted_and_explained(spec, out: Path) -> None:
    path = spec(more="    costs.by_symbol: [{SPY: 1}, {NONE: 1}]\n")
    refused = rebal(path, "--out", out)
    assert refused.exit_code == 2
    assert "random.fields.costs.by_symbol[0]: is named values — give a number or a word" in words(
        refused.stderr
    )
    assert not out.exists()
    result = rebal(spec(more="    tax.law_year: [2026, 1950]\n"), "--out", out)
    assert result.exit_code == 1
    failed = int((pd.read_parquet(out)["status"] != "ok").sum())
    assert 0 < failed < 40
    assert f"40 rows, {40 - failed} ran, {failed} did not" in words(result.stdout)
    assert f"· {failed} did not run:" in result.stdout
    assert "1950" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--executor", "dask"], "executor is 'dask', and there is no scheduler"),
        (["--scheduler", "tcp://127.0.0.1:9"], "executor is 'threads' — use executor 'dask'"),
        (["--workers", "0"], "workers is 0 — give threads, 1 or more"),
        (
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9", "--workers", "3"],
            "a cluster has its own",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(spec, out: Path, arguments: list[str], message: str) -> None:
    result = rebal(spec(), "--out", out, *arguments)
    assert result.exit_code == 2
    assert message in words(result.stderr)
    assert "Traceback" not in result.stderr
    assert not out.exists()


def test_a_file_s_problems_come_by_line_and_a_wrong_name_is_no_traceback(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "household: two_million\npolicy: quarterly\ngrid:\n  lot_metod: [a]\n  destination: [5]\n"
    )
    result = rebal(path, "--out", out)
    assert result.exit_code == 2
    assert "bad.yaml line 4, grid.lot_metod: names no field" in result.stderr
    assert "bad.yaml line 5, grid.destination[0]: policy 'quarterly': destination is 5" in result.stderr
    assert rebal("band", "--out", out).exit_code == 2
    assert rebal("bands", "--out", tmp_path / "rows.csv").exit_code == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ended_from_outside_it_goes_on(spec, out: Path, how: signal.Signals) -> None:
    n = 2_500
    path = spec(n)
    command = [sys.executable, "-c", IMPATIENT, "sweep", str(path), "--out", str(out), "--workers", "1"]
    parts = out.with_name("rows.parquet.parts")
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 120
        while not list(parts.glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(how)
        _, said = running.communicate()
    finished = len(pd.read_parquet(parts))
    assert 0 < finished < n
    if how == signal.SIGINT:
        assert running.returncode == 130
        assert "interrupted" in said
        assert f"{finished:,} of {n:,} rows are kept in {parts}; the same call goes on from there" in said
        assert "Traceback" not in said
    else:
        assert running.returncode == -how
    assert not out.exists()
    result = rebal(path, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert f"{n - finished:,} rows computed, {finished:,} were there already" in result.stderr
    same(out, path)
    assert [each.name for each in sorted(out.parent.iterdir())] == ["rows.parquet", "spec.yaml"]


def test_policies_alone_are_a_sweep(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text("household: [two_million, starter]\npolicy: [quarterly, tiered]\nstart: 2009-01-02\n")
    result = rebal(path, "--out", out)
    assert result.exit_code == 0, result.stderr
    table = pd.read_parquet(out)
    assert list(zip(table["household"], table["policy"], strict=True)) == [
        (load_household(home).name, load_policy(rule).name)
        for home in ("two_million", "starter")
        for rule in ("quarterly", "tiered")
    ]
    assert os.access(out, os.R_OK)


def test_where_nothing_ran_no_figures_are_shown(spec, out: Path) -> None:
    text = "    costs.by_symbol: {one: [[NONE, 1.0]]}\n"
    done = rebal(spec(3, text), "--out", out)
    assert done.exit_code == 1
    assert "3 rows, 0 ran" in done.stdout
    assert "Over all" not in done.stdout
    assert "by field" not in done.stdout
