"""Which purchases of the days before would wash a loss today: the household at once, and one lot at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.engine.outlook import look_out
from rebal_kit.proposal.day import prepare_day
from rebal_kit.proposal.settlement import settle
from tests.proposal.scanned import DAY, POLICY, small_household, small_market
from tests.worlds import account

STK, STX, BND = range(3)


def outlook(**household: Any) -> tuple[list[bool], np.ndarray]:
    """By group whether something was bought, and by account, security and lot whether that is the lot's own alone."""
    policy = replace(POLICY, triggers=(), harvest=None)
    desk = settle(prepare_day(small_market(), small_household(**household), policy), ()).desk
    bought = np.zeros(len(desk.structure.group_first) - 1, bool)
    own = np.ones(desk.ledger.lots.shape, bool)
    look_out(desk, 0, bought, own)
    return [bool(bought[desk.structure.group[s]]) for s in (STK, STX, BND)], own


def days_ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days)


@pytest.mark.parametrize(("days", "seen"), [(0, True), (30, True), (31, False), (400, False)])
def test_a_purchase_of_thirty_days_is_seen(days: int, seen: bool) -> None:
    bought, own = outlook(in_ira=days_ago(days).isoformat())
    assert bought == [seen, False, False]
    assert own[0, STK, :2].tolist() == [not seen, not seen]
    # Its own purchase is all there is for the lot in the IRA.
    assert own[1, STK, 0]


def test_two_purchases_wash_each_other() -> None:
    young = TaxLot("Y", "STK", 5.0, 600.0, days_ago(8))
    bought, own = outlook(in_ira=days_ago(3).isoformat(), taxable=(young,))
    assert bought[STK]
    assert not own[0, STK, :3].any()
    assert not own[1, STK, 0]


def test_one_purchase_alone_is_its_own() -> None:
    bought, own = outlook(taxable=(TaxLot("Y", "BND", 5.0, 600.0, days_ago(8)),))
    assert bought == [False, False, True]
    assert own[0, BND, :2].tolist() == [False, True]


def test_shares_that_have_replaced_others_replace_no_more() -> None:
    spent = TaxLot("Y", "BND", 5.0, 600.0, days_ago(8), deferred=50.0, holding_start=days_ago(90))
    assert outlook(taxable=(spent,))[0] == [False, False, False]


def test_identical_securities_are_one() -> None:
    bought, own = outlook(in_ira=days_ago(3).isoformat(), identical=(("STK", "BND"),))
    assert bought == [True, False, True]
    assert not own[0, BND, 0]


def test_accounts_of_others_in_the_household_count() -> None:
    household = small_household()
    spouse = account(
        "Spouse", AccountKind.TAXABLE, owner="Sam", lots=(TaxLot("Z", "STK", 1.0, 1.0, days_ago(5)),)
    )
    accounts = (*household.accounts, spouse)
    policy = replace(POLICY, triggers=(), harvest=None)
    desk = settle(prepare_day(small_market(), replace(household, accounts=accounts), policy), ()).desk
    bought, own = np.zeros(len(desk.structure.group_first) - 1, bool), np.ones(desk.ledger.lots.shape, bool)
    look_out(desk, 0, bought, own)
    assert bought[desk.structure.group[STK]]
    assert not own[0, STK, :2].any()
