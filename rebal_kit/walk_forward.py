"""walk_forward(): what becomes, in the next years, of the policy that was best in the years before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from rebal_kit.checking import check_choice, check_number
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.intervals import LEVEL, checked_level, student_interval
from rebal_kit.metrics import sessions_per_year
from rebal_kit.run import METRICS, Setting, prepare
from rebal_kit.trials import Trial, failures, reference_of, run_trials

#: Windows after the choice in which its rank is followed, as far as the history reaches.
AHEAD = 3
#: Measures of which less is better.
_LESS_IS_BETTER = frozenset(
    {"volatility", "average_drift", "tracking_error", "turnover", "trades", "rebalances", "disallowed", "permanent",
     "wash_sale_rate", "tax_paid", "tax_accrued", "liquidation_tax", "tax_drag", "cost", "commission", "spread",
     "impact", "delay", "unpaid_withdrawals"}
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class WalkForward:
    """The best policy of one window, followed into the next ones.

    Attributes
    ----------
    comparison : Comparison
        Whose policies are chosen from, and whose history is cut into windows.
    against : str
        The policy that the choice is held against.
    measure : str
        By which one chooses, of `rebal_kit.run.METRICS`.
    train_years, test_years, step_years : float
        Length of the window in which one chooses, of those that follow, and from one choice to the next.
    choices : DataFrame
        A row a choice and window after it: start, cut (the choice is made at its close), end (of the later window),
        ahead (1 is the window right after the choice), chosen, value (of the choice in the later window), rank (1 is
        the best of `of`), of, place (near 1 best, 0.5 chance, near 0 worst), spearman (of the ranks of all policies
        in both windows), lead (the choice less `against`; above 0 is better; growth is a year, or of the window where
        that is shorter), missed (the best of that window less the choice).
    runs : DataFrame
        A row a window (`trial`) and policy, as `rebal_kit.trials.run_trials` gives it, with start and end.
    """

    comparison: Comparison
    against: str
    measure: str
    train_years: float
    test_years: float
    step_years: float
    choices: pd.DataFrame
    runs: pd.DataFrame

    def summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return means over the choices, with intervals: a row for the first, second … window after the choice.

        Returns
        -------
        DataFrame
            Index: ahead. Columns: choices, independent (windows apart from each other that they span), of (policies),
            and rank, spearman and lead, each with _low and _high; missed; above_median (share of the
            choices whose rank is known; one in the middle counts half).

        Notes
        -----
        Windows that overlap count once: the interval is Student's with `independent` − 1 degrees of freedom, cut off
        where ranks and correlations end. With fewer than two independent windows there is none.
        """
        level = checked_level("walk_forward", level)
        rows = {}
        for ahead, found in self.choices.groupby("ahead"):
            independent = 1.0 + (len(found) - 1) * min(self.step_years / self.test_years, 1.0)
            row: dict[str, float] = {
                "choices": len(found),
                "independent": independent,
                "of": float(found["of"].mean()),
            }
            for name, least, most in (
                ("rank", 1.0, row["of"]),
                ("spearman", -1.0, 1.0),
                ("lead", -np.inf, np.inf),
            ):
                mean, low, high = student_interval(found[name].dropna().to_numpy(), independent, level)
                row |= {name: mean, f"{name}_low": max(low, least), f"{name}_high": min(high, most)}
            row |= {
                "missed": float(found["missed"].mean()),
                "above_median": _above_median(found["place"].dropna()),
            }
            rows[ahead] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("ahead")

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """What the comparison states, how one chose, and what the ranks cannot show."""
        return (*self.comparison.assumptions, *_said(self), *failures("walk_forward", self.runs))

    def __repr__(self) -> str:
        return (
            f"<WalkForward: {self.choices['cut'].nunique()} choices from {len(self.comparison.runs)} policies"
            f" by {self.measure}>"
        )


