"""vectorbt checks the money: its Portfolio, fed our orders, has our values; fed our calendar, makes our trades."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import vectorbt as vbt

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.compiled import is_interpreted
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, TaxLot
from rebal_kit.files.household import load_household
from rebal_kit.findings import RebalError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.schedule import look_sessions
from rebal_kit.sources.load import load_market
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from rebal_kit.vectorbt_bridge import portfolio_from
from tests.worlds import account, household_of, market_of, random_market

pytestmark = pytest.mark.compiled


SAME = 1e-9
BAND = Threshold(ToleranceBand(absolute=0.02))
TAXED = TaxProfile("single", 2026, 250_000, state_rate=0.05)


def apart(run: Backtest) -> float:
    """The largest relative difference between vectorbt's value path and ours."""
    theirs = run.to_vectorbt().value()
    assert list(theirs.index) == list(run.dates)
    return float(np.abs(theirs.to_numpy() / run.daily["value"].to_numpy() - 1).max())


@pytest.mark.parametrize("opening", ["lots", "values"])
@pytest.mark.parametrize("bps", [0.0, 12.5])
def test_value_path_of_a_taxed_household_with_four_accounts(opening, bps: float) -> None:
    policy = RebalancePolicy("p", BAND, harvest=Harvest(min_loss_usd=100.0), costs=Costs(bps))
    etf, household = load_market("etf"), load_household("two_million")
    if opening == "lots":
        household = backtest(etf, household, policy, end="2007-12-31", open_with="values").closing_household
    run = backtest(etf, household, policy, open_with=opening)
    assert apart(run) < SAME
    assert run.metrics["tax_paid"] != 0
    assert run.daily["dividends"].sum() > 0
    assert (run.metrics["cost"] > 0) == (bps > 0)


@pytest.mark.parametrize("bps", [0.0, 5.0])
@pytest.mark.parametrize("dividends", ["cash", "reinvest"])
def test_value_path_through_splits_and_dividends_of_real_shares(bps: float, dividends) -> None:
    market = load_market("stocks").between("1998-01-02", "2008-12-31")
    complete = [s for i, s in enumerate(market.symbols) if np.isfinite(market.close[:, i]).all()]
    split_most = sorted(complete, key=lambda s: -(market.split[:, market.column(s)] != 1).sum())[:12]
    shares = AssetClass("shares", dict.fromkeys(split_most, 1 / 12))
    household = household_of(
        {shares: 1.0}, account(value=1e6), account("Roth", AccountKind.ROTH_IRA, value=2e5), tax=TAXED
    )
    policy = RebalancePolicy(
        "p", Calendar("quarter"), dividends=dividends, harvest=Harvest(), costs=Costs(bps)
    )
    run = backtest(market, household, policy)
    assert (run.market.split != 1).sum() > 20
    assert run.metrics["harvested"] > 0
    assert apart(run) < SAME


def test_value_path_when_lots_open_before_a_split_on_the_first_session() -> None:
    lots = (TaxLot("1", "A", 100, 900.0, pd.Timestamp("2023-01-03").date()),)
    market = market_of(
        {"A": [10, 11, 6, 6.5], "B": [20, 21, 22, 23]}, dividend={"A": {"2024-01-03": 0.5}},
        split={"A": {"2024-01-02": 2.0, "2024-01-04": 2.0}},
    )  # fmt: skip
    household = household_of({"A": 0.5, "B": 0.5}, account(cash=1000.0, lots=lots))
    run = backtest(market, household, RebalancePolicy("p", BAND), open_with="lots")
    # 100 shares became 200 at once: $2,000 of A and $1,000 of cash, half of which goes into B's 50 %.
    assert run.daily["value"].iloc[0] == pytest.approx(3000.0)
    assert apart(run) < SAME


def test_portfolio_counts_our_orders_and_no_others() -> None:
    household = household_of({"A": 0.6, "B": 0.4})
    run = backtest(random_market(3, ("A", "B"), 300, events=False), household, RebalancePolicy("p", BAND))
    portfolio = run.to_vectorbt()
    assert len(portfolio.orders.records) == len(run.trades)
    assert portfolio.wrapper.grouper.is_grouped()
    assert float(portfolio.init_cash.sum()) == pytest.approx(100_000.0)


