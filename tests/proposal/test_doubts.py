"""What a reader of a proposal must know before any trade: errors first, then warnings, then assumptions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.execution import Execution
from rebal_kit.findings import Finding
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from rebal_kit.tax_profile import TaxProfile
from tests.proposal.households import market_of, random_household
from tests.proposal.scanned import POLICY, said, small_household, small_market

RANK = {"error": 0, "warning": 1, "note": 2}


def doubts(policy: Any = POLICY, **household: Any) -> tuple[Finding, ...]:
    return propose(small_market(), small_household(**household), policy).findings


def test_assumptions_are_notes() -> None:
    prices, law = doubts()
    assert str(prices) == "prices: closes of 2024-03-01; valid through 2024-03-04"
    assert law.what == "flat rates; tax now is what the trades add to the year's tax, all else being equal"
    assert {prices.severity, law.severity} == {"note"}
    assert said(doubts(tax=TaxProfile("single", 2026, 100_000.0)), "law of 2026, single")


def test_an_order_of_the_next_session_is_settled_today() -> None:
    for fill in ("next_open", "limit"):
        later = replace(POLICY, execution=Execution(fill))
        assert said(doubts(later), "execution: settled at the closes by which it was decided")


def test_limits_are_on_the_better_side() -> None:
    """50 basis points: 100.50 for what is sold at 100, 49.75 for what is bought at 50."""
    limits = replace(POLICY, execution=Execution("limit", 50.0))
    document = propose(small_market(), small_household(), limits).document
    assert [(row["side"], row["limit"]) for row in document["trades"]] == [
        ("sell", 100.5), ("buy", 49.75), ("buy", 49.75),
    ]  # fmt: skip


def test_a_household_that_is_not_complete() -> None:
    found = propose(small_market(), replace(small_household(), complete=False), POLICY).findings
    assert said(found, "outside accounts are unknown: purchases there can wash the losses taken here")


def test_a_reserve_that_is_short() -> None:
    household = small_household()
    short = replace(
        household, accounts=(replace(household.accounts[0], min_cash=500.0), household.accounts[1])
    )
    found = revise(propose(small_market(), short, replace(POLICY, triggers=(), harvest=None)), pin=[])
    assert said(found.findings, "account 'Main': cash of US$ 0.00 is below the reserve of US$ 500.00")


@pytest.mark.parametrize("seed", range(30))
def test_errors_come_first_and_the_engine_s_own_orders_are_never_restricted(seed: int) -> None:
    household, policy, closes, _ = random_household(seed)
    before = propose(market_of(closes), household, policy)
    after = revise(before, add=[(household.accounts[0].name, "buy", household.targets.symbols[0], 0.5)])
    for found in (before, after):
        ranks = [RANK[finding.severity] for finding in found.findings]
        assert ranks == sorted(ranks)
    restricted = [f.where for f in after.findings if "is not to be" in f.what]
    assert set(restricted) <= {f"trade {len(after.trades)}"}
