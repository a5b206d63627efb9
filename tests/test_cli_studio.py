"""Scenarios on the command line, and the commands that open the studio."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebal_kit import cli_studio
from rebal_kit.cli import app
from rebal_kit.files.policy import load_policy
from rebal_kit.files.scenario import save_scenario
from rebal_kit.scenario import Scenario
from rebal_kit.tax_profile import TaxProfile

runner = CliRunner()


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, [str(a) for a in arguments])


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    scenario = Scenario(
        load_policy("quarterly"), name="rich", end=dt.date(2009, 12, 31), tax=TaxProfile(ordinary_income=1e6)
    )
    save_scenario(scenario, tmp_path / "rich.yaml")
    return tmp_path / "rich.yaml"


@pytest.mark.compiled
def test_a_saved_scenario_is_compared_beside_other_policies(saved: Path) -> None:
    result = rebal("compare", "--scenario", saved, "buy_and_hold", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["household"] == "starter"
    assert set(found["policies"]) == {"quarterly", "buy_and_hold"}
    assert found["last"] == "2009-12-31"


def test_a_scenario_and_a_household_are_one_too_many(saved: Path) -> None:
    result = rebal("compare", "--scenario", saved, "--household", "starter")
    assert result.exit_code == 2
    assert "leave one of them out" in result.output


def test_without_either_both_ways_are_named() -> None:
    result = rebal("compare")
    assert result.exit_code == 2
    assert "--household: is missing" in result.output
    assert "--scenario FILE.yaml" in result.output


def test_faults_of_a_scenario_are_said_before_a_page_opens(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("household: starter\npolicy: {triggers: [], lot_method: fifa}\n")
    result = rebal("app", "--scenario", tmp_path / "bad.yaml", "--no-browser")
    assert result.exit_code == 2
    assert "fifo" in result.output


def test_the_app_serves_the_studio_alone_to_this_machine_only(
    tmp_path: Path, saved: Path, monkeypatch
) -> None:
    asked: list[list[str]] = []
    pages: list[dict[str, object]] = []

    def served(command: list[str], environment: object = None) -> int:
        asked.append(command)
        pages.append(json.loads(Path(command[3]).read_text()))
        return 0

    monkeypatch.setattr(cli_studio, "_served", served)
    assert rebal("app", "--scenario", saved, "--folder", tmp_path, "--no-browser").exit_code == 0
    assert "--Voila.ip=127.0.0.1" in asked[0]
    assert "--no-browser" in asked[0]
    (cell,) = pages[0]["cells"]
    assert f"rk.studio(folder={str(tmp_path)!r}, scenario={str(saved)!r})" in cell["source"]
    assert rebal("lab", "--no-browser").exit_code == 0
    assert asked[1][3].endswith("00_start_here.ipynb")


def test_the_page_asks_no_network_for_anything_and_ends_its_kernel(tmp_path: Path) -> None:
    text = (cli_studio.offline_template(tmp_path) / "index.html.j2").read_text()
    assert "https://" not in text
    assert "X-XSRFToken" in text
    assert text.startswith("{%- extends")


def test_serving_ends_with_what_it_serves_and_leaves_nothing_running() -> None:
    code = (
        "import os, signal, sys, threading\n"
        "from rebal_kit.cli_studio import _served\n"
        "threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "print(_served([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.split() == ["1", str(-signal.SIGTERM)]
