"""compare(): named policies side by side, on the same household and history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from rebal_kit.backtest import Backtest, backtest_in
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import METRICS, OpenWith, Setting, as_policies, prepare
from rebal_kit.tax_alpha import TaxAlpha, tax_alpha


@dataclass(frozen=True, eq=False)
class Comparison:
    """Back-tests of several policies in one setting.

    Attributes
    ----------
    setting : Setting
    runs : dict of str to Backtest
        By policy name, in the order given.
    """

    setting: Setting
    runs: dict[str, Backtest]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each policy, a column for each measure of `rebal_kit.run.METRICS`."""
        rows = {name: run.metrics for name, run in self.runs.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(METRICS)).rename_axis("policy")

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Data, period, law and whatever a reader must know before using a figure."""
        return tuple(dict.fromkeys(finding for run in self.runs.values() for finding in run.assumptions))

    def tax_saved(self, policy: str, other: str) -> TaxAlpha:
        """Return what `policy` saves in tax against `other`, year by year and by what becomes of it.

        Raises
        ------
        PolicyError
            The comparison has no run of that name.
        """
        for name in (policy, other):
            if name not in self.runs:
                what, remedy = f"no run is called {name!r}", f"use {', '.join(self.runs)}"
                raise PolicyError(Finding("error", "tax_saved", what, remedy))
        return replace(tax_alpha(self.runs[policy], self.runs[other]), policy=policy, other=other)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.runs)} policies for {self.setting.household.name!r}>"


def compare(
    market: Market, household: Household, policies: Mapping[str, RebalancePolicy] | Sequence[RebalancePolicy], *,
    start: Any = None, end: Any = None, open_with: OpenWith | None = None,
    progress: Callable[[str], None] | None = None,
) -> Comparison:  # fmt: skip
    """Back-test several policies on the same household and history.

    Parameters
    ----------
    market : Market
    household : Household
    policies : mapping of name to RebalancePolicy, or sequence of RebalancePolicy
        In a sequence, each policy must have a name of its own.
    start, end, open_with
        As in `rebal_kit.backtest.backtest`.
    progress : callable, optional
        Called with each policy's name when its run is done.

    Returns
    -------
    Comparison

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    given = as_policies("compare", policies)
    names: list[Any] = list(policies) if isinstance(policies, Mapping) else [policy.name for policy in given]
    if len(set(names)) < len(given) or not all(isinstance(name, str) and name for name in names):
        what = "two policies share a name, or one has none"
        raise PolicyError(Finding("error", "compare", what, "give each a name of its own"))
    setting = prepare(market, household, start=start, end=end, open_with=open_with)
    runs = {}
    for name, policy in zip(names, given, strict=True):
        runs[name] = backtest_in(setting, policy)
        if progress is not None:
            progress(name)
    return Comparison(setting, runs)
