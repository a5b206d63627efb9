"""plateau(): the settings of a sweep that cannot be told from the best one, which is where advice ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebal_kit.blocks import block_length, resampled_means
from rebal_kit.checking import check_choice
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.growth import growth_after_tax, growth_table
from rebal_kit.intervals import LEVEL, check_seed, checked_level
from rebal_kit.metrics import sessions_per_year

#: What the last value of a run becomes before growth is compared.
_VALUES = {"cagr_after_liquidation": "value_after_liquidation", "cagr_after_tax": "value_after_tax"}
#: Fewer blocks than this make a history of which few others can be drawn.
_FEW_BLOCKS = 20
#: Settings whose growth differs by less than this in every session are one and the same.
_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Plateau:
    """Which settings could as well be the best.

    Attributes
    ----------
    comparison : Comparison, optional
        None where growth came from elsewhere.
    measure : str
        What growth is compared: 'cagr_after_liquidation' or 'cagr_after_tax'.
    best : str
        The setting that grew most: the lucky one of the plateau, not the one to choose.
    level : float
        At which the intervals hold, all at once.
    block : int
        Mean length of the blocks that are resampled, sessions.
    seed : int
    times : float
        How many standard errors the intervals reach, since all pairs of settings were looked at; 1.64 is that of one
        pair at 90 %.
    table : DataFrame
        A row a setting: growth (a year), behind (log growth a year less that of the best), standard_error, low, high
        (of `behind`; those of all settings hold at once), plateau (whether the interval reaches 0).
    findings : tuple of Finding
    """

    comparison: Comparison | None
    measure: str
    best: str
    level: float
    block: int
    seed: int
    times: float
    table: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """The settings on the plateau."""
        return tuple(map(str, self.table.index[self.table["plateau"]]))

    @property
    def reach(self) -> float:
        """How far a setting of middling error may be behind the best by luck alone, log growth a year."""
        return float((self.table["high"] - self.table["behind"]).median())

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Where the figures come from, how they were found, and what they cannot show."""
        stated = () if self.comparison is None else self.comparison.assumptions
        return (*stated, *self.findings)

    def __repr__(self) -> str:
        return f"<Plateau: {len(self.members)} of {len(self.table)} settings cannot be told from the best>"


def plateau(
    of: Comparison | pd.DataFrame, *, measure: str = "cagr_after_liquidation", level: float = LEVEL, seed: int = 0
) -> Plateau:  # fmt: skip
    """Return the settings whose growth cannot be told from that of the best one.

    Parameters
    ----------
    of : Comparison, or DataFrame
        The settings, such as ``compare(market, household, list(design))``; or their log growth, (n_periods,
        n_settings), with dates as index.
    measure : str
        'cagr_after_liquidation', or 'cagr_after_tax', which leaves gains that are not yet taxed alone. Of a DataFrame,
        growth as it is.
    level : float
        At which all intervals hold at once.
    seed : int
        The same seed gives the same plateau.

    Returns
    -------
    Plateau

    Raises
    ------
    PolicyError
        There are fewer than two settings, too few periods, or an argument cannot be what was given.
    RebalError
        The extra `study` is not installed.

    Notes
    -----
    Sessions are drawn again in blocks, in the same order for all settings, so that what moves all of them drops out of
    their differences. The interval around a difference reaches as many of its standard errors as the largest
    difference of any two settings, in standard errors and about its own mean, stays below in the share `level` of the
    resamples. Which of the settings happened to be the best is thereby allowed for.

    *Sources*: Hansen, Lunde and Nason (2011), "The Model Confidence Set", Econometrica 79(2), 453–497: their range
    statistic T_R at its first step; their further steps, which leave intervals behind, could take more settings off the
    plateau and none onto it. Hsu (1984), "Constrained Simultaneous Confidence Intervals for Multiple Comparisons with
    the Best", Annals of Statistics 12(3), 1136–1144, for the question. `rebal_kit.blocks` for the resamples.
    """
    raise_errors(PolicyError, (*check_seed("plateau", seed),
        *check_choice("plateau", "measure", measure, tuple(_VALUES), f"use {' or '.join(_VALUES)}")))  # fmt: skip
    level = checked_level("plateau", level)
    comparison = of if isinstance(of, Comparison) else None
    growth = growth_table("plateau", _growth(of, measure) if isinstance(of, Comparison) else of)
    raise_errors(PolicyError, _check(growth))
    values = growth.to_numpy(float)
    lead = values.mean(axis=0)
    best = int(lead.argmax())
    block = block_length(values[:, best])
    drawn = resampled_means(values, block, int(seed))
    errors, times = _errors(drawn - lead, level)
    per_year = sessions_per_year(pd.DatetimeIndex(growth.index).to_numpy("datetime64[D]").astype(np.int64))
    behind, error = (lead - lead[best]) * per_year, errors[best] * per_year
    table = pd.DataFrame(
        {
            "growth": np.expm1(lead * per_year), "behind": behind, "standard_error": error,
            "low": behind - times * error, "high": behind + times * error,
        },
        index=pd.Index(growth.columns, name="policy"),
    )  # fmt: skip
    table["plateau"] = table["high"] >= 0.0
    found = Plateau(comparison, measure, str(growth.columns[best]), level, block, int(seed), times, table, ())
    return Plateau(**{**vars(found), "findings": tuple(_said(found, len(growth)))})


