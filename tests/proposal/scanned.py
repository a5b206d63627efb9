"""A household small enough to be worked out by hand, for tests of what a scan says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, Household, TaxLot
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.proposal.scan import Scan, scan
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import account, household_of, market_of

#: A Friday, 30 days after 31 January: 2024 has a 29 February.
DAY = dt.date(2024, 3, 1)
DATES = ("2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01")
#: Short-term and ordinary, long-term, qualified dividends.
FLAT = TaxProfile(flat=(0.40, 0.20, 0.20))
STOCKS = AssetClass("Stocks", {"STK": 1.0, "STX": 0.0})
BAND = Threshold(ToleranceBand(absolute=0.05))
POLICY = RebalancePolicy("five points", (BAND,), harvest=Harvest(), costs=Costs(half_spread_bps=10.0))


def small_market(**tables: Any) -> Market:
    """Stocks at 100, their partner and bonds at 50; they were elsewhere the days before."""
    closes = {"STK": (99.0, 101.0, 98.0, 100.0), "STX": (49.0, 51.0, 50.0, 50.0), "BND": (50.0,) * 4}
    return market_of(closes, DATES, **tables)


def small_household(*, in_ira: str = "2020-01-02", taxable: Sequence[TaxLot] = (), **more: Any) -> Household:
    """US$ 15,000 of stocks and 10,000 of bonds in a taxable account, 10,000 of stocks in an IRA."""
    lots = (
        TaxLot("S1", "STK", 100.0, 12_000.0, dt.date(2023, 6, 15)),
        TaxLot("S2", "STK", 50.0, 4_000.0, dt.date(2022, 1, 3)),
        TaxLot("B1", "BND", 200.0, 9_900.0, dt.date(2023, 3, 4)),
        *taxable,
    )
    sheltered = TaxLot("I1", "STK", 100.0, 9_000.0, dt.date.fromisoformat(in_ira))
    settings = {"tax": FLAT, "as_of": DAY, "loss_sales": (), "reviewed": dt.date(2024, 1, 15)} | more
    return household_of(
        {STOCKS: 0.6, "BND": 0.4},
        account("Main", lots=lots),
        account("IRA", AccountKind.IRA, lots=(sheltered,)),
        **settings,
    )


def scanned(policy: RebalancePolicy = POLICY, today: dt.date | None = None, **household: Any) -> Scan:
    return scan(small_market(), small_household(**household), policy, today=today)


def row(frame: pd.DataFrame, **which: str) -> dict[str, Any]:
    for column, value in which.items():
        frame = frame[frame[column] == value]
    (found,) = frame.to_dict("records")
    return found


def said(findings: Any, *words: str) -> bool:
    return any(all(word in str(finding) for word in words) for finding in findings)
