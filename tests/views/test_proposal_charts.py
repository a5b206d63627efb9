"""Charts of a proposal carry its figures, say units, and label points so that none covers another."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from rebal_kit.files.policy import load_policy
from rebal_kit.proposal.bands import class_bands
from rebal_kit.proposal.frontier import TaxFrontier, tax_frontier
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.transition import TransitionPlan, transition_plan
from rebal_kit.sources.load import load_market
from rebal_kit.views import style
from rebal_kit.views.label_places import place_labels
from rebal_kit.views.picture import picture
from rebal_kit.views.proposal_charts import classes_chart, frontier_chart, location_chart
from rebal_kit.views.transition_chart import transition_chart
from tests.proposal.sold_down import FREE, MARKET, appreciated, owner
from tests.views.test_charts import found, rows_with

POLICY = load_policy("threshold_3pct_harvest")


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return propose(load_market("etf"), appreciated(taxable_only=True), POLICY, solver="optimal", look="now")


@pytest.fixture(scope="module")
def frontier(proposal: Proposal) -> TaxFrontier:
    return tax_frontier(proposal, points=6)


@pytest.fixture(scope="module")
def plan() -> TransitionPlan:
    return transition_plan(MARKET, owner(), FREE, years=2)


def test_every_chart_is_titled_described_and_in_house_style(
    proposal: Proposal, frontier: TaxFrontier, plan: TransitionPlan
) -> None:
    for chart in (
        frontier_chart(frontier), classes_chart(proposal), location_chart(proposal), transition_chart(plan)
    ):  # fmt: skip
        spec = chart.to_dict()
        assert spec["title"]["text"]
        assert spec["title"]["subtitle"]
        assert len(spec["description"]) > 60
        assert spec["config"]["font"] == style.FONT
        assert not any("http" in url for url in found(spec, "url"))
        assert picture(chart).png.startswith(b"\x89PNG")


def test_the_frontier_carries_its_points_and_units(frontier: TaxFrontier) -> None:
    chart = frontier_chart(frontier)
    rows = rows_with(chart, "net_gain")
    assert {row["label"] for row in rows} == set(frontier.table["label"])
    drawn = {(row["label"], round(row["percent"], 6), round(row["tax_now"], 2)) for row in rows}
    for row in frontier.table.itertuples():
        assert (row.label, round(100.0 * row.drift, 6), round(row.tax_now, 2)) in drawn
    titles = {title for title in found(chart.to_dict(), "title") if isinstance(title, str)}
    assert {"drift that is left, % of the household", "tax now, US$"} <= titles
    words = "\n".join(row["text"] for row in rows_with(chart, "text"))
    for name in ("today: US$ 0", "zero gain: US$ 0", "greedy: US$", "optimal: US$"):
        assert name in words


def test_where_nothing_is_to_be_weighed_the_frontier_says_so(frontier: TaxFrontier) -> None:
    table = frontier.table
    one = table[(table["label"] != "least tax") | (table.index == 0)].reset_index(drop=True)
    said = frontier_chart(replace(frontier, table=one)).to_dict()["title"]["subtitle"]
    assert "There is no line: the trades of the least tax leave the least drift, too" in said
    assert not any(
        "There is no line" in text for text in frontier_chart(frontier).to_dict()["title"]["subtitle"]
    )


def test_no_tax_is_neither_minus_nought_nor_dust(frontier: TaxFrontier) -> None:
    table = frontier.table.assign(
        tax_now=frontier.table["tax_now"].where(frontier.table["label"] != "today", -1e-12)
    )
    texts = [row["text"] for row in rows_with(frontier_chart(replace(frontier, table=table)), "text")]
    assert any("today: US$ 0 at" in text for text in texts)
    assert not any("−0 " in text for text in texts)


def test_the_axis_of_drift_ends_where_drift_can(frontier: TaxFrontier) -> None:
    table = frontier.table.assign(drift=frontier.table["drift"] / frontier.table["drift"].max())
    axes = found(frontier_chart(replace(frontier, table=table)).to_dict(), "values")
    assert [0, 20, 40, 60, 80, 100] in axes


def test_the_classes_carry_weights_and_bands(proposal: Proposal) -> None:
    chart = classes_chart(proposal)
    bands = class_bands(proposal.day)
    rows = {row["class"]: row for row in rows_with(chart, "low")}
    for name, row in proposal.classes.iterrows():
        for part in ("before", "after", "target"):
            assert rows[name][part] == pytest.approx(100.0 * row[part], abs=1e-6)
    assert rows["US stocks"]["low"] == pytest.approx(42.0)
    assert rows["US stocks"]["high"] == pytest.approx(48.0)
    assert rows["cash"]["low"] is None
    assert bands.loc["Bills"].tolist() == pytest.approx([0.0, 0.06])
    assert "% of the household" in found(chart.to_dict(), "title")


def test_a_policy_without_bands_draws_none() -> None:
    idle = propose(load_market("etf"), appreciated(), load_policy("buy_and_hold"))
    assert class_bands(idle.day).isna().all(axis=None)
    assert all(row["low"] is None for row in rows_with(classes_chart(idle), "low"))


def test_accounts_before_and_after_hold_what_the_proposal_says(proposal: Proposal) -> None:
    spec = location_chart(proposal).to_dict()
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == [
        "Before, 2012-09-12",
        "After, 2012-09-12",
    ]
    sums = [row for row in rows_with(location_chart(proposal), "shown") if "share" not in row]
    before, after = (row["shown"] for row in sums if row["class"] == "US stocks")
    stocks = proposal.classes.loc["US stocks"]
    assert before == f"{100 * stocks['before']:.1f} % (45 %)"
    assert after == f"{100 * stocks['after']:.1f} % (45 %)"


def test_the_transition_carries_both_ways(plan: TransitionPlan) -> None:
    chart = transition_chart(plan)
    rows = rows_with(chart, "at_risk")
    assert {(row["spread"], row["year"]) for row in rows} == {
        (name, year) for name in (plan.chosen, "all at once") for year in ("2025", "2026")
    }
    tax = {(row["spread"], row["year"]): row["tax"] for row in rows}
    assert tax["all at once", "2025"] == pytest.approx(7_417.5)
    assert tax[plan.chosen, "2026"] == pytest.approx(0.0, abs=0.01)
    below = " ".join(chart.to_dict()["title"]["subtitle"])
    for words in ("US$ 0 in all; all at once: US$ 7,41", "chance of 1 in 6", "prices stay"):
        assert words in below


def test_a_transition_that_ends_short_of_the_targets_says_so() -> None:
    plan = transition_plan(MARKET, owner(), FREE, years=1, yearly_tax=100.0)
    assert "targets are not reached" in " ".join(transition_chart(plan).to_dict()["title"]["subtitle"])


def box(label: Any, point: tuple[float, float]) -> tuple[float, float, float, float]:
    width, height = 6.6 * max(map(len, label.lines)), 15.0 * len(label.lines)
    left = point[0] + label.dx - (width if label.align == "right" else 0.0)
    top = point[1] + label.dy - 7.5
    return left, top, left + width, top + height


def test_labels_cover_neither_each_other_nor_the_edge() -> None:
    points = [(20.0, 20.0), (30.0, 60.0), (400.0, 300.0), (420.0, 300.0), (600.0, 10.0)]
    texts = [
        ("greedy: US$ 54,098 at 0.0 %",),
        ("a", "b"),
        ("zero gain: US$ 0",),
        ("today: US$ 0",),
        ("optimal",),
    ]
    placed = place_labels(points, texts, (640.0, 340.0))
    assert [one.at for one in placed] == [0, 1, 2, 3, 4]
    boxes = [box(one, points[one.at]) for one in placed]
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    for left, top, right, bottom in boxes:
        assert left >= 0.0
        assert top >= 0.0
        assert right <= 640.0
        assert bottom <= 340.0