def _growth(comparison: Comparison, measure: str) -> pd.DataFrame:
    """Return log growth by session; what is owed at the end is borne by all sessions alike."""
    growth = growth_after_tax(comparison)
    last = pd.Series({name: run.daily["value"].iloc[-1] for name, run in comparison.runs.items()})
    with np.errstate(divide="ignore", invalid="ignore"):
        owed = np.log(comparison.table[_VALUES[measure]] / last)
    return pd.DataFrame(growth + owed / len(growth))


def _errors(off: np.ndarray, level: float) -> tuple[np.ndarray, float]:
    """Return the standard error of every difference, and how many of them the largest of all stays below.

    Parameters
    ----------
    off : ndarray
        (n_draws, k) float64, means of resamples less the true means.
    level : float
    """
    settings = off.shape[1]
    errors = np.zeros((settings, settings))
    largest = np.zeros(len(off))
    for one in range(settings):
        apart = off - off[:, [one]]
        errors[one] = np.sqrt((apart**2).mean(axis=0))
        differ = errors[one] > _SAME
        errors[one, ~differ] = 0.0
        if differ.any():
            np.maximum(largest, np.abs(apart[:, differ] / errors[one, differ]).max(axis=1), out=largest)
    return errors, float(np.quantile(largest, level))


def _check(growth: pd.DataFrame) -> Iterator[Finding]:
    where = "plateau"
    if growth.shape[1] < 2:
        yield Finding("error", where, f"settings: {growth.shape[1]}", "give two at least")
    if growth.columns.has_duplicates:
        yield Finding("error", where, "two settings share a name", "give each a name of its own")
    if not isinstance(growth.index, pd.DatetimeIndex):
        yield Finding("error", where, "the index of the growth holds no dates", "give a DatetimeIndex")
    if len(growth) < 20:
        yield Finding("error", where, f"there are {len(growth)} periods", "give 20 at least")
    bare = [str(name) for name in growth if not np.isfinite(growth[name].to_numpy(float)).all()]
    if bare:
        what = f"growth of {', '.join(bare)} is not known in every period"
        yield Finding("error", where, what, "leave it out: nothing was left of it, or a value is missing")


def _said(found: Plateau, periods: int) -> Iterator[Finding]:
    """Say how the plateau was found, and what it does not say."""
    bp = 1e4
    widest = float((found.table["standard_error"].max()) * bp)
    yield Finding(
        "note", "plateau",
        f"{len(found.table)} settings, {periods:,} periods, resampled in blocks of {found.block} on average (seed"
        f" {found.seed}); intervals of {found.times:.1f} standard errors hold for all settings at once in"
        f" {found.level:.0%} of resamples; the largest standard error is {widest:.0f} bp a year",
    )  # fmt: skip
    yield Finding(
        "note", "plateau",
        "a setting on the plateau is not shown to be as good as the best: the history is too short to tell them apart."
        " It was settled on the years it is drawn from; later years may move it",
    )  # fmt: skip
    if periods / found.block < _FEW_BLOCKS:
        yield Finding(
            "warning", "plateau",
            f"the history has only about {periods / found.block:.0f} blocks: intervals and plateau may be too"
            " narrow", "take a longer history",
        )  # fmt: skip
    if found.comparison is not None:
        kept = "gains that are not yet taxed are left alone"
        if found.measure == "cagr_after_liquidation":
            kept = "the tax on selling everything at the end is borne by all sessions alike"
        yield Finding(
            "note", "plateau", f"compared is log growth after the taxes and costs paid so far; {kept}; runs are not"
            " repeated on resampled prices, as bootstrap does",
        )  # fmt: skip
