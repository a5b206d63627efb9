"""What cannot be is said before any day is simulated: withdrawals beyond all there is, targets out of reach."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.assumptions import coverage
from rebal_kit.domain import Account, AccountKind, TaxLot
from rebal_kit.findings import HouseholdError
from rebal_kit.flows import CashFlow
from rebal_kit.run import prepare
from tests.worlds import account, household_of, market_of

MARKET = market_of({"A": [10, 20, 10, 10], "B": [10, 10, 10, 15], "C": [10] * 4})
THIRD = dt.date(2024, 1, 4)
IRA, K401 = AccountKind.IRA, AccountKind.K401


def said(*accounts: Account, targets: Any = None, **more: Any) -> list[str]:
    household = household_of(targets or {"A": 0.5, "B": 0.5}, *accounts, **more)
    with pytest.raises(HouseholdError) as caught:
        prepare(MARKET, household, open_with="lots")
    return [str(finding) for finding in caught.value.findings]


def test_a_withdrawal_beyond_all_there_is() -> None:
    flows = (CashFlow(-1500.0, "Main", on=MARKET.dates[0].item()),)
    (line,) = said(account(cash=1000.0), flows=flows)
    assert line == (
        "account 'Main': a withdrawal of US$ 1,500.00 is due on 2024-01-02, and US$ 1,000.00 is all there is"
        " — withdraw less, later or from elsewhere, or open with more"
    )


def test_a_withdrawal_beyond_what_the_best_holding_could_have_brought() -> None:
    def flows(amount: float) -> tuple[CashFlow, ...]:
        return (CashFlow(-amount, "Main", on=dt.date(2024, 1, 5)),)

    prepare(MARKET, household_of({"A": 0.5, "B": 0.5}, account(cash=1000.0), flows=flows(1500.0)))
    (line,) = said(account(cash=1000.0), flows=flows(1501.0))
    assert line == (
        "account 'Main': a withdrawal of US$ 1,501.00 is due on 2024-01-05, and at most US$ 1,500.00 can be there: if"
        " all had been in B from 2024-01-02 on — withdraw less, later or from elsewhere, or open with more"
    )


def test_withdrawals_from_anywhere_are_held_against_the_household_and_deposits_help() -> None:
    one, two = account("One", cash=600.0), account("Two", IRA, cash=600.0)
    due = CashFlow(-2500.0, on=dt.date(2024, 1, 3))
    assert said(one, two, flows=(due,))[0].startswith("the household: a withdrawal of US$ 2,500.00")
    enough = (due, CashFlow(2000.0, "One", on=MARKET.dates[0].item()))
    prepare(MARKET, household_of({"A": 0.5, "B": 0.5}, one, two, flows=enough))


def test_every_account_that_cannot_pay_is_named() -> None:
    flows = tuple(CashFlow(-5000.0, name, on=THIRD) for name in ("One", "Two"))
    found = said(account("One", cash=600.0), account("Two", IRA, cash=600.0), flows=flows)
    assert [line.partition(":")[0] for line in found] == ["account 'One'", "account 'Two'"]


def test_a_class_for_which_no_account_has_room() -> None:
    small, large = account("Small", cash=100.0), account("Large", K401, cash=900.0)
    found = said(small, replace(large, do_not_buy=("B",)))
    (line,) = found
    assert line == (
        "targets: class 'B' is to have 50.0% of the household, and 10.0% is all that the accounts which may hold it"
        " have room for — lower the target, or lift a restriction (do_not_buy, min_cash, trading)"
    )


def test_targets_that_each_find_room_and_together_do_not_are_a_warning() -> None:
    small, large = account("Small", cash=400.0), account("Large", K401, cash=600.0)
    targets = {"A": 0.3, "B": 0.3, "C": 0.4}
    household = household_of(targets, small, replace(large, do_not_buy=("A", "B")))
    assert warned(household) == [OUT_OF_PLACE.format("20.0%")]


OUT_OF_PLACE = (
    "targets: the targets cannot all be met at the opening: {} of the household finds no place, because of what may not"
    " be bought or sold, of cash reserves, or of cash in accounts that do not trade"
    " — lift a restriction (do_not_buy, do_not_sell, min_cash, trading), or expect the drift to stay"
)


def warned(household: Any) -> list[str]:
    setting = prepare(MARKET, household, open_with="lots")
    return [str(finding) for finding in coverage(setting) if finding.severity == "warning"]


def test_what_may_not_be_sold_is_a_warning() -> None:
    lots = [TaxLot("1", "A", 80, 800.0, dt.date(2020, 1, 2))]
    main = replace(account(cash=200.0, lots=lots), do_not_sell=("A",))
    assert warned(household_of({"A": 0.5, "B": 0.5}, main)) == [OUT_OF_PLACE.format("30.0%")]


def test_idle_cash_of_a_frozen_account_is_a_warning_and_names_no_class() -> None:
    frozen = replace(account("Plan", K401, cash=100.0), trading="frozen")
    assert warned(household_of({"A": 0.5, "B": 0.5}, account(cash=900.0), frozen)) == [
        OUT_OF_PLACE.format("10.0%")
    ]


def test_a_reserve_larger_than_its_account() -> None:
    assert said(replace(account(cash=100.0), min_cash=200.0), account("Other", cash=500.0)) == [
        "account 'Main': min_cash is US$ 200, and the account opens with US$ 100 — keep less as cash, or open with more"
    ]


def test_what_does_not_trade_pays_no_withdrawal() -> None:
    lots = [TaxLot("1", "A", 80, 800.0, dt.date(2020, 1, 2))]
    held = account("Held", IRA, lots=lots)
    due = (CashFlow(-500.0, "Held", on=THIRD),)
    other = account("Other", cash=100.0)
    assert "at most US$ 0.00 can be there —" in said(replace(held, trading="frozen"), other, flows=due)[0]
    assert "at most US$ 0.00 can be there" in said(replace(held, do_not_sell=("A",)), other, flows=due)[0]
    from_any = (CashFlow(-500.0, on=THIRD),)
    for barred in ("frozen", "excluded"):
        lines = said(replace(held, trading=barred), other, flows=from_any)
        assert lines[0].startswith("the household: a withdrawal of US$ 500.00")
    prepare(MARKET, household_of({"A": 0.5, "B": 0.5}, held, other, flows=from_any), open_with="lots")


def test_accounts_that_do_not_trade_open_with_lots() -> None:
    frozen = replace(account("Held", value=100.0), trading="frozen")
    household = household_of({"A": 0.5, "B": 0.5}, account("Main", value=100.0), frozen)
    with pytest.raises(HouseholdError) as caught:
        prepare(MARKET, household)
    assert str(caught.value) == (
        "household 'test': account 'Held' is frozen: its opening_value cannot be invested"
        " — open with lots, or let it trade"
    )


def test_flows_and_distributions_are_said() -> None:
    flows = (CashFlow(100.0, "Main", on=THIRD), CashFlow(-50.0, "Old", on=THIRD))
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(cash=1000.0), account("Old", IRA, cash=500.0), flows=flows
    )
    said = {finding.where: finding.what for finding in coverage(prepare(MARKET, household))}
    assert "US$ 100 of deposits and US$ 50 of withdrawals" in said["cash flows"]
    assert "IRC §408(d)(1)" in said["distributions"]
