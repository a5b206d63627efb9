"""Orders that wait, beside reserves, harvests, pairs, thin volumes and sessions without a price."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.backtest import backtest
from rebal_kit.execution import Execution
from rebal_kit.flows import CashFlow
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.engine.still import DAYS, LOTS, MONTHLY, run_three, stirring, thin_market, told
from tests.engine.telling import FLAT, lot
from tests.worlds import account, household_of

ONCE = Threshold(ToleranceBand(absolute=0.5))  # looks daily and never fires here


def short_of_reserve(*more: Any) -> rk.Household:
    """US$ 900 are withdrawn from a reserve of US$ 1,000 on the third session."""
    main = rk.Account(
        "Main", "Alex", rk.AccountKind.TAXABLE, "Broker", cash=1_000.0, min_cash=1_000.0,
        lots=(lot("a", "A", 600, 5.0), lot("b", "B", 400, 15.0), *more),
    )  # fmt: skip
    out = CashFlow(-900.0, "Main", on=DAYS[2].date())
    return household_of({"A": 0.5, "B": 0.5}, main, tax=FLAT, flows=(out,))


LIMIT, CALM = Execution("limit", 100.0, limit_days=2), Execution(wait_for_calm="vix", calm_below=9.0)


@pytest.mark.parametrize("execution", [LIMIT, CALM], ids=repr)
def test_a_reserve_is_restored_once_and_at_once(execution: Execution) -> None:
    policy = RebalancePolicy("reserve", ONCE, execution=execution, invest_cash_above=1.0)
    found = backtest(stirring(), short_of_reserve(lot("c", "C", 300, 10.0)), policy, open_with="lots")
    assert told(found) == [(2, "sell", "A", 90, 10.0)]
    assert found.daily["cash"].iloc[-1] == pytest.approx(1_000.0)


def test_a_reserve_leaves_the_orders_of_a_rule_alone() -> None:
    """A is too much from session 2 on and waits for six sessions, whatever the reserve sells in between."""
    main = rk.Account(
        "Main", "Alex", rk.AccountKind.TAXABLE, "Broker", cash=50.0, min_cash=50.0,
        lots=(lot("a", "A", 400, 5.0), lot("b", "B", 400, 10.0)),
    )  # fmt: skip
    out = CashFlow(-20.0, "Main", on=DAYS[5].date())
    household = household_of({"A": 0.5, "B": 0.5}, main, tax=FLAT, flows=(out,))
    policy = RebalancePolicy(
        "band",
        Threshold(ToleranceBand(absolute=0.05)),
        execution=replace(CALM, max_wait=6),
        invest_cash_above=1.0,
    )
    found = backtest(stirring(A={2: 12.6}), household, policy, open_with="lots")
    rows = [
        (found.dates.get_loc(row.date), row.symbol, row.reason_code) for row in found.journal.itertuples()
    ]
    assert [row[:2] for row in rows if row[2] == Reason.REFILL_CASH] == [(5, "A")]
    assert [row[:2] for row in rows if row[2] != Reason.REFILL_CASH] == [(8, "A"), (8, "B")]
    assert found.metrics["rebalances"] == 1


def paired_market(close_of_d: float) -> Market:
    """G sells in pieces at a gain; D's close of session 4 is all that differs."""
    index = pd.bdate_range(end=DAYS[-1], periods=50 + len(DAYS))
    opening = np.full((len(index), 5), 10.0)
    close, volume = opening.copy(), np.full(opening.shape, 1e6)
    close[54, 4], volume[:, 0] = close_of_d, 200.0
    return Market.from_close(
        pd.DataFrame(close, index, list("GABCD")), name="paired", volume=volume, open=opening,
        high=np.maximum(opening, close), low=np.minimum(opening, close),
    )  # fmt: skip


