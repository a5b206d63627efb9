"""Money in and out, dividends, partners and the order of accounts, told in small."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.costs import Costs
from rebal_kit.domain import Account, Household
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.engine.telling import (
    FIRST,
    FLAT,
    IRA,
    ROTH,
    TO_TARGET,
    flat_market,
    lot,
    run,
    traded,
)
from tests.worlds import account, household_of, market_of


def test_a_deposit_buys_what_is_missing_before_anything_is_sold() -> None:
    lots = [lot("a", "A", 60, 5.0), lot("b", "B", 40, 10.0)]
    flows = (CashFlow(200.0, "Main", on=FIRST),)
    household = household_of({"A": 0.5, "B": 0.5}, account("Main", lots=lots), tax=FLAT, flows=flows)
    found = run(flat_market(), household)
    assert traded(found) == [("Main", "buy", "B", 200.0)]
    assert found.metrics["deposits"] == 200.0
    assert found.flows["amount"].tolist() == [200.0]


def test_a_deposit_is_invested_without_any_trigger() -> None:
    flows = (CashFlow(100.0, "Main", on=dt.date(2024, 1, 3)),)
    household = household_of(
        {"A": 0.5, "B": 0.5}, account("Main", cash=0.0, lots=[lot("a", "A", 10, 10.0)]), flows=flows
    )
    found = run(flat_market(2), household, RebalancePolicy("keep", ()))
    assert traded(found) == [("Main", "buy", "B", 100.0)]


def test_withdrawals_come_from_where_they_cost_least_or_from_taxable_accounts_first() -> None:
    accounts = (
        account("Taxable", cash=50.0, lots=[lot("even", "A", 5, 10.0), lot("gain", "A", 50, 5.0)]),
        account("Old", IRA, lots=[lot("i", "B", 60, 10.0)]),
        account("Roth", ROTH, lots=[lot("r", "B", 20, 10.0)]),
    )
    flows = (CashFlow(-400.0, on=FIRST),)
    household = household_of({"A": 0.5, "B": 0.5}, *accounts, tax=FLAT, flows=flows)
    keep = RebalancePolicy("keep", ())

    def taken(withdraw: Any) -> dict[str, float]:
        found = run(flat_market(), household, replace(keep, withdraw=withdraw))
        assert found.metrics["withdrawals"] == pytest.approx(400.0)
        return (-found.flows.groupby("account")["amount"].sum()).to_dict()

    # 50 of cash and 50 without a gain, then the Roth account's 200, then taxable gains.
    assert taken("least_tax") == pytest.approx({"Taxable": 200.0, "Roth": 200.0})
    assert taken("taxable_first") == pytest.approx({"Taxable": 400.0})


def test_what_leaves_an_ira_is_income_and_its_tax_is_paid_from_it_if_there_is_nothing_else() -> None:
    market = market_of({"A": [10.0] * 3}, ["2024-01-02", "2024-06-03", "2025-04-15"])
    flows = (CashFlow(-1000.0, "Old", on=FIRST),)
    household = household_of(
        {"A": 1.0}, account("Old", IRA, lots=[lot("a", "A", 1000, 10.0)]), flows=flows,
        tax=TaxProfile(flat=(0.25, 0.1, 0.1), retirement_rate=0.25),
    )  # fmt: skip
    found = run(market, household, RebalancePolicy("keep", ()))
    assert found.years["distributions"].tolist() == pytest.approx([1000.0, 250.0])
    assert found.metrics["tax_paid"] == pytest.approx(250.0)
    assert found.metrics["withdrawals"] == pytest.approx(1000.0)
    assert found.flows["purpose"].tolist() == ["withdrawal", "tax"]
    assert found.metrics["value_after_tax"] == pytest.approx(10_000 - 1_000 - 250 - 0.25 * 250)


def test_a_withdrawal_that_finds_nothing_left_is_said() -> None:
    market = market_of({"A": [10.0, 5.0], "B": [10.0, 10.0]})
    flows = (CashFlow(-800.0, "Main", on=dt.date(2024, 1, 3)),)
    household = household_of(
        {"A": 1.0, "B": 0.0}, account("Main", lots=[lot("a", "A", 100, 10.0)]), flows=flows
    )
    found = run(market, household, RebalancePolicy("keep", ()))
    assert found.metrics["unpaid_withdrawals"] == pytest.approx(300.0)
    assert found.passed_over["symbol"].tolist() == [""]
    assert any("US$ 300.00 of withdrawals could not be paid" in str(f) for f in found.assumptions)


def test_a_cash_reserve_is_left_and_restored() -> None:
    lots = [lot("a", "A", 50, 10.0), lot("b", "B", 50, 10.0)]
    main = replace(account("Main", lots=lots, cash=40.0), min_cash=100.0)
    other = account("Other", cash=200.0)
    household = household_of({"A": 0.5, "B": 0.5}, main, other)
    found = run(flat_market(), household)
    assert found.closing_household.accounts[0].cash == pytest.approx(100.0)
    assert found.closing_household.accounts[1].cash == pytest.approx(0.0)
    assert "restore the account's cash reserve" in set(found.journal["reason"])


def test_dividends_follow_the_account_and_a_brokers_plan_heeds_no_window() -> None:
    market = market_of({"A": [10.0, 8.0, 8.0, 8.0], "A2": [10.0] * 4}, dividend={"A": {"2024-01-05": 0.5}})
    taxable = account("Main", lots=[lot("a", "A", 100, 10.0)])
    ira = account("Old", IRA, lots=[lot("i", "A", 100, 10.0)])
    policy = RebalancePolicy("harvest", (), harvest=Harvest(0.05, 10.0), dividends="cash")
    targets = {AssetClass("stocks", {"A": 1.0, "A2": 0.0}): 1.0}

    def washed(rule: Any) -> tuple[float, set[str]]:
        household = household_of(targets, taxable, replace(ira, dividends=rule), tax=FLAT)
        found = run(market, household, policy)
        return found.metrics["wash_sale_rate"], set(found.passed_over["reason"])

    assert washed(None) == (0.0, set())
    paused = "not bought: sold at a loss in the household within the wash-sale window"
    assert washed("reinvest") == (0.0, {paused})
    rate, _ = washed("drip")
    assert rate == pytest.approx(50.0 / 8.0 / 100.0)  # 6.25 shares replace as many of the 100 sold


def partners_world(days: int, fall: float = 8.0) -> tuple[Market, Household]:
    """A falls, is harvested into A2 and A3 in turn, and stays where it is."""
    closes = [10.0, *[fall] * (days - 1)]
    market = market_of({"A": closes, "A2": closes, "A3": closes})
    chain = AssetClass("stocks", {"A": 1.0, "A2": 0.0, "A3": 0.0})
    household = household_of({chain: 1.0}, account("Main", lots=[lot("a", "A", 100, 10.0)]), tax=FLAT)
    return market, household


def test_harvests_go_down_the_chain_of_partners() -> None:
    closes = [10.0, 8.0, 6.0, 4.0, 3.0]
    market = market_of({"A": closes, "A2": closes, "A3": closes})
    _, household = partners_world(5)
    found = run(market, household, RebalancePolicy("chain", (), harvest=Harvest(0.05, 10.0)))
    bought = found.journal[found.journal["side"] == "buy"]["symbol"].tolist()
    # The primary and the first partner are closed for 30 days after their losses; then nothing is left to buy.
    assert bought == ["A2", "A3"]
    assert "loss not taken: no replacement may be bought" in set(found.passed_over["reason"])


def test_a_partner_gives_way_once_the_window_is_closed_and_no_short_gain_is_realised() -> None:
    market, household = partners_world(40)
    stay = RebalancePolicy("stay", (), harvest=Harvest(0.05, 10.0))
    back = RebalancePolicy("back", (), harvest=Harvest(0.05, 10.0, switch_back="no_short_gain"))
    assert run(market, household, stay).journal["symbol"].tolist() == ["A", "A2"]
    found = run(market, household, back)
    assert found.journal["symbol"].tolist() == ["A", "A2", "A2", "A"]
    first, last = found.journal["date"].iloc[0], found.journal["date"].iloc[-1]
    assert (last - first).days == 33  # the first day after the window is a Saturday
    assert found.metrics["wash_sale_rate"] == 0.0

    rising = market_of({symbol: [10.0, 8.0, *[9.0] * 38] for symbol in ("A", "A2", "A3")})
    assert run(rising, household, back).journal["symbol"].tolist() == [
        "A",
        "A2",
    ]  # it would be a short-term gain


def test_december_takes_smaller_losses() -> None:
    dates = ["2024-11-27", "2024-11-29", "2024-12-02", "2024-12-03"]
    market = market_of({"A": [10.0, 9.6, 9.6, 9.6], "A2": [10.0] * 4}, dates)
    targets = {AssetClass("stocks", {"A": 1.0, "A2": 0.0}): 1.0}
    household = household_of(targets, account("Main", lots=[lot("a", "A", 100, 10.0)]), tax=FLAT)
    usual = RebalancePolicy("usual", (), harvest=Harvest(0.05, 50.0))
    lower = replace(
        usual, harvest=Harvest(0.05, 50.0, december_min_loss_pct=0.03, december_min_loss_usd=30.0)
    )
    assert run(market, household, usual).metrics["harvested"] == 0.0
    found = run(market, household, lower)
    assert found.journal["date"].iloc[0].date() == dt.date(2024, 12, 2)
    assert found.metrics["harvested"] == pytest.approx(40.0)


def test_a_harvest_that_saves_less_than_its_trades_cost_is_not_made() -> None:
    market = market_of({"A": [10.0, 9.4], "A2": [10.0, 10.0]})
    targets = {AssetClass("stocks", {"A": 1.0, "A2": 0.0}): 1.0}
    household = household_of(targets, account("Main", lots=[lot("a", "A", 100, 10.0)]), tax=FLAT)
    cheap = RebalancePolicy("cheap", (), harvest=Harvest(0.05, 10.0, min_tax_saved_usd=1.0), costs=Costs(10))
    dear = replace(cheap, costs=Costs(70))  # 20 % of some 66 against twice 70 bp of 940
    assert run(market, household, cheap).metrics["harvested"] > 0.0
    assert run(market, household, dear).metrics["harvested"] == 0.0


def test_an_account_of_another_owner_keeps_its_name() -> None:
    """Permuting the accounts changes nothing but their order."""
    accounts: tuple[Account, ...] = (
        account("One", lots=[lot("1", "A", 70, 9.0)]),
        account("Two", IRA, lots=[lot("2", "A", 50, 9.0)]),
        account("Three", ROTH, lots=[lot("3", "A", 30, 9.0)], owner="Blair"),
    )
    found = run(flat_market(), household_of({"A": 0.4, "B": 0.6}, *accounts, tax=FLAT))
    turned = run(flat_market(), household_of({"A": 0.4, "B": 0.6}, *reversed(accounts), tax=FLAT))
    assert sorted(map(str, traded(found))) == sorted(map(str, traded(turned)))


def test_dividends_are_reinvested_only_where_the_security_may_be_bought() -> None:
    market = market_of({"A": [10.0] * 3, "B": [10.0] * 3}, dividend={"A": {"2024-01-03": 0.5}})
    main = account("Main", lots=[lot("a", "A", 100, 10.0)])
    keep = RebalancePolicy("keep", (), dividends="reinvest")
    free = household_of({"A": 0.5, "B": 0.5}, main, account("Other", cash=1000.0))
    assert traded(run(market, free, keep)) == [("Main", "buy", "A", 50.0)]
    for barred in (replace(main, do_not_buy=("A",)), replace(main, trading="frozen")):
        found = run(market, household_of({"A": 0.5, "B": 0.5}, barred, account("Other", cash=1000.0)), keep)
        assert traded(found) == []
        assert found.passed_over["reason"].tolist() == ["not traded: restricted in this account"]
    plan = replace(main, dividends="drip", trading="frozen")
    found = run(market, household_of({"A": 0.5, "B": 0.5}, plan, account("Other", cash=1000.0)), keep)
    assert traded(found) == [("Main", "buy", "A", 50.0)]


def test_a_withdrawal_is_paid_even_if_only_a_loss_that_washes_is_left() -> None:
    """The book settles the wash sale; the loss is disallowed as far as the purchase goes."""
    recent = lot("new", "A", 10, 10.0, dt.date(2023, 12, 25))
    accounts = (account("Main", lots=[lot("old", "A", 100, 20.0)]), account("Old", IRA, lots=[recent]))
    flows = (CashFlow(-500.0, "Main", on=FIRST),)
    found = run(
        flat_market(), household_of({"A": 1.0}, *accounts, tax=FLAT, flows=flows), RebalancePolicy("k", ())
    )
    assert found.metrics["unpaid_withdrawals"] == 0.0
    assert found.metrics["disallowed"] == pytest.approx(100.0)


def test_a_gain_that_is_taxed_at_nothing_today_still_comes_after_the_ira_and_the_roth() -> None:
    """Realised, it may push itself into a bracket that is taxed."""
    poor = TaxProfile("single", 2025, ordinary_income=20_000.0)
    taxable = account("Main", lots=[lot("a", "A", 800, 1.0), lot("b", "B", 200, 10.0)])
    ira = account("Old", IRA, lots=[lot("c", "A", 700, 10.0), lot("d", "B", 100, 10.0)])
    found = run(flat_market(), household_of({"A": 0.5, "B": 0.5}, taxable, ira, tax=poor))
    assert {row[:3] for row in traded(found)} == {("Old", "sell", "A"), ("Old", "buy", "B")}
    flows = (CashFlow(-1000.0, on=FIRST),)
    taxable = account("Main", lots=[lot("a", "A", 800, 1.0)])
    roth = account("Roth", ROTH, cash=2000.0)
    paid = run(flat_market(), household_of({"A": 0.5, "B": 0.5}, taxable, roth, tax=poor, flows=flows),
               RebalancePolicy("keep", ()))  # fmt: skip
    assert paid.flows["account"].tolist() == ["Roth"]


def test_the_order_in_which_accounts_are_listed_decides_nothing() -> None:
    """The IRA's recent purchase washes the loss, until it is sold itself, which it is first."""
    lots = [lot("loss", "A", 100, 15.0), lot("gain", "A", 100, 2.0)]
    accounts = (
        account("Main", lots=lots),
        account("Old", IRA, lots=[lot("new", "A", 100, 10.0, dt.date(2023, 12, 27))]),
    )
    found = [
        run(flat_market(), household_of({"A": 0.4, "B": 0.6}, *order, tax=FLAT))
        for order in (accounts, accounts[::-1])
    ]
    assert found[0].years["long"].sum() == pytest.approx(-400.0)
    assert found[0].metrics["value_after_tax"] == pytest.approx(found[1].metrics["value_after_tax"])


