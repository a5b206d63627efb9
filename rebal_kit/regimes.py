"""regimes(): when a policy is ahead, by how nervous the market was the evening before."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.blocks import block_length, drawn_order
from rebal_kit.checking import check_number, is_number, written
from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, MarketError, PolicyError, raise_errors
from rebal_kit.growth import growth_after_tax, growth_before_tax
from rebal_kit.intervals import LEVEL, check_seed, checked_level, percentile_interval
from rebal_kit.metrics import sessions_per_year
from rebal_kit.trials import reference_of

#: Resamples from which the intervals are taken.
DRAWS = 1_000


@dataclass(frozen=True, eq=False)
class Regimes:
    """Differences between policies in calm, usual and nervous markets.

    Attributes
    ----------
    comparison : Comparison
    against : str
        The policy that the others are held against.
    cuts : tuple of float
        Levels of the volatility index that part the regimes, percent.
    sessions : DataFrame
        A row a session whose regime is known: regime (0 the calmest), index (the level at the close before), per_year
        (sessions a year).
    growth : DataFrame
        A row a regime and policy: sessions, share (of all), index_low, index_high (percent), before_tax and after_tax
        (log growth of the policy less that of `against`, a year of such sessions), contribution (of the regime to the
        difference before tax, a year of the history), trades, realized_short and realized_long (in taxable accounts,
        the policy less `against`, in the whole history; orders and US$).
    resampled : ndarray
        (n_draws, n_regimes, n_policies) float64: `before_tax` in resamples of the sessions.
    block : int
        Mean length of the blocks, sessions.
    seed : int
    """

    comparison: Comparison
    against: str
    cuts: tuple[float, ...]
    sessions: pd.DataFrame
    growth: pd.DataFrame
    resampled: np.ndarray
    block: int
    seed: int

    def summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return `growth` with the standard error of `before_tax` and its percentile interval, low and high."""
        level = checked_level("regimes", level)
        found = self.growth.copy()
        columns = self.resampled.reshape(len(self.resampled), -1).T
        known = [column[np.isfinite(column)] for column in columns]
        found["standard_error"] = [values.std(ddof=1) if len(values) > 1 else np.nan for values in known]
        found[["low", "high"]] = [percentile_interval(values, level) for values in known]
        return found

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """What the comparison states, how sessions were told apart, and what the figures cannot show."""
        return (*self.comparison.assumptions, *_said(self))

    def __repr__(self) -> str:
        levels = ", ".join(f"{cut:g}" for cut in self.cuts)
        return f"<Regimes parted at {levels} against {self.against!r}>"


def regimes(
    comparison: Comparison, *, against: str | None = None, cuts: Iterable[float] | None = None, seed: int = 0
) -> Regimes:
    """Split the differences between a comparison's policies by the volatility index at the close before.

    Parameters
    ----------
    comparison : Comparison
        On a market with a volatility index, such as VIX.
    against : str, optional
        The policy that the others are held against; the comparison's first when not given.
    cuts : iterable of float, optional
        Levels of the index, percent, ascending: a session belongs to the regime of the last cut that the index had
        reached at the close before. Its terciles when not given.
    seed : int
        Of the resamples that intervals are taken from.

    Returns
    -------
    Regimes

    Raises
    ------
    MarketError
        The market has no volatility index.
    PolicyError
        The cuts leave a regime without sessions, or an argument cannot be what was given.
    RebalError
        The extra `study` is not installed.

    Notes
    -----
    Growth before tax belongs to the session in which it happens; tax is paid long after what caused it, so that
    `after_tax` says when it was paid and `realized_short` and `realized_long` say when it was caused. Sessions are
    resampled together with their regime, as `rebal_kit.blocks.resampled_means` does.
    """
    against = reference_of("regimes", comparison, against)
    levels_given = None if cuts is None else _listed(cuts)
    raise_errors(PolicyError, (*check_seed("regimes", seed), *_check_cuts(levels_given)))
    before = _index_before(comparison)
    known = np.isfinite(before)
    levels = np.quantile(before[known], (1 / 3, 2 / 3)) if cuts is None else np.asarray(levels_given, float)
    regime = np.where(known, np.searchsorted(levels, before, side="right"), -1)
    _check_filled(regime, levels)
    others = [name for name in comparison.runs if name != against]
    excess = {
        name: growth[others].sub(growth[against], axis=0)
        for name, growth in (
            ("before_tax", growth_before_tax(comparison)),
            ("after_tax", growth_after_tax(comparison)),
        )
    }
    per_year = sessions_per_year(comparison.setting.market.dates.astype("datetime64[D]").astype(np.int64))
    growth = _table(regime, before, excess, _orders(comparison, regime, against, len(levels) + 1), per_year)
    block = block_length(comparison.setting.target_returns[1:])
    resampled = (
        _resampled(regime, excess["before_tax"].to_numpy(), len(levels) + 1, block, int(seed)) * per_year
    )
    sessions = pd.DataFrame(
        {"regime": regime[known], "index": before[known], "per_year": per_year}, index=excess["before_tax"].index[known]
    )  # fmt: skip
    return Regimes(
        comparison, against, tuple(map(float, levels)), sessions, growth, resampled, block, int(seed)
    )


def _index_before(comparison: Comparison) -> np.ndarray:
    """Return (n_sessions − 1,) the volatility index at the close before each session but the first.

    Raises
    ------
    MarketError
        There is none.
    """
    market = comparison.setting.market
    if market.volatility_index is None or not np.isfinite(market.volatility_index[:-1]).any():
        what = "has no volatility index"
        remedy = "take a market with one (etf, stocks), or give Market(volatility_index=…)"
        raise MarketError(Finding("error", f"market '{market.name}'", what, remedy))
    return np.asarray(market.volatility_index[:-1], float)


