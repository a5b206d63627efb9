"""Wash sales of whole households: none where they are to be avoided, else those of the exact ledger."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings

from rebal_kit.backtest import Backtest
from rebal_kit.domain import Household
from rebal_kit.reasons import Reason
from tests.engine.examples import examples
from tests.invariants.exact_ledger import disposals_of
from tests.invariants.random_households import rich_households, rich_markets, rich_policies, run_of

EXAMPLES = examples(compiled=40, interpreted=4)
CENT = 0.005


def settled(run: Backtest) -> pd.DataFrame:
    """What the exact ledger says of each sale, by day, account and security."""
    rows = [
        (pd.Timestamp(d.date), d.account, d.symbol, float(d.gain), float(d.disallowed), float(d.permanent))
        for d in disposals_of(run)
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
    # A loss that is all there is left to pay a withdrawal or a tax is sold whatever it washes.
    chosen = run.journal[run.journal["reason_code"] != Reason.RAISE_CASH]
    assert (chosen["disallowed"] == 0.0).all()
    if not household.flows:
        assert run.metrics["wash_sale_rate"] == 0.0


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies(avoid_wash_sales=False))
def test_else_what_is_disallowed_is_what_the_exact_ledger_says(market, household, policy) -> None:
    run = run_of(market, household, policy)
    sold = run.journal[(run.journal["side"] == "sell") & (run.journal["term"] != "")]
    said = sold.groupby(["date", "account", "symbol"])[["gain", "disallowed", "permanent"]].sum()
    found = settled(run)
    assert [*said.index] == [*found.index]
    assert said.to_numpy() == pytest.approx(found.to_numpy(), abs=CENT)
    assert run.metrics["disallowed"] == pytest.approx(found["disallowed"].sum(), abs=CENT)
    losses = -sold.loc[sold["gain"] < 0, "gain"].sum()
    rate = found["disallowed"].sum() / losses if losses > 0 else 0.0
    assert run.metrics["wash_sale_rate"] == pytest.approx(rate, abs=1e-9)
