"""Flows and restrictions in household files: what they say, and every fault with its line."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path

import pytest

from rebal_kit.domain import Account
from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.household_file import _OF_FILES, AccountFile, FlowFile
from rebal_kit.findings import HouseholdError
from rebal_kit.flows import CashFlow
from rebal_kit.sources.load import load_market
from tests.files.households import readme_example

GOOD = """\
name: Test
as_of: 2012-08-31
accounts:
  - {name: Joint, owner: Alex, type: taxable, min_cash: 5000, dividends: drip, do_not_sell: [OLD]}
  - {name: IRA, owner: Alex, type: ira, do_not_buy: [SPY]}
  - {name: Plan, owner: Alex, type: 401k, trading: frozen}
  - {name: Other, owner: Alex, type: taxable, trading: excluded}
targets:
  classes:
    - {name: Stocks, weight: 60 %, members: {SPY: 1, VTI: 0}}
    - {name: Bonds, weight: 40 %, members: BND}
  location: auto
do_not_buy: [VTI]
do_not_sell: [BND]
flows:
  - {amount: -2000, every: month, first: 2030-01-01, last: 2040-12-31, growth: -2.5 %}
  - {amount: 9000, account: Plan, on: 2099-01-02}
lots: lots.csv
"""
LOTS = "account,lot,symbol,quantity,basis,acquired\nJoint,1,OLD,10,1000,2010-01-04\n"


def written(folder: Path, text: str = GOOD) -> Path:
    (folder / "lots.csv").write_text(LOTS)
    (folder / "h.yaml").write_text(text)
    return folder / "h.yaml"


def test_a_household_is_what_its_file_says(tmp_path: Path) -> None:
    household = load_household(written(tmp_path))
    joint, ira, plan, other = household.accounts
    assert (joint.min_cash, joint.dividends, joint.do_not_sell) == (5_000.0, "drip", ("OLD",))
    assert (ira.min_cash, ira.dividends, ira.trading, ira.do_not_buy) == (0.0, None, "managed", ("SPY",))
    assert (plan.trading, other.trading) == ("frozen", "excluded")
    assert (household.do_not_buy, household.do_not_sell) == (("VTI",), ("BND",))
    assert household.targets.location == "auto"
    assert household.flows == (
        CashFlow(-2_000.0, None, "month", None, dt.date(2030, 1, 1), dt.date(2040, 12, 31), -0.025),
        CashFlow(9_000.0, "Plan", on=dt.date(2099, 1, 2)),
    )
    assert load_household(save_household(household, tmp_path / "again.yaml")) == household


def test_what_is_usual_is_not_written(tmp_path: Path) -> None:
    saved = save_household(load_household("starter"), tmp_path / "again.yaml").read_text()
    assert not {"dividends", "min_cash", "trading", "do_not_buy", "do_not_sell", "flows"} & set(saved.split())


def test_a_file_holds_every_field_of_the_noun() -> None:
    assert {f.name for f in fields(CashFlow)} == set(FlowFile.model_fields)
    assert {f.name for f in fields(Account)} - {"kind", "lots"} == set(AccountFile.model_fields) - {
        *_OF_FILES
    }


NEW_DATE = "write year-month-day, such as 2012-08-31"


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "remedy"),
    [
        ("min_cash: 5000", "min_cash: -5", "4, accounts[0].min_cash", "is -5", "give a number at least 0"),
        ("min_cash: 5000", "min_cash: '5,000'", "4, accounts[0].min_cash", "is '5,000', not a number",
         "write it without separators, signs or blanks: 5000"),
        ("dividends: drip", "dividends: dripp", "4, accounts[0].dividends", "is 'dripp'", "did you mean 'drip'?"),
        ("trading: frozen", "trading: froze", "6, accounts[2].trading", "is 'froze'", "did you mean 'frozen'?"),
        ("trading: frozen", "trading: frozen, min_cash: 1", "6, accounts[2]",
         "account 'Plan': min_cash is given, but the account is frozen",
         "it does not trade anyway: leave min_cash out"),
        ("[SPY]", "SPY", "5, accounts[1].do_not_buy", "is 'SPY', not a list",
         "give a list of tickers never bought in this account"),
        ("[SPY]", "[SPY, SPY]", "5, accounts[1].do_not_buy", "list: names SPY twice", "keep one"),
        ("[SPY]", "['']", "5, accounts[1].do_not_buy[0]", "is empty", "give a name"),
        ("[SPY]", "[BND, SYP]", "5, accounts[1].do_not_buy[1]",
         "do_not_buy names SYP, which neither the targets nor the lots have",
         "did you mean SPY? known are SPY, VTI, BND, OLD"),
        ("do_not_sell: [BND]", "do_not_sell: [BND, X]", "14, do_not_sell[1]",
         "do_not_sell names X, which neither the targets nor the lots have",
         "known are SPY, VTI, BND, OLD"),
        ("do_not_buy: [VTI]", "do_not_buy: [BND]", "11, targets.classes[1]",
         "no member of class 'Bonds' may be bought in any account that trades",
         "allow one, or give the class a weight of 0"),
        ("location: auto", "location: best", "12, targets.location", "is 'best'", "use one of auto"),
        ("members: BND}", "members: BND, location: [1, 2, 3]}", "8, targets",
         "targets: location is auto, and class 'Bonds' has a location",
         "leave one of them out: ranks are derived for all classes or for none"),
        ("amount: -2000", "amount: 0", "16, flows[0]", "cash flow: amount is 0",
         "give US$: positive for a deposit, negative for a withdrawal"),
        ("amount: -2000", "amount: .inf", "16, flows[0].amount", "is inf: Input should be a finite number",
         "give US$: positive for a deposit, negative for a withdrawal"),
        ("amount: -2000", "amount: 2000", "16, flows[0]", "cash flow: a deposit of 2000 has no account",
         "name the account it goes to; only a withdrawal may leave that open"),
        ("amount: -2000, ", "", "16, flows[0].amount", "is missing",
         "give US$: positive for a deposit, negative for a withdrawal"),
        ("every: month", "every: monthly", "16, flows[0].every", "is 'monthly'", "did you mean 'month'?"),
        ("every: month", "every: month, on: 2020-01-01", "16, flows[0]", "cash flow: has both every and on",
         "give every for a recurring flow, or on for a single one"),
        ("account: Plan, on: 2099-01-02", "account: Plan", "17, flows[1]", "cash flow: has neither every nor on",
         "give every for a recurring flow, or on for a single one"),
        ("on: 2099-01-02", "on: 2099-02-30", "17, flows[1].on", "is 2099-02-30, which is not in the calendar",
         "check month and day"),
        ("on: 2099-01-02", "on: 9999-01-02", "17, flows[1].on", "is 9999-01-02, after 2199-12-31", "check the year"),
        ("on: 2099-01-02", "on: 0099-01-02", "17, flows[1].on", "is 0099-01-02, before 1900-01-01", "check the year"),
        ("on: 2099-01-02", "on: 1/2/2099", "17, flows[1].on", "is '1/2/2099', which is no date", NEW_DATE),
        ("last: 2040-12-31", "last: 2029-12-31", "16, flows[0]",
         "cash flow: first 2030-01-01 is after last 2029-12-31", "swap them, or leave one out"),
        ("growth: -2.5 %", "growth: 2.5", "16, flows[0].growth", "is 2.5, which as a fraction would be 250 %",
         "write 2.5 % with its percent sign, or 0.025"),
        ("growth: -2.5 %", "growth: -100 %", "16, flows[0].growth", "is -1.0", "give a number above -1"),
        ("account: Plan", "account: Plann", "17, flows[1].account",
         "a cash flow names 'Plann', which is no account", "use Joint, IRA, Plan, Other"),
        ("account: Plan", "account: Other", "17, flows[1].account",
         "a cash flow names account 'Other', which is excluded",
         "name another account, or make it managed or frozen"),
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


def test_no_account_that_trades(tmp_path: Path) -> None:
    text = GOOD.replace("min_cash: 5000, ", "").replace("do_not_sell: [OLD]", "trading: frozen")
    path = written(tmp_path, text.replace("do_not_buy: [SPY]", "trading: excluded"))
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    assert [str(finding) for finding in caught.value.findings] == [
        f"{path} line 3, accounts: there are targets, but no account is managed — let one account trade"
    ]


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(readme_example(), encoding="utf-8")
    household = load_household(path)
    assert len(household.flows) == 4
    assert {account.trading for account in household.accounts} == {"managed", "frozen", "excluded"}
    assert set(household.symbols) <= {security.symbol for security in load_market("etf").securities}
    assert household.targets.location == "auto"
    assert load_household(save_household(household, tmp_path / "again.yaml")) == household
