"""walk_forward(): windows are back-tests of their own, and the best of one is followed into the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.compare import Comparison, compare
from rebal_kit.costs import Costs
from rebal_kit.findings import PolicyError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from rebal_kit.walk_forward import WalkForward, walk_forward
from tests.worlds import household_of, market_of, random_market

MARKET = random_market(81, ("A", "B"), 800)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5})
GRID = RebalancePolicy("", (Threshold(),), costs=Costs(5)).grid(
    triggers__0__band=[ToleranceBand(absolute=width) for width in (0.002, 0.01, 0.03, 0.2)]
)
NAMES = ("tight", "narrow", "usual", "never")
POLICIES = {name: replace(policy, name=name) for name, policy in zip(NAMES, GRID, strict=True)}
YEARS = {"train_years": 1.0, "test_years": 0.5, "step_years": 0.25}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, POLICIES)


@pytest.fixture(scope="module")
def found(comparison: Comparison) -> WalkForward:
    return walk_forward(comparison, **YEARS)


def test_windows_follow_each_other_and_reach_no_further_than_the_history(found: WalkForward) -> None:
    dates = pd.DatetimeIndex(MARKET.dates.astype("datetime64[ns]"))
    first = found.choices[found.choices["ahead"] == 1]
    cuts = list(range(252, 800 - 126, 63))
    assert first["cut"].tolist() == dates[cuts].tolist()
    assert first["start"].tolist() == dates[[cut - 252 for cut in cuts]].tolist()
    assert first["end"].tolist() == dates[[cut + 126 for cut in cuts]].tolist()
    for (cut, ahead), end in found.choices.set_index(["cut", "ahead"])["end"].items():
        assert dates.get_loc(end) - dates.get_loc(cut) == 126 * ahead
    assert found.choices["ahead"].max() == 3
    assert (found.choices[found.choices["cut"] == dates[cuts[-1]]]["ahead"] == 1).all()


@pytest.mark.parametrize("at", [0, 5, -1])
def test_a_choice_and_its_rank_are_those_of_back_tests_of_the_windows(found: WalkForward, at: int) -> None:
    row = found.choices.iloc[at]
    start_of_later = MARKET.dates[
        np.searchsorted(MARKET.dates, np.datetime64(row["cut"], "D")) + 126 * (row["ahead"] - 1)
    ]

    def growth(start, end) -> pd.Series:
        runs = {n: backtest(MARKET, HOUSEHOLD, p, start=start, end=end).metrics for n, p in POLICIES.items()}
        return pd.Series({name: metrics["cagr_after_liquidation"] for name, metrics in runs.items()})

    before = growth(row["start"].date(), row["cut"].date())
    after = growth(start_of_later, row["end"].date())
    assert row["chosen"] == before.idxmax()
    assert row["value"] == after[row["chosen"]]
    assert row["rank"] == after.rank(ascending=False)[row["chosen"]]
    assert row["of"] == 4
    assert row["place"] == pytest.approx(1 - row["rank"] / 5)
    assert row["spearman"] == pytest.approx(before.rank().corr(after.rank()))
    assert row["lead"] == pytest.approx(row["value"] - after["tight"])
    assert row["missed"] == pytest.approx(after.max() - row["value"])


def test_the_summary_averages_and_counts_windows_that_overlap_once(found: WalkForward) -> None:
    table = found.summary(0.80)
    first = found.choices[found.choices["ahead"] == 1]
    assert table.loc[1, "choices"] == len(first) == 7
    assert table.loc[1, "independent"] == 1 + 6 * 0.5
    assert table.loc[1, "rank"] == pytest.approx(first["rank"].mean())
    assert table.loc[1, "spearman"] == pytest.approx(first["spearman"].mean())
    assert table.loc[1, "above_median"] == (first["place"] > 0.5).mean()
    reach = 1.6377 * first["lead"].std() / 2  # 90 % point of Student's t with 3 degrees of freedom, over √4
    assert table.loc[1, "lead_high"] - table.loc[1, "lead"] == pytest.approx(reach, rel=1e-3)
    assert (found.summary(0.99)["rank_low"].dropna() >= 1).all()
    assert (found.summary(0.99)["rank_high"].dropna() <= 4).all()
    assert (found.summary(0.99)["spearman_high"].dropna() <= 1).all()
    assert repr(found) == "<WalkForward: 7 choices from 4 policies by cagr_after_liquidation>"


def test_a_rule_that_always_wins_stays_first_and_one_that_costs_most_stays_last() -> None:
    policies = {
        f"{bps} bp": RebalancePolicy("p", (Calendar("session"),), costs=Costs(bps)) for bps in (0, 50, 200)
    }
    found = walk_forward(compare(MARKET, HOUSEHOLD, policies), against="200 bp", **YEARS)
    assert set(found.choices["chosen"]) == {"0 bp"}
    assert set(found.choices["rank"]) == {1.0}
    assert found.choices["spearman"].to_numpy() == pytest.approx(1.0)
    assert (found.choices["lead"] > 0).all()
    assert (found.choices["missed"] == 0).all()
    table = found.summary()
    assert table.loc[1, ["rank_low", "rank_high"]].tolist() == [1.0, 1.0]


def test_of_costs_and_taxes_less_is_better() -> None:
    policies = {
        f"{bps} bp": RebalancePolicy("p", (Calendar("session"),), costs=Costs(bps)) for bps in (50, 0, 200)
    }
    found = walk_forward(compare(MARKET, HOUSEHOLD, policies), measure="cost", **YEARS)
    assert set(found.choices["chosen"]) == {"0 bp"}
    assert set(found.choices["rank"]) == {1.0}
    assert (found.choices["value"] == 0.0).all()
    assert (found.choices["lead"] > 0).all()  # against the first: that much less
    assert any("the policy with the least cost" in str(f) for f in found.assumptions)


def test_policies_that_are_alike_share_a_rank_and_have_no_correlation() -> None:
    market = market_of({"A": [10.0] * 60, "B": [5.0] * 60})
    found = walk_forward(
        compare(market, HOUSEHOLD, POLICIES), train_years=0.05, test_years=0.05, step_years=0.05
    )
    assert set(found.choices["rank"]) == {2.5}
    assert found.choices["spearman"].isna().all()
    assert np.isnan(found.summary().loc[1, "spearman"])


def test_a_policy_that_cannot_run_is_not_ranked_and_said(
    monkeypatch: pytest.MonkeyPatch, comparison: Comparison
) -> None:
    stranger = RebalancePolicy("s", (Tiered((Tier(("bonds",), ToleranceBand(absolute=0.05)),)),))
    spoilt = Comparison(
        comparison.setting,
        {**comparison.runs, "stranger": replace(comparison.runs["usual"], policy=stranger)},
    )
    found = walk_forward(spoilt, **YEARS)
    assert set(found.choices["of"]) == {4}
    assert "stranger" not in set(found.choices["chosen"])
    windows = found.runs["trial"].nunique()
    assert any(f"{windows} of {5 * windows} runs have no figures" in str(f) for f in found.assumptions)


def test_little_that_does_not_overlap_is_a_warning(comparison: Comparison, found: WalkForward) -> None:
    (said,) = (str(f) for f in found.assumptions if f.severity == "warning" and f.where == "walk-forward")
    assert (
        "the windows after the choices span only 4.0 that do not overlap: ranks and their intervals say little"
        in said
    )
    apart = walk_forward(comparison, train_years=0.25, test_years=0.25, step_years=0.25)
    assert not [f for f in apart.assumptions if f.where == "walk-forward" and f.severity == "warning"]
    assert apart.summary().loc[1, "independent"] == apart.summary().loc[1, "choices"]


def test_growth_in_windows_of_less_than_a_year_is_said_to_be_of_the_window(
    comparison: Comparison, found: WalkForward
) -> None:
    words = "growth in windows of {} years, and leads in them, are of the whole window, not a year"
    for walked, lengths in (
        (found, "0.5"),
        (walk_forward(comparison, train_years=0.5, test_years=0.25), "0.5 and 0.25"),
    ):
        assert any(f.what == words.format(lengths) for f in walked.assumptions)
    years = walk_forward(comparison, train_years=1.0, test_years=1.0)
    assert not any("of the whole window" in f.what for f in years.assumptions)


def test_the_share_above_the_median_is_of_known_ranks_and_halves_the_middle(found: WalkForward) -> None:
    first = found.choices[found.choices["ahead"] == 1].assign(place=[0.5, 0.5, 0.5, 0.2, 0.8, np.nan, np.nan])
    assert replace(found, choices=first).summary().loc[1, "above_median"] == pytest.approx(2.5 / 5)


def test_figures_do_not_depend_on_threads(comparison: Comparison, found: WalkForward) -> None:
    pd.testing.assert_frame_equal(walk_forward(comparison, workers=1, **YEARS).choices, found.choices)


def test_what_cannot_be_is_said(comparison: Comparison) -> None:
    with pytest.raises(PolicyError, match=r"800 sessions are too few for 3 \+ 2 years of 252"):
        walk_forward(comparison)
    for given, said in (
        ({"train_years": 0}, "train_years is 0"), ({"test_years": "1"}, "test_years is '1'"),
        ({"step_years": -1}, "step_years is -1"), ({"measure": "sharpe"}, "measure is 'sharpe'"),
        ({"workers": 0}, "workers is 0"),
    ):  # fmt: skip
        with pytest.raises(PolicyError, match=f"walk_forward: {said}"):
            walk_forward(comparison, **given)
