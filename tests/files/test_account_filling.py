"""What an account holds by its files: lots that can be relied on, cash that is told, and nothing guessed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.findings import HouseholdError
from tests.files.broker_files import ACTIVITY, FIDELITY_LOTS, SCHWAB, SCHWAB_LOTS
from tests.files.broker_home import BRK, IBKR, JOINT, SPY, edit, reading, refused, write_exports


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every export, in which one works."""
    monkeypatch.chdir(tmp_path)
    write_exports()
    return tmp_path


def test_ofx_alone_asks_for_every_lot(folder: Path) -> None:
    assert refused("- {name: IRA, owner: Kim, type: ira, holdings: [ira.qfx]}\n") == [
        (
            "ira.qfx, position VTI: no file has the lots of 10 VTI — add the broker's file of lots, or give all"
            " lots of VTI in a"
            " lots file (account, lot, symbol, quantity, basis, acquired) beside the broker's"
        ),
        (
            "ira.qfx, position VTSAX: no file has the lots of 2.5 VTSAX (cost 225.00 in all) — add the broker's"
            " file of lots, or"
            " give all lots of VTSAX in a lots file (account, lot, symbol, quantity, basis, acquired) beside"
            " the broker's"
        ),
    ]


def test_a_missing_basis_is_answered_by_the_households_own_lots(folder: Path) -> None:
    edit("schwab_lots.csv", '"$2,000.00"', '"Incomplete"')
    edit("schwab_lots.csv", '"$2,000.00"', '"--"')
    (fault,) = refused(JOINT)
    assert fault.startswith(
        "schwab_lots.csv row 11, column Cost Basis: is 'Incomplete': the basis of 10.5 BRK/B is not known —"
        " give all lots"
    )
    Path("lots.csv").write_text(
        "account,lot,symbol,quantity,basis,acquired\nJoint,mine,BRK/B,10.5,1999.5,2016-03-16\n",
        encoding="utf-8",
    )
    edit("schwab.csv", '"$2,000.00"', '"--"')
    edit("schwab.csv", '"$302,500.25"', '"--"')
    (joint,) = reading(JOINT, "as_of: 2024-01-05\nlots: lots.csv\n").household.accounts
    assert joint.lots == (*SPY, TaxLot("mine", "BRK/B", 10.5, 1999.5, dt.date(2016, 3, 16)))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("mine,BRK/B,10,2000,2016-03-16", "10.5 shares of BRK/B are held, but its lots have 10"),
        (
            "mine,BRK/B,10.5,1,2016-03-16",
            "BRK/B cost 2,000.00, but its lots (schwab.csv row 5 and on) cost 1.00",
        ),
        ("mine,VTI,1,1,2016-03-16", "there are lots of VTI, but schwab.csv does not hold it"),
    ],
)
def test_lots_of_ones_own_are_held_against_the_shares(folder: Path, row: str, said: str) -> None:
    Path("own.csv").write_text(f"account,lot,symbol,quantity,basis,acquired\nJoint,{row}\n", encoding="utf-8")
    found = refused(JOINT.replace("schwab_lots.csv", "schwab_lots.csv, own.csv"))
    assert len(found) == 1
    assert said in found[0]


def test_own_lots_alone_need_their_cash_told(folder: Path) -> None:
    Path("own.csv").write_text(
        "account,lot,symbol,quantity,basis,acquired\nA,1,VTI,1,1,2016-03-16\n", encoding="utf-8"
    )
    account = "- {name: A, owner: B, type: ira, holdings: [own.csv]}\n"
    assert refused(account, "as_of: 2024-01-05\n") == [
        (
            "home.yaml line 4, accounts[0]: no file tells its cash — say it: cash in the household file, or"
            " after the type in"
            " --account"
        )
    ]
    told = reading(account.replace("ira,", "ira, cash: 3,"), "as_of: 2024-01-05\n").household.accounts[0]
    assert (told.cash, told.lots) == (3.0, (TaxLot("1", "VTI", 1.0, 1.0, dt.date(2016, 3, 16)),))
    late = refused(account.replace("ira,", "ira, cash: 3,"), "as_of: 2016-01-05\n")
    assert "column acquired: is 2016-03-16, after the household's as_of 2016-01-05" in late[0]


