"""overfitting(): whether the best of many policies was good, or only the luckiest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from rebal_kit.blocks import block_length, superior_predictive_ability
from rebal_kit.checking import check_number, is_number
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.growth import growth_after_tax, growth_table
from rebal_kit.intervals import check_seed

#: Above the first a choice is doubted (Bailey et al. 2017); from the second on it is worth nothing.
DOUBTED, WORTHLESS = 0.05, 0.50
#: A lead smaller than this share of what usually parts the two in the other half is next to nothing.
_NOTHING = 0.5
#: Splits whose figures are held in memory at once.
_CHUNK = 1024


class Splits(NamedTuple):
    """What became of the best policy of one half of the history in the other half, for every way to halve it.

    Attributes
    ----------
    chosen : ndarray
        (n_splits,) int64, the policy that was best in the one half.
    inside, outside : ndarray
        (n_splits,) float64, its mean growth a period in that half and in the other.
    place : ndarray
        (n_splits,) float64, its rank in the other half over the number of policies + 1: near 1 the best, near 0 the
        worst.
    """

    chosen: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    place: np.ndarray


def halved(growth: np.ndarray, blocks: int) -> Splits:
    """Halve a history in every way that takes half of its blocks, and see what becomes of each half's best policy.

    Parameters
    ----------
    growth : ndarray
        (n_periods, n_policies) float64.
    blocks : int
        Even number of equal parts that the history is cut into.

    Notes
    -----
    *Source*: Bailey, Borwein, López de Prado and Zhu (2017), "The Probability of Backtest Overfitting", Journal of
    Computational Finance 20(4), 39–69: combinatorially symmetric cross-validation, with mean log growth as
    the measure of performance. Policies that tie share their mean rank.
    """
    edges = np.linspace(0, len(growth), blocks + 1).astype(int)
    sums = np.add.reduceat(growth, edges[:-1], axis=0)
    lengths = np.diff(edges)
    whole = (sums.sum(axis=0), lengths.sum())
    halves = np.zeros((math.comb(blocks, blocks // 2), blocks))
    for row, half in enumerate(itertools.combinations(range(blocks), blocks // 2)):
        halves[row, list(half)] = 1.0
    parts = [_split(halves[at : at + _CHUNK], sums, lengths, whole) for at in range(0, len(halves), _CHUNK)]
    return Splits(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _split(
    halves: np.ndarray, sums: np.ndarray, lengths: np.ndarray, whole: tuple[np.ndarray, int]
) -> Splits:
    """Return the best policy of each half, and how it did in the other."""
    periods = (halves @ lengths)[:, None]
    taken = halves @ sums
    inside, outside = taken / periods, (whole[0] - taken) / (whole[1] - periods)
    chosen = inside.argmax(axis=1)
    rows = np.arange(len(halves))
    own = outside[rows, chosen][:, None]
    rank = (outside < own).sum(axis=1) + ((outside == own).sum(axis=1) + 1) / 2
    return Splits(chosen, inside[rows, chosen], own[:, 0], rank / (outside.shape[1] + 1))


@dataclass(frozen=True, eq=False)
class Overfitting:
    """How far the choice of the best of several policies can be trusted.

    Attributes
    ----------
    policies : tuple of str
        Those that were chosen from.
    against : str
        The policy that the best is held against.
    best : str
        The policy that grew most over the whole history.
    blocks : int
    splits : DataFrame
        A row a way to halve the history: chosen, inside and outside (its mean log growth a period in the half where
        it was best and in the other), inside_against and outside_against (of `against`), place (its rank in the other
        half).
    deflated : float
        Probability that the best ratio of excess growth to its volatility, of so many tried, is above 0.
    spa : float
        p-value of Hansen's test that no policy grows more than `against`.
    findings : tuple of Finding
    """

    policies: tuple[str, ...]
    against: str
    best: str
    blocks: int
    splits: pd.DataFrame
    deflated: float
    spa: float
    findings: tuple[Finding, ...]

    @property
    def probability(self) -> float:
        """Probability of back-test overfitting: how often the best of one half is in the worse half of the other.

        A place in the very middle, which an odd number of policies has and which a tie can give, counts half, so that
        chance is 50 % for any number of policies. Bailey et al. (2017) count it whole (a logit of place of 0 or less):
        of few policies chance would then be above 50 %, as with 3, where it is two in three.
        """
        place = self.splits["place"]
        return float((place < 0.5).mean() + (place == 0.5).mean() / 2)

    @property
    def verdict(self) -> Literal["holds", "doubtful", "overfit"]:
        """'holds' up to a probability of 5 %, 'overfit' from 50 % on, where a die would choose as well."""
        if self.probability <= DOUBTED:
            return "holds"
        return "doubtful" if self.probability < WORTHLESS else "overfit"

    @property
    def flagged(self) -> bool:
        """Whether the choice should not be relied on."""
        return self.verdict != "holds"

    def summary(self) -> pd.DataFrame:
        """Return the figures with what each means: index measure, columns value and meaning."""
        splits = self.splits
        behind = float((splits["outside"] < splits["outside_against"]).mean())
        lead = float((splits["inside"] - splits["inside_against"]).mean())
        left = splits["outside"] - splits["outside_against"]
        led = lead > _NOTHING * float(left.abs().mean())
        kept = float(left.mean()) / lead if led else math.nan
        rows = {
            "probability_of_overfitting": (
                self.probability, f"holds up to {DOUBTED:.0%}, chance is {WORTHLESS:.0%}; a middle rank counts half"),
            "median_place": (float(splits["place"].median()), "rank in the other half: 1 best, 0.5 chance"),
            "behind": (behind, f"share of halves in which the choice grows less than '{self.against}'"),
            "kept": (kept, f"share of the choice's lead on '{self.against}' that is left in the other half"
                     + ("" if led else ": not known, it led by next to nothing")),
            "deflated": (self.deflated, f"probability that '{self.best}' is ahead beyond being picked"),
            "spa": (self.spa, f"p-value: how often chance shows so good a policy where none beats '{self.against}'"),
        }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "meaning"]).rename_axis(
            "measure"
        )

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Where the figures come from, how they were found, and what they cannot show."""
        return self.findings

    def __repr__(self) -> str:
        return f"<Overfitting of {len(self.policies)} policies: {self.verdict}, probability {self.probability:.0%}>"


