"""study(): is it real? Every question that the winner of a comparison has to answer, asked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from rebal_kit.bootstrap import Bootstrap, bootstrap
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, MarketError, PolicyError
from rebal_kit.growth import per_of
from rebal_kit.intervals import LEVEL, checked_level, share_ahead
from rebal_kit.overfitting import Overfitting, overfitting
from rebal_kit.regimes import Regimes, regimes
from rebal_kit.sensitivity import Sensitivity, sensitivity
from rebal_kit.trials import MEASURE, differences, observed, reference_of
from rebal_kit.walk_forward import WalkForward, walk_forward

_T = TypeVar("_T")
_BASIS_POINTS = 1e4


@dataclass(frozen=True, eq=False)
class Study:
    """What resamples, other settings, later years, the number of trials and the market's nerves say of a comparison.

    Attributes
    ----------
    comparison : Comparison
    against : str
        The policy that the others are held against.
    bootstrap : Bootstrap
    sensitivity : Sensitivity
    walk_forward : WalkForward, optional
    overfitting : Overfitting, optional
    regimes : Regimes, optional
        None where the history does not allow it; `left_out` says why.
    left_out : tuple of Finding
    """

    comparison: Comparison
    against: str
    bootstrap: Bootstrap
    sensitivity: Sensitivity
    walk_forward: WalkForward | None
    overfitting: Overfitting | None
    regimes: Regimes | None
    left_out: tuple[Finding, ...]

    def summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return growth a year after liquidation less that of `against`, a row a policy, in basis points and shares.

        Of a history shorter than a year it is the growth over all of it, except in calm and nervous.

        Returns
        -------
        DataFrame
            observed; low, high (interval over resampled histories), ahead (share of them above 0), paths (how many are
            known; the rest ran out of money or could not run, and is in none of these); least, most (over all
            variations), ahead_varied (share of variations above 0), variations (how many are known);
            calm, nervous (before tax, in the regime of
            the lowest and of the highest volatility index; NaN where it is not known).
        """
        level = checked_level("study", level)
        paths = self.bootstrap.summary(level).xs(MEASURE, level="measure")
        table = pd.DataFrame(paths[["observed", "low", "high"]] * _BASIS_POINTS)
        table[["ahead", "paths"]] = paths[["ahead", "paths"]]
        known = self.sensitivity.rows[self.sensitivity.rows["status"] == "ok"].groupby("policy")[MEASURE]
        table["least"], table["most"] = known.min() * _BASIS_POINTS, known.max() * _BASIS_POINTS
        table["ahead_varied"] = known.agg(share_ahead)
        table["variations"] = known.count().reindex(table.index, fill_value=0)
        table["calm"] = table["nervous"] = float("nan")
        if self.regimes is not None:
            growth = self.regimes.growth["before_tax"] * _BASIS_POINTS
            table["calm"], table["nervous"] = growth.xs(0), growth.xs(len(self.regimes.cuts))
        return table

    @property
    def answers(self) -> tuple[str, ...]:
        """The questions answered in a sentence each, of the policy that is furthest ahead of `against`."""
        lead = differences(observed(self.comparison), self.against).set_index("policy")[MEASURE].dropna()
        if lead.empty:
            what = f"growth after tax and liquidation is not known of '{self.against}', or of no policy held against it"
            return (f"There is no answer: {what}, as where withdrawals and taxes leave nothing.",)
        best, span = str(lead.idxmax()), per_of(self.comparison)
        row = self.summary().loc[best]
        sentences = [
            f"'{best}' grows {row['observed']:+.0f} bp {span} against '{self.against}', after tax and liquidation."
        ]
        if row["paths"]:
            drawn = _of(row["paths"], self.bootstrap.paths, "in which it is known")
            sentences += [
                f"Nine of ten resampled histories: {row['low']:+.0f} to {row['high']:+.0f} bp.",
                f"It is ahead in {row['ahead']:.0%} of them{drawn}.",
            ]
        else:
            sentences.append("In no resampled history is its difference known: money runs out.")
        if row["variations"]:
            varied = _of(row["variations"], len(self.sensitivity.variations), "in which it is known")
            sentences += [
                f"Other dates, taxes, costs, horizons: {row['least']:+.0f} to {row['most']:+.0f} bp.",
                f"Ahead in {row['ahead_varied']:.0%} of those variations{varied}.",
            ]
        else:
            sentences.append("Under no other date, tax, cost or horizon is its difference known.")
        if self.walk_forward is not None:
            forward, first = self.walk_forward, self.walk_forward.summary().iloc[0]
            sentences.append(
                "What becomes of the best of earlier years is not known: money runs out in every window after."
                if np.isnan(first["rank"])
                else f"The best of {forward.train_years:g} years is on average number {first['rank']:.1f} of"
                f" {first['of']:.0f} in the {forward.test_years:g} years after; by chance {(first['of'] + 1) / 2:.1f}."
            )
        if self.overfitting is not None:
            chance, verdict = self.overfitting.probability, self.overfitting.verdict
            sentences.append(f"Probability that the choice is overfitted: {chance:.0%} ({verdict}).")
        if self.regimes is not None and np.isfinite(row[["calm", "nervous"]].astype(float)).all():
            sentences.append(
                f"Before tax: {row['calm']:+.0f} bp a year in calm markets, {row['nervous']:+.0f} in nervous ones"
                + ("." if span == "a year" else " (a year of such sessions, though the history is shorter).")
            )
        return tuple(sentences)

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """What each part states, once, and what could not be asked."""
        parts = (self.bootstrap, self.sensitivity, self.walk_forward, self.overfitting, self.regimes)
        stated = [finding for part in parts if part is not None for finding in part.assumptions]
        return (*dict.fromkeys(stated), *self.left_out, *self._spans())

    def _spans(self) -> Iterator[Finding]:
        """Say where the summary holds growth over the whole history beside growth a year."""
        span = per_of(self.comparison)
        if span != "a year":
            beside = "; calm and nervous are a year of such sessions" if self.regimes is not None else ""
            what = f"growth is stated {span}, not a year, as the history is shorter than one{beside}"
            yield Finding("note", "study", what)

    def __repr__(self) -> str:
        return f"<Study of {len(self.comparison.runs)} policies against {self.against!r}>"


