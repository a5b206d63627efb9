"""A scan names every lot that the engine harvests: on real history, and on random prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rebal_kit as rk
from rebal_kit.domain import AccountKind, Household
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.proposal.day import prepare_day
from rebal_kit.proposal.greedy import decide_greedily
from rebal_kit.proposal.names import lot_names
from rebal_kit.proposal.scan import scan
from rebal_kit.proposal.settlement import settle
from rebal_kit.reasons import Reason
from tests.proposal.scanned import POLICY
from tests.worlds import account, household_of, random_market


def harvested(market: rk.Market, household: Household, policy: RebalancePolicy) -> set[tuple[str, str, str]]:
    """Return account, symbol and lot of all that the engine harvests on the market's last day."""
    day = prepare_day(market, household, policy)
    orders = [order for order in decide_greedily(day).orders if order.reason == Reason.HARVEST]
    rows = settle(day, orders).journal
    names = lot_names(day, rows)
    symbols = day.setting.market.symbols
    return {
        (household.accounts[r["account"]].name, symbols[r["security"]], name)
        for r, name in zip(rows, names, strict=True)
    }  # fmt: skip


def check_days(
    market: rk.Market, household: Household, policy: RebalancePolicy, most: int, **span: Any
) -> int:
    """Hold scans of the evenings before against what the engine harvests; return how many lots were held against."""
    journal = rk.backtest(market, household, policy, **span).journal
    days = journal.loc[journal["reason"] == Reason.HARVEST.sentence, "date"].unique()
    seen = 0
    for date in days[:: max(1, len(days) // most)]:
        at = int(np.searchsorted(market.dates, np.datetime64(date, "D")))
        before = rk.backtest(market, household, policy, **span | {"end": market.dates[at - 1].item()})
        until = market.between(None, market.dates[at].item())
        sold = harvested(until, before.closing_household, policy)
        assert sold
        candidates = scan(until, before.closing_household, policy).harvest
        free = candidates[candidates["why_not"] == ""]
        assert sold <= set(zip(free["account"], free["symbol"], free["lot"], strict=True))
        seen += len(sold)
    return seen


@pytest.mark.compiled
@pytest.mark.parametrize("name", ["tiered_harvest", "threshold_3pct_harvest"])
def test_every_lot_that_the_engine_harvests_is_a_candidate(name: str) -> None:
    policy = replace(rk.load_policy(name), harvest=Harvest(0.01, 50.0))
    span = {"start": "2006-01-03", "end": "2012-08-31", "open_with": "values"}
    assert check_days(rk.load_market("etf"), rk.load_household("two_million"), policy, 5, **span) >= 5


@pytest.mark.parametrize("seed", range(4))
def test_harvests_of_random_prices_are_candidates(seed: int) -> None:
    market = random_market(seed, ("A", "A2", "B", "C", "D"), 70)
    members = rk.AssetClass("Two", {"C": 0.5, "D": 0.5})
    targets = {rk.AssetClass("One", {"A": 1.0, "A2": 0.0}): 0.4, "B": 0.2, members: 0.4}
    home = household_of(
        targets, account("Main", value=80_000.0), account("Other", value=50_000.0),
        account("IRA", AccountKind.IRA, value=40_000.0), tax=rk.TaxProfile(flat=(0.4, 0.2, 0.2)),
    )  # fmt: skip
    harvest = Harvest(
        0.01, 0.0, min_tax_saved_usd=5.0 * (seed % 2), switch_back=("at_loss", "no_short_gain")[seed % 2]
    )
    policy = replace(
        POLICY, harvest=harvest, dividends="reinvest", lot_method="least_tax", coordinate=seed < 3
    )
    assert check_days(market, home, policy, 6, open_with="values")
