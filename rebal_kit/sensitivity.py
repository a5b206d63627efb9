"""sensitivity(): how far the difference between policies hangs on the date, the tax, the costs and the horizon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from rebal_kit.checking import as_tuple, check_kind, check_number
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, RebalError, raise_errors
from rebal_kit.growth import per
from rebal_kit.intervals import share_ahead
from rebal_kit.metrics import DAYS_PER_YEAR, sessions_per_year
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import Setting, prepare
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.trials import MEASURE, PAIRED, Trial, differences, failures, observed, reference_of, run_trials
from rebal_kit.triggers import Calendar

Kind = Literal["first session", "schedule", "horizon", "income", "state tax", "flat rates", "half spread"]
#: What the value of each kind of variation is counted in.
UNITS: dict[str, str] = {
    "first session": "sessions later", "schedule": "sessions after the first of the period", "horizon": "years",
    "income": "ordinary income, US$ a year", "state tax": "state rate", "flat rates": "times the rates",
    "half spread": "basis points",
}  # fmt: skip
#: 252 sessions may be some days short of a year; growth over them is a year's for any use.
_NEARLY_A_YEAR = 0.95


@dataclass(frozen=True)
class Variation:
    """One thing about a comparison set to something else, for all of its policies.

    Attributes
    ----------
    kind : str
        'first session': so many sessions later. 'schedule': every `Calendar` acts so many sessions after its period
        begins. 'horizon': ends so many years after the first session. 'income', 'state tax': of the tax profile, US$
        and fraction. 'flat rates': times those of the tax profile, which must have some. 'half spread': of every
        trade, basis points.
    value : float
    """

    kind: Kind
    value: float

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        if self.kind not in UNITS:
            yield Finding("error", "variation", f"kind is {self.kind!r}", f"use {', '.join(UNITS)}")
        whole = self.kind in ("first session", "schedule")
        least = 0.001 if self.kind == "horizon" else 0
        yield from check_number("variation", "value", self.value, f"give {UNITS.get(self.kind, 'a number')}",
                                least=least, whole=whole)  # fmt: skip


def variations(kind: Kind, values: Iterable[float]) -> tuple[Variation, ...]:
    """Return a variation for each value: ``variations("half spread", (0, 5, 10))``."""
    return tuple(Variation(kind, value) for value in values)


def usual_variations(comparison: Comparison) -> tuple[Variation, ...]:
    """Return what to ask of any comparison: a year of first sessions, a month of schedules, taxes, costs, horizons."""
    market, tax = comparison.setting.market, comparison.setting.household.tax
    per_year = sessions_per_year(market.dates.astype(np.int64))
    years = (len(market.dates) - 1) / per_year
    month = max(round(per_year / 12), 1)
    starts = [month * at for at in range(13) if month * at < len(market.dates) // 2]
    taxes = variations("flat rates", (0.5, 0.75, 1.0, 1.25, 1.5))
    if tax.flat is None:
        taxes = (
            *variations("income", (50_000, 100_000, 200_000, 400_000, 800_000)),
            *variations("state tax", (0.0, 0.03, 0.06, 0.09, 0.12)),
        )
    return (
        *variations("first session", starts),
        *variations("schedule", range(0, month, max(month // 7, 1))),
        *variations("horizon", [year for year in (1, 2, 3, 5, 7, 10, 15, 20, 30) if year < years]),
        *taxes,
        *variations("half spread", (0, 2, 5, 10, 20, 40)),
    )


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Differences between policies under one variation at a time.

    Attributes
    ----------
    comparison : Comparison
    against : str
        The policy that the others are held against.
    variations : tuple of Variation
    rows : DataFrame
        A row a variation and policy: kind, value, policy, status, first and last session, and the policy less
        `against` under the same variation in each measure of `rebal_kit.trials.PAIRED`.
    """

    comparison: Comparison
    against: str
    variations: tuple[Variation, ...]
    rows: pd.DataFrame

    @property
    def as_it_is(self) -> pd.DataFrame:
        """The differences without a variation, a row a policy."""
        return differences(observed(self.comparison), self.against).set_index("policy")[list(PAIRED)]

    def summary(self) -> pd.DataFrame:
        """Return, by kind and policy, how far growth after liquidation less that of `against` moves, a year.

        Over less than a year it is the growth of the whole span; the findings say of which variations that is so.

        Returns
        -------
        DataFrame
            Columns: variations (in which the difference is known; all else is of these), as_it_is, least, median, most,
            standard_deviation, ahead (share above 0). A policy of which none is known has a row of NaN.
        """
        known = self.rows[self.rows["status"] == "ok"]  # of these, NaN is where nothing is left
        found = pd.DataFrame(known.groupby(["kind", "policy"], sort=False)[MEASURE].agg(
            variations="count", least="min", median="median", most="max", standard_deviation="std",
            ahead=share_ahead,
        ))  # fmt: skip
        found.insert(
            1, "as_it_is", self.as_it_is[MEASURE].reindex(found.index.get_level_values("policy")).to_numpy()
        )
        return found

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """What the comparison states, what was varied, and what has no figures."""
        return (*self.comparison.assumptions, *_said(self), *failures("sensitivity", self.rows))

    def __repr__(self) -> str:
        kinds = len({variation.kind for variation in self.variations})
        return f"<Sensitivity to {len(self.variations)} variations of {kinds} kinds against {self.against!r}>"


