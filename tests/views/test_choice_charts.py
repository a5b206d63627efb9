"""Charts of a choice draw its ranks and regimes as they were found."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from rebal_kit.compare import Comparison, compare
from rebal_kit.costs import Costs
from rebal_kit.overfitting import overfitting
from rebal_kit.policy import RebalancePolicy
from rebal_kit.regimes import regimes
from rebal_kit.triggers import Threshold, ToleranceBand
from rebal_kit.views import choice_charts, style
from rebal_kit.views.shape import MOST_POINTS
from rebal_kit.walk_forward import walk_forward
from tests.views.test_charts import found, rows_with
from tests.worlds import household_of, random_market

MARKET = random_market(121, ("A", "B"), 900)
WIDTHS = (0.0, 0.01, 0.02, 0.05, 0.2)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    grid = {
        f"band_{i}": RebalancePolicy("b", (Threshold(ToleranceBand(absolute=w)),), costs=Costs(5))
        for i, w in enumerate(WIDTHS)
    }
    return compare(MARKET, household_of({"A": 0.5, "B": 0.5}), grid)


@pytest.fixture(scope="module")
def walked(comparison: Comparison):
    return walk_forward(comparison, train_years=1.0, test_years=0.5, step_years=0.25)


def test_ranks_are_drawn_choice_by_choice_and_on_average(walked) -> None:
    chart = choice_charts.walk_forward_ranks(walked)
    first = walked.choices[walked.choices["ahead"] == 1]
    drawn = rows_with(chart, "chosen")
    assert [row["rank"] for row in drawn] == first["rank"].tolist()
    assert [row["chosen"] for row in drawn] == [name.replace("_", " ") for name in first["chosen"]]
    means = {row["window"]: row for row in rows_with(chart, "window")}
    table = walked.summary()
    assert list(means) == ["chosen in", "1st after", "2nd after", "3rd after"]
    assert means["chosen in"]["rank"] == 1.0
    for ahead, name in enumerate(("1st after", "2nd after", "3rd after"), 1):
        assert means[name]["rank"] == pytest.approx(table.loc[ahead, "rank"])
    assert means["1st after"]["rank_low"] == pytest.approx(table.loc[1, "rank_low"])
    spec = chart.to_dict()
    assert {rule["datum"] for rule in found(spec, "y") if "datum" in rule} == {
        3.0
    }  # the rank of a choice by chance, of five
    below = " ".join(spec["title"]["subtitle"])
    assert f"windows that do not overlap: {table.loc[1, 'independent']:.1f}" in below
    assert (
        "best of 5 policies over 1 years (growth a year after liquidation) is followed for 0.5 years" in below
    )
    assert f"1. window after the choice {table.loc[1, 'rank']:.1f} (" in spec["description"]


def test_a_measure_is_said_and_written_as_what_it_is(comparison: Comparison) -> None:
    short = walk_forward(comparison, train_years=0.5, test_years=0.5, step_years=0.5)
    below = " ".join(choice_charts.walk_forward_ranks(short).to_dict()["title"]["subtitle"])
    assert "over 0.5 years (growth over the window after liquidation) is followed" in below
    for measure, written in (("tax_paid", "+$,.0f"), ("trades", "+,.0f"), ("volatility", "+.2%")):
        walked = walk_forward(comparison, train_years=1.0, test_years=1.0, step_years=0.5, measure=measure)
        tips = found(choice_charts.walk_forward_ranks(walked).to_dict(), "tooltip")
        assert written in {tip["format"] for each in tips for tip in each if tip["field"] == "lead"}


@pytest.mark.parametrize("policies", [2, 3, 5, 15, 16, 17, 18, 33, 42])
def test_bars_hold_all_ranks_and_compare_with_chance(policies: int) -> None:
    growth = pd.DataFrame(np.random.default_rng(1).normal(size=(320, policies))).rename(
        columns="band {}".format
    )
    judged = overfitting(growth, blocks=8)
    rows = rows_with(choice_charts.overfitting_ranks(judged), "times")
    assert len(rows) <= 16
    assert (rows[0]["first"], rows[-1]["last"]) == (0.5, policies + 0.5)
    assert all(a["last"] == b["first"] for a, b in pairwise(rows))
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=1e-3)
    for row in rows:
        assert row["times"] == pytest.approx(row["share"] * policies / (row["last"] - row["first"]), abs=1e-3)
    rank = (policies + 1) * (1 - judged.splits["place"])
    assert rows[0]["share"] == pytest.approx((rank < rows[0]["last"]).mean(), abs=1e-4)
    by = {
        side: sum(row["share"] for row in rows if row["side"] == side)
        for side in {row["side"] for row in rows}
    }
    middle = by.pop("Middle rank, half to each", None)
    assert (middle is None) == (policies % 2 == 0)
    assert set(by) == {"Better half of the policies", "Worse half"}
    assert by["Worse half"] + (middle or 0.0) / 2 == pytest.approx(judged.probability, abs=1e-3)


def test_ranks_that_tie_in_the_middle_are_drawn_as_they_are_counted() -> None:
    judged = overfitting(pd.DataFrame(np.random.default_rng(1).normal(size=(320, 4))), blocks=4)
    tied = replace(judged, splits=judged.splits.assign(place=[0.5, 0.5, 0.5, 0.2, 0.8, 0.8]))
    rows = rows_with(choice_charts.overfitting_ranks(tied), "times")
    worse = sum(row["share"] for row in rows if row["side"] == "Worse half")
    assert worse == pytest.approx(tied.probability, abs=1e-3)


def test_what_is_left_of_a_lead_is_said_only_where_there_is_one() -> None:
    growth = pd.DataFrame(np.random.default_rng(2).normal(0.0, 0.01, (800, 3))).rename(
        columns="band {}".format
    )
    growth["band 0"] += 0.001
    below = choice_charts.overfitting_ranks(overfitting(growth, blocks=8)).to_dict()["title"]["subtitle"][1]
    assert "it led 'band 0' by next to nothing" in below
    assert "%" not in below.split(";")[1]


def test_the_verdict_is_said_with_the_setting_where_it_is_known(comparison: Comparison) -> None:
    judged = overfitting(comparison, blocks=8)
    spec = choice_charts.overfitting_ranks(judged, comparison).to_dict()
    below = spec["title"]["subtitle"]
    assert f"In the worse half of the policies in {judged.probability:.0%} of them: the choice" in below[1]
    assert "all 70 ways to halve it in 8 parts" in below[0]
    assert "prices 'random 121'" in below[2]
    assert len(choice_charts.overfitting_ranks(judged).to_dict()["title"]["subtitle"]) == 2
    assert judged.verdict in spec["description"]


def test_each_regime_has_a_panel_with_every_policy_on_one_scale(comparison: Comparison) -> None:
    split = regimes(comparison)
    chart = choice_charts.regime_differences(split)
    spec = chart.to_dict()
    assert [panel["title"]["text"] for panel in spec["hconcat"]] == ["Calm", "Usual", "Nervous"]
    assert spec["hconcat"][0]["title"]["subtitle"].endswith("33% of the sessions")
    table = split.summary()
    for number, panel in enumerate(spec["hconcat"]):
        rows = [
            row
            for data in found(panel, "data")
            for row in spec["datasets"].get(data.get("name"), [])
            if "rule" in row
        ]
        drawn = {row["rule"]: row for row in rows}
        assert list(drawn) == ["band 1", "band 2", "band 3", "band 4"]
        for rule, row in drawn.items():
            true = table.loc[(number, rule.replace(" ", "_"))]
            expected = (true["before_tax"] * 1e4, true["low"] * 1e4, true["high"] * 1e4)
            assert (row["before_tax"], row["low"], row["high"]) == pytest.approx(expected, abs=0.01)
    domains = {tuple(s["domain"]) for s in found(spec["hconcat"], "scale") if s.get("nice") is False}
    assert len(domains) == 1
    shapes = [s["range"] for s in found(spec["hconcat"], "scale") if "circle" in s.get("range", [])]
    assert len(set(shapes[0])) == 4  # told apart without colour


def test_what_is_not_known_is_named_and_no_number(comparison: Comparison, walked) -> None:
    split = regimes(comparison)
    growth, resampled = split.growth.copy(), split.resampled.copy()
    growth.loc[growth.index.get_level_values("policy") == "band_2", "before_tax"] = np.nan
    resampled[:, :, 1] = np.nan
    spec = choice_charts.regime_differences(replace(split, growth=growth, resampled=resampled)).to_dict()
    words = "Not drawn, as growth is not known (money ran out): band 2."
    assert words in spec["title"]["subtitle"]
    assert spec["description"].endswith(words)
    assert "nan" not in spec["description"]
    blank = walked.choices.assign(rank=np.nan, spearman=np.nan)
    spec = choice_charts.walk_forward_ranks(replace(walked, choices=blank)).to_dict()
    assert "1. window after the choice not known" in spec["description"]


def test_regimes_by_given_levels_are_numbered(comparison: Comparison) -> None:
    spec = choice_charts.regime_differences(regimes(comparison, cuts=(18,))).to_dict()
    assert [panel["title"]["text"] for panel in spec["hconcat"]] == ["Regime 1", "Regime 2"]


def test_charts_are_titled_described_small_and_self_contained(comparison: Comparison, walked) -> None:
    import vl_convert

    for chart in (
        choice_charts.walk_forward_ranks(walked),
        choice_charts.overfitting_ranks(overfitting(comparison, blocks=8), comparison),
        choice_charts.regime_differences(regimes(comparison)),
    ):
        spec = chart.to_dict()
        assert spec["title"]["text"].endswith("?")
        assert "US federal law" in " ".join(spec["title"]["subtitle"])
        assert len(spec["description"]) > 60
        assert spec["config"]["font"] == style.FONT
        assert not any("http" in url for url in found(spec, "url"))
        assert sum(len(rows) for rows in spec["datasets"].values()) <= MOST_POINTS
        svg = vl_convert.vegalite_to_svg(chart.to_json())
        assert float(svg.split('height="')[1].split('"')[0]) < 700  # nothing is drawn outside the panels


def test_stale_prices_are_said_beside_the_title(comparison: Comparison) -> None:
    from rebal_kit.findings import STALE, Finding

    stale = replace(MARKET, findings=(Finding("warning", STALE, "last session 2024-01-02"),))
    policies = {name: run.policy for name, run in comparison.runs.items()}
    found_stale = regimes(compare(stale, comparison.setting.household, policies))
    assert "STALE PRICES" in choice_charts.regime_differences(found_stale).to_dict()["title"]["subtitle"][-1]
