"""Bootstrap paths for sweeps: histories that might have been, each made from its number wherever a row needs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rebal_kit.blocks import block_length, drawn_order
from rebal_kit.checking import check_number
from rebal_kit.findings import Finding, MarketError, PolicyError, raise_errors, some_of
from rebal_kit.fingerprint import market_fingerprint, text_fingerprint
from rebal_kit.intervals import check_seed
from rebal_kit.market import Market
from rebal_kit.paths import Paths
from rebal_kit.resampling import Days, days_of, market_of

_WHERE = "bootstrap_paths"


def bootstrap_paths(market: Market, count: int, *, block: int | None = None, seed: int = 0) -> Paths:
    """Return histories drawn from a market's own as `bootstrap` draws them, for `rebal_kit.sweep` to run anything on.

    They are made one at a time, where they are wanted: in a thread, or by a worker of a cluster, which has the market.

    Parameters
    ----------
    market : Market
        Every security has a price from the first session on.
    count : int
    block : int, optional
        Mean length of a block, sessions; when not given, `rebal_kit.blocks.block_length` of all securities in equal
        parts.
    seed : int
        The same seed draws the same histories; more of them only add some.

    Raises
    ------
    PolicyError
        An argument cannot be what was given.
    MarketError
        Prices are missing, or there are too few sessions.
    RebalError
        The extra `study` is not installed.
    """
    remedy = "give 1 or more"
    wrong = [
        *check_number(_WHERE, "count", count, remedy, least=1, whole=True),
        *check_number(_WHERE, "block", 1 if block is None else block, remedy, least=1, whole=True),
        *check_seed(_WHERE, seed),
    ]
    raise_errors(PolicyError, wrong)
    late = [
        symbol
        for symbol, close in zip(market.symbols, market.close.T, strict=True)
        if not (close > 0.0).all()
    ]
    if late or len(market.dates) < 3:
        where, what = f"market '{market.name}'", f"{len(market.dates)} sessions cannot be drawn again"
        if late:
            what = f"{some_of(late)} have no price on some sessions, which then cannot be drawn"
        raise MarketError(
            Finding("error", where, what, "take a period with all prices: market.between(first, last)")
        )
    if block is None:
        days = days_of(market)
        block = block_length((days.growth * (1.0 + days.payout)).mean(axis=1) - 1.0)
    made_by = ResampledMarket(market, int(block), int(seed))
    key = text_fingerprint(market_fingerprint(market), "stationary bootstrap", int(block), int(seed))
    return Paths(made_by, int(count), key)


@dataclass(frozen=True, eq=False)
class ResampledMarket:
    """From the number of a path to its market: the stationary bootstrap of a history.

    Attributes
    ----------
    market : Market
    block : int
        Mean length of a block, sessions.
    seed : int
    """

    market: Market
    block: int
    seed: int

    def __call__(self, number: int) -> Market:
        """Return the market of a path."""
        days = self._days
        return market_of(days, drawn_order(len(days.growth), self.block, self.seed, number))

    def __reduce__(self) -> tuple[Any, ...]:
        return ResampledMarket, (
            self.market,
            self.block,
            self.seed,
        )  # what follows from them need not be sent

    @cached_property
    def _days(self) -> Days:
        return days_of(self.market)
