"""Which settings a sweep runs: every combination of some fields, or so many drawn at random. Built one at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rebal_kit.axes import Axis, Problem, axes_of, axis_problems, label_problems
from rebal_kit.checking import as_tuple, check_kind, check_number
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, PolicyError, capped, raise_errors
from rebal_kit.policy import RebalancePolicy
from rebal_kit.variation import Steps, trouble, with_fields

#: So many settings fit into a sweep: beyond them, what is known of each does not fit into memory.
MOST_SETTINGS = 100_000_000


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
        return cls.unchecked(policies, {} if fields is None else fields)._sound()

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
        remedy = f"give 1 to {MOST_SETTINGS:,} settings"
        counts = (*check_number("design", "n", n, remedy, least=1, most=MOST_SETTINGS, whole=True),
                  *check_number("design", "seed", seed, "give a whole number", whole=True))  # fmt: skip
        raise_errors(PolicyError, counts)
        return cls.unchecked(policies, fields, int(n), int(seed))._sound()

    @classmethod
    def unchecked(
        cls, policies: Any, fields: Mapping[str, Any], draws: int | None = None, seed: int = 0
    ) -> Design:
        """Return a design of which `problems` tells what is wrong with it, for those who say where they read it."""
        bases = _policies(policies)
        remedy = "give values by field: {'lot_method': ['fifo', 'hifo']}"
        raise_errors(PolicyError, check_kind("design", "fields", fields, Mapping, remedy))
        return cls(bases, axes_of(fields), draws, seed)

    @property
    def _count(self) -> int:
        """How many settings there are, even where they are too many."""
        if self.draws is not None:
            return self.draws
        return len(self.policies) * math.prod(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        """Return how many settings there are.

        Raises
        ------
        PolicyError
            They are too many.
        """
        raise_errors(PolicyError, [problem.finding for problem in self._too_many()])
        return self._count

    def _too_many(self) -> Iterator[Problem]:
        if self._count > MOST_SETTINGS:
            how = "draws" if self.draws is not None else "combines to"
            what = f"{how} {_written(self._count)} settings"
            yield Problem("", None, Finding("error", "design", what, f"give {MOST_SETTINGS:,} at most"))

    def __getitem__(self, at: int) -> RebalancePolicy:
        """Return a setting's policy, named by what was varied."""
        base, chosen = self._choice(at)
        policy = self.policies[base]
        if not self.axes:
            return policy
        label = ", ".join(f"{axis.name}={said}" for axis, (_, said) in zip(self.axes, chosen, strict=True))
        named = (("name",), f"{policy.name} {label}".strip())
        varied: RebalancePolicy = with_fields(policy, [*self._changes(chosen, of_household=False), named])
        return varied

    def household(self, at: int, household: Household, *, taxed: bool = True) -> Household:
        """Return the household as a setting has it; or with the tax profile that it had."""
        varied: Household = with_fields(household, self._household_changes(at, taxed))
        return varied

    def _household_changes(self, at: int, taxed: bool) -> list[tuple[Steps, Any]]:
        if not self.varies_household:
            return []
        _, chosen = self._choice(at)
        changes = self._changes(chosen, of_household=True)
        return [(steps, value) for steps, value in changes if taxed or steps[0] != "tax"]

    @cached_property
    def varies_household(self) -> bool:
        """Whether a field of the household is varied."""
        return any(axis.of_household for axis in self.axes)

    def _changes(self, chosen: list[tuple[Any, Any]], *, of_household: bool) -> list[tuple[Steps, Any]]:
        """Return what of a choice is the household's, or what is the policy's."""
        return [
            (axis.steps, value)
            for axis, (value, _) in zip(self.axes, chosen, strict=True)
            if axis.of_household == of_household
        ]

    def household_choice(self, at: int, *, taxed: bool = True) -> str:
        """Return what a setting changes in the household, or there beside the tax profile, as text."""
        return repr(self._household_changes(at, taxed))

    def labels(self, at: int) -> tuple[Any, ...]:
        """Return the name of a setting's policy before it was varied, and what each column says."""
        base, chosen = self._choice(at)
        return (self.policies[base].name, *(label for _, label in chosen))

    def problems(self) -> Iterator[Problem]:
        """Find fields there are not in the policies, and values that cannot be."""
        yield from self._too_many()
        named: dict[Steps, str] = {}
        for axis in self.axes:
            where = f"design, {axis.name}"
            if named.setdefault(axis.steps, axis.name) != axis.name:
                what = f"is the same field as {named[axis.steps]}"
                yield Problem(axis.name, None, Finding("error", where, what, "leave one of them out"))
            if not axis.values:
                yield Problem(axis.name, None, Finding("error", where, "has no values", "give at least one"))
            yield from label_problems(axis)
            if axis.span is not None and self.draws is None:
                what = f"is {axis.span!r}, but a grid has no ranges"
                yield Problem(axis.name, None, Finding("error", where, what, "list the values"))
        for policy in self.policies:
            yield from self._problems_of(policy, [axis for axis in self.axes if not axis.of_household])

    def household_problems(self, households: Sequence[Household]) -> list[Problem]:
        """Find the same in the household; of several, what is wrong in some only is said in their rows."""
        axes = [axis for axis in self.axes if axis.of_household]
        found = [list(self._problems_of(household, axes)) for household in households]
        return found[0] if found and all(found) else []

    def _problems_of(self, noun: Any, axes: list[Axis]) -> Iterator[Problem]:
        probe = noun
        for axis in axes:
            # A field inside one that another axis sets is looked for in what that sets it to.
            whole = probe if trouble(noun, axis.steps) else noun
            found = list(axis_problems(whole, axis))
            yield from found
            first = next((value for value in axis.values if value is not None), None)
            if not found and first is not None:
                probe = with_fields(whole, [(axis.steps, first)])

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
        found = dict.fromkeys(problem.finding for problem in self.problems())
        raise_errors(PolicyError, capped(found, "design"))
        return self

    def __repr__(self) -> str:
        kind = "every combination" if self.draws is None else f"drawn with seed {self.seed}"
        varied = ", ".join(axis.name for axis in self.axes) or "nothing varied"
        return f"<Design: {_written(self._count)} settings, {kind}: {varied}>"


def _written(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"more than {10**15:,}"


def _policies(given: Any) -> tuple[RebalancePolicy, ...]:
    found = as_tuple(given)
    wrong = [item for item in found if not isinstance(item, RebalancePolicy)]
    if wrong or not found:
        what = f"{wrong[0]!r} is no policy" if wrong else "no policies"
        raise PolicyError(Finding("error", "design", what, "give RebalancePolicy values"))
    return found
