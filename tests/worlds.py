"""Small worlds for tests of the whole engine: hand-made prices, random prices, one-line households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.domain import Account, AccountKind, Household, Security
from rebal_kit.market import Market
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile

UNTAXED = TaxProfile.untaxed()


def market_of(
    closes: Mapping[str, Sequence[float]], dates: Sequence[str] | None = None, **tables: Any
) -> Market:
    """A market of these closes; `dividend` and `split` give {symbol: {date: value}}, `securities` what they are."""
    count = len(next(iter(closes.values())))
    index = pd.DatetimeIndex(dates) if dates is not None else pd.bdate_range("2024-01-02", periods=count)
    close = pd.DataFrame(dict(closes), index=index, dtype=float)
    for name, blank in (("dividend", 0.0), ("split", 1.0)):
        if name in tables:
            table = pd.DataFrame(blank, index=index, columns=close.columns)
            for symbol, events in tables[name].items():
                for date, value in events.items():
                    assert pd.Timestamp(date) in index
                    table.loc[pd.Timestamp(date), symbol] = value
            tables[name] = table
    return Market.from_close(close, name="hand-made", **tables)


def random_market(
    seed: int,
    symbols: Sequence[str],
    sessions: int,
    *,
    volatility: float = 0.02,
    events: bool = True,
    start: str = "2023-01-02",
) -> Market:
    """Random walks quoted in cents, some shares with dividends and splits, some distributing interest.

    With opening prices, ranges, volumes of some twenty thousand shares a day, and a volatility index around 18.
    """
    random = np.random.default_rng(seed)
    index = pd.bdate_range(start, periods=sessions)
    shape = (sessions, len(symbols))
    growth = random.normal(0.0003, volatility, shape)
    growth[0] = 0.0
    split, dividend = np.ones(shape), np.zeros(shape)
    if events:
        split[(random.random(shape) < 1.5 / sessions) & (np.arange(sessions) > 0)[:, None]] = 2.0
        dividend[random.random(shape) < 0.02] = 0.25
    close = np.round(random.uniform(20, 150, len(symbols)) * np.exp(np.cumsum(growth, axis=0)), 2)
    close = np.maximum(close, 1.0) / np.cumprod(split, axis=0)
    more = np.random.default_rng((seed, 1))
    start = np.vstack([close[:1], close[:-1]]) / split * np.exp(more.normal(0.0, volatility / 2, shape))
    reach = np.exp(np.abs(more.normal(0.0, volatility / 2, (2, *shape))))
    ranges = {
        "open": start,
        "high": np.maximum(start, close) * reach[0],
        "low": np.minimum(start, close) / reach[1],
        "volume": np.round(np.exp(more.normal(10.0, 0.5, shape))) * np.cumprod(split, axis=0),
    }
    tables = {
        name: pd.DataFrame(values, index=index, columns=list(symbols))
        for name, values in (("dividend", dividend), ("split", split))
    }
    kinds = [
        Security(s, qualified_share=float(i % 3 != 2), state_exempt=i % 3 == 2) for i, s in enumerate(symbols)
    ]
    return Market.from_close(
        pd.DataFrame(close, index=index, columns=list(symbols)),
        name=f"random {seed}",
        securities=tuple(kinds),
        volatility_index=np.round(np.exp(more.normal(2.9, 0.25, sessions)), 2),
        **tables,
        **ranges,
    )


def account(
    name: str = "Main", kind: AccountKind = AccountKind.TAXABLE, *, value: float | None = None, cash: float = 0.0,
    lots: Sequence[Any] = (), owner: str = "Alex",
) -> Account:  # fmt: skip
    return Account(name, owner, kind, "Broker", cash=cash, lots=tuple(lots), opening_value=value)


def household_of(targets: Any, *accounts: Account, tax: TaxProfile = UNTAXED, **more: Any) -> Household:
    """A household of these accounts (without any: one taxable account of US$ 100,000), by default untaxed."""
    allocation = targets if isinstance(targets, TargetAllocation) else TargetAllocation(targets)
    return Household("test", accounts or (account(value=100_000.0),), allocation, tax, complete=True, **more)


def bits_of(run: Any) -> dict[str, bytes]:
    """Everything a back-test found, spelt so that −0.0 and 0.0 differ and NaN equals itself."""
    room = run._room
    count = room.tape.counts[0]
    return {
        "journal": np.asarray(room.tape.journal[:count]).tobytes(),
        "passed over": np.asarray(room.tape.passed[: room.tape.counts[1]]).tobytes(),
        "daily": room.tape.daily.tobytes(),
        "weights": room.tape.weights.tobytes(),
        "years": room.ledger.years.tobytes(),
        "cash": room.ledger.cash.tobytes(),
        "held": room.ledger.held.tobytes(),
        "metrics": np.array(list(run.metrics.values())).tobytes(),
    }
