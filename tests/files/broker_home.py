"""A household whose accounts are told by the exports of `broker_files`, in the folder in which one works."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.files.household import HouseholdReading, read_household
from rebal_kit.findings import HouseholdError
from tests.files.broker_files import CSVS, OFX

JOINT = "- {name: Joint, owner: Alex, type: taxable, holdings: [schwab.csv, schwab_lots.csv]}\n"
ROTH = "- {name: Roth, owner: Alex, type: roth_ira, number: '5678', holdings: [fidelity.csv, fidelity_lots.csv]}\n"
BONDS = "- {name: Bonds, owner: Kim, type: taxable, number: '4321', holdings: [fidelity.csv, fidelity_lots.csv]}\n"
IRA = "- {name: IRA, owner: Kim, type: ira, holdings: [vanguard.csv, vanguard_lots.csv]}\n"
IBKR = "- {name: Trading, owner: Kim, type: taxable, holdings: [activity.csv]}\n"
ALL = JOINT + ROTH + BONDS + IRA + IBKR

SPY = (
    TaxLot("Joint SPY 2017-10-30", "SPY", 400.0, 100000.0, dt.date(2017, 10, 30)),
    TaxLot("Joint SPY 2020-07-10", "SPY", 610.0, 200500.25, dt.date(2020, 7, 10)),
)
BRK = TaxLot("Joint BRK/B 2016-03-16", "BRK/B", 10.5, 2000.0, dt.date(2016, 3, 16))


def write_exports() -> None:
    """Write every export where one works."""
    for name, text in CSVS.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("ira.qfx").write_text(OFX, encoding="utf-8")


def reading(accounts: str, head: str = "", **market: object) -> HouseholdReading:
    text = f"name: home\n{head}accounts:\n{accounts}loss_sales: []\n"
    Path("home.yaml").write_text(text, encoding="utf-8")
    return read_household("home.yaml", **market)  # type: ignore[arg-type]


def refused(accounts: str, head: str = "") -> list[str]:
    with pytest.raises(HouseholdError) as caught:
        reading(accounts, head)
    return [str(finding) for finding in caught.value.findings]


def edit(name: str, old: str, new: str) -> None:
    text = Path(name).read_text(encoding="utf-8")
    assert old in text
    Path(name).write_text(text.replace(old, new, 1), encoding="utf-8")
