"""What is asked of the solver: accounts, lots, targets, costs, tax and what each is worth, as plain arrays.

A = accounts, S = securities, L = lots, N = sleeves, C = asset classes, G = identity groups. All money is in US$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.rules.brackets import Carryover
from rebal_kit.rules.law import TaxTable

#: Values of `Limits.short_gains`, in the order of `rebal_kit.gain_limits.SHORT_GAINS`.
ALLOW, MINIMISE, NEVER = 0, 1, 2

#: Value of `Problem.kind` for a taxable account, as in `rebal_kit.engine.arrays`; all others are advantaged alike.
TAXABLE = 0


class Lots(NamedTuple):
    """The lots, older ones of a position first: of equals the first is sold first."""

    account: np.ndarray  # (L,) int64
    security: np.ndarray  # (L,) int64
    quantity: np.ndarray  # (L,) float64, shares
    basis: np.ndarray  # (L,) float64, US$ a share, deferred wash-sale losses included
    days_to_long: np.ndarray  # (L,) int64, days until a sale is long-term; 0 or less: it is already
    own_purchase: np.ndarray  # (L,) bool, the group's purchases of the 30 days before are this lot's own


class Targets(NamedTuple):
    """Target weights. A *sleeve* is a weighted member of a class with its partners, as in `rebal_kit.engine.arrays`."""

    sleeve_of: np.ndarray  # (S,) int64, or -1 for a holding outside the targets
    sleeve_class: np.ndarray  # (N,) int64
    sleeve_weight: np.ndarray  # (N,) float64, weight inside the class
    weight: np.ndarray  # (C,) float64, in the household
    below: np.ndarray  # (C,) float64, how far below the target counts for nothing, weight in the household
    above: np.ndarray  # (C,) float64, the same above it


class Trading(NamedTuple):
    """What may be traded, and what it costs; as in `rebal_kit.engine.costs`."""

    may_buy: np.ndarray  # (A, S) bool
    may_sell: np.ndarray  # (A, S) bool
    commission: np.ndarray  # (A, S) float64, US$ an order
    half_spread: np.ndarray  # (S,) float64, fraction of a trade's value
    per_share: float  # US$
    impact: np.ndarray  # (S,) float64, US$^-0.5, coefficient of the square-root law
    traded: np.ndarray  # (S,) float64, US$ of each security that the household has traded today already
    min_trade: float  # US$ below which no order is placed
    whole_shares: bool  # orders are for whole shares, unless a position is sold to its end


class Wash(NamedTuple):
    """Wash-sale windows of the household on the day, by identity group (IRC §1091).

    Purchases of today count in every account, a spouse's and retirement accounts too: the cautious reading of
    `rebal_kit.conventions.WashSaleConventions`.
    """

    group: np.ndarray  # (S,) int64
    sold_at_loss: np.ndarray  # (G,) bool, in the 30 days before: nothing of it may be bought
    bought: np.ndarray  # (G,) bool, in the 30 days before: no loss may be taken, but for `Lots.own_purchase`


class Year(NamedTuple):
    """The tax year so far: the arguments of `rebal_kit.rules.brackets.year_tax`."""

    table: TaxTable
    carry: Carryover
    short: float = 0.0
    long: float = 0.0
    qualified: float = 0.0
    ordinary: float = 0.0
    exempt: float = 0.0
    other: float = 0.0


class Limits(NamedTuple):
    """Which gains may be realised; as in `rebal_kit.gain_limits.GainLimits`, but for the limit on tax.

    That is on the whole tax that the rule book finds for the year, dividends included; a policy's is on gains alone, at
    marginal rates.
    Whether a lot has a short-term gain that must wait, and how much that is, is asked before commission and impact.
    """

    max_gain: float = np.inf  # US$ of the year's net gain, what is realised already included
    max_tax: float = np.inf  # US$ that the portfolio may add to the year's tax, what it adds already included
    short_gains: int = ALLOW
    guard_days: int = 0  # no short-term gain is taken that turns long-term within so many days
    max_drift: float = np.inf  # US$ of class drift that may remain
    max_legacy_gain: float = np.inf  # US$ of net gain that holdings outside the targets may still realise


class Aims(NamedTuple):
    """What each thing is worth, US$ for a US$."""

    drift: float = 0.1  # of a class off its target (or outside its band)
    sleeve_drift: float = 0.05  # of a sleeve off its target
    later_rate: float = 0.0  # tax on gains that stay unrealised, as they are worth today: rate × discount
    carried_short: float = 0.0  # what a dollar of short-term loss carried to next year is worth today
    carried_long: float = 0.0  # the same of long-term loss


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that one decision depends on.

    Attributes
    ----------
    kind : ndarray
        (A,) int64, `TAXABLE` or anything else.
    cash, min_cash : ndarray
        (A,) float64, US$; the second is what must be left after all trades, -inf for an account that is not managed.
    counted : ndarray
        (A,) bool, whether what the account holds counts towards the targets.
    price : ndarray
        (S,) float64, US$ a share, above 0 for everything that is held or may be traded.
    lots : Lots
    targets : Targets
    trading : Trading
    wash : Wash
    year : Year
    limits : Limits
    aims : Aims
    preference : ndarray
        (A, S) float64, tiny US$ for a US$ bought: of equal plans the one preferred by location and partner.
    account_names, security_names : tuple of str
        For what is said in words.

    Raises
    ------
    HouseholdError
        Shapes do not fit, or a figure cannot be what was given.
    """

    kind: np.ndarray
    cash: np.ndarray
    min_cash: np.ndarray
    counted: np.ndarray
    price: np.ndarray
    lots: Lots
    targets: Targets
    trading: Trading
    wash: Wash
    year: Year
    limits: Limits
    aims: Aims
    preference: np.ndarray
    account_names: tuple[str, ...] = ()
    security_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        accounts, securities = len(self.kind), len(self.price)
        for field, word, count in (
            ("account_names", "account", accounts),
            ("security_names", "security", securities),
        ):
            if not getattr(self, field):
                object.__setattr__(self, field, tuple(f"{word} {at}" for at in range(count)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        accounts, securities, lots = len(self.kind), len(self.price), len(self.lots.account)
        groups, classes = len(self.wash.bought), len(self.targets.weight)
        shapes: list[tuple[str, np.ndarray, tuple[int, ...]]] = [
            (name, getattr(self, name), (accounts,)) for name in ("cash", "min_cash", "counted")
        ]
        shapes += [(f"lots.{name}", array, (lots,)) for name, array in self.lots._asdict().items()]
        shapes += [
            (f"trading.{name}", getattr(self.trading, name), (accounts, securities))
            for name in ("may_buy", "may_sell", "commission")
        ]
        shapes += [
            (f"trading.{name}", getattr(self.trading, name), (securities,))
            for name in ("half_spread", "impact", "traded")
        ]
        shapes += [
            ("targets.sleeve_of", self.targets.sleeve_of, (securities,)),
            ("targets.sleeve_weight", self.targets.sleeve_weight, (len(self.targets.sleeve_class),)),
            ("targets.below", self.targets.below, (classes,)),
            ("targets.above", self.targets.above, (classes,)),
            ("wash.group", self.wash.group, (securities,)),
            ("wash.sold_at_loss", self.wash.sold_at_loss, (groups,)),
            ("preference", self.preference, (accounts, securities)),
        ]
        for name, array, shape in shapes:
            if array.shape != shape:
                yield Finding("error", "problem", f"{name} has shape {array.shape}", f"give {shape}")
                return
        trading, targets = self.trading, self.targets
        for name, array in (
            ("cash", self.cash), ("price", self.price), ("preference", self.preference),
            ("lots.quantity", self.lots.quantity), ("lots.basis", self.lots.basis),
            ("targets.weight", targets.weight), ("targets.sleeve_weight", targets.sleeve_weight),
            ("trading.commission", trading.commission), ("trading.half_spread", trading.half_spread),
            ("trading.impact", trading.impact), ("trading.traded", trading.traded),
        ):  # fmt: skip
            if not np.isfinite(array).all():
                yield Finding("error", "problem", f"{name} is not finite everywhere", "give numbers")
        if not (self.min_cash < np.inf).all():
            what = "min_cash is infinite or no number"
            yield Finding("error", "problem", what, "give US$, or -inf for an account that is not managed")
        if (self.lots.quantity <= 0.0).any():
            yield Finding("error", "problem", "a lot has no shares", "leave it out")
        tradable = np.array(self.trading.may_buy.any(axis=0) | self.trading.may_sell.any(axis=0))
        tradable[self.lots.security] = True
        if not (self.price[tradable] > 0.0).all():
            yield Finding(
                "error", "problem", "a security that is held or may be traded has no price", "give it one"
            )

    @property
    def rate(self) -> np.ndarray:
        """(S,) float64, what a trade costs in proportion to its value: half spread and per-share fee."""
        safe = np.where(self.price > 0.0, self.price, 1.0)
        return self.trading.half_spread + self.trading.per_share / safe

    @property
    def held(self) -> np.ndarray:
        """(A, S) float64, shares."""
        shares = np.zeros((len(self.kind), len(self.price)))
        np.add.at(shares, (self.lots.account, self.lots.security), self.lots.quantity)
        return shares

    @property
    def total(self) -> float:
        """US$ that the targets are weights of: holdings and cash of the accounts that count, before any trade."""
        return float(((self.held * self.price).sum(axis=1) + self.cash)[self.counted].sum())
