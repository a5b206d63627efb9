"""sensitivity(): each row is the comparison with one thing set to something else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.compare import Comparison, compare
from rebal_kit.costs import Costs
from rebal_kit.domain import TaxLot
from rebal_kit.findings import PolicyError
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.sensitivity import UNITS, Variation, sensitivity, usual_variations, variations
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.trials import PAIRED
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.worlds import account, household_of, random_market

MARKET = random_market(91, ("A", "B"), 600)
TAX = TaxProfile(ordinary_income=150_000)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5}, account(value=250_000.0), tax=TAX)
POLICIES = {
    "hold": RebalancePolicy("h", (), costs=Costs(3, by_symbol={"A": 1.0})),
    "quarterly": RebalancePolicy("q", (Calendar("quarter"),), costs=Costs(3, by_symbol={"A": 1.0})),
    "band": RebalancePolicy("b", (Threshold(ToleranceBand(absolute=0.03)),), harvest=Harvest(0.05, 10.0)),
}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(MARKET, HOUSEHOLD, POLICIES)


def with_costs(bps: float) -> dict[str, RebalancePolicy]:
    return {name: replace(policy, costs=Costs(bps)) for name, policy in POLICIES.items()}


@pytest.mark.parametrize(
    ("variation", "again"),
    [
        (Variation("first session", 63), lambda: compare(MARKET, HOUSEHOLD, POLICIES, start=MARKET.dates[63])),
        (Variation("horizon", 1.5), lambda: compare(MARKET, HOUSEHOLD, POLICIES, end=MARKET.dates[378])),
        (Variation("half spread", 40), lambda: compare(MARKET, HOUSEHOLD, with_costs(40))),
        (Variation("schedule", 8), lambda: compare(MARKET, HOUSEHOLD, {
            **POLICIES, "quarterly": replace(POLICIES["quarterly"], triggers=(Calendar("quarter", 8),))})),
        (Variation("income", 900_000), lambda: compare(
            MARKET, replace(HOUSEHOLD, tax=replace(TAX, ordinary_income=900_000)), POLICIES)),
        (Variation("state tax", 0.10), lambda: compare(
            MARKET, replace(HOUSEHOLD, tax=replace(TAX, state_rate=0.10)), POLICIES)),
    ],
    ids=lambda given: given.kind if isinstance(given, Variation) else "",
)  # fmt: skip
def test_a_row_is_the_comparison_under_its_variation(
    comparison: Comparison, variation: Variation, again
) -> None:
    found = sensitivity(comparison, [variation])
    table = again().table
    table["tax"] = table["tax_paid"] + table["tax_accrued"]
    assert found.rows["policy"].tolist() == ["quarterly", "band"]
    for row in found.rows.to_dict("records"):
        assert (row["kind"], row["value"], row["status"]) == (variation.kind, variation.value, "ok")
        expected = [table.loc[row["policy"], name] - table.loc["hold", name] for name in PAIRED]
        assert [row[name] for name in PAIRED] == pytest.approx(expected, rel=1e-12)
    as_it_is = found.as_it_is
    assert not found.rows.set_index("policy")[list(PAIRED)].equals(as_it_is)


def test_nothing_varied_is_the_comparison_as_it_is(comparison: Comparison) -> None:
    found = sensitivity(
        comparison, [Variation("first session", 0), Variation("horizon", 99), Variation("state tax", 0)]
    )
    for _, rows in found.rows.groupby("kind"):
        assert (
            rows.set_index("policy")[list(PAIRED)].to_numpy().tolist() == found.as_it_is.to_numpy().tolist()
        )
    assert set(found.rows["first"].dt.date) == {MARKET.dates[0].item()}
    assert set(found.rows["last"].dt.date) == {MARKET.dates[-1].item()}


def test_flat_rates_are_taken_times_as_much() -> None:
    flat = replace(HOUSEHOLD, tax=TaxProfile(flat=(0.30, 0.20, 0.10)))
    found = sensitivity(compare(MARKET, flat, POLICIES), variations("flat rates", (0.0, 2.0)))
    double = compare(MARKET, replace(HOUSEHOLD, tax=TaxProfile(flat=(0.60, 0.40, 0.20))), POLICIES).table
    rows = found.rows.set_index(["value", "policy"])
    assert rows.loc[(2.0, "band"), "cagr_after_tax"] == pytest.approx(
        double.loc["band", "cagr_after_tax"] - double.loc["hold", "cagr_after_tax"]
    )
    assert rows.loc[(0.0, "band"), "tax"] == 0.0
    assert "flat rates" in {variation.kind for variation in usual_variations(compare(MARKET, flat, POLICIES))}


def test_a_variation_that_cannot_be_keeps_its_rows_and_is_said(comparison: Comparison) -> None:
    found = sensitivity(comparison, [Variation("flat rates", 2.0), Variation("half spread", 5.0)])
    assert found.rows["status"].tolist()[2:] == ["ok", "ok"]
    assert "the tax profile has no flat rates — vary 'income' or 'state tax'" in found.rows["status"].iloc[0]
    assert found.rows.loc[:1, list(PAIRED)].isna().all(axis=None)
    assert any("2 of 4 runs have no figures" in str(f) for f in found.assumptions)
    assert found.summary().index.get_level_values("kind").unique().tolist() == ["half spread"]


def test_whatever_cannot_be_is_a_row_with_its_reason(comparison: Comparison) -> None:
    varied = [
        Variation("half spread", 1e5), Variation("state tax", 1.2),
        Variation("horizon", 1e308), Variation("half spread", 5.0),
    ]  # fmt: skip
    found = sensitivity(comparison, varied)
    status = found.rows.groupby("kind", sort=False)["status"].agg(list)
    assert "half_spread_bps is 100000" in status["half spread"][0]
    assert status["half spread"][2:] == ["ok", "ok"]
    assert "state_rate" in status["state tax"][0]
    assert status["horizon"] == ["ok", "ok"]
    assert found.rows.loc[found.rows["status"] != "ok", list(PAIRED)].isna().all(axis=None)


def test_the_summary_is_of_growth_after_liquidation(comparison: Comparison) -> None:
    found = sensitivity(comparison, variations("first session", (0, 21, 42, 63)), against="quarterly")
    row = found.summary().loc[("first session", "band")]
    values = found.rows.query("policy == 'band'")["cagr_after_liquidation"]
    assert row["variations"] == 4
    assert (row["least"], row["median"], row["most"]) == (values.min(), values.median(), values.max())
    assert row["standard_deviation"] == pytest.approx(values.std())
    assert row["ahead"] == (values > 0).mean()
    assert row["as_it_is"] == values.iloc[0]
    assert repr(found) == "<Sensitivity to 4 variations of 1 kinds against 'quarterly'>"


def test_variations_that_leave_nothing_are_not_counted_as_behind(comparison: Comparison) -> None:
    found = sensitivity(comparison, variations("first session", (0, 21, 42, 63)))
    rows = found.rows.copy()
    rows.loc[rows["policy"].eq("band") & rows["value"].gt(21), list(PAIRED)] = float("nan")
    rows.loc[rows["policy"].eq("quarterly"), list(PAIRED)] = float("nan")
    bare = replace(found, rows=rows.assign(cagr_after_liquidation=rows["cagr_after_liquidation"].abs()))
    table = bare.summary().loc["first session"]
    assert table.loc["band", ["variations", "ahead"]].tolist() == [2, 1.0]
    assert table.loc["quarterly", "variations"] == 0
    assert np.isnan(table.loc["quarterly", "ahead"])
    (said,) = (str(f) for f in bare.assumptions if "is not known in" in f.what)
    assert "in 6 runs, as where money ran out: 'quarterly' 4 of 4, 'band' 2 of 4" in said


def test_variations_of_less_than_a_year_are_named(comparison: Comparison) -> None:
    found = sensitivity(comparison, [*variations("horizon", (0.5, 1, 2)), Variation("first session", 500)])
    (said,) = (str(f) for f in found.assumptions if "less than a year is left" in f.what)
    assert "under horizon 0.5, first session 500: growth there is that of the whole span, not a year" in said
    assert not any("less than a year is left" in f.what for f in sensitivity(comparison).assumptions)


def test_what_is_usual_fits_the_history(comparison: Comparison) -> None:
    usual = usual_variations(comparison)
    by = {kind: [v.value for v in usual if v.kind == kind] for kind in UNITS}
    assert by["first session"] == [21 * month for month in range(13)]
    assert by["schedule"] == [0, 3, 6, 9, 12, 15, 18]
    assert by["horizon"] == [1, 2]
    assert by["flat rates"] == []
    assert max(by["state tax"]) == 0.12
    found = sensitivity(comparison)
    assert found.variations == usual
    assert found.rows["status"].eq("ok").all()
    assert sensitivity(comparison, workers=1).rows.equals(found.rows)
    said = " ".join(str(finding) for finding in found.assumptions)
    assert "first session 0 to 252 sessions later" in said
    assert "another schedule moves no policy without a calendar: hold, band" in said


def test_lots_are_priced_on_a_later_session() -> None:
    lots = (
        TaxLot("1", "A", 100.0, 3_000.0, dt.date(2020, 1, 2)),
        TaxLot("2", "B", 100.0, 2_000.0, dt.date(2021, 1, 4)),
    )
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=lots), tax=TAX)
    found = sensitivity(compare(MARKET, household, POLICIES), variations("first session", (0, 100)))
    assert found.rows["status"].eq("ok").all()
    assert any("a later first session prices the same lots later" in str(f) for f in found.assumptions)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("costs", 1, "kind is 'costs' — use first session, schedule"), ("first session", -1, "value is -1"),
        ("first session", 1.5, "value is 1.5, not a whole number"), ("horizon", 0, "value is 0 — give years"),
        ("income", "much", "value is 'much'"), ("half spread", float("nan"), "value is nan"),
    ],
)  # fmt: skip
def test_what_is_no_variation_is_refused(kind, value, said: str) -> None:
    with pytest.raises(PolicyError, match=f"variation: {said}"):
        Variation(kind, value)


def test_something_must_be_varied(comparison: Comparison) -> None:
    with pytest.raises(PolicyError, match="sensitivity: nothing is varied"):
        sensitivity(comparison, ())
    with pytest.raises(PolicyError, match="one of varied is 5, no Variation"):
        sensitivity(comparison, [5])  # type: ignore[list-item]
    with pytest.raises(PolicyError, match="workers is 0"):
        sensitivity(comparison, workers=0)
