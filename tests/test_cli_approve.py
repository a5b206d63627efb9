"""`rebal approve`, `rebal fills`, `rebal audit-log`: what they print, write and refuse."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import rebal_kit
from rebal_kit.cli import app
from rebal_kit.files.log_chain import read_log
from rebal_kit.files.proposal_file import save_proposal_document
from tests.files.proposals import NEVER, document, lot

ROOT = Path(rebal_kit.__file__).parents[1]
runner = CliRunner()
MADE = document(expires=NEVER)
FILLS = """trade,quantity,price,date
1,60,98.6,2024-08-13
2,12.5,501.2,2024-08-13
3,10,100,2024-08-13
4,10,100,2024-08-13
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    save_proposal_document(MADE, "p.json")
    Path("fills.csv").write_text(FILLS, encoding="utf-8")
    return tmp_path


def rebal(*arguments: str, answer: str = "") -> Result:
    done = runner.invoke(app, list(arguments), input=answer)
    assert "Traceback" not in done.output
    return done


def approved(*more: str, proposal: str = "p.json", answer: str = "") -> Result:
    return rebal(
        "approve", proposal, "--out", "orders", "--log", "audit.jsonl", "--who", "Ann", *more, answer=answer
    )


def test_help_names_the_commands_and_their_options() -> None:
    shown = rebal("--help").stdout
    for command in ("approve", "fills", "audit-log"):
        assert command in shown
    for command, options in (
        (("approve",), ("--out", "--log", "--who", "--allow", "--yes")),
        (("fills",), ("--log", "--who", "--json")),
        (("audit-log", "verify"), ("--out",)),
        (("audit-log", "mend"), ("--who",)),
    ):
        text = rebal(*command, "--help").stdout
        assert all(option in text for option in options)


def test_the_alert_comes_first_and_a_no_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = approved(answer="n\n")
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    for words in (
        f"proposal {MADE['proposal']}: Two million, threshold_3pct_harvest", "SELL 12.5 SPY", "BUY 60 AGG limit 99.00",
        "harvest a loss", "tax now: -22.60 US$", "long-term gain -150.50", "no loss is disallowed as a wash sale",
        "override: what target of SPY", "not allowed: IVV in Joint until 2024-09-12", "note: prices: are of the close",
        "Approve these orders?",
    ):  # fmt: skip
        assert words in said, words
    assert "nothing was approved, nothing was written" in done.stderr
    assert sorted(folder.rglob("*")) == before
    assert approved().exit_code == 1  # nobody there to answer
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("how", ["asked", "--yes"])
def test_orders_are_written_and_logged(folder: Path, how: str) -> None:
    done = approved(answer="y\n") if how == "asked" else approved("--yes")
    assert done.exit_code == 0, done.output
    assert f"written: {folder}/orders/{MADE['proposal']}/orders_schwab.csv" in done.stderr
    assert "approved by Ann: line 1 of audit.jsonl, hash " in done.stderr
    assert len(list((folder / "orders" / MADE["proposal"]).iterdir())) == 3
    again = approved("--yes")
    assert again.exit_code == 2
    assert "was approved by Ann" in again.stderr


def test_flags_are_shown_and_must_be_allowed(folder: Path) -> None:
    trades = MADE["trades"]
    washed = [{**t, "lots": [lot("SPY-3", 12.5, disallowed=50.0)]} if t["trade"] == 2 else t for t in trades]
    save_proposal_document(document(expires=NEVER, trades=washed), "washed.json")
    done = approved("--yes", proposal="washed.json")
    assert done.exit_code == 2
    assert "wash_sale: 50.00 US$ of losses are disallowed" in " ".join(done.stdout.split())
    assert "propose anew, or allow wash_sale if that is meant" in done.stderr
    assert not (folder / "orders").exists()
    assert approved("--yes", "--allow", "wash_sale", proposal="washed.json").exit_code == 0
    assert read_log(folder / "audit.jsonl").lines[0]["overrides"][-1]["what"] == "allowed wash_sale"


def test_what_cannot_be_approved_is_said_on_stderr(folder: Path) -> None:
    save_proposal_document(document(), "stale.json")
    changed = json.loads(Path("p.json").read_text(encoding="utf-8"))
    changed["trades"][0]["quantity"] = 1.0
    Path("changed.json").write_text(json.dumps(changed), encoding="utf-8")
    before = sorted(folder.rglob("*"))
    for name, said in (
        ("stale.json", "are stale: it could be approved until 2024-08-14 — propose anew"),
        ("changed.json", "the file was changed after it was made"),
        ("none.json", "error: none.json: there is no such file"),
        ("fills.csv", "error: fills.csv line 1: is not JSON"),
    ):
        done = approved(proposal=name)
        assert done.exit_code == 2
        assert said in done.stderr
        assert "Approve these orders?" not in done.stdout
    assert sorted(folder.rglob("*")) == before


