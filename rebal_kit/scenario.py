"""What if: a household, a market, a period and a policy as one value; and what was tried before, to go back to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from rebal_kit.checking import as_day, check_date, check_kind, check_text
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.policy import RebalancePolicy
from rebal_kit.printing import code_of
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile

_Value = TypeVar("_Value")
#: Steps that can be taken back.
MOST_STEPS = 200


@dataclass(frozen=True)
class Scenario:
    """A policy tried on a household and a market; it refers to both by name and holds what is to be different.

    Attributes
    ----------
    policy : RebalancePolicy
    household : str
        Name of a bundled household, or the path of a household file.
    market : str
        What `load_market` takes: a bundled market, a file, or ``yahoo:`` and tickers.
    name : str
    start, end : date, optional
        First and last session; as `backtest` chooses where not given.
    open_with : {'lots', 'values'}, optional
        As in `backtest`.
    targets : TargetAllocation, optional
        In place of the household's own.
    tax : TaxProfile, optional
        In place of the household's own.
    """

    policy: RebalancePolicy
    household: str = "starter"
    market: str = "etf"
    name: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    open_with: Literal["lots", "values"] | None = None
    targets: TargetAllocation | None = None
    tax: TaxProfile | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, as_day(getattr(self, name)))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"scenario '{self.name}'" if self.name else "scenario"
        yield from check_kind(
            where, "policy", self.policy, RebalancePolicy, "make it with RebalancePolicy(…)"
        )
        yield from check_text(where, "household", self.household, "name a household or its file")
        yield from check_text(where, "market", self.market, "name a market or its file")
        yield from check_kind(where, "name", self.name, str, "give text")
        for name in ("start", "end"):
            yield from check_date(where, name, getattr(self, name), optional=True)
        if isinstance(self.start, dt.date) and isinstance(self.end, dt.date) and self.start >= self.end:
            what = f"start {self.start} is not before end {self.end}"
            yield Finding("error", where, what, "give a first session before the last")
        if self.open_with not in (None, "lots", "values"):
            yield Finding("error", where, f"open_with is {self.open_with!r}", "use lots or values")
        if self.targets is not None:
            remedy = "make it with TargetAllocation({…})"
            yield from check_kind(where, "targets", self.targets, TargetAllocation, remedy)
        if self.tax is not None:
            yield from check_kind(where, "tax", self.tax, TaxProfile, "make it with TaxProfile(…)")

    def applied_to(self, household: Household) -> Household:
        """Return the household with the scenario's targets and tax profile in place of its own, where it has some."""
        targets, tax = self.targets or household.targets, self.tax or household.tax
        if targets == household.targets and tax == household.tax:
            return household
        return replace(household, targets=targets, tax=tax)

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class History(Generic[_Value]):
    """A value with those before it, and those that were taken back.

    Attributes
    ----------
    current : object
    past : tuple
        Oldest first, at most `MOST_STEPS`.
    future : tuple
        What was taken back, next one first.
    """

    current: _Value
    past: tuple[_Value, ...] = ()
    future: tuple[_Value, ...] = ()

    def then(self, value: _Value) -> History[_Value]:
        """Return the history with a further step; none where nothing changes. What was taken back is gone."""
        if value == self.current:
            return self
        return History(value, (*self.past, self.current)[-MOST_STEPS:])

    def undone(self) -> History[_Value]:
        """Return the history one step back; the same where there is none."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (self.current, *self.future))

    def redone(self) -> History[_Value]:
        """Return the history with the last step that was taken back; the same where there is none."""
        if not self.future:
            return self
        return History(self.future[0], (*self.past, self.current), self.future[1:])
