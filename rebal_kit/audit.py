"""audit(): a run's trades replayed through the tax report, and every figure that comes out different."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebal_kit.record import YEAR_COLUMNS, RunRecord
from rebal_kit.tax_report import tax_report

_HALF_A_CENT = 0.005
#: Shares may differ by rounding in the order of sums.
_SHARES = 1e-6
_SALE = ["date", "account", "symbol", "lot", "term"]
_AMOUNTS = ["proceeds", "basis", "gain", "disallowed", "permanent"]


@dataclass(frozen=True, eq=False)
class Audit:
    """What was re-derived and what came out different.

    Attributes
    ----------
    differences : DataFrame
        A row for each figure that differs by half a cent or more: what, where, said, found, difference.
    sales, years, figures : int
        How many sales, tax years and figures were compared.
    """

    differences: pd.DataFrame
    sales: int
    years: int
    figures: int

    @property
    def clean(self) -> bool:
        """Whether everything came out as the run had said."""
        return not len(self.differences)

    def __repr__(self) -> str:
        found = "no difference" if self.clean else f"{len(self.differences)} differences"
        return f"<Audit of {self.sales} sales and {self.years} tax years, {self.figures} figures: {found}>"


def audit(record: RunRecord) -> Audit:
    """Replay a run's trades through the tax report and compare every gain, disallowance and tax.

    The replay knows nothing of the policy, of prices or of what the run had booked: only the trades, the lots that the
    sales name, dividends, splits and the household. Gains are compared by sale, lot and term; the tax return's figures
    by year.

    Raises
    ------
    LedgerError
        The trades cannot have happened: more is sold than is there, or a lot is unknown.
    """
    report = tax_report(
        record.transactions, record.household, law_year=record.household.tax.law_year,
        period=(record.first, record.last),
    )  # fmt: skip
    said = record.sales.groupby(_SALE, sort=False)[["quantity", *_AMOUNTS]].sum()
    found = report.disposals.groupby(_SALE, sort=False)[["quantity", *_AMOUNTS]].sum()
    years = report.years.assign(
        **{name: report.disposals[name].groupby(report.disposals["date"].dt.year).sum() for name in _WASHED}
    )
    parts = [
        _differences(said, found, "sale"),
        _differences(record.years[list(YEAR_COLUMNS)], years[list(YEAR_COLUMNS)], "year"),
    ]
    figures = sum(len(frame.index) * len(frame.columns) for frame in (said, record.years[list(YEAR_COLUMNS)]))
    return Audit(pd.concat(parts, ignore_index=True), len(said), len(record.years), figures)


_WASHED = ("disallowed", "permanent")


def _differences(said: pd.DataFrame, found: pd.DataFrame, kind: str) -> pd.DataFrame:
    rows = said.index.union(found.index, sort=False)
    keys = rows.to_list()
    mine, theirs = said.reindex(rows), found.reindex(rows)
    gap = (theirs.fillna(0.0) - mine.fillna(0.0)).abs()
    limit = np.array([_SHARES if name == "quantity" else _HALF_A_CENT for name in said.columns])
    names = list(said.columns)
    at, column = np.nonzero(gap.to_numpy() >= limit)
    return pd.DataFrame(
        {
            "what": [f"{kind}, {names[c]}" for c in column],
            "where": [_words(keys[r]) for r in at],
            "said": mine.to_numpy()[at, column],
            "found": theirs.to_numpy()[at, column],
            "difference": (theirs.fillna(0.0) - mine.fillna(0.0)).to_numpy()[at, column],
        }
    )


def _words(key: object) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(f"{part:%Y-%m-%d}" if isinstance(part, pd.Timestamp) else str(part) for part in parts)