def _of(known: float, all_: int, words: str) -> str:
    """Return how many of all are known, where some are not."""
    return "" if known == all_ else f" ({known:.0f} of {all_:,} {words})"


def study(
    comparison: Comparison, *, against: str | None = None, paths: int = 500, seed: int = 0, workers: int | None = None,
    progress: bool = False,
) -> Study:  # fmt: skip
    """Ask of a comparison whether what it shows is real.

    Parameters
    ----------
    comparison : Comparison
    against : str, optional
        The policy that the others are held against; the comparison's first when not given.
    paths : int
        Histories to draw for the bootstrap.
    seed : int
        The same seed gives the same figures.
    workers : int, optional
        Threads; by default one for each processor this process may use.
    progress : bool

    Returns
    -------
    Study
        Each part as `bootstrap`, `sensitivity`, `walk_forward`, `overfitting` and `regimes` return it with their usual
        settings; call them for others.

    Raises
    ------
    PolicyError
        There is nothing to hold against each other, or an argument cannot be what was given.
    RebalError
        The extra `study` is not installed.
    """
    against = reference_of("study", comparison, against)
    left_out: list[Finding] = []

    def where_possible(part: Callable[[], _T]) -> _T | None:
        try:
            return part()
        except (MarketError, PolicyError) as problem:
            left_out.extend(
                Finding("warning", found.where, f"left out: {found.what}", found.remedy)
                for found in problem.findings
            )
            return None

    return Study(
        comparison, against,
        bootstrap(comparison, against=against, paths=paths, seed=seed, workers=workers, progress=progress),
        sensitivity(comparison, against=against, workers=workers, progress=progress),
        where_possible(lambda: walk_forward(comparison, against=against, workers=workers, progress=progress)),
        where_possible(lambda: overfitting(comparison, against=against, seed=seed)),
        where_possible(lambda: regimes(comparison, against=against, seed=seed)),
        tuple(left_out),
    )  # fmt: skip
