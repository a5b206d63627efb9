"""holdings(): what each account holds of each asset class, at one session's closes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rebal_kit.domain import Household
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.market import Market

#: Rows below the asset classes: cash, and what is in no class.
CASH, NO_CLASS = "cash", "outside the targets"


def holdings(market: Market, household: Household, on: Any = None) -> pd.DataFrame:
    """Return what each account holds of each asset class, US$.

    Parameters
    ----------
    market : Market
    household : Household
        With its lots and cash; opening values are not looked at.
    on : date or ISO string, optional
        Valued at the last close on or before that day; by default the household's `as_of`.

    Returns
    -------
    DataFrame
        A row an asset class in the order of the targets, then "cash" and, where there are any, holdings "outside the
        targets"; a column an account.

    Raises
    ------
    HouseholdError
        No date is given, or a lot has no price on it.
    MarketError
        The market lacks a security or starts later.
    """
    day = household.as_of if on is None else on
    if day is None:
        what = f"household '{household.name}' has no as_of"
        raise HouseholdError(Finding("error", "holdings", what, "give the day with `on`"))
    quote = market.select(dict.fromkeys(lot.symbol for lot in household.lots)).quote(day)
    close = dict(zip(quote.symbols, quote.close.tolist(), strict=True))
    missing = (symbol for symbol, price in close.items() if not price > 0)
    raise_errors(
        HouseholdError,
        (
            Finding("error", "holdings", f"{s} has no price on {quote.date}", "give another day")
            for s in missing
        ),
    )
    classes = household.targets.classes
    row_of = {symbol: c.name for c in classes for symbol, _ in c.members}
    names = [c.name for c in classes]
    worth = {account.name: dict.fromkeys((*names, CASH), 0.0) for account in household.accounts}
    for account in household.accounts:
        found = worth[account.name]
        found[CASH] = account.cash
        for lot in account.lots:
            row = row_of.get(lot.symbol, NO_CLASS)
            found[row] = found.get(row, 0.0) + lot.quantity * close[lot.symbol]
    rows = [*names, CASH, *([NO_CLASS] if any(NO_CLASS in found for found in worth.values()) else [])]
    return pd.DataFrame(worth, index=pd.Index(rows, name="class")).fillna(0.0)
