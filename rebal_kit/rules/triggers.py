"""Tolerance bands: has a weight left its band, and to where is it brought back.

These are conventions of portfolio management, not law. A relative band scales with the target: 20 % of a 60 %
target is 12 points, so 48 % to 72 %.
"""

from __future__ import annotations

import math

from rebal_kit.compiled import compiled


@compiled
def band_width(target: float, absolute: float, relative: float, both: bool) -> float:
    """Return how far a weight may be from its target, on one side.

    Parameters
    ----------
    target : float
        Fraction of the portfolio.
    absolute : float
        Width as a fraction of the portfolio; NaN when not given.
    relative : float
        Width as a fraction of the target; NaN when not given.
    both : bool
        With two widths: whether *both* must be exceeded (the wider counts) or *either* (the narrower counts).

    Returns
    -------
    float
        Fraction of the portfolio; infinite when neither width is given.
    """
    scaled = relative * target
    if math.isnan(absolute):
        return math.inf if math.isnan(scaled) else scaled
    if math.isnan(scaled):
        return absolute
    return max(absolute, scaled) if both else min(absolute, scaled)


@compiled
def breach(weight: float, target: float, width_above: float, width_below: float) -> int:
    """Return +1 when a weight is above its band, −1 when it is below, 0 inside; on the edge is inside.

    Parameters
    ----------
    weight, target : float
        Fractions of the portfolio.
    width_above, width_below : float
        From `band_width`, both positive.
    """
    if weight > target + width_above:
        return 1
    if weight < target - width_below:
        return -1
    return 0


@compiled
def destination_weight(
    target: float, side: int, width_above: float, width_below: float, fraction: float
) -> float:
    """Return the weight to which a breach is brought back.

    Parameters
    ----------
    target : float
        Fraction of the portfolio.
    side : int
        From `breach`: +1 above, −1 below, 0 to target.
    width_above, width_below : float
        From `band_width`.
    fraction : float
        0 is the target, 1 the edge of the band on that side, 0.5 half-way.
    """
    if side > 0:
        return target + fraction * width_above
    if side < 0:
        return target - fraction * width_below
    return target
