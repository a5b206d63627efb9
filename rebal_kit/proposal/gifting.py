"""Which lots to give to charity beside a proposal: appreciated ones that it does not sell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rebal_kit.checking import check_kind
from rebal_kit.findings import PolicyError, raise_errors
from rebal_kit.gifts import gift_lots
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.proposal import Proposal


def gift_suggestion(proposal: Proposal, value: float) -> pd.DataFrame:
    """Choose lots to give to a public charity instead of cash, on the proposal's day.

    Parameters
    ----------
    proposal : Proposal
        Lots that it sells, if only in part, are left out.
    value : float
        What is to be given, US$.

    Returns
    -------
    DataFrame
        As `rebal_kit.gifts.gift_lots`, with the `account` of each lot, '' for cash. Lots are those of taxable accounts
        that are not excluded; they are at the day's closes, and shares are counted as on the household's date.

    Raises
    ------
    PolicyError, HouseholdError
        No proposal is given, or the value cannot be one.
    """
    raise_errors(PolicyError, check_kind("gift", "proposal", proposal, Proposal, "make it with propose(…)"))
    day = proposal.day
    sold = set(proposal.lots["lot"])
    account_of = {
        lot.lot: account.name
        for account in day.household.accounts if account.taxable and account.trading != "excluded"
        for lot in account.lots if lot.lot not in sold
    }  # fmt: skip
    lots = [lot for account in day.household.accounts for lot in account.lots if lot.lot in account_of]
    found = gift_lots(lots, _prices(day), value, day.asof)
    found.insert(2, "account", [account_of.get(lot, "") for lot in found["lot"]])
    return found


def _prices(day: Day) -> dict[str, float]:
    """Return US$ a share by symbol, of shares as they were on the household's date: before splits since then."""
    market, date = day.setting.market, day.household.as_of
    if date is None:
        return dict(zip(market.symbols, day.price.tolist(), strict=True))
    split = np.prod(market.split[market.dates > np.datetime64(date, "D")], axis=0)
    return dict(zip(market.symbols, (day.price * split).tolist(), strict=True))