def test_escape_sequences_and_markup_reach_no_terminal() -> None:
    finding = {"severity": "note", "where": "\x1b[2J", "what": "[red]x[/red]\nand", "remedy": ""}
    save_proposal_document(document(expires=NEVER, findings=[finding], household="[bold]H"), "odd.json")
    done = approved("--yes", proposal="odd.json")
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "[bold]H" in done.stdout
    assert "[red]x[/red]?and" in done.stdout


def test_a_log_is_verified(folder: Path) -> None:
    approved("--yes")
    done = rebal("audit-log", "verify", "audit.jsonl")
    assert done.exit_code == 0
    assert done.stdout == f"audit.jsonl: whole, 1 lines, last hash {read_log(folder / 'audit.jsonl').last}\n"
    log = folder / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b"Ann", b"Eve"))
    done = rebal("audit-log", "verify", "audit.jsonl")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error: audit.jsonl line 1: does not have the hash that it says" in done.stderr
    done = rebal("audit-log", "verify", "none.jsonl")
    assert done.exit_code == 1
    assert "there is no such file" in done.stderr


def test_a_torn_log_is_mended(folder: Path) -> None:
    approved("--yes")
    with (folder / "audit.jsonl").open("ab") as file:
        file.write(b'{"torn')
    done = rebal("audit-log", "verify", "audit.jsonl")
    assert done.exit_code == 1
    assert "run: rebal audit-log mend audit.jsonl --who NAME" in done.stderr
    done = rebal("audit-log", "mend", "audit.jsonl", "--who", "Ann")
    assert done.exit_code == 0
    assert "what was torn is kept in audit.jsonl.torn-" in done.stderr
    assert rebal("audit-log", "verify", "audit.jsonl").exit_code == 0
    assert rebal("audit-log", "mend", "audit.jsonl", "--who", "Ann").exit_code == 2


def test_verifying_finishes_an_approval_that_was_cut_off(folder: Path) -> None:
    """The command itself, killed as it moves the orders."""
    code = (
        "import os, pathlib, signal\n"
        "pathlib.Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from rebal_kit.cli import app\napp()\n"
    )
    paths = [str(folder / name) for name in ("p.json", "orders", "audit.jsonl")]
    arguments = ("approve", paths[0], "--out", paths[1], "--log", paths[2], "--who", "Ann", "--yes")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    place = folder / "orders" / MADE["proposal"]
    assert not place.exists()
    verified = rebal("audit-log", "verify", str(folder / "audit.jsonl"))
    assert verified.exit_code == 0
    assert "an approval was cut off after it was logged: its orders are here now" in verified.stderr
    assert len(list(place.iterdir())) == 3


def test_fills_are_compared(folder: Path) -> None:
    approved("--yes")
    done = rebal("fills", "p.json", "fills.csv", "--log", "audit.jsonl", "--who", "Kim")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "shortfall 6.00 US$" in said
    assert "everything was filled as ordered" in said
    assert [line["event"] for line in read_log(folder / "audit.jsonl").lines] == ["approved", "fills"]
    Path("part.csv").write_text("trade,quantity,price,date\n1,10,98.5,2024-08-13\n", encoding="utf-8")
    done = rebal("fills", "p.json", "part.csv", "--json")
    assert done.exit_code == 1
    shown = json.loads(done.stdout)
    assert (shown["complete"], shown["trades"][0]["left"]) == (False, 50)
    assert "warning: trade 1, buy AGG: 10 of 60 shares were filled" in done.stderr


def test_bad_fills_are_said_on_stderr(folder: Path) -> None:
    Path("bad.csv").write_text("trade,quantity,price,date\nx,0,1,2024-08-13\n", encoding="utf-8")
    before = sorted(folder.rglob("*"))
    for arguments, said in (
        (("p.json", "bad.csv"), "error: bad.csv row 2, column trade: is 'x'"),
        (("p.json", "none.csv"), "error: none.csv: there is no such file"),
        (("p.json", "fills.csv", "--log", "audit.jsonl"), "error: --log: needs a name — add --who NAME"),
        (("fills.csv", "fills.csv"), "is not JSON"),
    ):
        done = rebal("fills", *arguments)
        assert done.exit_code == 2
        assert said in done.stderr
        assert done.stdout == ""
    assert sorted(folder.rglob("*")) == before
