"""Blocks of sessions: their length, what hangs together in them, and how often intervals hold the truth."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from rebal_kit.blocks import block_length, drawn_order, resampled_means, superior_predictive_ability
from rebal_kit.findings import RebalError
from rebal_kit.intervals import percentile_interval


def autoregressive(seed: int, sessions: int, persistence: float) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=sessions + 50)
    series = np.zeros_like(shocks)
    for t in range(1, len(series)):
        series[t] = persistence * series[t - 1] + shocks[t]
    return series[50:]


def test_the_same_seed_draws_the_same_order_and_another_one_another() -> None:
    order = drawn_order(500, 20, 3, 4)
    assert order.tolist() == drawn_order(500, 20, 3, 4).tolist()
    assert order.tolist() != drawn_order(500, 20, 3, 5).tolist() != drawn_order(500, 20, 4, 4).tolist()
    assert order.dtype == np.int64
    assert order.min() >= 0
    assert order.max() < 500
    assert len(order) == 500


@pytest.mark.parametrize("block", [1, 5, 40])
def test_blocks_are_as_long_as_asked_on_average_and_run_on_from_the_last_session_to_the_first(
    block: int,
) -> None:
    order = np.concatenate([drawn_order(4_000, block, 1, path) for path in range(5)])
    runs_on = np.diff(order) % 4_000 == 1
    # A block ends with probability 1 / block; its successor follows it by chance once in 4,000 times.
    assert (~runs_on).mean() == pytest.approx(1.0 / block, rel=0.15 if block > 1 else 0.001)
    assert len(np.unique(order)) > 3_500  # every part of the history is drawn from
    if block == 40:
        assert ((order[:-1] == 3_999) & (order[1:] == 0)).any()


def test_series_that_hang_together_longer_are_drawn_in_longer_blocks() -> None:
    lengths = [block_length(autoregressive(1, 2_000, persistence)) for persistence in (0.0, 0.5, 0.9)]
    assert lengths == sorted(set(lengths))
    assert lengths[0] < 6


def test_volatility_that_clusters_asks_for_long_blocks_though_returns_do_not() -> None:
    random = np.random.default_rng(2)
    calm = np.repeat(random.choice([0.005, 0.03], 50), 40)
    returns = random.normal(size=2_000) * calm
    assert block_length(returns) > 5 * block_length(random.normal(size=2_000))


def test_a_history_is_made_of_ten_blocks_at_least_and_one_that_does_not_move_of_single_sessions() -> None:
    assert block_length(np.cumsum(np.random.default_rng(3).normal(size=200))) == 20
    assert block_length(np.zeros(100)) == 1
    for few in range(2, 20):
        assert block_length(np.arange(float(few))) == 1
    mostly_idle = np.zeros(400)
    mostly_idle[[0, 399]] = 1.0, -1.0
    assert 1 <= block_length(mostly_idle) <= 40


def test_means_of_resamples_spread_as_theory_says_and_columns_are_drawn_together() -> None:
    values = np.random.default_rng(4).normal(5.0, 2.0, (400, 1))
    means = resampled_means(np.hstack([values, 2.0 * values]), 1, seed=5, draws=4_000)
    assert means.shape == (4_000, 2)
    assert means[:, 1] == pytest.approx(2.0 * means[:, 0])
    assert means[:, 0].mean() == pytest.approx(values.mean(), abs=0.01)
    assert means[:, 0].std() == pytest.approx(values.std() / np.sqrt(400), rel=0.05)


def test_dependence_widens_the_spread_of_a_mean() -> None:
    series = autoregressive(6, 2_000, 0.7)[:, None]
    single, blocks = (resampled_means(series, block, seed=1, draws=500).std() for block in (1, 50))
    # The long-run standard deviation of such a series is 1 / (1 − 0.7) against 1 / √(1 − 0.7²) at a time: 2.4 times.
    assert 1.7 < blocks / single < 2.9


@pytest.mark.parametrize(("persistence", "least"), [(0.0, 0.85), (0.3, 0.80)])
def test_nine_of_ten_intervals_hold_a_known_paired_difference(persistence: float, least: float) -> None:
    """Two series of known means, alike but for noise; of 250 intervals at 90 %, the share that hold the difference.

    Without dependence the share is 90 % within binomial error (1.9 points; 2.6 of them allowed). With it, percentile
    intervals are known to be somewhat too narrow, the more so the shorter the history.
    """
    held = 0
    for panel in range(250):
        common = autoregressive(10_000 + panel, 500, persistence)
        first = 0.3 + common + autoregressive(20_000 + panel, 500, persistence)
        second = 0.1 + common + autoregressive(30_000 + panel, 500, persistence)
        paired = first - second
        means = resampled_means(paired[:, None], block_length(paired), seed=panel, draws=200)
        low, high = percentile_interval(means[:, 0], 0.90)
        held += low <= 0.2 <= high
    assert least <= held / 250 <= 0.95


def test_hansens_test_sees_a_policy_that_is_better_and_none_where_none_is() -> None:
    noise = np.random.default_rng(8).normal(0.0, 1.0, (800, 10))
    better = noise.copy()
    better[:, 4] += 0.2
    assert superior_predictive_ability(better, 5, seed=1, draws=500) < 0.01
    assert superior_predictive_ability(noise - 0.02, 5, seed=1, draws=500) > 0.2
    assert superior_predictive_ability(noise, 5, 1, 300) == superior_predictive_ability(noise, 5, 1, 300)


def test_without_the_library_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch", None)
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    with pytest.raises(
        RebalError, match=r"study: resampling needs arch.* — pip install 'rebal_kit\[study\]'"
    ):
        drawn_order(10, 2, 0)