def sensitivity(
    comparison: Comparison, varied: Iterable[Variation] | None = None, *, against: str | None = None,
    workers: int | None = None, progress: bool = False,
) -> Sensitivity:  # fmt: skip
    """Run a comparison's policies again under one variation at a time, and take their differences under each.

    Parameters
    ----------
    comparison : Comparison
    varied : iterable of Variation, optional
        See `variations`; `usual_variations` when not given.
    against : str, optional
        The policy that the others are held against; the comparison's first when not given.
    workers : int, optional
        Threads; by default one for each processor this process may use.
    progress : bool

    Returns
    -------
    Sensitivity

    Raises
    ------
    PolicyError
        There is nothing to hold against each other, nothing is varied, or an argument cannot be what was given.
    """
    against = reference_of("sensitivity", comparison, against)
    given = usual_variations(comparison) if varied is None else as_tuple(varied)
    raise_errors(PolicyError, _check(given, workers))
    trials = [_trial(comparison, variation) for variation in given]
    found = differences(run_trials(trials, workers=workers, progress=progress, unit="variation"), against)
    of = [given[number] for number in found["trial"]]
    spans = [_span(comparison.setting, variation) for variation in of]
    rows = pd.DataFrame(
        {
            "kind": [variation.kind for variation in of], "value": [float(variation.value) for variation in of],
            "policy": found["policy"], "status": found["status"],
            "first": pd.DatetimeIndex([first for first, _ in spans]),
            "last": pd.DatetimeIndex([last for _, last in spans]),
        }
    )  # fmt: skip
    return Sensitivity(comparison, against, given, pd.concat([rows, found[list(PAIRED)]], axis=1))


def _trial(comparison: Comparison, variation: Variation) -> Trial:
    """Return the comparison's policies and setting under a variation."""
    setting = comparison.setting
    change = _POLICY_CHANGES.get(variation.kind)
    policies = {name: run.policy for name, run in comparison.runs.items()}
    if change is None:
        return Trial(partial(_varied, setting, variation), policies)
    try:
        changed = {name: change(policy, variation.value) for name, policy in policies.items()}
    except RebalError as problem:
        return Trial(partial(_refused, problem), policies)
    return Trial(lambda: setting, changed)


def _refused(problem: RebalError) -> Setting:
    """Say in a trial's rows why no policy can be what the variation makes of it."""
    raise problem


def _varied(setting: Setting, variation: Variation) -> Setting:
    first, last = _span(setting, variation)
    household = setting.household
    if variation.kind in _TAX_CHANGES:
        household = replace(household, tax=_TAX_CHANGES[variation.kind](household.tax, variation.value))
    return prepare(
        setting.history, household, start=first.item(), end=last.item(), open_with=setting.opened_with
    )  # fmt: skip


