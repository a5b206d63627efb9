"""sweep(): a row is the single run, whoever ran it and in whatever order; a failure keeps its row."""

from __future__ import annotations

import numpy as np
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind
from rebal_kit.findings import HouseholdError, MarketError, PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.run import METRICS, prepare
from rebal_kit.sweep import available_processors, sweep
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.worlds import account, household_of, market_of, random_market

MARKET = random_market(11, ("A", "A2", "B", "C"), 400)
TARGETS = {AssetClass("stocks", {"A": 1, "A2": 0}): 0.5, "B": 0.3, "C": 0.15}
HOUSEHOLD = household_of(
    TARGETS, account(value=50_000.0), account("IRA", AccountKind.IRA, value=20_000.0),
    tax=TaxProfile(ordinary_income=200_000, state_rate=0.04),
)  # fmt: skip
POLICIES = (
    *RebalancePolicy("grid", Threshold(), harvest=Harvest(min_loss_usd=50.0), costs=Costs(4)).grid(
        triggers=[Threshold(ToleranceBand(absolute=width)) for width in (0.005, 0.02, 0.08)],
        harvest__min_loss_pct=[0.0, 0.05],
        lot_method=["fifo", "hifo"],
    ),
    RebalancePolicy("daily", Calendar("session"), dividends="reinvest", avoid_wash_sales=False),
    BUY_AND_HOLD,
)  # fmt: skip


def measures(row) -> bytes:
    return np.array([row[name] for name in METRICS], float).tobytes()


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("order", [1, -1])
def test_a_row_is_the_single_run_to_the_last_bit(workers: int, order: int) -> None:
    policies = POLICIES[::order]
    table = sweep(MARKET, HOUSEHOLD, policies, workers=workers)
    assert list(table["policy"]) == [p.name for p in policies]
    assert set(table["status"]) == {"ok"}
    for at, policy in enumerate(policies):
        assert measures(table.loc[at]) == measures(backtest(MARKET, HOUSEHOLD, policy).metrics), policy.name
    assert table["value_after_tax"].nunique() >= 10


def test_a_row_that_opens_with_lots_is_the_single_run_whatever_ran_before() -> None:
    closing = backtest(MARKET, HOUSEHOLD, POLICIES[0], end="2023-06-30").closing_household
    later = MARKET.between("2023-07-03")
    table = sweep(later, closing, [*POLICIES, POLICIES[0]], open_with="lots", workers=1)
    assert measures(table.iloc[0]) == measures(table.iloc[-1])
    assert measures(table.iloc[0]) == measures(
        backtest(later, closing, POLICIES[0], open_with="lots").metrics
    )


def test_a_policy_that_cannot_run_keeps_its_row_and_says_why() -> None:
    band = ToleranceBand(absolute=0.05)
    stranger = RebalancePolicy("stranger", Tiered((Tier(("bonds",), band),)))
    table = sweep(MARKET, HOUSEHOLD, [POLICIES[0], stranger, POLICIES[1]], workers=2)
    assert list(table["policy"]) == [POLICIES[0].name, "stranger", POLICIES[1].name]
    assert table["status"].iloc[[0, 2]].eq("ok").all()
    said = table["status"].iloc[1]
    assert "policy 'stranger': names bonds, which the targets do not have" in said
    assert "use a class or a weighted member: A, B, C, stocks" in said
    assert table.loc[1, list(METRICS)].isna().all()
    assert table.loc[[0, 2], "value_after_tax"].notna().all()


def test_a_run_that_outgrows_its_room_is_repeated_in_a_larger_one() -> None:
    setting = prepare(MARKET, HOUSEHOLD)
    busy = POLICIES[-2]
    plan = setting.plan(busy)
    small = setting.room(lots=2, losses=1)
    grown = setting.run_to_end(plan, small)
    assert grown.ledger.lots.shape[2] > 2
    assert grown.ledger.losses.shape[1] > 1
    assert measures(setting.measure(plan, grown)) == measures(backtest(MARKET, HOUSEHOLD, busy).metrics)


def test_what_does_not_fit_together_is_said_before_anything_runs() -> None:
    with pytest.raises(PolicyError, match="sweep: no policies — give at least one"):
        sweep(MARKET, HOUSEHOLD, [])
    with pytest.raises(MarketError, match="has no A2, B, C"):
        sweep(market_of({"A": [1, 2]}), HOUSEHOLD, POLICIES)
    with pytest.raises(HouseholdError, match="open_with is 'cash'"):
        sweep(MARKET, HOUSEHOLD, POLICIES, open_with="cash")  # type: ignore[arg-type]


def test_the_progress_bar_counts_every_policy(capsys: pytest.CaptureFixture[str]) -> None:
    sweep(MARKET, HOUSEHOLD, POLICIES[:3], workers=1, progress=True)
    assert "3/3" in capsys.readouterr().err
    assert available_processors() >= 1


@pytest.mark.parametrize("given", [None, ["quarterly"], [POLICIES[0], 5]])
def test_what_is_no_policy_is_named(given) -> None:
    with pytest.raises(PolicyError, match=r"sweep: .* is no policy — give RebalancePolicy values"):
        sweep(MARKET, HOUSEHOLD, given)


def test_policies_may_come_one_at_a_time_or_alone() -> None:
    assert sweep(MARKET, HOUSEHOLD, (p for p in POLICIES[:2]))["status"].tolist() == ["ok", "ok"]
    assert sweep(MARKET, HOUSEHOLD, POLICIES[0])["status"].tolist() == ["ok"]


@pytest.mark.parametrize("workers", [0, -1, 1.5, "two"])
def test_threads_are_counted_from_one(workers):
    market = random_market(3, ("A", "B"), 10)
    with pytest.raises(PolicyError, match="workers is"):
        sweep(market, household_of({"A": 0.6, "B": 0.4}), [RebalancePolicy()], workers=workers)
