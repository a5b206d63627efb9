"""The costs of a policy as numbers: rates that serve a month, fees that serve an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rebal_kit.costs import Costs
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, some_of
from rebal_kit.liquidity import Liquidity, hindsight, known_before
from rebal_kit.market import Market

_BASIS_POINT = 1e-4


@dataclass(frozen=True, eq=False)
class EncodedCosts:
    """What `Plan` keeps of the costs; see there."""

    cost_row: np.ndarray
    half_spread: np.ndarray
    impact: np.ndarray
    commission: np.ndarray
    per_share: float

    @property
    def lumpy(self) -> bool:
        """Whether a larger order costs more, or less, a share."""
        return bool(self.impact.any() or self.commission.any())


def needs_liquidity(costs: Costs) -> bool:
    """Say whether volumes, volatilities or estimated spreads are needed."""
    return costs.impact > 0.0 or costs.estimate_spread


def encode_costs(
    costs: Costs, household: Household, market: Market, liquidity: Liquidity | None
) -> EncodedCosts:
    """Return the costs as numbers for this household's accounts and this market's securities and sessions."""
    symbols = market.symbols
    given = np.full(len(symbols), costs.half_spread_bps * _BASIS_POINT)
    row = np.zeros(len(market.dates), np.int64)
    months = 1
    if liquidity is not None:
        row, months = liquidity.row, len(liquidity.volatility)
    spread = np.tile(given, (months, 1))
    impact = np.zeros((months, len(symbols)))
    if liquidity is not None and costs.estimate_spread:
        estimated = known_before(liquidity.half_spread)
        spread = np.where(np.isfinite(estimated), estimated, spread)
    for symbol, bps in costs.by_symbol:
        spread[:, symbols.index(symbol)] = bps * _BASIS_POINT
    if liquidity is not None and costs.impact > 0.0:
        volatility, volume = known_before(liquidity.volatility), known_before(liquidity.volume_usd)
        with np.errstate(divide="ignore", invalid="ignore"):
            impact = np.nan_to_num(costs.impact * volatility / np.sqrt(volume), posinf=0.0)
    commission = np.full((len(household.accounts), len(symbols)), float(costs.commission_usd))
    for broker, fees in costs.non_native:
        for a, account in enumerate(household.accounts):
            for symbol, usd in fees:
                if account.broker == broker:
                    commission[a, symbols.index(symbol)] += usd
    return EncodedCosts(
        np.ascontiguousarray(row), np.ascontiguousarray(spread), np.ascontiguousarray(impact), commission,
        float(costs.per_share_usd),
    )  # fmt: skip


def check_costs(where: str, costs: Costs, household: Household, market: Market) -> Iterator[Finding]:
    """Yield what of the costs cannot be applied to this household and market."""
    named = [symbol for symbol, _ in costs.by_symbol]
    named += [symbol for _, fees in costs.non_native for symbol, _ in fees]
    unknown = [symbol for symbol in dict.fromkeys(named) if symbol not in market.symbols]
    if unknown:
        yield Finding(
            "error", where, f"costs name {', '.join(unknown)}, which the household does not hold",
            f"use {', '.join(market.symbols)}",
        )  # fmt: skip
    brokers = {account.broker for account in household.accounts}
    strange = [broker for broker, _ in costs.non_native if broker not in brokers]
    if strange:
        yield Finding(
            "error", where, f"costs name {', '.join(strange)}, which is no broker of the household",
            f"use {', '.join(sorted(filter(None, brokers))) or 'a broker that an account names'}",
        )  # fmt: skip
    if costs.impact > 0.0 and not np.isfinite(market.volume).any():
        yield Finding(
            "error", where, f"costs.impact is {costs.impact:g}, but market '{market.name}' has no volumes",
            "set it to 0, or use prices with volumes",
        )  # fmt: skip
    if costs.estimate_spread and not (np.isfinite(market.high) & np.isfinite(market.low)).any():
        yield Finding(
            "error", where, f"costs.estimate_spread is set, but market '{market.name}' has no highs and lows",
            "give half_spread_bps, or use prices with highs and lows",
        )  # fmt: skip


def cost_findings(costs: Costs, market: Market, liquidity: Liquidity | None) -> Iterator[Finding]:
    """Yield what a result must say of its costs: what is estimated, from what, and for what nothing is known."""
    parts = []
    if costs.commission_usd or costs.non_native or costs.per_share_usd:
        parts.append(f"US$ {costs.commission_usd:g} an order and {costs.per_share_usd:g} a share")
        if costs.non_native:
            parts.append("fees of brokers for other houses' securities")
    parts.append(
        "half spread estimated month by month from closes, highs and lows (Abdi and Ranaldo 2017)"
        if costs.estimate_spread
        else f"half spread {costs.half_spread_bps:g} bp"
    )
    if costs.impact > 0.0:
        parts.append(
            f"impact {costs.impact:g} × daily volatility × √(order / daily volume), both of the 63 sessions before the"
            " month, the orders of all accounts in a session together"
        )
    yield Finding("note", "costs", "; ".join(parts))
    if costs.estimate_spread:
        yield Finding(
            "warning", "costs",
            "spreads estimated from daily prices are upper bounds: where a day's move is much larger than the spread,"
            " as in all liquid securities, the estimate is a fifth of the daily volatility even if there is no spread",
            "give half_spread_bps, or by_symbol, where you know them",
        )  # fmt: skip
    if liquidity is None:
        return
    tables = {}
    if costs.estimate_spread:
        tables["spread"] = (liquidity.half_spread, f"half_spread_bps, {costs.half_spread_bps:g} bp, serves")
    if costs.impact > 0.0:
        tables["impact"] = (liquidity.volatility * liquidity.volume_usd, "none is counted")
    for name, (table, otherwise) in tables.items():
        never = [symbol for s, symbol in enumerate(market.symbols) if not np.isfinite(table[:, s]).any()]
        if never:
            yield Finding(
                "warning", "costs", f"{name}: nothing is known of {some_of(never)}; {otherwise}",
                "use prices with volumes, highs and lows",
            )  # fmt: skip
        yield from hindsight("costs", name, table, market, liquidity)
