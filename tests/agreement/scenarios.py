"""Back-tests that between them reach every part of the engine. As a program it prints what came of each, as a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.compiled import is_interpreted
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, Household
from rebal_kit.files.household import load_household
from rebal_kit.market import Market
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.sources.load import load_market
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.worlds import account, bits_of, household_of, random_market

BOTH = ToleranceBand(absolute=0.01, relative=0.1, combine="both", lower=ToleranceBand(relative=0.15))
POLICIES = (
    RebalancePolicy("harvest", Threshold(ToleranceBand(absolute=0.02)), harvest=Harvest(0.02, 50.0), costs=Costs(3)),
    RebalancePolicy(
        "tiered",
        Tiered((
            Tier(("US stocks", "Treasuries"), ToleranceBand(absolute=0.02), "month"), Tier(("Gold",), BOTH, 2),
            Tier(("IYR",), ToleranceBand(relative=0.1)),
        )),
        destination="half", lot_method="least_tax", gain_guard_days=40, dividends="reinvest", min_trade_usd=100,
    ),
    RebalancePolicy(
        "quarterly", (Calendar("quarter", offset=3), Threshold(BOTH, look="week")), lot_method="long_term_first",
        destination="edge", avoid_wash_sales=False, dividends="reinvest", harvest=Harvest(0.01, 20.0, look="week"),
        costs=Costs(10, {"GLD": 25}),
    ),
    BUY_AND_HOLD,
)  # fmt: skip


def direct_index() -> tuple[Market, Household, RebalancePolicy]:
    """Five shares in one class and a bond, in a taxable account and an IRA, with splits and dividends."""
    names = ("AA", "BB", "CC", "DD", "EE", "BOND")
    shares = AssetClass("shares", dict.fromkeys(names[:5], 0.2))
    household = household_of(
        {shares: 0.8, "BOND": 0.15}, account(value=300_000.0), account("IRA", AccountKind.IRA, value=80_000.0),
        tax=TaxProfile("single", 2025, 180_000, outside_short=4_000, state_rate=0.05),
    )  # fmt: skip
    policy = RebalancePolicy(
        "direct", (Threshold(ToleranceBand(relative=0.25), level="security", look="week"), Calendar("year")),
        harvest=Harvest(0.03, 100.0, replacements=2), costs=Costs(5),
    )  # fmt: skip
    return random_market(7, names, 500), household, policy


def scenarios() -> Iterator[tuple[str, Backtest]]:
    """Every scenario by name."""
    etf, couple = load_market("etf"), load_household("two_million")
    for policy in POLICIES:
        first = backtest(etf, couple, policy, start="2008-01-02", end="2009-05-29", open_with="values")
        yield f"{policy.name}, values", first
        second = backtest(
            etf, first.closing_household, policy, start="2009-05-29", end="2010-06-30", open_with="lots"
        )
        yield f"{policy.name}, lots", second
    market, household, policy = direct_index()
    yield "direct index", backtest(market, household, policy)


def digest(run: Backtest) -> dict[str, str]:
    """Return a hash of each table of a run."""
    return {name: hashlib.sha256(bits).hexdigest() for name, bits in bits_of(run).items()}


if __name__ == "__main__":
    found = {name: digest(run) for name, run in scenarios()}
    print(json.dumps({"interpreted": is_interpreted(), "found": found}))
