"""The chart of rules over the half spread holds differences of the growth it is given; the table is the liquidity."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import pytest

from rebal_kit.compare import compare
from rebal_kit.findings import MarketError
from rebal_kit.liquidity import liquidity_of
from rebal_kit.policy import RebalancePolicy
from rebal_kit.sources.load import load_market
from rebal_kit.triggers import Calendar
from rebal_kit.views import style
from rebal_kit.views.cost_charts import ahead_by_spread
from rebal_kit.views.cost_tables import known_on
from tests.views.test_charts import found, rows_with
from tests.worlds import account, household_of, random_market

GROWTH = {
    "small": pd.DataFrame({"every_year": [0.05, 0.04], "band": [0.06, 0.0415]}, index=[0.0, 10.0]),
    "large": pd.DataFrame({"every_year": [0.04, 0.03], "band": [0.039, 0.03]}, index=[0.0, 10.0]),
}


@pytest.fixture(scope="module")
def chart() -> alt.ConcatChart:
    rule = RebalancePolicy("every_year", Calendar("year"))
    household = household_of({"A": 0.5, "B": 0.5}, account(value=100_000.0))
    compared = compare(random_market(3, ("A", "B"), 300), household, [rule])
    return ahead_by_spread(GROWTH, "every_year", compared, "Ahead")


def test_every_point_is_the_difference_to_the_rule_read_against(chart) -> None:
    rows = rows_with(chart, "ahead")
    assert [(r["rule"], r["spread"], r["ahead"]) for r in rows] == [
        ("band", 0.0, 100.0), ("band", 10.0, 15.0), ("band", 0.0, -10.0), ("band", 10.0, 0.0),
    ]  # fmt: skip


def test_panels_share_one_scale_that_holds_all_points_and_zero(chart) -> None:
    drawn = chart.to_dict()
    assert [panel["title"]["text"] for panel in drawn["concat"]] == ["small", "large"]
    scales = [scale["domain"] for scale in found(drawn["concat"], "scale") if "padding" not in scale]
    heights = [domain for domain in scales if not isinstance(domain[0], str)]
    assert len(heights) == 2
    assert heights[0] == heights[1]
    assert heights[0][0] < -10.0 < 100.0 < heights[0][1]


def test_units_data_law_and_the_rule_at_zero_are_named(chart) -> None:
    drawn = chart.to_dict()
    below = " ".join(drawn["title"]["subtitle"])
    for words in ("after tax and cost", "'every year'", "basis points", "US federal law", "prices '"):
        assert words in below
    assert "small, half spread 0 to 10 basis points: band 100 to 15" in drawn["description"]
    assert drawn["config"]["font"] == style.FONT
    assert not any("http" in url for url in found(drawn, "url"))


def test_what_is_known_on_a_day_is_what_its_month_began_with() -> None:
    market = load_market("etf").select(("SPY", "GLD"))
    table = known_on(market, ("GLD", "SPY"), ("2008-10-05", "2000-02-01"))
    known = liquidity_of(market)
    row = known.row[np.searchsorted(market.dates, np.datetime64("2008-10-06"))]
    spy = table.loc["2008-10-05", "SPY"]
    assert spy["volatility"] == known.volatility[row, 0]
    assert spy["volume"] == pytest.approx(known.volume_usd[row, 0] / 1e6)
    assert spy["half_spread"] == pytest.approx(known.half_spread[row, 0] * 1e4)
    assert list(table.index[:2]) == [("2008-10-05", "GLD"), ("2008-10-05", "SPY")]
    assert table.loc["2000-02-01"].isna().to_numpy().all()


def test_a_symbol_that_is_not_there_is_named() -> None:
    with pytest.raises(MarketError, match="NONE"):
        known_on(load_market("etf"), ("NONE",), ("2008-10-06",))
