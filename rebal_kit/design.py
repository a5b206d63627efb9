"""Which settings a sweep runs: every combination of some fields, or so many drawn at random. Built one at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from rebal_kit.checking import as_tuple, check_flag, check_number, is_number
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, PolicyError, RebalError, raise_errors
from rebal_kit.policy import RebalancePolicy
from rebal_kit.printing import code_of
from rebal_kit.variation import steps_of, trouble, with_field

#: First steps that lead into the household; all others lead into the policy.
HOUSEHOLD_FIELDS = tuple(name for name in Household.__dataclass_fields__ if name != "name")
_POLICY_FIELDS = tuple(RebalancePolicy.__dataclass_fields__)


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
                what = f"low is {self.low:g}, high is {self.high:g}"
                yield Finding("error", "between", what, "give the lower number first")
            if self.log is True and not self.low > 0:
                yield Finding("error", "between", f"low is {self.low:g}", "with log, give a number above 0")

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
    steps: tuple[str, ...]
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
    """What is wrong with a field of a design: which field, which of its values if it is one, and what."""

    field: str
    value: int | None
    finding: Finding


@dataclass(frozen=True, eq=False)
class Design:
    """The settings of a sweep: a lazy sequence of policies, each with what changes in the household.

    Make it with `Design.grid` or `Design.random`. A field is named as it is reached: ``lot_method``,
    ``harvest.min_loss_pct``, ``triggers[0].band.absolute``, ``costs``, or in the household ``tax.ordinary_income``,
    ``targets``, ``accounts[0].opening_value``.

    Attributes
    ----------
    policies : tuple of RebalancePolicy
        What is varied.
    axes : tuple of Axis
        Those of the household first.
    draws : int, optional
        So many at random; None: every combination.
    seed : int
    """

    policies: tuple[RebalancePolicy, ...]
    axes: tuple[Axis, ...] = ()
    draws: int | None = None
    seed: int = 0

    @classmethod
    def grid(cls, policies: Any, fields: Mapping[str, Any] | None = None) -> Design:
        """Return every combination of the fields' values, for each of the policies.

        The last field varies fastest; fields of the household vary slower than those of the policy.

        Parameters
        ----------
        policies : RebalancePolicy or sequence of them
        fields : mapping of str to iterable, optional
            The values of each field; or a mapping of labels to values, where a value is no number and no word.

        Raises
        ------
        PolicyError
            With every field and every value that cannot be.
        """
        return cls(_policies(policies), _axes(fields or {}))._sound()

    @classmethod
    def random(cls, policies: Any, fields: Mapping[str, Any], n: int, seed: int = 0) -> Design:
        """Return `n` settings with fields drawn independently of each other.

        Draw i depends on the seed and on i alone: a larger n continues a smaller one, on every machine.

        Parameters
        ----------
        policies : RebalancePolicy or sequence of them
        fields : mapping of str to Between or iterable
            A range, or values that are equally likely.
        n, seed : int

        Raises
        ------
        PolicyError
            With every field and every value that cannot be.
        """
        counts = (*check_number("design", "n", n, "give 1 or more settings", least=1, whole=True),
                  *check_number("design", "seed", seed, "give a whole number", whole=True))  # fmt: skip
        raise_errors(PolicyError, counts)
        return cls(_policies(policies), _axes(fields), int(n), int(seed))._sound()

    def __len__(self) -> int:
        if self.draws is not None:
            return self.draws
        return len(self.policies) * math.prod(len(axis.values) for axis in self.axes)

    def __getitem__(self, at: int) -> RebalancePolicy:
        """Return a setting's policy, named by what was varied."""
        base, chosen = self._choice(at)
        policy: RebalancePolicy = self.policies[base]
        for axis, (value, _) in zip(self.axes, chosen, strict=True):
            if not axis.of_household:
                policy = with_field(policy, axis.steps, value)
        if not self.axes:
            return policy
        label = ", ".join(f"{axis.name}={said}" for axis, (_, said) in zip(self.axes, chosen, strict=True))
        return replace(policy, name=f"{policy.name} {label}".strip())

    def household(self, at: int, household: Household) -> Household:
        """Return the household as a setting has it."""
        _, chosen = self._choice(at)
        for axis, (value, _) in zip(self.axes, chosen, strict=True):
            if axis.of_household:
                household = with_field(household, axis.steps, value)
        return household

    def household_choice(self, at: int) -> str:
        """Return what a setting changes in the household, as text; settings with the same share a household."""
        if not any(axis.of_household for axis in self.axes):
            return ""
        _, chosen = self._choice(at)
        return repr([v for axis, (v, _) in zip(self.axes, chosen, strict=True) if axis.of_household])

    def labels(self, at: int) -> tuple[Any, ...]:
        """Return the name of a setting's policy before it was varied, and what each column says."""
        base, chosen = self._choice(at)
        return (self.policies[base].name, *(label for _, label in chosen))

    def problems(self, household: Household | None = None) -> Iterator[Problem]:
        """Find fields there are not and values that cannot be; without a household, in the policy only."""
        for noun in self.policies if household is None else (household,):
            probe: Any = noun
            for axis in self.axes:
                if axis.of_household != (household is not None):
                    continue
                # A field inside one that another axis sets is looked for in what that sets it to.
                whole = noun if not trouble(noun, axis.steps) else probe
                found = list(_axis_problems(whole, axis))
                yield from found
                if not found:
                    first = next((value for value in axis.values if value is not None), None)
                    probe = with_field(probe if whole is probe else whole, axis.steps, first)

    def _choice(self, at: int) -> tuple[int, list[tuple[Any, Any]]]:
        """Return which policy a setting varies, and for each axis the value and its label."""
        if not 0 <= at < len(self):
            raise IndexError(at)
        if self.draws is not None:
            base, *shares = self._shares(at)
            chosen = [axis.drawn(share) for axis, share in zip(self.axes, shares, strict=True)]
            return int(base * len(self.policies)), chosen
        # Slowest to fastest: the household's fields, the policies, the policies' fields.
        places = {}
        for name, count in reversed(self._order):
            at, places[name] = divmod(at, count)
        chosen = [(axis.values[places[axis.name]], axis.labels[places[axis.name]]) for axis in self.axes]
        return places[""], chosen

    @cached_property
    def _order(self) -> list[tuple[str, int]]:
        """What varies and in how many ways, the slowest first; the policies have no name."""
        ways = [(axis.name, len(axis.values), axis.of_household) for axis in self.axes]
        return [
            *((name, count) for name, count, home in ways if home), ("", len(self.policies)),
            *((name, count) for name, count, home in ways if not home),
        ]  # fmt: skip

    def _shares(self, at: int) -> list[float]:
        """Return numbers from 0 to under 1, one for the policies and one for each axis.

        By hashing, not by numpy's generators, whose streams may change from version to version.
        """
        found = []
        for name in ("", *(axis.name for axis in self.axes)):
            digest = hashlib.blake2b(f"{self.seed} {at} {name}".encode(), digest_size=8).digest()
            found.append((int.from_bytes(digest, "big") >> 11) * 2.0**-53)
        return found

    def _sound(self) -> Design:
        """Return the design itself, if nothing is wrong with it."""
        ranged = [axis for axis in self.axes if axis.span is not None and self.draws is None]
        found = [
            Finding("error", f"design, {axis.name}", f"is {axis.span!r} in a grid", "list the values")
            for axis in ranged
        ]
        found += [
            Finding("error", f"design, {axis.name}", "has no values", "give at least one")
            for axis in self.axes if not axis.values
        ]  # fmt: skip
        found += dict.fromkeys(problem.finding for problem in self.problems())
        raise_errors(PolicyError, found)
        return self

    def __repr__(self) -> str:
        kind = "every combination" if self.draws is None else f"drawn with seed {self.seed}"
        varied = ", ".join(axis.name for axis in self.axes) or "nothing varied"
        return f"<Design: {len(self):,} settings, {kind}: {varied}>"


def _policies(given: Any) -> tuple[RebalancePolicy, ...]:
    found = as_tuple(given)
    wrong = [item for item in found if not isinstance(item, RebalancePolicy)]
    if wrong or not found:
        what = f"{wrong[0]!r} is no policy" if wrong else "no policies"
        raise PolicyError(Finding("error", "design", what, "give RebalancePolicy values"))
    return found


def _axes(fields: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return the fields as axes, the household's first."""
    axes = [_axis(str(name), given) for name, given in fields.items()]
    return (*(a for a in axes if a.of_household), *(a for a in axes if not a.of_household))


def _axis(name: str, given: Any) -> Axis:
    steps = steps_of(name)
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


def _axis_problems(noun: Any, axis: Axis) -> Iterator[Problem]:
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
            with_field(noun, axis.steps, value)
        except RebalError as error:
            for f in error.findings:
                yield Problem(axis.name, at, Finding("error", where, f"{f.where}: {f.what}", f.remedy))
