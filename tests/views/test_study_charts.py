"""Charts of a study draw the figures of its summaries, stay small, and say in words what they show."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from rebal_kit.bootstrap import Bootstrap, bootstrap
from rebal_kit.compare import Comparison, compare
from rebal_kit.policy import RebalancePolicy
from rebal_kit.sensitivity import Sensitivity, Variation, sensitivity, variations
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from rebal_kit.views import study_charts, style
from rebal_kit.views.shape import MOST_POINTS
from tests.views.test_charts import found, rows_with
from tests.worlds import household_of, random_market

MARKET = random_market(111, ("A", "B"), 500)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5}, tax=TaxProfile(ordinary_income=150_000))


def policies(count: int) -> dict[str, RebalancePolicy]:
    bands = np.linspace(0.01, 0.1, count)
    return {
        "buy_and_hold": RebalancePolicy("h", ()), "each_month": RebalancePolicy("m", (Calendar("month"),)),
        **{f"band_{i}": RebalancePolicy("b", (Threshold(ToleranceBand(absolute=w)),)) for i, w in enumerate(bands)},
    }  # fmt: skip


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, policies(1))


@pytest.fixture(scope="module")
def drawn(comparison: Comparison) -> Bootstrap:
    return bootstrap(comparison, paths=200, seed=1)


@pytest.fixture(scope="module")
def varied(comparison: Comparison) -> Sensitivity:
    return sensitivity(comparison)


def test_fifty_dots_a_policy_stand_where_its_histories_do(drawn: Bootstrap) -> None:
    spec = study_charts.bootstrap_dots(drawn).to_dict()
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == ["each month", "band 0"]
    table = drawn.summary().xs("cagr_after_liquidation", level="measure")
    for panel, (name, row) in zip(spec["vconcat"], table.iterrows(), strict=True):
        datasets = [spec["datasets"][data["name"]] for data in found(panel, "data")]
        (dots,) = {
            tuple((d["bp"], d["height"], d["side"]) for d in rows) for rows in datasets if "side" in rows[0]
        }
        assert len(dots) == 50
        assert len(set(dots)) == 50  # none hides another
        values = drawn.differences[drawn.differences["policy"] == name]["cagr_after_liquidation"] * 1e4
        width = np.diff(np.unique([bp for bp, _, _ in dots])).min()
        assert np.median([bp for bp, _, _ in dots]) == pytest.approx(values.median(), abs=width)
        assert all((side == "Ahead") == (bp > 0) for bp, _, side in dots)
        assert sum(side == "Ahead" for _, _, side in dots) / 50 == pytest.approx(row["ahead"], abs=0.02)
        (span,) = {(d["low"], d["high"], d["observed"]) for rows in datasets for d in rows if "low" in d}
        assert span == pytest.approx((row["low"] * 1e4, row["high"] * 1e4, row["observed"] * 1e4), abs=1e-3)
        assert panel["title"]["subtitle"] == f"ahead in {row['ahead']:.0%} of the histories"


def test_policies_that_find_no_room_are_counted() -> None:
    many = bootstrap(compare(MARKET, HOUSEHOLD, policies(10)), paths=20)
    spec = study_charts.bootstrap_dots(many, most=4).to_dict()
    assert len(spec["vconcat"]) == 4
    assert "7 policies are not drawn" in spec["title"]["subtitle"][1]
    assert "not drawn" not in " ".join(
        study_charts.bootstrap_dots(many, most=20).to_dict()["title"]["subtitle"]
    )


def test_policies_of_which_nothing_is_known_are_named() -> None:
    from tests.test_study import withdrawing

    none = bootstrap(withdrawing(110_000), paths=3)
    varied = sensitivity(withdrawing(110_000), variations("half spread", (0, 5)))
    for chart in (study_charts.bootstrap_dots(none), study_charts.sensitivity_panels(varied)):
        spec = chart.to_dict()
        words = "Not drawn, as growth is not known (money ran out): yearly, band."
        assert words in spec["title"]["subtitle"]
        assert words in spec["description"]
        assert "nan" not in str(spec)
    some = study_charts.bootstrap_dots(bootstrap(withdrawing(50_000), paths=30, seed=2)).to_dict()
    assert "of the histories in which growth is known, " in some["vconcat"][0]["title"]["subtitle"]
    assert "Not drawn" not in str(some["title"])


def test_growth_of_less_than_a_year_is_not_drawn_as_a_year() -> None:
    short = compare(MARKET, HOUSEHOLD, policies(1), end=MARKET.dates[150])
    for chart in (
        study_charts.bootstrap_dots(bootstrap(short, paths=5)),
        study_charts.sensitivity_panels(sensitivity(short, variations("half spread", (0, 5)))),
    ):
        text = chart.to_json()
        assert "Growth over the 7 months after tax and liquidation" in text
        assert "basis points over the 7 months" in text
        assert "a year" not in text.replace("US$ a year", "")


def test_policies_without_a_difference_can_be_drawn() -> None:
    alike = {"one": RebalancePolicy("a", ()), "two": RebalancePolicy("b", ())}
    spec = study_charts.bootstrap_dots(bootstrap(compare(MARKET, HOUSEHOLD, alike), paths=5)).to_dict()
    rows = rows_with(alt.Chart.from_dict(spec), "side")
    assert len(rows) == 50
    assert {row["side"] for row in rows} == {"Not ahead"}


def test_every_variation_is_a_point_of_its_panel(varied: Sensitivity) -> None:
    chart = study_charts.sensitivity_panels(varied)
    spec = chart.to_dict()
    headings = [panel["title"]["text"] for panel in spec["concat"]]
    assert headings == [
        "First session, later by",
        "Schedule, later by",
        "Horizon",
        "Ordinary income",
        "State tax",
        "Half spread",
    ]
    points = {(row["kind"], row["value"], row["rule"]): row["bp"] for row in rows_with(chart, "kind")}
    assert len(points) == len(varied.rows)
    for row in varied.rows.to_dict("records"):
        key = (row["kind"], row["value"], row["policy"].replace("_", " "))
        assert points[key] == pytest.approx(row["cagr_after_liquidation"] * 1e4, abs=0.01)
    scales = {
        tuple(scale["domain"])
        for scale in found(spec["concat"], "scale")
        if scale.get("nice") is False and "domain" in scale
    }
    assert len(scales) == 1  # one scale for all panels
    units = [title for title in found(spec["concat"], "title") if isinstance(title, str)]
    assert {"sessions", "years", "US$ a year", "rate", "basis points", "basis points a year"} <= set(units)


def test_each_kind_of_variation_has_an_axis(comparison: Comparison) -> None:
    few = sensitivity(comparison, [*variations("half spread", (0, 10)), Variation("income", 100_000)])
    spec = study_charts.sensitivity_panels(few).to_dict()
    assert [panel["title"]["text"] for panel in spec["concat"]] == ["Half spread", "Ordinary income"]
    assert set(study_charts._AXES) == set(study_charts.UNITS)


@pytest.mark.parametrize("draw", ["bootstrap_dots", "sensitivity_panels"])
def test_a_chart_is_titled_described_small_and_self_contained(
    drawn: Bootstrap, varied: Sensitivity, draw: str
) -> None:
    chart = getattr(study_charts, draw)(drawn if draw == "bootstrap_dots" else varied)
    spec = chart.to_dict()
    below = " ".join(spec["title"]["subtitle"])
    for words in (
        "after tax and liquidation",
        "'buy and hold'",
        "prices 'random 111'",
        "US federal law",
        "2023-01-02",
    ):
        assert words in below
    assert "each month" in spec["description"]
    assert spec["config"]["font"] == style.FONT
    assert not any("http" in url for url in found(spec, "url"))
    assert sum(len(rows) for rows in spec["datasets"].values()) <= MOST_POINTS
    import vl_convert

    assert "<svg" in vl_convert.vegalite_to_svg(chart.to_json())
