"""The harvest scan remembers at which price a position is worth a look: it may look in vain, but never miss a lot."""

from __future__ import annotations

import numpy as np
import pytest

import rebal_kit as rk
from rebal_kit.compiled import is_interpreted
from rebal_kit.rules.harvest import qualifies
from rebal_kit.run import prepare

SYMBOLS = ("AAPL", "BAC", "GE", "XOM", "WMT", "NVDA")
POLICIES = {
    "calendar": rk.RebalancePolicy(triggers=rk.Calendar("month"), harvest=rk.Harvest(0.05, 200)),
    "eager": rk.RebalancePolicy(triggers=rk.Calendar("month"), harvest=rk.Harvest(0.02, 0.0)),
    "reinvesting": rk.RebalancePolicy(triggers=(), dividends="reinvest", harvest=rk.Harvest(0.1, 100)),
    "costly": rk.RebalancePolicy(
        triggers=rk.Threshold(rk.ToleranceBand(relative=0.2), level="security"),
        harvest=rk.Harvest(0.02, 0.0, min_tax_saved_usd=50),
        costs=rk.Costs(15),
        lot_method="least_tax",
    ),
    "washing": rk.RebalancePolicy(
        triggers=rk.Calendar("quarter"), harvest=rk.Harvest(0.1, 500), avoid_wash_sales=False
    ),
}


def household(*kinds: str) -> rk.Household:
    accounts = tuple(
        rk.Account(f"{kind} {at}", "owner", rk.AccountKind(kind), opening_value=100_000.0)
        for at, kind in enumerate(kinds or ("taxable",))
    )
    stocks = rk.AssetClass("stocks", dict.fromkeys(SYMBOLS, 1 / len(SYMBOLS)))
    return rk.Household(
        "direct", accounts, rk.TargetAllocation({stocks: 1.0}), rk.TaxProfile(ordinary_income=2e5)
    )


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("sessions", [60, 200, 390, 500])
def test_no_lot_that_qualifies_lies_above_the_price_worth_a_look(name, sessions):
    market = rk.load_market("stocks").select(SYMBOLS)
    policy = POLICIES[name]
    setting = prepare(market, household(), end=market.dates[sessions])
    plan = setting.plan(policy)
    room = setting.run_to_end(plan, setting.room())
    net = setting.prices.close[-1] * (1 - plan.half_spread[0])
    found = 0
    for s in range(len(SYMBOLS)):
        for lot in room.ledger.lots[0, s, : room.ledger.lot_count[0, s]]:
            basis = lot.cost + lot.deferred
            # However far the price falls tomorrow, a lot that then qualifies is looked at.
            for price in net[s] * np.array([1.0, 0.97, 0.9, 0.7, 0.4]):
                if qualifies(basis, lot.quantity * price, plan.min_loss_pct, plan.min_loss_usd):
                    found += 1
                    saved_too_little = (
                        policy.harvest.min_tax_saved_usd > 0 and room.work.ripe[0, s] < price <= net[s]
                    )
                    assert price <= room.work.ripe[0, s] or saved_too_little
    assert found > 0


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("kinds", [("taxable",), ("taxable", "taxable"), ("taxable", "ira")], ids=" ".join)
def test_writing_the_journal_changes_nothing(name, kinds):
    # With a journal every position is scanned. Without, one account's sale of a purchase must free the others' losses.
    market = rk.load_market("stocks").select(SYMBOLS)
    setting = prepare(market, household(*kinds), end=market.dates[500 if is_interpreted() else 1000])
    plan = setting.plan(POLICIES[name])
    silent = setting.run_to_end(plan, setting.room())
    noted = setting.run_to_end(plan, setting.room(journal=1 << 13))
    assert silent.tape.daily.tobytes() == noted.tape.daily.tobytes()
    assert silent.ledger.years.tobytes() == noted.ledger.years.tobytes()
    assert noted.ledger.years[:, 5].sum() > 0
