"""From results to what a chart or table draws: picking, thinning, pairing and naming. No result is calculated here."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rebal_kit.metrics import DAYS_PER_YEAR
from rebal_kit.reasons import Reason
from rebal_kit.views.nouns import FILINGS

if TYPE_CHECKING:
    from rebal_kit.backtest import Backtest
    from rebal_kit.compare import Comparison
    from rebal_kit.findings import Finding
    from rebal_kit.tax_alpha import TaxAlpha

#: No curve is drawn with more points; Altair refuses more than 5,000 rows a table.
MOST_POINTS = 2_000
MOST_ROWS = 4_800

#: Where the findings stand that say what harvesting cannot touch.
HARVESTING = "harvesting"

BOUGHT, SOLD, HARVESTED, FOR_TAX = (
    "Bought to rebalance",
    "Sold to rebalance",
    "Harvested or replaced",
    "Sold to pay tax",
)
#: What a drift chart marks. Opening purchases, reinvested dividends and idle cash would bury the rest.
MARKS = {
    Reason.CALENDAR: (BOUGHT, SOLD), Reason.THRESHOLD: (BOUGHT, SOLD), Reason.TIER: (BOUGHT, SOLD),
    Reason.BALANCE: (BOUGHT, SOLD), Reason.HARVEST: (HARVESTED, HARVESTED),
    Reason.REPLACEMENT: (HARVESTED, HARVESTED), Reason.RAISE_TAX: (FOR_TAX, FOR_TAX),
}  # fmt: skip


#: What becomes of a dollar of tax saved: the words for the columns of `rebal_kit.tax_alpha.TaxAlpha.by_year`.
DEFERRED, CONVERTED, PERMANENT, NOT_EARNED = (
    "Deferred",
    "Converted to another rate",
    "Permanent",
    "Because income differed",
)
PARTS = (DEFERRED, CONVERTED, PERMANENT, NOT_EARNED)
#: What deferred means to whoever owes the tax.
REPAID = "What is deferred falls due on sale or withdrawal."


def split_rows(alpha: TaxAlpha) -> pd.DataFrame:
    """Return a row for each year and part of the tax saved: year, part, at (order), amount, saved, sum. US$."""
    years = alpha.by_year
    parts = {
        DEFERRED: years["deferred"], CONVERTED: years["converted"],
        PERMANENT: years["permanent"] - years["not_earned"], NOT_EARNED: years["not_earned"],
    }  # fmt: skip
    pieces = [
        pd.DataFrame({"year": years.index, "part": part, "at": at, "amount": amount.to_numpy(),
                      "saved": years["saved"].to_numpy(), "sum": "Tax saved, all parts"})
        for at, (part, amount) in enumerate(parts.items())
    ]  # fmt: skip
    return pd.concat(pieces, ignore_index=True)


def setting_line(comparison: Comparison) -> str:
    """Return market, period and law in one line."""
    run = next(iter(comparison.runs.values()))
    dates, tax = run.market.dates, run.household.tax
    rates = "flat rates" if tax.flat else FILINGS[tax.filing]
    law = f"US federal law of {tax.law_year} in every year, {rates}"
    prices = f"prices '{run.market.name}', {dates[0]} to {dates[-1]}"
    return f"Household {label(run.household.name)}; {prices}; {law}"


def badge(comparison: Comparison) -> str:
    """Return what every chart must show of its prices, such as that they are stale; mostly nothing."""
    return next(iter(comparison.runs.values())).market.badge


def thin(frame: pd.DataFrame, points: int = MOST_POINTS, by: str | None = None) -> pd.DataFrame:
    """Keep at most `points` rows of a long curve and lose none of its peaks.

    The rows are cut into equal stretches; each keeps its first, last, lowest and highest row.

    Parameters
    ----------
    frame : DataFrame
        (n_sessions, n_curves), in order of date.
    points : int
        Rows to keep at most, at least 4.
    by : str, optional
        The column whose peaks are kept; the first one when not given.
    """
    n = len(frame)
    if n <= points:
        return frame
    values = frame[by if by is not None else frame.columns[0]].to_numpy(np.float64)
    edges = np.linspace(0, n, max(points // 4, 1) + 1).astype(int)
    keep: set[int] = set()
    for first, stop in pairwise(edges.tolist()):
        stretch = values[first:stop]
        keep |= {first, stop - 1}
        if np.isfinite(stretch).any():
            keep |= {int(first + np.nanargmin(stretch)), int(first + np.nanargmax(stretch))}
    return frame.iloc[sorted(keep)]


def label(name: str) -> str:
    """Return a policy's or account's name for people: file names carry underscores for spaces."""
    return name.replace("_", " ").strip() or "(no name)"


def twins(comparison: Comparison) -> dict[str, str]:
    """Return harvesting run → the run of the same rule without harvesting, where the comparison holds both."""
    bare = {replace(run.policy, name=""): name for name, run in reversed(comparison.runs.items())
            if run.policy.harvest is None}  # fmt: skip
    found = {}
    for name, run in comparison.runs.items():
        if run.policy.harvest is not None:
            plain = bare.get(replace(run.policy, name="", harvest=None))
            if plain is not None:
                found[name] = plain
    return found


def annualised(comparison: Comparison) -> bool:
    """Tell whether growth is stated a year: over less than a year `rebal_kit.metrics.cagr` states the whole of it."""
    dates = next(iter(comparison.runs.values())).market.dates
    return bool((dates[-1] - dates[0]) / np.timedelta64(1, "D") >= DAYS_PER_YEAR)


def harvest_notes(comparison: Comparison) -> tuple[list[str], list[Finding]]:
    """Return what to say beside harvesting runs on what cannot be harvested, and the findings left for the list.

    Nothing is said, and every finding left, where no rule has a twin.
    """
    findings = comparison.assumptions
    said = [found for found in findings if found.where == HARVESTING] if twins(comparison) else []
    notes = [
        f"Harvesting: {f.what} (to change that, {f.remedy})" if f.remedy else f"Harvesting: {f.what}"
        for f in said
    ]
    return notes, [found for found in findings if found not in said]


def reference(comparison: Comparison) -> str | None:
    """Return the run that the others are read against: the first that neither rebalances nor harvests."""
    for name, run in comparison.runs.items():
        if not run.policy.triggers and run.policy.harvest is None:
            return name
    return None


def banded(comparison: Comparison) -> list[str]:
    """Return the runs whose drift against bands is worth a chart: plain rules with a tolerance band."""
    paired = twins(comparison)
    with_band = [
        name
        for name, run in comparison.runs.items()
        if run.bands[["lower", "upper"]].notna().all(axis=1).any()
    ]
    return [name for name in with_band if paired.get(name) not in with_band]


def marked_trades(run: Backtest) -> pd.DataFrame:
    """Return one row per date, class and kind of trade worth marking.

    Returns
    -------
    DataFrame
        Columns date, class, side, mark, weight (after the trade), amount (US$), gain (US$), symbols, reason.
    """
    columns = ["date", "class", "side", "mark", "weight", "amount", "gain", "symbols", "reason"]
    classes = {s: c.name for c in run.household.targets.classes for s, _ in c.members}
    marks = {
        (int(code), side): mark
        for code, both in MARKS.items()
        for side, mark in zip(("buy", "sell"), both, strict=True)
    }
    journal = run.journal
    keys = zip(journal["reason_code"], journal["side"], strict=True)
    trades = journal.assign(mark=[marks.get((int(c), s)) for c, s in keys])
    trades = trades.assign(**{"class": trades["symbol"].map(classes)}).dropna(subset=["mark", "class"])
    if trades.empty:
        return pd.DataFrame(columns=columns)
    rows = trades.groupby(["date", "class", "side", "mark"], sort=False, as_index=False).agg(
        amount=("amount", "sum"),
        gain=("gain", "sum"),
        symbols=("symbol", _each_once),
        reason=("reason", _each_once),
    )
    rows["weight"] = [run.weights.at[d, c] for d, c in zip(rows["date"], rows["class"], strict=True)]
    return rows[columns]


def _each_once(words: pd.Series) -> str:
    return "; ".join(dict.fromkeys(words))
