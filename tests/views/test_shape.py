"""Picking, thinning and pairing lose nothing that a reader must see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.views import shape
from tests.views.results import POLICIES, results


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400),
    points=st.integers(4, 60),
)
def test_thinning_keeps_ends_and_peaks(values: list[float], points: int) -> None:
    frame = pd.DataFrame({"value": values})
    thinned = shape.thin(frame, points)
    assert len(thinned) <= max(points, 4)
    assert thinned.index.is_monotonic_increasing
    assert thinned.index[0] == 0
    assert thinned.index[-1] == len(values) - 1
    assert thinned["value"].max() == frame["value"].max()
    assert thinned["value"].min() == frame["value"].min()


def test_thinning_by_another_column_and_with_gaps() -> None:
    frame = pd.DataFrame({"a": 0.0, "b": np.arange(1_000.0)})
    frame.loc[500, "b"] = 1e9
    frame.loc[:99, "b"] = np.nan
    assert 500 in shape.thin(frame, 40, by="b").index


def test_a_short_curve_is_left_alone() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    assert shape.thin(frame, 4) is frame


def test_twins_are_the_same_rule_with_and_without_harvesting() -> None:
    assert shape.twins(results()) == {
        "buy_and_hold_harvest": "buy_and_hold",
        "quarterly_harvest": "quarterly",
        "threshold_3pct_harvest": "threshold_3pct",
    }


def test_a_harvesting_rule_that_differs_otherwise_too_has_no_twin() -> None:
    harvesting = POLICIES["quarterly_harvest"]
    other = RebalancePolicy(name="other", triggers=harvesting.triggers, lot_method="fifo")
    assert shape.twins(results({"other": other, "quarterly_harvest": harvesting})) == {}


def test_what_nothing_may_replace_is_said_where_harvesting_is_shown() -> None:
    notes, others = shape.harvest_notes(results())
    assert notes == ["Harvesting: nothing may replace AAA (to change that, give it a partner)"]
    assert [found.where for found in others] == ["law", "coverage"]
    alone = results({"quarterly": POLICIES["quarterly"]})
    assert shape.harvest_notes(alone) == ([], list(alone.assumptions))


@pytest.mark.parametrize(("sessions", "yearly"), [(2, False), (261, False), (263, True)])
def test_growth_is_yearly_from_a_year_on(sessions: int, yearly: bool) -> None:
    assert shape.annualised(results(sessions=sessions)) is yearly


def test_reference_is_the_rule_that_never_trades() -> None:
    assert shape.reference(results()) == "buy_and_hold"
    assert shape.reference(results({"quarterly": POLICIES["quarterly"]})) is None


def test_runs_with_a_band_are_drawn_without_their_harvesting_twin() -> None:
    assert shape.banded(results()) == ["threshold_3pct"]
    alone = {"threshold_3pct_harvest": POLICIES["threshold_3pct_harvest"]}
    assert shape.banded(results(alone)) == ["threshold_3pct_harvest"]


def test_trades_of_one_day_class_and_kind_are_one_mark() -> None:
    run = results().runs["threshold_3pct_harvest"]
    marks = shape.marked_trades(run)
    sold = marks[marks["mark"] == shape.SOLD]
    assert len(sold) == 4
    assert sold["amount"].tolist() == [3_000.0] * 4
    assert sold["gain"].tolist() == [350.0] * 4
    assert set(sold["reason"]) == {Reason.THRESHOLD.sentence}
    assert sold["weight"].tolist() == [run.weights.at[d, "US stocks"] for d in sold["date"]]
    harvested = marks[marks["mark"] == shape.HARVESTED]
    assert harvested[["side", "symbols", "class"]].to_numpy().tolist() == [
        ["sell", "BBB", "Treasuries"], ["buy", "CCC", "Treasuries"],
    ]  # fmt: skip


def test_opening_and_reinvestment_are_not_marked() -> None:
    assert shape.marked_trades(results().runs["buy_and_hold"]).empty


@pytest.mark.parametrize(("name", "shown"), [("two_million", "two million"), ("a", "a"), ("__", "(no name)")])
def test_labels(name: str, shown: str) -> None:
    assert shape.label(name) == shown