def _span(setting: Setting, variation: Variation) -> tuple[np.datetime64, np.datetime64]:
    """Return the first and last session; one that is later than the last stands for it."""
    dates = setting.market.dates
    first, last = 0, len(dates) - 1
    if variation.kind == "first session":
        first = min(int(variation.value), last)
    elif variation.kind == "horizon":
        last = round(min(variation.value * sessions_per_year(dates.astype(np.int64)), last))
    return dates[first], dates[last]


def _with_offset(policy: RebalancePolicy, sessions: float) -> RebalancePolicy:
    moved = (replace(t, offset=int(sessions)) if isinstance(t, Calendar) else t for t in policy.triggers)
    return replace(policy, triggers=tuple(moved))


def _with_half_spread(policy: RebalancePolicy, bps: float) -> RebalancePolicy:
    return replace(
        policy, costs=replace(policy.costs, half_spread_bps=float(bps), by_symbol=(), estimate_spread=False)
    )


def _with_flat_rates(tax: TaxProfile, times: float) -> TaxProfile:
    if tax.flat is None:
        what, remedy = "the tax profile has no flat rates", "vary 'income' or 'state tax'"
        raise PolicyError(Finding("error", "sensitivity", what, remedy))
    short, long, qualified = (rate * times for rate in tax.flat)
    return replace(tax, flat=(short, long, qualified))


_POLICY_CHANGES: dict[str, Callable[[RebalancePolicy, float], RebalancePolicy]] = {
    "schedule": _with_offset, "half spread": _with_half_spread,
}  # fmt: skip
_TAX_CHANGES: dict[str, Callable[[TaxProfile, float], TaxProfile]] = {
    "income": lambda tax, usd: replace(tax, ordinary_income=float(usd)),
    "state tax": lambda tax, rate: replace(tax, state_rate=float(rate)),
    "flat rates": _with_flat_rates,
}


def _check(given: tuple[Any, ...], workers: int | None) -> Iterator[Finding]:
    if not given:
        yield Finding(
            "error", "sensitivity", "nothing is varied", "give variations('half spread', (0, 5, 10))"
        )
    for variation in given:
        yield from check_kind(
            "sensitivity", "one of varied", variation, Variation, "make it with Variation(…)"
        )
    if workers is not None:
        yield from check_number(
            "sensitivity", "workers", workers, "give threads, 1 or more", least=1, whole=True
        )


def _said(found: Sensitivity) -> Iterator[Finding]:
    """Say what was varied, and what did not move."""
    kinds: dict[str, list[float]] = {}
    for variation in found.variations:
        kinds.setdefault(variation.kind, []).append(variation.value)
    said = "; ".join(
        f"{kind} {min(values):g} to {max(values):g} {UNITS[kind]}" for kind, values in kinds.items()
    )
    yield Finding("note", "sensitivity", f"one thing at a time is varied, the rest stays: {said}")
    yield from _short(found)
    if "schedule" in kinds:
        without = [
            name for name, run in found.comparison.runs.items()
            if not any(isinstance(trigger, Calendar) for trigger in run.policy.triggers)
        ]  # fmt: skip
        if without:
            what = f"another schedule moves no policy without a calendar: {', '.join(without)}"
            yield Finding("note", "sensitivity", what)
    if found.comparison.setting.opened_with == "lots" and "first session" in kinds:
        what = "opened with lots: a later first session prices the same lots later"
        yield Finding("note", "sensitivity", what)


def _short(found: Sensitivity) -> Iterator[Finding]:
    """Say which variations state growth of a span that is shorter than a year beside others that state it a year."""
    dates = found.comparison.setting.market.dates
    if per(dates[0], dates[-1]) != "a year":
        return
    days = (found.rows["last"] - found.rows["first"]).dt.days
    short = found.rows[days < _NEARLY_A_YEAR * DAYS_PER_YEAR].drop_duplicates(["kind", "value"])
    if len(short):
        said = ", ".join(
            f"{kind} {value:g}" for kind, value in zip(short["kind"], short["value"], strict=True)
        )
        yield Finding(
            "warning", "sensitivity",
            f"less than a year is left under {said}: growth there is that of the whole span, not a year, beside growth"
            " a year under the others",
            "vary less, or take a longer history",
        )  # fmt: skip
