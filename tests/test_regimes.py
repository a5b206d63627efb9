"""regimes(): sessions belong to the index known the evening before, and figures to the sessions they happen in."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.compare import Comparison, compare
from rebal_kit.findings import MarketError, PolicyError
from rebal_kit.growth import growth_after_tax, growth_before_tax
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.regimes import regimes
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.worlds import account, household_of, market_of, random_market

MARKET = random_market(71, ("A", "B"), 500)
HOUSEHOLD = household_of(
    {"A": 0.6, "B": 0.4}, account(value=300_000.0), tax=TaxProfile(flat=(0.3, 0.15, 0.15))
)
POLICIES = (
    RebalancePolicy("hold", ()),
    RebalancePolicy("monthly", (Calendar("month"),)),
    RebalancePolicy("weekly", (Calendar("week"),), harvest=Harvest(0.02, 10.0)),
)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, POLICIES)


def test_a_session_belongs_to_the_index_at_the_close_before() -> None:
    """A rises by 10 % on the day after the index was high, and falls on the day on which it is high."""
    index = np.array([10.0, 30.0, 10.0, 30.0, 10.0, 10.0])
    market = replace(
        market_of({"A": [10, 9, 9.9, 8.91, 9.801, 9.801], "B": [5.0] * 6}), volatility_index=index
    )
    policies = [RebalancePolicy("hold", ()), RebalancePolicy("daily", (Calendar("session"),))]
    comparison = compare(market, household_of({"A": 0.5, "B": 0.5}), policies)
    found = regimes(comparison, cuts=(30.0,))  # reached is enough
    assert found.sessions["regime"].tolist() == [0, 1, 0, 1, 0]
    assert found.sessions["index"].tolist() == [10, 30, 10, 30, 10]
    excess = (growth_before_tax(comparison)["daily"] - growth_before_tax(comparison)["hold"]).to_numpy()
    assert found.growth["before_tax"].tolist() == pytest.approx(
        [excess[[0, 2, 4]].mean() * 252, excess[[1, 3]].mean() * 252]
    )
    assert found.growth["sessions"].tolist() == [3, 2]
    # The daily policy holds more of A after a fall, on the days of the rise.
    assert found.growth["before_tax"].iloc[1] > 0


def test_terciles_hold_a_third_each_and_contributions_add_up(comparison: Comparison) -> None:
    found = regimes(comparison)
    table = found.growth
    before = MARKET.volatility_index[:-1]
    assert found.cuts == pytest.approx(tuple(np.quantile(before, (1 / 3, 2 / 3))))
    assert table["share"].to_numpy() == pytest.approx(1 / 3, abs=0.01)
    assert (
        table.xs("monthly", level="policy")["index_high"].to_numpy()[:-1]
        < table.xs("monthly", level="policy")["index_low"].to_numpy()[1:]
    ).all()
    for kind, growth in (
        ("before_tax", growth_before_tax(comparison)),
        ("after_tax", growth_after_tax(comparison)),
    ):
        for policy in ("monthly", "weekly"):
            of = table.xs(policy, level="policy")
            whole = (growth[policy] - growth["hold"]).mean() * 252
            assert (of[kind] * of["share"]).sum() == pytest.approx(whole)
    assert table["contribution"].to_numpy() == pytest.approx(
        (table["before_tax"] * table["share"]).to_numpy()
    )


def test_orders_and_gains_are_counted_where_they_were_made(comparison: Comparison) -> None:
    found = regimes(comparison)
    for policy in ("monthly", "weekly"):
        of = found.growth.xs(policy, level="policy")
        run, base = comparison.runs[policy], comparison.runs["hold"]
        later = run.journal[run.journal["date"] > run.dates[0]]
        assert of["trades"].sum() == later["order"].nunique()
        assert base.journal["date"].max() == base.dates[0]
        for column, term in (("realized_short", "ST"), ("realized_long", "LT")):
            assert of[column].sum() == pytest.approx(later[later["term"] == term]["recognized"].sum())
        regime = later["date"].map(found.sessions["regime"])
        assert of["trades"].tolist() == later.groupby(regime)["order"].nunique().tolist()
        short = later[later["term"] == "ST"].groupby(regime)["recognized"].sum()
        assert of["realized_short"].tolist() == pytest.approx(short.tolist())


def test_a_regimes_resampled_mean_is_over_its_own_sessions() -> None:
    regime = np.random.default_rng(1).integers(-1, 2, 300)
    excess = np.where(regime == 0, 0.25, np.where(regime == 1, -4.0, 99.0))[:, None] * np.array([1.0, 2.0])
    drawn = sys.modules["rebal_kit.regimes"]._resampled(regime, excess, 2, 5, 0)
    assert drawn[:, 0] == pytest.approx(np.tile([0.25, 0.5], (len(drawn), 1)))
    assert drawn[:, 1] == pytest.approx(np.tile([-4.0, -8.0], (len(drawn), 1)))


def test_gains_in_sheltered_accounts_are_none() -> None:
    from rebal_kit.domain import AccountKind

    household = household_of({"A": 0.6, "B": 0.4}, account("IRA", AccountKind.IRA, value=100_000.0))
    found = regimes(compare(MARKET, household, POLICIES[:2]))
    assert found.growth[["realized_short", "realized_long"]].eq(0.0).all(axis=None)
    assert (found.growth["trades"] > 0).all()


def test_intervals_come_from_the_seed_and_widen_with_the_level(comparison: Comparison) -> None:
    found = regimes(comparison, seed=5)
    again = regimes(comparison, seed=5)
    assert found.summary().equals(again.summary())
    assert not found.summary().equals(regimes(comparison, seed=6).summary())
    wide, narrow = found.summary(0.95), found.summary(0.50)
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()
    assert (wide["low"] < wide["before_tax"]).all()
    assert (wide["before_tax"] < wide["high"]).all()
    assert wide["standard_error"].to_numpy() == pytest.approx(
        [found.resampled[:, r, p].std(ddof=1) for r in range(3) for p in range(2)]
    )
    # Each session is drawn with its regime: by itself, a regime's error is about σ / √sessions.
    excess = (
        growth_before_tax(comparison)["monthly"] - growth_before_tax(comparison)["hold"]
    ).to_numpy() * 252
    inside = excess[found.sessions["regime"].to_numpy() == 2]
    assert wide["standard_error"].loc[(2, "monthly")] == pytest.approx(
        inside.std() / np.sqrt(len(inside)), rel=0.5
    )


def test_a_session_without_an_index_before_it_is_left_out_and_said() -> None:
    index = MARKET.volatility_index.copy()
    index[[10, 50, 51]] = np.nan
    found = regimes(compare(replace(MARKET, volatility_index=index), HOUSEHOLD, POLICIES[:2]))
    assert len(found.sessions) == 499 - 3
    assert found.growth["sessions"].sum() == 499 - 3
    assert any(
        "3 of 499 sessions have no index at the close before: left out" in str(f) for f in found.assumptions
    )
    assert np.isfinite(found.resampled).all()


def test_what_is_said(comparison: Comparison) -> None:
    found = regimes(comparison, cuts=(15, 25), against="monthly")
    assert repr(found) == "<Regimes parted at 15, 25 against 'monthly'>"
    assert found.growth.index.get_level_values("policy").unique().tolist() == ["hold", "weekly"]
    said = " ".join(str(finding) for finding in found.assumptions)
    assert "by the volatility index at the close before, at 15.0, 25.0 %" in said
    assert "tax is paid months later" in said


@pytest.mark.parametrize(
    ("cuts", "said"),
    [
        ((), r"cuts is \(\)"), (20, "cuts is 20"), ("20", "cuts is '20'"), ((15, 15), "ascending"),
        ((25, 15), r"cuts is \(25, 15\) — give them ascending"),
        ((-1, 20), "one of cuts is -1"), (("a",), "one of cuts is 'a'"),
        (np.array([25, 15]), r"cuts is \(25, 15\) — give them ascending"), (np.array(20), "cuts is "),
        ((cut for cut in (25, 15)), r"cuts is \(25, 15\)"), (iter(()), r"cuts is \(\)"), ({15: 1}, "cuts is {15: 1}"),
        ((20, 10**400), r"one of cuts is 10\^400"), (np.ones((2, 2)), "one of cuts is array"),
        ((5,), "no session has an index from -inf to 5"), ((20, 500), "no session has an index from 500 to inf"),
    ],
)  # fmt: skip
def test_cuts_that_part_nothing_are_refused(comparison: Comparison, cuts, said: str) -> None:
    with pytest.raises(PolicyError, match=f"regimes: .*{said}"):
        regimes(comparison, cuts=cuts)


def test_cuts_may_come_one_at_a_time_and_as_numpy_s_numbers(comparison: Comparison) -> None:
    plain = regimes(comparison, cuts=(15.0, 25.0))
    for cuts in ((cut for cut in (15, 25)), np.array([15, 25]), pd.Series([15.0, 25.0]), [np.int64(15), 25]):
        again = regimes(comparison, cuts=cuts)
        assert again.cuts == (15.0, 25.0)
        assert again.growth.equals(plain.growth)


def test_a_market_without_an_index_is_refused() -> None:
    comparison = compare(replace(MARKET, volatility_index=None), HOUSEHOLD, POLICIES[:2])
    with pytest.raises(MarketError, match="has no volatility index — take a market with one"):
        regimes(comparison)
