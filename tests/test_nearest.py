"""The most correlated members of a class: measured before each quarter, and never with what came later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import rebal_kit as rk
from rebal_kit.market import Market
from rebal_kit.nearest import nearest_members, no_nearest
from rebal_kit.targets import AssetClass, TargetAllocation
from tests.worlds import account, household_of

SYMBOLS = ("A", "B", "C", "D", "X")
TARGETS = TargetAllocation(
    {AssetClass("stocks", {"A": 0.25, "B": 0.25, "C": 0.25, "D": 0.25}): 0.9, "X": 0.1}
)


def market(seed: int = 3, sessions: int = 400) -> Market:
    """A goes with B, C with D; X goes with A, and belongs to another class."""
    random = np.random.default_rng(seed)
    first, second = random.normal(0, 0.02, (2, sessions))
    own = random.normal(0, 0.004, (sessions, 5))
    returns = np.column_stack([first, first, second, second, first]) + own
    returns[0] = 0.0
    index = pd.bdate_range("2021-01-04", periods=sessions)
    close = pd.DataFrame(100 * np.exp(returns.cumsum(axis=0)), index=index, columns=list(SYMBOLS))
    return Market.from_close(close, name="pairs")


def test_the_nearest_come_first_and_only_from_the_class() -> None:
    found = nearest_members(market(), TARGETS)
    assert found.quarter[0] == -1  # there is no past yet
    served = found.members[found.quarter[-1]]
    assert served[:4, 0].tolist() == [1, 0, 3, 2]
    assert set(served[0].tolist()) == {1, 2, 3}
    assert (served[4] == -1).all()  # alone in its class


def test_the_past_is_all_that_is_looked_at() -> None:
    whole = market()
    found = nearest_members(whole, TARGETS)
    cut = 300
    shuffled = whole.close.copy()
    shuffled[cut:] = shuffled[cut:][::-1]
    frame = pd.DataFrame(shuffled, index=pd.DatetimeIndex(whole.dates), columns=list(SYMBOLS))
    again = nearest_members(Market.from_close(frame), TARGETS)
    row = found.quarter[cut]
    assert np.array_equal(found.members[: row + 1], again.members[: row + 1])


def test_what_does_not_move_is_correlated_with_nothing() -> None:
    still = market().close.copy()
    still[:, 1] = 50.0
    frame = pd.DataFrame(still, index=pd.DatetimeIndex(market().dates), columns=list(SYMBOLS))
    found = nearest_members(Market.from_close(frame), TARGETS)
    assert found.members[-1][2, 0] == 3
    assert np.isfinite(found.members).all()


def test_nothing_serves_where_nothing_was_asked_for() -> None:
    found = no_nearest(market())
    assert found.members.shape == (0, 5, 0)
    assert (found.quarter == -1).all()


def test_a_harvest_buys_what_went_with_the_loss() -> None:
    whole = market()
    close = whole.frame("close").copy()
    close.loc[close.index[80:], "A"] *= 0.3  # in the first quarter that has a past
    household = household_of(TARGETS, account(value=100_000.0), tax=rk.TaxProfile(ordinary_income=2e5))
    harvest = rk.Harvest(0.5, 100.0, replacements=1, choose="correlated")
    found = rk.backtest(
        Market.from_close(close), household, rk.RebalancePolicy("direct", (), harvest=harvest)
    )
    traded = found.journal[found.journal["reason"] != "invest the opening cash"]
    assert traded["symbol"].tolist() == ["A", "B"]
    several = rk.RebalancePolicy("direct", (), harvest=replace(harvest, replacements=2))
    both = rk.backtest(Market.from_close(close), household, several).journal
    assert both["symbol"].tolist()[-3:] == ["A", "B", "D"] or both["symbol"].tolist()[-3:] == ["A", "B", "C"]
