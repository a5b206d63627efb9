"""Households survive their files, and every fault of a file is said, with its place and what to do."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from rebal_kit.domain import Account, AccountKind, Household, Security, TaxLot
from rebal_kit.files.household import load_household, save_household
from rebal_kit.findings import HouseholdError
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.files.households import households

GOOD = """\
name: Test
as_of: 2012-08-31
complete: true
accounts:
  - {name: Joint, owner: Alex, type: taxable, broker: One, cash: 60000}
  - {name: IRA, owner: Alex, type: ira, opening_value: 500}
identical: [[VTI, ITOT]]
targets:
  classes:
    - {name: Stocks, weight: 55 %, members: {SPY: 1, VTI: 0}, location: [1, 3, 2]}
    - {name: Bonds, weight: 0.4, members: BND}
  cash: 5 %
tax: {filing: single, ordinary_income: 100000, state_rate: 5 %, flat: [0.3, 0.15, 15 %]}
lots: lots.csv
"""
LOTS = """\
account,lot,symbol,quantity,basis,acquired,holding_start,deferred
Joint,1,SPY,10,1000.50,2010-01-04,,
IRA,2,BND,5,400,2011-01-04,2010-12-01,25.5
"""


def written(folder: Path, text: str = GOOD, lots: str | None = LOTS) -> Path:
    (folder / "h.yaml").write_text(text)
    if lots is not None:
        (folder / "lots.csv").write_text(lots)
    return folder / "h.yaml"


def faults(path: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    return [(f.where.replace(f"{path.parent}/", ""), f.what, f.remedy) for f in caught.value.findings]


def test_a_household_is_what_its_files_say(tmp_path: Path) -> None:
    assert load_household(written(tmp_path)) == Household(
        name="Test",
        accounts=(
            Account("Joint", "Alex", AccountKind.TAXABLE, "One", 60_000.0,
                    (TaxLot("1", "SPY", 10.0, 1000.5, dt.date(2010, 1, 4)),)),
            Account("IRA", "Alex", AccountKind.IRA, "", 0.0,
                    (TaxLot("2", "BND", 5.0, 400.0, dt.date(2011, 1, 4), dt.date(2010, 12, 1), 25.5),), 500.0),
        ),
        targets=TargetAllocation(
            {AssetClass("Stocks", {"SPY": 1, "VTI": 0}): 0.55, AssetClass("Bonds", "BND"): 0.4}, {"Stocks": [1, 3, 2]}
        ),
        tax=TaxProfile("single", ordinary_income=100_000.0, state_rate=0.05, flat=(0.3, 0.15, 0.15)),
        identical=(("VTI", "ITOT"),),
        as_of=dt.date(2012, 8, 31),
        complete=True,
    )  # fmt: skip


@settings(max_examples=150)
@given(households())
def test_what_is_saved_is_loaded(household: Household) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save_household(household, Path(folder) / "h.yaml")
        assert load_household(path) == household


@pytest.mark.parametrize("name", ["starter", "two_million"])
def test_bundled_households_survive_saving(name: str, tmp_path: Path) -> None:
    household = load_household(name)
    assert household.name == name
    assert load_household(save_household(household, tmp_path / "copy.yaml")) == household


def test_targets_and_name_may_be_left_out(tmp_path: Path) -> None:
    path = written(
        tmp_path, "accounts: [{name: A, owner: x, type: 401k}]\nidentical: [[VTI, ITOT]]\ncomplete: false"
    )
    household = load_household(path)
    assert household.name == "h"
    assert household.targets.weights == ()
    assert household.accounts[0].kind == AccountKind.K401


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "remedy"),
    [
        ("as_of: 2012-08-31", "as_of: 2012-02-30", "h.yaml line 2, as_of",
         "is 2012-02-30, which is not in the calendar", "check month and day"),
        ("as_of: 2012-08-31", "as_of: 2999-02-03", "h.yaml line 2, as_of", "is 2999-02-03, in the future",
         "check the year"),
        ("as_of: 2012-08-31", "as_of: 0012-02-03", "h.yaml line 2, as_of", "is 0012-02-03, before 1900-01-01",
         "check the year"),
        ("as_of: 2012-08-31", "as_of: 8/31/2012", "h.yaml line 2, as_of", "is '8/31/2012', which is no date",
         "write year-month-day, such as 2012-08-31"),
        ("as_of: 2012-08-31\n", "", "h.yaml line 1", "lots: are undated",
         "add as_of, the date of the lots and of cash"),
        ("complete: true", "complete: yes", "h.yaml line 3, complete", "is 'yes', not true or false",
         "write true or false"),
        ("type: taxable", "type: taxble", "h.yaml line 5, accounts[0].type", "is 'taxble'", "did you mean 'taxable'?"),
        ("type: taxable", "type: trust", "h.yaml line 5, accounts[0].type", "is 'trust'",
         "use one of taxable, ira, roth_ira, 401k, hsa"),
        ("cash: 60000", "cash: '60,000'", "h.yaml line 5, accounts[0].cash", "is '60,000', not a number",
         "write it without separators, signs or blanks: 60000"),
        ("cash: 60000", "cash: $60000", "h.yaml line 5, accounts[0].cash", "is '$60000', not a number",
         "write it without separators, signs or blanks: 60000"),
        ("cash: 60000", "cash: lots", "h.yaml line 5, accounts[0].cash", "is 'lots', not a number",
         "give cash in US$"),
        ("cash: 60000", "cash: .inf", "h.yaml line 5, accounts[0].cash",
         "is inf: Input should be a finite number", "give cash in US$"),
        ("cash: 60000", "cash: -1", "h.yaml line 5, accounts[0].cash", "is -1", "give a number at least 0"),
        ("broker: One", "brokr: One", "h.yaml line 5, accounts[0].brokr", "unknown field 'brokr'",
         "did you mean 'broker'?"),
        ("owner: Alex, type: ira", "type: ira", "h.yaml line 6, accounts[1].owner", "is missing",
         "give who owns the account"),
        ("Alex, type: ira", "' Alex', type: ira", "h.yaml line 6, accounts[1].owner",
         "is ' Alex', with blanks around it or characters that do not print", "remove them"),
        ("[[VTI, ITOT]]", "[[VTI]]", "h.yaml line 7, identical", "group 1: has 1 security", "name two or more"),
        ("[[VTI, ITOT]]", "[[A, B], [B, C]]", "h.yaml line 7, identical", "B: stands in group 1 and in group 2",
         "join groups that share a security"),
        ("weight: 55 %", "weight: 55", "h.yaml line 10, targets.classes[0].weight",
         "is 55, which as a fraction would be 5500 %", "write 55 % with its percent sign, or 0.55"),
        ("weight: 55 %", "weight: 45 %", "h.yaml line 8, targets",
         "targets: weights of classes and cash sum to 0.9",
         "make them sum to 1; what stays uninvested stands under cash"),
        ("{SPY: 1, VTI: 0}", "{SPY: 0.9, VTI: 0}", "h.yaml line 10, targets.classes[0]",
         "asset class 'Stocks': member weights sum to 0.9", "make them sum to 1"),
        ("members: BND", "members: SPY", "h.yaml line 8, targets", "targets: SPY is in 'Stocks' and in 'Bonds'",
         "a security belongs to one class"),
        ("members: BND", "members: TRUE", "h.yaml line 11, targets.classes[1].members", "is True, not named values",
         "give a ticker, or weights inside the class by ticker; weight 0 is an acceptable holding or partner"),
        ("[1, 3, 2]", "[1, 3]", "h.yaml line 10, targets.classes[0].location", "is a list of 2",
         "give three ranks from 1 to 3 for buys: taxable, tax-deferred, Roth; 1 is first, ties allowed"),
        ("[1, 3, 2]", "[1, 3, 4]", "h.yaml line 10, targets.classes[0].location[2]", "is 4", "give a number at most 3"),
        ("filing: single", "filing: joint", "h.yaml line 13, tax.filing", "is 'joint'",
         "use one of single, mfj, mfs, hoh"),
        ("tax: {", "tax: {filing: mfj, ", "h.yaml line 13, tax.filing", "is given twice, first in line 13", "keep one"),
        ("lots: lots.csv", "lots: lot.csv", "h.yaml line 14, lots: lot.csv", "there is no such file",
         "did you mean 'lots.csv'?"),
        ("lots: lots.csv", "lots: 5", "h.yaml line 14, lots", "is 5, not text", 'put it in quotes: "5"'),
    ],
)  # fmt: skip
def test_one_fault_one_finding(
    tmp_path: Path, old: str, new: str, where: str, what: str, remedy: str
) -> None:
    assert GOOD.count(old) == 1
    assert faults(written(tmp_path, GOOD.replace(old, new))) == [(where, what, remedy)]


def test_accounts_have_names_of_their_own(tmp_path: Path) -> None:
    text = "accounts: [{name: A, owner: x, type: ira}, {name: A, owner: x, type: ira}]"
    assert faults(written(tmp_path, text)) == [
        ("h.yaml line 1, accounts", "account 'A': is listed twice", "give each account its own name")
    ]
    assert faults(written(tmp_path, "accounts: []")) == [
        ("h.yaml line 1, accounts", "is a list of 0", "give a list of accounts")
    ]


def test_how_distributions_are_taxed(tmp_path: Path) -> None:
    securities = (
        "securities: {BND: {qualified_share: 0}, SPY: {qualified_share: 95 %, state_exempt: true, size: big}}"
    )
    household = load_household(written(tmp_path, f"{GOOD}{securities}\n"))
    assert household.securities == (
        Security("BND", qualified_share=0.0),
        Security("SPY", "", 0.95, True, "big"),
    )
    saved = save_household(household, tmp_path / "again.yaml")
    assert load_household(saved) == household


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("{BND: {qualified_share: 85}}", ".BND.qualified_share", "is 85, which as a fraction would be 8500 %",
         "write 85 % with its percent sign, or 0.85"),
        ("{BND: {qualified_share: 110 %}}", ".BND.qualified_share", "is '110 %'", "give a number at most 1"),
        ("{BND: {state_exempt: true}}", ".BND.qualified_share", "is missing",
         "give the fraction of its distributions taxed as qualified dividends: 1 for most shares, 0 for interest"),
        ("{BND: {qualified_share: 0, state_exempt: 1}}", ".BND.state_exempt", "is 1, not true or false",
         "write true or false"),
        ("{BND: {qualified: 0, qualified_share: 0}}", ".BND.qualified", "unknown field 'qualified'",
         "did you mean 'qualified_share'?"),
        ("[BND]", "", "is a list of 1, not named values",
         "give how distributions are taxed, by ticker, such as {AGG: {qualified_share: 0}}"),
    ],
)  # fmt: skip
def test_faults_of_securities(tmp_path: Path, text: str, where: str, what: str, remedy: str) -> None:
    found = faults(written(tmp_path, f"{GOOD}securities: {text}\n"))
    assert found == [(f"h.yaml line 15, securities{where}", what, remedy)]


def test_both_files_are_checked_although_both_are_faulty(tmp_path: Path) -> None:
    text = GOOD.replace("cash: 60000", "cash: many").replace("name: Bonds, ", "")
    places = [where for where, _, _ in faults(written(tmp_path, text, LOTS.replace("Joint", "Joynt")))]
    assert places == [
        "h.yaml line 5, accounts[0].cash", "h.yaml line 11, targets.classes[1].name", "lots.csv row 2, column account",
    ]  # fmt: skip


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    good = load_household(written(tmp_path))
    account = good.accounts[0]
    path = tmp_path / "out.yaml"
    for lot, what in [
        (replace(account.lots[0], acquired=dt.date(2012, 9, 3)), "after the household's as_of 2012-08-31"),
        (replace(account.lots[0], symbol=" SPY"), "does not survive being written"),
    ]:
        bad = replace(good, accounts=(replace(account, lots=(lot,)), *good.accounts[1:]))
        with pytest.raises(HouseholdError, match=what):
            save_household(bad, path)
    assert not path.exists()
    with pytest.raises(HouseholdError, match="cannot be written"):
        save_household(good, tmp_path / "no folder" / "out.yaml")


def test_a_file_is_replaced_whole_and_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = load_household(written(tmp_path))
    saved, elsewhere = tmp_path / "out.yaml", tmp_path / "elsewhere.yaml"
    elsewhere.write_text("mine", encoding="utf-8")
    saved.symlink_to(elsewhere)
    assert load_household(save_household(good, saved)) == good
    assert elsewhere.read_text(encoding="utf-8") == "mine"
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HouseholdError, match="cannot be written"):
        save_household(replace(good, complete=not good.complete), saved)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
