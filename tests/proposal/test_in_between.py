"""Flows, tax days and looks between the household's date and the day: said and due, and never made up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import rebal_kit as rk
from rebal_kit.flows import CashFlow
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.scan import scan
from tests.proposal.scanned import said

MARKET = rk.load_market("etf")
HOME = rk.load_household("two_million")  # of 31 August 2012
HOLD = rk.load_policy("buy_and_hold")


def test_a_withdrawal_in_between_sells_nothing_and_is_due() -> None:
    home = replace(HOME, flows=(CashFlow(-50_000.0, account="Alex Taxable", on=dt.date(2012, 9, 4)),))
    looked = scan(MARKET, home, HOLD, asof="2012-09-05")
    assert looked.is_due
    assert said(
        looked.due, "a withdrawal of US$ 50,000.00 (Alex Taxable) fell on 2012-09-04", "it is not counted"
    )
    assert set(looked.lots["lot"]) == {lot.lot for lot in HOME.lots}
    assert looked.lots.set_index("lot")["quantity"].to_dict() == {lot.lot: lot.quantity for lot in HOME.lots}


def test_orders_name_lots_that_the_household_has() -> None:
    flows = (CashFlow(300_000.0, account="Alex Taxable", on=dt.date(2012, 9, 4)),
             CashFlow(-250_000.0, account="Alex Taxable", on=dt.date(2012, 9, 6)))  # fmt: skip
    found = propose(MARKET, replace(HOME, flows=flows), HOLD, asof="2012-09-06")
    assert len(found.trades)
    assert set(found.lots["lot"]) <= {lot.lot for lot in HOME.lots}


def test_a_flow_of_the_household_s_own_date_is_taken_to_be_in_the_cash() -> None:
    flows = (CashFlow(-50_000.0, account="Alex Taxable", on=dt.date(2012, 9, 10)),)
    home = replace(HOME, as_of=dt.date(2012, 9, 10), flows=flows)
    assert said(scan(MARKET, home, HOLD, asof="2012-09-10").due, "it is taken to be in the cash already")


def test_a_look_that_was_missed() -> None:
    home = replace(HOME, as_of=dt.date(2012, 9, 28))
    late = rk.Market.from_close(MARKET.frame().loc["2012-06-01":].set_axis(
        MARKET.frame().loc["2012-06-01":].index + (dt.date(2012, 10, 10) - MARKET.dates[-1].item())
    ))  # fmt: skip
    found = scan(late, home, rk.load_policy("quarterly"), asof="2012-10-05")
    assert said(found.due, "schedule: a look of 2012-10-02", "lies between the household's date 2012-09-28")


def test_losses_of_the_days_before_that_nobody_has_stated() -> None:
    found = propose(MARKET, replace(HOME, loss_sales=None), HOLD)
    assert said(found.findings, "losses realised in the 30 days before are unknown")
    assert not said(propose(MARKET, HOME, HOLD).findings, "are unknown: a purchase")


def test_a_reinvestment_plan_that_will_wash_a_loss() -> None:
    """Blair's Roth holds SPY; its broker reinvests dividends, whatever was sold at a loss elsewhere."""
    accounts = tuple(replace(a, dividends="drip") if a.name == "Blair Roth IRA" else a for a in HOME.accounts)
    policy = rk.load_policy("threshold_3pct_harvest")
    found = propose(MARKET, replace(HOME, accounts=accounts), policy, look="now").findings
    assert said(found, "account 'Blair Roth IRA': a reinvested dividend of SPY would wash part of the loss")
    assert not said(propose(MARKET, HOME, policy, look="now").findings, "a reinvested dividend")