def test_a_purchase_passed_over_on_a_scheduled_date_is_noted() -> None:
    market = market_of({"A": [10.0] * 10, "B": [10.0] * 10})
    flows = (
        CashFlow(-500.0, "Main", on=dt.date(2024, 1, 3)),
        CashFlow(500.0, "Main", on=dt.date(2024, 1, 4)),
    )
    lots = [lot("a", "A", 100, 12.0), lot("b", "B", 50, 5.0)]
    weekly = RebalancePolicy("weekly", (Calendar("week"),), invest_cash_above=0.5)
    found = run(
        market, household_of({"A": 0.7, "B": 0.3}, account("Main", lots=lots), tax=FLAT, flows=flows), weekly
    )
    assert "not bought: sold at a loss in the household within the wash-sale window" in set(
        found.passed_over["reason"]
    )


def test_gains_of_legacy_sales_and_withdrawals_are_paired_too() -> None:
    classes = {AssetClass("bonds", {"B": 1.0, "B2": 0.0}): 1.0}
    lots = [lot("old", "X", 100, 5.0), lot("loss", "B", 500, 11.0)]
    market = flat_market(1, X=10.0, B=10.0, B2=10.0)
    tax = replace(FLAT, outside_short=0.0, outside_long=0.0)
    household = household_of(classes, account("Main", lots=lots), tax=tax)
    found = run(market, household, replace(TO_TARGET, gains=GainLimits(pair=True, sell_legacy=True)))
    assert found.years[["short", "long"]].sum(axis=None) == pytest.approx(0.0)


def test_a_remainder_of_rounding_is_not_sold() -> None:
    """A class a hair above its target offers that hair first when cash is raised."""
    lots = [lot("a", "A", 50 * (1 + 1e-15), 10.0), lot("b", "B", 50, 10.0)]
    flows = (CashFlow(-100.0, "Main", on=FIRST),)
    household = household_of({"A": 0.5, "B": 0.5}, account("Main", lots=lots), flows=flows)
    found = run(flat_market(), household, RebalancePolicy("keep", ()))
    assert found.journal["amount"].min() > 1.0
    assert found.metrics["withdrawals"] == pytest.approx(100.0)