def walk_forward(
    comparison: Comparison, *, against: str | None = None, train_years: float = 3.0, test_years: float = 2.0,
    step_years: float = 0.25, measure: str = "cagr_after_liquidation", workers: int | None = None,
    progress: bool = False,
) -> WalkForward:  # fmt: skip
    """Choose the best of a comparison's policies in a window, and see how it ranks in the windows after it.

    Parameters
    ----------
    comparison : Comparison
        Such as one of a grid of thresholds: `RebalancePolicy.grid`.
    against : str, optional
        The policy that the choice is held against; the comparison's first when not given.
    train_years, test_years : float
        Length of the window in which one chooses, and of those that follow.
    step_years : float
        From one choice to the next. Less than `test_years`, and windows overlap: luck of the dates averages out, and
        what is known does not grow.
    measure : str
        One of `rebal_kit.run.METRICS`.
    workers : int, optional
        Threads; by default one for each processor this process may use.
    progress : bool

    Returns
    -------
    WalkForward

    Raises
    ------
    PolicyError
        The history is too short for the windows, there is nothing to choose from, or an argument cannot be what was
        given.

    Notes
    -----
    Every window is a back-test of its own: the household opens on its first session as it does in the comparison, and
    the liquidation line sells everything on its last. *Source* of the question: Lee (2008), "Rebalancing and
    Returns", Dimensional Fund Advisors: of 42 rules the best of 1996–2004 was 27th in 2005–2008. The correlation of
    ranks: Spearman (1904), American Journal of Psychology 15(1), 72–101.
    """
    against = reference_of("walk_forward", comparison, against)
    raise_errors(PolicyError, _check(train_years, test_years, step_years, measure, workers))
    dates = comparison.setting.market.dates
    per_year = sessions_per_year(dates.astype(np.int64))
    train, test, step = (max(round(years * per_year), 1) for years in (train_years, test_years, step_years))
    cuts = range(train, len(dates) - test, step)
    if not cuts:
        what = f"{len(dates):,} sessions are too few for {train_years:g} + {test_years:g} years of {per_year:.0f}"
        raise PolicyError(Finding("error", "walk_forward", what, "take shorter windows, or a longer history"))
    later = {cut: [(at, at + test) for at in range(cut, len(dates) - test, test)][:AHEAD] for cut in cuts}
    windows = list(dict.fromkeys(w for cut, after in later.items() for w in ((cut - train, cut), *after)))
    policies = {name: run.policy for name, run in comparison.runs.items()}

    def window(first: int, last: int) -> Setting:
        setting = comparison.setting
        start, end = dates[first], dates[last]
        return prepare(
            setting.history,
            setting.household,
            start=start.item(),
            end=end.item(),
            open_with=setting.opened_with,
        )

    trials = [Trial(partial(window, *span), policies) for span in windows]
    runs = run_trials(trials, workers=workers, progress=progress, unit="window")
    spans = np.array(windows)[runs["trial"].to_numpy()]
    runs.insert(1, "start", dates[spans[:, 0]].astype("datetime64[ns]"))
    runs.insert(2, "end", dates[spans[:, 1]].astype("datetime64[ns]"))
    better = -1.0 if measure in _LESS_IS_BETTER else 1.0
    values = better * runs[measure].to_numpy(float).reshape(len(windows), -1)
    of_window = {span: pd.Series(row, list(policies)) for span, row in zip(windows, values, strict=True)}
    rows = [
        {
            "start": dates[cut - train], "cut": dates[cut], "end": dates[span[1]], "ahead": ahead,
            **_followed(of_window[cut - train, cut], of_window[span], against, better),
        }
        for cut, after in later.items() for ahead, span in enumerate(after, 1)
    ]  # fmt: skip
    choices = pd.DataFrame(rows).astype(dict.fromkeys(("start", "cut", "end"), "datetime64[ns]"))
    return WalkForward(
        comparison, against, measure, float(train_years), float(test_years), float(step_years), choices, runs
    )  # fmt: skip


def _above_median(place: pd.Series) -> float:
    """Return the share of known places in the better half; the middle counts half, so that chance is a half."""
    return float((place > 0.5).mean() + (place == 0.5).mean() / 2) if len(place) else np.nan


def _followed(before: pd.Series, after: pd.Series, against: str, better: float) -> dict[str, object]:
    """Return what became of the best of `before` in `after`; more is better. Policies without figures do not rank."""
    before = before.dropna()
    chosen = str(before.idxmax()) if len(before) else ""
    after = after[before.index].dropna()
    if chosen not in after:
        nothing = dict.fromkeys(("value", "rank", "place", "spearman", "lead", "missed"), np.nan)
        return {"chosen": chosen, "of": len(after), **nothing}
    before = before[after.index]
    ranks = after.rank(ascending=False)
    varies = before.max() > before.min() and after.max() > after.min()
    value = float(after[chosen])
    return {
        "chosen": chosen, "value": better * value, "rank": float(ranks[chosen]), "of": len(after),
        "place": 1.0 - float(ranks[chosen]) / (len(after) + 1),
        "spearman": float(before.rank().corr(after.rank())) if varies else np.nan,
        "lead": value - float(after.get(against, np.nan)), "missed": float(after.max()) - value,
    }  # fmt: skip


def _check(train: float, test: float, step: float, measure: str, workers: int | None) -> Iterator[Finding]:
    where = "walk_forward"
    for name, years in (("train_years", train), ("test_years", test), ("step_years", step)):
        yield from check_number(where, name, years, "give years, such as 2 or 0.25", least=0.001, most=1_000)
    yield from check_choice(
        where, "measure", measure, METRICS, "use a measure of a run, such as cagr_after_liquidation"
    )
    if workers is not None:
        yield from check_number(where, "workers", workers, "give threads, 1 or more", least=1, whole=True)


def _said(found: WalkForward) -> Iterator[Finding]:
    """Say how one chose, and how little a few windows tell."""
    first = found.choices[found.choices["ahead"] == 1]
    independent = 1.0 + (len(first) - 1) * min(found.step_years / found.test_years, 1.0)
    direction = "least" if found.measure in _LESS_IS_BETTER else "most"
    yield Finding(
        "note", "walk-forward",
        f"{len(first)} choices of the policy with the {direction} {found.measure} in {found.train_years:g} years,"
        f" followed for windows of {found.test_years:g} years; each window is a back-test of its own that opens as the"
        " comparison does",
    )  # fmt: skip
    short = [years for years in (found.train_years, found.test_years) if years < 1.0]
    if short and found.measure.startswith("cagr"):
        lengths = " and ".join(f"{years:g}" for years in dict.fromkeys(short))
        yield Finding(
            "note", "walk-forward",
            f"growth in windows of {lengths} years, and leads in them, are of the whole window, not a year",
        )  # fmt: skip
    if independent < 5.0:
        yield Finding(
            "warning", "walk-forward",
            f"the windows after the choices span only {independent:.1f} that do not overlap: ranks and their intervals"
            " say little",
            "take a longer history, or shorter windows",
        )  # fmt: skip