def overfitting(
    of: Comparison | pd.DataFrame, *, against: str | None = None, blocks: int = 16, seed: int = 0
) -> Overfitting:
    """Return how far the best policy of a comparison owes its place to having been picked.

    Parameters
    ----------
    of : Comparison, or DataFrame
        The policies; or their log growth, (n_periods, n_policies), which may come from anywhere.
    against : str, optional
        The policy that the best is held against; the first when not given.
    blocks : int
        Even number of parts into which the history is cut. 16 give 12,870 ways to halve it.
    seed : int
        Of the resamples of Hansen's test.

    Returns
    -------
    Overfitting

    Raises
    ------
    PolicyError
        There are fewer than two policies that differ, too few periods, or an argument cannot be what was given.
    RebalError
        The extra `study` is not installed.

    Notes
    -----
    *Sources*: `halved` for the probability. Bailey and López de Prado (2014), "The Deflated Sharpe Ratio", Journal of
    Portfolio Management 40(5), 94–107. Hansen (2005), "A Test for Superior Predictive Ability", Journal of Business
    and Economic Statistics 23(4), 365–380 (the consistent p-value).
    """
    growth = growth_table("overfitting", growth_after_tax(of) if isinstance(of, Comparison) else of)
    reference = str(growth.columns[0]) if against is None and growth.shape[1] else str(against)
    raise_errors(PolicyError, (*_check(growth, reference, blocks), *check_seed("overfitting", seed)))
    distinct, twins = _distinct(growth, reference)
    if distinct.shape[1] < 2:
        what = "all policies grew alike"
        raise PolicyError(Finding("error", "overfitting", what, "give policies that differ"))
    splits = halved(distinct.to_numpy(), int(blocks))
    base = halved(distinct[[reference]].to_numpy(), int(blocks))
    names = np.array(distinct.columns, dtype=object)
    table = pd.DataFrame(
        {
            "chosen": names[splits.chosen], "inside": splits.inside, "outside": splits.outside,
            "inside_against": base.inside, "outside_against": base.outside, "place": splits.place,
        }
    )  # fmt: skip
    excess = distinct.drop(columns=reference).sub(distinct[reference], axis=0)
    block = block_length(distinct[reference].to_numpy())
    return Overfitting(
        policies=tuple(distinct.columns), against=reference, best=str(distinct.mean().idxmax()), blocks=int(blocks),
        splits=table, deflated=deflated_ratio(excess.to_numpy()),
        spa=superior_predictive_ability(excess.to_numpy(), block, int(seed)),
        findings=(*(of.assumptions if isinstance(of, Comparison) else ()), *_said(growth, twins, int(blocks), block)),
    )  # fmt: skip


