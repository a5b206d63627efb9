"""The example ledger fits its household, happened on days of trading, sells what is held, and shows what it says."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from rebal_kit.domain import Household
from rebal_kit.files.household import load_household
from rebal_kit.files.ledger_file import load_ledger, read_ledger, write_ledger
from rebal_kit.shipped import shipped_data
from rebal_kit.sources.sessions import exchange_findings
from rebal_kit.sources.values import Problems
from rebal_kit.transactions import CASH_FLOWS, PURCHASES, Action, Transaction

FOLDER = shipped_data() / "ledgers"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def household() -> Household:
    return load_household(FOLDER / "example.yaml")


@pytest.fixture(scope="module")
def ledger(household: Household) -> tuple[Transaction, ...]:
    return load_ledger(FOLDER / "example.csv", [account.name for account in household.accounts])


def test_two_spouses_two_brokers_an_ira(household: Household) -> None:
    assert household.complete
    assert [(a.owner, str(a.kind), a.broker) for a in household.accounts] == [
        ("Dana", "taxable", "Broker One"), ("Dana", "ira", "Broker One"), ("Robin", "taxable", "Broker Two"),
    ]  # fmt: skip
    assert household.identical == (("VTI", "ITOT"),)
    assert household.tax.filing == "mfj"


def test_three_years_of_sessions_in_order(ledger: tuple[Transaction, ...]) -> None:
    days = [line.date for line in ledger]
    assert 25 <= len(days) <= 40
    assert days == sorted(days)
    assert {day.year for day in days} == {2023, 2024, 2025}
    dates = np.array(days, "datetime64[D]")
    said = [
        finding.what for finding in exchange_findings(dates, np.arange(len(dates)), Problems("example.csv"))
    ]
    assert [what for what in said if "is no New York Stock Exchange session" in what] == []
    assert {line.action for line in ledger} == set(Action) - set(CASH_FLOWS)
    assert {line.lot_method for line in ledger} == {"", "FIFO", "HIFO"}


def test_nothing_is_sold_or_paid_on_that_is_not_held(ledger: tuple[Transaction, ...]) -> None:
    held: dict[tuple[str, str], float] = defaultdict(float)
    lots: dict[str, float] = defaultdict(float)
    for line in ledger:
        place = (line.account, line.symbol)
        if line.action == Action.SPLIT:
            for key in [key for key in held if key[1] == line.symbol]:
                held[key] *= line.quantity
        elif line.action == Action.EX_DIVIDEND:
            assert held[place] == line.quantity, line
        elif line.action in PURCHASES:
            held[place] += line.quantity
            assert line.lot not in lots, line
            lots[line.lot] = line.quantity
        else:
            held[place] -= line.quantity
            for name, shares in line.lots:
                lots[name] -= shares
        assert held[place] >= 0, line
        assert min(lots.values()) >= 0, line


def test_the_readme_tells_its_losses(ledger: tuple[Transaction, ...]) -> None:
    """Dates, shares and prices of the table are those of the file: disallowed = loss a share × shares replaced."""
    rows = re.findall(r"\| (\d{4}-\d\d-\d\d), (\w+), (\d+) (\w+) \| ([\d,.]+) \|(.*?)\| ([\d,.]+) \|", README)
    assert len(rows) == 6
    for day, owner, shares, symbol, loss, replaced, disallowed in rows:
        (sale,) = (line for line in ledger if line.action == Action.SELL and str(line.date) == day)
        assert (sale.account, sale.quantity, sale.symbol) == (f"{owner} Taxable", float(shares), symbol)
        replacing = [float(number) for number in re.findall(r"(?<![-\d])(\d+\.\d+|\d+(?= [A-Z]))", replaced)]
        a_share = float(loss.replace(",", "")) / sale.quantity
        assert sum(replacing) * a_share == pytest.approx(float(disallowed.replace(",", "")), abs=0.005)
        around = [
            line.quantity for line in ledger
            if line.action in PURCHASES and abs(line.date - sale.date) <= dt.timedelta(30)
            and {line.symbol, sale.symbol} in ({sale.symbol}, {"VTI", "ITOT"})
            and line.lot not in dict(sale.lots)
        ]  # fmt: skip
        assert [number for number in around if number < sale.quantity] == replacing


def test_it_survives_being_written(ledger: tuple[Transaction, ...]) -> None:
    assert read_ledger(write_ledger(ledger), "again").transactions == ledger


def test_it_says_that_it_is_synthetic() -> None:
    assert "synthetic" in README
    assert Path(FOLDER / "example.csv").read_text(encoding="utf-8").isascii()


def test_the_deposits_and_withdrawals_that_the_readme_shows(household: Household) -> None:
    text = re.search(r"```\n(date,.*?amount\n.*?)```", README, re.DOTALL)
    assert text
    history = read_ledger(text[1], "example", [account.name for account in household.accounts])
    assert history.findings == ()
    assert [(line.action, line.account, line.amount) for line in history.transactions] == [
        ("DEPOSIT", "Dana IRA", 7_000.0), ("WITHDRAW", "Dana IRA", 12_500.0),
    ]  # fmt: skip
