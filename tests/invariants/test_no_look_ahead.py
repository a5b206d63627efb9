"""What is done up to a session does not depend on what comes after it, however orders are carried out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.market import Market
from tests.engine.examples import examples
from tests.invariants.random_households import (
    rich_households,
    rich_markets,
    rich_policies,
    run_of,
    without_hindsight,
)

SESSIONS = 160
#: Of a trade, what is decided; what becomes of a loss may depend on purchases of the thirty days after.
DECIDED = [
    "date",
    "account",
    "symbol",
    "side",
    "quantity",
    "price",
    "decision_price",
    "cost",
    "reason",
    "lot",
    "gain",
]


def scrambled(market: Market, after: int, seed: int) -> Market:
    """The market with prices, ranges and volumes exchanged between the sessions after one, and twice as high."""
    order = np.arange(len(market.dates))
    order[after + 1 :] = np.random.default_rng(seed).permutation(order[after + 1 :])
    later = np.where(np.arange(len(order)) > after, 2.0, 1.0)[:, None]
    names = ("open", "high", "low", "close", "volume")
    arrays = {name: getattr(market, name)[order] * later for name in names}
    return replace(market, volatility_index=market.volatility_index[order], **arrays)


@settings(max_examples=examples(compiled=60, interpreted=4))
@given(
    rich_markets(SESSIONS),
    rich_households(),
    rich_policies(),
    st.integers(70, SESSIONS - 20),  # volumes of the first months are hindsight, and said to be
    st.integers(0, 99),
)
def test_nothing_that_is_done_depends_on_what_comes_after(market, household, policy, after, seed) -> None:
    household = without_hindsight(household)
    told = [run_of(m, household, policy) for m in (market, scrambled(market, after, seed))]
    last = market.dates[after]
    trades, flows, taxes = [], [], []
    for run in told:
        trades.append(run.journal.loc[run.journal["date"] <= last, DECIDED])
        flows.append(run.flows[run.flows["date"] <= last])
        taxes.append(run.daily.loc[:last, ["value", "cash", "tax_paid"]])
    for one, other in (trades, flows, taxes):
        pd.testing.assert_frame_equal(one, other)
