"""Stale prices are called so wherever a result of them is shown."""

from __future__ import annotations

from rebal_kit.assumptions import coverage
from rebal_kit.backtest import backtest
from rebal_kit.compare import compare
from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.policy import BUY_AND_HOLD
from rebal_kit.sources.yahoo import yahoo_market
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.views import charts
from tests.sources.yahoo_server import QUICK, Yahoo, after

HOUSEHOLD = Household(
    name="small",
    accounts=(Account("Main", "Alex", AccountKind.TAXABLE, "Broker One", opening_value=100_000.0),),
    targets=TargetAllocation({AssetClass("Stocks", "SPY"): 0.6, AssetClass("Bonds", "AGG"): 0.4}),
)


def test_the_badge_is_in_results_and_on_charts(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "AGG"):
        yahoo.list(symbol)
    fresh = yahoo_market(["SPY", "AGG"], now=after("2024-05-31"), patience=QUICK)
    yahoo.away = True
    stale = yahoo_market(["SPY", "AGG"], now=after("2024-06-05"), patience=QUICK)
    for market, late in ((fresh, False), (stale, True)):
        run = backtest(market, HOUSEHOLD, BUY_AND_HOLD, open_with="values")
        said = [finding for finding in run.assumptions if finding.where == "stale prices"]
        assert len(said) == late
        assert ("STALE PRICES" in next(f.what for f in coverage(run.setting) if f.where == "data")) == late
        comparison = compare(market, HOUSEHOLD, [BUY_AND_HOLD], open_with="values")
        for chart in (charts.growth(comparison), charts.taxes_by_year(comparison), charts.drift(run)):
            lines = chart.to_dict()["title"]["subtitle"]
            assert ("STALE PRICES: SPY ends on 2024-05-31, 3 sessions ago" in str(lines)) == late
