"""The household at work, told in small: where sales come from, exchanges, restrictions, limits on gains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.domain import AccountKind
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.targets import AssetClass, TargetAllocation
from tests.engine.telling import (
    FIRST,
    FLAT,
    IRA,
    LATELY,
    ROTH,
    TO_TARGET,
    flat_market,
    lot,
    run,
    traded,
)
from tests.worlds import account, household_of, market_of


def test_a_sale_comes_from_losses_first_then_from_the_ira_then_from_the_smallest_gain() -> None:
    accounts = (
        account("Low", lots=[lot("gain", "A", 100, 9.0)]),  # 10 % of it is gain
        account("High", lots=[lot("more", "A", 100, 2.0)]),
        account("Loser", lots=[lot("loss", "A", 20, 12.0)]),
        account("Old", IRA, lots=[lot("ira", "A", 30, 1.0)]),
    )
    household = household_of({"A": 0.6, "B": 0.4}, *accounts, tax=FLAT)
    found = run(flat_market(), household)
    orders = {row[:3]: row[3] for row in traded(found)}
    sold = {"Loser": 200.0, "Old": 300.0, "Low": 500.0}
    assert orders == {
        (name, side, symbol): amount
        for name, amount in sold.items()
        for side, symbol in (("sell", "A"), ("buy", "B"))
    }
    assert found.years["long"].sum() == pytest.approx(-40.0 + 50.0)


def test_lots_of_two_taxable_accounts_are_sold_in_the_order_of_their_tax() -> None:
    one = account("One", lots=[lot("1a", "A", 50, 9.5), lot("1b", "A", 50, 5.0)])
    two = account("Two", lots=[lot("2a", "A", 50, 8.0), lot("2b", "A", 50, 7.0)])
    household = household_of({"A": 0.4, "B": 0.6}, one, two, tax=FLAT)
    found = run(flat_market(), household)
    sold = found.journal[found.journal["side"] == "sell"].set_index("lot")["quantity"]
    assert sold.to_dict() == pytest.approx({"1a": 50.0, "2a": 50.0, "2b": 20.0})


def test_alone_each_account_holds_the_targets_and_pays_for_it() -> None:
    taxable = account("Taxable", lots=[lot("a", "A", 100, 2.0)])
    ira = account("Old", IRA, lots=[lot("b", "B", 100, 10.0)])
    household = household_of({"A": 0.5, "B": 0.5}, taxable, ira, tax=FLAT)
    assert traded(run(flat_market(), household)) == []
    alone = run(flat_market(), household, replace(TO_TARGET, coordinate=False))
    assert {row[:3] for row in traded(alone)} == {
        ("Taxable", "sell", "A"), ("Taxable", "buy", "B"), ("Old", "sell", "B"), ("Old", "buy", "A"),
    }  # fmt: skip
    assert alone.years["long"].sum() == pytest.approx(400.0)


def test_purchases_follow_the_ranks_or_the_cash_alone() -> None:
    accounts = (
        account("Taxable", cash=600.0),
        account("Old", IRA, cash=300.0),
        account("Roth", ROTH, cash=100.0),
    )
    targets = TargetAllocation({"A": 0.6, "B": 0.4}, {"A": (1, 3, 2), "B": (3, 1, 2)})
    household = household_of(targets, *accounts)
    located = run(flat_market(), household)
    assert {(a, s): float(x.expected) for a, _, s, x in traded(located)} == pytest.approx(
        {("Taxable", "A"): 600.0, ("Old", "B"): 300.0, ("Roth", "B"): 100.0}
    )
    spread = run(flat_market(), household, replace(TO_TARGET, locate=False))
    assert {(a, s): float(x.expected) for a, _, s, x in traded(spread)} == pytest.approx({
        ("Taxable", "A"): 360.0, ("Old", "A"): 180.0, ("Roth", "A"): 60.0,
        ("Taxable", "B"): 240.0, ("Old", "B"): 120.0, ("Roth", "B"): 40.0,
    })  # fmt: skip


def test_cash_that_lies_in_the_wrong_account_is_exchanged_for_a_place_in_the_right_one() -> None:
    plan = replace(account("Plan", AccountKind.K401, cash=400.0), do_not_buy=("C",))
    ira = account("Old", IRA, lots=[lot("a", "A", 60, 10.0)])
    household = household_of({"A": 0.6, "C": 0.4}, plan, ira)
    found = run(flat_market(1, A=10.0, C=10.0), household)
    assert traded(found) == [
        ("Old", "sell", "A", 400.0), ("Plan", "buy", "A", 400.0), ("Old", "buy", "C", 400.0),
    ]  # fmt: skip
    assert found.weights.iloc[-1].to_dict() == pytest.approx({"A": 0.6, "C": 0.4, "cash": 0.0})
    assert found.journal["reason"].tolist()[:2] == [
        "exchange between classes inside an account, so that another account can hold its target"
    ] * 2  # fmt: skip


def test_what_cannot_be_placed_is_said() -> None:
    plan = replace(account("Plan", AccountKind.K401, cash=400.0), do_not_buy=("C",))
    kept = replace(account("Old", IRA, lots=[lot("a", "A", 60, 10.0)]), do_not_sell=("A",))
    household = household_of({"A": 0.6, "C": 0.4}, plan, kept)
    found = run(flat_market(1, A=10.0, C=10.0), household)
    assert "not bought: no account that may hold it has cash to spare" in set(found.passed_over["reason"])
    assert any("40.0% of the household finds no place" in str(finding) for finding in found.assumptions)


def test_frozen_accounts_count_and_excluded_ones_do_not() -> None:
    taxable = account("Taxable", cash=1000.0)
    held = account("Held", IRA, lots=[lot("a", "A", 100, 10.0)])
    frozen = household_of({"A": 0.5, "B": 0.5}, taxable, replace(held, trading="frozen"))
    assert traded(run(flat_market(), frozen)) == [("Taxable", "buy", "B", 1000.0)]
    excluded = household_of({"A": 0.5, "B": 0.5}, taxable, replace(held, trading="excluded"))
    assert traded(run(flat_market(), excluded)) == [
        ("Taxable", "buy", "A", 500.0), ("Taxable", "buy", "B", 500.0),
    ]  # fmt: skip
    assert run(flat_market(), excluded).metrics["value_after_tax"] == pytest.approx(2000.0)


def test_short_gains_are_realised_last_or_never() -> None:
    lots = [lot("short", "A", 50, 9.0, LATELY), lot("long", "A", 150, 5.0)]
    household = household_of({"A": 0.4, "B": 0.6}, account("Main", lots=lots), tax=FLAT)

    def sold(short: Any) -> dict[str, float]:
        found = run(flat_market(), household, replace(TO_TARGET, gains=GainLimits(short=short)))
        return found.journal[found.journal["side"] == "sell"].set_index("lot")["quantity"].to_dict()

    assert sold("allow") == pytest.approx({"short": 50.0, "long": 70.0})  # highest basis first
    assert sold("minimise") == pytest.approx({"long": 120.0})
    small = household_of({"A": 0.1, "B": 0.9}, account("Main", lots=lots), tax=FLAT)
    found = run(flat_market(), small, replace(TO_TARGET, gains=GainLimits(short="never")))
    assert found.years["short"].sum() == 0.0
    assert found.weights.iloc[-1]["A"] == pytest.approx(0.25)
    assert "short-term gain not realised" in set(found.passed_over["reason"])


@pytest.mark.parametrize(
    ("limits", "gain"),
    [
        (GainLimits(max_gain_usd=100.0), 100.0),
        (GainLimits(max_tax_usd=30.0), 150.0),
        (GainLimits(max_gain_usd=1e9), 500.0),
    ],
)
def test_a_year_has_a_budget_for_gains_or_for_their_tax(limits: GainLimits, gain: float) -> None:
    household = household_of(
        {"A": 0.5, "B": 0.5}, account("Main", lots=[lot("long", "A", 200, 5.0)]),
        tax=replace(FLAT, outside_short=0.0, outside_long=0.0),
    )  # fmt: skip
    found = run(flat_market(3), household, replace(TO_TARGET, gains=limits))
    assert found.years["long"].sum() == pytest.approx(gain)


def test_a_gain_is_paired_with_a_loss_of_another_class_below_the_thresholds_of_harvesting() -> None:
    classes = {"A": 0.45, AssetClass("bonds", {"B": 1.0, "B2": 0.0}): 0.55}
    lots = [lot("gain", "A", 60, 5.0), lot("loss", "B", 40, 10.2)]
    household = household_of(
        classes, account("Main", lots=lots), tax=replace(FLAT, outside_short=0.0, outside_long=0.0)
    )
    market = flat_market(1, A=10.0, B=10.0, B2=10.0)
    assert run(market, household).metrics["harvested"] == 0.0
    found = run(market, household, replace(TO_TARGET, gains=GainLimits(pair=True)))
    assert found.metrics["harvested"] == pytest.approx(8.0)
    assert found.metrics["wash_sale_rate"] == 0.0
    reasons = set(found.journal["reason"])
    assert "loss taken beside a gain" in reasons


def test_holdings_outside_the_targets_are_sold_within_their_budget_year_by_year() -> None:
    lots = [lot("old", "X", 100, 2.0)]
    market = market_of(
        {symbol: [10.0] * 4 for symbol in "ABX"}, ["2024-01-02", "2024-01-03", "2025-01-02", "2025-01-03"]
    )
    household = household_of({"A": 0.5, "B": 0.5}, account("Main", lots=lots), tax=FLAT)
    assert traded(run(market, household)) == []
    limits = GainLimits(sell_legacy=True, max_legacy_gain_usd=80.0)
    found = run(market, household, replace(TO_TARGET, gains=limits))
    assert found.years["long"].tolist() == pytest.approx([80.0, 80.0])
    whole = run(market, household, replace(TO_TARGET, gains=GainLimits(sell_legacy=True)))
    assert whole.years["long"].tolist() == pytest.approx([800.0, 0.0])


def test_a_dividend_reinvested_on_the_day_of_a_split_replaces_shares_as_they_are_counted_after_it() -> None:
    """Ten B sold at a loss are twenty from the split on; a share of A bought that day replaces one of them."""
    days = ["2024-01-02", "2024-01-03"]
    market = market_of(
        {"A": [10.0, 10.0], "B": [10.0, 5.0]},
        days,
        split={"B": {days[1]: 2.0}},
        dividend={"A": {days[1]: 1.0}},
    )
    lots = [lot("a", "A", 10, 5.0), lot("b", "B", 10, 20.0)]
    household = household_of(
        {"A": 0.5, "B": 0.5}, account("Main", lots=lots), tax=FLAT, identical=(("A", "B"),),
        flows=(CashFlow(-100.0, "Main", on=FIRST),),
    )  # fmt: skip
    policy = RebalancePolicy("keep", (), dividends="reinvest", invest_cash_above=1.0, avoid_wash_sales=False)
    found = run(market, household, policy)
    (sale,) = found.journal[found.journal["side"] == "sell"].itertuples()
    assert (sale.lot, sale.gain) == ("b", -100.0)
    assert sale.disallowed == pytest.approx(5.0)  # one share of twenty


def test_what_a_sale_of_the_same_decision_closes_is_written_down() -> None:
    """A is sold at a loss, and B, which is as good as the same, can no longer be bought; C still can."""
    lots = [lot("a", "A", 80, 20.0), lot("b", "B", 10, 5.0), lot("c", "C", 10, 5.0)]
    household = household_of(
        {"A": 0.4, "B": 0.3, "C": 0.3}, account("Main", lots=lots), tax=FLAT, identical=(("A", "B"),)
    )
    found = run(flat_market(A=10.0, B=10.0, C=10.0), household)
    assert ("Main", "buy", "C", pytest.approx(200.0)) in traded(found)
    passed = found.passed_over
    assert passed[passed["symbol"] == "B"]["reason"].tolist() == [Reason.WASH_WINDOW_BUY.sentence]