def test_what_replaces_a_pair_is_chosen_by_the_closes_at_which_it_is_bought() -> None:
    """A loss is paired with the gain of a piece of G; D is furthest below its weight, unless it has risen."""
    lots = [lot("g", "G", 6_000, 1.0), lot("a", "A", 2_500, 11.0)]
    lots += [lot(name, name.upper(), 500, 10.0) for name in "bcd"]
    quarters = rk.AssetClass("s", dict.fromkeys("ABCD", 0.25))
    household = household_of({"G": 0.5, quarters: 0.5}, account(lots=lots), tax=FLAT)
    policy = replace(
        MONTHLY, execution=Execution("next_open", max_volume_share=1.0), gains=rk.GainLimits(pair=True),
        harvest=rk.Harvest(0.9, 1e6, look="month", replacements=1),
    )  # fmt: skip
    for close, replacement in ((10.0, "D"), (40.0, "B")):
        found = backtest(paired_market(close), household, policy, open_with="lots", start=DAYS[0])
        pair = found.journal[
            (found.journal["date"] == found.dates[4]) & (found.journal["reason_code"] == Reason.REPLACEMENT)
        ]
        assert set(zip(pair["symbol"], pair["price"], strict=True)) == {(replacement, 10.0)}


def test_a_pair_is_sold_at_the_close_once_its_gain_is_known() -> None:
    market = stirring(symbols="ABCD", A={3: 10.1})
    opening, close = np.full(market.close.shape, 10.0), market.close.copy()
    close[3, 1] = 9.5
    market = replace(market, open=opening, close=close, low=np.minimum(opening, close))
    household = household_of(
        {"A": 0.4, rk.AssetClass("b", {"B": 1, "C": 0}): 0.4, "D": 0.2},
        account(lots=[lot("a", "A", 600, 5.0), lot("b", "B", 400, 12.0)]), tax=FLAT,
    )  # fmt: skip
    policy = replace(MONTHLY, execution=Execution("limit", 100.0), gains=rk.GainLimits(pair=True))
    found = backtest(market, household, policy, open_with="lots")
    (pair,) = [row for row in found.journal.itertuples() if row.reason_code == Reason.PAIRED]
    assert (pair.date, pair.symbol, pair.price) == (found.dates[3], "B", 9.5)


def test_a_rule_that_finds_little_to_gain_leaves_what_waits() -> None:
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    weekly = replace(MONTHLY, triggers=(Calendar("week"),), min_improvement=0.06)
    policy = replace(weekly, execution=Execution(max_volume_share=0.15))
    found = backtest(thin_market(), household, policy, open_with="lots", start=DAYS[0])
    assert found.journal.groupby("symbol")["quantity"].sum().to_dict() == pytest.approx({"A": 100, "B": 100})


def test_a_falling_price_is_no_cash_to_spare() -> None:
    """B falls towards its limit: what its order would now cost less is no cash that waits to be invested."""
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(lots=[lot("a", "A", 900, 10.0), lot("b", "B", 100, 10.0)])
    )
    policy = RebalancePolicy(
        "band", Threshold(ToleranceBand(absolute=0.3)), execution=Execution("limit", 100.0, limit_days=9),
        invest_cash_above=0.006,
    )  # fmt: skip
    market = stirring(A={3: 10.1}, B={3: 9.95, 4: 9.91, 5: 9.9})
    found = backtest(market, household, policy, open_with="lots", start=DAYS[1])
    bought = found.journal[found.journal["symbol"] == "B"].iloc[0]
    assert (bought["price"], bought["decision_price"]) == (9.9, 10.0)


def test_a_legacy_sale_keeps_its_limit() -> None:
    household = household_of(
        {"A": 0.5, "B": 0.5}, account(lots=[lot(s, s, 500, 10.0) for s in "ABC"]), tax=FLAT
    )
    market = stirring(C={2: 9.95, 3: 9.9, 4: 9.85, 5: 9.8})
    policy = RebalancePolicy(
        "legacy", ONCE, execution=Execution("limit", 100.0, limit_days=4), gains=rk.GainLimits(sell_legacy=True),
        invest_cash_above=1.0,
    )  # fmt: skip
    found = backtest(market, household, policy, open_with="lots")
    sale = found.journal[found.journal["symbol"] == "C"].iloc[0]
    assert (sale["date"], sale["price"], sale["decision_price"]) == (found.dates[4], 9.85, 10.0)


