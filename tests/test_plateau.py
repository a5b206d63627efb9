"""The plateau holds the best and what luck hides, and nothing that is behind by more than luck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import MCS

from rebal_kit.compare import Comparison, compare
from rebal_kit.design import Design
from rebal_kit.findings import PolicyError
from rebal_kit.plateau import plateau
from rebal_kit.policy import RebalancePolicy
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import household_of, random_market

MARKET = random_market(5, ("A", "B"), 600)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5}, tax=TaxProfile(ordinary_income=150_000))
DESIGN = Design.grid(
    RebalancePolicy("band", (Threshold(ToleranceBand(absolute=0.05)),)),
    {"triggers[0].band.absolute": (0.01, 0.03, 0.05, 0.08), "triggers[0].look": (1, 5, 21)},
)


def surface(
    better: dict[int, float], settings: int = 24, sessions: int = 1_500, seed: int = 0
) -> pd.DataFrame:
    """Growth of settings that share a market and differ by noise; some better by so much a session."""
    random = np.random.default_rng(seed)
    noise = random.normal(0.0, 0.0005, (sessions, settings))
    noise += random.normal(0.0003, 0.01, (sessions, 1))
    for at, more in better.items():
        noise[:, at] += more
    return pd.DataFrame(noise, pd.bdate_range("2010-01-04", periods=sessions)).rename(columns="s{}".format)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, list(DESIGN))


def test_one_setting_that_is_better_stands_alone_with_its_near_equal() -> None:
    alone = plateau(surface({7: 0.0002}))
    assert alone.members == ("s7",)
    assert alone.best == "s7"
    growth = surface({7: 0.0002})
    growth["near"] = growth["s7"] + np.random.default_rng(9).normal(-1e-6, 2e-5, len(growth))
    growth["twin"] = growth["s7"]
    found = plateau(growth)
    assert set(found.members) == {"s7", "near", "twin"}
    assert found.table.loc["twin", ["behind", "standard_error", "high"]].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", range(8))
def test_of_noise_nearly_all_is_plateau(seed: int) -> None:
    found = plateau(surface({}, seed=seed))
    assert len(found.members) >= 23


def test_all_true_bests_are_on_it_at_least_as_often_as_said() -> None:
    """Two settings are truly best: in how many worlds are both on the plateau?"""
    kept = 0
    for seed in range(40):
        members = plateau(surface({3: 5e-5, 4: 5e-5}, settings=12, sessions=500, seed=100 + seed)).members
        kept += {"s3", "s4"} <= set(members)
    assert kept >= 36


@pytest.mark.parametrize(("better", "seed"), [({7: 0.0002}, 0), ({1: 8e-5, 2: 6e-5, 3: 4e-5}, 1), ({}, 2)])
def test_the_model_confidence_set_of_another_program_is_within_it(
    better: dict[int, float], seed: int
) -> None:
    growth = surface(better, seed=seed)
    found = plateau(growth)
    other = MCS(-growth, 1.0 - found.level, reps=2_000, block_size=found.block, method="R", seed=seed)
    other.compute()
    inside = set(other.included)
    assert inside <= set(found.members)
    assert len(found.members) - len(inside) <= 3  # it takes further steps, which are sharper


def test_the_interval_is_what_marks(comparison: Comparison) -> None:
    found = plateau(comparison)
    table = found.table
    assert (table["plateau"] == (table["high"] >= 0.0)).all()
    assert table["behind"].max() == table.loc[found.best, "behind"] == 0.0
    assert (table["low"] <= table["behind"]).all()
    assert np.allclose(table["high"] - table["behind"], found.times * table["standard_error"])
    assert found.times > 1.645
    assert found.reach == pytest.approx((found.times * table["standard_error"]).median())
    assert repr(found) == f"<Plateau: {len(found.members)} of 12 settings cannot be told from the best>"


@pytest.mark.parametrize("measure", ["cagr_after_liquidation", "cagr_after_tax"])
def test_growth_is_that_of_the_runs(comparison: Comparison, measure: str) -> None:
    found = plateau(comparison, measure=measure)
    years = (MARKET.dates[-1] - MARKET.dates[0]).astype(int) / 365.25
    mine = np.log1p(found.table["growth"]) * (len(MARKET.dates) - 1) / 252
    assert mine.to_numpy() == pytest.approx(np.log1p(comparison.table[measure]).to_numpy() * years, abs=2e-4)
    assert found.best == comparison.table[measure].idxmax()


def test_a_seed_repeats_and_another_one_hardly_moves_it(comparison: Comparison) -> None:
    first, again, other = plateau(comparison), plateau(comparison), plateau(comparison, seed=1)
    pd.testing.assert_frame_equal(first.table, again.table, check_exact=True)
    assert first.times == again.times != other.times
    assert first.times == pytest.approx(other.times, rel=0.1)


def test_it_is_an_interval_at_the_level_asked_for(comparison: Comparison) -> None:
    assert (
        plateau(comparison, level=0.5).times
        < plateau(comparison).times
        < plateau(comparison, level=0.99).times
    )


def test_what_must_be_known_is_said(comparison: Comparison) -> None:
    found = plateau(comparison)
    said = "\n".join(map(str, found.assumptions))
    assert "US federal law" in said
    assert f"12 settings, 599 periods, resampled in blocks of {found.block} on average (seed 0)" in said
    assert "is not shown to be as good as the best" in said
    assert "the tax on selling everything at the end is borne by all sessions alike" in said
    later = "\n".join(map(str, plateau(comparison, measure="cagr_after_tax").findings))
    assert "gains that are not yet taxed are left alone" in later


def test_a_history_of_few_blocks_is_warned_of() -> None:
    random = np.random.default_rng(3)
    slow = np.cumsum(random.normal(0.0, 0.001, 600))  # hardly forgets
    growth = pd.DataFrame({"a": slow, "b": slow + random.normal(0.0, 1e-4, 600)})
    growth.index = pd.bdate_range("2020-01-01", periods=600)
    found = plateau(growth)
    assert 600 / found.block < 20
    assert any(
        f.severity == "warning" and f"about {600 / found.block:.0f} blocks" in f.what for f in found.findings
    )
    independent = plateau(surface({}))
    assert 1_500 / independent.block >= 20
    assert not [f for f in independent.findings if f.severity == "warning"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measure": "turnover"}, "measure is 'turnover'"),
        ({"level": 1.5}, "level"),
        ({"seed": -1}, "seed"),
        ({"of": surface({}).iloc[:, :1]}, "settings: 1"),
        ({"of": surface({}).iloc[:10]}, "there are 10 periods"),
        ({"of": surface({}).reset_index(drop=True)}, "holds no dates"),
        ({"of": surface({}).set_axis(["same"] * 24, axis=1)}, "two settings share a name"),
        ({"of": surface({}).mask(surface({}) > 0.02)}, "is not known in every period"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        plateau(**{"of": surface({}), **change})
