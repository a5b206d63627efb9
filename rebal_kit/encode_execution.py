"""How orders are carried out, as numbers: what is known when one decides, and at what price a session would fill."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rebal_kit.engine.arrays import LEAST_SHARE, Orders, Prices
from rebal_kit.execution import Execution
from rebal_kit.findings import Finding, some_of
from rebal_kit.liquidity import Liquidity, hindsight, known_before, unrest_of
from rebal_kit.market import Market
from rebal_kit.past import Past


def encode_execution(execution: Execution, market: Market, prices: Prices, past: Past) -> Orders:
    """Return the execution as numbers for this market; without a rule they are the closes themselves, not copies."""
    close = prices.close
    lag = execution.next_session
    seen = market_price = opening = low = high = close
    if lag:
        seen = close.copy()
        known = close[:-1] > 0.0
        # In shares of the session and without its dividend, which is cash by then.
        before = np.maximum(close[:-1] / prices.split[1:] - prices.dividend[1:], LEAST_SHARE * close[:-1])
        seen[1:] = np.where(known, before, close[1:])
        market_price = np.where(np.isfinite(market.open) & (market.open > 0.0), market.open, close)
        market_price[0] = close[0]
    if execution.fill == "limit":
        opening = np.where(market.open > 0.0, market.open, np.nan)
        low = np.fmin(np.where(market.low > 0.0, market.low, np.nan), close)
        high = np.fmax(market.high, close)
    waits = execution.wait_for_calm is not None
    calm = np.ones((1, close.shape[1]), bool)
    if waits:
        calm = calm_sessions(execution, market, past.unrest)
        if lag:
            calm[1:] = calm[:-1].copy()  # what is known when one decides
    liquidity = past.liquidity
    cap = np.full((1 if liquidity is None else len(liquidity.volume_usd), close.shape[1]), np.inf)
    if liquidity is not None and execution.max_volume_share is not None:
        volume = known_before(_volumes(liquidity))
        cap = np.where(np.isfinite(volume), execution.max_volume_share * volume, np.inf)
    return Orders(
        lag=lag,
        patient=execution.fill == "limit" or waits or execution.max_volume_share is not None,
        seen=np.ascontiguousarray(seen),
        market=np.ascontiguousarray(market_price),
        opening=np.ascontiguousarray(opening),
        low=np.ascontiguousarray(low),
        high=np.ascontiguousarray(high),
        limit_offset=execution.limit_bps * 1e-4,
        limit_days=int(execution.limit_days) if execution.fill == "limit" else 0,
        cancel=execution.fill == "limit" and execution.otherwise == "cancel",
        calm=np.ascontiguousarray(calm),
        max_wait=int(execution.max_wait) if waits else 0,
        capped=execution.max_volume_share is not None,
        volume_cap=np.ascontiguousarray(cap),
    )


def calm_sessions(execution: Execution, market: Market, unrest: np.ndarray | None) -> np.ndarray:
    """Return (n_sessions, n_securities) whether each is calm at the close; where too little is known it is."""
    if execution.wait_for_calm == "vix" and market.volatility_index is not None:
        index = np.repeat(market.volatility_index[:, None], market.close.shape[1], axis=1)
        return ~(index > execution.calm_below)
    return ~((unrest_of(market) if unrest is None else unrest) > execution.calm_below)


def check_execution(where: str, execution: Execution, market: Market) -> Iterator[Finding]:
    """Yield what the market lacks for such an execution."""
    if execution.next_session and not np.isfinite(market.open).any():
        yield Finding(
            "error", where, f"execution.fill is {execution.fill}, but market '{market.name}' has no opening prices",
            "set it to close, or use prices with open, high and low",
        )  # fmt: skip
    if execution.fill == "limit" and not (np.isfinite(market.high) & np.isfinite(market.low)).any():
        yield Finding(
            "error", where, f"execution.fill is limit, but market '{market.name}' has no highs and lows",
            "set it to close or next_open, or use prices with highs and lows",
        )  # fmt: skip
    if execution.wait_for_calm == "vix" and market.volatility_index is None:
        yield Finding(
            "error", where, f"execution waits for the VIX, but market '{market.name}' has no volatility index",
            "set wait_for_calm to own",
        )  # fmt: skip
    if execution.max_volume_share is not None and not np.isfinite(market.volume).any():
        yield Finding(
            "error", where, f"execution.max_volume_share is set, but market '{market.name}' has no volumes",
            "leave it out, or use prices with volumes",
        )  # fmt: skip


def execution_findings(
    execution: Execution, whole_shares: bool, market: Market, liquidity: Liquidity | None
) -> Iterator[Finding]:
    """Yield what a result must say of how orders are carried out."""
    fills = {
        "close": "decision and fill at the same close",
        "next_open": "decided at the close, filled at the next session's opening",
        "limit": f"decided at the close, limit orders {execution.limit_bps:g} bp better than it in up to"
        f" {execution.limit_days} session(s) after it, filled where the range reaches them; otherwise:"
        f" {execution.otherwise}",
    }
    parts = [fills[execution.fill], "whole shares" if whole_shares else "fractional shares"]
    if execution.wait_for_calm == "own":
        parts.append(
            f"securities wait up to {execution.max_wait} sessions for a volatility of at most {execution.calm_below:g}"
            " times their usual one"
        )
    elif execution.wait_for_calm == "vix":
        parts.append(
            f"orders wait up to {execution.max_wait} sessions for a VIX of at most {execution.calm_below:g}"
        )
    if execution.max_volume_share is not None:
        parts.append(f"at most {execution.max_volume_share:.1%} of a security's daily volume a session")
    yield Finding("note", "fills", "; ".join(parts))
    unknown = _without(market, market.open) if execution.next_session else []
    if unknown:
        what = f"no opening prices of {some_of(unknown)}: filled at the session's close"
        yield Finding("warning", "fills", what, "use prices with open, high and low")
    if liquidity is None:
        return
    volumes = _volumes(liquidity)
    unknown = _without(market, volumes)
    if unknown:
        what = f"no or too few volumes of {some_of(unknown)}: their orders are not split"
        yield Finding("warning", "fills", what, "use prices with volumes, and some months before the start")
    yield from hindsight("fills", "daily volume", volumes, market, liquidity)


def _volumes(liquidity: Liquidity) -> np.ndarray:
    """Return (n_months, n_securities) US$ a session; a volume of 0 is one that the source does not know."""
    return np.where(liquidity.volume_usd > 0.0, liquidity.volume_usd, np.nan)


def _without(market: Market, field: np.ndarray) -> list[str]:
    """Return the securities of which a field is never known."""
    return [symbol for s, symbol in enumerate(market.symbols) if not np.isfinite(field[:, s]).any()]
