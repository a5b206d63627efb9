"""Published studies of rebalancing: what holds, and what is missed, is known and stays so."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rebal_kit.compare import compare
from rebal_kit.costs import Costs
from rebal_kit.findings import MarketError, PolicyError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reproduce import daryanani_2008, lee_2008, leland_turnover, untaxed, vanguard_2010
from rebal_kit.reproduction import NOT_ASKED, Reproduction, claim, table_of
from rebal_kit.sources.load import load_market
from rebal_kit.targets import TargetAllocation
from rebal_kit.triggers import Threshold, ToleranceBand

TARGETS = TargetAllocation({"SPY": 0.5, "IYR": 0.05, "GLD": 0.05, "UST_8_5Y": 0.4})


@pytest.fixture(scope="module")
def vanguard() -> Reproduction:
    return vanguard_2010(load_market("fama_french"))


def test_vanguards_table_holds_but_for_what_bills_do_not_earn(vanguard: Reproduction) -> None:
    assert vanguard.missed.index.tolist() == ["never: average equity, %"]
    assert not vanguard.holds
    assert repr(vanguard) == "<Reproduction of Vanguard 2010: 28 of 29 figures hold>"
    assert "bills earned less" in vanguard.differences[0]
    rows = vanguard.rows
    assert "lower. Stocks never sold take a larger share here" in vanguard.differences[0]
    assert "'never' has more return and volatility than there" in vanguard.differences[0]
    for figure in ("return, %", "volatility, %"):  # as that says
        less = rows[rows.index.str.endswith(figure)].eval("ours - published")
        assert (less.drop(f"never: {figure}") < 0.0).all()
        assert less[f"never: {figure}"] > 0.0
    assert rows.loc["monthly 0%: events a year", "ours"] == pytest.approx(12.0, abs=0.01)  # a month, an event
    exact = rows.loc["monthly 0%: events a year"]
    assert exact["low"] == exact["high"] == exact["ours"]
    assert rows.loc["monthly 1%: events a year", "low"] < rows.loc["monthly 1%: events a year", "high"]
    assert rows.loc["monthly 5%: events a year", "published"] == pytest.approx(58 / 84)
    assert rows.loc["never: return, %", "holds"] is None


def test_events_are_those_of_a_count_by_hand(vanguard: Reproduction) -> None:
    """60/40 walked month by month in a few lines, with a threshold at each month's or each year's end."""
    market = load_market("fama_french").between(None, "2009-12-31")
    growth = market.close[1:] / market.close[:-1]
    years = (market.dates[-1] - market.dates[0]).astype(int) / 365.25
    for name, every, threshold in (("monthly 0%", 1, 0.0), ("monthly 5%", 1, 0.05), ("yearly 5%", 12, 0.05)):
        held, events, shares = np.array([0.6, 0.4]), 0, [0.6]
        for month, grown in enumerate(growth, 1):
            held = held * grown
            if month % every == 0 and abs(held[0] / held.sum() - 0.6) > threshold:
                held, events = held.sum() * np.array([0.6, 0.4]), events + 1
            shares.append(held[0] / held.sum())
        # Without a threshold, a month in which both grew alike may count or not.
        room = 1.01 / years if threshold == 0.0 else 1e-9
        assert vanguard.rows.loc[f"{name}: events a year", "ours"] == pytest.approx(events / years, abs=room)
        assert vanguard.rows.loc[f"{name}: average equity, %", "ours"] == pytest.approx(100 * np.mean(shares))


def test_lees_best_rule_does_not_stay_the_best() -> None:
    found = lee_2008(load_market("etf"), TARGETS, "2009-01-01")
    ruined = "daily rebalancing without a band is worst, for its costs"
    assert found.missed.index.tolist() == [ruined]
    assert any("a fee an order ruins it here, too" in text for text in found.differences)
    fees = Costs(commission_usd=10.0)
    rules = {
        name: RebalancePolicy(
            "r", (Threshold(ToleranceBand(relative=0.0), look=look),), costs=fees, avoid_wash_sales=False
        )
        for name, look in (("daily", 1), ("yearly", 250))
    }
    growth = compare(load_market("etf"), untaxed(TARGETS), rules, end="2008-12-31").table["cagr_before_tax"]
    assert growth["daily"] < growth["yearly"] - 0.05
    rows = found.rows["ours"]
    assert rows["rank, in the next period, of the best of 42"] == 18.0
    assert rows["correlation of ranks between the periods"] < 0.0
    assert rows["largest |t| but for (1, 0%)"] < 2.3
    with pytest.raises(MarketError):
        lee_2008(load_market("fama_french"), TARGETS, "2009-01-01")


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("junk", "split: is 'junk' — give a date"), (5.5, "split: is 5.5"), (None, "lee_2008: split None leaves"),
        ("2030-01-01", "split 2030-01-01 leaves [0-9,]+ sessions before it and 0 from it on — give a day from"),
        ("1990-01-01", "leaves 0 sessions before it"), ("2012-09-10", "and 3 from it on"),
    ],
)  # fmt: skip
def test_a_day_that_parts_nothing_is_said(split, said: str) -> None:
    with pytest.raises(MarketError, match=said):
        lee_2008(load_market("etf"), TARGETS, split)


def test_the_first_and_the_last_day_that_are_offered_can_be_taken() -> None:
    market = load_market("etf").between("2009-01-02", "2011-06-30")
    with pytest.raises(MarketError) as caught:
        lee_2008(market, TARGETS, "2030-01-01")
    days = re.findall(r"\d{4}-\d\d-\d\d", caught.value.findings[0].remedy)
    assert len(days) == 2
    for day in days:
        assert np.isfinite(lee_2008(market, TARGETS, day).rows["ours"]).all()
    short = market.between(None, "2009-12-31")
    with pytest.raises(MarketError, match="lee_2008: the market has 252 sessions — give 357 at least"):
        lee_2008(short, TARGETS, "2009-06-30")


@pytest.mark.parametrize(
    "given", [{"paths": 0}, {"paths": 1.5}, {"years": 0}, {"seed": -1}, {"paths": 10**400}]
)
def test_simulated_histories_are_counted_from_one(given: dict) -> None:
    (name,) = given
    with pytest.raises(PolicyError, match=f"leland_turnover: {name} is"):
        leland_turnover(**given)


def test_trading_to_the_edge_takes_about_half_the_turnover() -> None:
    found = leland_turnover(paths=12, years=15)
    assert found.holds, found.missed
    ratio = found.rows.loc["turnover to the edge over that of monthly rebalancing", "ours"]
    assert ratio == pytest.approx(0.5, abs=0.05)
    again = leland_turnover(paths=12, years=15)
    assert again.rows["ours"].equals(found.rows["ours"])
    other = leland_turnover(paths=12, years=15, seed=1).rows["ours"].iloc[0]
    assert other != ratio
    assert other == pytest.approx(0.5, abs=0.05)


def test_a_row_holds_inside_its_range_and_says_nothing_without_one() -> None:
    table = table_of(
        [
            ("inside", 1.0, 1.1, 0.9, 1.1), ("above", 1.0, 1.2, 0.9, 1.1), ("below", 1.0, 0.8, 0.9, math.nan),
            ("open", 1.0, 9.0, 0.9, math.nan), ("told", 1.0, 9.0, *NOT_ASKED),
            claim("so", True), claim("not so", False),
        ]
    )  # fmt: skip
    assert table["holds"].tolist() == [True, False, False, True, None, True, False]
    found = Reproduction("x", "somebody", table, (), ())
    assert found.missed.index.tolist() == ["above", "below", "not so"]
    assert repr(found) == "<Reproduction of x: 3 of 6 figures hold>"
    assert Reproduction("x", "somebody", table.loc[["inside", "told"]], (), ()).holds


def test_the_household_of_studies_pays_no_tax() -> None:
    household = untaxed(TARGETS, 5_000.0)
    assert household.accounts[0].opening_value == 5_000.0
    assert household.tax.flat == (0.0, 0.0, 0.0)


def test_daryanani_is_ahead_by_less_than_luck_and_twenty_percent_is_not_the_best_band() -> None:
    targets = TargetAllocation({"SPY": 0.5, "IYR": 0.1, "UST_8_5Y": 0.3, "UST_2Y": 0.1})
    found = daryanani_2008(load_market("etf"), targets)
    assert found.missed.index.tolist() == ["of the six bands looked at every 1 to 10 days, 20 % is best"]
    rows = found.rows["ours"]
    assert rows["target 60 %, band 20 %: sold back to, %"] == pytest.approx(66.0, abs=0.01)
    assert rows["(1 to 10, 20%) less (60 to 250, 5%), bp a year"] == pytest.approx(21.2, abs=0.5)
    assert 0.0 < rows["the same, t"] < 2.3
    assert found.rows.loc["(1 to 10, 20%) less (60 to 250, 5%), bp a year", "published"] == "25 to 30"
    assert rows["the same, lowest of 12 starts, bp a year"] < 0.0
    assert any("as Lee replied" in text and "25%" in text for text in found.differences)
