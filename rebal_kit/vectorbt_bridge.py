"""The one door to vectorbt: a run as its Portfolio, rebuilt from the journal's orders and nothing else.

vectorbt knows orders, not accounts, splits, dividends or taxes. All accounts become one; prices and shares are put into
the last session's shares; dividends, taxes, deposits and withdrawals enter as fees of orders without shares (a dividend
and a deposit are negative fees).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rebal_kit.findings import Finding, RebalError

if TYPE_CHECKING:
    import vectorbt

    from rebal_kit.market import Market


def portfolio_from(
    market: Market, journal: pd.DataFrame, daily: pd.DataFrame, opening: np.ndarray, cash: float
) -> vectorbt.Portfolio:
    """Return a vectorbt Portfolio with cash sharing whose value path is the run's.

    Parameters
    ----------
    market : Market
        The securities and sessions of the run.
    journal, daily : DataFrame
        Of the `Backtest`; `daily` with or without the column `flow` (US$ paid in; negative when paid out).
    opening : ndarray
        (n_securities,) shares held before the first session.
    cash : float
        US$ in all accounts before the first session.

    Raises
    ------
    RebalError
        vectorbt is not installed.
    """
    try:
        import vectorbt as vbt
    except ModuleNotFoundError as problem:
        if problem.name != "vectorbt":
            raise
        remedy = "pip install 'rebal_kit[vectorbt]'; read the README on its licence first"
        raise RebalError(Finding("error", "to_vectorbt", "vectorbt is not installed", remedy)) from None
    from vectorbt.portfolio.enums import OrderSide, order_dt

    close = market.frame("close")
    later_splits = _later_splits(market.split)
    sessions = pd.Series(np.arange(len(close)), index=daily.index)
    columns = {symbol: i for i, symbol in enumerate(market.symbols)}
    trades = journal.groupby("order", sort=True).agg(
        date=("date", "first"), symbol=("symbol", "first"), side=("side", "first"), quantity=("quantity", "sum"),
        price=("price", "first"), cost=("cost", "sum"),
    )  # fmt: skip
    at = sessions.loc[trades["date"]].to_numpy()
    column = trades["symbol"].map(columns).to_numpy()
    records = np.zeros(len(trades), order_dt)
    records["idx"], records["col"] = at, column
    records["size"] = trades["quantity"].to_numpy() * later_splits[at, column]
    records["price"] = trades["price"].to_numpy() / later_splits[at, column]
    records["fees"] = trades["cost"].to_numpy()
    records["side"] = np.where(trades["side"] == "buy", OrderSide.Buy, OrderSide.Sell)
    held = np.flatnonzero(opening)
    openings = np.zeros(len(held), order_dt)
    openings["col"] = held
    openings["size"] = opening[held] * (later_splits[0, held] * market.split[0, held])
    openings["price"] = market.close[0, held] / later_splits[0, held]
    income = (daily["dividends"] - daily["tax_paid"] + daily.get("flow", 0.0)).to_numpy()
    sessions_paid = np.flatnonzero(income)
    paid = np.zeros(len(sessions_paid), order_dt)
    paid["idx"], paid["fees"] = sessions_paid, -income[sessions_paid]
    paid["price"] = market.close[sessions_paid, 0] / later_splits[sessions_paid, 0]
    records = np.concatenate([openings, records, paid])
    records = records[np.lexsort((records["idx"], records["col"]))]
    records["id"] = np.arange(len(records))
    prices: pd.DataFrame = close.div(later_splits)
    bought = float(openings["size"] @ openings["price"])
    return vbt.Portfolio(
        vbt.ArrayWrapper(
            index=prices.index, columns=prices.columns, ndim=2, freq="1D", column_only_select=True, group_select=True,
            grouped_ndim=1, group_by=np.zeros(len(columns), int),
        ),
        prices, records, np.zeros(0, vbt.portfolio.enums.log_dt), np.array([cash + bought]), True,
    )  # fmt: skip


def _later_splits(split: np.ndarray) -> np.ndarray:
    """Return (n_sessions, n_securities) how many of the last session's shares one share of each session became."""
    after = np.ones_like(split)
    after[:-1] = np.cumprod(split[::-1], axis=0)[::-1][1:]
    return after
