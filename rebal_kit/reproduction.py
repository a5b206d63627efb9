"""A published study beside the same question asked here: figures, what is accepted, and why they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebal_kit.findings import Finding


@dataclass(frozen=True, eq=False)
class Reproduction:
    """Figures of a study and ours.

    Attributes
    ----------
    title : str
    source : str
        Author, year and where it was published.
    rows : DataFrame
        A row a figure: published (text where the study gives a range, NaN where it gives a claim and no number), ours,
        low and high (what counts as reproduced here, which the study itself need not say; NaN where nothing is asked),
        holds (True, False, or None where nothing is asked).
    differences : tuple of str
        What is not the same as in the study, and what that does.
    assumptions : tuple of Finding
    """

    title: str
    source: str
    rows: pd.DataFrame
    differences: tuple[str, ...]
    assumptions: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every figure that is asked for is inside its range."""
        return self.missed.empty

    @property
    def missed(self) -> pd.DataFrame:
        """The figures that are not."""
        return self.rows[[answer is False for answer in self.rows["holds"]]]

    def __repr__(self) -> str:
        asked = sum(answer is not None for answer in self.rows["holds"])
        return f"<Reproduction of {self.title}: {asked - len(self.missed)} of {asked} figures hold>"


#: A figure, what was published, ours, and the lowest and highest that count.
Row = tuple[str, float | str, float, float, float]
NOT_ASKED = (np.nan, np.nan)


def table_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Return the rows of a `Reproduction`, each with whether it holds."""
    found = pd.DataFrame(list(rows), columns=["figure", "published", "ours", "low", "high"]).set_index(
        "figure"
    )
    found["holds"] = pd.Series(
        [
            None if np.isnan(low) and np.isnan(high) else not (ours < low or ours > high)
            for ours, low, high in zip(found["ours"], found["low"], found["high"], strict=True)
        ],
        index=found.index, dtype=object,
    )  # fmt: skip
    return found


def claim(words: str, true: bool) -> Row:
    """Return the row of a claim that is either so (1) or not (0)."""
    return (words, 1.0, float(true), 1.0, 1.0)