def _table(
    regime: np.ndarray,
    before: np.ndarray,
    excess: dict[str, pd.DataFrame],
    orders: pd.DataFrame,
    per_year: float,
) -> pd.DataFrame:
    """Return a row a regime and policy, as `Regimes.growth` describes."""
    rows = {}
    count = int((regime >= 0).sum())
    for number in range(int(regime.max()) + 1):
        inside = regime == number
        for policy in excess["before_tax"].columns:
            means = {name: float(table[policy].to_numpy()[inside].mean()) for name, table in excess.items()}
            share = float(inside.sum() / count)
            rows[number, policy] = {
                "sessions": int(inside.sum()), "share": share,
                "index_low": float(before[inside].min()), "index_high": float(before[inside].max()),
                **{name: mean * per_year for name, mean in means.items()},
                "contribution": means["before_tax"] * per_year * share,
            }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(rows, names=["regime", "policy"])
    return table.join(orders)


def _orders(comparison: Comparison, regime: np.ndarray, against: str, count: int) -> pd.DataFrame:
    """Return what each policy traded and realised by regime, less the reference."""
    found = {}
    for name, run in comparison.runs.items():
        journal = run.journal
        session = np.searchsorted(run.dates, journal["date"]) - 1  # row of a session that has one before it
        of = np.where(session >= 0, regime[session], -1)
        for number in range(count):
            inside = of == number
            gains = journal["recognized"].where(inside, 0.0)
            found[number, name] = {
                "trades": float(journal["order"][inside].nunique()),
                "realized_short": float(gains[journal["term"] == "ST"].sum()),
                "realized_long": float(gains[journal["term"] == "LT"].sum()),
            }
    table = pd.DataFrame.from_dict(found, orient="index")
    table.index = pd.MultiIndex.from_tuples(found, names=["regime", "policy"])
    base = table.xs(against, level="policy").reindex(table.index.get_level_values("regime"))
    return table - base.to_numpy()


def _resampled(regime: np.ndarray, excess: np.ndarray, count: int, block: int, seed: int) -> np.ndarray:
    """Return (DRAWS, n_regimes, n_policies) mean excess growth in each regime of resampled sessions; NaN of none."""
    inside = regime[:, None] == np.arange(count)
    sums = (inside[:, :, None] * excess[:, None, :]).reshape(len(excess), -1)
    rows = np.hstack([inside, sums])
    found = np.empty((DRAWS, rows.shape[1]))
    for draw in range(DRAWS):
        times = np.bincount(drawn_order(len(rows), block, seed, draw), minlength=len(rows))
        found[draw] = times @ rows
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(found[:, count:].reshape(DRAWS, count, -1) / found[:, :count, None])


def _listed(cuts: Any) -> Any:
    """Return cuts as a tuple of Python's own numbers; what is no list is handed back to be found."""
    if (
        isinstance(cuts, (str, bytes, Mapping))
        or getattr(cuts, "ndim", 1) == 0
        or not isinstance(cuts, Iterable)
    ):
        return cuts
    return tuple(cut.item() if isinstance(cut, np.generic) else cut for cut in cuts)


def _check_cuts(cuts: Any) -> Iterator[Finding]:
    if cuts is None:
        return
    if not isinstance(cuts, tuple) or not cuts:
        yield Finding(
            "error", "regimes", f"cuts is {reprlib.repr(cuts)}", "give levels of the index, such as (15, 25)"
        )
        return
    for cut in cuts:
        yield from check_number("regimes", "one of cuts", cut, "give percent, above 0", least=0.01)
    if all(map(is_number, cuts)) and list(cuts) != sorted(set(cuts)):
        yield Finding(
            "error", "regimes", f"cuts is ({', '.join(map(written, cuts))})", "give them ascending, each once"
        )


def _check_filled(regime: np.ndarray, levels: np.ndarray) -> None:
    """Raise PolicyError for a regime that no session belongs to."""
    sizes = np.bincount(regime[regime >= 0], minlength=len(levels) + 1)
    if (sizes == 0).any():
        edges = [-np.inf, *levels, np.inf]
        at = int(np.argmin(sizes))
        what = f"no session has an index from {edges[at]:g} to {edges[at + 1]:g} at the close before"
        raise PolicyError(Finding("error", "regimes", what, "choose other cuts"))


def _said(found: Regimes) -> Iterator[Finding]:
    """Say how sessions were told apart, and what the figures cannot show."""
    market = found.comparison.setting.market
    unknown = len(market.dates) - 1 - len(found.sessions)
    cuts = ", ".join(f"{cut:.1f}" for cut in found.cuts)
    yield Finding(
        "note", "regimes",
        f"sessions are told apart by the volatility index at the close before, at {cuts} %; where these are terciles,"
        " they are those of the whole period, which nobody knew beforehand",
    )  # fmt: skip
    yield Finding(
        "note", "regimes",
        "growth is before tax, after costs, in the session in which it happens; tax is paid months later, in whatever"
        f" regime then holds; intervals are of {len(found.resampled):,} resamples in blocks of {found.block} on"
        f" average (seed {found.seed})",
    )  # fmt: skip
    if unknown:
        what = (
            f"{unknown:,} of {len(market.dates) - 1:,} sessions have no index at the close before: left out"
        )
        yield Finding("warning", "regimes", what)