def test_lots_alone_are_taken_when_cash_is_told(folder: Path) -> None:
    account = "- {name: Joint, owner: Alex, type: taxable, cash: 5, holdings: [schwab_lots.csv]}\n"
    (joint,) = reading(account).household.accounts
    assert (joint.lots, joint.cash) == ((*SPY, BRK), 5.0)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("schwab.csv", '"SPY"', '"VOO"', "there are lots of SPY, but schwab.csv does not hold it"),
        ("schwab.csv", '"SPY"', '"VOO"', "no file has the lots of 1,010 VOO (cost 300,500.25 in all)"),
        ("schwab.csv", '"1,010","$400.00"', '"-1,010","-$400.00"',
         "schwab.csv row 4, column Qty (Quantity): is -1,010 SPY, a short position"),
        ("schwab.csv", '"Equity"', '"Option"',
         "schwab.csv row 5, column Symbol: 'BRK/B' is 'Option', neither a share nor a fund"),
        ("schwab.csv", '"1,010"', '"1,011"',
         "schwab.csv row 4, column Qty (Quantity): 1,011 shares of SPY are held, but its lots have 1,010"),
        ("schwab_lots.csv", '"610","$400.00"', '"-610","$400.00"',
         "schwab_lots.csv row 4, column Quantity: is -610, a short lot"),
        ("schwab_lots.csv", "07/10/2020 00:00:00", "07/10/2031 00:00:00",
         "schwab_lots.csv row 4, column Open Date: is 2031-07-10, after the file's day 2024-01-05"),
        ("schwab_lots.csv", "07/10/2020 00:00:00", "--", "the date of purchase of 610 SPY is not known"),
        ("schwab.csv", "2024/01/05", "2024/01/08", "schwab_lots.csv: is of 2024-01-05, the household of 2024-01-08"),
        ("schwab.csv", '"$61.04"', '"-$61.04"', "schwab.csv, account …123: cash is -61.04 — a debt"),
    ],
)  # fmt: skip
def test_one_fault_is_said_where_it_is(folder: Path, name: str, old: str, new: str, said: str) -> None:
    edit(name, old, new)
    try:
        found = [str(finding) for finding in reading(JOINT).findings]
    except HouseholdError as error:
        found = [str(finding) for finding in error.findings]
    assert sum(said in fault for fault in found) == 1, found


def test_lots_and_positions_listed_twice(folder: Path) -> None:
    lot = next(row for row in SCHWAB_LOTS.splitlines(keepends=True) if row.startswith('"10/30/2017'))
    edit("schwab_lots.csv", lot, lot + lot)
    assert any("column Quantity: is 1,010, but the rows sum to 1,410" in fault for fault in refused(JOINT))
    row = '"BRK/B","BERKSHIRE","10.5","$360.00","$3,780.00","$2,000.00","$1,780.00","Equity",\n'
    edit("schwab.csv", row, row + row)
    said = refused(JOINT)
    assert any(
        "schwab.csv row 6: the position in BRK/B is the same as that of schwab.csv row 5" in f for f in said
    )


def test_two_fills_that_are_alike_are_kept_with_a_warning(folder: Path) -> None:
    edit(
        "activity.csv",
        '"2022-02-14, 12:52:03",6,,300,1800,430.5,2583',
        '"2022-02-14, 12:52:03",3,,300,900,430.5,1291.5',
    )
    half = 'Open Positions,Data,Lot,Stocks,USD,VOO,"2022-02-14, 12:52:03",3,,300,900,430.5,1291.5,783,LT\n'
    edit("activity.csv", half, half + half)
    found = reading(IBKR)
    assert [lot.lot for lot in found.household.lots][1:] == [
        "Trading VOO 2022-02-14",
        "Trading VOO 2022-02-14 no 2",
    ]
    assert [(f.severity, f.what) for f in found.findings] == [
        ("warning", "the lot of VOO is the same as that of activity.csv row 11")
    ]


def test_what_is_no_share_can_be_left_out(folder: Path) -> None:
    edit("schwab.csv", '"BRK/B"', '"AAPL 01/16/2026 250.00 C"')
    edit("schwab_lots.csv", '"BRK/B Lot', '"AAPL Lot')
    left = 'leave_out: ["AAPL 01/16/2026 250.00 C", AAPL], holdings'
    found = reading(JOINT.replace("holdings", left))
    assert found.household.lots == SPY
    assert not [f for f in found.findings if f.severity == "error"]


def test_cash_told_twice(folder: Path) -> None:
    assert (
        "cash is 61.05, but 61.04 in schwab.csv"
        in refused(JOINT.replace("taxable", "taxable, cash: 61.05"))[0]
    )
    said = refused(JOINT.replace("taxable", "taxable, cash: 60"))
    assert said == [("home.yaml line 3, accounts[0]: cash is 60.00, but 61.04 in schwab.csv — leave it out"
                     " here, or correct"
                    " it")]  # fmt: skip
    assert reading(JOINT.replace("taxable", "taxable, cash: 61.04")).household.accounts[0].cash == 61.04


