"""The case that is measured: 20 large US stocks in one class of one taxable account, 1990 to 2022."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

import rebal_kit as rk
from rebal_kit.backtest import backtest_in
from rebal_kit.run import Setting, prepare

OPENING_VALUE = 1_000_000.0
HARVEST_DAILY = rk.Harvest(min_loss_pct=0.05, min_loss_usd=500.0, look=1)
HARVEST_WEEKLY = rk.Harvest(min_loss_pct=0.05, min_loss_usd=500.0, look="week")


@dataclass(frozen=True)
class Contest:
    """A policy, and the rebalancing rule that a peer without taxes is given.

    Attributes
    ----------
    policy : RebalancePolicy
    band : float, optional
        Deviation relative to a stock's target beyond which all go back to target; None is the first session of each
        quarter.
    """

    policy: rk.RebalancePolicy
    band: float | None = None


_BAND = 0.20
_BANDED = rk.Threshold(rk.ToleranceBand(relative=_BAND), level="security")
CONTESTS = (
    Contest(rk.RebalancePolicy("quarterly, weekly harvest", rk.Calendar("quarter"), harvest=HARVEST_WEEKLY)),
    Contest(rk.RebalancePolicy("quarterly, daily harvest", rk.Calendar("quarter"), harvest=HARVEST_DAILY)),
    Contest(rk.RebalancePolicy("20 % band, daily harvest", _BANDED, harvest=HARVEST_DAILY), _BAND),
)


def stock_prices() -> pd.DataFrame:
    """Return the closes of 20 stocks of the S&P 500, adjusted for dividends and splits, as skfolio ships them."""
    from skfolio.datasets import load_sp500_dataset

    prices: pd.DataFrame = load_sp500_dataset()
    return prices


def equal_weights(symbols: list[str], accounts: int = 1, tax: rk.TaxProfile | None = None) -> rk.Household:
    """Return a household that wants the stocks in equal parts, its money in so many taxable accounts."""
    stocks = rk.AssetClass("stocks", {symbol: 1.0 / len(symbols) for symbol in symbols})
    return rk.Household(
        "benchmark",
        tuple(
            rk.Account(
                f"account {i}", "owner", rk.AccountKind.TAXABLE, opening_value=OPENING_VALUE / accounts
            )
            for i in range(accounts)
        ),
        rk.TargetAllocation({stocks: 1.0}),
        tax=tax or rk.TaxProfile(ordinary_income=200_000.0),
        complete=True,
    )


def setting_of(prices: pd.DataFrame, accounts: int = 1, tax: rk.TaxProfile | None = None) -> Setting:
    """Return the case, checked and encoded."""
    household = equal_weights(list(prices.columns), accounts, tax)
    return prepare(rk.Market.from_close(prices, "S&P 500 stocks"), household)


def untaxed_path(prices: pd.DataFrame, contest: Contest) -> tuple[np.ndarray, np.ndarray]:
    """Return the sessions on which the rule trades when there are no taxes, and (n_sessions,) value, US$."""
    policy = rk.RebalancePolicy("untaxed", contest.policy.triggers, avoid_wash_sales=False)
    result = backtest_in(setting_of(prices, tax=rk.TaxProfile.untaxed()), policy)
    sessions = np.searchsorted(result.dates, result.journal["date"].unique())
    return np.unique(sessions), result.daily["value"].to_numpy()


def grid(settings: int) -> tuple[rk.RebalancePolicy, ...]:
    """Return so many policies: calendars and their offsets, each with its own harvest threshold."""
    return tuple(
        rk.RebalancePolicy(
            f"{every} + {offset}, {pct:.0%}", rk.Calendar(every, offset),
            harvest=rk.Harvest(min_loss_pct=pct, min_loss_usd=500.0, look="week"),
        )
        for offset, every, pct in product(range(50), ("quarter", "half-year"), np.linspace(0.05, 0.14, 10))
    )[:settings]  # fmt: skip
