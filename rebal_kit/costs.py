"""What a trade costs, as a part of a policy: commission, spread, market impact, fees of brokers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rebal_kit.checking import as_pairs, check_flag, check_number, check_once, is_pair
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.printing import code_of

_BASIS_POINTS = "give basis points, 0 to under 10,000"
_MOST = 1_000_000
_DOLLARS = f"give US$, 0 to {_MOST:,}"
_BY_BROKER = "give {broker: {ticker: US$ an order}}"


@dataclass(frozen=True)
class Costs:
    """What a trade costs. All parts add up; reinvested dividends cost nothing.

    Attributes
    ----------
    half_spread_bps : float
        Paid on every trade, in hundredths of a percent of its value.
    by_symbol : mapping of str to float
        Half spread of single securities, basis points.
    estimate_spread : bool
        Take the half spread of each month from the closes, highs and lows before it (Abdi and Ranaldo, Review of
        Financial Studies 30(12), 2017). `by_symbol` goes before it; where nothing is known `half_spread_bps` serves.
    commission_usd : float
        US$ an order.
    per_share_usd : float
        US$ a share.
    non_native : mapping of str to mapping of str to float
        By broker, what an order in securities of other houses costs there beside the commission, US$:
        ``{"Fidelity": {"VTSAX": 75.0}}``.
    impact : float
        Coefficient k of the square-root law: an order of Q US$ moves the price against itself by
        k · daily volatility · √(Q / daily volume). Studies find about 1; 0 is no impact.
    """

    half_spread_bps: float = 0.0
    by_symbol: tuple[tuple[str, float], ...] = ()
    estimate_spread: bool = False
    commission_usd: float = 0.0
    per_share_usd: float = 0.0
    non_native: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    impact: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_symbol", as_pairs(self.by_symbol))
        brokers = as_pairs(self.non_native)
        if all(is_pair(pair) for pair in brokers):
            brokers = tuple((broker, as_pairs(fees)) for broker, fees in brokers)
        object.__setattr__(self, "non_native", brokers)
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        pairs = [pair for pair in self.by_symbol if is_pair(pair)]
        if len(pairs) < len(self.by_symbol):
            yield Finding("error", "costs", f"by_symbol is {self.by_symbol!r}", "give {ticker: basis points}")
        for name, bps in (("half_spread_bps", self.half_spread_bps), *pairs):
            yield from check_number("costs", name, bps, _BASIS_POINTS, least=0, below=10_000)
        yield from check_once("costs", (name for name, _ in pairs), "{} has two spreads", "keep one")
        yield from check_flag("costs", "estimate_spread", self.estimate_spread)
        for name in ("commission_usd", "per_share_usd"):
            yield from check_number("costs", name, getattr(self, name), _DOLLARS, least=0, most=_MOST)
        yield from check_number(
            "costs", "impact", self.impact, "give 0 to 100; about 1 is usual", least=0, most=100
        )
        yield from self._check_brokers()

    def _check_brokers(self) -> Iterator[Finding]:
        fees: list[tuple[str, Any]] = []
        for pair in self.non_native:
            if not is_pair(pair) or not all(is_pair(fee) for fee in pair[1]):
                yield Finding("error", "costs", f"non_native has {pair!r}", _BY_BROKER)
            else:
                fees += [(f"{pair[0]}: {symbol}", usd) for symbol, usd in pair[1]]
        for name, usd in fees:
            yield from check_number("costs", f"non_native of {name}", usd, _DOLLARS, least=0, most=_MOST)
        yield from check_once("costs", (name for name, _ in fees), "{} has two fees", "keep one")

    def __repr__(self) -> str:
        return code_of(self)
