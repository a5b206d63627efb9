"""`rebal import`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from rebal_kit.files.household import load_household
from tests.files.broker_files import CSVS, OFX

runner = CliRunner()
TOLD = ("--account", "123=Joint,Alex,taxable")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for name, text in CSVS.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("ira.qfx").write_text(OFX, encoding="utf-8")
    return tmp_path


def rebal(*arguments: str) -> Result:
    return runner.invoke(app, ["import", *arguments])


def test_help_names_the_command_and_its_options() -> None:
    assert "import" in runner.invoke(app, ["--help"]).stdout
    shown = rebal("--help")
    assert shown.exit_code == 0
    for option in ("--out", "--account", "--name", "--as-of", "--leave-out", "--market", "--overwrite"):
        assert option in shown.stdout


def test_files_become_a_household(folder: Path) -> None:
    done = rebal("schwab.csv", "schwab_lots.csv", "--out", "home", "--name", "ours", *TOLD)
    assert done.exit_code == 0, done.stderr
    said = " ".join(done.stdout.split())
    for words in ("ours, 2024-01-05", "Joint", "Alex", "taxable", "Schwab", "302,500.25", "61.04"):
        assert words in said
    note, *written = done.stderr.splitlines()
    assert note.startswith("note: loss_sales: losses realised in the 30 days before 2024-01-05 are unknown")
    assert written == ["written: home/ours.yaml", "written: home/ours_lots.csv"]
    household = load_household(folder / "home" / "ours.yaml")
    assert [len(account.lots) for account in household.accounts] == [3]


def test_doubts_are_said_and_the_household_is_written() -> None:
    done = rebal("schwab.csv", "schwab_lots.csv", "--out", "home", "--market", "etf", *TOLD)
    assert done.exit_code == 0
    assert "warning: schwab.csv row 5, column Symbol: 'BRK/B' is not in the market" in done.stderr
    assert "written: home/household.yaml" in done.stderr


def test_a_household_file_and_a_day() -> None:
    Path("home.yaml").write_text(
        "name: two\naccounts:\n- {name: IRA, owner: Kim, type: ira, number: '5555'}\n", encoding="utf-8"
    )
    done = rebal(
        "home.yaml",
        "vanguard.csv",
        "vanguard_lots.csv",
        "--out",
        ".",
        "--as-of",
        "2024-01-08",
        "--name",
        "new",
    )
    assert done.exit_code == 0, done.stderr
    assert "new, 2024-01-08" in done.stdout
    assert "warning: vanguard_lots.csv: is of 2024-01-05, the household of 2024-01-08" in done.stderr


@pytest.mark.parametrize("name", [*CSVS, "ira.qfx"])
def test_a_broken_file_of_each_layout_writes_nothing(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    Path("broken").mkdir()
    cut = (
        text.replace("Symbol", "Sym")
        .replace("Open Date", "Opened")
        .replace("SYMBOL", "Sym")
        .replace("EndingCash", "End")
        .replace("<UNITS>10", "<UNITS>x")
    )
    Path("broken", name).write_text(cut, encoding="utf-8")
    before = sorted(folder.rglob("*"))
    done = rebal(f"broken/{name}", "--out", "home", *TOLD)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"error: broken/{name}" in done.stderr
    assert "Traceback" not in done.output
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("schwab.csv", "--out", "home"), 'add it with --account "123=Individual 123,OWNER,TYPE"'),
        (
            ("schwab.csv", "--out", "home", *TOLD),
            "no file has the lots of 1,010 SPY (cost 300,500.25 in all)",
        ),
        (("no.csv", "--out", "home", *TOLD), "error: no.csv: there is no such file"),
        ((".", "--out", "home", *TOLD), "error: .: is a folder — give a file"),
        (("schwab.csv", "schwab_lots.csv", "--out", "home", "--market", "moon.csv", *TOLD), "moon.csv"),
        (("schwab.csv", "schwab_lots.csv", "--out", "ira.qfx", *TOLD), "ira.qfx"),
        (("schwab.csv", "schwab_lots.csv", "--out", "home", "--name", "../x", *TOLD), "is '../x'"),
    ],
)
def test_bad_input_is_said_on_stderr(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    before = sorted(folder.rglob("*"))
    done = rebal(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert sorted(folder.rglob("*")) == before


def test_what_is_there_is_replaced_only_when_asked() -> None:
    files = ("schwab.csv", "schwab_lots.csv", "--out", "home", *TOLD)
    assert rebal(*files).exit_code == 0
    again = rebal(*files)
    assert again.exit_code == 2
    assert (
        "error: home/household.yaml: is there already — give another folder, or --overwrite" in again.stderr
    )
    assert rebal(*files, "--overwrite").exit_code == 0


def test_a_file_that_is_read_is_replaced_in_no_case(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    files = ("schwab.csv", "schwab_lots.csv", "--out", ".", "--name", "schwab", "--overwrite", *TOLD)
    done = rebal(*files)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: schwab_lots.csv: is one of the files that were read — give another folder, or another name with"
        " --name\n"
    )
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    Path("ours.yaml").write_text(
        "accounts:\n- {name: J, owner: A, type: ira, number: '123'}\n", encoding="utf-8"
    )
    done = rebal("ours.yaml", *files[:4], "--name", "ours", "--overwrite")
    assert done.exit_code == 2
    assert "ours.yaml: is one of the files that were read" in done.stderr
    assert rebal("ours.yaml", *files[:4], "--name", "new", "--overwrite").exit_code == 0


def test_what_is_no_share_is_left_out_when_asked() -> None:
    done = rebal("schwab.csv", "schwab_lots.csv", "--out", "home", "--leave-out", "BRK/B", *TOLD)
    assert done.exit_code == 0
    assert {lot.symbol for lot in load_household("home/household.yaml").lots} == {"SPY"}


def test_names_cannot_draw_on_the_terminal() -> None:
    done = rebal("schwab.csv", "schwab_lots.csv", "--out", "home", "--account", "123=[red]J,A,taxable")
    assert done.exit_code == 0
    assert "[red]J" in done.stdout


def test_ofx_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ofxtools.Parser", None)
    done = rebal("ira.qfx", "--out", "home", *TOLD)
    assert done.exit_code == 2
    assert "pip install 'rebal_kit[brokers]'" in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("--out", "home"), ("schwab.csv",), ("schwab.csv", "--as-of", "soon")]
)
def test_misused_options_are_refused(arguments: tuple[str, ...]) -> None:
    done = rebal(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_other_commands_say_what_a_households_files_leave_in_doubt() -> None:
    edited = CSVS["fidelity_lots.csv"].replace("Mar-16-2020", "Nov-20-2004").replace("Individual", "Other")
    Path("lots.csv").write_text(edited.split("Other")[0], encoding="utf-8")
    positions = CSVS["fidelity.csv"].split("X87654321")[0]
    Path("positions.csv").write_text(positions, encoding="utf-8")
    Path("home.yaml").write_text(
        "as_of: 2024-01-05\naccounts:\n"
        "- {name: Roth, owner: A, type: roth_ira, opening_value: 1000, holdings: [positions.csv, lots.csv]}\n"
        "targets: {classes: [{name: Gold, weight: 100 %, members: GLD}]}\n",
        encoding="utf-8",
    )
    span = ("--start", "2007-01-03", "--end", "2007-06-29", "--open-with", "values")
    for command in (("compare", "--household", "home.yaml"), ("household", "home.yaml")):
        done = runner.invoke(app, [*command, "--policy", "quarterly", *span])
        assert done.exit_code == 0, done.stderr
        assert "warning: lots.csv row 2, column Acquired: is 2004-11-20, a Saturday" in done.stderr
