"""Households whose tax is known by hand: one stock with a gain, one fund to hold instead."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from rebal_kit.costs import Costs
from rebal_kit.domain import Household, TaxLot
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.tax_profile import TaxProfile
from tests.worlds import account, household_of, market_of

DAYS = ["2025-12-01", "2025-12-02", "2025-12-03", "2025-12-04", "2025-12-05", "2025-12-08"]
DAY = dt.date(2025, 12, 8)
MARKET = market_of({"STOCK": [100.0, 101.0, 99.0, 100.0, 100.0, 100.0], "FUND": [50.0] * 6}, DAYS)
FREE = replace(load_policy("threshold_3pct"), costs=Costs(half_spread_bps=0.0))
#: Wages that the standard deduction of 2026 takes up: the end of the 0 % rate on gains is at US$ 49,450 of gain.
WAGES, ZERO_RATE_ENDS = 16_100.0, 49_450.0


def owner(
    gain: float = 2 * ZERO_RATE_ENDS, *, tax: TaxProfile | None = None, acquired: dt.date = dt.date(2020, 1, 2),
    **more: Any,
) -> Household:  # fmt: skip
    """A single filer who wants nothing but FUND and has one lot of STOCK, worth ten ninths of its gain."""
    lot = TaxLot("old", "STOCK", gain / 90.0, gain / 9.0, acquired)
    profile = tax or TaxProfile("single", 2026, ordinary_income=WAGES)
    extra = {key: more.pop(key) for key in ("cash", "min_cash") if key in more}
    main = replace(account(lots=[lot]), **extra)
    return household_of({"FUND": 1.0}, main, tax=profile, as_of=DAY, **more)


def appreciated(part: float = 0.5, *, taxable_only: bool = False) -> Household:
    """The shipped household with only a part of the basis of its taxable lots."""
    household = load_household("two_million")
    accounts = tuple(
        replace(one, lots=tuple(replace(lot, basis=part * lot.basis, deferred=0.0) for lot in one.lots))
        if one.taxable else one
        for one in household.accounts if one.taxable or not taxable_only
    )  # fmt: skip
    return replace(household, accounts=accounts, loss_sales=())
