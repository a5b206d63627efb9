"""The stationary bootstrap: sessions drawn again in blocks of random length, so that what hangs together stays so."""

from __future__ import annotations

from typing import Any

import numpy as np

from rebal_kit.findings import Finding, RebalError

#: Resamples from which intervals of means are taken.
DRAWS = 2_000
#: A history is made of so many blocks at least.
_FEWEST_BLOCKS = 10


def drawn_order(sessions: int, block: int, *seed: int) -> np.ndarray:
    """Return an order in which `sessions` sessions are drawn again, with repetition, in blocks.

    Each block starts at random and its length is geometric with mean `block`; after the last session comes the first.

    Parameters
    ----------
    sessions : int
    block : int
        Mean length of a block, sessions; 1 draws each session by itself.
    *seed : int
        The same numbers give the same order, on any machine and in any thread.

    Returns
    -------
    ndarray
        (sessions,) int64 from 0 to sessions − 1.

    Notes
    -----
    *Source*: Politis and Romano (1994), "The Stationary Bootstrap", Journal of the American Statistical Association
    89(428), 1303–1313; drawn by the package arch.
    """
    generator = np.random.default_rng(seed)
    drawn = _arch().StationaryBootstrap(block, np.empty(sessions), seed=generator).update_indices()
    return np.asarray(drawn, np.int64)


def block_length(returns: np.ndarray) -> int:
    """Return the mean length of blocks that suits a series of returns, sessions.

    Parameters
    ----------
    returns : ndarray
        (n,) float64.

    Notes
    -----
    The longer of the lengths for the returns and for their squares: returns hardly depend on the days before, but how
    much they move does, and bands and harvests live on that. At most a tenth of the sessions, so that a history is
    made of ten blocks at least; 1 for a series that does not move.

    *Source*: Politis and White (2004), "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric
    Reviews 23(1), 53–70, as corrected by Patton, Politis and White (2009), Econometric Reviews 28(4), 372–375.
    """
    series = np.column_stack([returns, returns**2])
    series = series[:, np.ptp(series, axis=0) > 0.0]
    if series.shape[1] == 0 or len(returns) < 2 * _FEWEST_BLOCKS:
        return 1
    with np.errstate(invalid="ignore", divide="ignore"):  # of a stretch without any move
        lengths = _arch().optimal_block_length(series / series.std(axis=0))["stationary"].to_numpy()
    return int(np.clip(np.ceil(np.nanmax(lengths, initial=1.0)), 1, len(returns) // _FEWEST_BLOCKS))


def resampled_means(values: np.ndarray, block: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Return the means of the columns in each of `draws` resamples; all columns are drawn in the same order.

    Parameters
    ----------
    values : ndarray
        (n, k) float64.
    block : int
        Mean length of a block, rows.
    seed : int
    draws : int

    Returns
    -------
    ndarray
        (draws, k) float64. Its quantiles are a percentile interval of the mean, its standard deviation the standard
        error.
    """
    rows = len(values)
    times = np.empty((draws, rows))
    for draw in range(draws):
        times[draw] = np.bincount(drawn_order(rows, block, seed, draw), minlength=rows)
    return np.asarray(times @ values / rows)


def superior_predictive_ability(excess: np.ndarray, block: int, seed: int, draws: int = DRAWS) -> float:
    """Return the p-value of the test that none of several series has a mean above 0.

    Parameters
    ----------
    excess : ndarray
        (n, k) float64, growth of k policies less that of the one they are held against; every column varies.
    block : int
        Mean length of a block, rows.
    seed : int
    draws : int

    Notes
    -----
    *Source*: Hansen (2005), "A Test for Superior Predictive Ability", Journal of Business and Economic Statistics
    23(4), 365–380: the consistent p-value, by the package arch.
    """
    nothing = np.zeros(len(excess))
    test = _arch().SPA(nothing, -excess, block_size=block, reps=draws, bootstrap="stationary", seed=int(seed))
    test.compute()
    return float(test.pvalues["consistent"])


def _arch() -> Any:
    try:
        import arch.bootstrap
    except ModuleNotFoundError as problem:
        what = f"resampling needs {problem.name}, which is not installed"
        raise RebalError(Finding("error", "study", what, "pip install 'rebal_kit[study]'")) from None
    return arch.bootstrap
