"""`rebal scan`: exit codes that cron can tell apart, JSON, alerts before anything else, and how it refuses."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebal_kit import cli_scan
from rebal_kit.cli import app
from tests.loopback import mail_server, refusing_url

runner = CliRunner()
#: A day on which classes are out of their bands, and one on which no rule looks.
DUE = ("two_million", "--policy", "tiered_harvest", "--asof", "2012-09-05")
NOT_DUE = ("two_million", "--policy", "quarterly", "--asof", "2012-09-05")


@pytest.fixture(autouse=True)
def _no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cli_scan.ADDRESSES, raising=False)


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["scan", *map(str, arguments)])


def test_help_states_the_exit_codes() -> None:
    shown = rebal("--help")
    assert shown.exit_code == 0
    text = " ".join(shown.stdout.split())
    for part in (
        "--policy", "--prices", "--asof", "--json", "--alert", "--alert-file", "REBAL_ALERTS",
        "0: nothing is due", "10: something is", "2: the input cannot be used", "3: something is due",
    ):  # fmt: skip
        assert part in text, part


def test_exit_codes_tell_whether_something_is_due() -> None:
    due, quiet = rebal(*DUE), rebal(*NOT_DUE)
    assert (due.exit_code, quiet.exit_code) == (10, 0)
    assert "something is due" in due.stdout
    assert "nothing is due" in quiet.stdout
    assert "DUE: class 'Gold'" in due.stdout


def test_json_and_exit_code() -> None:
    found = rebal(*DUE, "--json")
    assert found.exit_code == 10
    values = json.loads(found.stdout)
    assert (values["household"], values["policy"], values["is_due"]) == (
        "two_million",
        "tiered_harvest",
        True,
    )
    assert values["asof"] == "2012-09-05"


def test_prices_are_stale_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_scan, "_today", lambda: dt.date(2030, 1, 2))
    found = json.loads(rebal(*NOT_DUE[:3], "--json").stdout)
    assert any(f["where"] == "stale prices" and "2030-01-02" in f["what"] for f in found["findings"])
    asked = json.loads(rebal(*NOT_DUE, "--json").stdout)
    assert not any(f["where"] == "stale prices" for f in asked["findings"])


def test_alerts_go_to_options_environment_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "alerts.txt"
    with mail_server() as box:
        monkeypatch.setenv(cli_scan.ADDRESSES, f"{box.url}&name=two {box.url}")
        listed.write_text(f"# where\n\n{box.url}&name=three\n", encoding="utf-8")
        found = rebal(*DUE, "--alert", box.url, "--alert-file", listed)
    assert found.exit_code == 10
    assert "alerts: 3 of 3 sent" in found.stderr
    assert len(box.messages) == 3
    body = box.messages[0].get_content()
    assert box.messages[0]["Subject"].startswith("rebal: two_million: 3 things due on 2012-09-05")
    assert "class 'Gold'" in " ".join(body.split())
    assert "IYR in Blair Taxable until 2012-09-13" in " ".join(body.split())


def test_nothing_is_sent_when_nothing_is_due() -> None:
    with mail_server() as box:
        found = rebal(*NOT_DUE, "--alert", box.url)
    assert (found.exit_code, box.messages) == (0, [])
    assert "alerts:" not in found.stderr


def test_an_alert_that_fails_is_told_by_exit_code_and_without_its_password() -> None:
    with mail_server() as box:
        found = rebal(*DUE, "--alert", refusing_url(), "--alert", box.url)
    assert found.exit_code == 3
    assert "error: alert 1 (mailto): could not be sent" in found.stderr
    assert "alerts: 1 of 2 sent" in found.stderr
    assert "s3cret" not in found.output
    assert "something is due" in found.stdout
    assert len(box.messages) == 1


def test_alerts_are_sent_before_anything_is_shown_and_nothing_is_proposed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import rebal_kit.alerts
    from rebal_kit.proposal import day, greedy
    from rebal_kit.views import scan_tables

    steps: list[str] = []

    def proposing(*_: object) -> None:
        steps.append("propose")

    def sending(*_: object) -> tuple[()]:
        steps.append("alert")
        return ()

    def showing(*_: object) -> list[object]:
        steps.append("show")
        return []

    monkeypatch.setattr(rebal_kit.alerts, "send_alert", sending)
    monkeypatch.setattr(scan_tables, "terminal", showing)
    monkeypatch.setattr(greedy, "decide_greedily", proposing)
    monkeypatch.setattr(day.Day, "run", proposing)
    assert rebal(*DUE, "--alert", "mailto://nobody").exit_code == 10
    assert steps == ["alert", "show"]


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    home, policy = tmp_path / "home.yaml", tmp_path / "policy.yaml"
    home.write_text("name: home\naccounts: []\n", encoding="utf-8")
    policy.write_text("name: one\nlot_method: best\n", encoding="utf-8")
    found = rebal(home, "--policy", policy, "--prices", "moon.csv", "--alert-file", tmp_path / "none.txt")
    assert found.exit_code == 2
    assert found.stdout == ""
    for what in ("home.yaml", "lot_method", "moon.csv", "none.txt: cannot be read"):
        assert what in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "--policy", "quarterly"), "nobody"),
        (("starter", "--policy", "nonsense"), "nonsense"),
        (("starter", "--policy", "quarterly", "--prices", "stocks"), "GLD"),
        (("two_million", "--policy", "quarterly", "--asof", "2008-01-02"), "2012-08-31"),
        (("starter", "--policy", "quarterly", "--asof", "yesterday"), "yesterday"),
        (("starter",), "--policy"),
    ],
)
def test_bad_input_is_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    found = rebal(*arguments)
    assert found.exit_code == 2
    assert said in found.output
    assert "Traceback" not in found.output
    assert found.stdout == ""


def test_a_file_of_addresses_that_is_no_text(tmp_path: Path) -> None:
    listed = tmp_path / "alerts.bin"
    listed.write_bytes(b"\xff\xfe\x00")
    found = rebal(*DUE, "--alert-file", listed)
    assert found.exit_code == 2
    assert "it is not UTF-8 text" in found.stderr
