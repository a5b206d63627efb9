"""The same rule in vectorbt, bt and cvxportfolio, and the least that a loop over the sessions can cost. No taxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pandas as pd

from benchmarks.case import OPENING_VALUE


def target_orders(prices: pd.DataFrame, sessions: np.ndarray) -> pd.DataFrame:
    """Return target weights on the sessions that trade, NaN on all others."""
    size = np.full(prices.shape, np.nan)
    size[sessions] = 1.0 / prices.shape[1]
    return pd.DataFrame(size, prices.index, prices.columns)


def run_vectorbt(prices: pd.DataFrame, size: pd.DataFrame, groups: Any = True) -> Any:
    """Return vectorbt's Portfolio: each group one account that sells before it buys."""
    import vectorbt as vbt

    return vbt.Portfolio.from_orders(
        prices, size, size_type="targetpercent", group_by=groups, cash_sharing=True, call_seq="auto",
        init_cash=OPENING_VALUE, freq="1D",
    )  # fmt: skip


def vectorbt_sweep_inputs(prices: pd.DataFrame, sizes: list[pd.DataFrame]) -> tuple[Any, Any, np.ndarray]:
    """Return prices and orders of many settings side by side, as vectorbt wants them, and the group of each column."""
    count, width = len(sizes), prices.shape[1]
    groups = np.repeat(np.arange(count), width)
    columns = pd.MultiIndex.from_arrays([groups, np.tile(prices.columns, count)], names=["setting", "symbol"])
    tiled = pd.DataFrame(np.tile(prices.to_numpy(), count), prices.index, columns)
    side_by_side = np.concatenate([size.to_numpy() for size in sizes], axis=1)
    return tiled, pd.DataFrame(side_by_side, prices.index, columns), groups


def run_bt(prices: pd.DataFrame, band: float | None) -> Any:
    """Return bt's Backtest after its run: quarterly, or whenever a stock is outside its band."""
    import bt

    weigh = [bt.algos.SelectAll(), bt.algos.WeighEqually()]
    if band is None:
        algos = [bt.algos.Or([bt.algos.RunOnce(), bt.algos.RunQuarterly()]), *weigh, bt.algos.Rebalance()]
    else:
        algos = [*weigh, bt.algos.RunIfOutOfBounds(band), bt.algos.Rebalance()]
    test = bt.Backtest(
        bt.Strategy("peer", algos), prices, initial_capital=OPENING_VALUE, integer_positions=False,
        progress_bar=False,
    )  # fmt: skip
    test.run()
    return test


def run_cvxportfolio(prices: pd.DataFrame, sessions: np.ndarray) -> pd.Series:
    """Return the value by session, the last one left out, of cvxportfolio's PeriodicRebalance to equal weights."""
    import cvxportfolio as cvx

    returns = prices.pct_change().shift(-1).iloc[:-1].assign(cash=0.0)
    held = pd.Series(0.0, returns.columns)
    target = held + 1.0 / prices.shape[1]
    held["cash"], target["cash"] = OPENING_VALUE, 0.0
    market = cvx.UserProvidedMarketData(
        returns, cash_key="cash", min_history=pd.Timedelta(0), copy_dataframes=False
    )
    policy = cvx.PeriodicRebalance(target, rebalancing_times=prices.index[sessions])
    value: pd.Series = cvx.MarketSimulator(market_data=market).backtest(policy, prices.index[0], h=held).v
    return value


@numba.njit(nogil=True)
def bare_loop(close: np.ndarray, trades: np.ndarray, opening: float, value: np.ndarray) -> None:
    """Fill `value` with an equal-weight portfolio that goes back to target where `trades`; no lots, no taxes."""
    shares = np.zeros(close.shape[1])
    for t in range(close.shape[0]):
        total = 0.0
        for s in range(close.shape[1]):
            total += shares[s] * close[t, s]
        if t == 0:
            total = opening
        if trades[t]:
            for s in range(close.shape[1]):
                shares[s] = total / close.shape[1] / close[t, s]
        value[t] = total


def cvxportfolio_decision(close: pd.DataFrame) -> Callable[[], object]:
    """Return cvxportfolio's single-period optimisation on the last day: near equal weights, at a cost, without tax."""
    import cvxportfolio as cvx

    returns = close.pct_change().iloc[1:].assign(cash=0.0)
    market = cvx.UserProvidedMarketData(
        returns=returns, prices=close.loc[returns.index], cash_key="cash", min_history=pd.Timedelta("60d")
    )
    target = pd.Series(1.0 / close.shape[1], index=returns.columns)
    target["cash"] = 0.0
    policy = cvx.SinglePeriodOptimization(
        -5 * cvx.FullCovariance() - cvx.StocksTransactionCost(a=2e-4, pershare_cost=None, b=None),
        [cvx.LongOnly(applies_to_cash=True), cvx.LeverageLimit(1)], benchmark=cvx.FixedWeights(target),
    )  # fmt: skip
    held = pd.Series(np.random.default_rng(0).uniform(5_000, 20_000, len(target)), index=returns.columns)
    return lambda: policy.execute(held, market, t=returns.index[-1])
