"""Deciding for the household: never more tax in one decision; over history a figure, not a promise."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rebal_kit import load_household, load_market
from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import AccountKind, Household, TaxLot
from rebal_kit.policy import LOT_METHODS, RebalancePolicy
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.engine.examples import examples
from tests.invariants.random_households import FIRST, flat_market
from tests.worlds import account, household_of

EXAMPLES = examples(compiled=150, interpreted=10)
CENT = 0.005
TARGETS = {"A": 0.5, "B": 0.3, "C": 0.2}
PRICE = 100.0
KINDS = (AccountKind.TAXABLE, AccountKind.TAXABLE, AccountKind.IRA, AccountKind.ROTH_IRA)
#: Every loss offsets a gain made elsewhere, every rate is flat: tax is a sum over sales.
ELSEWHERE = {"outside_short": 1e8, "outside_long": 1e8}


def rates(short: float, long: float) -> TaxProfile:
    return TaxProfile(flat=(short, long, long), **ELSEWHERE)


@st.composite
def with_gains_and_losses(draw: Any, tax: TaxProfile, lots_each: int) -> Household:
    """Two to four accounts with lots at gains and losses of either term, none of them bought in the last 30 days."""
    accounts = []
    for a in range(draw(st.integers(2, 4))):
        lots = []
        for symbol in TARGETS:
            for i in range(draw(st.integers(0, lots_each))):
                shares = draw(st.integers(20, 500)) + 0.37 * (a + 1)
                basis = shares * draw(st.integers(20, 180))
                days = draw(st.sampled_from([40, 200, 400, 900])) + i
                lots.append(TaxLot(f"{a} {symbol} {i}", symbol, shares, basis, FIRST - dt.timedelta(days)))
        cash = draw(st.sampled_from([0.0, 3_000.0, 25_000.0]))
        kind = KINDS[0] if a == 0 else draw(st.sampled_from(KINDS))
        accounts.append(account(f"account {a}", kind, cash=cash + 10.0, lots=lots, owner=f"owner {a % 2}"))
    return household_of(TARGETS, *accounts, tax=tax)


def decided(household: Household, method: str, *, coordinate: bool) -> Backtest:
    policy = RebalancePolicy(
        "one", Calendar("session"), lot_method=method, coordinate=coordinate, invest_cash_above=0.0
    )  # fmt: skip
    market = flat_market(2, dict.fromkeys(TARGETS, PRICE))
    return backtest(market, household, policy, open_with="lots")


def tax_of(run: Backtest) -> float:
    short, long, _ = run.household.tax.flat or (0.0, 0.0, 0.0)
    return float(run.years["short"].sum() * short + run.years["long"].sum() * long)


def never_dearer(household: Household, method: str) -> None:
    together = decided(household, method, coordinate=True)
    assert together.daily["drift"].iloc[-1] < 1e-9
    alone = decided(household, method, coordinate=False)
    assume(alone.daily["drift"].iloc[-1] < 1e-9)  # a loss sold in one account keeps others from buying
    assert tax_of(together) <= tax_of(alone) + CENT


@settings(max_examples=EXAMPLES)
@given(with_gains_and_losses(rates(0.4, 0.2), lots_each=1), st.sampled_from(LOT_METHODS))
def test_one_decision_for_the_household_costs_no_more_tax_than_one_for_each_account(
    household, method
) -> None:
    never_dearer(household, method)


@settings(max_examples=EXAMPLES)
@given(with_gains_and_losses(rates(0.3, 0.3), lots_each=4))
def test_nor_where_a_position_has_many_lots(household) -> None:
    never_dearer(household, "hifo")


@settings(max_examples=EXAMPLES)
@given(with_gains_and_losses(rates(0.4, 0.2), lots_each=4), st.sampled_from(LOT_METHODS))
def test_nor_by_any_other_method(household, method) -> None:
    never_dearer(household, method)


def test_over_history_the_difference_is_a_figure_and_no_promise() -> None:
    market, household = load_market("etf"), load_household("two_million")
    figures = {}
    for coordinate in (True, False):
        policy = RebalancePolicy("yearly", Calendar("year"), coordinate=coordinate)
        run = backtest(market, household, policy, open_with="values")
        figures[coordinate] = (
            run.metrics["value_after_tax"],
            run.metrics["tax_paid"],
            run.metrics["average_drift"],
        )
    assert np.isfinite(list(figures.values())).all()
    assert figures[True] != figures[False]
