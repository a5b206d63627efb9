"""`rebal tax`: what it prints and writes, and how it refuses."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app

LEDGERS = Path(__file__).parents[1] / "data" / "ledgers"
EXAMPLE = (LEDGERS / "example.csv", "--household", LEDGERS / "example.yaml")
FILES = {"form_8949.csv", "schedule_d.csv", "disposals.csv", "open_lots.csv", "wash_sales.csv", "broker_view.csv",
         "dividends.csv", "distributions.csv", "report.html"}  # fmt: skip
HOUSEHOLD = """\
name: Ann
complete: true
accounts:
- {name: Main, owner: Ann, type: taxable}
- {name: Roth, owner: Ann, type: roth_ira}
"""
HEADER = "date,account,action,symbol,quantity,price,fees,lot,lots,lot_method\n"
GAIN = f"{HEADER}2024-01-02,Main,BUY,VTI,10,100,,L1,,\n2024-06-03,Main,SELL,VTI,10,120,,,L1:10,\n"
LOSS = f"{HEADER}2024-01-02,Main,BUY,VTI,10,100,,L1,,\n2024-06-03,Main,SELL,VTI,10,90,,,L1:10,\n"


def rebal_tax(*arguments: str | Path, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["tax", *map(str, arguments)])


def given(folder: Path, ledger: str = GAIN, household: str = HOUSEHOLD) -> tuple[str | Path, ...]:
    (folder / "ledger.csv").write_text(ledger, encoding="utf-8")
    (folder / "household.yaml").write_text(household, encoding="utf-8")
    return folder / "ledger.csv", "--household", folder / "household.yaml"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    result = rebal_tax(*EXAMPLE, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout, parse_constant=pytest.fail)


def test_json_has_its_keys(found: dict[str, Any]) -> None:
    assert list(found) == [
        "household", "year", "first", "last", "complete", "conventions", "law", "disposals", "open_lots", "totals",
        "by_year", "form_8949", "schedule_d", "wash_sales", "dividends", "distributions", "broker_view", "findings",
    ]  # fmt: skip
    assert list(found["disposals"][0]) == [
        "date", "account", "symbol", "lot", "quantity", "proceeds", "basis", "gain", "disallowed", "permanent",
        "recognized", "term", "acquired", "holding_start", "where",
    ]  # fmt: skip
    assert list(found["open_lots"][0]) == [
        "account", "symbol", "lot", "quantity", "basis", "holding_start", "acquired", "deferred",
    ]  # fmt: skip
    assert list(found["form_8949"][0]) == [
        "part", "box", "description", "acquired", "sold", "proceeds", "basis", "code", "adjustment", "gain", "account",
        "lot",
    ]  # fmt: skip
    assert list(found["totals"]) == ["recognized", "disallowed", "permanent", "deferred_open"]
    assert {tuple(row) for row in found["by_year"].values()} == {("ST", "LT", "recognized")}
    assert {tuple(finding) for finding in found["findings"]} == {("severity", "where", "what", "remedy")}
    assert set(found["schedule_d"]["2024"]) >= {"short", "long", "deduction", "tax", "lines"}


def test_json_has_the_figures_of_the_example(found: dict[str, Any]) -> None:
    assert (found["household"], found["first"], found["last"]) == (
        "Dana and Robin",
        "2023-01-17",
        "2025-10-20",
    )
    assert (found["year"], found["complete"]) == (None, True)
    assert found["law"] == {"2023": 2025, "2024": 2024, "2025": 2025}
    assert found["totals"] == {
        "recognized": 18050.7323, "disallowed": 3222.6648, "permanent": 258, "deferred_open": 1888.6948,
    }  # fmt: skip
    assert found["by_year"]["2024"] == {"ST": 835.575, "LT": 5215.9923, "recognized": 6051.5673}
    assert found["disposals"][0] | {"where": ""} == {
        "date": "2023-10-27", "account": "Dana Taxable", "symbol": "VXUS", "lot": "D-VXUS-2", "quantity": 150,
        "proceeds": 7635, "basis": 8685, "gain": -1050, "disallowed": 700, "permanent": 0, "recognized": -350,
        "term": "ST", "acquired": "2023-07-27", "holding_start": "2023-07-27", "where": "",
    }  # fmt: skip
    assert [row["in_lot"] for row in found["wash_sales"] if row["permanent"]] == ["IRA-VXUS-1"]
    assert [row["sold"] for row in found["dividends"]][:2] == ["2025-07-22", None]
    assert sum(row["why"] != "" for row in found["broker_view"]) == 6
    assert found["conventions"]["spouse_basis"] == "step_up"


def test_numbers_have_no_binary_noise(found: dict[str, Any]) -> None:
    for table in ("disposals", "open_lots", "form_8949", "wash_sales", "dividends", "broker_view"):
        for row in found[table]:
            for value in row.values():
                if isinstance(value, float):
                    assert value == round(value, 9)
                    assert value or math.copysign(1, value) > 0


def test_schedule_d_adds_up(found: dict[str, Any]) -> None:
    for year in found["schedule_d"].values():
        amount = {row["line"]: row["amount"] for row in year["lines"]}
        assert amount["1b"] + amount["2"] + amount["3"] + amount["6"] == pytest.approx(amount["7"])
        assert amount["8b"] + amount["9"] + amount["10"] + amount["14"] == pytest.approx(amount["15"])
        assert amount["7"] + amount["15"] == pytest.approx(amount["16"])
        assert amount["16"] == pytest.approx(year["net"])
        assert amount["21"] == -year["deduction"]


def test_outside_gains_and_carryovers_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    profile = "tax: {law_year: 2024, ordinary_income: 90000, outside_long: -500, carryover_short: 7000}\n"
    result = rebal_tax(*given(tmp_path, household=HOUSEHOLD + profile), "--json")
    lines = json.loads(result.stdout)["schedule_d"]["2024"]["lines"]
    assert {row["line"]: row["amount"] for row in lines} == {
        "1b": 200, "2": 0, "3": 0, "6": -7000, "7": -6800, "8b": 0, "9": 0, "10": 0, "outside": -500, "14": 0,
        "15": -500, "16": -7300, "21": -3000, "6 next year": -3800, "14 next year": -500,
    }  # fmt: skip


def test_one_year(found: dict[str, Any]) -> None:
    result = rebal_tax(*EXAMPLE, "--year", "2024", "--json")
    assert result.exit_code == 0, result.stderr
    year = json.loads(result.stdout)
    assert year["year"] == 2024
    assert list(year["by_year"]) == list(year["schedule_d"]) == ["2024"]
    assert year["by_year"]["2024"] == found["by_year"]["2024"]
    assert {row["date"][:4] for row in year["disposals"]} == {"2024"}
    assert year["open_lots"] == found["open_lots"]
    assert "tax year 2024" in rebal_tax(*EXAMPLE, "--year", "2024").stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_tables_fit_and_warn_first(columns: int) -> None:
    result = rebal_tax(*EXAMPLE, columns=columns)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= columns
    assert "…" not in result.stdout
    words = " ".join(result.stdout.split())
    for said in ("Dana and Robin: 2023-01-17 to 2025-10-20", "Gains and tax by year", "Wash sales",
                 "lost for good", "Form 1099-B", "The broker does not see the replacement", "Open lots",
                 "not tax advice"):  # fmt: skip
        assert said in words, said
    assert words.index("warning: account 'Dana IRA'") < words.index("convention spouse_basis")


def test_large_amounts_fit_too(tmp_path: Path) -> None:
    ledger = GAIN.replace("VTI,10,", "VTI,1000000,").replace("L1:10", "L1:1000000")
    for columns, shown in ((120, "20,000,000.00 "), (85, "20,000,000 "), (80, "20,000 ")):
        result = rebal_tax(*given(tmp_path, ledger), columns=columns)
        assert shown in result.stdout
        assert "…" not in result.stdout


def test_a_folder_of_results(tmp_path: Path, found: dict[str, Any]) -> None:
    folder = tmp_path / "new" / "tax"
    result = rebal_tax(*EXAMPLE, "--out", folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == found
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["tax"]
    with (folder / "disposals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["recognized"]) for row in rows] == [row["recognized"] for row in found["disposals"]]
    with (folder / "schedule_d.csv").open(encoding="utf-8", newline="") as file:
        lines = [row["line"] for row in csv.DictReader(file) if row["year"] == "2024"]
    assert lines == [
        "1b",
        "2",
        "3",
        "6",
        "7",
        "8b",
        "9",
        "10",
        "14",
        "15",
        "16",
        "21",
        "6 next year",
        "14 next year",
    ]


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    assert rebal_tax(*given(tmp_path), "--out", tmp_path / "out").exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {"mine.txt"}
    assert (tmp_path / "out" / "mine.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "ledger",
    [
        GAIN,
        LOSS,
        f"{HEADER}2024-01-02,Main,BUY,VTI,1,1,,,,\n",
        f"{HEADER}2024-01-02,,SPLIT,VTI,2,,,,,\n",
        f"{HEADER}2024-01-02,Main,EX_DIVIDEND,VTI,2,1,,,,\n",
        f"{HEADER}2024-01-02,Roth,BUY,VTI,1,3,,,,\n2025-01-02,Roth,SELL,VTI,1,1,,,,\n",
    ],
    ids=["gain", "loss", "purchase", "split", "dividend", "retirement"],
)
def test_without_outside_accounts_nothing_is_called_free_of_wash_sales(tmp_path: Path, ledger: str) -> None:
    household = HOUSEHOLD.replace("complete: true", "complete: false")
    result = rebal_tax(*given(tmp_path, ledger, household), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for text in (" ".join(result.stdout.split()), " ".join(page.split())):
        assert "clear" not in text.lower()
        assert "no wash sale" not in text.lower()
        assert "were not evaluated" in text
    assert json.loads(rebal_tax(*given(tmp_path, ledger, household), "--json").stdout)["complete"] is False


def test_a_complete_household_may_be_told_so(tmp_path: Path) -> None:
    assert "no wash sale among the 2 accounts" in " ".join(rebal_tax(*given(tmp_path)).stdout.split())


def refused(result: Result) -> list[str]:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    assert all(line.startswith("error: ") for line in lines), lines
    return lines


@pytest.mark.parametrize(
    ("row", "place", "words"),
    [
        ("2024-13-02,Main,BUY,VTI,1,1,,,,", "row 4, column date", "not in the calendar"),
        ("2999-01-02,Main,BUY,VTI,1,1,,,,", "row 4, column date", "in the future"),
        ("2024-07-01,Mian,BUY,VTI,1,1,,,,", "row 4, column account", "did you mean 'Main'?"),
        ("2024-07-01,Main,BUY,VTI,-1,1,,,,", "row 4, column quantity", "'-1'"),
        ("2024-07-01,Main,BUY,VTI,1,cheap,,,,", "row 4, column price", "'cheap'"),
        ("2024-07-01,Main,BUY,VTI,1,-3,,,,", "row 4, column price", "'-3'"),
        ("2024-07-01,Main,HOLD,VTI,1,1,,,,", "row 4, column action", "'HOLD'"),
        ("2024-07-01,Main,SELL,VTI,1,1,,,,", "row 4, column quantity", "holds 0"),
        ("2024-07-01,Main,SELL,VTI,1,1,,,L7:1,", "row 4, column lots", "lot 'L7' of VTI is not in account"),
        ("2024-07-01,Main,SELL,BND,1,1,,,,\n2024-07-02,Main,BUY,BND,1,1,,,,", "row 4, column quantity",
         "it is bought on 2024-07-02"),
        ("2024-07-01,Main,SELL,VTI,1,1,,,,BEST", "row 4, column lot_method", "'BEST'"),
        ("2024-07-01,Main,BUY,VTI,1", "row 4", "has 5 cells under 10 columns"),
        ("2024-07-01,Main,BUY,VTI,nan,1,,,,", "row 4, column quantity", "'nan'"),
        ('2024-07-01,"Main,BUY,VTI,1,1,,,,', "row 4", "is not CSV"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_said_with_its_place(tmp_path: Path, row: str, place: str, words: str) -> None:
    lines = refused(rebal_tax(*given(tmp_path, f"{GAIN}{row}\n"), "--out", tmp_path / "out"))
    assert [line for line in lines if f"ledger.csv {place}:" in line and words in line], lines
    assert not (tmp_path / "out").exists()


def test_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    household = HOUSEHOLD.replace("roth_ira", "rothira") + "surprise: 1\n"
    ledger = f"{GAIN}2024-07-01,Nobody,BUY,VTI,1,1,,,,\n2024-07-01,Main,BUY,VTI,x,1,,,,\n"
    lines = refused(rebal_tax(*given(tmp_path, ledger, household), "--out", tmp_path / "out", "--json"))
    assert len(lines) == 4
    for words in (
        "'rothira'",
        "surprise",
        "row 4, column account: 'Nobody'",
        "row 5, column quantity: is 'x'",
    ):
        assert sum(words in line for line in lines) == 1, words
    assert not (tmp_path / "out").exists()


def test_a_household_without_names_hides_no_row(tmp_path: Path) -> None:
    lines = refused(rebal_tax(*given(tmp_path, f"{GAIN}soon,Main,BUY,VTI,1,1,,,,\n", "accounts: 3\n")))
    assert any("household.yaml" in line for line in lines)
    assert any("ledger.csv row 4, column date" in line for line in lines)


@pytest.mark.parametrize("missing", ["ledger", "household", "both"])
def test_missing_files(tmp_path: Path, missing: str) -> None:
    ledger, _, household = given(tmp_path)
    if missing != "household":
        ledger = tmp_path / "nowhere.csv"
    if missing != "ledger":
        household = tmp_path / "nowhere.yaml"
    lines = refused(rebal_tax(ledger, "--household", household))
    assert len(lines) == (2 if missing == "both" else 1)
    assert all("no such file" in line for line in lines)


@pytest.mark.parametrize(
    ("year", "words"),
    [("1999", "the history has 2024"), ("soon", "'soon'"), ("-1", "--year"), ("２０２４", "--year")],
)
def test_a_bad_year(tmp_path: Path, year: str, words: str) -> None:
    lines = refused(rebal_tax(*given(tmp_path), f"--year={year}", "--out", tmp_path / "out"))
    assert words in lines[0]
    assert not (tmp_path / "out").exists()


def test_an_unknown_law_year(tmp_path: Path) -> None:
    lines = refused(rebal_tax(*given(tmp_path, household=f"{HOUSEHOLD}tax: {{law_year: 1999}}\n")))
    assert lines == ["error: law year: 1999 is not known — use 2024, 2025, 2026"]


@pytest.mark.parametrize("place", ["ledger.csv", "ledger.csv/out"])
def test_a_folder_that_cannot_be(tmp_path: Path, place: str) -> None:
    lines = refused(rebal_tax(*given(tmp_path), "--out", tmp_path / place))
    assert place in lines[0]
    assert (tmp_path / "ledger.csv").read_text(encoding="utf-8") == GAIN


def test_without_jinja_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    arguments = given(tmp_path)
    lines = refused(rebal_tax(*arguments, "--out", tmp_path / "out"))
    assert "the page needs jinja2, which is not installed — pip install 'rebal_kit[views]'" in lines[0]
    assert not (tmp_path / "out").exists()
    assert rebal_tax(*arguments).exit_code == 0


def _files(folder: Path, rows: list[str], household: str) -> list[str]:
    ledger, people = folder / "l.csv", folder / "h.yaml"
    ledger.write_text(
        "\n".join(["date,account,action,symbol,quantity,price,lots", *rows]) + "\n", encoding="utf-8"
    )
    people.write_text(household, encoding="utf-8")
    return ["tax", str(ledger), "--household", str(people)]


SPOUSES = """complete: true
accounts: [{name: T, owner: A, type: taxable}, {name: S, owner: B, type: taxable}]
"""
WASHED = [
    "2024-01-03,T,BUY,X,100,50,", "2024-12-03,T,SELL,X,100,40,", "2024-12-10,S,BUY,X,100,41,",
    "2025-02-20,S,SELL,X,100,45,", "2025-12-20,S,BUY,Z,100,45,",
]  # fmt: skip


def test_what_cannot_be_played_is_said_beside_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rows = [
        "2024-01-03,T,BUY,X,100,50,", "2024-02-03,T,SELL,X,500,50,", "2024-02-04,T,SELL,X,10,50,Z:10",
        "2024-02-04,Q,BUY,Y,10,50,", "2099-02-04,T,BUY,Y,10,50,", "2024-02-05,T,SELL,Y,9,50,",
    ]  # fmt: skip
    done = CliRunner().invoke(app, _files(tmp_path, rows, SPOUSES))
    assert done.exit_code == 2
    said = done.stderr.splitlines()
    assert [int(line.partition(" row ")[2].partition(",")[0]) for line in said] == [5, 6, 3, 4]
    assert (
        "sells 500 X, account 'T' holds 100" in said[2]
    )  # of Y nothing more is said: a row of it is missing


def test_a_term_that_the_broker_has_otherwise_is_explained(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*_files(tmp_path, WASHED, SPOUSES), "--json"])
    row = next(r for r in json.loads(done.stdout)["broker_view"] if r["date"] == "2025-02-20")
    assert (row["term"], row["box_2"]) == ("LT", "ST")
    assert "The term is long-term, on the form short-term" in row["why"]


@pytest.mark.parametrize(
    ("household", "said"),
    [
        (
            SPOUSES.replace("}]", "}, {name: C, owner: C, type: taxable}]"),
            "accounts of A, B, C are taken together",
        ),
        (SPOUSES + "tax: {filing: single, ordinary_income: 1}\n", "accounts of A, B are taken together"),
        (SPOUSES + "conventions: {spouse_basis: permanent}\n", "stays as it was, and the loss is gone"),
        (SPOUSES, "the household has no tax section"),
    ],
)
def test_what_is_assumed_of_the_family_is_said(tmp_path: Path, household: str, said: str) -> None:
    done = CliRunner().invoke(app, [*_files(tmp_path, WASHED, household), "--json"])
    assert any(said in finding["what"] for finding in json.loads(done.stdout)["findings"])
