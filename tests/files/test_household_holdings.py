"""Households whose accounts are told by their brokers' files: read, put together, and every fault told at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.files.bundled import bundled_folder
from rebal_kit.files.household_file import HouseholdFile
from rebal_kit.files.yaml_text import read_yaml
from rebal_kit.sources.load import load_market
from tests.files.broker_files import DAY, FIDELITY, SCHWAB, SCHWAB_LOTS
from tests.files.broker_home import ALL, BRK, IRA, JOINT, SPY, edit, reading, refused, write_exports


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every export, in which one works."""
    monkeypatch.chdir(tmp_path)
    write_exports()
    return tmp_path


def test_five_accounts_of_four_brokers(folder: Path) -> None:
    found = reading(ALL)
    joint, roth, bonds, ira, trading = found.household.accounts
    assert found.household.as_of == DAY
    assert [a.broker for a in (joint, roth, ira, trading)] == [
        "Schwab",
        "Fidelity",
        "Vanguard",
        "Interactive Brokers",
    ]
    assert [a.cash for a in (joint, roth, bonds, ira, trading)] == [61.04, 500.0, 0.4, 1000.25, 50.5]
    assert joint.lots == (*SPY, BRK)
    assert roth.lots == (TaxLot("Roth GLD 2020-03-16", "GLD", 5.125, 871.25, dt.date(2020, 3, 16)),)
    assert bonds.lots == (TaxLot("Bonds AGG 2023-06-01", "AGG", 120.0, 10800.0, dt.date(2023, 6, 1)),)
    assert [lot.basis for lot in ira.lots] == [2600.0, 6600.0]
    assert [lot.quantity for lot in trading.lots] == [4.0, 6.0]
    assert (roth.kind, ira.owner) == (AccountKind.ROTH_IRA, "Kim")
    assert [str(f) for f in found.findings] == [
        "vanguard.csv row 6: Vanguard transactions are not read — holdings are taken as the file lists them"
    ]


def test_a_flex_query_with_its_cash_and_a_moved_holding_period(folder: Path) -> None:
    account = "- {name: Trading, owner: Kim, type: taxable, holdings: [flex.csv, flex_cash.csv]}\n"
    (trading,) = reading(account).household.accounts
    assert (trading.cash, trading.lots[0].holding_start) == (50.5, None)
    assert trading.lots[1].holding_start == dt.date(2022, 1, 10)


def test_ofx_with_lots_of_ones_own(folder: Path) -> None:
    Path("own.csv").write_text(
        "account,lot,symbol,quantity,basis,acquired\nIRA,one,VTI,10,2000,2020-03-16\nIRA,two,VTSAX,2.5,225,2020-03-16\n",
        encoding="utf-8",
    )
    (ira,) = reading(
        "- {name: IRA, owner: Kim, type: ira, holdings: [ira.qfx, own.csv]}\n"
    ).household.accounts
    assert (ira.cash, ira.broker, [lot.lot for lot in ira.lots]) == (55.5, "example.com", ["one", "two"])


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    edit("schwab.csv", '"1,010"', '"x"')
    edit("fidelity_lots.csv", "$871.25", "--")
    edit("vanguard_lots.csv", "03/16/2020", "--")
    edit("activity.csv", "Total,,Stocks,USD,,,,,,3001", "Total,,Stocks,USD,,,,,,9")
    said = "\n".join(refused(ALL + "- {name: Odd, owner: Kim, type: taxable, holdings: [nothing.csv]}\n"))
    for what in ("schwab.csv row 4", "fidelity_lots.csv row 2", "vanguard_lots.csv row 3", "activity.csv row 12",
                 "nothing.csv: there is no such file", "accounts[5]: no file has an account"):  # fmt: skip
        assert what in said


def test_faults_of_the_household_file_do_not_hide_those_of_its_files(folder: Path) -> None:
    edit("schwab.csv", '"$407,841.04"', '"$1.00"')
    said = refused(JOINT.replace("taxable", "taxible"))
    assert ["accounts[0].type" in said[0], "schwab.csv row 7" in said[1]] == [True, True]


