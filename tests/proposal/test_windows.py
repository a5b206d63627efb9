"""What may not be traded yet: day 30 counts and day 31 does not, both ways (IRC §1091(a))."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.domain import TaxLot
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from rebal_kit.proposal.windows import Blocked
from rebal_kit.to_date import LossSale
from tests.proposal.scanned import DAY, POLICY, small_household, small_market

QUIET = replace(POLICY, triggers=(), harvest=None)


def days_ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days)


def blocked(**household: Any) -> tuple[Blocked, ...]:
    return propose(small_market(), small_household(**household), QUIET).blocked


def sale(days: int, symbol: str = "BND", **more: Any) -> tuple[LossSale, ...]:
    return (LossSale("Main", symbol, days_ago(days), 10.0, 100.0, **more),)


@pytest.mark.parametrize("days", [0, 1, 29, 30])
def test_a_loss_of_up_to_thirty_days_ago_stands_in_the_way_of_a_purchase(days: int) -> None:
    (found,) = blocked(loss_sales=sale(days))
    assert (found.symbol, found.account) == ("BND", "")
    assert found.until == days_ago(days) + dt.timedelta(30)
    assert found.why == (
        f"a purchase would wash a loss: BND sold at a loss of US$ 100 on {days_ago(days)} in Main"
    )  # fmt: skip


def test_a_loss_of_thirty_one_days_ago_does_not() -> None:
    assert blocked(loss_sales=sale(31)) == ()


@pytest.mark.parametrize(("days", "washed"), [(30, 100.0), (31, 0.0)])
def test_a_purchase_washes_it_in_these_days(days: int, washed: float) -> None:
    before = propose(small_market(), small_household(loss_sales=sale(days)), QUIET)
    found = revise(before, add=[("IRA", "buy", "BND", 10)])
    assert found.tax["disallowed"] == pytest.approx(washed)


def test_what_is_identical_stands_in_the_way_too() -> None:
    found = blocked(loss_sales=sale(3), identical=(("STX", "BND"),))
    assert sorted(one.symbol for one in found) == ["BND", "STX"]
    assert {one.until for one in found} == {days_ago(3) + dt.timedelta(30)}


def test_what_is_not_held_any_more_counts_through_what_is_identical() -> None:
    (found,) = blocked(loss_sales=sale(3, "XYZ"), identical=(("XYZ", "STX"),))
    assert found.symbol == "STX"
    assert blocked(loss_sales=sale(3, "XYZ")) == ()


def test_the_last_of_several_losses_counts() -> None:
    sales = (*sale(20), *sale(5), *sale(12))
    (found,) = blocked(loss_sales=sales)
    assert found.until == days_ago(5) + dt.timedelta(30)
    assert found.why.count("sold at a loss") == 3


def test_all_shares_replaced_and_a_window_that_is_open() -> None:
    (found,) = blocked(loss_sales=(LossSale("Main", "BND", days_ago(4), 0.0, 0.0),))
    assert found.why == "a purchase would wash a loss: sold at a loss in the days before"


@pytest.mark.parametrize("days", [0, 1, 29, 30])
def test_a_purchase_of_up_to_thirty_days_ago_stands_in_the_way_of_a_loss(days: int) -> None:
    """S1 is 2,000 under water; the IRA bought STK."""
    (found,) = blocked(in_ira=days_ago(days).isoformat())
    assert (found.symbol, found.account) == ("STK", "Main")
    assert found.until == days_ago(days) + dt.timedelta(30)
    words = "in the household would wash it, share for share"
    assert found.why == f"a loss of US$ 2,000 waits: the purchase of {days_ago(days)} {words}"


def test_a_purchase_of_thirty_one_days_ago_does_not() -> None:
    assert blocked(in_ira=days_ago(31).isoformat()) == ()


@pytest.mark.parametrize(("days", "washed"), [(30, 2_010.0), (31, 0.0)])
def test_a_loss_is_washed_in_these_days(days: int, washed: float) -> None:
    before = propose(small_market(), small_household(in_ira=days_ago(days).isoformat()), QUIET)
    found = revise(before, add=[("Main", "sell", "STK", 100, {"S1": 100})])
    assert found.tax["disallowed"] == pytest.approx(washed)


def test_the_rest_of_its_own_purchase_does_not_replace_a_lot() -> None:
    young = TaxLot("Y", "BND", 10.0, 600.0, days_ago(10))
    assert [one.symbol for one in blocked(taxable=(young,))] == []


@pytest.mark.parametrize(("days", "guarded"), [(367, False), (366, True), (322, True), (321, False)])
def test_a_gain_about_to_be_long_term_waits(days: int, guarded: bool) -> None:
    """What was bought on 1 March 2023 is long-term on the 2nd of 2024; the guard looks 45 days ahead, to 15 April."""
    lot = TaxLot("Y", "STX", 10.0, 300.0, days_ago(days))
    guard = replace(QUIET, gain_guard_days=45)
    found = propose(small_market(), small_household(taxable=(lot,)), guard).blocked
    until = days_ago(days).replace(year=2024)
    why = f"a short-term gain of US$ 200 turns long-term on {until + dt.timedelta(1)}"
    assert [one for one in found if one.symbol == "STX"] == [Blocked("STX", until, why, "Main")] * guarded


def test_as_json() -> None:
    assert Blocked("A", DAY, "why", "Main").as_dict() == {
        "symbol": "A", "until": "2024-03-01", "why": "why", "account": "Main",
    }  # fmt: skip
