"""Tax is paid in April from taxable cash; what is sold for it, and what happens when it cannot be paid."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.worlds import account, household_of, market_of


def cents(value: float) -> float:
    return pytest.approx(value, abs=0.005)


@pytest.mark.parametrize("bps", [0.0, 20.0])
def test_tax_larger_than_cash_is_raised_from_taxable_accounts_only(bps: float) -> None:
    market = market_of(
        {"A": [10, 20, 22, 22], "B": [10, 10, 10, 10]},
        ["2024-01-02", "2024-07-01", "2025-01-02", "2025-04-15"],
    )
    accounts = (account(value=1000.0), account("IRA", AccountKind.IRA, value=100.0))
    household = household_of({"A": 0.5, "B": 0.5}, *accounts, tax=TaxProfile(flat=(0.40, 0.20, 0.20)))
    run = backtest(market, household, RebalancePolicy("q", Calendar("half-year"), costs=Costs(bps)))
    raised = run.journal[run.journal["reason_code"] == Reason.RAISE_TAX]
    owed = run.years["tax"].iloc[0]
    assert owed > 30
    assert set(raised["account"]) == {"Main"}
    assert (raised["amount"] - raised["cost"]).sum() == cents(owed)
    assert run.daily["tax_paid"].tolist() == [0.0, 0.0, 0.0, cents(owed)]
    # What the sale for the tax gained is taxed a year later.
    assert run.metrics["tax_accrued"] == cents(run.years["tax"].iloc[1])
    gains = run.journal.groupby(run.journal["date"].dt.year)["recognized"].sum()
    assert (run.years["short"] + run.years["long"]).tolist() == [cents(gain) for gain in gains]


def test_tax_is_raised_from_whatever_taxable_accounts_hold() -> None:
    """One class of two shares, each half of it: the taxable account has only one of them, and that pays all."""
    mine = TaxLot("1", "A", 100, 500.0, dt.date(2020, 1, 2))
    retirement = TaxLot("2", "B", 100, 1000.0, dt.date(2020, 1, 2))
    market = market_of(
        {"A": [10, 10, 10], "B": [10, 10, 10]}, ["2024-12-30", "2025-04-15", "2025-04-16"],
        dividend={"A": {"2024-12-30": 2.0}},
    )  # fmt: skip
    household = household_of(
        {AssetClass("all", {"A": 0.5, "B": 0.5}): 1.0}, account(lots=(mine,)),
        account("IRA", AccountKind.IRA, lots=(retirement,)), tax=TaxProfile(flat=(0.5, 0.5, 0.5)),
    )  # fmt: skip
    run = backtest(market, household, RebalancePolicy(triggers=(), dividends="reinvest"))
    # $200 of dividends were reinvested; half of them is due in April, and there is no cash.
    assert run.years["tax"].iloc[0] == cents(100.0)
    assert run.daily["tax_paid"].tolist() == [0.0, cents(100.0), 0.0]
    sold = run.journal[run.journal["side"] == "sell"]
    assert set(sold["symbol"]) == {"A"}
    assert set(sold["account"]) == {"Main"}
    assert sold["amount"].sum() == cents(100.0)


def test_tax_is_paid_below_the_smallest_order_and_of_guarded_gains() -> None:
    market = market_of(
        {"A": [10, 10, 10]}, ["2024-12-30", "2025-04-15", "2025-04-16"], dividend={"A": {"2024-12-30": 2.0}}
    )
    lot = TaxLot("1", "A", 100, 500.0, dt.date(2024, 5, 2))
    household = household_of({"A": 1.0}, account(lots=(lot,)), tax=TaxProfile(flat=(0.3, 0.15, 0.5)))
    policy = RebalancePolicy(triggers=(), dividends="reinvest", min_trade_usd=5000.0, gain_guard_days=60)
    run = backtest(market, household, policy)
    # $200 of dividends, $100 of tax: 10 shares go although the order is small and their lot turns long-term in May.
    # The reinvested 20 shares are at cost and go first.
    assert run.metrics["tax_paid"] == cents(100.0)
    sold = run.journal[run.journal["side"] == "sell"]
    assert sold["quantity"].tolist() == [10.0]
    assert sold["basis"].tolist() == [100.0]


def test_tax_that_cannot_be_paid_stays_owed_is_said_and_asked_for_again() -> None:
    # The dividend's tax falls due while A has no price: nothing can be sold until the next year's due date.
    dates = ["2024-12-30", "2025-04-15", "2025-04-16", "2026-04-15"]
    market = market_of({"A": [10, np.nan, 10, 10]}, dates, dividend={"A": {"2024-12-30": 2.0}})
    lot = TaxLot("1", "A", 100, 1000.0, dt.date(2020, 1, 2))
    household = household_of({"A": 1.0}, account(lots=(lot,)), tax=TaxProfile(flat=(0.3, 0.15, 0.5)))
    policy = RebalancePolicy(triggers=(), dividends="reinvest")
    short = backtest(market, household, policy, end="2025-04-16")
    assert short.metrics["tax_paid"] == 0.0
    assert short.metrics["tax_accrued"] == cents(100.0)
    assert short.metrics["value_after_tax"] == cents(1_200.0 - 100.0)
    owing = [f for f in short.assumptions if "could not be paid" in f.what]
    assert [f.what for f in owing] == ["US$ 100.00 of tax could not be paid when due and is still owed"]
    whole = backtest(market, household, policy)
    assert whole.daily["tax_paid"].iloc[-1] == cents(100.0)
    assert whole.metrics["tax_accrued"] == cents(0.0)
    assert not [f for f in whole.assumptions if "could not be paid" in f.what]


def test_no_tax_year_is_lost_where_the_history_has_a_gap() -> None:
    # No session between December 2000 and May 2002: the tax of 2000 and of 2001 falls due on one day.
    dates = ["2000-06-01", "2000-12-14", "2002-05-01", "2002-05-02"]
    market = market_of({"A": [10, 20, 20, 20], "B": [10, 10, 10, 10]}, dates)
    policy = RebalancePolicy(triggers=Threshold(ToleranceBand(absolute=0.05)))
    household = household_of({"A": 0.5, "B": 0.5}, tax=TaxProfile(flat=(0.4, 0.2, 0.2)))
    run = backtest(market, household, policy)
    gain = run.years.loc[2000, "short"]
    assert gain > 0
    assert run.metrics["tax_paid"] == cents(0.4 * gain)
    assert run.years["tax"].tolist() == [cents(0.4 * gain), 0.0, cents(0.4 * run.years.loc[2002, "short"])]
