"""When a policy looks, and what makes it trade: schedules, tolerance bands, tiers of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from rebal_kit.checking import (
    as_pairs,
    as_tuple,
    check_amount,
    check_choice,
    check_fraction,
    check_kind,
    check_number,
    check_once,
    check_text,
    is_number,
    is_pair,
)
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.periods import EVERY, Every
from rebal_kit.printing import code_of


def check_look(where: str, look: Any) -> Iterator[Finding]:
    """Find a look interval that is neither a number of sessions nor a period."""
    whole = is_number(look) and look >= 1 and look == look // 1
    if not whole and not (isinstance(look, str) and look in EVERY):
        remedy = f"use sessions (1, 2, …) or one of {', '.join(EVERY)}"
        yield Finding("error", where, f"look interval is {look!r}", remedy)


def _check_band(where: str, band: Any) -> Iterator[Finding]:
    width = f"{band:g}" if is_number(band) else "0.05"
    yield from check_kind(where, "band", band, ToleranceBand, f"make it with ToleranceBand(absolute={width})")


@dataclass(frozen=True)
class ToleranceBand:
    """How far a weight may drift from its target.

    Attributes
    ----------
    absolute : float, optional
        Fraction of the portfolio: 0.05 lets 60 % run from 55 % to 65 %.
    relative : float, optional
        Fraction of the target: 0.20 lets 60 % run from 48 % to 72 %.
    combine : {'either', 'both'}
        With both widths: leave the band when *either* is exceeded (the narrower counts) or only when *both* are.
    lower : ToleranceBand, optional
        A different width below the target.
    """

    absolute: float | None = None
    relative: float | None = None
    combine: Literal["either", "both"] = "either"
    lower: ToleranceBand | None = None

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        if self.absolute is None and self.relative is None:
            yield Finding("error", "tolerance band", "has no width", "give absolute or relative")
        if self.absolute is not None:
            yield from check_fraction("tolerance band", "absolute", self.absolute)
        if self.relative is not None:
            yield from check_amount("tolerance band", "relative", self.relative)
        yield from check_choice(
            "tolerance band", "combine", self.combine, ("either", "both"), "use either or both"
        )
        if self.lower is not None:
            yield from _check_band("tolerance band, lower", self.lower)

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Calendar:
    """Rebalance to target on a schedule.

    Attributes
    ----------
    every : {'session', 'week', 'month', 'quarter', 'half-year', 'year'}
        The first session of each such period.
    offset : int
        Sessions later than that.
    """

    every: Every = "quarter"
    offset: int = 0

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        remedy = f"use {', '.join(EVERY)}"
        if is_number(self.every):
            remedy += "; to look every so many sessions use Threshold(look=…)"
        yield from check_choice("calendar", "every", self.every, EVERY, remedy)
        yield from check_number(
            "calendar", "offset", self.offset, "give 0 or more sessions", least=0, whole=True
        )

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Threshold:
    """Rebalance classes that have left their band, on days one looks.

    Attributes
    ----------
    band : ToleranceBand
        For every class that `bands` does not name.
    look : int or {'session', 'week', 'month', 'quarter', 'half-year', 'year'}
        How often one looks: every so many sessions, or on the first session of each period.
    bands : mapping of str to ToleranceBand
        A band of its own for a class (by class name) or, at security level, for a security (by ticker).
    level : {'class', 'security'}
        What is compared with its target: the class, or each weighted security in it. When one security leaves its band,
        its whole class is brought back to its inner weights; so a policy with such a trigger has the destination
        'target'.
    """

    band: ToleranceBand = field(default_factory=lambda: ToleranceBand(absolute=0.05))
    look: int | Every = 1
    bands: tuple[tuple[str, ToleranceBand], ...] = ()
    level: Literal["class", "security"] = "class"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bands", as_pairs(self.bands))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        yield from _check_band("threshold", self.band)
        yield from check_look("threshold", self.look)
        pairs = [pair for pair in self.bands if is_pair(pair)]
        if len(pairs) < len(self.bands):
            yield Finding("error", "threshold", f"bands is {self.bands!r}", "give {name: ToleranceBand(…)}")
        for name, band in pairs:
            yield from _check_band(f"threshold, '{name}'", band)
        yield from check_once("threshold", (name for name, _ in pairs), "'{}' has two bands", "keep one")
        yield from check_choice(
            "threshold", "level", self.level, ("class", "security"), "use class or security"
        )

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Tier:
    """Some classes (or securities) with a look interval and a band of their own.

    Attributes
    ----------
    members : tuple of str
        Class names, or tickers.
    band : ToleranceBand
    look : int or str
        As in `Threshold`.
    """

    members: tuple[str, ...]
    band: ToleranceBand
    look: int | Every = 1

    def __post_init__(self) -> None:
        if not isinstance(self.members, str):
            object.__setattr__(self, "members", as_tuple(self.members))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        if isinstance(self.members, str):
            yield Finding("error", "tier", f"members is {self.members!r}", f"write ({self.members!r},)")
        for member in self.members:
            yield from check_text("tier", "one of members", member, "give names of classes, or tickers")
        yield from _check_band("tier", self.band)
        yield from check_look("tier", self.look)

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Tiered:
    """Tiers looked at separately: say, large holdings quarterly and volatile small ones daily."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", as_tuple(self.tiers))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        if not self.tiers:
            yield Finding("error", "tiered", "has no tiers", "give at least one Tier")
        for tier in self.tiers:
            yield from check_kind("tiered", "one of tiers", tier, Tier, "make it with Tier(…)")

    def __repr__(self) -> str:
        return code_of(self)


Trigger = Calendar | Threshold | Tiered
