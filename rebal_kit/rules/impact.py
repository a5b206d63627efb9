"""Market impact: what a trade moves the price against the one who makes it.

*Source*: the square-root law, impact per US$ = k · σ · √(amount / volume), σ the daily volatility and volume US$ a day
(Almgren, Thum, Hauptmann, Li, "Direct estimation of equity market impact", Risk 18(7), 2005; Tóth et al., "Anomalous
price impact and the critical nature of liquidity in financial markets", Physical Review X 1, 2011).
"""

from __future__ import annotations

import math

from rebal_kit.compiled import compiled


@compiled
def impact_cost(coefficient: float, before: float, amount: float) -> float:
    """Return US$ that a trade costs by moving the price, beyond what was traded before it.

    Ten orders move the price like one: their costs add up to that of their sum.

    Parameters
    ----------
    coefficient : float
        k · σ / √volume, US$^-0.5.
    before : float
        US$ that the household has traded of the security in the session already.
    amount : float
        US$ of the trade, 0 or more.
    """
    after = before + amount
    return coefficient * (after * math.sqrt(after) - before * math.sqrt(before))
