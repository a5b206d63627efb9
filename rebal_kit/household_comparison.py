"""compare_household(): what coordination, location and harvesting are each worth to one household under one policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from rebal_kit.compare import Comparison, compare
from rebal_kit.domain import Household
from rebal_kit.findings import Finding
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import OpenWith, as_policies
from rebal_kit.tax_alpha import TaxAlpha

#: The run that the others are held against, and the one with everything switched off.
AS_IT_IS, ALONE, NONE_OF_THESE = "as it is", "each account alone", "none of these"
#: Name of a run → the policy's field it switches off, the value that is off, and what that means.
SWITCHES: dict[str, tuple[str, Any, str]] = {
    ALONE: ("coordinate", False, "accounts act together"),
    "not located": ("locate", False, "purchases follow the location ranks"),
    "not harvested": ("harvest", None, "losses are harvested"),
}
#: The fields that each switch sets.
_SWITCHED = {"coordinate": ("coordinate",), "locate": ("locate",), "harvest": ("harvest", "gains")}
_BASIS_POINTS = 1e4


@dataclass(frozen=True, eq=False, repr=False)
class HouseholdComparison(Comparison):
    """A policy as it is, and the same policy with one thing switched off at a time.

    Attributes
    ----------
    notes : tuple of Finding
        What was off already and has no run of its own.
    """

    notes: tuple[Finding, ...] = ()

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Data, period, law, what was not compared, and whatever a reader must know before using a figure."""
        return (*super().assumptions, *self.notes)

    @cached_property
    def tax_alphas(self) -> dict[str, TaxAlpha]:
        """What the policy as it is saves in tax against each of the others, by name of the other."""
        return {name: self.tax_saved(AS_IT_IS, name) for name in self.runs if name != AS_IT_IS}

    @cached_property
    def worth(self) -> pd.DataFrame:
        """A row a run: its value, and what the policy as it is is worth against it.

        The differences do not add up: what one thing is worth depends on the others being there.

        Returns
        -------
        DataFrame
            value_after_tax, value_after_liquidation (US$); bp_after_tax, bp_after_liquidation: growth a year of the
            policy as it is less the run's, in hundredths of a percent (over less than a year: of the whole growth);
            saved, deferred, converted, permanent, not_earned (US$, as in `rebal_kit.tax_alpha.TaxAlpha`);
            tax_on_liquidation (US$, as it is less the run's).
        """
        own = self.runs[AS_IT_IS].metrics
        rows: dict[str, dict[str, float]] = {}
        for name, run in self.runs.items():
            row = {key: run.metrics[key] for key in ("value_after_tax", "value_after_liquidation")}
            for of in ("after_tax", "after_liquidation"):
                row[f"bp_{of}"] = _BASIS_POINTS * (own[f"cagr_{of}"] - run.metrics[f"cagr_{of}"])
            alpha = self.tax_alphas.get(name)
            for part in ("saved", "deferred", "converted", "permanent", "not_earned"):
                row[part] = 0.0 if alpha is None else getattr(alpha, part)
            row["tax_on_liquidation"] = 0.0 if alpha is None else alpha.resale.tax
            rows[name] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def compare_household(
    market: Market, household: Household, policy: RebalancePolicy, *,
    start: Any = None, end: Any = None, open_with: OpenWith | None = None,
    progress: Callable[[str], None] | None = None,
) -> HouseholdComparison:  # fmt: skip
    """Back-test a policy as it is, and with coordination, location and harvesting off, one by one and together.

    Parameters
    ----------
    market : Market
    household : Household
    policy : RebalancePolicy
        With all that is to be valued switched on. What is off already gets no run and a note.
    start, end, open_with
        As in `rebal_kit.backtest.backtest`.
    progress : callable, optional
        Called with each run's name when it is done.

    Returns
    -------
    HouseholdComparison
        Runs "as it is", "each account alone", "not located", "not harvested" and, when more than one of them is on,
        "none of these".

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    policies, notes = switched_off(*as_policies("compare_household", (policy,)))
    found = compare(market, household, policies, start=start, end=end, open_with=open_with, progress=progress)
    return HouseholdComparison(found.setting, found.runs, notes)


def switched_off(policy: RebalancePolicy) -> tuple[dict[str, RebalancePolicy], tuple[Finding, ...]]:
    """Return the policies that `compare_household` runs, by name, and notes on what has no run of its own."""
    policies = {AS_IT_IS: policy}
    off: dict[str, Any] = {}
    notes = []
    for name, (field, value, meaning) in SWITCHES.items():
        if getattr(policy, field) == value:
            what = f"the policy has {field} off already: what it is worth that {meaning} is not compared"
            notes.append(Finding("note", "household comparison", what))
        else:
            off[field] = value
            if field == "harvest":  # a loss taken beside a gain is harvested, too
                off["gains"] = replace(policy.gains, pair=False)
            policies[name] = replace(policy, **{key: off[key] for key in off if key in _SWITCHED[field]})
    if len(policies) > 2:
        policies[NONE_OF_THESE] = replace(policy, **off)
    return policies, tuple(notes)