def test_cash_in_doubt_is_asked_for(folder: Path) -> None:
    edit("ira.qfx", "VTSAX", "VMFXX")
    edit("ira.qfx", "<TICKER>VTI", "<TICKER>GLD")
    Path("own.csv").write_text(
        "account,lot,symbol,quantity,basis,acquired\nA,1,GLD,10,1,2016-03-16\n", encoding="utf-8"
    )
    account = "- {name: A, owner: B, type: ira, holdings: [ira.qfx, own.csv]}\n"
    (said,) = refused(account)
    assert said.startswith(
        "ira.qfx: AVAILCASH is 55.50, and 250.00 are in a settlement fund — say it: cash in"
    )
    assert reading(account.replace("ira,", "ira, cash: 250,")).household.accounts[0].cash == 250.0


def test_a_position_of_no_shares_has_no_lots(folder: Path) -> None:
    edit("activity.csv", "Open Positions,Total", "Open Positions,Data,Summary,Stocks,USD,GLD,-,0,1,0,0,9,0,0,\n"
         "Open Positions,Total")  # fmt: skip
    assert [lot.symbol for lot in reading(IBKR).household.lots] == ["VOO", "VOO"]


def test_lots_left_behind_by_a_sale_are_said(folder: Path) -> None:
    gone = SCHWAB.splitlines(keepends=True)
    Path("schwab.csv").write_text("".join([*gone[:3], gone[5]]), encoding="utf-8")
    said = refused(JOINT)
    assert [f"there are lots of {s}, but schwab.csv does not hold it" in f for s, f in zip(("SPY", "BRK/B"), said,
            strict=True)] == [True, True]  # fmt: skip


def test_lots_of_two_foreign_securities_without_positions(folder: Path) -> None:
    text = "\n".join(row for row in ACTIVITY.splitlines() if ",Summary," not in row).replace(
        "Lot,Stocks,USD", "Lot,Stocks,CAD"
    )
    Path("activity.csv").write_text(text, encoding="utf-8")
    (said,) = refused(IBKR)
    assert said.startswith("activity.csv row 9, column Symbol: 'VOO' is in CAD, and accounts are in US$")


def test_a_row_that_cannot_be_read_is_said_once_and_not_missed_everywhere(folder: Path) -> None:
    edit("schwab.csv", '"1,010"', '"x"')
    (said,) = refused(JOINT)
    assert said.startswith("schwab.csv row 4, column Qty (Quantity): is 'x', not a number")
    Path("schwab.csv").write_text(SCHWAB, encoding="utf-8")
    edit("schwab_lots.csv", "03/16/2016", "16.3.2016")
    (said,) = refused(JOINT)
    assert said.startswith("schwab_lots.csv row 11, column Open Date: is '16.3.2016', which is no date")


def test_lots_that_are_alike_and_that_nothing_confirms(folder: Path) -> None:
    account = "- {name: A, owner: B, type: ira, cash: 1, holdings: [alone.csv]}\n"
    rows = FIDELITY_LOTS.splitlines(keepends=True)
    Path("alone.csv").write_text("".join([*rows[:2], rows[1]]), encoding="utf-8")
    assert refused(account, "as_of: 2024-01-05\n") == [
        (
            "alone.csv row 3: the lot of GLD is the same as that of alone.csv row 2"
            " — take one out if it is the same purchase"
        )
    ]
    first, rest = SCHWAB_LOTS.split('"Total","1,010"')
    twin = first.replace('"400","$400.00"', '"610","$400.00"').replace("10/30/2017", "07/10/2020")
    twin = twin.replace('"$160,000.00","$100,000.00"', '"$244,000.00","$200,500.25"')
    total = rest.replace('"$404,000.00","$300,500.25"', '"$488,000.00","$401,000.50"', 1)
    Path("alone.csv").write_text(f'{twin}"Total","1,220"{total}', encoding="utf-8")
    found = reading(account)
    assert [(f.severity, f.what) for f in found.findings] == [
        ("warning", "the lot of SPY is the same as that of alone.csv row 4")
    ]
    assert [lot.quantity for lot in found.household.lots if lot.symbol == "SPY"] == [610.0, 610.0]


def test_own_lots_of_what_is_not_held_are_said_where_the_account_is(folder: Path) -> None:
    Path("own.csv").write_text(
        "account,lot,symbol,quantity,basis,acquired\nJoint,1,VTI,1,1,2016-03-16\n", "utf-8"
    )
    (said,) = refused(JOINT.replace("schwab_lots.csv", "schwab_lots.csv, own.csv"))
    assert said.startswith(
        "home.yaml line 3, accounts[0]: there are lots of VTI, but schwab.csv does not hold it"
    )
