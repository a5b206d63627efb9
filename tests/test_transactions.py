"""Lines of a history: what one may say, and one finding for each thing it may not."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from rebal_kit.findings import LedgerError
from rebal_kit.transactions import CASH_FLOWS, LEDGER_METHODS, PURCHASES, Action, Transaction

DAY = dt.date(2024, 1, 2)
BUY = Transaction(DAY, "A", Action.BUY, "VTI", 100.0, 200.0, 1.5, "L1", where="x.csv row 2")
SALE = Transaction(DAY, "A", Action.SELL, "VTI", 150.0, 200.0, lots=(("L1", 100.0), ("L2#2", 50.0)))

PAID_OUT = Transaction(DAY, "A", Action.WITHDRAW, amount=4_000.0)
USE_ACTIONS = "use BUY, SELL, REINVEST, EX_DIVIDEND, SPLIT, DEPOSIT, WITHDRAW"


def faults(of: Transaction, **changed: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(LedgerError) as caught:
        replace(of, **changed)
    return [(f.where, f.what, f.remedy) for f in caught.value.findings]


def test_texts_and_lists_become_values() -> None:
    line = Transaction(dt.datetime(2024, 1, 2, 15, 30), "A", "SELL", "VTI", 2, 3, lots={"L1": 1, "L2": 1})  # type: ignore[arg-type]
    assert line.date == DAY
    assert line.action is Action.SELL
    assert line.lots == (("L1", 1), ("L2", 1))
    assert replace(line, lots=[["L1", 2]]).lots == (("L1", 2),)
    assert replace(line, lots=[]).lots == ()
    with pytest.raises(FrozenInstanceError):
        line.price = 4.0  # type: ignore[misc]


def test_where_a_line_stands_is_no_part_of_what_it_says() -> None:
    assert replace(BUY, where="") == BUY
    assert BUY.place == "x.csv row 2"
    assert replace(BUY, where="").place == "2024-01-02 BUY VTI"


def test_purchases_and_methods() -> None:
    assert [action for action in Action if action in PURCHASES] == ["BUY", "REINVEST"]
    for method in LEDGER_METHODS:
        assert replace(SALE, lots=(), lot_method=method).lot_method == method


def test_a_split_needs_no_account_and_no_price() -> None:
    split = Transaction(DAY, "", Action.SPLIT, "VTI", 0.1)
    assert (split.account, split.price) == ("", 0.0)


@pytest.mark.parametrize(
    ("changed", "what", "remedy"),
    [
        ({"date": "2024-01-02"}, "date is '2024-01-02', not a date", "give a date such as date(2024, 1, 2)"),
        ({"action": "GIFT"}, "action is 'GIFT'", USE_ACTIONS),
        ({"action": None}, "action is None", USE_ACTIONS),
        ({"symbol": " "}, "symbol is empty", "give a ticker"),
        ({"symbol": 5}, "symbol is 5, not text", "give a ticker"),
        ({"account": ""}, "account is empty", "name an account of the household"),
        ({"action": "SPLIT", "account": 3}, "account is 3, not text", "name an account of the household"),
        ({"quantity": 0}, "quantity is 0", "give shares, above 0"),
        ({"quantity": -5.0}, "quantity is -5", "give shares, above 0"),
        ({"quantity": "many"}, "quantity is 'many', not a number", "give shares, above 0"),
        ({"quantity": math.nan}, "quantity is nan", "give shares, above 0"),
        ({"quantity": math.inf}, "quantity is inf", "give shares, above 0"),
        ({"action": "SPLIT", "quantity": -2}, "quantity is -2", "give new shares per old, above 0"),
        ({"price": -1}, "price is -1", "give US$ a share, 0 or more"),
        ({"price": math.nan}, "price is nan", "give US$ a share, 0 or more"),
        ({"fees": "1"}, "fees is '1', not a number", "give US$, 0 or more"),
        ({"fees": -0.5}, "fees is -0.5", "give US$, 0 or more"),
        ({"quantity": 1e160}, "quantity is 1e+160", "check it: no line has more than 1e+12"),
        ({"price": 2e12}, "price is 2e+12", "check it: no line has more than 1e+12"),
        ({"lot": "L1#2"}, "lot is 'L1#2'", "leave out # ; and : in names of lots"),
        ({"lot": "a;b"}, "lot is 'a;b'", "leave out # ; and : in names of lots"),
        ({"lot": 5}, "lot is 5, not text", "give a name, or leave it empty"),
        ({"amount": 5.0}, "BUY has an amount", "leave it out: only DEPOSIT and WITHDRAW have one"),
        ({"lots": {"L1": 1}}, "BUY names lots", "only a SELL chooses lots"),
        ({"lot_method": "FIFO"}, "BUY names a lot_method", "only a SELL chooses lots"),
    ],
)
def test_one_fault_of_a_purchase_one_finding(changed: dict[str, Any], what: str, remedy: str) -> None:
    assert faults(BUY, **changed) == [("x.csv row 2", what, remedy)]


@pytest.mark.parametrize(
    ("changed", "what", "remedy"),
    [
        ({"lot": "L1"}, "SELL names lot 'L1'", "name what is sold under lots"),
        ({"lot_method": "HIFO"}, "SELL names lots and a lot_method", "keep one of them"),
        ({"lots": (), "lot_method": "hifo"}, "lot_method is 'hifo'",
         "use FIFO, LIFO, HIFO, LEAST_TAX, LONG_TERM_FIRST, AVERAGE"),
        ({"lots": {"L1": 100}}, "lots add up to 100 shares, quantity is 150", "make them agree"),
        ({"lots": [("L1", 100), ("L1", 50)]}, "lot 'L1' is named twice in one sale", "add the shares up"),
        ({"lots": {"L1": 150, "L2": 0}}, "lots is (('L1', 150), ('L2', 0))", "give names with shares, above 0"),
        ({"lots": {"L1": 150, "L2": -1}}, "lots is (('L1', 150), ('L2', -1))", "give names with shares, above 0"),
        ({"lots": ["L1"]}, "lots is ('L1',)", "give names with shares, above 0"),
        ({"lots": "L1"}, "lots is ('L1',)", "give names with shares, above 0"),
        ({"lots": {1: 150}}, "lots is ((1, 150),)", "give names with shares, above 0"),
        ({"lots": {"L1": math.nan}}, "lots is (('L1', nan),)", "give names with shares, above 0"),
    ],
)  # fmt: skip
def test_one_fault_of_a_sale_one_finding(changed: dict[str, Any], what: str, remedy: str) -> None:
    assert faults(SALE, **changed) == [("2024-01-02 SELL VTI", what, remedy)]


def test_a_deposit_and_a_withdrawal_are_an_account_and_an_amount() -> None:
    assert [action for action in Action if action in CASH_FLOWS] == ["DEPOSIT", "WITHDRAW"]
    line = Transaction(DAY, "A", "DEPOSIT", amount=1)  # type: ignore[arg-type]
    assert (line.symbol, line.quantity, line.price, line.amount) == ("", 0.0, 0.0, 1)
    assert line.place == "2024-01-02 DEPOSIT A"


WHICH_WAY = "give US$, above 0: the action says whether they come or go"
NO_SECURITY = "leave it out: money goes in or out, and no security"


@pytest.mark.parametrize(
    ("changed", "what", "remedy"),
    [
        ({"amount": 0.0}, "amount is 0", WHICH_WAY),
        ({"amount": -250}, "amount is -250", WHICH_WAY),
        ({"amount": "much"}, "amount is 'much', not a number", WHICH_WAY),
        ({"amount": math.nan}, "amount is nan", WHICH_WAY),
        ({"amount": math.inf}, "amount is inf", WHICH_WAY),
        ({"amount": -math.inf}, "amount is -inf", WHICH_WAY),
        ({"amount": 2e12}, "amount is 2e+12", "check it: no line has more than 1e+12"),
        ({"account": ""}, "account is empty", "name an account of the household"),
        ({"symbol": "VTI"}, "symbol is 'VTI'", NO_SECURITY),
        ({"quantity": 1.0}, "quantity is 1.0", NO_SECURITY),
        ({"price": 1.0}, "price is 1.0", NO_SECURITY),
        ({"fees": 25.0}, "fees is 25.0", NO_SECURITY),
        ({"lot": "L1"}, "lot is 'L1'", NO_SECURITY),
        ({"lots": {"L1": 1}}, "lots is (('L1', 1),)", NO_SECURITY),
        ({"lot_method": "FIFO"}, "lot_method is 'FIFO'", NO_SECURITY),
    ],
)
def test_one_fault_of_a_withdrawal_one_finding(changed: dict[str, Any], what: str, remedy: str) -> None:
    assert faults(replace(PAID_OUT, where="x.csv row 3"), **changed) == [("x.csv row 3", what, remedy)]


def test_all_faults_at_once() -> None:
    found = faults(BUY, date=5, quantity=-1, price=-1, fees=-1, lot="a:b", lot_method="BEST")
    assert len(found) == 7


def test_lots_may_be_off_by_rounding() -> None:
    third = 150 / 3
    assert replace(SALE, lots=(("a", third), ("b", third), ("c", third + 1e-8))).quantity == 150
