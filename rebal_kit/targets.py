"""What the household wants to hold: asset classes, their members and partners, and target weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from rebal_kit.checking import as_pairs, as_tuple, is_number
from rebal_kit.findings import Finding, PolicyError, raise_errors

#: Weights may miss their sum by this much: enough for 0.1 + 0.2, not for a third written as 0.3333.
WEIGHT_TOLERANCE = 1e-9

_Named = TypeVar("_Named")
#: Which of taxable, tax-deferred and Roth accounts buys first.
Rank = tuple[int, int, int]


@dataclass(frozen=True)
class AssetClass:
    """An asset class and the securities that may hold its weight.

    Parameters
    ----------
    name : str
    members : mapping of str to float, or str
        Weights inside the class, summing to 1. A member of weight 0 is an acceptable holding and harvest partner.
        A single ticker stands for ``{ticker: 1}``.
    partners : mapping of str to sequence of str, optional
        For each weighted member, the weight-0 members that stand in for it, in order of preference. With one
        weighted member, all weight-0 members are its partners and need not be named.

    Raises
    ------
    PolicyError
        Weights are negative or do not sum to 1, or a weight-0 member stands in for nobody or for two.
    """

    name: str
    members: tuple[tuple[str, float], ...]
    partners: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __init__(
        self,
        name: str,
        members: Mapping[str, float] | Iterable[tuple[str, float]] | str,
        partners: Mapping[str, Iterable[str]] | Iterable[tuple[str, Iterable[str]]] = (),
    ):
        if isinstance(members, str):
            members = {members: 1.0}
        where = f"asset class '{name}'"
        weights = _weights(where, "members", members, str)
        named = {str(s): as_tuple(p) for s, p in _pairs(where, "partners", partners)}
        weighted = [s for s, w in weights if w > 0]
        idle = [s for s, w in weights if w == 0]
        if not named and len(weighted) == 1 and idle:
            named = {weighted[0]: tuple(idle)}
        object.__setattr__(self, "name", str(name))
        object.__setattr__(self, "members", weights)
        object.__setattr__(self, "partners", tuple(named.items()))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"asset class '{self.name}'"
        symbols = [s for s, _ in self.members]
        total = sum(w for _, w in self.members)
        for symbol, weight in self.members:
            if not weight >= 0:
                yield Finding("error", where, f"weight of {symbol} is {weight:g}", "give 0 or more")
        if abs(total - 1) > WEIGHT_TOLERANCE:
            yield Finding("error", where, f"member weights sum to {total:.6g}", "make them sum to 1")
        for symbol in sorted({s for s in symbols if symbols.count(s) > 1}):
            yield Finding("error", where, f"{symbol} is listed twice", "list each member once")
        standing = [p for _, partners in self.partners for p in partners]
        weights = dict(self.members)
        for owner, partners in self.partners:
            for symbol in (owner, *partners):
                if symbol not in weights:
                    yield Finding(
                        "error", where, f"partner entry names {symbol}, which is no member",
                        f"add {symbol} to the members (a partner has weight 0)",
                    )  # fmt: skip
            if not weights.get(owner, 1.0) > 0:
                yield Finding("error", where, f"{owner} has weight 0 and cannot have partners", "swap them")
        for symbol, weight in self.members:
            if weight == 0 and standing.count(symbol) != 1:
                yield Finding(
                    "error", where, f"{symbol} has weight 0 and stands in for {standing.count(symbol)} members",
                    "name it under exactly one member in `partners`",
                )  # fmt: skip
            if weight > 0 and symbol in standing:
                yield Finding("error", where, f"{symbol} has a weight and is also a partner", "choose one")

    def __repr__(self) -> str:
        members = dict(self.members)
        weighted = [s for s, w in self.members if w > 0]
        if list(members.items()) == [(weighted[0], 1.0)]:
            return f"AssetClass({self.name!r}, {weighted[0]!r})"
        if len(weighted) == 1:
            return f"AssetClass({self.name!r}, {members!r})"
        partners = f", partners={dict(self.partners)!r}" if self.partners else ""
        return f"AssetClass({self.name!r}, {members!r}{partners})"


@dataclass(frozen=True)
class TargetAllocation:
    """Target weights of asset classes; what is left of 1 is held as cash.

    Parameters
    ----------
    weights : mapping of AssetClass (or ticker) to float
        Household-wide target weights. A bare ticker stands for a class of that one security.
    location : mapping of str to sequence of 3 ints, or 'auto', optional
        Class name → rank of (taxable, tax-deferred, Roth) accounts for buys; 1 is first, ties allowed.
        Classes that are not named have no preference. With 'auto', ranks are derived from how the classes are taxed.

    Raises
    ------
    PolicyError
        A weight is negative, the sum exceeds 1, a security stands in two classes, or a location is no rank.
    """

    weights: tuple[tuple[AssetClass, float], ...]
    location: tuple[tuple[str, Rank], ...] | Literal["auto"] = ()

    def __init__(
        self,
        weights: Mapping[Any, float] | Iterable[tuple[Any, float]],
        location: Mapping[str, Iterable[int]] | Iterable[tuple[str, Iterable[int]]] | Literal["auto"] = (),
    ):
        classes = _weights("targets", "weights", weights, _as_class)
        ranks: Any = location
        if not isinstance(location, str):
            ranks = tuple((str(n), as_tuple(rank)) for n, rank in _pairs("targets", "location", location))
        object.__setattr__(self, "weights", classes)
        object.__setattr__(self, "location", ranks)
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        names = [c.name for c, _ in self.weights]
        total = sum(w for _, w in self.weights)
        for asset_class, weight in self.weights:
            if not 0 <= weight <= 1:
                yield Finding(
                    "error",
                    "targets",
                    f"weight of '{asset_class.name}' is {weight:g}",
                    "give a fraction of 1",
                )
        if total > 1 + WEIGHT_TOLERANCE:
            yield Finding("error", "targets", f"weights sum to {total:.6g}", "make them sum to 1 or less")
        seen: dict[str, str] = {}
        for asset_class, _ in self.weights:
            for symbol, _ in asset_class.members:
                if symbol in seen:
                    yield Finding(
                        "error", "targets",
                        f"{symbol} is in '{seen[symbol]}' and in '{asset_class.name}'",
                        "a security belongs to one class",
                    )  # fmt: skip
                seen[symbol] = asset_class.name
        if len(set(names)) < len(names):
            yield Finding("error", "targets", "two classes have the same name", "name them differently")
        if isinstance(self.location, str) and self.location != "auto":
            remedy = "use 'auto', or ranks such as {'stocks': (1, 3, 2)}"
            yield Finding("error", "targets", f"location is {self.location!r}", remedy)
        rank: Any
        for name, rank in self.ranks.items():
            if name not in names:
                yield Finding(
                    "error", "targets", f"location names '{name}', which is no class", f"use {names}"
                )
            if len(rank) != 3 or any(type(r) is not int or r not in (1, 2, 3) for r in rank):
                yield Finding(
                    "error", "targets", f"location of '{name}' is {list(rank)}",
                    "give three ranks from 1 to 3: taxable, tax-deferred, Roth",
                )  # fmt: skip

    @property
    def classes(self) -> tuple[AssetClass, ...]:
        """The asset classes in order."""
        return tuple(c for c, _ in self.weights)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every security that may be held, partners included, in order."""
        return tuple(s for c in self.classes for s, _ in c.members)

    @property
    def ranks(self) -> dict[str, Rank]:
        """The ranks that are given, by class name; none where they are derived."""
        return {} if isinstance(self.location, str) else dict(self.location)

    @property
    def cash(self) -> float:
        """Target weight of cash."""
        left = 1.0 - sum(w for _, w in self.weights)
        return left if left > WEIGHT_TOLERANCE else 0.0

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{c.name!r}: {w!r}" if repr(c) == f"AssetClass({c.name!r}, {c.name!r})" else f"{c!r}: {w!r}"
            for c, w in self.weights
        )
        given = self.location if isinstance(self.location, str) else {n: list(r) for n, r in self.location}
        location = f", location={given!r}" if given else ""
        return f"TargetAllocation({{{shown}}}{location})"


def _as_class(named: Any) -> AssetClass:
    return named if isinstance(named, AssetClass) else AssetClass(str(named), str(named))


def _pairs(where: str, name: str, value: Any) -> tuple[tuple[Any, Any], ...]:
    """Return a mapping's items, or pairs as they are.

    Raises
    ------
    PolicyError
        It is neither.
    """
    pairs = as_pairs(value)
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise PolicyError(
            Finding("error", where, f"{name} is {value!r}", "give a mapping such as {'SPY': 1}")
        )
    return pairs


def _weights(
    where: str, name: str, value: Any, named: Callable[[Any], _Named]
) -> tuple[tuple[_Named, float], ...]:
    """Return pairs of what `named` makes of each name, and a weight.

    Raises
    ------
    PolicyError
        Weights are no numbers.
    """
    pairs = _pairs(where, name, value)
    raise_errors(
        PolicyError,
        [
            Finding("error", where, f"weight of {getattr(key, 'name', key)} is {weight!r}, not a number",
                    "give a fraction of 1")
            for key, weight in pairs if not is_number(weight)
        ],
    )  # fmt: skip
    return tuple((named(key), float(weight)) for key, weight in pairs)
