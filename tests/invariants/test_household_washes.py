"""Wash sales of whole households: none where they are to be avoided, else those of the exact ledger."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

from rebal_kit.backtest import Backtest
from rebal_kit.domain import Household
from tests.engine.examples import examples
from tests.invariants.random_households import rich_households, rich_markets, rich_policies, run_of
from tests.oracle import ledger as oracle
from tests.oracle.nouns import Shares, exact

EXAMPLES = examples(compiled=40, interpreted=4)
CENT = 0.005
#: Shares by which the two may differ: the engine counts in floating point, the oracle in fractions.
CLOSE = Fraction(1, 10**5)


class Rounded(oracle.Household):
    """The exact ledger, for sales of as good as all of a lot, and of pieces that rounding has given other numbers."""

    def take_out(self, place: int, trade: dict[str, Any]) -> list[Shares]:
        position = trade["account"], trade["symbol"]
        there = {p.label: p for p in self.purchases if p.place < place and (p.account, p.symbol) == position}
        lots: list[tuple[str, Fraction]] = []
        for told_as, quantity in trade["lots"]:
            label, (name, _, number) = told_as, told_as.partition("#")
            asked = exact(quantity)
            counts = [piece.count for piece in there[name].pieces]
            if number:
                told = {lot for lot, _ in lots}
                enough = [
                    i for i, n in enumerate(counts) if n > asked - CLOSE and f"{name}#{i + 1}" not in told
                ]
                at = min(enough, key=lambda i: abs(i + 1 - int(number)))
                label, left = f"{name}#{at + 1}", counts[at]
            else:
                left = sum(counts, Fraction(0))
            assert asked < left + CLOSE, f"{trade} sells more than there is"
            lots.append((label, left if abs(asked - left) <= CLOSE else asked))
        return super().take_out(place, {**trade, "lots": [(label, Text(n)) for label, n in lots]})


class Text(Fraction):
    """A fraction that survives being told as text."""

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def story_of(run: Backtest) -> dict[str, Any]:
    """A run in the words of the oracle: its opening lots as purchases, then its trades and splits."""
    household = run.household
    accounts = {a.name: {"kind": str(a.kind), "owner": a.owner} for a in household.accounts}
    trades: list[dict[str, Any]] = [
        {"date": lot.acquired.isoformat(), "account": a.name, "side": "buy", "symbol": lot.symbol, "lot": lot.lot,
         "quantity": lot.quantity, "price": lot.basis / lot.quantity}
        for a in household.accounts for lot in a.lots
    ]  # fmt: skip
    for line in run.transactions:
        trade = {"date": line.date.isoformat(), "side": line.action.lower(), "symbol": line.symbol}
        if line.action == "SPLIT":
            trades.append({**trade, "ratio": line.quantity})
        elif line.action in ("BUY", "REINVEST", "SELL"):
            trade |= {
                "account": line.account,
                "quantity": line.quantity,
                "price": line.price,
                "fees": line.fees,
            }
            trades.append({**trade, "lot": line.lot, "lots": list(line.lots)})
    return {
        "accounts": accounts,
        "identical": [list(group) for group in household.identical],
        "trades": trades,
    }


def settled(story: dict[str, Any]) -> pd.DataFrame:
    """What the exact ledger says of each sale, by day, account and security."""
    household = Rounded(story, broker=False)
    for place, trade in enumerate(household.trades):
        if trade["side"] == "split":
            household.split(place)
        elif trade["side"] == "sell":
            household.sell(place, trade)
    rows = [
        (pd.Timestamp(d.date), d.account, d.symbol, float(d.gain), float(d.disallowed), float(d.permanent))
        for d in household.disposals
    ]
    columns = ["date", "account", "symbol", "gain", "disallowed", "permanent"]
    return pd.DataFrame(rows, columns=columns).groupby(columns[:3]).sum()


def no_drip(household: Household) -> Household:
    accounts = (
        replace(a, dividends="reinvest" if a.dividends == "drip" else a.dividends) for a in household.accounts
    )
    return replace(household, accounts=tuple(accounts))


@settings(max_examples=EXAMPLES * 2)
@given(rich_markets(), rich_households().map(no_drip), rich_policies(avoid_wash_sales=True))
def test_where_they_are_avoided_there_is_none_anywhere_in_the_household(market, household, policy) -> None:
    run = run_of(market, household, policy)
    assert run.metrics["wash_sale_rate"] == 0.0
    assert (run.journal["disallowed"] == 0.0).all()


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies(avoid_wash_sales=False))
def test_else_what_is_disallowed_is_what_the_exact_ledger_says(market, household, policy) -> None:
    run = run_of(market, household, policy)
    sold = run.journal[(run.journal["side"] == "sell") & (run.journal["term"] != "")]
    said = sold.groupby(["date", "account", "symbol"])[["gain", "disallowed", "permanent"]].sum()
    found = settled(story_of(run))
    assert [*said.index] == [*found.index]
    assert said.to_numpy() == pytest.approx(found.to_numpy(), abs=CENT)
    assert run.metrics["disallowed"] == pytest.approx(found["disallowed"].sum(), abs=CENT)
    losses = -sold.loc[sold["gain"] < 0, "gain"].sum()
    rate = found["disallowed"].sum() / losses if losses > 0 else 0.0
    assert run.metrics["wash_sale_rate"] == pytest.approx(rate, abs=1e-9)