@pytest.mark.parametrize("every", ["month", "quarter", "half-year", "year"])
@pytest.mark.parametrize("offset", [0, 5])
def test_calendar_equals_vectorbts_own_rebalancing(every, offset: int) -> None:
    market = random_market(5, ("A", "B", "C", "D"), 900, events=False)
    weights = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}
    policy = RebalancePolicy("calendar", Calendar(every, offset), avoid_wash_sales=False)
    run = backtest(market, household_of(weights), policy)
    when = look_sessions(market, every, offset)
    when[0] = True
    size = pd.DataFrame(np.where(when[:, None], list(weights.values()), np.nan), run.dates, list(weights))
    theirs = vbt.Portfolio.from_orders(
        market.frame("close"), size, size_type="targetpercent", group_by=True, cash_sharing=True, call_seq="auto",
        init_cash=100_000.0,
    )  # fmt: skip
    assert when.sum() >= 3
    np.testing.assert_allclose(run.daily["value"], theirs.value(), rtol=SAME)
    ours = pd.concat(
        [
            run.journal[["date", "symbol"]],
            run.journal["quantity"] * np.where(run.journal["side"] == "buy", 1, -1),
        ],
        axis=1,
    )
    ours = ours.pivot_table(index="date", columns="symbol", values="quantity", aggfunc="sum")
    records = theirs.orders.records_readable
    signed = records["Size"] * np.where(records["Side"] == "Buy", 1, -1)
    expected = records.assign(signed=signed).pivot_table(
        index="Timestamp", columns="Column", values="signed", aggfunc="sum"
    )
    np.testing.assert_allclose(ours.to_numpy(), expected.to_numpy(), rtol=1e-7, atol=1e-7)


def test_buy_and_hold_equals_vectorbts() -> None:
    market = random_market(6, ("A", "B"), 500, events=False)
    run = backtest(market, household_of({"A": 0.5, "B": 0.3}), BUY_AND_HOLD)
    size = pd.DataFrame(np.nan, run.dates, ["A", "B"])
    size.iloc[0] = [0.5, 0.3]
    theirs = vbt.Portfolio.from_orders(
        market.frame("close"),
        size,
        size_type="targetpercent",
        group_by=True,
        cash_sharing=True,
        init_cash=100_000.0,
    )
    np.testing.assert_allclose(run.daily["value"], theirs.value(), rtol=SAME)


def test_deposits_and_withdrawals_are_in_the_value_path() -> None:
    """Cash that nothing is bought for is worth itself: the value is higher by what was paid in so far."""
    household = household_of({"A": 0.6, "B": 0.4})
    run = backtest(random_market(3, ("A", "B"), 300), household, RebalancePolicy("p", BAND))
    flow = pd.Series(0.0, run.dates)
    flow.iloc[[0, 7, 40, 299]] = [2_500.0, -900.0, 10_000.0, -0.25]
    value = portfolio_from(
        run.market, run.journal, run.daily.assign(flow=flow), run.setting.opening_positions, 100_000.0
    ).value()
    np.testing.assert_allclose(value, run.daily["value"] + flow.cumsum(), rtol=SAME)
    assert apart(run) < SAME  # a run that has no such column


def test_vectorbt_is_loaded_only_when_it_is_asked_for() -> None:
    assert not is_interpreted()
    code = (
        "import sys; from tests.worlds import *; from rebal_kit.policy import RebalancePolicy;"
        "from rebal_kit.backtest import backtest;"
        "run = backtest(random_market(1, ('A', 'B'), 50), household_of({'A': 1.0}), RebalancePolicy());"
        "before = 'vectorbt' in sys.modules; run.to_vectorbt(); print(before, 'vectorbt' in sys.modules)"
    )
    from tests.agreement.test_two_doors import ROOT

    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "True"]


def test_without_vectorbt_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = backtest(random_market(1, ("A", "B"), 50), household_of({"A": 1.0}), RebalancePolicy())
    monkeypatch.setitem(sys.modules, "vectorbt", None)
    with pytest.raises(RebalError, match=r"vectorbt is not installed — pip install 'rebal_kit\[vectorbt\]'"):
        run.to_vectorbt()


def test_a_changed_order_would_be_noticed() -> None:
    run = backtest(
        random_market(3, ("A", "B"), 300), household_of({"A": 0.6, "B": 0.4}), RebalancePolicy("p", BAND)
    )
    room = run._room
    forged = room.tape.journal.copy()
    forged.quantity[3] *= 1.0001
    other = replace(run, _room=replace(room, tape=room.tape._replace(journal=forged)))
    assert apart(other) > SAME
