"""How to rebalance, as a value: it prints as the code that makes it, hashes, and can be varied by the thousand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from rebal_kit.checking import (
    as_tuple,
    check_amount,
    check_choice,
    check_flag,
    check_fraction,
    check_kind,
    check_number,
)
from rebal_kit.costs import Costs
from rebal_kit.domain import DIVIDENDS, Dividends
from rebal_kit.execution import Execution
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.gain_limits import GainLimits
from rebal_kit.periods import Every
from rebal_kit.printing import code_of
from rebal_kit.triggers import Calendar, Threshold, Tiered, Trigger, check_look
from rebal_kit.variation import steps_of, trouble, with_fields

LotMethod = Literal["fifo", "lifo", "hifo", "least_tax", "long_term_first"]
LOT_METHODS: tuple[LotMethod, ...] = ("fifo", "lifo", "hifo", "least_tax", "long_term_first")
_DESTINATION = "use target, half, edge or a fraction of the band from 0 to 1"
DESTINATIONS = {"target": 0.0, "half": 0.5, "edge": 1.0}
SWITCH_BACK = ("at_loss", "no_short_gain")
CHOOSE = ("underweight", "correlated")
WITHDRAW = ("least_tax", "taxable_first")


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
        Without a partner, the proceeds go to at most so many other members of the class, as `choose` says.
    december_min_loss_pct, december_min_loss_usd : float, optional
        The same thresholds in December, the last month in which a loss counts for the year. None: as in other months.
    switch_back : {'at_loss', 'no_short_gain'}
        When a partner gives way to the member it stands in for: only when it is itself harvested; or as soon as no wash
        sale window is open and every lot of it is at a loss, long-term, or in a tax-advantaged account.
    choose : {'underweight', 'correlated'}
        Which members those are: the ones most below their weight, or most correlated over the past year.
    """

    min_loss_pct: float = 0.05
    min_loss_usd: float = 500.0
    min_tax_saved_usd: float = 0.0
    look: int | Every = 1
    replacements: int = 5
    december_min_loss_pct: float | None = None
    december_min_loss_usd: float | None = None
    switch_back: Literal["at_loss", "no_short_gain"] = "at_loss"
    choose: Literal["underweight", "correlated"] = "underweight"

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        yield from check_look("harvest", self.look)
        yield from check_fraction("harvest", "min_loss_pct", self.min_loss_pct)
        for name in ("min_loss_usd", "min_tax_saved_usd"):
            yield from check_amount("harvest", name, getattr(self, name))
        yield from check_number(
            "harvest", "replacements", self.replacements, "give 1 or more", least=1, whole=True
        )
        if self.december_min_loss_pct is not None:
            yield from check_fraction("harvest", "december_min_loss_pct", self.december_min_loss_pct)
        if self.december_min_loss_usd is not None:
            yield from check_amount("harvest", "december_min_loss_usd", self.december_min_loss_usd)
        for name, choices in (("switch_back", SWITCH_BACK), ("choose", CHOOSE)):
            yield from check_choice(
                "harvest", name, getattr(self, name), choices, f"use {' or '.join(choices)}"
            )

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
    dividends : {'cash', 'reinvest', 'drip'}
        Kept as cash; reinvested in what paid them, but not inside its wash-sale window; or reinvested by the broker's
        own plan, which nothing pauses, so that it can make wash sales. An account may say otherwise.
    invest_cash_above : float
        When a trigger looks, invest idle cash in underweight classes if it exceeds its target by this fraction of the
        portfolio. Without a trigger nothing looks.
    avoid_wash_sales : bool
        Refuse trades that would make a wash sale anywhere in the household. The book settles those that happen anyway:
        by a broker's reinvestment plan ('drip'), or where nothing else is left to pay a tax or a withdrawal.
    min_trade_usd : float
        Orders below are not placed; those of the opening are.
    min_improvement : float
        A rebalancing that would bring less than this fraction of the portfolio closer to its targets is not made.
    whole_shares : bool
        Orders are for whole shares, rounded down; up where a sale has to pay for something. Reinvested dividends and
        positions sold whole are not rounded.
    costs : Costs
    execution : Execution
        When orders are carried out, at what price, and for what they wait.
    coordinate : bool
        Drift and trades are those of the whole household. False: each account holds the targets by itself.
    locate : bool
        Purchases follow the location ranks of the targets. False: they go where the cash is.
    gains : GainLimits
        Which gains may be realised, and how much of them in a year.
    withdraw : {'least_tax', 'taxable_first'}
        Where a withdrawal that names no account is paid from: wherever it costs the least tax, or from taxable accounts
        first, then tax-deferred, then Roth.
    """

    name: str = ""
    triggers: tuple[Trigger, ...] = (Threshold(),)
    destination: float | Literal["target", "half", "edge"] = "target"
    lot_method: LotMethod = "hifo"
    gain_guard_days: int = 0
    harvest: Harvest | None = None
    dividends: Dividends = "cash"
    invest_cash_above: float = 0.01
    avoid_wash_sales: bool = True
    min_trade_usd: float = 0.0
    min_improvement: float = 0.0
    whole_shares: bool = False
    costs: Costs = field(default_factory=Costs)
    execution: Execution = field(default_factory=Execution)
    coordinate: bool = True
    locate: bool = True
    gains: GainLimits = field(default_factory=GainLimits)
    withdraw: Literal["least_tax", "taxable_first"] = "least_tax"

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
        yield from check_choice(where, "dividends", self.dividends, DIVIDENDS, f"use {', '.join(DIVIDENDS)}")
        for name in ("avoid_wash_sales", "whole_shares", "coordinate", "locate"):
            yield from check_flag(where, name, getattr(self, name))
        for name in ("invest_cash_above", "min_trade_usd"):
            yield from check_amount(where, name, getattr(self, name))
        yield from check_fraction(where, "min_improvement", self.min_improvement)
        yield from check_kind(where, "costs", self.costs, Costs, "make it with Costs(…)")
        yield from check_kind(where, "execution", self.execution, Execution, "make it with Execution(…)")
        yield from check_kind(where, "gains", self.gains, GainLimits, "make it with GainLimits(…)")
        yield from check_choice(where, "withdraw", self.withdraw, WITHDRAW, f"use {' or '.join(WITHDRAW)}")

    @property
    def destination_fraction(self) -> float:
        """Where a breach is brought back to: 0 is the target, 1 the band's edge."""
        if isinstance(self.destination, str):
            return DESTINATIONS[self.destination]
        return float(self.destination)

    def grid(self, **choices: Iterable[Any]) -> tuple[RebalancePolicy, ...]:
        """Return every combination of `choices`, each a policy named by what was varied.

        A choice names a field, or with a double underscore a field inside one: ``harvest__min_loss_pct=[.05, .1]``.
        A field of a trigger is reached by ``triggers__0__band``. For more than some hundreds, for fields of the
        household, and for random ones see `rebal_kit.design.Design`, which makes them one at a time.

        Raises
        ------
        PolicyError
            With every choice that names no field.
        """
        steps = {name: steps_of(name) for name in choices}
        astray = {name: trouble(self, path) for name, path in steps.items()}
        raise_errors(
            PolicyError,
            [
                Finding("error", "policy grid", f"'{name}' names no field", said)
                for name, said in astray.items() if said
            ],
        )  # fmt: skip
        policies = []
        for values in itertools.product(*(tuple(choices[name]) for name in steps)):
            label = ", ".join(f"{n}={v}" for n, v in zip(steps, values, strict=True))
            named = (("name",), f"{self.name} {label}".strip())
            policies.append(with_fields(self, [*zip(steps.values(), values, strict=True), named]))
        return tuple(policies)

    def __repr__(self) -> str:
        return code_of(self)


#: Buy once and keep; dividends stay in what paid them.
BUY_AND_HOLD = RebalancePolicy(name="buy-and-hold", triggers=(), dividends="reinvest")