def deflated_ratio(excess: np.ndarray) -> float:
    """Return the probability that the best ratio of mean to volatility is above 0, of as many as were tried.

    Parameters
    ----------
    excess : ndarray
        (n_periods, n_trials) float64, growth less that of the reference.

    Notes
    -----
    The hurdle is the best ratio to be expected of so many trials without merit: with V the variance of the ratios, γ
    Euler's constant and Z the inverse normal distribution, √V · ((1 − γ) Z(1 − 1/n) + γ Z(1 − 1/(n·e))); the error of
    the best ratio allows for skewness and fat tails. *Source*: Bailey and López de Prado (2014).

    *Not modelled*: trials that resemble each other count as so many; growth that depends on the days before.
    """
    periods, trials = excess.shape
    deviation = excess.std(axis=0, ddof=1)
    ratios = excess.mean(axis=0) / deviation
    best = int(ratios.argmax())
    hurdle = 0.0
    if trials > 1:
        expected = (1.0 - np.euler_gamma) * stats.norm.ppf(1.0 - 1.0 / trials)
        expected += np.euler_gamma * stats.norm.ppf(1.0 - 1.0 / (trials * math.e))
        hurdle = float(ratios.std(ddof=1) * expected)
    ratio = float(ratios[best])
    skew, kurtosis = stats.skew(excess[:, best]), stats.kurtosis(excess[:, best], fisher=False)
    error = math.sqrt(max(1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2, 1e-12) / (periods - 1))
    return float(stats.norm.cdf((ratio - hurdle) / error))


def _distinct(growth: pd.DataFrame, reference: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the policies that differ, the reference among them, and the names of those that are another's twin."""
    ordered = growth[[reference, *(name for name in growth if name != reference)]]
    doubled = ordered.T.duplicated()
    twins = [str(name) for name in ordered.columns[doubled.to_numpy()]]
    return growth.drop(columns=twins), twins


def _check(growth: pd.DataFrame, reference: str, blocks: int) -> Iterator[Finding]:
    where = "overfitting"
    yield from check_number(
        where, "blocks", blocks, "give an even number from 2 to 20", least=2, most=20, whole=True
    )
    if is_number(blocks) and blocks % 2:
        yield Finding("error", where, f"blocks is {blocks}", "give an even number from 2 to 20")
    names = [str(name) for name in growth.columns]
    if len(names) < 2:
        yield Finding("error", where, f"policies: {len(names)}", "give two at least")
    elif reference not in names:
        yield Finding("error", where, f"no policy is called {reference!r}", f"use {', '.join(names)}")
    if len(set(names)) < len(names):
        yield Finding("error", where, "two policies share a name", "give each a name of its own")
    if is_number(blocks) and len(growth) < 2 * blocks:
        what = f"there are {len(growth)} periods"
        yield Finding("error", where, what, f"give {2 * blocks} at least, or fewer blocks")
    unknown = ~np.isfinite(growth.to_numpy(float)).all(axis=0)
    bare = [name for name, missing in zip(names, unknown, strict=True) if missing]
    if bare:
        what = f"growth of {', '.join(bare)} is not known in every period"
        yield Finding("error", where, what, "leave it out: nothing was left of it, or a value is missing")


def _said(growth: pd.DataFrame, twins: list[str], blocks: int, block: int) -> Iterator[Finding]:
    """Say how the figures were found."""
    yield Finding(
        "note", "overfitting",
        f"{growth.shape[1] - len(twins)} policies, {len(growth):,} periods in {blocks} parts; compared is mean log"
        f" growth after the taxes and costs paid so far; Hansen's test resamples blocks of {block} periods on average",
    )  # fmt: skip
    yield Finding(
        "note", "overfitting",
        "only the policies given are counted: what was tried before and is not among them makes any choice look better"
        " than it is",
    )  # fmt: skip
    if twins:
        what = f"not counted, as another policy did exactly the same: {', '.join(twins)}"
        yield Finding("note", "overfitting", what)
