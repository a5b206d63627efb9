"""How to rebalance, as a value: it prints as the code that makes it, hashes, and can be varied by the thousand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

from rebal_kit.domain import code_of
from rebal_kit.findings import Finding, PolicyError, raise_errors

Every = Literal["session", "week", "month", "quarter", "half-year", "year"]
EVERY: tuple[Every, ...] = ("session", "week", "month", "quarter", "half-year", "year")
LotMethod = Literal["fifo", "lifo", "hifo", "least_tax", "long_term_first"]
LOT_METHODS: tuple[LotMethod, ...] = ("fifo", "lifo", "hifo", "least_tax", "long_term_first")
DESTINATIONS = {"target": 0.0, "half": 0.5, "edge": 1.0}


def _as_pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(value.items()) if isinstance(value, Mapping) else tuple(tuple(p) for p in value)


def _check_look(where: str, look: Any) -> Iterator[Finding]:
    if isinstance(look, bool) or not (look in EVERY or (isinstance(look, int) and look >= 1)):
        yield Finding(
            "error",
            where,
            f"look interval is {look!r}",
            f"use sessions (1, 2, …) or one of {', '.join(EVERY)}",
        )


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
        for name in ("absolute", "relative"):
            width = getattr(self, name)
            if width is not None and not width >= 0:
                yield Finding("error", "tolerance band", f"{name} is {width:g}", "give 0 or more")
        if self.combine not in ("either", "both"):
            yield Finding("error", "tolerance band", f"combine is {self.combine!r}", "use either or both")

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
        yield from _check_look("calendar", self.every)
        if self.offset < 0:
            yield Finding("error", "calendar", f"offset is {self.offset}", "give 0 or more sessions")

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
        What is compared with its target: the class, or each weighted security in it.
    """

    band: ToleranceBand = field(default_factory=lambda: ToleranceBand(absolute=0.05))
    look: int | Every = 1
    bands: tuple[tuple[str, ToleranceBand], ...] = ()
    level: Literal["class", "security"] = "class"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bands", _as_pairs(self.bands))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        yield from _check_look("threshold", self.look)
        if self.level not in ("class", "security"):
            yield Finding("error", "threshold", f"level is {self.level!r}", "use class or security")

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
        object.__setattr__(self, "members", tuple(self.members))
        raise_errors(PolicyError, _check_look("tier", self.look))

    def __repr__(self) -> str:
        return code_of(self)


@dataclass(frozen=True)
class Tiered:
    """Tiers looked at separately: say, large holdings quarterly and volatile small ones daily."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple(self.tiers))
        if not self.tiers:
            raise PolicyError(Finding("error", "tiered", "has no tiers", "give at least one Tier"))

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
        for name in ("min_loss_pct", "min_loss_usd", "min_tax_saved_usd"):
            if not getattr(self, name) >= 0:
                yield Finding("error", "harvest", f"{name} is {getattr(self, name):g}", "give 0 or more")
        if self.replacements < 1:
            yield Finding("error", "harvest", f"replacements is {self.replacements}", "give 1 or more")

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
        object.__setattr__(self, "by_symbol", _as_pairs(self.by_symbol))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        for where, bps in (("half_spread_bps", self.half_spread_bps), *self.by_symbol):
            if not 0 <= bps < 10_000:
                yield Finding("error", "costs", f"{where} is {bps:g} bp", "give 0 to under 10,000")

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
        At a look (of a trigger or for harvests), invest idle cash in underweight classes when it exceeds its target by
        this fraction of the portfolio.
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
        triggers: Any = self.triggers
        if isinstance(triggers, (Calendar, Threshold, Tiered)):
            triggers = (triggers,)
        object.__setattr__(self, "triggers", tuple(triggers))
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = f"policy '{self.name}'" if self.name else "policy"
        for trigger in self.triggers:
            if not isinstance(trigger, (Calendar, Threshold, Tiered)):
                yield Finding("error", where, f"trigger {trigger!r}", "use Calendar, Threshold or Tiered")
        if self.destination not in DESTINATIONS and not (
            isinstance(self.destination, (int, float)) and 0 <= self.destination <= 1
        ):
            yield Finding("error", where, f"destination is {self.destination!r}",
                          "use target, half, edge or a fraction of the band from 0 to 1")  # fmt: skip
        if self.lot_method not in LOT_METHODS:
            yield Finding(
                "error", where, f"lot_method is {self.lot_method!r}", f"use {', '.join(LOT_METHODS)}"
            )
        if self.dividends not in ("cash", "reinvest"):
            yield Finding("error", where, f"dividends is {self.dividends!r}", "use cash or reinvest")
        for name in ("gain_guard_days", "invest_cash_above", "min_trade_usd"):
            if not getattr(self, name) >= 0:
                yield Finding("error", where, f"{name} is {getattr(self, name):g}", "give 0 or more")

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
                policy = _with(policy, name.split("__"), value, name)
            label = ", ".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
            policies.append(replace(policy, name=f"{self.name} {label}".strip()))
        return tuple(policies)

    def __repr__(self) -> str:
        return code_of(self)


#: Buy once and keep; dividends stay in what paid them.
BUY_AND_HOLD = RebalancePolicy(name="buy-and-hold", triggers=(), dividends="reinvest")


def _with(value: Any, path: list[str], new: Any, whole: str) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(value, tuple) and head.isdigit() and int(head) < len(value):
        at = int(head)
        inner = _with(value[at], rest, new, whole) if rest else new
        return (*value[:at], inner, *value[at + 1 :])
    if not is_dataclass(value) or isinstance(value, type) or head not in {f.name for f in fields(value)}:
        raise PolicyError(
            Finding("error", "policy grid", f"'{whole}' names no field", f"'{head}' is not in {value!r}")
        )
    inner = _with(getattr(value, head), rest, new, whole) if rest else new
    return replace(value, **{head: inner})
