"""holdings(): dollars by account and asset class."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.findings import HouseholdError, MarketError
from rebal_kit.holdings import CASH, NO_CLASS, holdings
from rebal_kit.market import Market
from rebal_kit.targets import AssetClass, TargetAllocation
from tests.worlds import account, household_of

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-05"])
MARKET = Market.from_close(
    pd.DataFrame(
        {"A": [10.0, 11.0, 12.0], "P": [5.0, 5.0, 6.0], "X": [float("nan"), float("nan"), 3.0]}, DAYS
    )
)
TARGETS = TargetAllocation({AssetClass("stocks", {"A": 1, "P": 0}): 0.6}, location={})


def lot(name: str, symbol: str, quantity: float) -> TaxLot:
    return TaxLot(name, symbol, quantity, 1.0, dt.date(2023, 1, 3))


HOME = replace(
    household_of(
        TARGETS,
        replace(account("Taxable"), cash=7.0, lots=(lot("1", "A", 10), lot("2", "P", 2), lot("3", "A", 1))),
        replace(account("IRA", AccountKind.IRA), cash=3.0),
    ),
    as_of=dt.date(2024, 1, 4),
)


def test_lots_are_valued_at_the_last_close_and_partners_stand_with_their_class() -> None:
    table = holdings(MARKET, HOME)
    assert table.loc["stocks", "Taxable"] == 11 * 11.0 + 2 * 5.0
    assert table.loc["stocks", "IRA"] == 0.0
    assert table.loc[CASH].to_dict() == {"Taxable": 7.0, "IRA": 3.0}
    assert list(table.index) == ["stocks", CASH]
    assert holdings(MARKET, HOME, on="2024-01-05").loc["stocks", "Taxable"] == 11 * 12.0 + 2 * 6.0


def test_what_is_in_no_class_has_a_row_of_its_own() -> None:
    (taxable, ira) = HOME.accounts
    with_x = replace(HOME, accounts=(taxable, replace(ira, lots=(lot("4", "X", 5),))))
    assert holdings(MARKET, with_x, on="2024-01-05").loc[NO_CLASS].to_dict() == {"Taxable": 0.0, "IRA": 15.0}


def test_an_unpriced_lot_is_refused() -> None:
    (taxable, ira) = HOME.accounts
    with_x = replace(HOME, accounts=(taxable, replace(ira, lots=(lot("4", "X", 5),))))
    with pytest.raises(HouseholdError, match=r"X has no price on 2024-01-03"):
        holdings(MARKET, with_x)


def test_a_day_is_needed_on_which_the_market_has_a_session() -> None:
    with pytest.raises(HouseholdError, match="has no as_of"):
        holdings(MARKET, replace(HOME, as_of=None))
    with pytest.raises(MarketError, match="no session on or before 2023"):
        holdings(MARKET, HOME, on="2023-01-01")


def test_a_household_of_cash_alone() -> None:
    (taxable, ira) = HOME.accounts
    assert holdings(MARKET, replace(HOME, accounts=(replace(taxable, lots=()), ira))).loc[CASH].sum() == 10.0
