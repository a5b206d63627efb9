"""Documents of proposals for tests of the checker: a small household, and orders told as a document."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from rebal_kit.costs import Costs
from rebal_kit.domain import Account, Household, TaxLot
from rebal_kit.policy import RebalancePolicy
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.proposal.reading import Case
from tests.proposal.tax import tax_now
from tests.proposal.washes import Replacements

ASOF = dt.date(2026, 8, 12)
Prices = dict[str, float]
PRICES: Prices = {"A": 100.0, "A2": 50.0, "B": 20.0, "B2": 25.0, "C": 10.0, "L": 40.0}
POLICY = RebalancePolicy(costs=Costs(half_spread_bps=10.0, commission_usd=1.0))


def lot(name: str, symbol: str, quantity: float, basis: float, acquired: str, **more: Any) -> TaxLot:
    return TaxLot(name, symbol, quantity, basis, dt.date.fromisoformat(acquired), **more)


#: A is over its weight, B and C are under theirs; L stands outside; of Away nothing counts but for wash sales.
HOUSEHOLD = Household(
    "checked",
    (
        Account("Main", "Alex", "taxable", "Schwab", 1_000.0, (
            lot("a1", "A", 100, 8_000, "2020-05-04"), lot("a2", "A", 50, 6_000, "2026-03-02"),
            lot("a3", "A", 20, 1_500, "2025-12-01"), lot("b1", "B", 200, 5_000, "2024-02-05"),
            lot("l1", "L", 10, 200, "2019-01-07"),
        )),
        Account("Roth", "Sam", "roth_ira", "Fidelity", 500.0, (lot("r1", "C", 100, 900, "2023-06-01"),)),
        Account("Old", "Alex", "taxable", "Schwab", 0.0, (lot("o1", "B", 50, 900, "2021-06-01"),), trading="frozen"),
        Account("Away", "Sam", "taxable", "Schwab", 100.0, (lot("w1", "A", 10, 900, "2021-06-01"),),
                trading="excluded"),
    ),
    TargetAllocation({AssetClass("stocks", {"A": 1, "A2": 0}): 0.5, AssetClass("bonds", {"B": 1, "B2": 0}): 0.3,
                      "C": 0.1}),
    TaxProfile(flat=(0.4, 0.2, 0.2)),
    as_of=ASOF,
    complete=True,
)  # fmt: skip


def sell(account: str, symbol: str, *lots: tuple[str, float], reason: str = "weight left its band") -> Any:
    return {"account": account, "symbol": symbol, "side": "sell", "lots": lots, "reason": reason}


def buy(account: str, symbol: str, quantity: float, reason: str = "weight left its band") -> Any:
    return {
        "account": account,
        "symbol": symbol,
        "side": "buy",
        "lots": (),
        "quantity": quantity,
        "reason": reason,
    }


def told(
    *orders: Any, household: Household = HOUSEHOLD, policy: RebalancePolicy = POLICY, prices: Prices = PRICES
) -> dict[str, Any]:
    """Tell orders as a document whose every number fits, whatever the orders break."""
    held = {lot.lot: lot for lot in household.lots}
    brokers = {account.name: account.broker for account in household.accounts}
    trades = []
    for order in orders:
        lots = [
            {"lot": name, "acquired": held[name].acquired.isoformat() if name in held else "2020-01-01",
             "quantity": shares, "term": "", "gain": 0.0, "disallowed": 0.0}
            for name, shares in order["lots"]
        ]  # fmt: skip
        quantity = sum(one["quantity"] for one in lots) if lots else order.get("quantity", 0.0)
        trades.append({
            **order, "lots": lots, "broker": brokers.get(order["account"], ""), "quantity": quantity,
            "price": prices.get(order["symbol"], 1.0), "amount": 0.0, "cost": 0.0,
        })  # fmt: skip
    assert household.as_of is not None
    document: dict[str, Any] = {
        "asof": household.as_of.isoformat(), "solver": "greedy", "trades": trades, "objective": {}, "blocked": [],
        "findings": [],
    }  # fmt: skip
    fill(document, household, policy, prices)
    return document


def fill(document: dict[str, Any], household: Household, policy: RebalancePolicy, prices: Prices) -> None:
    """Work out amounts, costs, gains, tax, cash and drift of a document's trades."""
    case = Case(document, household, policy, prices)
    for order in case.orders:
        order.told.update(amount=order.amount, cost=order.cost)
        for part in order.parts:
            term = "long" if part.long else "short"
            part.told.update(gain=part.gain, term=term if order.taxed else "")
    short, long = case.taxed_sums()
    earlier = Replacements(case).earlier
    short, long = short + earlier["short"], long + earlier["long"]
    document["tax"] = {
        "short_gain": short, "long_gain": long, "disallowed": sum(earlier.values()),
        "tax_now": float(tax_now(household, short, long)),
    }  # fmt: skip
    before = {account.name: account.cash for account in household.accounts}
    document["cost"] = sum(order.cost for order in case.orders)
    document["cash"] = [
        {"account": name, "before": cash, "after": case.cash_after[name]} for name, cash in before.items()
    ]
    document["drift"] = {
        "before": case.drift(case.held_before, before), "after": case.drift(case.held_after, case.cash_after),
    }  # fmt: skip


def with_account(household: Household, name: str, **changes: Any) -> Household:
    accounts = tuple(replace(a, **changes) if a.name == name else a for a in household.accounts)
    return replace(household, accounts=accounts)


def with_lots(household: Household, name: str, *lots: TaxLot) -> Household:
    """A household that holds more lots in an account."""
    held = next(account.lots for account in household.accounts if account.name == name)
    return with_account(household, name, lots=(*held, *lots))
