"""Withdrawals are paid as long as anything can be sold, and from where it costs the least tax."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.backtest import backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import TaxLot
from rebal_kit.engine.tape import BEFORE_TAX
from rebal_kit.flows import CashFlow
from rebal_kit.policy import LOT_METHODS, RebalancePolicy
from rebal_kit.reasons import Reason
from tests.engine.examples import examples
from tests.invariants.random_households import (
    FIRST,
    flat_market,
    rich_households,
    rich_markets,
    rich_policies,
    run_of,
)
from tests.invariants.test_coordination import PRICE, TARGETS, rates, with_gains_and_losses
from tests.worlds import account, household_of, market_of

EXAMPLES = examples(compiled=40, interpreted=5)
CENT = 0.005


@settings(max_examples=EXAMPLES * 2)
@given(
    rich_markets(60), rich_households(), rich_policies(avoid_wash_sales=False),
    st.sampled_from([0.5, 0.9, 0.99]), st.integers(-1, 3), st.integers(0, 40),
)  # fmt: skip
def test_a_withdrawal_is_paid_while_anything_may_be_sold(market, household, policy, part, at, days) -> None:
    managed = [a for a in household.accounts if a.trading == "managed"]
    account = managed[at % len(managed)] if at >= 0 else None
    close = dict(zip(market.symbols, market.close[0], strict=True))
    worth = sum(
        a.cash + sum(lot.quantity * close[lot.symbol] for lot in a.lots)
        for a in (managed if account is None else [account])
    )
    if worth < 100.0:
        return
    name = None if account is None else account.name
    flow = CashFlow(-part * worth, name, on=FIRST + dt.timedelta(days))
    household = replace(household, flows=(*household.flows, flow))
    run = run_of(market, household, policy)
    unpaid = run.passed_over[run.passed_over["reason"] == Reason.UNPAID.sentence]
    for row in unpaid.itertuples():
        then = run_of(market, household, policy, end=row.date)
        last = dict(zip(then.market.symbols, then.market.close[len(then.dates) - 1], strict=True))
        asked = {f.account for f in household.flows if f.amount < 0}
        for a in then.closing_household.accounts:
            kept = {*household.do_not_sell, *a.do_not_sell}
            sellable = sum(lot.quantity * last[lot.symbol] for lot in a.lots if lot.symbol not in kept)
            if a.trading == "managed" and (a.name == row.account or asked == {None}):
                assert sellable < 0.01 + 1e-6 * worth


def tax_of_withdrawal(household, amount: float, method: str, withdraw: str) -> float:
    flow = CashFlow(-amount, on=FIRST + dt.timedelta(1))
    policy = RebalancePolicy("w", (), lot_method=method, withdraw=withdraw)
    market = flat_market(3, dict.fromkeys(TARGETS, PRICE))
    run = backtest(market, replace(household, flows=(flow,)), policy, open_with="lots")
    assert run.metrics["unpaid_withdrawals"] == 0.0
    return float(run.years["tax"].sum())


def never_dearer(household, part: float, method: str) -> None:
    worth = sum(a.cash + PRICE * sum(lot.quantity for lot in a.lots) for a in household.accounts)
    least, other = (
        tax_of_withdrawal(household, part * worth, method, withdraw)
        for withdraw in ("least_tax", "taxable_first")
    )
    assert least <= other + CENT


LATER = ("2023-06-05", "2023-06-06", "2023-06-07")
PARTS = st.sampled_from([0.02, 0.1, 0.3, 0.6, 0.95])


@settings(max_examples=EXAMPLES * 2)
@given(with_gains_and_losses(rates(0.4, 0.2), lots_each=1), PARTS, st.sampled_from(LOT_METHODS))
def test_least_tax_pays_no_more_this_year_than_taxable_first(household, part, method) -> None:
    never_dearer(household, part, method)


@settings(max_examples=EXAMPLES * 2)
@given(with_gains_and_losses(rates(0.3, 0.3), lots_each=4), PARTS)
def test_nor_where_a_position_has_many_lots(household, part) -> None:
    never_dearer(household, part, "hifo")


def test_a_household_that_is_emptied_keeps_the_return_it_had() -> None:
    lots = [TaxLot("1", "A", 70.0, 7_000.0, FIRST - dt.timedelta(400))]
    household = household_of(
        {"A": 1.0}, account(cash=300.0, lots=lots), flows=[CashFlow(-6_999.0, on=dt.date(2023, 6, 5))]
    )
    market = market_of({"A": [100.0, 80.0, 70.0, 70.0, 90.0]}, dates=["2023-06-01", "2023-06-02", *LATER])
    for bps in (0.0, 10.0):
        run = backtest(market, household, RebalancePolicy("w", (), costs=Costs(bps)), open_with="lots")
        assert run.daily["value"].iloc[-1] == 0.0
        assert run.metrics["unpaid_withdrawals"] > 0.0
        assert np.isfinite(run.metrics["volatility"])
        # From 7,300 to 5,200, less what it costs to sell 4,900 of them.
        kept = (5_200.0 - 4_900.0 * bps / 1e4) / 7_300.0
        assert run._room.tape.daily[-1, BEFORE_TAX] == pytest.approx(kept)
