"""overfitting(): noise is flagged, a policy that is truly better is not, and each figure is its formula."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rebal_kit.compare import compare
from rebal_kit.costs import Costs
from rebal_kit.findings import PolicyError
from rebal_kit.growth import growth_after_tax
from rebal_kit.overfitting import deflated_ratio, halved, overfitting
from rebal_kit.plateau import plateau
from rebal_kit.policy import RebalancePolicy
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import household_of, random_market


def noise(seed: int, policies: int = 40, periods: int = 1_000) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(0.0003, 0.01, (periods, policies))
    return pd.DataFrame(values, columns=[f"band {i}" for i in range(policies)])


def test_a_sweep_of_pure_noise_is_flagged_every_time_and_chance_chooses_as_well() -> None:
    found = [overfitting(noise(seed), blocks=10) for seed in range(15)]
    assert all(each.flagged for each in found)
    # Single histories scatter (some noise looks lasting); on average the probability is that of a coin.
    assert np.mean([each.probability for each in found]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([each.spa < 0.10 for each in found]) <= 0.30
    assert np.mean([each.deflated > 0.95 for each in found]) <= 0.20


@pytest.mark.parametrize("policies", [2, 3, 5])
def test_chance_is_a_half_for_any_number_of_policies(policies: int) -> None:
    found = [overfitting(noise(seed, policies, 240), blocks=8).probability for seed in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_a_middle_rank_counts_half() -> None:
    found = overfitting(noise(1, 3, 200), blocks=4)
    placed = replace(found, splits=found.splits.assign(place=[0.25, 0.5, 0.5, 0.75, 0.75, 0.75]))
    assert placed.probability == pytest.approx(2 / 6)
    assert placed.verdict == "doubtful"
    assert replace(found, splits=found.splits.assign(place=0.5)).probability == 0.5


def test_of_a_lead_of_next_to_nothing_no_share_is_kept() -> None:
    growth = noise(9, policies=3)
    growth["band 0"] += 0.001
    found = overfitting(growth)
    assert (found.splits["chosen"] == "band 0").mean() > 0.5
    assert (found.splits["inside"] > found.splits["inside_against"]).any()
    row = found.summary().loc["kept"]
    assert math.isnan(row["value"])
    assert row["meaning"].endswith("not known, it led by next to nothing")
    assert overfitting(growth, against="band 1").summary().loc["kept", "value"] > 0.0


def test_a_policy_that_is_truly_better_is_not_flagged() -> None:
    growth = noise(3)
    growth["band 17"] += 0.0025
    found = overfitting(growth)
    assert (found.verdict, found.flagged, found.best) == ("holds", False, "band 17")
    assert found.probability < 0.01
    assert found.spa < 0.01
    assert found.deflated > 0.95
    table = found.summary()["value"]
    assert table["kept"] == pytest.approx(1.0, abs=0.05)
    assert table["behind"] < 0.02
    assert len(found.splits) == math.comb(16, 8)
    assert repr(found) == "<Overfitting of 40 policies: holds, probability 0%>"


def test_what_is_best_where_it_was_chosen_and_worst_elsewhere_is_overfit() -> None:
    """Two policies that take turns: whichever half one looks at, the other half favours the other."""
    turns = np.repeat([1.0, -1.0] * 4, 25)
    growth = pd.DataFrame({"even": turns, "odd": -turns, "none": np.zeros(200)})
    found = overfitting(growth, blocks=8)
    assert found.verdict == "overfit"
    assert found.probability >= 0.5
    assert found.summary().loc["kept", "value"] <= 0.0


def test_halves_are_all_there_and_each_has_the_rank_it_has() -> None:
    growth = np.random.default_rng(4).normal(size=(61, 5))
    growth[:, 4] = growth[:, 3]  # two that tie share a rank
    splits = halved(growth, 6)
    edges = np.linspace(0, 61, 7).astype(int)
    parts = [np.arange(a, b) for a, b in itertools.pairwise(edges)]
    for row, half in enumerate(itertools.combinations(range(6), 3)):
        inside = np.concatenate([parts[i] for i in half])
        outside = np.setdiff1d(np.arange(61), inside)
        chosen = growth[inside].mean(axis=0).argmax()
        means = growth[outside].mean(axis=0)
        assert splits.chosen[row] == chosen
        assert splits.inside[row] == pytest.approx(growth[inside, chosen].mean())
        assert splits.outside[row] == pytest.approx(means[chosen])
        assert splits.place[row] == pytest.approx(stats.rankdata(means.round(12))[chosen] / 6)
    assert len(splits.place) == 20


def test_splits_do_not_depend_on_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    growth = noise(5, policies=7, periods=200).to_numpy()
    whole = halved(growth, 8)
    monkeypatch.setattr(sys.modules["rebal_kit.overfitting"], "_CHUNK", 9)
    for a, b in zip(whole, halved(growth, 8), strict=True):
        assert a == pytest.approx(b, rel=1e-9)


def test_the_deflated_ratio_is_the_formula_of_the_paper() -> None:
    """Bailey and López de Prado (2014), written out for three trials."""
    excess = np.random.default_rng(6).standard_t(5, (500, 3)) * 0.01 + np.array([0.0, 0.0005, 0.001])
    ratios = excess.mean(axis=0) / excess.std(axis=0, ddof=1)
    hurdle = ratios.std(ddof=1) * (
        (1 - 0.5772156649) * stats.norm.ppf(1 - 1 / 3) + 0.5772156649 * stats.norm.ppf(1 - 1 / (3 * math.e))
    )
    best, series = ratios.max(), excess[:, ratios.argmax()]
    centred = (series - series.mean()) / series.std()
    error = math.sqrt(1 - (centred**3).mean() * best + ((centred**4).mean() - 1) / 4 * best**2) / math.sqrt(
        499
    )
    assert deflated_ratio(excess) == pytest.approx(stats.norm.cdf((best - hurdle) / error), rel=1e-9)
    # One trial alone has nothing to be deflated: the probabilistic ratio.
    assert deflated_ratio(excess[:, :1]) > deflated_ratio(excess[:, :1] - 0.001)
    assert deflated_ratio(excess[:, [ratios.argmax()]]) > deflated_ratio(excess)


def test_the_reference_moves_what_is_held_against_it_and_not_the_ranks() -> None:
    growth = noise(7, policies=12)
    first, other = overfitting(growth), overfitting(growth, against="band 5")
    assert first.against == "band 0"
    assert first.probability == other.probability
    assert first.splits["place"].tolist() == other.splits["place"].tolist()
    assert first.summary().loc["behind", "value"] != other.summary().loc["behind", "value"]
    assert overfitting(growth, seed=1).spa == overfitting(growth, seed=1).spa


def test_policies_that_did_the_same_count_once() -> None:
    growth = noise(8, policies=6)
    doubled = growth.assign(twin=growth["band 3"], other=growth["band 0"])
    found = overfitting(doubled)
    assert found.policies == tuple(growth.columns)
    assert found.probability == overfitting(growth).probability
    assert any(
        "not counted, as another policy did exactly the same: twin, other" in str(f)
        for f in found.assumptions
    )
    # The reference is the one of its twins that stays.
    assert overfitting(doubled, against="other").policies == (
        "band 1",
        "band 2",
        "band 3",
        "band 4",
        "band 5",
        "other",
    )


def test_a_comparison_is_judged_by_its_growth_after_tax() -> None:
    market = random_market(61, ("A", "B"), 400)
    base = RebalancePolicy("hold", ())
    grid = RebalancePolicy("", (Threshold(),), costs=Costs(5)).grid(
        triggers__0__band=[ToleranceBand(absolute=width) for width in (0.005, 0.01, 0.02, 0.04)]
    )
    comparison = compare(
        market, household_of({"A": 0.5, "B": 0.5}), [base, *grid, replace(base, name="held")]
    )
    found = overfitting(comparison, blocks=8)
    assert found.against == "hold"
    assert "held" not in found.policies
    alone = overfitting(growth_after_tax(comparison).drop(columns="held"), blocks=8)
    assert found.splits.equals(alone.splits)
    assert set(comparison.assumptions) < set(found.assumptions)
    assert any("5 policies, 399 periods in 8 parts" in str(f) for f in found.assumptions)


@pytest.mark.parametrize(
    ("growth", "given", "said"),
    [
        (noise(1, 3), {"blocks": 7}, "blocks is 7 — give an even number"),
        (noise(1, 3), {"blocks": 22}, "blocks is 22"),
        (noise(1, 3, 30), {}, "there are 30 periods — give 32 at least"),
        (noise(1, 1), {}, "policies: 1 — give two at least"),
        (noise(1, 3), {"against": "x"}, "no policy is called 'x' — use band 0, band 1, band 2"),
        (noise(1, 3), {"seed": -2}, "seed is -2"),
        (noise(1, 3).assign(bare=np.nan), {}, "growth of bare is not known in every period"),
        (pd.concat([noise(1, 3), noise(2, 1)], axis=1), {}, "two policies share a name"),
        (noise(1, 1).assign(same=noise(1, 1)["band 0"]), {}, "all policies grew alike"),
    ],
)
def test_what_cannot_be_judged_is_said(growth: pd.DataFrame, given: dict, said: str) -> None:
    with pytest.raises(PolicyError, match=f"overfitting: {said}"):
        overfitting(growth, **given)


@pytest.mark.parametrize(
    ("growth", "said"),
    [
        (noise(1, 3).astype(str), "growth of band 0 holds '"), (noise(1, 3) > 0, "growth of band 0 holds "),
        (noise(1, 3).assign(word="x", flag=True), "growth of word holds 'x', no number"),
        (noise(1, 3).astype(object).assign(none=None), "growth of none holds None"),
        (5, "is given 5"), ("text", "is given 'text'"),
        (noise(1, 3) + 1j, "growth of band 0 holds "),
    ],
)  # fmt: skip
def test_what_is_no_growth_is_one_finding_a_column(growth, said: str) -> None:
    for of in (overfitting, plateau):
        with pytest.raises(PolicyError, match=f"{of.__name__}: {said}"):
            of(growth)
    if isinstance(growth, pd.DataFrame) and "flag" in growth:
        with pytest.raises(PolicyError, match="growth of flag holds True"):
            overfitting(growth)


def test_floats_that_are_kept_as_objects_are_numbers() -> None:
    plain = noise(1, 3)
    assert overfitting(plain.astype(object), blocks=8).splits.equals(overfitting(plain, blocks=8).splits)


def test_one_policy_alone_is_in_the_middle() -> None:
    assert halved(np.ones((10, 1)), 2).place.tolist() == [0.5, 0.5]
