"""How to rebalance, as a value: it prints as the code that makes it, hashes, and can be varied by the thousand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rebal_kit.checking import (
    as_pairs,
    as_tuple,
    check_amount,
    check_choice,
    check_flag,
    check_fraction,
    check_kind,
    check_number,
    check_once,
    check_text,
    is_number,
    is_pair,
)
from rebal_kit.domain import code_of
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.variation import with_field

Every = Literal["session", "week", "month", "quarter", "half-year", "year"]
EVERY: tuple[Every, ...] = ("session", "week", "month", "quarter", "half-year", "year")
LotMethod = Literal["fifo", "lifo", "hifo", "least_tax", "long_term_first"]
LOT_METHODS: tuple[LotMethod, ...] = ("fifo", "lifo", "hifo", "least_tax", "long_term_first")
_DESTINATION = "use target, half, edge or a fraction of the band from 0 to 1"
DESTINATIONS = {"target": 0.0, "half": 0.5, "edge": 1.0}


def _check_look(where: str, look: Any) -> Iterator[Finding]:
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
        yield from _check_look("threshold", self.look)
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
        yield from _check_look("tier", self.look)

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


@dataclass(frozen=True)
class Harvest:
    """When to sell a lot for its loss. A lot qualifies on percent AND dollars.

    Attributes
    ----------
    min_loss_pct : float
        Loss as a fraction of basis.
    min_loss_usd : float
        Loss of the lot, US$.
    min_tax_saved_usd : float
        Tax the loss saves at the household's marginal rates, less the cost of both trades, US$.
    look : int or str
        How often one looks, as in `Threshold`.
    replacements : int
        Without a partner, the proceeds go to at most so many other members of the class, those most below their weight.
    """

    min_loss_pct: float = 0.05
    min_loss_usd: float = 500.0
    min_tax_saved_usd: float = 0.0
    look: int | Every = 1
    replacements: int = 5

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        yield from _check_look("harvest", self.look)
        yield from check_fraction("harvest", "min_loss_pct", self.min_loss_pct)
        for name in ("min_loss_usd", "min_tax_saved_usd"):
            yield from check_amount("harvest", name, getattr(self, name))
        yield from check_number(
            "harvest", "replacements", self.replacements, "give 1 or more", least=1, whole=True
        )

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Costs:
    """What a trade costs.

    Attributes
    ----------
    half_spread_bps : float
        Paid on every trade, in hundredths of a percent of its value.
    by_symbol : mapping of str to float
        Half spread of single securities, basis points.
    """

    half_spread_bps: float = 0.0
    by_symbol: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_symbol", as_pairs(self.by_symbol))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        pairs = [pair for pair in self.by_symbol if is_pair(pair)]
        if len(pairs) < len(self.by_symbol):
            yield Finding("error", "costs", f"by_symbol is {self.by_symbol!r}", "give {ticker: basis points}")
        for name, bps in (("half_spread_bps", self.half_spread_bps), *pairs):
            remedy = "give basis points, 0 to under 10,000"
            yield from check_number("costs", name, bps, remedy, least=0, below=10_000)
        yield from check_once("costs", (name for name, _ in pairs), "{} has two spreads", "keep one")

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class RebalancePolicy:
    """When to trade, how far, which lots, what to harvest, and what trading costs.

    Attributes
    ----------
    name : str
    triggers : tuple of Calendar, Threshold or Tiered
        Any of them may fire; none at all is buy-and-hold.
    destination : {'target', 'half', 'edge'} or float
        How far a class that left its band is brought back: to the target, half-way, to the band's edge, or to a stated
        fraction of the band. A calendar date always goes to target.
    lot_method : {'fifo', 'lifo', 'hifo', 'least_tax', 'long_term_first'}
    gain_guard_days : int
        Postpone the sale of a short-term gain that turns long-term within so many days.
    harvest : Harvest, optional
    dividends : {'cash', 'reinvest'}
        Reinvested in the security that paid them, or kept as cash.
    invest_cash_above : float
        When a trigger looks, invest idle cash in underweight classes if it exceeds its target by this fraction of the
        portfolio. Without a trigger nothing looks.
    avoid_wash_sales : bool
        Refuse trades that would make a wash sale anywhere in the household. The book settles any that happen anyway.
    min_trade_usd : float
        Orders below are not placed.
    costs : Costs
    """

    name: str = ""
    triggers: tuple[Trigger, ...] = (Threshold(),)
    destination: float | Literal["target", "half", "edge"] = "target"
    lot_method: LotMethod = "hifo"
    gain_guard_days: int = 0
    harvest: Harvest | None = None
    dividends: Literal["cash", "reinvest"] = "cash"
    invest_cash_above: float = 0.01
    avoid_wash_sales: bool = True
    min_trade_usd: float = 0.0
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        object.__setattr__(self, "triggers", as_tuple(self.triggers))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"policy '{self.name}'" if self.name else "policy"
        yield from check_kind(where, "name", self.name, str, "give text")
        for trigger in self.triggers:
            if not isinstance(trigger, (Calendar, Threshold, Tiered)):
                yield Finding("error", where, f"trigger {trigger!r}", "use Calendar, Threshold or Tiered")
        if isinstance(self.destination, str):
            yield from check_choice(where, "destination", self.destination, DESTINATIONS, _DESTINATION)
        else:
            yield from check_number(where, "destination", self.destination, _DESTINATION, least=0, most=1)
        by_security = any(isinstance(t, Threshold) and t.level == "security" for t in self.triggers)
        if by_security and self.destination not in ("target", 0):
            what = f"destination is {self.destination!r} beside a threshold of level 'security'"
            yield Finding(
                "error", where, what, "use target: such a class is always brought back to its weights"
            )
        remedy = f"use {', '.join(LOT_METHODS)}"
        yield from check_choice(where, "lot_method", self.lot_method, LOT_METHODS, remedy)
        days = self.gain_guard_days
        yield from check_number(where, "gain_guard_days", days, "give 0 or more", least=0, whole=True)
        if self.harvest is not None:
            yield from check_kind(where, "harvest", self.harvest, Harvest, "make it with Harvest()")
        yield from check_choice(
            where, "dividends", self.dividends, ("cash", "reinvest"), "use cash or reinvest"
        )
        yield from check_flag(where, "avoid_wash_sales", self.avoid_wash_sales)
        for name in ("invest_cash_above", "min_trade_usd"):
            yield from check_amount(where, name, getattr(self, name))
        yield from check_kind(where, "costs", self.costs, Costs, "make it with Costs(…)")

    @property
    def destination_fraction(self) -> float:
        """Where a breach is brought back to: 0 is the target, 1 the band's edge."""
        if isinstance(self.destination, str):
            return DESTINATIONS[self.destination]
        return float(self.destination)

    def grid(self, **choices: Iterable[Any]) -> tuple[RebalancePolicy, ...]:
        """Return every combination of `choices`, each a policy named by what was varied.

        A choice names a field, or with a double underscore a field inside one: ``harvest__min_loss_pct=[.05, .1]``.
        A field of a trigger is reached by ``triggers__0__band``.

        Raises
        ------
        PolicyError
            A choice names no field.
        """
        names = list(choices)
        policies = []
        for values in itertools.product(*(tuple(choices[name]) for name in names)):
            policy: RebalancePolicy = self
            for name, value in zip(names, values, strict=True):
                policy = with_field(policy, name.split("__"), value, name)
            label = ", ".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
            policies.append(replace(policy, name=f"{self.name} {label}".strip()))
        return tuple(policies)

    def __repr__(self) -> str:
        return code_of(self)


#: Buy once and keep; dividends stay in what paid them.
BUY_AND_HOLD = RebalancePolicy(name="buy-and-hold", triggers=(), dividends="reinvest")
