"""compare(): named policies in one setting, and what one saves in tax against another."""

from __future__ import annotations

import pytest

from rebal_kit.backtest import backtest
from rebal_kit.compare import compare
from rebal_kit.findings import HouseholdError, PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.run import METRICS
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.worlds import account, household_of, market_of, random_market

MARKET = market_of(
    {"A": [100, 60, 60, 90], "P": [50, 50, 50, 75], "B": [10, 10, 10, 10]},
    ["2024-01-02", "2024-06-03", "2025-04-15", "2025-12-31"],
)
HOUSEHOLD = household_of(
    {AssetClass("stocks", {"A": 1, "P": 0}): 0.5, "B": 0.5}, tax=TaxProfile(flat=(0.30, 0.20, 0.20))
)
PLAIN = RebalancePolicy("plain", triggers=())
HARVESTING = RebalancePolicy("harvesting", triggers=(), harvest=Harvest(0.05, 100.0), invest_cash_above=1.0)


def test_tax_saved_by_year_and_the_difference_in_value() -> None:
    comparison = compare(MARKET, HOUSEHOLD, [PLAIN, HARVESTING])
    # 2024-06-03: 500 A bought at $100 are sold at $60: a short-term loss of $20,000, replaced by 600 P at $50.
    # $3,000 of it are deducted in 2024 and in 2025 at 30 %: $900 each; the first is credited on 2025-04-15.
    saved = comparison.tax_saved("harvesting", "plain")
    assert (saved.policy, saved.other) == ("harvesting", "plain")
    assert saved.by_year["saved"].tolist() == pytest.approx([900.0, 900.0])
    assert saved.by_year.index.tolist() == [2024, 2025]
    assert saved.saved == pytest.approx(1_800.0)
    # Each year $3,000 of gain are put off, to be taxed as long-term one day: 20 points of the 30 come back.
    assert saved.by_year["deferred"].tolist() == pytest.approx([600.0, 600.0])
    assert (saved.converted, saved.permanent) == pytest.approx((600.0, 0.0))
    assert saved.by_year["alpha"].tolist() == pytest.approx([900.0 / 100_000, 900.0 / 80_000])
    # 2025-12-31: the plain portfolio's A are worth $45,000, cost $50,000: a loss of $5,000, $3,000 deducted: −$900.
    # The other's 600 P are worth $45,000, cost $30,000: long-term gain of $15,000 less $17,000 carried in from 2024: a
    # net loss of $2,000 instead of the $3,000 deducted so far, at 30 %: $300 more.
    runs = comparison.runs
    assert runs["plain"].metrics["liquidation_tax"] == pytest.approx(-900.0)
    assert runs["harvesting"].metrics["liquidation_tax"] == pytest.approx(300.0)
    # $900 of credits came in cash and lie idle, $900 are accrued, $1,200 more is due on liquidation.
    assert saved.value_after_tax - saved.value_after_liquidation == pytest.approx(1_200.0)
    assert saved.value_after_liquidation == pytest.approx(600.0)
    back = comparison.tax_saved("plain", "harvesting")
    assert (back.saved, back.value_after_tax) == (-saved.saved, -saved.value_after_tax)
    assert back.value_after_liquidation == -saved.value_after_liquidation


def test_each_run_is_the_back_test_of_its_policy() -> None:
    market = random_market(4, ("A", "P", "B"), 260)
    policies = {"one": RebalancePolicy("x", Calendar("month")), "two": BUY_AND_HOLD, "three": HARVESTING}
    told: list[str] = []
    comparison = compare(
        market, HOUSEHOLD, policies, start="2023-02-01", end="2023-12-01", progress=told.append
    )
    assert told == list(comparison.runs) == ["one", "two", "three"] == comparison.table.index.tolist()
    assert list(comparison.table.columns) == list(METRICS)
    for name, policy in policies.items():
        alone = backtest(market, HOUSEHOLD, policy, start="2023-02-01", end="2023-12-01")
        assert comparison.table.loc[name].to_dict() == alone.metrics
    assert comparison.assumptions == comparison.runs["two"].assumptions
    assert repr(comparison) == "<Comparison of 3 policies for 'test'>"


def test_policies_need_names_of_their_own() -> None:
    said = "compare: two policies share a name, or one has none — give each a name of its own"
    for policies in ([PLAIN, PLAIN], [RebalancePolicy(), PLAIN], {"": PLAIN}):
        with pytest.raises(PolicyError) as caught:
            compare(MARKET, HOUSEHOLD, policies)
        assert str(caught.value) == said
    with pytest.raises(PolicyError) as caught:
        compare(MARKET, HOUSEHOLD, [])
    assert str(caught.value) == "compare: no policies — give at least one"


def test_what_does_not_fit_is_said_before_anything_runs() -> None:
    with pytest.raises(HouseholdError, match="has nothing to invest"):
        compare(MARKET, household_of({"B": 1.0}, account()), [PLAIN])


@pytest.mark.parametrize("given", [None, 5, "quarterly", ["quarterly"], {"a": "quarterly"}, [PLAIN, None]])
def test_what_is_no_policy_is_named(given) -> None:
    with pytest.raises(
        PolicyError, match=r"compare: (None|5|'quarterly') is no policy — give RebalancePolicy"
    ):
        compare(MARKET, HOUSEHOLD, given)


def test_policies_may_come_one_at_a_time_or_alone() -> None:
    assert list(compare(MARKET, HOUSEHOLD, (p for p in (PLAIN, HARVESTING))).runs) == ["plain", "harvesting"]
    assert list(compare(MARKET, HOUSEHOLD, PLAIN).runs) == ["plain"]


def test_a_name_that_is_no_text_is_none() -> None:
    with pytest.raises(PolicyError, match="or one has none"):
        compare(MARKET, HOUSEHOLD, {1: PLAIN})


def test_an_unknown_run_is_answered_with_those_there_are() -> None:
    comparison = compare(MARKET, HOUSEHOLD, [PLAIN, HARVESTING])
    with pytest.raises(PolicyError, match="tax_saved: no run is called 'plan' — use plain, harvesting"):
        comparison.tax_saved("harvesting", "plan")
