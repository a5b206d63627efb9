"""The case that is measured: 20 large US stocks in one class of one taxable account, 1990 to 2022."""

from __future__ import annotations

import datetime as dt
import random
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


def equal_weights(
    symbols: list[str], accounts: int = 1, tax: rk.TaxProfile | None = None, value: float = OPENING_VALUE
) -> rk.Household:
    """Return a household that wants the stocks in equal parts, its money in so many taxable accounts."""
    stocks = rk.AssetClass("stocks", {symbol: 1.0 / len(symbols) for symbol in symbols})
    return rk.Household(
        "benchmark",
        tuple(
            rk.Account(f"account {i}", "owner", rk.AccountKind.TAXABLE, opening_value=value / accounts)
            for i in range(accounts)
        ),
        rk.TargetAllocation({stocks: 1.0}),
        tax=tax or rk.TaxProfile(ordinary_income=200_000.0),
        complete=True,
    )


def household_of_five(symbols: list[str], value: float = OPENING_VALUE) -> rk.Household:
    """Return a couple that wants the stocks in two classes: half of them at 60 %, and the rest tax-deferred first.

    Its US$ lie in equal parts in two taxable accounts, an IRA, a Roth IRA and a 401(k), at several brokers.
    """
    half = len(symbols) // 2
    growth, income = (
        rk.AssetClass(name, {symbol: 1.0 / len(some) for symbol in some})
        for name, some in (("growth", symbols[:half]), ("income", symbols[half:]))
    )
    kinds = ("taxable", "taxable", "ira", "roth_ira", "401k")
    accounts = (
        rk.Account(
            f"account {at}", "AB"[at % 2], rk.AccountKind(kind), f"broker {at % 3}",
            opening_value=value / len(kinds),
        )
        for at, kind in enumerate(kinds)
    )  # fmt: skip
    targets = rk.TargetAllocation(
        {growth: 0.6, income: 0.4}, location={"growth": (1, 3, 2), "income": (3, 1, 2)}
    )
    return rk.Household(
        "five accounts", tuple(accounts), targets, tax=rk.TaxProfile(ordinary_income=200_000.0), complete=True
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


def couple(symbols: list[str]) -> rk.Household:
    """Return a couple with six accounts, three of them taxable; of every four stocks the first two are identical."""
    kinds = ("taxable", "taxable", "taxable", "ira", "roth_ira", "401k")
    accounts = (
        rk.Account(f"account {at}", "AB"[at % 2], rk.AccountKind(kind)) for at, kind in enumerate(kinds)
    )
    identical = [tuple(symbols[at : at + 2]) for at in range(0, len(symbols) - 1, 4)]
    return rk.Household(
        "couple", tuple(accounts), rk.TargetAllocation({}), identical=tuple(identical), complete=True,
        tax=rk.TaxProfile(ordinary_income=200_000.0),
    )  # fmt: skip


def ledger(
    trades: int, years: int = 10, symbols: int = 40
) -> tuple[tuple[rk.Transaction, ...], rk.Household]:
    """Return a random history of so many trades in the six accounts of `couple`, and the household.

    Of ten trades about four are purchases, one a reinvestment, one an ex-date and four sales: of part of a position or
    all of it, by all methods.
    """
    dice = random.Random(trades)
    names = [f"S{at:02}" for at in range(symbols)]
    household = couple(names)
    prices = {name: dice.uniform(20.0, 300.0) for name in names}
    held: dict[tuple[str, str], float] = {}
    first = dt.date(2015, 1, 2)
    lines = []
    for at in range(trades):
        day = first + dt.timedelta(days=at * years * 365 // trades)
        account, name = dice.choice(household.accounts).name, dice.choice(names)
        prices[name] *= dice.lognormvariate(0.0, 0.02)
        price = round(prices[name], 2)
        there = held.get((account, name), 0.0)
        kind = dice.random()
        if there and kind < 0.45:
            shares = there if dice.random() < 0.2 else round(dice.uniform(0.05, 0.6) * there, 3) or there
            method = dice.choice(("FIFO", "LIFO", "HIFO", "LEAST_TAX", "LONG_TERM_FIRST"))
            lines.append(rk.Transaction(day, account, rk.Action.SELL, name, shares, price, lot_method=method))
            held[account, name] = round(there - shares, 3)
        elif there and kind < 0.55:
            lines.append(
                rk.Transaction(day, account, rk.Action.EX_DIVIDEND, name, there, round(price / 200, 4))
            )
        else:
            shares = round(dice.uniform(1.0, 50.0), 3)
            action = rk.Action.REINVEST if kind > 0.9 else rk.Action.BUY
            lines.append(rk.Transaction(day, account, action, name, shares, price))
            held[account, name] = round(there + shares, 3)
    return tuple(lines), household


def first_stocks(market: rk.Market, count: int = 20) -> list[str]:
    """Return the first stocks of the bundled ones."""
    return [security.symbol for security in market.securities if security.size][:count]


def drawn_settings(settings: int) -> rk.Design:
    """Return so many settings of calendars, offsets, harvest thresholds, lot methods and spreads, drawn at random."""
    base = rk.RebalancePolicy("calendar", rk.Calendar("quarter"), harvest=HARVEST_WEEKLY)
    fields = {
        "triggers[0].every": ["quarter", "half-year"],
        "triggers[0].offset": rk.Between(0, 50, whole=True),
        "harvest.min_loss_pct": rk.Between(0.05, 0.14),
        "lot_method": ["hifo", "fifo"],
        "costs.half_spread_bps": rk.Between(0.0, 10.0),
    }
    return rk.Design.random(base, fields, settings)


def grid(settings: int) -> tuple[rk.RebalancePolicy, ...]:
    """Return so many policies: calendars and their offsets, each with its own harvest threshold."""
    return tuple(
        rk.RebalancePolicy(
            f"{every} + {offset}, {pct:.0%}", rk.Calendar(every, offset),
            harvest=rk.Harvest(min_loss_pct=pct, min_loss_usd=500.0, look="week"),
        )
        for offset, every, pct in product(range(50), ("quarter", "half-year"), np.linspace(0.05, 0.14, 10))
    )[:settings]  # fmt: skip
