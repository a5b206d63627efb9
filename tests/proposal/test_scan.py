"""What a scan says of a household worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.domain import TaxLot
from rebal_kit.findings import MarketError
from rebal_kit.flows import CashFlow
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.proposal.scan import scan
from rebal_kit.reasons import Reason
from rebal_kit.to_date import LossSale, YearToDate
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.proposal.scanned import BAND, DAY, POLICY, row, said, scanned, small_household, small_market


def test_drift_of_a_class_against_its_band() -> None:
    found = scanned()
    stocks, bonds, cash = found.classes.to_dict("records")
    # 25,000 of 35,000 US$ against 60 %.
    assert stocks["weight"] == pytest.approx(25 / 35)
    assert stocks["drift"] == pytest.approx(100 * (25 / 35 - 0.6))
    assert (stocks["lower"], stocks["upper"]) == pytest.approx((0.55, 0.65))
    assert (stocks["status"], stocks["rule"], stocks["looks_today"], stocks["fires"]) == (
        "above", "threshold", True, True,
    )  # fmt: skip
    assert (bonds["status"], bonds["fires"]) == ("below", True)
    assert (cash["class"], cash["weight"], cash["status"], cash["fires"]) == ("cash", 0.0, "inside", False)
    assert found.is_due
    assert said(found.due, "class 'Stocks'", "71.43%", "11.43 points above", "55.0% to 65.0%")
    assert said(found.due, "class 'BND'", "28.57%", "below")


def test_securities_with_their_partners_and_holdings_outside_the_targets() -> None:
    partner = TaxLot("X1", "STX", 20.0, 1_000.0, dt.date(2020, 1, 2))
    policy = replace(POLICY, triggers=(Threshold(ToleranceBand(absolute=0.02), level="security"),))
    found = scanned(policy, taxable=(partner,))
    stocks = row(found.securities, symbol="STK")
    assert (stocks["class"], stocks["held_as"], stocks["value"]) == ("Stocks", "STK, STX", 26_000.0)
    assert stocks["weight"] == pytest.approx(26 / 36)
    assert (stocks["lower"], stocks["upper"], stocks["status"]) == (
        pytest.approx(0.58), pytest.approx(0.62), "above",
    )  # fmt: skip
    assert row(found.classes, **{"class": "Stocks"})["status"] == "no band"
    assert row(found.classes, **{"class": "Stocks"})["fires"]


def test_a_holding_outside_the_targets_is_listed() -> None:
    home = small_household()
    only_bonds = replace(home, targets=rk.TargetAllocation({"BND": 1.0}))
    found = scan(small_market(), only_bonds, replace(POLICY, harvest=None))
    assert row(found.securities, symbol="STK")["status"] == "outside the targets"
    assert row(found.securities, symbol="STK")["value"] == 25_000.0


def test_lots_with_gain_term_and_days_to_long_term() -> None:
    lots = scanned().lots
    short, long, bonds = (row(lots, lot=name) for name in ("S1", "S2", "B1"))
    assert (short["basis"], short["value"], short["gain"], short["term"]) == (
        12_000.0, 10_000.0, -2_000.0, "short",
    )  # fmt: skip
    # From 1 March to 16 June, the anniversary of the day after 15 June 2023.
    assert (short["long_from"], short["days_to_long"]) == (dt.date(2024, 6, 16), 107)
    assert (long["gain"], long["term"], long["days_to_long"]) == (1_000.0, "long", 0)
    assert (bonds["gain"], bonds["days_to_long"], bonds["long_from"]) == (100.0, 4, dt.date(2024, 3, 5))
    assert (short["taxed"], row(lots, lot="I1")["taxed"]) == (True, False)


def test_the_tax_saved_by_a_harvest() -> None:
    found = scanned()
    loss = row(found.harvest, lot="S1")
    # Sold at 99.90 net: 2,010 US$ of short-term loss at 40 %; both ways of 9,990 US$ cost 0.1 % each.
    assert loss["loss"] == pytest.approx(2_010.0)
    assert loss["cost"] == pytest.approx(19.98)
    assert loss["tax_saved"] == pytest.approx(0.40 * 2_010.0 - 19.98)
    assert loss["this_year"] == pytest.approx(0.40 * 2_010.0)
    assert (loss["replacement"], loss["why_not"], loss["until"]) == ("STX", "", None)
    together = found.harvestable
    assert together.lots == 1
    assert (together.loss, together.cost, together.tax_saved, together.this_year, together.carried_over) == (
        pytest.approx((2_010.0, 19.98, 784.02, 804.0, 0.0))
    )  # fmt: skip
    assert said(found.due, "harvest", "1 lot", "US$ 784 of tax saved")


def test_losses_together_are_worth_what_the_years_return_can_use() -> None:
    # Two losses of 2,010 and 4,020 US$: 3,000 are deducted at 40 %, 3,030 carried over.
    other = TaxLot("S3", "STK", 200.0, 24_000.0, dt.date(2023, 6, 20))
    found = scanned(taxable=(other,))
    assert found.harvestable.lots == 2
    assert found.harvestable.this_year == pytest.approx(0.40 * 3_000.0)
    assert found.harvestable.carried_over == pytest.approx(3_030.0)
    assert row(found.harvest, lot="S3")["this_year"] == pytest.approx(1_200.0)
    assert row(found.harvest, lot="S3")["tax_saved"] == pytest.approx(0.40 * 4_020.0 - 39.96)


@pytest.mark.parametrize(
    ("bought", "washes"), [("2024-01-30", False), ("2024-01-31", True), ("2024-03-01", True)]
)
def test_a_purchase_within_thirty_days_stands_in_the_way(bought: str, washes: bool) -> None:
    found = scanned(in_ira=bought)
    loss = row(found.harvest, lot="S1")
    until = dt.date.fromisoformat(bought) + dt.timedelta(days=30)
    if washes:
        assert (loss["why_not"], loss["until"]) == (Reason.WASH_WINDOW_SALE.sentence, until)
        assert row(found.windows, symbol="STK", account="Main")["until"] == until
    else:
        assert loss["why_not"] == ""
        assert "STK" not in set(found.windows["symbol"])
    assert found.harvestable.lots == (not washes)


def test_the_rest_of_its_own_purchase_does_not_lengthen_a_lots_window() -> None:
    late = TaxLot("S4", "STK", 100.0, 12_000.0, dt.date(2024, 2, 20))
    found = scanned(in_ira="2024-02-10", taxable=(late,))
    # For the late lot only the purchase in the IRA counts; for the others the late lot counts too.
    assert row(found.harvest, lot="S4")["until"] == dt.date(2024, 3, 11)
    assert row(found.harvest, lot="S1")["until"] == dt.date(2024, 3, 21)


@pytest.mark.parametrize(("sold", "blocked"), [("2024-01-30", False), ("2024-01-31", True)])
def test_a_partner_sold_at_a_loss_is_no_replacement_for_thirty_days(sold: str, blocked: bool) -> None:
    sale = LossSale("IRA", "STX", dt.date.fromisoformat(sold), 10.0, 100.0)
    found = scanned(loss_sales=(sale,))
    loss = row(found.harvest, lot="S1")
    if blocked:
        assert (loss["why_not"], loss["until"]) == (Reason.NO_REPLACEMENT.sentence, DAY)
        window = row(found.windows, symbol="STX")
        assert (window["until"], window["account"]) == (DAY, "")
        assert "US$ 100 on 2024-01-31" in window["why"]
    else:
        assert (loss["why_not"], len(found.windows)) == ("", 0)


@pytest.mark.parametrize(
    ("policy", "household", "why"),
    [
        (POLICY, {"do_not_sell": ("STK",)}, Reason.RESTRICTED.sentence),
        (POLICY, {"do_not_buy": ("STX",)}, Reason.NO_REPLACEMENT.sentence),
        (replace(POLICY, harvest=Harvest(min_tax_saved_usd=800.0)), {}, "loss not taken: it saves less than US$ 800"),
        (replace(POLICY, min_trade_usd=10_000.0), {}, Reason.BELOW_MINIMUM.sentence),
    ],
)  # fmt: skip
def test_what_else_stands_in_the_way(policy: RebalancePolicy, household: dict[str, Any], why: str) -> None:
    found = scanned(policy, **household)
    assert row(found.harvest, lot="S1")["why_not"] == why
    assert not found.harvestable.lots
    assert not said(found.due, "can be harvested")


def test_without_a_harvest_in_the_policy_candidates_are_said_and_not_due() -> None:
    found = scanned(replace(POLICY, harvest=None, triggers=()))
    assert list(found.harvest["lot"]) == ["S1"]
    assert said(found.findings, "harvests nothing", "US$ 500 and 5 %")
    assert not said(found.due, "harvest")
    assert found.next_look is None
    assert not found.is_due


def test_the_tax_year_and_what_is_left_of_the_loss_limit() -> None:
    tax = replace(small_household().tax, carryover_short=500.0, carryover_long=1_000.0)
    found = scanned(tax=tax, year_to_date=YearToDate(short=-200.0, long=700.0, qualified=50.0))
    year = found.year
    assert (year["carried_short"], year["carried_long"]) == (500.0, 1_000.0)
    assert (year["realised_short"], year["realised_long"], year["qualified"]) == (-200.0, 700.0, 50.0)
    assert year["net_gain"] == pytest.approx(-1_000.0)
    assert (year["loss_limit"], year["loss_deducted"], year["loss_limit_left"]) == pytest.approx(
        (3_000.0, 1_000.0, 2_000.0)
    )  # fmt: skip
    # 1,000 more of loss than gain is deducted on the whole return as on the one without the portfolio (1,500).
    assert year["tax"] == pytest.approx(0.20 * 50.0 + 0.40 * (1_500.0 - 1_000.0))


def test_idle_cash_and_a_reserve_that_is_short() -> None:
    home = small_household()
    main = replace(home.accounts[0], cash=1_000.0)
    idle = scan(small_market(), replace(home, accounts=(main, home.accounts[1])), POLICY)
    assert said(idle.due, "cash", "US$ 1,000.00 is idle", "1.0%")
    main = replace(home.accounts[0], cash=100.0, min_cash=250.0)
    short = scan(small_market(), replace(home, accounts=(main, home.accounts[1])), POLICY)
    assert said(short.due, "account 'Main'", "US$ 150.00 short of its reserve of US$ 250.00")
    waits = replace(POLICY, triggers=(Calendar("year"),), harvest=None)
    later = scan(small_market(), replace(home, accounts=(main, home.accounts[1])), waits)
    assert not later.is_due
    assert said(later.findings, "short of its reserve", "restored when a rule looks")


def test_flows_and_taxes_of_the_day() -> None:
    flows = (CashFlow(-400.0, on=DAY), CashFlow(300.0, "Main", on=DAY))
    found = scanned(as_of=dt.date(2024, 2, 29), flows=flows)
    assert said(found.due, "any account", "withdrawal of US$ 400.00")
    assert said(found.due, "Main", "deposit of US$ 300.00")
    already = scanned(flows=flows)
    assert said(already.due, "withdrawal of US$ 400.00 (any account)", "taken to be in the cash already")


def test_income_tax_that_is_due() -> None:
    dates = ("2024-04-12", "2024-04-15")
    home = small_household(as_of=dt.date(2024, 4, 12), year_to_date=YearToDate(tax_owed=1_234.5))
    market = rk.Market.from_close(
        pd.DataFrame({"STK": 100.0, "STX": 50.0, "BND": 50.0}, index=pd.DatetimeIndex(dates))
    )
    found = scan(market, home, POLICY)
    assert said(found.due, "US$ 1,234.50 of income tax of 2023 is due on 2024-04-15")


def test_lots_that_turn_long_term_soon() -> None:
    found = scanned(replace(POLICY, triggers=(), harvest=None))
    assert said(found.due, "1 lot with US$ 100 of short-term gains turns long-term on 2024-03-05")
    assert not found.is_due  # a note: there is nothing to be done but to wait
    near = TaxLot("S4", "STK", 100.0, 12_000.0, dt.date(2023, 3, 30))
    weekly = replace(POLICY, triggers=(), harvest=Harvest(look="month"))
    losing = scanned(weekly, taxable=(near,), as_of=dt.date(2024, 2, 28))
    assert said(losing.due, "1 lot with US$ 2,000 of short-term losses turns long-term on 2024-03-31")
    assert losing.is_due
    far = replace(near, acquired=dt.date(2023, 3, 31))  # 31 days to 1 April
    assert not said(scanned(weekly, taxable=(far,)).due, "short-term losses")


def test_what_waits_for_a_rule_to_look() -> None:
    found = scanned(replace(POLICY, triggers=(Threshold(BAND.band, look="quarter"),), harvest=None))
    stocks = row(found.classes, **{"class": "Stocks"})
    assert (stocks["status"], stocks["looks_today"], stocks["fires"]) == ("above", False, False)
    assert found.next_look == dt.date(2024, 4, 1)
    assert not found.is_due
    assert said(
        found.findings, "none of policy 'five points' looks on 2024-03-01; the next looks on 2024-04-01"
    )


def test_a_calendar_rule_on_its_day() -> None:
    found = scanned(replace(POLICY, triggers=(Calendar("month"),), harvest=None))
    assert found.is_due
    assert said(found.due, "class 'Stocks'", "scheduled rebalancing date")
    assert row(found.classes, **{"class": "Stocks"})["status"] == "no band"
    assert np.isnan(row(found.classes, **{"class": "Stocks"})["upper"])
    assert found.next_look == dt.date(2024, 4, 1)


def test_accounts_that_decide_alone_are_held_against_the_targets_alone() -> None:
    found = scanned(replace(POLICY, coordinate=False))
    main = row(found.classes, account="Main", **{"class": "Stocks"})
    assert (main["weight"], main["status"]) == (pytest.approx(0.6), "inside")
    ira = row(found.classes, account="IRA", **{"class": "Stocks"})
    assert (ira["weight"], ira["status"], ira["fires"]) == (1.0, "above", True)
    assert said(found.due, "account 'IRA', Stocks")
    assert not said(found.due, "account 'Main'")


def test_an_incomplete_household_says_so() -> None:
    found = scan(small_market(), replace(small_household(), complete=False), POLICY)
    assert said(found.findings, "outside accounts are unknown")


def test_it_prints_as_what_it_says() -> None:
    assert repr(scanned()) == "<Scan of 'test' on 2024-03-01 under 'five points': something is due>"


def test_today_must_be_a_date() -> None:
    with pytest.raises(MarketError, match="today is 'soon'"):
        scan(small_market(), small_household(), POLICY, today="soon")


def test_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    from rebal_kit.proposal.day import Day

    def never(self: Day) -> None:
        raise AssertionError("a scan must not run the day's decision")

    monkeypatch.setattr(Day, "run", never)
    scanned()
