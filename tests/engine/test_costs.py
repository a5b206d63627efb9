"""What trades cost: the parts, that they add up, and that no account pays with money it does not have."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.backtest import Backtest, backtest
from rebal_kit.costs import Costs
from rebal_kit.flows import CashFlow
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.triggers import Calendar
from tests.engine.telling import FIRST, FLAT, TO_TARGET, lot
from tests.engine.telling import run as run_lots
from tests.worlds import account, bits_of, household_of, random_market

PARTS = ["commission", "spread", "impact"]
MONTHLY = RebalancePolicy("monthly", Calendar("month"))
ALL_AT_ONCE = Costs(3.0, {"A": 5.0}, commission_usd=4.95, per_share_usd=0.01, impact=0.8,
                    non_native={"Broker": {"B": 20.0}})  # fmt: skip
#: A daily move of 2 %, up and down in turn, and a volume of 50,000 shares at about US$ 20.
VOLUME = 50_000.0


def swinging(sessions: int = 90, **volume: float) -> Market:
    """A market of A and B that moves up and down by 2 % in turn and comes to rest at US$ 20 on the last session."""
    steps = np.where(np.arange(sessions) % 2, 0.02, -0.02)
    steps[0] = 0.0
    path = 20.0 * np.exp(np.cumsum(steps) - steps.sum())
    index = pd.bdate_range(end=FIRST, periods=sessions)
    close = pd.DataFrame({"A": path, "B": path}, index=index)
    shares = pd.DataFrame({s: [volume.get(s, VOLUME)] * sessions for s in close.columns}, index=index)
    return Market.from_close(close, name="swinging", volume=shares.to_numpy())


def on_the_last_day(costs: Costs, *accounts: rk.Account, **more: object) -> Backtest:
    """Bring what is all in A to half A and half B, on the one session there is."""
    accounts = accounts or (account(lots=[lot("a", "A", 5_000, 20.0)]),)
    household = household_of({"A": 0.5, "B": 0.5}, *accounts)
    return run_lots(swinging(), household, replace(TO_TARGET, costs=costs, **more), start=FIRST)


def orders(found: Backtest) -> pd.DataFrame:
    sums = dict.fromkeys(("quantity", "amount", "cost", *PARTS), "sum")
    firsts = dict.fromkeys(("account", "side", "symbol", "date", "reason_code"), "first")
    return found.journal.groupby("order", sort=True).agg({**firsts, **sums})


@pytest.fixture(scope="module")
def rich() -> Backtest:
    market = random_market(11, ["A", "B", "C"], 300, start="2023-06-01")
    household = household_of({"A": 0.4, "B": 0.4, "C": 0.2}, account(value=400_000.0), tax=FLAT)
    harvest = rk.Harvest(0.02, 10.0)
    return backtest(market, household, replace(MONTHLY, costs=ALL_AT_ONCE, harvest=harvest))


def test_the_parts_add_up(rich: Backtest) -> None:
    journal = rich.journal
    np.testing.assert_allclose(journal[PARTS].sum(axis=1), journal["cost"], rtol=0, atol=1e-12)
    for part in (*PARTS, "cost"):
        assert rich.metrics[part] == pytest.approx(journal[part].sum(), abs=1e-6)
        assert rich.metrics[part] > 0.0


def test_each_part_is_what_its_definition_says(rich: Backtest) -> None:
    found = orders(rich)
    fee = np.where(found["symbol"] == "B", 24.95, 4.95)
    np.testing.assert_allclose(found["commission"], fee + 0.01 * found["quantity"], atol=1e-9)
    rate = np.where(found["symbol"] == "A", 5e-4, 3e-4)
    np.testing.assert_allclose(found["spread"], rate * found["amount"], atol=1e-9)
    liquidity = rich.setting.liquidity
    filled = {
        name: pd.DataFrame(getattr(liquidity, name)).ffill().bfill() for name in ("volatility", "volume_usd")
    }
    traded = found.groupby(["date", "symbol"])[["amount", "impact"]].sum()
    for (date, symbol), row in traded.iterrows():
        at = liquidity.row[rich.dates.get_loc(date)], rich.market.column(symbol)
        sigma, volume = (float(filled[name].iloc[at]) for name in ("volatility", "volume_usd"))
        assert row["impact"] == pytest.approx(
            0.8 * sigma * np.sqrt(row["amount"] / volume) * row["amount"], rel=1e-9
        )


def test_a_worked_example_of_impact() -> None:
    """Daily volatility 2 %, US$ 1 m a day: an order of US$ 10,000 pays 1.0 × 2 % × √0.01 = 0.2 %, US$ 20."""
    market = swinging()
    household = household_of({"A": 1.0}, account(cash=10_020.0), account("IRA", rk.AccountKind.IRA, cash=0.0))
    (bought,) = orders(
        run_lots(market, household, replace(TO_TARGET, costs=Costs(impact=1.0)), start=FIRST)
    ).itertuples()
    liquidity = rk.backtest(market, household, TO_TARGET, start=FIRST).setting.liquidity
    sigma, volume = liquidity.volatility[-1, 0], liquidity.volume_usd[-1, 0]
    assert sigma == pytest.approx(0.02, rel=0.01)
    assert volume == pytest.approx(1e6, rel=0.03)
    assert bought.amount == pytest.approx(10_000.0, rel=1e-3)
    assert bought.impact == pytest.approx(sigma * bought.amount * np.sqrt(bought.amount / volume), rel=1e-12)


def test_four_times_the_order_costs_eight_times_the_impact() -> None:
    small, large = (
        orders(on_the_last_day(Costs(impact=0.5), account(lots=[lot("a", "A", n, 20.0)]))).iloc[0]
        for n in (1_000, 4_000)
    )
    assert large["amount"] == pytest.approx(4 * small["amount"])
    assert large["impact"] == pytest.approx(8 * small["impact"], rel=1e-9)


def test_orders_of_several_accounts_move_the_price_like_one() -> None:
    one = orders(on_the_last_day(Costs(impact=0.5), account(lots=[lot("a", "A", 4_000, 20.0)])))
    halves = [account(f"Half {i}", lots=[lot(f"a{i}", "A", 2_000, 20.0)]) for i in range(2)]
    two = orders(on_the_last_day(Costs(impact=0.5), *halves, coordinate=False))
    assert (len(one), len(two)) == (2, 4)
    first, second = two[two["side"] == "sell"]["impact"]
    assert second > first
    assert first + second == pytest.approx(one[one["side"] == "sell"]["impact"].sum(), rel=1e-9)


def test_zeros_are_as_good_as_nothing_bit_for_bit() -> None:
    market = random_market(5, ["A", "B"], 250, start="2023-06-01")
    household = household_of({"A": 0.5, "B": 0.5}, account(value=100_000.0), tax=FLAT)
    zeros = Costs(
        0.0, {"A": 0.0}, commission_usd=0.0, per_share_usd=0.0, non_native={"Broker": {"B": 0.0}}, impact=0.0
    )
    free, zero = (backtest(market, household, replace(MONTHLY, costs=c)) for c in (Costs(), zeros))
    assert bits_of(free) == bits_of(zero)
    assert free.metrics["cost"] == 0.0


@pytest.mark.parametrize("costs", [Costs(commission_usd=10.0), Costs(impact=3.0), ALL_AT_ONCE], ids=repr)
def test_purchases_and_their_costs_use_up_the_cash_and_no_more(costs: Costs) -> None:
    found = on_the_last_day(costs, account(cash=100_000.0))
    assert 0.0 <= found.daily["cash"].iloc[-1] < 10.0
    assert 99_990.0 < orders(found)[["amount", "cost"]].sum(axis=None) <= 100_000.0


@pytest.mark.parametrize("costs", [Costs(commission_usd=10.0), Costs(impact=3.0), ALL_AT_ONCE], ids=repr)
def test_a_withdrawal_is_raised_with_what_the_sale_costs(costs: Costs) -> None:
    lots = [lot("a", "A", 500, 20.0), lot("b", "A", 500, 21.0), lot("c", "B", 1_000, 20.0)]
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(lots=lots), flows=(CashFlow(-15_000.0, "Main", on=FIRST),)
    )
    found = run_lots(swinging(), household, RebalancePolicy("keep", (), costs=costs), start=FIRST)
    assert found.metrics["withdrawals"] == pytest.approx(15_000.0)
    assert found.metrics["unpaid_withdrawals"] == 0.0
    assert found.daily["cash"].iloc[-1] == pytest.approx(0.0, abs=1e-6)
    sold = orders(found)
    assert sold["amount"].sum() - sold["cost"].sum() == pytest.approx(15_000.0)


def test_a_sale_that_costs_more_than_it_brings_is_not_made() -> None:
    lots = [lot("a", "A", 0.5, 20.0), lot("b", "B", 1_000, 20.0)]
    household = household_of({"B": 1.0}, account(lots=lots))
    gains = rk.GainLimits(sell_legacy=True)
    policy = replace(TO_TARGET, costs=Costs(commission_usd=10.0), gains=gains)
    found = run_lots(swinging(), household, policy, start=FIRST)
    assert len(found.journal) == 0
    assert found.passed_over["reason"].tolist() == [Reason.BELOW_MINIMUM.sentence]


def test_a_commission_that_makes_a_loss_of_a_gain_makes_no_wash_sale() -> None:
    """Shares bought lately for US$ 19.995 each are a gain at US$ 20 and, after US$ 25 a sale, a loss."""
    lots = [lot("old", "A", 2_000, 19.995), lot("new", "A", 100, 20.0, acquired=dt.date(2023, 12, 15))]
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=lots), tax=FLAT)
    free, dear = (
        run_lots(swinging(), household, replace(TO_TARGET, costs=Costs(commission_usd=usd)), start=FIRST)
        for usd in (0.0, 25.0)
    )
    assert "old" in set(free.journal["lot"])
    assert dear.metrics["disallowed"] == 0.0
    assert "old" not in set(dear.journal["lot"])
    assert Reason.WASH_WINDOW_SALE.sentence in set(dear.passed_over["reason"])


def test_orders_for_whole_shares() -> None:
    found = on_the_last_day(Costs(3.0), account(lots=[lot("a", "A", 1_000.5, 20.0)]), whole_shares=True)
    placed = orders(found)
    assert [*placed["side"]] == ["sell", "buy"]
    assert (placed["quantity"] % 1.0 == 0.0).all()
    assert 0.0 < found.daily["cash"].iloc[-1] < 2 * 20.0


def test_a_sale_that_has_to_pay_rounds_up_to_whole_shares() -> None:
    household = household_of(
        {"A": 1.0}, account(lots=[lot("a", "A", 100, 20.0)]), flows=(CashFlow(-30.0, "Main", on=FIRST),)
    )
    policy = RebalancePolicy("keep", (), whole_shares=True)
    found = run_lots(swinging(), household, policy, start=FIRST)
    assert orders(found)["quantity"].tolist() == [2.0]
    assert found.metrics["withdrawals"] == pytest.approx(30.0)


def test_the_opening_is_bought_whatever_the_smallest_order() -> None:
    market = swinging()
    household = household_of({"A": 0.5, "B": 0.5}, account(value=1_000.0))
    found = backtest(market, household, replace(TO_TARGET, min_trade_usd=600.0), start=FIRST)
    assert orders(found)["amount"].tolist() == pytest.approx([500.0, 500.0])


@pytest.mark.parametrize(("least", "trades"), [(0.0, 2), (0.009, 2), (0.011, 0)])
def test_a_rebalancing_that_improves_too_little_is_not_made(least: float, trades: int) -> None:
    lots = [lot("a", "A", 510, 20.0), lot("b", "B", 490, 20.0)]
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=lots))
    found = run_lots(swinging(), household, replace(TO_TARGET, min_improvement=least), start=FIRST)
    assert len(orders(found)) == trades
    assert found.metrics["rebalances"] == (trades > 0)
    why = [Reason.LITTLE_TO_GAIN.sentence] if trades == 0 else []
    assert found.passed_over["reason"].tolist() == why


def test_more_cost_leaves_less() -> None:
    market = random_market(3, ["A", "B"], 300, start="2023-06-01")
    household = household_of({"A": 0.5, "B": 0.5}, account(value=400_000.0))
    left = [
        backtest(market, household, replace(MONTHLY, costs=costs)).metrics["value_after_tax"]
        for costs in (Costs(), Costs(impact=0.2), Costs(impact=1.0), Costs(5.0, impact=1.0))
    ]
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == 4
