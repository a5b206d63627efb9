"""Limits on gains hold on every history: budgets, short-term gains, pairs, reserves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.costs import Costs
from rebal_kit.domain import TaxLot
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.policy import LOT_METHODS, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.engine.examples import examples
from tests.invariants.random_households import (
    FIRST,
    LINEAR,
    TARGETS,
    flat_market,
    gain_limits,
    rich_households,
    rich_markets,
    rich_policies,
    run_of,
)
from tests.invariants.test_one_decision import PRICES, without_flows
from tests.worlds import account, household_of

EXAMPLES = examples(compiled=40, interpreted=5)
CENT = 0.005
#: Tax and withdrawals must be paid, whatever gain that realises.
MUST = (Reason.RAISE_TAX, Reason.RAISE_CASH)


def taxable_sales(run):
    taxable = {a.name for a in run.household.accounts if a.taxable}
    rows = run.journal
    return rows[(rows["side"] == "sell") & rows["account"].isin(taxable)]


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies(), gain_limits())
def test_never_means_no_short_term_gain_but_for_tax_and_withdrawals(
    market, household, policy, limits
) -> None:
    run = run_of(market, household, replace(policy, gains=replace(limits, short="never")))
    sold = taxable_sales(run)
    chosen = sold[~sold["reason_code"].isin(MUST) & (sold["term"] == "ST")]
    assert (chosen["gain"] <= 1e-9 * chosen["basis"]).all()


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies(avoid_wash_sales=True), gain_limits())
def test_no_budget_is_ever_exceeded(market, household, policy, limits) -> None:
    run = run_of(market, household, replace(policy, gains=limits, dividends="cash"))
    sold = taxable_sales(run)
    table = run.setting.table
    for _, year in sold.groupby(sold["date"].dt.year):
        # A sale that must be made may go over; what is sold after it must not make it worse, but for losses.
        gain = legacy = 0.0
        for row in year.itertuples():
            may_gain = row.reason_code in MUST
            gain += row.recognized
            legacy += row.recognized if row.reason_code == Reason.LEGACY else 0.0
            if may_gain or row.gain <= 0.0:
                continue
            if limits.max_gain_usd is not None:
                assert gain <= limits.max_gain_usd + CENT, row
            if limits.max_legacy_gain_usd is not None and row.reason_code == Reason.LEGACY:
                assert legacy <= limits.max_legacy_gain_usd + CENT, row
    if limits.max_tax_usd is not None and not (sold["reason_code"].isin(MUST)).any():
        for _, year in sold.groupby(sold["date"].dt.year):
            short = year.loc[year["term"] == "ST", "recognized"].sum()
            long = year.loc[year["term"] == "LT", "recognized"].sum()
            tax = short * table.marginal_short + long * table.marginal_long
            if short >= 0 and long >= 0:
                assert tax <= limits.max_tax_usd + CENT


@settings(max_examples=EXAMPLES * 2)
@given(
    rich_households(st.just(LINEAR), restrictions=False).map(without_flows),
    PRICES,
    st.sampled_from(LOT_METHODS),
)
def test_minimise_realises_no_more_short_term_gain_than_allow(household, prices, method) -> None:
    gains = []
    for short in ("allow", "minimise"):
        policy = RebalancePolicy(
            "one", Calendar("session"), lot_method=method, gains=GainLimits(short), invest_cash_above=0.0,
            avoid_wash_sales=False,
        )  # fmt: skip
        sold = taxable_sales(run_of(flat_market(2, prices), household, policy))
        gains.append(sold.loc[(sold["term"] == "ST") & (sold["gain"] > 0), "gain"].sum())
    assert gains[1] <= gains[0] + CENT


@settings(max_examples=EXAMPLES)
@given(
    rich_markets(), rich_households(), rich_policies(avoid_wash_sales=True, dividends="cash"), gain_limits()
)
def test_losses_taken_beside_gains_are_no_larger_and_never_wash(market, household, policy, limits) -> None:
    run = run_of(market, household, replace(policy, gains=replace(limits, pair=True)))
    paired = run.journal[run.journal["reason_code"] == Reason.PAIRED]
    taken = paired[paired["side"] == "sell"]
    assert (taken["disallowed"] == 0.0).all()
    sold = taxable_sales(run)
    for day, losses in taken.groupby("date")["gain"].sum().items():
        same = sold[(sold["date"] == day) & (sold["reason_code"] != Reason.PAIRED)]
        assert -losses <= same.loc[same["gain"] > 0, "gain"].sum() + CENT
        assert -losses > 0.0


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), st.sampled_from([0.0, 7.0]), st.booleans())
def test_after_each_look_every_account_holds_its_reserve(market, household, bps, coordinate) -> None:
    policy = RebalancePolicy(
        "reserve", Threshold(ToleranceBand(absolute=0.02), look="session"), avoid_wash_sales=False,
        costs=Costs(bps), coordinate=coordinate,
    )  # fmt: skip
    for end in (market.dates[20], market.dates[45]):
        run = run_of(market, household, policy, end=end)
        last = len(run.dates) - 1
        close = dict(zip(run.market.symbols, run.market.close[last], strict=True))
        for a in run.closing_household.accounts:
            kept = {*household.do_not_sell, *a.do_not_sell}
            sellable = sum(lot.quantity * close[lot.symbol] for lot in a.lots if lot.symbol not in kept)
            if a.trading == "managed" and sellable > 1.0:
                assert a.cash >= a.min_cash - CENT, a.name


@settings(max_examples=EXAMPLES)
@given(TARGETS, PRICES, st.floats(0.01, 3.0), st.booleans())
def test_a_deposit_that_covers_the_drift_sells_nothing(targets, prices, size, locate) -> None:
    # At target but for half of one class, which the deposit can buy; all other classes may only be bought.
    wanted = {s: w * inner for c, w in targets.weights for s, inner in c.members if inner > 0}
    first = next(iter(wanted))
    value = 100_000.0
    amounts = {s: weight * value * (0.5 if s == first else 1.0) for s, weight in wanted.items()}
    lots = [TaxLot(s, s, amount / prices[s], amount, FIRST) for s, amount in amounts.items()]
    missing = wanted[first] * value * 0.5
    deposit = missing * (1.0 + size)
    cash = targets.cash * value
    household = household_of(
        targets, account(cash=cash, lots=lots), flows=[CashFlow(deposit, "Main", on=FIRST)]
    )  # fmt: skip
    policy = RebalancePolicy("d", Threshold(ToleranceBand(absolute=1e-9), look=1), locate=locate)
    run = run_of(flat_market(2, prices), household, policy)
    assert not (run.journal["side"] == "sell").any()
    assert np.isclose(run.daily["drift"].iloc[-1], 0.0, atol=1e-9)
