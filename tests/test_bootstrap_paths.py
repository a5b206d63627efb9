"""Bootstrap paths for sweeps: the same histories that bootstrap() draws, made from their number alone."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.bootstrap import bootstrap
from rebal_kit.bootstrap_paths import bootstrap_paths
from rebal_kit.compare import compare
from rebal_kit.findings import MarketError, PolicyError
from rebal_kit.policy import BUY_AND_HOLD, RebalancePolicy
from rebal_kit.run import METRICS
from rebal_kit.sweep import sweep
from rebal_kit.triggers import Calendar
from tests.worlds import account, household_of, random_market

MARKET = random_market(31, ("A", "B", "C"), 300)
HOUSEHOLDS = [household_of({"A": a, "B": 0.9 - a, "C": 0.1}, account(value=90_000.0)) for a in (0.3, 0.6)]
POLICIES = [BUY_AND_HOLD, RebalancePolicy("monthly", Calendar("month"))]


def test_a_sweep_over_the_paths_gives_the_rows_of_bootstrap_to_the_last_bit() -> None:
    paths = bootstrap_paths(MARKET, 5, block=20, seed=3)
    swept = sweep(paths, HOUSEHOLDS, POLICIES).rename(columns={"path": "trial"})
    for at, household in enumerate(HOUSEHOLDS):
        drawn = bootstrap(compare(MARKET, household, POLICIES), paths=5, block=20, seed=3).runs
        mine = swept.iloc[[n for n in range(len(swept)) if n // len(POLICIES) % len(HOUSEHOLDS) == at]]
        columns = ["trial", *METRICS]
        pd.testing.assert_frame_equal(
            mine[columns].reset_index(drop=True), drawn[columns].reset_index(drop=True), check_exact=True
        )


def test_a_path_is_the_same_in_another_process_and_whatever_their_number() -> None:
    paths = bootstrap_paths(MARKET, 9, seed=4)
    sent = pickle.loads(pickle.dumps(paths))
    more = bootstrap_paths(MARKET, 30, seed=4)
    for other in (sent, more):
        np.testing.assert_array_equal(other[7].close, paths[7].close)
        assert other.key == paths.key
    assert not np.array_equal(paths[6].close, paths[7].close)
    assert len(pickle.dumps(paths)) < 1.1 * len(pickle.dumps(MARKET)) + 1_000


def test_other_prices_blocks_and_seeds_have_other_keys() -> None:
    close = MARKET.close.copy()
    close[100, 1] *= 1.001
    other = replace(MARKET, close=close)
    asked = ((MARKET, 20, 3), (MARKET, 21, 3), (MARKET, 20, 4), (other, 20, 3))
    keys = {bootstrap_paths(market, 3, block=block, seed=seed).key for market, block, seed in asked}
    assert len(keys) == 4


def test_what_cannot_be_drawn_is_said_all_at_once() -> None:
    with pytest.raises(PolicyError) as raised:
        bootstrap_paths(MARKET, 0, block=0, seed=-1)
    assert len(raised.value.findings) == 3
    close = MARKET.close.copy()
    close[:40, 1] = np.nan
    with pytest.raises(MarketError, match=r"B have no price .* market\.between"):
        bootstrap_paths(replace(MARKET, close=close), 3)
    with pytest.raises(MarketError, match="2 sessions cannot be drawn again"):
        bootstrap_paths(MARKET.between(MARKET.dates[0], MARKET.dates[1]), 3)
