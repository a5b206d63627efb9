"""What trading costs. The same functions serve the simulation and the proposal."""

from __future__ import annotations

from rebal_kit.compiled import inner


@inner
def spread_cost(amount: float, half_spread: float) -> float:
    """Return US$ lost to the spread on a trade of `amount` US$; `half_spread` is a fraction of the price."""
    return amount * half_spread


@inner
def affordable(cash: float, half_spread: float) -> float:
    """Return the largest purchase in US$ that `cash` pays for, its cost included."""
    return cash / (1.0 + half_spread)


@inner
def gross_for(net: float, half_spread: float) -> float:
    """Return the sale in US$ that leaves `net` after its cost."""
    return net / (1.0 - half_spread)
