"""prepare(): what fits together is encoded, what does not is said; every result states what it assumes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.assumptions import coverage
from rebal_kit.backtest import backtest
from rebal_kit.domain import AccountKind, Household, TaxLot
from rebal_kit.files.household import load_household
from rebal_kit.findings import HouseholdError, LawError, MarketError, PolicyError, RebalError, SimulationError
from rebal_kit.policy import BUY_AND_HOLD, RebalancePolicy
from rebal_kit.rules.law import tax_table
from rebal_kit.run import METRICS, Setting, prepare
from rebal_kit.sources.load import load_market
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar
from tests.worlds import account, household_of, market_of, random_market

MARKET = market_of({"A": [10, 11, 12, 13], "B": [20, 20, 21, 22], "C": [5, 5, 5, 5]})
LOT = TaxLot("L1", "A", 10, 95.0, dt.date(2023, 5, 1))


def said(error: type[RebalError], household: Household, market=MARKET, **choices) -> list[str]:
    """The message of each finding."""
    with pytest.raises(error) as caught:
        prepare(market, household, **choices)
    assert str(caught.value).splitlines() == [str(finding) for finding in caught.value.findings]
    return [str(finding) for finding in caught.value.findings]


def test_a_household_needs_accounts_targets_and_money() -> None:
    assert said(HouseholdError, Household("empty", (), TargetAllocation({"A": 1.0}))) == [
        "household 'empty': has no accounts — give at least one"
    ]
    assert said(HouseholdError, household_of({}, account(value=0.0))) == [
        "household 'test': has no targets — give target weights of asset classes",
        "household 'test': has nothing to invest — give cash, lots or opening values",
    ]
    assert said(HouseholdError, household_of({"A": 1.0}, account())) == [
        "household 'test': has nothing to invest — give cash, lots or opening values"
    ]


def test_every_account_needs_an_opening_value_to_open_with_values() -> None:
    household = household_of({"A": 1.0}, account(value=5.0), account("Second"))
    assert said(HouseholdError, household, open_with="values") == [
        "household 'test': account 'Second' has no opening_value — give one, or open with lots",
    ]


def test_the_front_door_says_what_it_wants() -> None:
    with pytest.raises(MarketError, match=r"market: is 'etf' — give a Market: load_market\('etf'\)"):
        prepare("etf", household_of({"A": 1.0}))
    with pytest.raises(HouseholdError, match=r"household: is 'starter' — give a Household"):
        prepare(MARKET, "starter")
    with pytest.raises(MarketError, match=r"market: is Household\(.{1,40} — give a Market"):
        prepare(household_of({"A": 1.0}), MARKET)
    with pytest.raises(
        PolicyError, match=r"policy: 'quarterly' is no policy — give RebalancePolicy values: load_p"
    ):
        prepare(MARKET, household_of({"A": 1.0})).plan("quarterly")
    with pytest.raises(MarketError) as caught:
        prepare(MARKET, household_of({"A": 1.0}), start="yesterday", end=object)
    assert [f.where for f in caught.value.findings] == ["start", "end"]


def test_holdings_outside_the_targets_are_said() -> None:
    lots = (LOT, TaxLot("9", "B", 5, 50.0, dt.date(2020, 1, 2)))
    notes = {f.where: f for f in coverage(prepare(MARKET, household_of({"A": 1.0}, account(lots=lots))))}
    assert notes["targets"].severity == "warning"
    assert notes["targets"].what.startswith("B (US$ 100 at the opening) is in no asset class")


def test_open_with_is_one_of_two() -> None:
    assert said(HouseholdError, household_of({"A": 1.0}), open_with="money") == [
        "household 'test': open_with is 'money' — use 'lots' or 'values'"
    ]


def test_every_security_of_targets_and_lots_must_have_prices() -> None:
    household = household_of({"A": 0.5, "X": 0.3, "Y": 0.2}, account(value=1.0))
    assert said(MarketError, household) == [
        "market 'hand-made': has no X, Y — choose a market that has them, or change the household; it has A, B, C"
    ]
    stray = TaxLot("L2", "Z", 1, 1.0, dt.date(2020, 1, 2))
    lots = household_of({"A": 1.0}, account(cash=1.0, lots=(stray,)))
    assert said(MarketError, lots)[0].startswith("market 'hand-made': has no Z — ")


def test_the_period_must_lie_inside_every_history() -> None:
    market = market_of({"A": [1, 2, 3, 4], "B": [np.nan, 2, 3, np.nan]})
    household = household_of({"A": 0.5, "B": 0.5})
    assert said(MarketError, household, market, start="2024-01-02", end="2024-01-04") == [
        (
            "market 'hand-made': B has prices from 2024-01-03 to 2024-01-04, the run is from 2024-01-02 to 2024-01-04"
            " — choose start and end inside its history"
        )
    ]
    assert "B has prices on no session" in said(MarketError, household, market, start="2024-01-05")[0]
    assert said(MarketError, household, start="2030-01-01", market=MARKET) == [
        "market 'hand-made': has no session from 2030-01-01 to 2024-01-05 — it runs from 2024-01-02 to 2024-01-05"
    ]
    never = market_of({"A": [1, 2, np.nan, np.nan], "B": [np.nan, np.nan, 3, 4]})
    assert said(MarketError, household, never) == [
        "market 'hand-made': no session has a price for all of A, B — choose securities whose histories overlap"
    ]


def test_a_run_starts_where_everything_has_a_price_and_not_before_the_lots() -> None:
    market = market_of({"A": [1, 2, 3, 4], "B": [np.nan, 2, 3, 4]})
    assert prepare(market, household_of({"A": 0.5, "B": 0.5})).market.dates[0] == np.datetime64("2024-01-03")
    later = household_of({"A": 1.0}, account(cash=5.0, lots=(LOT,)), as_of=dt.date(2024, 1, 4))
    setting = prepare(market, later)
    assert setting.market.dates[0] == np.datetime64("2024-01-04")
    assert setting.opened_with == "lots"


def test_a_lot_must_be_bought_before_the_run_starts() -> None:
    late = TaxLot("L9", "A", 10, 95.0, dt.date(2024, 1, 3))
    household = household_of({"A": 1.0}, account(lots=(LOT, late)))
    assert said(HouseholdError, household, start="2024-01-02") == [
        (
            "account 'Main', lot 'L9': acquired 2024-01-03, after the first session 2024-01-02"
            " — start later, or open with account values"
        )
    ]
    assert prepare(MARKET, household, start="2024-01-03").market.dates[0] == np.datetime64("2024-01-03")


def test_an_unknown_law_year_is_refused() -> None:
    household = household_of({"A": 1.0}, tax=TaxProfile(law_year=1999))
    assert said(LawError, household) == ["law year: 1999 is not known — use 2024, 2025, 2026"]


def test_opening_with_lots_or_values_is_chosen_by_what_every_account_has() -> None:
    both = account(value=100.0, cash=1.0, lots=(LOT,))
    assert prepare(MARKET, household_of({"A": 1.0}, both)).opened_with == "values"
    assert prepare(MARKET, household_of({"A": 1.0}, both, account("Second", cash=3.0))).opened_with == "lots"
    run = backtest(MARKET, household_of({"A": 1.0}, both), RebalancePolicy(triggers=()), open_with="lots")
    assert run.daily["value"].iloc[0] == pytest.approx(10 * 10 + 1)
    assert list(run.setting.opening_positions) == [10.0]


def test_more_lots_than_any_room_holds_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = prepare(MARKET, household_of({"A": 0.5, "B": 0.5}))
    monkeypatch.setattr(Setting, "run", lambda *_: 1)  # LOTS_FULL, whatever the room
    monkeypatch.setattr(Setting, "room", lambda _, lots, losses, journal: _Sized(lots, losses, journal))
    with pytest.raises(
        SimulationError, match=r"household 'test': the run needs more than 4,096 lots .* — trade"
    ):
        setting.run_to_end(setting.plan(RebalancePolicy()), _Sized(64, 512, 0))


class _Sized:
    """A room of which only the sizes are looked at."""

    def __init__(self, lots: int, losses: int, journal: int):
        self.ledger = type(
            "L", (), {"lots": np.empty((1, 1, lots), bool), "losses": np.empty((2, losses), bool)}
        )
        self.tape = type("T", (), {"journal": range(journal)})


def test_the_target_mix_is_held_exactly_and_its_dividends_count() -> None:
    market = market_of(
        {"A": [10, 11, 6], "B": [20, 20, 22]},
        dividend={"A": {"2024-01-03": 1.0}},
        split={"A": {"2024-01-04": 2.0}},
    )
    setting = prepare(market, household_of({"A": 0.6, "B": 0.3}))
    # Day 2: A gives (11 + 1)/10 − 1 = 20 %. Day 3: two shares of 6 for one of 11, 1/11; B 10 %. A tenth is cash.
    assert setting.target_returns == pytest.approx([0.0, 0.6 * 0.2, 0.6 / 11 + 0.3 * 0.1])


def test_results_state_data_period_law_and_what_is_not_known() -> None:
    household = household_of({"A": 1.0}, tax=TaxProfile("single", 2025, 90_000, state_rate=0.05))
    notes = {f.where: f for f in coverage(prepare(MARKET, household))}
    assert notes["period"].what == "2024-01-02 to 2024-01-05, 4 sessions"
    assert "income" not in notes
    (idle,) = [
        f
        for f in coverage(prepare(MARKET, household_of({"A": 1.0}, tax=TaxProfile())))
        if f.where == "income"
    ]
    assert (idle.severity, idle.what[:24]) == ("warning", "ordinary income is US$ 0")
    one_day = coverage(prepare(MARKET, household, end="2024-01-02"))
    assert "2024-01-02 to 2024-01-02, 1 session" in [f.what for f in one_day]
    assert notes["law"].what == (
        "US federal law of 2025 applied to every year; single, ordinary income US$ 90,000; state rate 5.0%"
    )
    assert notes["opening"].what == "account values invested at target at the first session's close"
    assert "coverage" not in notes
    assert "tax" not in notes
    ira = household_of({"A": 1.0}, account("IRA", AccountKind.IRA, cash=9.0), tax=TaxProfile.untaxed())
    notes = {
        f.where: f for f in coverage(prepare(MARKET, Household("h", ira.accounts, ira.targets, ira.tax)))
    }
    assert notes["opening"].what == "lots and cash as given"
    assert "flat rates (0.0, 0.0, 0.0)" in notes["law"].what
    assert notes["coverage"].severity == "warning"
    assert "outside accounts unknown" in notes["coverage"].what
    assert "no taxable account" in notes["tax"].what


def test_measures_come_in_the_order_of_their_list() -> None:
    run = backtest(MARKET, household_of({"A": 0.5, "B": 0.5}), RebalancePolicy("q", Calendar("month")))
    assert tuple(run.metrics) == METRICS
    assert all(isinstance(value, float) for value in run.metrics.values())


def test_risk_of_weekly_prices_is_a_years_and_not_five_years() -> None:
    closes, weeks = [100.0, 110.0, 99.0, 108.9, 98.01], ["01-05", "01-12", "01-19", "01-26", "02-02"]
    market = market_of({"A": closes}, [f"2024-{day}" for day in weeks])
    run = backtest(market, household_of({"A": 1.0}), BUY_AND_HOLD)
    # Returns +10 %, −10 %, +10 %, −10 % a week.
    assert run.metrics["volatility"] == pytest.approx((0.04 / 3 * 365.25 / 7) ** 0.5)
    assert run.metrics["tracking_error"] == pytest.approx(0.0, abs=1e-9)


def test_location_ranks_are_derived_where_the_targets_ask_for_it() -> None:
    household = load_household("two_million")
    auto = replace(household, targets=TargetAllocation(household.targets.weights, "auto"))
    market = load_market("etf")
    given, derived = prepare(market, household), prepare(market, auto)
    assert given.location is None
    assert derived.location is not None
    assert dict(derived.location.ranks)["Treasuries"] == (2, 1, 3)
    assert derived.structure.location.tolist() == [list(ranks) for _, ranks in derived.location.ranks]
    said = [str(finding) for finding in coverage(derived)]
    assert all(str(finding) in said for finding in derived.location.findings)


def test_another_tax_profile_shares_all_that_does_not_depend_on_it(monkeypatch) -> None:
    market = random_market(5, ("A", "B", "C"), 700)
    setting = prepare(market, household_of({"A": 0.5, "B": 0.5}))
    shared = {name: getattr(setting, name) for name in ("nearest", "liquidity", "unrest", "target_returns")}
    profile = TaxProfile(ordinary_income=300_000.0)
    other = setting.taxed(profile)
    assert all(other.__dict__[name] is found for name, found in shared.items())
    assert other.structure is setting.structure
    straight = prepare(market, household_of({"A": 0.5, "B": 0.5}, tax=profile))
    assert (other.household, other.opened_with) == (straight.household, straight.opened_with)
    for one, also in ((other.table, straight.table), (other.prices, straight.prices)):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, also, strict=True))

    def due_in_june(tax: TaxProfile):
        return tax_table(tax)._replace(due_month=6, due_day=15)

    monkeypatch.setattr("rebal_kit.run.tax_table", due_in_june)
    later = setting.taxed(profile).prices.tax_due
    assert np.array_equal(later, prepare(market, straight.household).prices.tax_due)
    assert not np.array_equal(later, setting.prices.tax_due)
