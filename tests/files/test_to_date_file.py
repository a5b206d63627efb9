"""Loss sales and the year so far in household files: what they say, and every fault with its line."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from pathlib import Path

import pytest

from rebal_kit.domain import Household
from rebal_kit.files.household import load_household, read_household, save_household
from rebal_kit.files.household_file import HouseholdFile
from rebal_kit.files.household_import import import_household, write_household
from rebal_kit.files.to_date_file import LossSaleFile, YearToDateFile
from rebal_kit.findings import Finding, HouseholdError
from rebal_kit.sources.load import load_market
from rebal_kit.to_date import LossSale, YearToDate
from tests.files.broker_home import JOINT, write_exports
from tests.files.households import readme_example

GOOD = """\
name: Test
as_of: 2024-08-12
reviewed: 2024-01-15
looks_from: 2022-01-03
accounts:
  - {name: Joint, owner: Alex, type: taxable, cash: 500}
  - {name: IRA, owner: Alex, type: ira}
year_to_date: {short: -1200, long: 5400.5, exempt: 12, tax_owed: -30}
loss_sales:
  - {account: Joint, symbol: VTI, sold: 2024-07-30, quantity: 40, loss: 812.50, acquired: 2024-01-05, lot: rest}
  - {account: Joint, symbol: BND, sold: 2024-08-12, quantity: 0, loss: 0}
