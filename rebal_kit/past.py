"""What the sessions before a decision tell, worked out once for a market: every policy on it takes what it needs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.liquidity import Liquidity
from rebal_kit.nearest import Nearest


class Past(NamedTuple):
    """What a policy needs to know of the past; None where it needs nothing.

    Attributes
    ----------
    nearest : Nearest, optional
        The most correlated members of each class: for harvests that choose by correlation.
    liquidity : Liquidity, optional
        Volatility, volume and spread: for estimated spreads, market impact and shares of the volume.
    unrest : ndarray, optional
        (n_sessions, n_securities) float64, as of `rebal_kit.liquidity.unrest_of`: for orders that wait for calm.
    """

    nearest: Nearest | None = None
    liquidity: Liquidity | None = None
    unrest: np.ndarray | None = None
