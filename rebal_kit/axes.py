"""What a design varies: a field of a policy or of a household, and the values or the range it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rebal_kit.checking import HUGE, as_tuple, check_flag, check_number, is_number, written
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, PolicyError, RebalError, raise_errors
from rebal_kit.policy import RebalancePolicy
from rebal_kit.printing import code_of
from rebal_kit.variation import Steps, steps_of, trouble, with_fields

#: First steps that lead into the household; all others lead into the policy.
HOUSEHOLD_FIELDS = tuple(name for name in Household.__dataclass_fields__ if name != "name")
_POLICY_FIELDS = tuple(RebalancePolicy.__dataclass_fields__)
#: No field takes whole numbers of so many bits; Python does not even print much longer ones.
_LONG = 1_100


@dataclass(frozen=True)
class Between:
    """Numbers from `low` to `high`, for a random design.

    Attributes
    ----------
    low, high : float
        Both may be drawn.
    log : bool
        Spread evenly over orders of magnitude: as many from 1 to 10 as from 10 to 100.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        for name in ("low", "high"):
            yield from check_number("between", name, getattr(self, name), whole=self.whole is True)
        for name in ("log", "whole"):
            yield from check_flag("between", name, getattr(self, name))
        if is_number(self.low) and is_number(self.high):
            if not self.low < self.high:
                what = f"low is {written(self.low)}, high is {written(self.high)}"
                yield Finding("error", "between", what, "give the lower number first")
            elif self.high - self.low > HUGE:
                what = f"low is {written(self.low)}, high is {written(self.high)}: too far apart"
                yield Finding("error", "between", what, "give numbers that are nearer to each other")
            if self.log is True and not self.low > 0:
                yield Finding(
                    "error", "between", f"low is {written(self.low)}", "with log, give a number above 0"
                )

    def at(self, share: float) -> float | int:
        """Return the number at `share`, from 0 to under 1, of the way from low to high."""
        low, high = (self.low, self.high + 1) if self.whole else (self.low, self.high)
        if self.log:
            found = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            found = low + share * (high - low)
        # The last bit of exp and of a product may be beyond the end.
        found = min(max(found, self.low), self.high)
        return math.floor(found) if self.whole else float(found)

    def __repr__(self) -> str:
        return code_of(self)


class Axis(NamedTuple):
    """A field that is varied.

    Attributes
    ----------
    name : str
        As it was given; the name of a column.
    steps : tuple of str
    values : tuple
        What it is set to; for a range its two ends.
    labels : tuple
        What the column says for each value.
    span : Between, optional
        A range to draw from instead.
    """

    name: str
    steps: Steps
    values: tuple[Any, ...]
    labels: tuple[Any, ...]
    span: Between | None = None

    @property
    def of_household(self) -> bool:
        """Whether the field is the household's."""
        return self.steps[0] in HOUSEHOLD_FIELDS and self.steps[0] not in _POLICY_FIELDS

    def drawn(self, share: float) -> tuple[Any, Any]:
        """Return the value at `share` of the way through, and its label."""
        if self.span is not None:
            found = self.span.at(share)
            return found, found
        at = int(share * len(self.values))
        return self.values[at], self.labels[at]


class Problem(NamedTuple):
    """What is wrong with a field of a design: which field, '' for all of it; which value if it is one; what."""

    field: str
    value: int | None
    finding: Finding


def axes_of(fields: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return the fields as axes, the household's first."""
    axes = [_axis(str(name), given) for name, given in fields.items()]
    return (*(a for a in axes if a.of_household), *(a for a in axes if not a.of_household))


def _axis(name: str, given: Any) -> Axis:
    # [00] is the place [0]: one field, one spelling.
    steps = tuple(str(int(step)) if step.isdecimal() else step for step in steps_of(name))
    if isinstance(given, Between):
        kind = int if given.whole else float
        ends = (kind(given.low), kind(given.high))
        return Axis(name, steps, ends, ends, given)
    if isinstance(given, Mapping):
        return Axis(name, steps, tuple(given.values()), tuple(str(label) for label in given))
    values = tuple(_plain(value) for value in as_tuple(given))
    return Axis(name, steps, values, tuple(map(_label, values)))


def _plain(value: Any) -> Any:
    """Return Python's own number for one of numpy's, which prints otherwise."""
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value


def _label(value: Any) -> Any:
    """Return what a column can hold: numbers, words, True, False and None as they are, else the code that makes it."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def axis_problems(noun: Any, axis: Axis) -> Iterator[Problem]:
    """Find what of an axis the policy or household cannot be."""
    where = f"design, {axis.name}"
    astray = trouble(noun, axis.steps)
    if astray:
        if len(axis.steps) == 1 or axis.steps[0] not in (*_POLICY_FIELDS, *HOUSEHOLD_FIELDS):
            household = ", ".join(name for name in HOUSEHOLD_FIELDS if name not in _POLICY_FIELDS)
            astray = f"a policy has {', '.join(_POLICY_FIELDS)}; a household has {household}"
        yield Problem(axis.name, None, Finding("error", where, "names no field", astray))
        return
    for at, value in enumerate(axis.values):
        try:
            with_fields(noun, [(axis.steps, value)])
        except RebalError as error:
            for f in error.findings:
                yield Problem(axis.name, at, Finding("error", where, f"{f.where}: {f.what}", f.remedy))


def label_problems(axis: Axis) -> Iterator[Problem]:
    """Find values that differ and that the column would say alike, as 1 and '1'."""
    said: dict[str, Any] = {}
    for label, value in zip(axis.labels, axis.values, strict=True):
        if isinstance(label, int) and label.bit_length() > _LONG:
            continue
        other = said.setdefault(str(label), value)
        if repr(other) != repr(value):
            what = f"{other!r} and {value!r} are both called {str(label)!r}"
            remedy = "name them apart, {'one': …, 'other': …}, or leave one out"
            yield Problem(axis.name, None, Finding("error", f"design, {axis.name}", what, remedy))