def test_tickers_and_days_are_looked_up_in_a_market(folder: Path) -> None:
    edit("schwab_lots.csv", "10/30/2017", "12/25/2007")
    edit("schwab_lots.csv", "07/10/2020", "07/11/2020")
    found = reading(JOINT, market=load_market("etf"))
    assert [(f.severity, f.where, f.what) for f in found.findings] == [
        ("warning", "schwab_lots.csv row 4, column Open Date", "is 2020-07-11, a Saturday"),
        ("warning", "schwab_lots.csv row 5, column Open Date", "is 2007-12-25, no session of the market"),
        ("warning", "schwab.csv row 5, column Symbol", "'BRK/B' is not in the market"),
    ]


def test_account_numbers_are_shown_nowhere_in_full(folder: Path) -> None:
    Path("Z12345678.csv").write_text(FIDELITY.replace("5.125,", "5.125x,"), encoding="utf-8")
    said = "\n".join(refused("- {name: A, owner: B, type: ira, number: '0000', holdings: [Z12345678.csv]}\n"))
    assert "…5678.csv row 2, column Quantity: is '5.125x'" in said
    assert "12345678" not in said
    assert "87654321" not in said
    named = "- {name: Mine 44445555, owner: Kim, type: ira, holdings: [vanguard.csv, vanguard_lots.csv]}\n"
    (fault,) = refused(named)
    assert "accounts[0]: the account's name holds its number — give it another name" in fault


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: IRA", "name: IRA 4444-5555", "accounts[0]: the account's name holds its number"),
        ("owner: Kim", "owner: Kim 44445555", "accounts[0]: the owner's name holds an account number"),
        ("type", "broker: at 4444 5555, type", "accounts[0]: the broker's name holds an account number"),
    ],
)
def test_no_name_that_is_written_holds_an_account_number(folder: Path, old: str, new: str, said: str) -> None:
    (fault,) = refused(IRA.replace(old, new))
    assert said in fault
    assert "4444" not in fault


@pytest.mark.parametrize("number", [12345678, 5678])
def test_a_number_without_quotes_is_not_shown(folder: Path, number: int) -> None:
    (said, *_) = refused(JOINT.replace("holdings", f"number: {number}, holdings"))
    assert "accounts[0].number: is …5678, not text — put its last three or four characters in quotes" in said
    assert "1234" not in said


@pytest.mark.parametrize("number", ["Z12345678", "12", "12345", "12 4", "…678"])
def test_no_more_of_a_number_than_its_ending_is_taken(folder: Path, number: str) -> None:
    said = refused(JOINT.replace("holdings", f"number: '{number}', holdings"))
    assert "accounts[0].number: is '…" in said[0]
    assert "give its last three or four characters only" in said[0]
    assert "12345678" not in said[0]


def test_windows_text_and_byte_order_marks(folder: Path) -> None:
    Path("schwab.csv").write_bytes(SCHWAB.replace("BERKSHIRE", "BÄRKSHIRE é").encode("cp1252"))
    Path("schwab_lots.csv").write_bytes(SCHWAB_LOTS.encode("utf-8-sig"))
    found = reading(JOINT)
    assert found.household.lots == (*SPY, BRK)
    assert [f"{f.severity} {f}" for f in found.findings] == [
        "note schwab.csv: is not UTF-8 — read as Windows text: check names with accents"
    ]
    Path("schwab.csv").write_bytes(SCHWAB.encode() + b"\x81")
    assert "schwab.csv line 8: is not UTF-8 text (byte 0x81)" in refused(JOINT)[0]


def test_the_readmes_example_is_a_household_file() -> None:
    text = (bundled_folder("households") / "README.md").read_text(encoding="utf-8")
    (example,) = [
        part.split("```")[0] for part in text.split("```yaml\n")[1:] if "holdings:" in part.split("```")[0]
    ]
    file = HouseholdFile.model_validate(read_yaml(example, "README.md").data)
    assert [account.number for account in file.accounts] == [None, "5678", "9012", None]
