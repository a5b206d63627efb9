"""compare_household(): one policy, and the same with one thing switched off at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rebal_kit.compare import compare
from rebal_kit.domain import AccountKind
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import PolicyError
from rebal_kit.household_comparison import AS_IT_IS, NONE_OF_THESE, SWITCHES, compare_household
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.sources.load import load_market
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import UNTAXED, account, household_of, random_market

MARKET = random_market(11, ("A", "P", "B", "C"), 600)
TARGETS = TargetAllocation(
    {AssetClass("stocks", {"A": 1, "P": 0}): 0.4, "B": 0.3, "C": 0.3},
    location={"stocks": (1, 3, 2), "C": (3, 1, 2)},
)
ACCOUNTS = (
    account("Taxable", value=600_000.0),
    account("IRA", AccountKind.IRA, value=300_000.0),
    account("Roth", AccountKind.ROTH_IRA, value=100_000.0),
)
TAXED = TaxProfile("mfj", 2026, ordinary_income=320_000.0, state_rate=0.05)
POLICY = RebalancePolicy(
    "all", (Threshold(ToleranceBand(absolute=0.02)),), harvest=Harvest(0.03, 100.0), dividends="cash"
)
PARTS = ["saved", "deferred", "converted", "permanent", "not_earned"]


def test_each_thing_is_switched_off_alone_and_all_together() -> None:
    told: list[str] = []
    household = household_of(TARGETS, *ACCOUNTS, tax=TAXED)
    found = compare_household(MARKET, household, POLICY, progress=told.append)
    assert list(found.runs) == told == [AS_IT_IS, *SWITCHES, NONE_OF_THESE]
    policies = {name: run.policy for name, run in found.runs.items()}
    assert policies[AS_IT_IS] == POLICY
    assert policies["each account alone"] == replace(POLICY, coordinate=False)
    assert policies["not located"] == replace(POLICY, locate=False)
    assert policies["not harvested"] == replace(POLICY, harvest=None)
    assert policies[NONE_OF_THESE] == replace(POLICY, coordinate=False, locate=False, harvest=None)
    assert found.notes == ()
    assert repr(found) == "<Comparison of 5 policies for 'test'>"


def test_what_each_is_worth_is_the_difference_between_the_runs() -> None:
    household = household_of(TARGETS, *ACCOUNTS, tax=TAXED)
    found = compare_household(MARKET, household, POLICY)
    side_by_side = compare(MARKET, household, {name: run.policy for name, run in found.runs.items()}).table
    worth = found.worth
    assert list(worth.index) == list(found.runs)
    for name in worth.index:
        for of in ("after_tax", "after_liquidation"):
            assert worth.at[name, f"value_{of}"] == side_by_side.at[name, f"value_{of}"]
            apart = side_by_side.at[AS_IT_IS, f"cagr_{of}"] - side_by_side.at[name, f"cagr_{of}"]
            assert worth.at[name, f"bp_{of}"] == pytest.approx(1e4 * apart)
    assert (
        worth.loc[AS_IT_IS, ["bp_after_tax", "bp_after_liquidation", *PARTS, "tax_on_liquidation"]] == 0
    ).all()
    alphas = found.tax_alphas
    assert list(alphas) == list(found.runs)[1:]
    for name, alpha in alphas.items():
        assert (alpha.policy, alpha.other) == (AS_IT_IS, name)
        assert worth.loc[name, PARTS].tolist() == [getattr(alpha, part) for part in PARTS]
        assert worth.at[name, "tax_on_liquidation"] == alpha.resale.tax
    assert alphas["not harvested"].saved != 0.0
    assert alphas["not located"].saved != 0.0
    assert alphas["each account alone"].saved != 0.0


def test_what_is_off_already_has_a_note_and_no_run() -> None:
    household = household_of(TARGETS, *ACCOUNTS, tax=TAXED)
    found = compare_household(MARKET, household, replace(POLICY, harvest=None, coordinate=False))
    assert list(found.runs) == [AS_IT_IS, "not located"]
    assert [note.what for note in found.notes] == [
        "the policy has coordinate off already: what it is worth that accounts act together is not compared",
        "the policy has harvest off already: what it is worth that losses are harvested is not compared",
    ]
    assert found.assumptions[-2:] == found.notes
    alone = replace(POLICY, harvest=None, coordinate=False, locate=False)
    found = compare_household(MARKET, household, alone)
    assert (list(found.runs), len(found.notes)) == ([AS_IT_IS], 3)


def test_without_tax_nothing_is_saved_and_location_is_worth_nothing() -> None:
    household = household_of(TARGETS, *ACCOUNTS, tax=UNTAXED)
    worth = compare_household(MARKET, household, POLICY).worth
    assert (worth[[*PARTS, "tax_on_liquidation"]] == 0.0).all(axis=None)
    bundled = replace(load_household("two_million"), tax=UNTAXED)
    worth = compare_household(
        load_market("etf"), bundled, load_policy("threshold_3pct"), open_with="values"
    ).worth
    assert worth[["bp_after_tax", "bp_after_liquidation"]].abs().max(axis=None) < 0.01


@pytest.mark.parametrize("kind", [AccountKind.TAXABLE, AccountKind.ROTH_IRA])
def test_with_one_account_location_and_coordination_are_worth_nothing(kind: AccountKind) -> None:
    household = household_of(TARGETS, account("only", kind, value=1_000_000.0), tax=TAXED)
    worth = compare_household(MARKET, household, POLICY).worth
    for name in ("not located", "each account alone"):
        assert worth.loc[name].drop(["value_after_tax", "value_after_liquidation"]).abs().max() < 1e-6


def test_what_is_no_policy_is_named() -> None:
    household = household_of(TARGETS, *ACCOUNTS)
    with pytest.raises(PolicyError, match="compare_household: 'quarterly' is no policy"):
        compare_household(MARKET, household, "quarterly")
