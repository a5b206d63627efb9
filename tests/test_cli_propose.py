"""`rebal propose`: tables and JSON, what is changed on request, a file for `rebal approve`, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from rebal_kit.files.household import save_household
from rebal_kit.files.policy import dump_policy
from rebal_kit.files.proposal_file import as_proposal, load_proposal_document
from tests.proposal.scanned import DATES, POLICY, small_household

runner = CliRunner()
CLOSES = {"STK": (99.0, 101.0, 98.0, 100.0), "STX": (49.0, 51.0, 50.0, 50.0), "BND": (50.0,) * 4}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    save_household(small_household(), "home.yaml")
    Path("rule.yaml").write_text(dump_policy(POLICY), encoding="utf-8")
    rows = [f"{date},{','.join(str(CLOSES[s][at]) for s in CLOSES)}" for at, date in enumerate(DATES)]
    Path("prices.csv").write_text("\n".join([f"date,{','.join(CLOSES)}", *rows]) + "\n", encoding="utf-8")
    return tmp_path


def rebal(*arguments: str, command: str = "propose") -> Result:
    done = runner.invoke(app, [command, *arguments])
    assert "Traceback" not in done.output
    return done


def proposed(*more: str) -> Result:
    return rebal("home.yaml", "--policy", "rule.yaml", "--prices", "prices.csv", *more)


def document(*more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(proposed("--json", *more).stdout)
    as_proposal(found)
    return found


def trades(*more: str) -> list[tuple[str, str, str, Any]]:
    return [
        (row["account"], row["side"], row["symbol"], pytest.approx(row["quantity"], abs=1e-3))
        for row in document(*more)["trades"]
    ]


STX, BND = 6_000 / 50.1, 79.680639


def test_help_names_the_options() -> None:
    text = " ".join(rebal("--help").stdout.split())
    for part in (
        "--solver",
        "--now",
        "--forbid",
        "--resize",
        "--pin",
        "--again",
        "--out",
        "--json",
        "--frontier",
    ):
        assert part in text, part


def test_tables() -> None:
    done = proposed()
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    for words in (
        "3 trades", "greedy: the back-test's own decision", "valid through 2024-03-04", "harvest a loss",
        "short-term loss of US$ 2,010", "Weights, %", "tax now, US$ −804", "nothing is sent anywhere",
    ):  # fmt: skip
        assert words in said, words


def test_json_is_the_document() -> None:
    assert trades()[0] == ("Main", "sell", "STK", 100)
    first = document()
    assert (first["asof"], first["solver"], first["tax"]["tax_now"]) == (
        "2024-03-01",
        "greedy",
        pytest.approx(-804.0),
    )
    assert document() == first


def test_the_day() -> None:
    assert proposed("--asof", "2024-02-29").exit_code == 2  # the household is of the day after
    assert document("--asof", "2024-03-03")["asof"] == "2024-03-01"


def test_written_for_approval(folder: Path) -> None:
    done = proposed("--out", "p.json")
    assert done.exit_code == 0
    assert "written: p.json" in done.stderr
    found = load_proposal_document("p.json")
    late = rebal(
        "p.json", "--out", "orders", "--log", "log.jsonl", "--who", "Ann", "--yes", command="approve"
    )
    assert late.exit_code == 2
    assert "stale" in late.stderr
    assert found["proposal"] == document()["proposal"]
    assert not (folder / "orders").exists()


def test_a_trade_taken_out_leaves_a_proposal_that_has_to_be_allowed() -> None:
    done = proposed("--forbid", "1", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert [row["side"] for row in found["trades"]] == ["buy", "buy"]
    assert any("approving it needs overspend" in one["remedy"] for one in found["findings"])
    assert found["overrides"][0]["what"] == "forbid"


def test_resized() -> None:
    found = document("--resize", "1=50", "--resize", "2=40", "--resize", "3=0")
    assert [(row["symbol"], row["quantity"]) for row in found["trades"]] == [("STK", 50.0), ("STX", 40.0)]
    assert found["tax"]["tax_now"] == pytest.approx(-0.4 * 1_005)
    assert proposed("--resize", "1=50", "--resize", "2=40", "--resize", "3=0").exit_code == 0


def test_decided_anew_around_what_is_pinned_and_forbidden() -> None:
    assert [row[:3] for row in trades("--forbid", "1", "--again")] == [
        ("IRA", "sell", "STK"),
        ("IRA", "buy", "BND"),
    ]
    pinned = trades("--pin", "1", "--forbid", "2", "--again")
    assert pinned[0] == ("Main", "sell", "STK", 100)
    assert ("Main", "buy", "STX") not in [row[:3] for row in pinned]


def test_optimal_beside_greedy() -> None:
    done = proposed("--solver", "optimal")
    assert done.exit_code == 0, done.output
    assert "optimal" in done.stdout
    found = document("--solver", "optimal", "--later-rate", "0.05", "--drift-price", "0.2")
    assert found["solver"] == "optimal"
    assert (found["aims"]["later_rate"], found["aims"]["drift"]) == (0.05, 0.2)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--forbid", "9"), "forbid names trade 9, which is not there — name trades 1 to 3"),
        (("--resize", "1"), "--resize: is '1' — write TRADE=SHARES, such as 3=120"),
        (("--resize", "x=1"), "--resize: is 'x=1'"),
        (("--resize", "1=5", "--resize", "1=6"), "--resize: names trade 1 twice — keep one of them"),
        (("--resize", "1=151"), "151 STK to be sold in Main, which holds 150"),
        (("--resize", "1=nan"), "trade 1 is resized to nan"),
        (("--pin", "1", "--forbid", "1", "--again"), "trade 1 is in pin and in forbid"),
        (("--pin", "1"), "nothing is decided anew: all others stay as well"),
        (("--drift-price", "-1"), "drift is -1"),
        (("--later-rate", "7"), "7 means 700 %"),
        (("--seconds", "0"), "seconds is 0"),
        (("--asof", "1999-01-04"), "has no session"),
        (("--out", "nowhere/p.json"), "nowhere/p.json: cannot be written"),
    ],
)
def test_what_is_refused(more: tuple[str, ...], said: str) -> None:
    done = proposed(*more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_all_files_that_are_not_there_are_said_at_once() -> None:
    done = rebal("nobody", "--policy", "nothing", "--prices", "nowhere")
    assert done.exit_code == 2
    for name in ("nobody", "nothing", "nowhere"):
        assert f"error: {name}: " in done.stderr
