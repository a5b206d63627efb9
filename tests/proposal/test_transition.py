"""A position sold down over tax years: amounts worked out by hand, budgets kept, totals that agree."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.domain import Household
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import HouseholdError, PolicyError
from rebal_kit.proposal.transition import TransitionPlan, transition_plan
from rebal_kit.rules.brackets import Carryover, year_tax
from rebal_kit.rules.law import tax_table
from rebal_kit.sources.load import load_market
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import YearToDate
from tests.proposal.sold_down import DAY, FREE, MARKET, ZERO_RATE_ENDS, appreciated, owner


def plan_of(household: Household, years: int = 2, yearly_tax: float | None = None) -> TransitionPlan:
    return transition_plan(MARKET, household, FREE, years=years, yearly_tax=yearly_tax)


def test_two_years_of_the_zero_rate_save_what_the_second_half_would_have_cost() -> None:
    """Single, wages = standard deduction: at once 49,450 of the 98,900 are taxed at 15 %; in halves none is."""
    plan = plan_of(owner())
    at_once = plan.spreads.set_index("spread").loc["all at once"]
    assert at_once["tax"] == pytest.approx(0.15 * ZERO_RATE_ENDS, abs=0.01)
    assert plan.saved == pytest.approx(7_417.50, abs=0.01)
    assert plan.tax == pytest.approx(0.0, abs=0.01)
    assert plan.by_year["long_gain"].tolist() == pytest.approx([ZERO_RATE_ENDS] * 2, abs=0.01)
    assert plan.by_year["weight"].tolist() == pytest.approx([0.5, 0.0], abs=1e-6)
    assert plan.by_year["day"].tolist() == [DAY, dt.date(2026, 1, 8)], (
        "31 days after the first: windows are closed"
    )


def test_with_nothing_to_save_all_is_sold_at_once() -> None:
    """Wages of US$ 150,000: every dollar is at 15 % and below the NIIT threshold in one year as in two."""
    plan = plan_of(owner(30_000.0, tax=TaxProfile("single", 2026, ordinary_income=150_000.0)))
    assert plan.chosen == "all at once"
    assert plan.tax == pytest.approx(4_500.0, abs=0.01)
    assert plan.by_year["tax"].tolist() == pytest.approx([4_500.0, 0.0], abs=0.01)


def test_gains_of_the_year_so_far_leave_less_room() -> None:
    """US$ 20,000 realised before: filling up leaves 29,450 for this year and the rest for the next."""
    plan = plan_of(owner(70_000.0, year_to_date=YearToDate(long=20_000.0)))
    assert plan.chosen == "fill up to the end of the 0% rate"
    assert plan.by_year["long_gain"].tolist() == pytest.approx([29_450.0, 40_550.0], abs=0.01)
    assert plan.tax == pytest.approx(0.0, abs=0.01)
    assert plan.saved == pytest.approx(0.15 * (90_000.0 - ZERO_RATE_ENDS), abs=0.01)


def test_a_year_without_room_waits_for_the_next() -> None:
    """US$ 300,000 realised before, at 15 % and the surtax: the 60,000 go to next year, 49,450 of them at 0 %."""
    plan = plan_of(owner(60_000.0, year_to_date=YearToDate(long=300_000.0)))
    assert plan.chosen == "fill up to the end of the 0% rate"
    assert plan.by_year["long_gain"].tolist() == pytest.approx([0.0, 60_000.0], abs=0.01)
    assert plan.tax == pytest.approx(0.15 * (60_000.0 - ZERO_RATE_ENDS), abs=0.01)
    assert plan.saved == pytest.approx(0.188 * 60_000.0 - plan.tax, abs=0.01)


@pytest.mark.parametrize(
    ("gain", "income", "before"),
    [(98_900.0, 16_100.0, 0.0), (150_000.0, 60_000.0, 30_000.0), (500_000.0, 120_000.0, 0.0),
     (340_000.0, 16_100.0, 20_000.0), (900_000.0, 200_000.0, 100_000.0)],
)  # fmt: skip
def test_no_split_over_two_years_costs_less(gain: float, income: float, before: float) -> None:
    """Against every split in steps of 1/400 of the gain, settled by the rule book alone."""
    tax = TaxProfile("single", 2026, ordinary_income=income)
    table, none = tax_table(tax), Carryover(0.0, 0.0, 0.0, 0.0)

    def due(long: float) -> float:
        return year_tax(table, 0.0, long, 0.0, 0.0, 0.0, none).tax

    first = np.linspace(0.0, gain, 401)
    least = min(due(before + one) - due(before) + due(gain - one) for one in first.tolist())
    plan = plan_of(owner(gain, tax=tax, year_to_date=YearToDate(long=before)))
    assert plan.tax == pytest.approx(least, abs=1.0)


def test_losses_carried_in_are_used_once() -> None:
    """US$ 40,000 carried in: two zero brackets and the loss take up 138,900 of gain, none of it is taxed."""
    tax = TaxProfile("single", 2026, ordinary_income=16_100.0, carryover_long=40_000.0)
    plan = plan_of(owner(2 * ZERO_RATE_ENDS + 40_000.0, tax=tax))
    assert plan.tax == pytest.approx(0.0, abs=0.01)
    assert plan.saved == pytest.approx(7_417.50, abs=0.01)
    assert plan.by_year["carried"].iloc[-1] == 0.0


def test_a_budget_is_kept_and_what_it_leaves_is_said() -> None:
    """At 15 % on every dollar, US$ 1,000 of tax are 6,666.67 of gain: 7,407.41 sold a year."""
    household = owner(tax=TaxProfile("single", 2026, ordinary_income=90_000.0))
    plan = plan_of(household, years=3, yearly_tax=1_000.0)
    assert plan.chosen == "US$ 1,000 of tax a year"
    assert plan.by_year["tax"].tolist() == pytest.approx([1_000.0] * 3, abs=0.01)
    assert plan.by_year["position_sold"].tolist() == pytest.approx([7_407.407] * 3, abs=0.01)
    assert np.isnan(plan.saved)
    assert "targets not reached" in repr(plan)
    assert any("79.8% of drift are left" in f.what for f in plan.findings if f.severity == "warning")


def test_a_reserve_that_no_budget_allows_is_said() -> None:
    plan = plan_of(
        owner(tax=TaxProfile("single", 2026, ordinary_income=90_000.0), min_cash=5_000.0), yearly_tax=0.0
    )
    assert plan.by_year["sold"].tolist() == [0.0, 0.0]
    words = [f"{f.where}: {f.what}" for f in plan.findings if f.severity == "warning"]
    assert any(text.startswith("year 2025: cash of Main is US$ 5,000.00 below its reserve") for text in words)


def test_a_young_gain_waits_until_it_is_long_term() -> None:
    """Bought in April 2025: long-term from April 2026, so that of three years only the last may sell it."""
    plan = plan_of(owner(20_000.0, acquired=dt.date(2025, 4, 1)), years=3)
    assert plan.by_year["short_gain"].tolist() == [0.0, 0.0, 0.0]
    assert plan.by_year["long_gain"].tolist() == pytest.approx([0.0, 0.0, 20_000.0])
    assert plan.tax == pytest.approx(0.0, abs=0.01)
    at_once = plan.spreads.set_index("spread").loc["all at once", "tax"]
    assert at_once == pytest.approx(0.10 * 12_400.0 + 0.12 * 7_600.0, abs=0.01)


def test_what_the_wait_risks() -> None:
    plan = plan_of(owner())
    returns = np.diff(np.log([100.0, 101.0, 99.0, 100.0, 100.0, 100.0]))
    assert plan.volatility == pytest.approx(returns.std(ddof=1) * np.sqrt(252))
    assert plan.by_year["at_risk"].tolist() == pytest.approx(
        (plan.by_year["position"] * plan.volatility).tolist()
    )


@pytest.fixture(scope="module")
def large() -> TransitionPlan:
    policy = load_policy("threshold_3pct_harvest")
    return transition_plan(load_market("etf"), appreciated(0.3, taxable_only=True), policy, years=3)


def test_totals_agree(large: TransitionPlan) -> None:
    for name, years in large.years.groupby("spread"):
        row = large.spreads.set_index("spread").loc[str(name)]
        for column in ("tax", "cost"):
            assert row[column] == pytest.approx(years[column].sum())
        assert row["gain"] == pytest.approx((years["short_gain"] + years["long_gain"]).sum())
        assert row["drift"] == years["drift"].iloc[-1]
    sales = large.trades[large.trades["side"] == "sell"]
    by_year = large.by_year.set_index("year")
    assert sales.groupby("year")["amount"].sum().to_dict() == pytest.approx(by_year["sold"].to_dict())
    mine = sales[sales["symbol"] == large.symbol].groupby("year")["amount"].sum()
    assert mine.to_dict() == pytest.approx(by_year["position_sold"].to_dict())
    gains = sales.groupby("year")["gain"].sum()
    assert gains.to_dict() == pytest.approx(
        (by_year["short_gain"] + by_year["long_gain"]).to_dict(), abs=0.01
    )


def test_the_chosen_way_reaches_the_targets_for_the_least_tax(large: TransitionPlan) -> None:
    reached = large.spreads[large.spreads["reached"]].set_index("spread")
    assert large.symbol == "SPY"
    assert large.tax == pytest.approx(reached["tax"].min())
    assert reached.loc[large.chosen, "drift"] < 1e-3
    assert (np.diff(large.by_year["weight"]) < 0.0).all()


def test_assumptions_are_stated(large: TransitionPlan) -> None:
    said = " ".join(str(f) for f in large.findings)
    for words in ("no growth, no dividends", "law of 2026", "all wash-sale windows closed", "1 of 6"):
        assert words in said


def test_a_position_can_be_named() -> None:
    market = load_market("etf")
    plan = transition_plan(
        market, appreciated(taxable_only=True), load_policy("threshold_3pct"), years=1, symbol="GLD"
    )
    assert plan.symbol == "GLD"
    assert plan.by_year["position_sold"].iloc[0] > 0.0


def test_what_is_asked_is_checked() -> None:
    with pytest.raises(PolicyError, match="years"):
        plan_of(owner(), years=0)
    with pytest.raises(PolicyError, match="yearly_tax"):
        plan_of(owner(), yearly_tax=-1.0)
    with pytest.raises(HouseholdError, match="no taxable account holds 'FUND' — use STOCK"):
        transition_plan(MARKET, owner(), FREE, symbol="FUND")
    at_a_loss = replace(owner().accounts[0].lots[0], basis=1e6)
    loser = replace(owner(), accounts=(replace(owner().accounts[0], lots=(at_a_loss,)),))
    with pytest.raises(HouseholdError, match="there is no tax to spread"):
        plan_of(loser)
