"""The random households are valid, the same each time, and have everything in them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from rebal_kit.triggers import Calendar, Threshold, Tiered
from tests.proposal.checker import check
from tests.proposal.documents import told
from tests.proposal.households import LEGACY, SESSIONS, market_of, prices_of, random_household
from tests.proposal.reading import first_long_day

SEEDS = range(250)


@pytest.fixture(scope="module")
def many() -> list[Any]:
    return [random_household(seed) for seed in SEEDS]


def test_the_same_seed_makes_the_same_household():
    one, other = random_household(7), random_household(7)
    assert one[0] == other[0]
    assert one[1] == other[1]
    assert one[2].equals(other[2])
    assert one[0] != random_household(8)[0]


def test_the_closes_end_on_the_household_s_date(many):
    for household, _, closes, asof in many:
        assert household.as_of == asof == closes.index[-1].date()
        assert len(closes) == SESSIONS
        assert set(household.symbols) <= set(closes.columns)
        assert set(prices_of(closes)) == set(market_of(closes).symbols)
        assert all(lot.acquired <= asof for lot in household.lots)


def test_to_do_nothing_is_right(many):
    for household, policy, closes, _ in many:
        prices = prices_of(closes)
        document = told(household=household, policy=policy, prices=prices)
        assert check(document, household, policy, prices) == []


def features(household: Any, policy: Any, asof: dt.date) -> set[str]:
    """What a household and a policy have of that which matters."""
    lots, tax, accounts = household.lots, household.tax, household.accounts
    ages = {(asof - lot.acquired).days for lot in lots}
    to_long = {(first_long_day(lot.holding_start or lot.acquired) - asof).days for lot in lots}
    since = {(asof - sale.sold).days for sale in household.loss_sales}
    found = {
        f"{len(accounts)} accounts": True, f"{len(household.targets.weights)} classes": True,
        **{str(a.kind): True for a in accounts}, **{a.trading: True for a in accounts},
        "two owners": len({a.owner for a in accounts}) > 1, "brokers": len({a.broker for a in accounts}) > 1,
        "short of cash": any(a.cash < a.min_cash for a in accounts),
        "restricted": any(a.do_not_buy for a in accounts), "kept": any(a.do_not_sell for a in accounts),
        "all restricted": bool(household.do_not_buy), "all kept": bool(household.do_not_sell),
        "legacy": any(lot.symbol in LEGACY for lot in lots), "identical": bool(household.identical),
        "bought today": 0 in ages, "30 days": 30 in ages, "31 days": 31 in ages,
        "long today": 0 in to_long, "long tomorrow": 1 in to_long, "last day short": bool(to_long & {2, 3}),
        "tacked": any(lot.holding_start for lot in lots), "deferred": any(lot.deferred for lot in lots),
        "parts of shares": any(lot.quantity % 1 for lot in lots),
        "loss today": 0 in since, "loss 30 days ago": 30 in since, "loss 31 days ago": 31 in since,
        "replaced": any(s.quantity == 0 for s in household.loss_sales),
        "open": any(s.quantity > 0 for s in household.loss_sales),
        "year": household.year_to_date.long != 0, "owed": household.year_to_date.tax_owed > 0,
        "carried": tax.carryover_long > 0, "flat": tax.flat is not None, tax.filing: True, str(tax.law_year): True,
        "whole": policy.whole_shares, "least": policy.min_trade_usd > 0, "harvest": policy.harvest is not None,
        "guard": policy.gain_guard_days > 0, "budget": policy.gains.max_gain_usd is not None,
        policy.gains.short: True, "sell legacy": policy.gains.sell_legacy, policy.lot_method: True,
        "washes": not policy.avoid_wash_sales, "each alone": not policy.coordinate,
        "spread": policy.costs.half_spread_bps > 0, "commission": policy.costs.commission_usd > 0,
        "fee": bool(policy.costs.non_native), "per share": policy.costs.per_share_usd > 0,
        **{type(one).__name__: True for one in policy.triggers},
        "security": any(isinstance(one, Threshold) and one.level == "security" for one in policy.triggers),
    }  # fmt: skip
    return {name for name, there in found.items() if there}


def test_there_is_some_of_everything(many):
    seen = Counter(f for household, policy, _, asof in many for f in features(household, policy, asof))
    wanted = {
        *(f"{n} accounts" for n in range(1, 7)), *(f"{n} classes" for n in range(2, 7)), "taxable", "ira", "roth_ira",
        "401k", "hsa", "managed", "frozen", "excluded", "two owners", "brokers", "short of cash", "restricted", "kept",
        "all restricted", "all kept", "legacy", "identical", "bought today", "30 days", "31 days", "long today",
        "long tomorrow", "last day short", "tacked", "deferred", "parts of shares", "loss today", "loss 30 days ago",
        "loss 31 days ago", "replaced", "open", "year", "owed", "carried", "flat", "single", "mfj", "2025", "2026",
        "whole", "least", "harvest", "guard", "budget", "allow", "minimise", "never", "sell legacy", "fifo", "lifo",
        "hifo", "least_tax", "long_term_first", "washes", "each alone", "spread", "commission", "fee", "per share",
        "security", *(kind.__name__ for kind in (Calendar, Threshold, Tiered)),
    }  # fmt: skip
    assert {name: seen[name] for name in wanted if seen[name] < 4} == {}