def test_a_volume_of_zero_is_none_that_is_known() -> None:
    market = thin_market()
    volume = market.volume.copy()
    volume[:, 1] = 0.0
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=LOTS))
    policy = replace(MONTHLY, execution=Execution(max_volume_share=0.5))
    found = backtest(replace(market, volume=volume), household, policy, open_with="lots", start=DAYS[0])
    assert found.journal.groupby("symbol")["quantity"].sum().to_dict() == pytest.approx({"A": 100, "B": 100})
    assert "no or too few volumes of B: their orders are not split" in {f.what for f in found.assumptions}


def test_an_order_outlives_a_session_without_a_price_but_not_many() -> None:
    market = stirring()
    for gone, filled in ((range(4, 5), 8), (range(4, 12), None)):
        traded = market.traded.copy()
        traded[list(gone), 0] = False
        found = run_three(replace(market, traded=traded), Execution("limit", 100.0, limit_days=5))
        days = [row[0] for row in told(found) if row[1] == "sell"]
        assert days == ([] if filled is None else [filled])
        assert (Reason.ORDER_ENDED.sentence in set(found.passed_over["reason"])) == (filled is None)


def test_an_order_whose_shares_a_harvest_took_ends_and_is_written_down() -> None:
    index = pd.bdate_range("2024-01-30", periods=12)
    close = pd.DataFrame({"A": 10.0, "A2": 10.0, "B": 10.0}, index)
    close.iloc[4:, :2] = 9.0
    ranges = {name: close.to_numpy().copy() for name in ("open", "high", "low")}
    household = household_of(
        {rk.AssetClass("a", {"A": 1, "A2": 0}): 0.5, "B": 0.5},
        account(lots=[lot("a", "A", 600, 9.9), lot("b", "B", 400, 10.0)]), tax=FLAT,
    )  # fmt: skip
    policy = replace(
        MONTHLY, execution=Execution("limit", 200.0, limit_days=5), harvest=rk.Harvest(0.05, 10.0)
    )
    found = backtest(Market.from_close(close, name="gone", **ranges), household, policy, open_with="lots")
    assert Reason.ORDER_ENDED.sentence in set(found.passed_over["reason"])


def test_no_short_term_gain_is_made_by_a_spread_that_is_not_paid() -> None:
    lately = lot("a", "A", 600, 10.095, dt.date(2024, 1, 10))
    household = household_of({"A": 0.5, "B": 0.5}, account(lots=[lately, lot("b", "B", 400, 10.0)]), tax=FLAT)
    policy = replace(
        MONTHLY, execution=Execution("limit", 100.0, otherwise="cancel"), gains=rk.GainLimits(short="never"),
        costs=rk.Costs(20.0),
    )  # fmt: skip
    found = backtest(stirring(A={3: 10.2, 4: 10.0}), household, policy, open_with="lots")
    assert told(found) == []
    assert Reason.SHORT_GAIN.sentence in set(found.passed_over["reason"])


def test_replacements_keep_to_the_volume_when_they_become_fewer() -> None:
    index = pd.bdate_range(end=DAYS[-1], periods=50 + len(DAYS))
    volume = np.full((len(index), 4), 100.0)
    volume[:, 0] = 10_000.0
    market = Market.from_close(pd.DataFrame(10.0, index, list("ABCD")), name="thin", volume=volume)
    quarters = rk.AssetClass("c", dict.fromkeys("ABCD", 0.25))
    household = household_of({quarters: 1.0}, account(lots=[lot("a", "A", 100, 12.0)]), tax=FLAT)
    policy = RebalancePolicy(
        "harvest", (), harvest=rk.Harvest(0.05, 10.0, replacements=3), min_trade_usd=400.0,
        execution=Execution(max_volume_share=0.3),
    )  # fmt: skip
    found = backtest(market, household, policy, open_with="lots", start=DAYS[0])
    bought = found.journal[found.journal["side"] == "buy"].groupby(["date", "symbol"])["amount"].sum()
    assert len(bought) > 2
    assert bought.max() <= 300.0 + 1e-6
