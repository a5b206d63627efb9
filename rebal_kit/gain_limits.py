"""Which gains rebalancing may realise, and how much of them in a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rebal_kit.checking import check_amount, check_choice, check_flag
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.printing import code_of

ShortGains = Literal["allow", "minimise", "never"]
SHORT_GAINS: tuple[ShortGains, ...] = ("allow", "minimise", "never")


@dataclass(frozen=True)
class GainLimits:
    """Limits on the gains that rebalancing realises in taxable accounts.

    Attributes
    ----------
    short : {'allow', 'minimise', 'never'}
        Short-term gains: like all others; *minimise* sells lots with such gains after everything else; *never* sells
        them only to pay tax and withdrawals.
    pair : bool
        A sale at a gain looks for losses to take beside it, below the thresholds of harvesting too.
    max_gain_usd : float, optional
        Net gain that rebalancing realises in a calendar year, US$. None: no limit.
    max_tax_usd : float, optional
        Tax on that gain at the household's marginal rates, US$ a calendar year. None: no limit.
    sell_legacy : bool
        Holdings outside the targets are sold.
    max_legacy_gain_usd : float, optional
        Net gain realised on those in a calendar year, US$. None: no limit of its own.
    """

    short: ShortGains = "allow"
    pair: bool = False
    max_gain_usd: float | None = None
    max_tax_usd: float | None = None
    sell_legacy: bool = False
    max_legacy_gain_usd: float | None = None

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = "gain limits"
        yield from check_choice(where, "short", self.short, SHORT_GAINS, f"use {', '.join(SHORT_GAINS)}")
        for name in ("pair", "sell_legacy"):
            yield from check_flag(where, name, getattr(self, name))
        for name in ("max_gain_usd", "max_tax_usd", "max_legacy_gain_usd"):
            if getattr(self, name) is not None:
                yield from check_amount(where, name, getattr(self, name))
        if self.max_legacy_gain_usd is not None and self.sell_legacy is False:
            what = "max_legacy_gain_usd is given, but holdings outside the targets are not sold"
            yield Finding("error", where, what, "set sell_legacy, or leave max_legacy_gain_usd out")

    def __repr__(self) -> str:
        return code_of(self)
