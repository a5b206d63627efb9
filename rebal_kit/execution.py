"""How orders are carried out, as a part of a policy: when, at what price, and for what they wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rebal_kit.checking import check_choice, check_number
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.printing import code_of

FILLS = ("close", "next_open", "limit")
OTHERWISE = ("close", "cancel")
CALM = ("own", "vix")
_WHERE = "execution"


@dataclass(frozen=True)
class Execution:
    """How orders of a rebalancing are carried out.

    An order stands until it is filled or given up. Rules take it for done; one that fires nevertheless takes back what
    waits and decides anew. Money from sales pays for purchases of the same session, whatever the hour of either, and a
    purchase whose money is still to come waits for it. An order ends when its shares or its cash are gone, or after a
    week without any price.

    Cash for withdrawals, taxes and reserves is raised by market orders that wait for nothing, on its day. A harvest and
    its replacement are market orders too, since neither may go without the other; both keep to `max_volume_share`. A
    loss taken beside a gain is sold at the close, once the gain is known.
    Dividends are reinvested at the opening where orders are filled after the decision, else at the close.

    Attributes
    ----------
    fill : {'close', 'next_open', 'limit'}
        At the close by which one decides; at the opening of the session after; or by limit orders of that session.
    limit_bps : float
        How far the limit is from the close by which one decided, on the better side, basis points. An order is filled
        at its limit, without a spread, or at the opening where that is better, if the session's range reaches it. The
        limit stays where it is while the order stands, but for splits and dividends.
    limit_days : int
        Sessions for which an order, or what is left of it after a part was filled, is tried.
    otherwise : {'close', 'cancel'}
        What becomes of an order that the last of them does not fill: filled at its close, or given up.
    wait_for_calm : {'own', 'vix'}, optional
        Trade a security only when its own volatility over the past 21 sessions is at most `calm_below` times the median
        of the past year; or anything only when the market's volatility index is at most `calm_below`.
    calm_below : float
    max_wait : int
        Sessions one waits at most; then one trades whatever the market does.
    max_volume_share : float, optional
        The household trades at most this fraction of the average daily volume of a security in a session (of the 63
        sessions before the month); what is more follows in the sessions after.
    """

    fill: Literal["close", "next_open", "limit"] = "close"
    limit_bps: float = 0.0
    limit_days: int = 1
    otherwise: Literal["close", "cancel"] = "close"
    wait_for_calm: Literal["own", "vix"] | None = None
    calm_below: float = 1.0
    max_wait: int = 10
    max_volume_share: float | None = None

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        yield from check_choice(_WHERE, "fill", self.fill, FILLS, f"use {', '.join(FILLS)}")
        remedy = "give basis points, 0 to under 10,000"
        yield from check_number(_WHERE, "limit_bps", self.limit_bps, remedy, least=0, below=10_000)
        for name in ("limit_days", "max_wait"):
            remedy = "give 1 or more sessions"
            yield from check_number(_WHERE, name, getattr(self, name), remedy, least=1, whole=True)
        yield from check_choice(
            _WHERE, "otherwise", self.otherwise, OTHERWISE, f"use {' or '.join(OTHERWISE)}"
        )
        if self.wait_for_calm is not None:
            yield from check_choice(
                _WHERE, "wait_for_calm", self.wait_for_calm, CALM, f"use {' or '.join(CALM)}"
            )
        remedy = "give a number above 0: times the usual volatility, or points of the index"
        yield from check_number(_WHERE, "calm_below", self.calm_below, remedy, least=1e-6, most=1_000)
        if self.max_volume_share is not None:
            remedy = "give a fraction above 0, up to 1"
            yield from check_number(
                _WHERE, "max_volume_share", self.max_volume_share, remedy, least=1e-9, most=1
            )

    @property
    def next_session(self) -> bool:
        """Whether a decision is carried out in the session after it."""
        return self.fill != "close"

    def __repr__(self) -> str:
        return code_of(self)
