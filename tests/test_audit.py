"""Audit: runs come out as they said, by a replay that knows only their trades; a changed figure is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.audit import audit
from rebal_kit.backtest import backtest
from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import Account, Household, Security
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import LedgerError
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.sources.load import load_market
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import random_market

ACCOUNTS = (
    Account("A", "Ann", "taxable", opening_value=400_000.0),
    Account("B", "Bob", "taxable", opening_value=200_000.0),
    Account("I", "Ann", "ira", opening_value=100_000.0),
    Account("K", "Bob", "401k", opening_value=100_000.0),
)
SYMBOLS = ("AA", "BB", "CC", "DD")
#: Every switch is on in one of these, and off in another.
READINGS = (
    WashSaleConventions(),
    WashSaleConventions(
        count_disposed_purchases=True, spouse_basis="permanent", holding="replacement_method"
    ),
    WashSaleConventions(row_level_matching=True, parent_excluded=False, ignore_account_types=("401k",)),
    WashSaleConventions(
        ignore_lots_older_than_sold_lot=True, row_level_matching=True, count_disposed_purchases=True
    ),
)


def direct_index(conventions: WashSaleConventions) -> Household:
    """Four stocks in four accounts of two spouses; two of them are substantially identical."""
    targets = TargetAllocation([(AssetClass("stocks", dict.fromkeys(SYMBOLS, 0.25)), 1.0)])
    return Household(
        "index", ACCOUNTS, targets, TaxProfile(ordinary_income=300_000, state_rate=0.05, carryover_short=5_000),
        identical=(("AA", "BB"),), conventions=conventions,
        securities=(Security("CC", qualified_share=0.6, state_exempt=True),),
    )  # fmt: skip


def busy_run(conventions: WashSaleConventions, **policy):
    """A run full of harvests, splits, reinvested dividends and, where it may, wash sales."""
    market = random_market(11, SYMBOLS, 300)
    weekly = Threshold(ToleranceBand(relative=0.05), look="week", level="security")
    settings = {"avoid_wash_sales": False, "dividends": "reinvest", "lot_method": "hifo", **policy}
    rules = RebalancePolicy("busy", weekly, harvest=Harvest(0.01, 50.0, look=3), **settings)
    return backtest(market, direct_index(conventions), rules)


@pytest.mark.parametrize("name", ["starter", "two_million"])
@pytest.mark.parametrize("open_with", ["lots", "values"])
@pytest.mark.parametrize("policy", ["quarterly", "threshold_3pct_harvest", "tiered_harvest"])
def test_the_examples_on_real_history(name, open_with, policy):
    run = backtest(load_market("etf"), load_household(name), load_policy(policy), open_with=open_with)
    found = run.audit()
    assert found.clean, found.differences
    assert found.years == len(run.years)


@pytest.mark.parametrize("conventions", READINGS, ids=str)
@pytest.mark.parametrize("lot_method", ["hifo", "least_tax"])
def test_runs_full_of_wash_sales_under_every_reading(conventions, lot_method):
    run = busy_run(conventions, lot_method=lot_method)
    assert run.metrics["disallowed"] > 1_000
    assert (run.journal["piece"] > 1).any()  # lots cut by wash sales are sold piece by piece
    found = run.audit()
    assert found.clean, found.differences.head(20)
    assert found.sales > 50


def test_what_was_avoided_stays_avoided_in_the_replay():
    for conventions in READINGS:
        run = busy_run(conventions, avoid_wash_sales=True, dividends="cash")
        assert run.metrics["harvested"] > 0
        assert run.metrics["disallowed"] == 0.0
        assert run.audit().clean


@pytest.mark.parametrize("policy", ["quarterly_harvest", "threshold_3pct_harvest", "tiered_harvest"])
def test_nothing_is_washed_on_real_history_when_cash_for_tax_is_raised_beside_reinvested_dividends(policy):
    # Two basis points of spread make a loss of what the close alone would show as a gain.
    rules = replace(load_policy(policy), dividends="reinvest")
    run = backtest(load_market("etf"), load_household("two_million"), rules, open_with="values")
    sales = run.journal[run.journal["side"] == "sell"]
    assert (sales["reason_code"] == Reason.RAISE_TAX).any()
    assert run.metrics["disallowed"] == 0.0
    bought = run.journal[run.journal["side"] == "buy"]
    assert bought["amount"].min() > 1e-6  # what rounding leaves over is no purchase


def test_a_changed_figure_is_found_where_it_stands():
    record = busy_run(READINGS[0]).record
    sales, years = record.sales.copy(), record.years.copy()
    washed = int(np.flatnonzero(sales["disallowed"] > 1.0)[0])
    sales.loc[washed, "disallowed"] += 0.02
    years.loc[2023, "tax"] -= 1.0
    found = audit(replace(record, sales=sales, years=years)).differences
    assert found["what"].tolist() == ["sale, disallowed", "year, tax"]
    assert found["difference"].tolist() == pytest.approx([-0.02, 1.0])
    assert f"{sales.loc[washed, 'date']:%Y-%m-%d}" in found.loc[0, "where"]
    assert found.loc[1, "where"] == "2023"


def test_a_sale_that_was_left_out_is_found():
    record = busy_run(READINGS[0]).record
    found = audit(replace(record, sales=record.sales.iloc[1:]))
    assert not found.clean
    assert "sale, gain" in set(found.differences["what"])


def test_trades_that_cannot_have_happened_are_refused():
    record = busy_run(READINGS[0]).record
    without = tuple(line for line in record.transactions if line.action != "BUY" or line.symbol != "AA")
    with pytest.raises(LedgerError, match="AA"):
        audit(replace(record, transactions=without))
