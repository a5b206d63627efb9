"""Lots to give beside a proposal: none that it sells, none that would be no gift, at the day's prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import HouseholdError, PolicyError
from rebal_kit.proposal.gifting import gift_suggestion
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.sources.load import load_market
from tests.proposal.sold_down import DAY, FREE, appreciated
from tests.worlds import account, household_of, market_of


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    market, policy = load_market("etf"), load_policy("threshold_3pct_harvest")
    return propose(market, appreciated(taxable_only=True), policy, look="now")


def test_lots_that_are_sold_are_left_out(proposal: Proposal) -> None:
    found = gift_suggestion(proposal, 20_000.0)
    sold = set(proposal.lots["lot"])
    assert sold
    assert not sold & set(found["lot"])
    kept = {lot.lot for one in proposal.day.household.accounts for lot in one.lots} - sold
    assert set(found["lot"]) - {""} == kept


def test_the_gift_adds_up_and_is_long_term(proposal: Proposal) -> None:
    found = gift_suggestion(proposal, 20_000.0)
    given = found[found["status"].isin(["give", "cash"])]
    assert given["fair_market_value"].sum() == pytest.approx(20_000.0)
    acquired = {lot.lot: lot.acquired for one in proposal.day.household.accounts for lot in one.lots}
    for lot in found.loc[found["status"] == "give", "lot"]:
        assert acquired[lot] < proposal.asof - dt.timedelta(days=365)
    accounts = {lot.lot: one.name for one in proposal.day.household.accounts for lot in one.lots}
    assert [accounts[lot] for lot in found["lot"] if lot] == [one for one in found["account"] if one]


def test_retirement_accounts_and_splits_since_the_household() -> None:
    """One share at US$ 10 of basis, split in two after the household's date: two of US$ 50 now, one of US$ 100 then."""
    days = ["2025-12-05", "2025-12-08", "2025-12-09"]
    market = market_of({"S": [100.0, 100.0, 50.0]}, days, split={"S": {"2025-12-09": 2.0}})
    lots = [TaxLot(name, "S", 10.0, 100.0, dt.date(2020, 1, 2)) for name in ("mine", "roth")]
    household = household_of(
        {"S": 1.0}, account(lots=lots[:1]), account("Roth", AccountKind.ROTH_IRA, lots=lots[1:]), as_of=DAY
    )
    found = gift_suggestion(propose(market, household, FREE, look="now"), 500.0)
    assert found["lot"].tolist() == ["mine"]
    assert found["quantity"].tolist() == pytest.approx([5.0])
    assert found["gain_never_taxed"].tolist() == pytest.approx([450.0])


def test_an_excluded_account_gives_nothing() -> None:
    household = appreciated(taxable_only=True)
    first, *rest = household.accounts
    found = gift_suggestion(
        propose(
            load_market("etf"), replace(household, accounts=(replace(first, trading="excluded"), *rest)),
            load_policy("buy_and_hold"),
        ), 1_000.0,
    )  # fmt: skip
    assert first.name not in set(found["account"])


def test_what_is_asked_is_checked(proposal: Proposal) -> None:
    with pytest.raises(HouseholdError, match="value"):
        gift_suggestion(proposal, 0.0)
    with pytest.raises(PolicyError, match="propose"):
        gift_suggestion("no proposal", 1.0)  # type: ignore[arg-type]
