"""study(): every part as it is by itself, the summary read from them, and what could not be asked is said."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.bootstrap import bootstrap
from rebal_kit.compare import Comparison, compare
from rebal_kit.domain import TaxLot
from rebal_kit.findings import PolicyError
from rebal_kit.flows import CashFlow
from rebal_kit.overfitting import overfitting
from rebal_kit.policy import RebalancePolicy
from rebal_kit.regimes import regimes
from rebal_kit.sensitivity import sensitivity
from rebal_kit.study import Study, study
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from rebal_kit.walk_forward import walk_forward
from tests.worlds import account, household_of, random_market

MARKET = random_market(101, ("A", "B"), 1_400)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5})
POLICIES = (
    RebalancePolicy("hold", ()),
    RebalancePolicy("yearly", (Calendar("year"),)),
    RebalancePolicy("band", (Threshold(ToleranceBand(absolute=0.03)),)),
)


def withdrawing(amount: float) -> Comparison:
    """A household of two old lots worth US$ 100,000 that is all gain: a large withdrawal leaves less than its tax."""
    market, day = MARKET.between(None, MARKET.dates[400]), dt.date(2015, 1, 2)
    lots = [TaxLot(symbol, symbol, 50_000 / market.close[0, at], 50.0, day) for at, symbol in enumerate("AB")]
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(lots=lots), flows=[CashFlow(-amount, on=dt.date(2024, 3, 1))],
        tax=TaxProfile(flat=(0.4, 0.3, 0.3)),
    )  # fmt: skip
    return compare(market, household, POLICIES, open_with="lots")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, POLICIES)


@pytest.fixture(scope="module")
def found(comparison: Comparison) -> Study:
    return study(comparison, against="yearly", paths=30, seed=2)


def test_each_part_is_the_part_by_itself(comparison: Comparison, found: Study) -> None:
    pd.testing.assert_frame_equal(found.bootstrap.runs, bootstrap(comparison, paths=30, seed=2).runs)
    pd.testing.assert_frame_equal(found.sensitivity.rows, sensitivity(comparison, against="yearly").rows)
    pd.testing.assert_frame_equal(
        found.walk_forward.choices, walk_forward(comparison, against="yearly").choices
    )
    pd.testing.assert_frame_equal(found.regimes.growth, regimes(comparison, against="yearly").growth)
    own = overfitting(comparison, against="yearly", seed=2)
    assert (found.overfitting.probability, found.overfitting.spa) == (own.probability, own.spa)
    parts = (found.bootstrap, found.sensitivity, found.walk_forward, found.overfitting, found.regimes)
    assert {part.against for part in parts} == {"yearly"}
    assert found.left_out == ()


def test_the_summary_is_read_from_the_parts(found: Study) -> None:
    table = found.summary(0.80)
    assert table.index.tolist() == ["hold", "band"]
    row = table.loc["band"]
    drawn = found.bootstrap.summary(0.80).loc[("band", "cagr_after_liquidation")]
    assert row[["observed", "low", "high"]].tolist() == pytest.approx(
        (drawn[["observed", "low", "high"]] * 1e4).tolist()
    )
    assert row["ahead"] == drawn["ahead"]
    varied = found.sensitivity.rows.query("policy == 'band'")["cagr_after_liquidation"]
    assert (row["least"], row["most"]) == pytest.approx((varied.min() * 1e4, varied.max() * 1e4))
    assert row["ahead_varied"] == (varied > 0).mean()
    growth = found.regimes.growth["before_tax"]
    assert (row["calm"], row["nervous"]) == pytest.approx((growth[0, "band"] * 1e4, growth[2, "band"] * 1e4))


def test_the_answers_speak_of_the_policy_that_is_ahead(found: Study) -> None:
    table = found.summary()
    best = table["observed"].idxmax()
    said = found.answers
    assert (
        said[0]
        == f"'{best}' grows {table.loc[best, 'observed']:+.0f} bp a year against 'yearly', after tax and liquidation."
    )
    assert f"{table.loc[best, 'low']:+.0f} to {table.loc[best, 'high']:+.0f} bp" in said[1]
    assert any(
        f"overfitted: {found.overfitting.probability:.0%} ({found.overfitting.verdict})" in text
        for text in said
    )
    assert any(
        "The best of 3 years is on average number" in text and "by chance 2.0" in text for text in said
    )
    assert any("in calm markets" in text for text in said)
    assert repr(found) == "<Study of 3 policies against 'yearly'>"


def test_histories_in_which_money_runs_out_are_counted_and_said() -> None:
    found = study(withdrawing(50_000), paths=30, seed=2)
    runs = found.bootstrap.runs
    bare = runs[runs["status"].eq("ok") & runs["cagr_after_liquidation"].isna()].groupby("policy").size()
    assert 0 < bare.min() <= bare.max() < 30
    known = found.bootstrap.differences.groupby("policy")["cagr_after_liquidation"].count()
    table = found.summary()
    assert table["paths"].to_dict() == known.to_dict()
    rows = found.sensitivity.rows.groupby("policy")["cagr_after_liquidation"]
    assert table["variations"].to_dict() == rows.count().to_dict()
    (said,) = (
        f for f in found.bootstrap.assumptions if f.where == "bootstrap" and "is not known in" in f.what
    )
    assert said.severity == "warning"
    for policy, count in bare.items():
        assert f"'{policy}' {count} of 30" in said.what
    assert said in found.assumptions


def test_where_growth_is_not_known_the_answer_says_so() -> None:
    found = study(withdrawing(110_000), paths=3)
    (said,) = found.answers
    assert said.startswith("There is no answer: growth after tax and liquidation is not known of 'hold'")
    assert (found.summary()["paths"] == 0).any()
    partly = study(withdrawing(50_000), paths=30, seed=2)
    words = " ".join(partly.answers)
    row = partly.summary().loc[partly.summary()["observed"].idxmax()]
    assert f"of them ({row['paths']:.0f} of 30 in which it is known)." in words
    assert "nan" not in words


def test_what_no_history_and_no_variation_knows_is_not_given_as_a_number(found: Study) -> None:
    rows = found.sensitivity.rows.assign(cagr_after_liquidation=np.nan)
    runs = found.bootstrap.runs.assign(cagr_after_liquidation=np.nan)
    bare = replace(
        found,
        bootstrap=replace(found.bootstrap, runs=runs),
        sensitivity=replace(found.sensitivity, rows=rows),
    )
    words = " ".join(bare.answers)
    assert "In no resampled history is its difference known" in words
    assert "Under no other date, tax, cost or horizon is its difference known" in words
    blank = found.walk_forward.choices.assign(rank=np.nan, place=np.nan)
    later = replace(found, walk_forward=replace(found.walk_forward, choices=blank)).answers
    assert "What becomes of the best of earlier years is not known" in " ".join(later)
    assert "nan" not in " ".join(later)
    assert "nan" not in words


def test_growth_of_less_than_a_year_is_not_said_to_be_a_year(found: Study) -> None:
    short = study(compare(MARKET, HOUSEHOLD, POLICIES, end=MARKET.dates[150]), paths=5)
    assert " bp over the 7 months against 'hold'" in short.answers[0]
    (said,) = (f.what for f in short.assumptions if f.where == "study")
    assert said.startswith("growth is stated over the 7 months, not a year")
    assert said.endswith("; calm and nervous are a year of such sessions")
    assert short.answers[-1].endswith("(a year of such sessions, though the history is shorter).")
    assert " bp a year against" in found.answers[0]
    assert not [f for f in found.assumptions if f.where == "study"]


def test_what_is_stated_is_stated_once(found: Study) -> None:
    stated = found.assumptions
    assert len(set(stated)) == len(stated)
    for part in (found.bootstrap, found.sensitivity, found.walk_forward, found.overfitting, found.regimes):
        assert set(part.assumptions) <= set(stated)


def test_what_a_short_history_without_an_index_cannot_answer_is_said() -> None:
    market = replace(MARKET, volatility_index=None).between(None, MARKET.dates[400])
    found = study(compare(market, HOUSEHOLD, POLICIES), paths=5)
    assert found.walk_forward is None
    assert found.regimes is None
    assert found.overfitting is not None
    said = [str(finding) for finding in found.left_out]
    assert said[0].startswith(
        "walk_forward: left out: 401 sessions are too few for 3 + 2 years of 252 — take shorter windows"
    )
    assert "left out: has no volatility index" in said[1]
    assert set(found.left_out) < set(found.assumptions)
    assert np.isnan(found.summary()["calm"]).all()
    assert len(found.answers) == 6


def test_there_must_be_something_to_study() -> None:
    with pytest.raises(PolicyError, match="study: the comparison has 1 policy"):
        study(compare(MARKET, HOUSEHOLD, POLICIES[:1]))
    with pytest.raises(PolicyError, match="study: no run is called 'x'"):
        study(compare(MARKET, HOUSEHOLD, POLICIES), against="x")
