"""bootstrap(): the same paths for all policies and any number of threads; intervals that hold a known difference."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.blocks import block_length, drawn_order
from rebal_kit.bootstrap import Bootstrap, bootstrap
from rebal_kit.compare import Comparison, compare
from rebal_kit.costs import Costs
from rebal_kit.domain import TaxLot
from rebal_kit.execution import Execution
from rebal_kit.findings import PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.resampling import days_of, market_of, setting_of
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.trials import PAIRED
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.worlds import account, household_of, random_market
from tests.worlds import market_of as hand_made

MARKET = random_market(41, ("A", "A2", "B"), 420)
HOUSEHOLD = household_of(
    {AssetClass("stocks", {"A": 1, "A2": 0}): 0.6, "B": 0.4}, account(value=200_000.0),
    tax=TaxProfile(ordinary_income=200_000),
)  # fmt: skip
POLICIES = (
    replace(BUY_AND_HOLD, name="hold"),
    RebalancePolicy("quarterly", (Calendar("quarter"),)),
    RebalancePolicy(
        "harvest", (Threshold(ToleranceBand(absolute=0.03)),), harvest=Harvest(0.05, 100.0), costs=Costs(5)
    ),
)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, POLICIES)


@pytest.fixture(scope="module")
def found(comparison: Comparison) -> Bootstrap:
    return bootstrap(comparison, paths=40, seed=3)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_seed_alone_decides_and_more_paths_only_add_some(
    comparison: Comparison, found: Bootstrap, workers: int
) -> None:
    again = bootstrap(comparison, paths=25, seed=3, workers=workers)
    pd.testing.assert_frame_equal(again.runs, found.runs.iloc[: 25 * 3])
    other = bootstrap(comparison, paths=25, seed=4, workers=workers)
    assert not np.isclose(other.runs["value_after_tax"], again.runs["value_after_tax"]).any()


def test_a_path_is_the_back_test_of_its_market(comparison: Comparison, found: Bootstrap) -> None:
    days = days_of(comparison.setting.market)
    drawn = market_of(days, drawn_order(len(days.growth), found.block, 3, 7))
    alone = compare(drawn, HOUSEHOLD, POLICIES).table
    rows = found.runs[found.runs["trial"] == 7].set_index("policy")
    assert rows[list(alone.columns)].to_numpy().tolist() == alone.to_numpy().tolist()


def test_differences_are_of_policies_on_the_same_path(found: Bootstrap) -> None:
    by = found.runs.set_index(["trial", "policy"])
    assert len(found.differences) == 80
    for row in found.differences.iloc[:6].to_dict("records"):
        for name in PAIRED:
            assert (
                row[name]
                == by.loc[(row["trial"], row["policy"]), name] - by.loc[(row["trial"], "hold"), name]
            )


def test_the_summary_says_what_was_and_what_might_have_been(comparison: Comparison, found: Bootstrap) -> None:
    table = found.summary(level=0.80)
    assert list(table.index.get_level_values("policy").unique()) == ["quarterly", "harvest"]
    assert list(table.index.get_level_values("measure").unique()) == list(PAIRED)
    row = table.loc[("harvest", "cagr_after_liquidation")]
    values = found.differences.query("policy == 'harvest'")["cagr_after_liquidation"]
    true = comparison.table["cagr_after_liquidation"]
    assert row["observed"] == true["harvest"] - true["hold"]
    assert row["mean"] == pytest.approx(values.mean())
    assert row["standard_error"] == pytest.approx(values.std())
    assert (row["low"], row["high"]) == pytest.approx(tuple(values.quantile([0.1, 0.9])))
    assert row["ahead"] == (values > 0).mean()
    assert row["paths"] == 40
    assert (found.summary(0.90)["high"] >= table["high"]).all()
    assert repr(found) == "<Bootstrap of 2 policies against 'hold' on 40 paths>"


def test_the_block_is_that_of_the_target_mix_unless_one_is_given(
    comparison: Comparison, found: Bootstrap
) -> None:
    assert found.block == block_length(comparison.setting.target_returns[1:])
    assert bootstrap(comparison, paths=1, block=17).block == 17


def test_what_a_policy_is_held_against_can_be_chosen(comparison: Comparison, found: Bootstrap) -> None:
    other = bootstrap(comparison, paths=40, seed=3, against="harvest")
    row, mirrored = found.summary().loc[("harvest", "tax")], other.summary().loc[("hold", "tax")]
    assert (row["low"], row["high"]) == pytest.approx((-mirrored["high"], -mirrored["low"]))


def test_what_must_be_known_is_said(comparison: Comparison, found: Bootstrap) -> None:
    said = [str(finding) for finding in found.assumptions if finding.where == "bootstrap"]
    assert set(comparison.assumptions) < set(found.assumptions)
    assert (
        f"40 histories of 419 sessions after the first, drawn in blocks of {found.block} on average (seed 3)"
        in said[0]
    )
    assert any("how much luck there is in one history" in text for text in said)
    for block, few in ((100, True), (5, False)):
        said = [str(finding) for finding in bootstrap(comparison, paths=1, block=block).assumptions]
        assert any("the history has only about 4 blocks" in text for text in said) == few


def test_late_prices_restrict_the_period_and_are_named() -> None:
    closes = MARKET.close.copy()
    closes[:120, 2] = np.nan
    late = replace(MARKET, close=closes)
    found = bootstrap(compare(late, HOUSEHOLD, POLICIES), paths=3)
    said = [str(finding) for finding in found.assumptions]
    words = f"prices of B begin on {MARKET.dates[120]}: the 120 sessions before, which others have, are not drawn from"
    assert any(words in text for text in said)
    assert found.runs["status"].eq("ok").all()
    chosen = bootstrap(compare(MARKET, HOUSEHOLD, POLICIES, start="2023-06-01"), paths=3)
    assert not any("prices of" in str(finding) for finding in chosen.assumptions)


def test_closes_that_are_missing_are_counted() -> None:
    closes = {"A": np.linspace(10, 20, 60), "A2": np.linspace(9, 8, 60), "B": np.linspace(5, 6, 60)}
    closes["B"][[20, 40]] = np.nan
    found = bootstrap(compare(hand_made(closes), HOUSEHOLD, POLICIES), paths=2)
    assert any(
        "2 closes that are missing in the source are drawn as days" in str(f) for f in found.assumptions
    )


def test_a_true_history_that_was_unusual_is_pointed_out() -> None:
    """Prices that always come back: rebalancing daily is worth a lot, and no path of single days keeps that."""
    swing = np.tile([1.0, 1.1], 60)
    market = hand_made({"A": 100 * swing, "B": 100 * swing[::-1]})
    policies = [RebalancePolicy("hold", ()), RebalancePolicy("daily", (Calendar("session"),))]
    comparison = compare(market, household_of({"A": 0.5, "B": 0.5}), policies)
    found = bootstrap(comparison, paths=60, block=1)
    row = found.summary().loc[("daily", "cagr_after_liquidation")]
    assert row["mean"] < row["observed"] - row["standard_error"] / 2
    (said,) = (str(f) for f in found.assumptions if "true history," in f.what)
    assert (
        f"less 'hold': 'daily' {row['observed'] * 1e4:+.0f} bp over the 5 months in the true history" in said
    )
    centred = bootstrap(comparison, paths=60, block=119, seed=1)  # as good as whole: the swings stay
    assert not any("true history," in f.what for f in centred.assumptions)


@pytest.mark.parametrize(
    "policy",
    [
        RebalancePolicy("impact", (Calendar("month"),), costs=Costs(impact=1.0, estimate_spread=True)),
        RebalancePolicy("patient", (Calendar("month"),), execution=Execution(wait_for_calm="own")),
    ],
    ids=lambda policy: policy.name,
)
def test_policies_that_know_the_past_know_the_true_one(policy: RebalancePolicy) -> None:
    comparison = compare(MARKET, HOUSEHOLD, [POLICIES[0], policy], start="2023-06-01")
    found = bootstrap(comparison, paths=4, seed=1)
    assert found.runs["status"].eq("ok").all()
    days = days_of(comparison.setting.market)
    shown = found.runs[found.runs["policy"] == policy.name]["value_after_tax"].tolist()
    alone: dict[bool, list[float]] = {}
    for with_past in (True, False):
        settings = [
            setting_of(
                comparison.setting,
                days,
                drawn_order(len(days.growth), found.block, 1, path),
                with_past=with_past,
            )
            for path in range(4)
        ]
        plans = [(setting, setting.plan(policy)) for setting in settings]
        alone[with_past] = [
            setting.measure(plan, setting.run_to_end(plan, setting.room()))["value_after_tax"]
            for setting, plan in plans
        ]
    assert shown == alone[True] != alone[False]


def test_what_cannot_be_is_said_at_once(comparison: Comparison) -> None:
    for given, said in (
        ({"paths": 0}, "paths is 0"), ({"block": 0}, "block is 0"), ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"), ({"paths": 2.5}, "paths is 2.5"),
    ):  # fmt: skip
        with pytest.raises(PolicyError, match=f"bootstrap: {said}"):
            bootstrap(comparison, **given)
    with pytest.raises(PolicyError) as caught:
        bootstrap(comparison, paths=0, block=-1)
    assert len(caught.value.findings) == 2
    with pytest.raises(PolicyError, match="2 sessions cannot be drawn again"):
        bootstrap(compare(MARKET, HOUSEHOLD, POLICIES, end="2023-01-03"))
    with pytest.raises(PolicyError, match="level is 90"):
        bootstrap(comparison, paths=1).summary(level=90)


def test_intervals_of_whole_back_tests_hold_a_known_difference() -> None:
    """Households that open with all in A; one keeps it, the other goes half into B: the expected difference is known.

    Of 60 short histories drawn from known distributions, the share of 90 % intervals, from resampled market to engine
    to percentile, that hold (1 + a)(1 + (a + b) / 2)^(n−1) − (1 + a)^n. The binomial error is 3.9 points; three of it
    are allowed.
    """
    sessions, mean, deviation = 100, np.array([0.001, -0.0005]), 0.01
    true = (1 + mean[0]) * (1 + mean.mean()) ** (sessions - 1) - (1 + mean[0]) ** sessions
    lot = TaxLot("first", "A", 1_000.0, 100_000.0, dt.date(2020, 1, 2))
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=(lot,)))
    policies = [RebalancePolicy("keep", ()), RebalancePolicy("halve", (Calendar("session"),))]
    held = 0
    for panel in range(60):
        growth = 1 + mean + np.random.default_rng((5, panel)).normal(0.0, deviation, (sessions, 2))
        path = np.vstack([np.full(2, 100.0), 100.0 * growth.cumprod(axis=0)])
        comparison = compare(
            hand_made({"A": path[:, 0], "B": path[:, 1]}), household, policies, open_with="lots"
        )
        found = bootstrap(comparison, paths=59, block=1, seed=panel, workers=1)
        row = found.summary(0.90).loc[("halve", "cagr_after_liquidation")]
        held += row["low"] <= true <= row["high"]
    assert 0.78 <= held / 60 <= 0.99