lots: lots.csv
"""
LOTS = "account,lot,symbol,quantity,basis,acquired\nJoint,rest,VTI,10,1000,2024-01-05\n"
SALES = (
    LossSale("Joint", "VTI", dt.date(2024, 7, 30), 40.0, 812.5, dt.date(2024, 1, 5), lot="rest"),
    LossSale("Joint", "BND", dt.date(2024, 8, 12), 0.0, 0.0),
)


def written(folder: Path, text: str = GOOD) -> Path:
    (folder / "lots.csv").write_text(LOTS)
    (folder / "h.yaml").write_text(text)
    return folder / "h.yaml"


def without_sales(text: str = "") -> str:
    head, _, rest = GOOD.partition("loss_sales:\n")
    return f"{head}{text}{rest.splitlines()[-1]}\n"


def test_a_household_is_what_its_file_says(tmp_path: Path) -> None:
    reading = read_household(written(tmp_path))
    household = reading.household
    assert reading.findings == ()
    assert (household.reviewed, household.looks_from) == (dt.date(2024, 1, 15), dt.date(2022, 1, 3))
    assert household.year_to_date == YearToDate(-1_200.0, 5_400.5, exempt=12.0, tax_owed=-30.0)
    assert household.loss_sales == SALES
    assert load_household(save_household(household, tmp_path / "again.yaml")) == household


def test_what_is_not_said_is_unknown_and_what_is_empty_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, without_sales())
    reading = read_household(path)
    assert reading.household.loss_sales is None
    assert reading.findings == (
        Finding(
            "note", f"{path} line 1, loss_sales",
            "losses realised in the 30 days before 2024-08-12 are unknown: a purchase could replace one unnoticed",
            "list them under loss_sales; say loss_sales: [] if there are none",
        ),
    )  # fmt: skip
    saved = save_household(reading.household, tmp_path / "again.yaml")
    assert "loss_sales" not in saved.read_text()
    assert load_household(saved) == reading.household

    reading = read_household(written(tmp_path, without_sales("loss_sales: []\n")))
    assert (reading.household.loss_sales, reading.findings) == ((), ())
    saved = save_household(reading.household, tmp_path / "again.yaml")
    assert "loss_sales: []" in saved.read_text()
    assert load_household(saved) == reading.household


def test_nothing_is_missed_where_nothing_could_have_been_sold(tmp_path: Path) -> None:
    cash_only = without_sales().replace("lots: lots.csv\n", "")
    assert read_household(written(tmp_path, cash_only)).findings == ()
    sheltered = without_sales().replace("type: taxable", "type: ira")
    assert read_household(written(tmp_path, sheltered)).findings == ()


def test_what_is_usual_is_not_written(tmp_path: Path) -> None:
    saved = save_household(load_household("starter"), tmp_path / "again.yaml").read_text()
    for name in ("reviewed", "looks_from", "year_to_date", "loss_sales"):
        assert name not in saved


def test_a_file_holds_every_field_of_the_nouns() -> None:
    assert {f.name for f in fields(LossSale)} == set(LossSaleFile.model_fields)
    assert {f.name for f in fields(YearToDate)} == set(YearToDateFile.model_fields)
    assert {f.name for f in fields(Household)} - set(HouseholdFile.model_fields) == set()


SOLD, BOUGHT = "sold: 2024-07-30", "acquired: 2024-01-05"


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "remedy"),
    [
        ("reviewed: 2024-01-15", "reviewed: 2999-01-15", "3, reviewed", "is 2999-01-15, in the future",
         "check the year"),
        ("reviewed: 2024-01-15", "reviewd: 2024-01-15", "3, reviewd", "unknown field 'reviewd'",
         "did you mean 'reviewed'?"),
        ("looks_from: 2022-01-03", "looks_from: 1/3/2022", "4, looks_from", "is '1/3/2022', which is no date",
         "write year-month-day, such as 2012-08-31"),
        ("short: -1200", "short: '-1,200'", "8, year_to_date.short", "is '-1,200', not a number",
         "write it without separators, signs or blanks: -1200"),
        ("exempt: 12", "exempt: -12", "8, year_to_date.exempt", "is -12", "give a number at least 0"),
        ("exempt: 12", "exempt: .inf", "8, year_to_date.exempt", "is inf: Input should be a finite number",
         "give dividends and interest among these that states may not tax"),
        ("exempt: 12", "exmpt: 12", "8, year_to_date.exmpt", "unknown field 'exmpt'", "did you mean 'exempt'?"),
        ("{short: -1200, long: 5400.5, exempt: 12, tax_owed: -30}", "5", "8, year_to_date", "is 5, not named values",
         "give the tax year of as_of, so far, such as {short: -1200, qualified: 3100}"),
        ("account: Joint, symbol: VTI", "account: Jiont, symbol: VTI", "10, loss_sales[0].account",
         "'Jiont' is no account of the household", "did you mean 'Joint'?"),
        ("account: Joint, symbol: VTI", "symbol: VTI", "10, loss_sales[0].account", "is missing",
         "give the name of the account it was sold in"),
        ("symbol: VTI", "symbol: true", "10, loss_sales[0].symbol", "is True, not text", 'put it in quotes: "true"'),
        ("symbol: VTI", "symbol: ''", "10, loss_sales[0].symbol", "is empty", "give a name"),
        (SOLD, "sold: 2024-08-13", "10, loss_sales[0].sold", "is 2024-08-13, after the household's as_of 2024-08-12",
         "check both dates"),
        (SOLD, "sold: 2024-02-30", "10, loss_sales[0].sold", "is 2024-02-30, which is not in the calendar",
         "check month and day"),
        (SOLD, "sold: 2024-01-04", "10, loss_sales[0]",
         "loss sale of 'VTI': its dates are out of order: 2024-01-05, 2024-01-04",
         "give holding_start, acquired and sold in order of time"),
        (BOUGHT, f"{BOUGHT}, holding_start: 2024-01-06", "10, loss_sales[0]",
         "loss sale of 'VTI': its dates are out of order: 2024-01-06, 2024-01-05, 2024-07-30",
         "give holding_start, acquired and sold in order of time"),
        ("quantity: 40", "quantity: -40", "10, loss_sales[0].quantity", "is -40", "give a number at least 0"),
        ("quantity: 40, ", "", "10, loss_sales[0].quantity", "is missing",
         "give shares that nothing has replaced yet, counted as on the household's date; 0 where all are replaced"),
        ("loss: 812.50", "loss: -812.50", "10, loss_sales[0].loss", "is -812.5", "give a number at least 0"),
        ("loss: 812.50", "loss: $812.50", "10, loss_sales[0].loss", "is '$812.50', not a number",
         "write it without separators, signs or blanks: 812.50"),
        ("lot: rest", "lot: 7", "10, loss_sales[0].lot", "is 7, not text", 'put it in quotes: "7"'),
        ("lot: rest", "lots: rest", "10, loss_sales[0].lots", "unknown field 'lots'", "did you mean 'lot'?"),
    ],
)  # fmt: skip
def test_one_fault_one_finding(
    tmp_path: Path, old: str, new: str, where: str, what: str, remedy: str
) -> None:
    assert GOOD.count(old) == 1
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    found = [(f.where, f.what, f.remedy) for f in caught.value.findings]
    assert found == [(f"{path} line {where}", what, remedy)]


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("loss_sales: VTI", "loss_sales: is 'VTI', not a list",
         "give a list of what was sold at a loss in the 30 days before as_of; [] where nothing was"),
        ("loss_sales:", "loss_sales: has no value", "give one, or remove the line"),
        ("loss_sales: [VTI]", "loss_sales[0]: is 'VTI', not named values",
         "give shares sold at a loss in the 30 days before as_of, as far as no purchase has replaced them"),
    ],
)  # fmt: skip
def test_a_list_of_sales_is_wanted(tmp_path: Path, text: str, what: str, remedy: str) -> None:
    path = written(tmp_path, without_sales(f"{text}\n"))
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    assert [str(finding) for finding in caught.value.findings] == [f"{path} line 9, {what} — {remedy}"]


def test_what_has_a_day_needs_it(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("as_of: 2024-08-12\n", ""))
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    assert [str(finding).partition(": ")[2] for finding in caught.value.findings] == [
        "lots: are undated — add as_of, the date of the lots and of cash",
        "loss_sales: are undated — add as_of, the date up to which it tells",
        "year_to_date: is undated — add as_of, the date up to which it tells",
    ]


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    good = load_household(written(tmp_path))
    bad = replace(good, loss_sales=(replace(SALES[0], symbol=" VTI"),))
    with pytest.raises(HouseholdError, match="blanks around it"):
        save_household(bad, tmp_path / "out.yaml")
    assert not (tmp_path / "out.yaml").exists()


def test_the_brokers_tell_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_exports()
    told = "loss_sales: [{account: Joint, symbol: GLD, sold: 2024-01-0%d, quantity: 5, loss: 10}]\n"
    home = f"name: home\naccounts:\n{JOINT}year_to_date: {{short: -10}}\n{told % 4}"
    Path("home.yaml").write_text(home, encoding="utf-8")
    reading = import_household(["home.yaml"])
    assert reading.findings == ()
    assert reading.household.loss_sales == (LossSale("Joint", "GLD", dt.date(2024, 1, 4), 5.0, 10.0),)
    assert reading.household.year_to_date == YearToDate(short=-10.0)
    yaml, _ = write_household(reading, "out")
    assert load_household(yaml) == reading.household

    Path("home.yaml").write_text(home.replace("2024-01-04", "2024-01-06"), encoding="utf-8")
    with pytest.raises(HouseholdError) as caught:
        load_household("home.yaml")
    assert [str(finding) for finding in caught.value.findings] == [
        "home.yaml line 5, loss_sales[0].sold: is 2024-01-06, after the household's as_of 2024-01-05 — check both dates"
    ]


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(readme_example("loss_sales:"), encoding="utf-8")
    household = load_household(path)
    assert household.loss_sales
    assert household.year_to_date != YearToDate()
    assert household.looks_from < household.reviewed < household.as_of  # type: ignore[operator]
    assert set(household.symbols) <= {security.symbol for security in load_market("etf").securities}
    assert load_household(save_household(household, tmp_path / "again.yaml")) == household
