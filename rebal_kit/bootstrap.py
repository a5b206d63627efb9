"""bootstrap(): what the difference between policies would have been in histories that might have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from rebal_kit.blocks import block_length, drawn_order
from rebal_kit.checking import check_number
from rebal_kit.compare import Comparison
from rebal_kit.encode_policy import wants_liquidity
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.growth import per_of
from rebal_kit.intervals import LEVEL, check_seed, checked_level, spread
from rebal_kit.resampling import days_of, setting_of
from rebal_kit.run import Setting
from rebal_kit.trials import MEASURE, PAIRED, Trial, differences, failures, observed, reference_of, run_trials

#: Fewer blocks than this make a history of which few others can be drawn.
_FEW_BLOCKS = 20
#: How many standard errors the mean may lie off what was observed.
_OFF = 0.5
_BASIS_POINTS = 1e4


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Back-tests of several policies on resampled histories, each history shared by all of them.

    Attributes
    ----------
    comparison : Comparison
        The runs on the true history.
    against : str
        The policy that the others are held against.
    paths : int
        Histories drawn.
    block : int
        Mean length of the blocks, sessions.
    seed : int
    runs : DataFrame
        A row a path (`trial`) and policy with every measure, as `rebal_kit.trials.run_trials` gives it.
    """

    comparison: Comparison
    against: str
    paths: int
    block: int
    seed: int
    runs: pd.DataFrame

    @cached_property
    def differences(self) -> pd.DataFrame:
        """A row a path and policy: the policy less `against` on the same path, in each measure of `PAIRED`."""
        return differences(self.runs, self.against)

    def summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return what the paths say of each policy and measure.

        Parameters
        ----------
        level : float
            Of the interval: 0.90 reaches from the 5th to the 95th of 100 paths.

        Returns
        -------
        DataFrame
            Index: policy, measure. Columns: observed (the difference on the true history), mean, standard_error (the
            standard deviation over paths: of one history of this length), low and high (percentile interval), ahead
            (share of paths on which the difference is above 0), paths (those on which it is known: all else is of
            these).
        """
        level = checked_level("bootstrap", level)
        true = differences(observed(self.comparison), self.against).set_index("policy")
        rows = {}
        for policy, paths in self.differences.groupby("policy", sort=False):
            for measure in PAIRED:
                values = paths[measure].dropna().to_numpy()
                rows[policy, measure] = {
                    "observed": float(true[measure][policy]),
                    **spread(values, level),
                    "paths": len(values),
                }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(rows, names=["policy", "measure"])
        return table

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """What the comparison states, how the histories were drawn, and what they cannot show."""
        return (*self.comparison.assumptions, *_drawn(self), *failures("bootstrap", self.runs))

    def __repr__(self) -> str:
        others = len(self.comparison.runs) - 1
        return f"<Bootstrap of {others} policies against {self.against!r} on {self.paths:,} paths>"


def bootstrap(
    comparison: Comparison, *, against: str | None = None, paths: int = 500, block: int | None = None,
    seed: int = 0, workers: int | None = None, progress: bool = False,
) -> Bootstrap:  # fmt: skip
    """Back-test a comparison's policies on histories drawn from its own by the stationary block bootstrap.

    Parameters
    ----------
    comparison : Comparison
    against : str, optional
        The policy that the others are held against; the comparison's first when not given.
    paths : int
        Histories to draw, each as long as the true one.
    block : int, optional
        Mean length of a block, sessions; when not given, `rebal_kit.blocks.block_length` of the target mix.
    seed : int
        The same seed draws the same histories, whatever the number of threads; more paths only add some.
    workers : int, optional
        Threads; by default one for each processor this process may use.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Bootstrap

    Raises
    ------
    PolicyError
        There is nothing to hold against each other, or an argument cannot be what was given.
    RebalError
        The extra `study` is not installed.

    Notes
    -----
    The days of all securities are drawn together, with dividends, volumes and the volatility index, so that what they
    have in common stays. All policies run on the same path; a difference is taken path by path.

    *Source*: Politis and Romano (1994), "The Stationary Bootstrap", Journal of the American Statistical Association
    89(428), 1303–1313; percentile intervals: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter
    13.
    """
    against = reference_of("bootstrap", comparison, against)
    raise_errors(PolicyError, _check(paths, block, seed, workers))
    setting = comparison.setting
    if len(setting.market.dates) < 3:
        what = f"{len(setting.market.dates)} sessions cannot be drawn again"
        raise PolicyError(Finding("error", "bootstrap", what, "take a longer history"))
    mean_length = block_length(setting.target_returns[1:]) if block is None else int(block)
    days = days_of(setting.market)
    policies = {name: run.policy for name, run in comparison.runs.items()}
    known_before = any(
        wants_liquidity(policy) or policy.execution.wait_for_calm == "own" for policy in policies.values()
    )

    def drawn(path: int) -> Setting:
        order = drawn_order(len(days.growth), mean_length, int(seed), path)
        return setting_of(setting, days, order, with_past=known_before)

    trials = [Trial(partial(drawn, path), policies) for path in range(int(paths))]
    runs = run_trials(trials, workers=workers, progress=progress, unit="path")
    return Bootstrap(comparison, against, int(paths), mean_length, int(seed), runs)


def _check(paths: int, block: int | None, seed: int, workers: int | None) -> Iterator[Finding]:
    yield from check_number("bootstrap", "paths", paths, "give 1 or more", least=1, whole=True)
    yield from check_seed("bootstrap", seed)
    if block is not None:
        yield from check_number("bootstrap", "block", block, "give 1 or more sessions", least=1, whole=True)
    if workers is not None:
        yield from check_number(
            "bootstrap", "workers", workers, "give threads, 1 or more", least=1, whole=True
        )


def _drawn(found: Bootstrap) -> Iterator[Finding]:
    """Say how the histories were drawn, from what, and what they cannot show."""
    setting = found.comparison.setting
    sessions = len(setting.market.dates) - 1
    blocks = sessions / found.block
    yield Finding(
        "note", "bootstrap",
        f"{found.paths:,} histories of {sessions:,} sessions after the first, drawn in blocks of {found.block}"
        f" on average (seed {found.seed}); dates, opening prices, household and law stay; days of all securities"
        " are drawn together, with dividends, dollar volumes and volatility index; splits are taken out",
    )  # fmt: skip
    yield Finding(
        "note", "bootstrap",
        "the days drawn have on average the mean return of the true history: intervals say how much luck there is in"
        " one history, not how returns will differ from these; what takes longer than a block, such as a slow return to"
        " earlier prices, is lost",
    )  # fmt: skip
    yield from _off_centre(found)
    late = late_starts(setting)
    if late:
        yield late
    if blocks < _FEW_BLOCKS:
        yield Finding(
            "warning", "bootstrap", f"the history has only about {blocks:.0f} blocks: intervals may be too narrow",
            "take a longer history, or shorter blocks",
        )  # fmt: skip
    idle = int((~setting.market.traded[1:]).sum())
    if idle:
        yield Finding(
            "note", "bootstrap",
            f"{idle:,} closes that are missing in the source are drawn as days without a price move or trade; the move"
            " that made good for them the day after may be drawn without them",
        )  # fmt: skip


def _off_centre(found: Bootstrap) -> Iterator[Finding]:
    """Say which differences the paths do not hold in their middle: there, the true history was an unusual one."""
    table = found.summary().xs(MEASURE, level="measure")
    off = table[(table["mean"] - table["observed"]).abs() > _OFF * table["standard_error"]] * _BASIS_POINTS
    if len(off):
        span = per_of(found.comparison)
        said = "; ".join(
            f"'{policy}' {true:+.0f} bp {span} in the true history, {mean:+.0f} on average over the paths"
            for policy, true, mean in zip(off.index, off["observed"], off["mean"], strict=True)
        )
        yield Finding(
            "warning", "bootstrap",
            f"less '{found.against}': {said}. Either the order of the true days was worth something that no path keeps,"
            " or luck on top of what already won favours policies that let winners run",
            "read the intervals as those of the paths, not as reaching around what was observed",
        )  # fmt: skip


def late_starts(setting: Setting) -> Finding | None:
    """Say which securities begin after others, and how many sessions of the others are not drawn for it."""
    first = int(np.searchsorted(setting.history.dates, setting.market.dates[0]))
    if first == 0:
        return None
    missing = ~np.isfinite(setting.history.close[first - 1])
    symbols = [symbol for symbol, late in zip(setting.market.symbols, missing, strict=True) if late]
    if not symbols:
        return None
    return Finding(
        "warning", "bootstrap",
        f"prices of {', '.join(symbols)} begin on {setting.market.dates[0]}: the {first:,} sessions before, which"
        " others have, are not drawn from",
        "leave that class out to draw from more years",
    )  # fmt: skip
