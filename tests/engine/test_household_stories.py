"""The household at work, told in small: where sales come from, exchanges, flows, limits, partners."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import Account, AccountKind, Household, TaxLot, TaxProfile
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.market import Market
from rebal_kit.policy import Costs, Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import account, household_of, market_of

LONG_AGO, LATELY = dt.date(2020, 1, 2), dt.date(2023, 9, 1)
FIRST = dt.date(2024, 1, 2)
#: Every dollar of gain is taxed and every dollar of loss saves tax: there are gains enough outside.
FLAT = TaxProfile(flat=(0.40, 0.20, 0.20), outside_short=1e6, outside_long=1e6, retirement_rate=0.3)
TO_TARGET = RebalancePolicy("to target", Threshold(ToleranceBand(absolute=0.001)), invest_cash_above=0.0)
IRA, ROTH = AccountKind.IRA, AccountKind.ROTH_IRA


def lot(name: str, symbol: str, quantity: float, price: float, acquired: dt.date = LONG_AGO) -> TaxLot:
    return TaxLot(name, symbol, quantity, quantity * price, acquired)


def run(
    market: Market, household: Household, policy: RebalancePolicy = TO_TARGET, **choices: Any
) -> Backtest:
    found = backtest(market, household, policy, open_with="lots", **choices)
    assert found.audit().clean
    return found


def traded(found: Backtest) -> list[tuple[str, str, str, float]]:
    """Account, side, symbol and US$ of every order."""
    orders = found.journal.groupby("order", sort=True).agg(
        {"account": "first", "side": "first", "symbol": "first", "amount": "sum"}
    )
    return [
        (row.account, row.side, row.symbol, pytest.approx(row.amount, abs=1e-6))
        for row in orders.itertuples()
    ]


def flat_market(days: int = 1, **prices: float) -> Market:
    return market_of({symbol: [price] * days for symbol, price in (prices or {"A": 10.0, "B": 10.0}).items()})


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
    assert any("reaches at most 0.0%" in str(finding) for finding in found.assumptions)


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
