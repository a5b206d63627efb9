"""Which account of the household each file is of: by number, by name, or asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.files.broker_files import SCHWAB, SCHWAB_LOTS
from tests.files.broker_home import BONDS, IRA, JOINT, ROTH, edit, reading, refused, write_exports


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every export, in which one works."""
    monkeypatch.chdir(tmp_path)
    write_exports()
    return tmp_path


def test_an_account_that_the_household_does_not_name_is_asked_for_once(folder: Path) -> None:
    assert refused(ROTH) == [
        (
            "fidelity.csv and fidelity_lots.csv: account …4321 is no account of the household — add it with --account"
            " \"4321=Individual,OWNER,TYPE\", or in the household file an account with number: '4321' that"
            " names this file under"
            " holdings (trading: excluded if it is not to be touched)"
        )
    ]


def test_a_number_that_no_file_has(folder: Path) -> None:
    said = refused(
        ROTH + BONDS + "- {name: No, owner: B, type: ira, number: '0000', holdings: [fidelity.csv]}\n"
    )
    assert said == [("home.yaml line 5, accounts[2]: no file has an account that ends in …0000 — add its file,"
                     " or check the"
                    " number")]  # fmt: skip


def test_two_accounts_that_may_be_meant(folder: Path) -> None:
    said = refused(ROTH + BONDS + BONDS.replace("Bonds", "Twin"))
    assert any(
        "account …4321: may be 'Bonds' and 'Twin' — give each account its own number" in fault
        for fault in said
    )


def test_one_file_of_one_account_needs_no_number_but_no_other_either(folder: Path) -> None:
    assert len(reading(JOINT.replace("holdings", "number: '123', holdings")).household.lots) == 3
    said = refused(JOINT.replace("holdings", "number: '999', holdings"))
    assert any("account …123 is no account of the household" in fault for fault in said)


def test_an_account_twice(folder: Path) -> None:
    Path("older.csv").write_text(SCHWAB, encoding="utf-8")
    Path("older_lots.csv").write_text(SCHWAB_LOTS, encoding="utf-8")
    said = refused(JOINT.replace("schwab_lots.csv", "schwab_lots.csv, older.csv, older_lots.csv"))
    assert said == [
        "older.csv, account …123: the account's positions are also in schwab.csv — give one file, the newer",
        "older_lots.csv row 4: lots of SPY in this account are also in schwab_lots.csv — give one file, the newer",
        "older_lots.csv row 11: lots of BRK/B in this account are also in schwab_lots.csv — give one file, the newer",
        "older.csv, account …123: the account's cash are also in schwab.csv — give one file, the newer".replace(
            "cash are", "cash is"),
    ]  # fmt: skip
    (twice,) = refused(JOINT.replace("schwab_lots.csv", "schwab.csv"))
    assert "accounts[0].holdings: list: names schwab.csv twice — keep one" in twice


def test_no_date_is_asked_for(folder: Path) -> None:
    edit("vanguard_lots.csv", " as of 01/05/2024 02:17 PM, ET", "")
    edit("vanguard_lots.csv", " as of 01/05/2024 02:17 PM, ET", "")
    edit("vanguard_lots.csv", " as of 01/05/2024 02:17 PM, ET", "")
    edit("vanguard_lots.csv", " as of 01/05/2024 02:17 PM, ET", "")
    (said,) = refused(IRA)
    assert said.startswith(
        "vanguard.csv: no file says its date — say of which day they are: as_of in the household file"
    )
    assert reading(IRA, "as_of: 2024-01-08\n").household.as_of == dt.date(2024, 1, 8)


def test_files_of_other_days(folder: Path) -> None:
    found = reading(JOINT, "as_of: 2024-01-09\n")
    assert [(f.severity, f.what) for f in found.findings] == [
        ("warning", "is of 2024-01-05, the household of 2024-01-09")
    ] * 2
    assert refused(JOINT, "as_of: 2024-01-04\n")[0].startswith(
        "schwab.csv: is of 2024-01-05, the household of 2024-01-04"
    )


def test_files_that_do_not_say_which_account_they_are_of(folder: Path) -> None:
    edit("fidelity_lots.csv", "Roth IRA", "Other")
    said = refused(ROTH + BONDS)
    assert any(
        "account 'Other' is no account of the household — call an account 'Other', or list this file under"
        in fault
        for fault in said
    )
    text = Path("schwab_lots.csv").read_text(encoding="utf-8").replace(" for Individual ...123", "")
    Path("schwab_lots.csv").write_text(text, encoding="utf-8")
    assert len(reading(JOINT).household.lots) == 3
    said = refused(JOINT + IRA.replace("vanguard.csv", "vanguard.csv, schwab_lots.csv"))
    assert any(
        "schwab_lots.csv: account without a number is no account of the household — list this file under"
        in fault
        for fault in said
    )


def test_accounts_are_found_by_the_names_the_broker_gives_them(folder: Path) -> None:
    named = (
        "- {name: roth ira, owner: B, type: ira, cash: 1, holdings: [fidelity_lots.csv]}\n"
        "- {name: Individual, owner: B, type: ira, cash: 2, holdings: [fidelity_lots.csv]}\n"
    )
    roth, own = reading(named, "as_of: 2024-01-05\n").household.accounts
    assert [[lot.symbol for lot in account.lots] for account in (roth, own)] == [["GLD"], ["AGG"]]
    said = refused(named.replace("roth ira", "One").replace("Individual", "Two"), "as_of: 2024-01-05\n")
    assert [fault.partition(" is no")[0] for fault in said[:2]] == [
        "fidelity_lots.csv: account 'Roth IRA'", "fidelity_lots.csv: account 'Individual'",
    ]  # fmt: skip
