"""Charts carry the figures they were given, in a look that survives grey, within Altair's limits."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebal_kit.policy import RebalancePolicy
from rebal_kit.views import charts, style
from rebal_kit.views.shape import MOST_POINTS, PARTS
from tests.views.results import POLICIES, Runs, results

ALL = {
    "growth": charts.growth,
    "taxes_by_year": charts.taxes_by_year,
    "tax_saved": charts.tax_saved,
    "harvest_effect": charts.harvest_effect,
    "drift": lambda comparison: charts.drift(next(iter(comparison.runs.values()))),
}


def rows_with(chart: Any, field: str) -> list[dict[str, Any]]:
    """Return the data rows of a chart that have `field`."""
    datasets = chart.to_dict()["datasets"].values()
    return [row for rows in datasets for row in rows if field in row]


def found(spec: Any, key: str) -> list[Any]:
    """Return every value that stands under `key`, at any depth."""
    if isinstance(spec, dict):
        return [v for k, v in spec.items() if k == key] + [f for v in spec.values() for f in found(v, key)]
    return [f for v in spec for f in found(v, key)] if isinstance(spec, list) else []


@pytest.mark.parametrize("name", ALL)
def test_every_chart_is_titled_described_and_in_house_style(name: str) -> None:
    spec = ALL[name](results()).to_dict()
    assert spec["title"]["text"]
    assert spec["title"]["subtitle"]
    assert len(spec["description"]) > 20
    assert spec["config"]["font"] == style.FONT
    assert not any("http" in url for url in found(spec, "url"))


def test_growth_draws_the_value_after_tax_to_the_dollar() -> None:
    comparison = results(sessions=50)
    rows = rows_with(charts.growth(comparison), "policy")
    daily = comparison.runs["quarterly"].daily["value"].round(0).tolist()
    assert [row["value"] for row in rows if row["policy"] == "quarterly"][:50] == daily
    assert len(rows) == 50 * len(POLICIES)


def test_growth_shows_harvesting_beside_the_same_rule_in_the_same_look() -> None:
    spec = charts.growth(results()).to_dict()
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == [
        "Without harvesting",
        "Harvesting losses",
    ]
    domains = [scale["domain"] for scale in found(spec, "scale") if "buy and hold" in scale.get("domain", [])]
    assert all(domain == ["buy and hold", "quarterly", "threshold 3pct"] for domain in domains)
    heights = {tuple(s["domain"]) for s in found(spec["vconcat"], "scale") if s.get("zero") is False}
    assert len(heights) == 1


@pytest.mark.parametrize("policies", [1, 9, 60])
def test_no_chart_exceeds_what_altair_draws(policies: int) -> None:
    many = {f"p{i}": RebalancePolicy(name=f"p{i}", min_trade_usd=float(i)) for i in range(policies)}
    chart = charts.growth(results(many, sessions=4_000))
    rows = rows_with(chart, "policy")
    assert len(rows) <= 5_000
    assert max(np.unique([row["policy"] for row in rows], return_counts=True)[1]) <= MOST_POINTS


def test_one_policy_alone_can_be_drawn() -> None:
    alone = results({"quarterly": POLICIES["quarterly"]})
    assert "vconcat" not in charts.growth(alone).to_dict()
    assert charts.tax_saved(alone) is None
    assert charts.harvest_effect(alone) is None
    assert {row["which"] for row in rows_with(charts.taxes_by_year(alone), "which")} == {"quarterly"}


def test_taxes_are_the_years_of_both_twins() -> None:
    rows = rows_with(charts.taxes_by_year(results()), "which")
    figures = {(r["rule"], r["year"], r["which"]): r["tax"] for r in rows}
    assert figures["quarterly", 2004, "Without harvesting"] == 500
    assert figures["quarterly", 2004, "Harvesting losses"] == 410
    assert len(figures) == 3 * 3 * 2


def test_tax_saved_is_drawn_in_its_parts_and_as_their_sum() -> None:
    chart = charts.tax_saved(results())
    rows = [r for r in rows_with(chart, "part") if (r["rule"], r["year"]) == ("quarterly", 2004)]
    assert [(r["part"], r["amount"]) for r in rows] == [
        ("Deferred", 54.0), ("Converted to another rate", 27.0), ("Permanent", 5.4), ("Because income differed", 3.6),
    ]  # fmt: skip
    assert {r["saved"] for r in rows} == {90.0}
    spec = chart.to_dict()
    (domain,) = {tuple(d["domain"]) for d in found(spec, "scale") if "Deferred" in d.get("domain", [])}
    assert domain == PARTS
    below = " ".join(spec["title"]["subtitle"])
    for words in (
        "US$",
        "falls due on sale",
        "2004-11-19 to 2008-05-01",
        "US federal law of 2026",
        "made by hand",
    ):
        assert words in below
    assert (
        "quarterly: 90 US dollars saved, of which 54 deferred, 27 converted and 9 permanent"
        in chart.description
    )


def test_parts_differ_in_darkness() -> None:
    def light(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    shades = sorted(light(colour) for colour in style.PARTS)
    assert min(b - a for a, b in itertools.pairwise(shades)) > 25


def test_what_harvesting_changed_is_the_comparisons_own_figures() -> None:
    effect = rows_with(charts.harvest_effect(results()), "amount")
    assert [r["amount"] for r in effect if r["rule"] == "quarterly"] == [90.0, 400.0, -612.5]


def test_drift_shows_bands_trades_and_reasons() -> None:
    run = results().runs["threshold_3pct_harvest"]
    chart = charts.drift(run)
    (stocks,) = (row for row in rows_with(chart, "lower") if row["target"] == 0.6)
    assert stocks["lower"] == pytest.approx(0.57)
    assert stocks["upper"] == pytest.approx(0.63)
    trades = rows_with(chart, "reason")
    assert "weight left its tolerance band" in {t["reason"] for t in trades}
    assert {t["mark"] for t in trades} == {
        "Bought to rebalance",
        "Sold to rebalance",
        "Harvested or replaced",
    }
    assert "reason" in {
        tip["field"] for tips in found(chart.to_dict(), "tooltip") if isinstance(tips, list) for tip in tips
    }


def test_drift_lists_only_the_kinds_of_trade_that_occur() -> None:
    spec = charts.drift(results().runs["threshold_3pct"]).to_dict()
    domains = [
        scale["domain"] for scale in found(spec, "scale") if "Sold to rebalance" in scale.get("domain", [])
    ]
    assert domains
    assert all(domain == ["Bought to rebalance", "Sold to rebalance"] for domain in domains)


def test_drift_without_a_band_or_trades_has_no_shading() -> None:
    spec = charts.drift(results().runs["buy_and_hold"]).to_dict()
    assert {mark["type"] for mark in found(spec, "mark")} == {"rule", "line"}
    assert "band" not in spec["title"]["subtitle"]


def test_a_still_picture_does_not_ask_to_hover() -> None:
    for draw in ALL.values():
        assert "hover" not in json.dumps(draw(results()).to_dict()["title"]).lower()


def test_drift_says_how_many_classes_it_leaves_out() -> None:
    chart = charts.drift(results().runs["quarterly"], most_classes=1)
    assert len(chart.vconcat) == 1
    assert "1 smallest classes are not drawn" in chart.to_dict()["title"]["subtitle"]


@pytest.mark.parametrize("name", ["a:b", "x.y[0]", 'quote"s', "back\\slash", "<b>bold</b>", "datum['x']"])
def test_odd_names_are_only_names(name: str) -> None:
    policy = replace(POLICIES["quarterly"], name=name)
    spec = json.loads(charts.growth(results({name: policy}, sessions=60)).to_json())
    assert {row["policy"] for rows in spec["datasets"].values() for row in rows if "policy" in row} == {name}
    fields = {tip["field"] for tips in found(spec, "tooltip") if isinstance(tips, list) for tip in tips}
    assert fields == {"date", "p0"}


def test_charts_can_be_stacked_into_one() -> None:
    comparison = results()
    growth, effect = charts.growth(comparison), charts.harvest_effect(comparison)
    spec = charts.stacked(growth, effect).to_dict()
    assert [part["title"]["text"] for part in spec["vconcat"]] == [growth.title.text, effect.title.text]
    assert growth.description in spec["description"]
    assert growth.to_dict()["config"]["font"] == style.FONT


def test_lines_differ_in_dash_as_well_as_colour() -> None:
    given = style.looks([str(i) for i in range(12)], reference="0")
    assert given["0"] == style.REFERENCE
    assert len(set(given.values())) == 12
    first = [given[str(i)] for i in range(4)]
    assert len({look.dash for look in first}) == 4
    assert all(look.dash != style.REFERENCE.dash for look in first[1:])


def test_results_do_not_change_by_being_drawn() -> None:
    comparison: Runs = results(sessions=300)
    before = {name: run.weights.copy() for name, run in comparison.runs.items()}
    for draw in ALL.values():
        draw(comparison)
    for name, run in comparison.runs.items():
        assert run.weights.equals(before[name])


@pytest.mark.parametrize("sessions", [2, 8, 30, 70, 90, 300, 480, 900])
def test_no_two_ticks_of_the_time_axis_say_the_same(sessions: int) -> None:
    """The text of the drawn axis: too few ticks would say too little, and `Sep 2012` seven times nothing."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(charts.growth(results(sessions=sessions)).to_json())
    words = re.findall(r">((?:\d{1,2} )?(?:[A-Z][a-z]{2} )?20\d\d)<", svg)
    axis = words[: len(words) // 2]  # two panels with the same axis
    assert words == axis * 2
    assert len(set(axis)) == len(axis)
    assert 2 <= len(axis) <= 10
