"""Small hand-made results with known figures, in the shape that `compare` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.findings import Finding
from rebal_kit.market import Market
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_alpha import TaxAlpha
from rebal_kit.tax_split import Resale
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand

CLASSES = {"US stocks": 0.6, "Treasuries": 0.4}
HOUSEHOLD = Household(
    name="starter",
    accounts=(Account("Main", "Alex", AccountKind.TAXABLE, "Broker One", opening_value=100_000.0),),
    targets=TargetAllocation(
        {AssetClass("US stocks", "AAA"): 0.6, AssetClass("Treasuries", {"BBB": 1, "CCC": 0}): 0.4}
    ),
)
QUARTERLY = RebalancePolicy(name="quarterly", triggers=(Calendar("quarter"),))
THRESHOLD = RebalancePolicy(name="threshold_3pct", triggers=(Threshold(ToleranceBand(absolute=0.03)),))
POLICIES = {
    policy.name: policy
    for plain in (replace(BUY_AND_HOLD, name="buy_and_hold"), QUARTERLY, THRESHOLD)
    for policy in (plain, replace(plain, name=f"{plain.name}_harvest", harvest=Harvest()))
}


def split(saved: pd.Series, policy: str = "harvested", other: str = "plain") -> TaxAlpha:
    """What `Comparison.tax_saved` gives: of each dollar saved 60 cents deferred, 30 converted, 10 permanent."""
    by_year = pd.DataFrame(
        {"saved": saved, "deferred": 0.6 * saved, "converted": 0.3 * saved, "permanent": 0.1 * saved,
         "not_earned": 0.04 * saved, "alpha": saved / 100_000}
    )  # fmt: skip
    causes = pd.DataFrame({"on_gains": saved, "kept_off": 2.0 * saved})
    resale = Resale(
        tax=350.0,
        deferred=float(by_year["deferred"].sum()),
        other_gains=-20.0,
        other_rates=0.0,
        retirement=1_500.4,
    )
    return TaxAlpha(policy, other, by_year, causes, 0.15, 0.24, resale, 400.0, -612.5, 0.0004, -0.0006)


@dataclass(frozen=True)
class Run:
    """What `backtest` gives, as far as a view looks at it."""

    household: Household
    policy: RebalancePolicy
    market: Market
    opened_with: str
    daily: pd.DataFrame
    weights: pd.DataFrame
    bands: pd.DataFrame
    journal: pd.DataFrame
    years: pd.DataFrame
    metrics: Mapping[str, float]
    assumptions: tuple[Finding, ...]


@dataclass(frozen=True)
class Runs:
    """What `compare` gives, as far as a view looks at it."""

    runs: Mapping[str, Any]
    assumptions: tuple[Finding, ...] = field(
        default=(
            Finding("note", "law", "United States, tax year 2026"),
            Finding("warning", "coverage", "unknown"),
            Finding("note", "harvesting", "nothing may replace AAA", "give it a partner"),
        )
    )

    @property
    def table(self) -> pd.DataFrame:
        return pd.DataFrame({name: run.metrics for name, run in self.runs.items()}).T

    def tax_saved(self, policy: str, other: str) -> TaxAlpha:
        return split(self.runs[other].years["tax"] - self.runs[policy].years["tax"], policy, other)


def results(policies: Mapping[str, RebalancePolicy] = POLICIES, sessions: int = 900) -> Runs:
    """Return a comparison whose curves are waves with a trade at every 200th session."""
    return Runs({name: _run(policy, sessions, at) for at, (name, policy) in enumerate(policies.items())})


def _run(policy: RebalancePolicy, sessions: int, at: int) -> Run:
    dates = pd.bdate_range("2004-11-19", periods=sessions, name="date")
    t = np.arange(sessions)
    stocks = 0.6 + 0.05 * np.sin(t / 90 + at / 3)
    value = 100_000 * (1 + 0.0002 * t) * (1 + 0.1 * np.sin(t / 150)) + 700 * at * t / sessions
    banded = bool(policy.triggers) and isinstance(policy.triggers[0], Threshold)
    width = 0.03 if banded else np.nan
    targets = pd.Series(CLASSES, name="target")
    close = np.full((sessions, 3), 100.0)
    return Run(
        household=HOUSEHOLD,
        policy=policy,
        market=Market.from_close(pd.DataFrame(close, dates, ["AAA", "BBB", "CCC"]), "made by hand", source="a test"),
        opened_with="values",
        daily=pd.DataFrame({"value": value, "before_tax": value * 1.01, "cash": 0.0, "drift": abs(stocks - 0.6),
                            "tax_paid": 0.0}, index=dates),
        weights=pd.DataFrame({"US stocks": stocks, "Treasuries": 1 - stocks, "cash": 0.0}, index=dates),
        bands=pd.DataFrame({"target": targets, "lower": targets - width, "upper": targets + width}),
        journal=_journal(policy, dates),
        years=pd.DataFrame({"short": 10.0, "long": 20.0, "tax": [500.0 - 90 * bool(policy.harvest), -100.0, 1_500.0]},
                           index=pd.Index([2004, 2005, 2006], name="year")),
        metrics={"value_after_tax": float(value[-1]), "cagr_after_tax": 0.0512 + at / 1_000, "trades": 12.0 + at,
                 "turnover": 0.151, "permanent": 0.0, "tracking_error": float("nan")},
        assumptions=(),
    )  # fmt: skip


def _journal(policy: RebalancePolicy, dates: pd.DatetimeIndex) -> pd.DataFrame:
    reason = Reason.THRESHOLD if policy.triggers else Reason.REINVEST
    balance = Reason.BALANCE if policy.triggers else Reason.REINVEST
    rows = [(dates[0], "AAA", "buy", Reason.OPENING, 60_000.0, 0.0)]
    for date in dates[200::200]:
        rows += [(date, "AAA", "sell", reason, 2_000.0, 300.0), (date, "AAA", "sell", reason, 1_000.0, 50.0),
                 (date, "BBB", "buy", balance, 3_000.0, 0.0)]  # fmt: skip
    if policy.harvest:
        rows += [(dates[len(dates) // 3], "BBB", "sell", Reason.HARVEST, 4_000.0, -800.0),
                 (dates[len(dates) // 3], "CCC", "buy", Reason.REPLACEMENT, 4_000.0, 0.0)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["date", "symbol", "side", "reason_code", "amount", "gain"])
    return frame.assign(reason=[Reason(code).sentence for code in frame["reason_code"]], account="Main")
