"""Scenarios run: what was read and encoded before is kept, so that a changed band costs one run of the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rebal_kit.backtest import Backtest, backtest_in, warm
from rebal_kit.compare import Comparison
from rebal_kit.domain import Household
from rebal_kit.files.bundled import find_file
from rebal_kit.files.household import load_household
from rebal_kit.files.reading import read_text
from rebal_kit.files.scenario import digest
from rebal_kit.files.yaml_text import read_yaml
from rebal_kit.findings import Finding, HouseholdError, PolicyError, RebalError
from rebal_kit.market import Market
from rebal_kit.policy import BUY_AND_HOLD
from rebal_kit.run import Setting, prepare
from rebal_kit.scenario import Scenario
from rebal_kit.sources.load import load_market
from rebal_kit.views.studio_work import Job

#: What the run that is not pinned is called, and the one that others are read against.
NOW, REFERENCE = "now", "buy and hold"
#: A run that takes longer is made beside the page, with its progress shown.
_NOTICED_SECONDS = 0.25
#: Settings that are kept.
_MOST_KEPT = 8
#: Runs that can be pinned: as many as a chart tells apart at a glance.
MOST_PINS = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a scenario.

    Attributes
    ----------
    scenario : Scenario
    home : Household
        As it was read, before the scenario was laid over it.
    run : Backtest
    reference : Backtest
        Buying and holding in the same setting, at the same costs.
    """

    scenario: Scenario
    home: Household
    run: Backtest
    reference: Backtest


class Kept:
    """Markets, households and settings as they were read and encoded."""

    def __init__(self) -> None:
        self._markets: dict[str, Market] = {}
        self._households: dict[str, tuple[Household, tuple[tuple[Path, str], ...]]] = {}
        self._settings: dict[tuple[Any, ...], Setting] = {}
        self._references: dict[tuple[Any, ...], Backtest] = {}
        self._warm = False
        self._slow: set[tuple[str, str]] = set()

    def household(self, source: str) -> Household:
        """Return a household as it was read first.

        Raises
        ------
        HouseholdError
            With every problem of its files.
        """
        if source not in self._households:
            files = _with_digests(source)  # before it is read: a change in between is noticed
            self._households[source] = (load_household(source), files)
        return self._households[source][0]

    def changed_behind(self, source: str) -> bool:
        """Say whether a file of the household is another one than was read."""
        known = self._households.get(source)
        return known is not None and any(digest(path) != seen for path, seen in known[1])

    def forget(self, source: str) -> None:
        """Read a household anew when it is asked for next."""
        self._households.pop(source, None)

    def market(self, source: str) -> Market:
        """Return a market as it was read first.

        Raises
        ------
        MarketError
            It is unknown, or its file has errors.
        """
        if source not in self._markets:
            self._markets[source] = load_market(source)
        return self._markets[source]

    def ready(self, scenario: Scenario) -> bool:
        """Say whether a run of the scenario has nothing to wait for that one would notice."""
        read = scenario.market in self._markets and scenario.household in self._households
        return self._warm and read and (scenario.market, scenario.household) not in self._slow

    def run(self, scenario: Scenario, job: Job) -> Outcome:
        """Run a scenario, reading and encoding what was not before.

        Raises
        ------
        MarketError, HouseholdError, PolicyError, LawError, SimulationError
            Something does not fit together.
        CancelledError
            The job was cancelled.
        """
        job.step("Reading the household")
        read = self.household(scenario.household)
        home = scenario.applied_to(read)
        job.step("Reading prices")
        market = self.market(scenario.market)
        if not self._warm:
            job.step("Compiling the engine: up to a minute, once after an update")
            warm()
            self._warm = True
        job.step("Preparing household and market")
        key = (scenario.market, home, scenario.start, scenario.end, scenario.open_with)
        start = time.perf_counter()
        setting = self._setting(key, market)
        job.step("Running the policy")
        run = backtest_in(setting, scenario.policy)
        job.step("Running the reference")
        reference = self._reference(key, setting, scenario)
        if time.perf_counter() - start > _NOTICED_SECONDS:
            self._slow.add((scenario.market, scenario.household))
        return Outcome(scenario, read, run, reference)

    def _setting(self, key: tuple[Any, ...], market: Market) -> Setting:
        if key not in self._settings:
            _, home, start, end, open_with = key
            self._settings[key] = prepare(market, home, start=start, end=end, open_with=open_with)
            for old in list(self._settings)[:-_MOST_KEPT]:
                del self._settings[old]
        return self._settings[key]

    def _reference(self, key: tuple[Any, ...], setting: Setting, scenario: Scenario) -> Backtest:
        policy = replace(BUY_AND_HOLD, name=REFERENCE, costs=scenario.policy.costs)
        if (key, policy) not in self._references:
            self._references[key, policy] = backtest_in(setting, policy)
            for old in list(self._references)[:-_MOST_KEPT]:
                del self._references[old]
        return self._references[key, policy]


def pinned(pins: Mapping[str, Outcome], outcome: Outcome, name: str) -> dict[str, Outcome]:
    """Return the pinned runs and one more.

    Raises
    ------
    PolicyError
        There are as many as can be told apart, or the name is taken.
    """
    name = name.strip()
    if not name or name in (*pins, NOW, REFERENCE):
        what = f"'{name}' is taken" if name else "has no name"
        raise PolicyError(Finding("error", "pin", what, "give the run a name of its own"))
    if len(pins) >= MOST_PINS:
        raise PolicyError(Finding("error", "pin", f"{MOST_PINS} runs are pinned", "take one off first"))
    return {**pins, name: outcome}


def comparison(outcome: Outcome, pins: Mapping[str, Outcome]) -> Comparison:
    """Return the run with those that are pinned and the reference, side by side."""
    others = {name: one.run for name, one in pins.items()}
    return Comparison(outcome.run.setting, {NOW: outcome.run, **others, REFERENCE: outcome.reference})


def differences(outcome: Outcome, pins: Mapping[str, Outcome]) -> list[str]:
    """Return what keeps pinned runs from being compared like for like, in words."""
    said, now = [], outcome.run
    for name, one in pins.items():
        other = one.run
        apart = [
            word
            for word, differs in (
                ("market", one.scenario.market != outcome.scenario.market),
                ("household", one.scenario.household != outcome.scenario.household),
                ("period", _period(one.run) != _period(now)),
                ("targets", other.household.targets != now.household.targets),
                ("tax profile", other.household.tax != now.household.tax),
            ) if differs
        ]  # fmt: skip
        if apart:
            said.append(f"'{name}' has another {', '.join(apart)} than the run of now")
    return said


def _period(run: Backtest) -> tuple[Any, Any]:
    return run.market.dates[0], run.market.dates[-1]


def _with_digests(source: str) -> tuple[tuple[Path, str], ...]:
    """Return the files that a household is read from, with their digests."""
    try:
        path = find_file(source, "households", HouseholdError)
        data = read_yaml(read_text(path, HouseholdError), str(path)).data
    except RebalError:
        return ()
    named = [data.get("lots")] if isinstance(data, dict) else []
    accounts = data.get("accounts") if isinstance(data, dict) else None
    for account in accounts if isinstance(accounts, list) else ():
        if isinstance(account, dict) and isinstance(account.get("holdings"), list):
            named += account["holdings"]
    files = [path, *(path.parent / name for name in named if isinstance(name, str))]
    return tuple((file, digest(file)) for file in files)
