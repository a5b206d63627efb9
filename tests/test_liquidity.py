"""Volatility, dollar volume and half the spread: worked by hand, from the past only, and on prices as they were."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.liquidity import Liquidity, known_before, liquidity_of, unrest_of
from rebal_kit.market import Market
from tests import worlds

#: Of 2021: 20 sessions in January, 20 in February, 23 in March.
JANUARY, MARCH = "2021-01-04", 2


def market(log_close: Any, start: str = JANUARY, **known: Any) -> Market:
    """One column a security, or one security; a business day a row."""
    closes = np.exp(np.asarray(log_close, float))
    closes = closes if closes.ndim == 2 else closes[:, None]
    index = pd.bdate_range(start, periods=len(closes))
    table = pd.DataFrame(closes, index=index, columns=[f"S{c}" for c in range(closes.shape[1])])
    arrays = {
        name: np.broadcast_to(np.asarray(a, float).reshape(-1, 1) if np.ndim(a) == 1 else a, closes.shape)
        for name, a in known.items()
    }
    return Market.from_close(table, **arrays)


def flat(**changed: Any) -> Market:
    """41 sessions at a close of 0.4 % above the middle of a day whose range never moves: a spread of 0.8 %."""
    level = np.log(100.0) + np.zeros(41)
    known = {"high": 100 * np.exp(0.01), "low": 100 * np.exp(-0.01), "volume": 1000.0}
    return market(level + 0.004, **(known | changed))


def random_market(seed: int = 5, sessions: int = 300, securities: int = 3) -> Market:
    random = np.random.default_rng(seed)
    close = np.log(50.0) + random.normal(0, 0.02, (sessions, securities)).cumsum(axis=0)
    reach = random.uniform(0.001, 0.02, (2, sessions, securities))
    volume = random.uniform(1e4, 1e6, (sessions, securities))
    return market(close, high=np.exp(close + reach[0]), low=np.exp(close - reach[1]), volume=volume)


def simulated(spread: float, volatility: float, seed: int = 11) -> Market:
    """Every day 200 trades, at the bid or the ask by chance, around a middle that walks through the night too."""
    sessions, steps, securities = 500, 200, 4
    random = np.random.default_rng(seed)
    shape = (sessions * steps, securities)
    middle = random.normal(0, volatility / np.sqrt(steps), shape).cumsum(axis=0)
    price = 100 * np.exp(middle) * (1 + spread * random.choice([-0.5, 0.5], shape))
    price = price.reshape(sessions, steps, securities)
    return market(np.log(price[:, -1]), high=price.max(axis=1), low=price.min(axis=1))


def same(found: Liquidity, other: Liquidity, rtol: float = 0.0) -> None:
    assert np.array_equal(found.row, other.row)
    for name in ("volatility", "volume_usd", "half_spread"):
        ours, theirs = getattr(found, name), getattr(other, name)
        assert np.isfinite(ours[3:]).any(), name
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=0.0, err_msg=name)


def test_volatility_by_hand() -> None:
    # 39 returns before March, +1 % first and last: 39 squares of 0.01, a sum of 0.01.
    found = liquidity_of(market(np.arange(41) % 2 * 0.01))
    assert found.volatility[MARCH, 0] == pytest.approx(0.01 * np.sqrt((39 - 1 / 39) / 38), rel=1e-12)
    assert np.isnan(found.volatility[:MARCH]).all()  # no return before January, 19 before February


def test_dollar_volume_by_hand() -> None:
    close = np.log(np.repeat([10.0, 20.0], [20, 21]))
    found = liquidity_of(market(close, volume=1000.0))
    assert found.volume_usd[MARCH, 0] == pytest.approx((20 * 10_000 + 20 * 20_000) / 40, rel=1e-12)
    assert np.isnan(found.volume_usd[1, 0])  # 20 sessions are one too few


def test_half_the_spread_by_hand() -> None:
    assert liquidity_of(flat()).half_spread[MARCH, 0] == pytest.approx(0.004, rel=1e-9)
    # Every other day the range lies 0.6 % higher. 20 pairs upwards give 4 × 0.004 × −0.002, that is none;
    # 19 pairs downwards give 4 × 0.004 × 0.010.
    middle = np.log(100.0) + np.arange(41) % 2 * 0.006
    found = liquidity_of(market(middle + 0.004, high=np.exp(middle + 0.02), low=np.exp(middle - 0.02)))
    assert found.half_spread[MARCH, 0] == pytest.approx(19 / 39 * np.sqrt(4 * 0.004 * 0.010) / 2, rel=1e-9)


@pytest.mark.parametrize(
    ("past", "volume", "others"), [(20, False, False), (21, True, False), (22, True, True)]
)
def test_twenty_one_values_are_the_fewest(past: int, volume: bool, others: bool) -> None:
    start = str(pd.bdate_range(end="2021-01-29", periods=past)[0].date())
    close = np.log(100.0) + np.arange(past + 1) % 2 * 0.01
    found = liquidity_of(market(close, start, high=110.0, low=90.0, volume=1.0))
    assert np.isfinite(found.volume_usd[-1, 0]) == volume
    assert np.isfinite(found.volatility[-1, 0]) == np.isfinite(found.half_spread[-1, 0]) == others


def test_sixty_three_sessions_are_looked_at() -> None:
    whole = random_market()
    found = liquidity_of(whole)
    at = int(np.searchsorted(found.row, 8))
    for name, back, touched in (("volume", 64, False), ("volume", 63, True), ("volume", 1, True)):
        changed = getattr(whole, name).copy()
        changed[at - back] *= 7.0
        again = liquidity_of(replace(whole, **{name: changed}))
        assert (again.volume_usd[8] != found.volume_usd[8]).all() == touched
    # A return needs the close before it, and a pair the session before it: the 64th back, and no earlier one.
    for back, touched in ((65, False), (64, True), (1, True)):
        changed = {name: getattr(whole, name).copy() for name in ("close", "high", "low")}
        for array in changed.values():
            array[at - back] *= 1.5
        again = liquidity_of(replace(whole, **changed))
        assert (again.volatility[8] != found.volatility[8]).all() == touched
        assert (again.half_spread[8] != found.half_spread[8]).any() == touched


@pytest.mark.parametrize("month", [2, 5, 9])
def test_the_past_is_all_that_is_looked_at(month: int) -> None:
    whole = random_market()
    found = liquidity_of(whole)
    start = int(np.searchsorted(found.row, month))
    random = np.random.default_rng(8)
    changed = {}
    for name in ("close", "high", "low", "volume", "split"):
        changed[name] = getattr(whole, name).copy()
        changed[name][start:] *= random.uniform(0.5, 2.0, changed[name][start:].shape)
    traded = whole.traded.copy()
    traded[start::5] = False
    again = liquidity_of(replace(whole, traded=traded, **changed))
    for name in ("volatility", "volume_usd", "half_spread"):
        before, after = getattr(found, name), getattr(again, name)
        assert np.array_equal(before[: month + 1], after[: month + 1], equal_nan=True), name
        assert (before[month + 1] != after[month + 1]).all(), name
    assert np.isfinite(found.volatility[month]).all()


def test_a_split_changes_nothing() -> None:
    whole = random_market()
    at = 150
    changed = {name: getattr(whole, name).copy() for name in ("close", "high", "low", "volume", "split")}
    for name in ("close", "high", "low"):
        changed[name][at:] /= 2.0
    changed["volume"][at:] *= 2.0
    changed["split"][at] = 2.0
    halved = replace(whole, **changed)
    same(liquidity_of(whole), liquidity_of(halved), rtol=1e-9)
    untold = liquidity_of(replace(halved, split=np.ones_like(whole.split)))
    month = liquidity_of(whole).row[at] + 1
    assert (untold.volatility[month] > 2 * liquidity_of(whole).volatility[month]).all()


@pytest.mark.parametrize("wide", [0.01, 0.03])
def test_a_spread_is_found_again(wide: float) -> None:
    found = liquidity_of(simulated(wide, volatility=0.005))
    assert np.nanmean(found.half_spread, axis=0) == pytest.approx(np.full(4, wide / 2), rel=0.25)


def test_a_spread_as_wide_as_the_volatility_is_found_too_narrow() -> None:
    found = liquidity_of(simulated(0.01, volatility=0.01))
    assert np.nanmean(found.half_spread) / 0.005 == pytest.approx(0.8, abs=0.05)


def test_without_a_spread_a_fifth_of_the_volatility_is_read_as_half_of_one() -> None:
    """The docstring warns of it: a better estimator changes both."""
    for volatility in (0.005, 0.02):
        found = liquidity_of(simulated(0.0, volatility))
        assert np.nanmean(found.volatility) == pytest.approx(volatility, rel=0.05)
        assert np.nanmean(found.half_spread) / volatility == pytest.approx(0.2, abs=0.02)


def test_a_session_without_trade_counts_for_nothing() -> None:
    growth = np.arange(41) * 0.01  # a move over two sessions would be 2 %
    growth[[10, 25]] = np.nan
    volume, high = np.full(41, 1000.0), np.full(41, 100 * np.exp(0.01))
    volume[[10, 25]], high[[10, 25]] = 1e12, 1e6
    found = liquidity_of(market(growth, volume=volume))
    assert not market(growth).traded[10, 0]
    assert found.volatility[MARCH, 0] == pytest.approx(0.0, abs=1e-12)
    closes = np.delete(np.exp(growth), [10, 25])[:38]
    assert found.volume_usd[MARCH, 0] == pytest.approx(1000 * closes.mean(), rel=1e-12)
    idle = flat(high=high)
    traded = idle.traded.copy()
    traded[[10, 25]] = False
    assert liquidity_of(replace(idle, traded=traded)).half_spread[MARCH, 0] == pytest.approx(0.004, rel=1e-9)
    assert liquidity_of(idle).half_spread[MARCH, 0] < 0.0037  # had it traded


@pytest.mark.parametrize(
    ("high", "low"), [(np.nan, 99.0), (101.0, np.nan), (101.0, 0.0), (0.0, 0.0), (98.0, 99.0), (np.inf, 99.0)]
)
def test_a_range_that_cannot_be_counts_for_nothing(high: float, low: float) -> None:
    known = {"high": np.full(41, 100 * np.exp(0.01)), "low": np.full(41, 100 * np.exp(-0.01))}
    known["high"][::9], known["low"][::9] = high, low  # 5 of 40 sessions, 9 of 39 pairs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = liquidity_of(flat(**known))
    assert found.half_spread[MARCH, 0] == pytest.approx(0.004, rel=1e-9)
    known["high"][::3], known["low"][::3] = high, low  # 14 of 40 sessions leave 13 pairs
    assert np.isnan(liquidity_of(flat(**known)).half_spread[MARCH, 0])
    assert np.isfinite(liquidity_of(flat(**known)).volume_usd[MARCH, 0])


def test_what_is_unknown_stays_unknown() -> None:
    volume = np.full(41, 1000.0)
    volume[:19] = np.nan
    found = liquidity_of(flat(volume=volume))
    assert found.volume_usd[MARCH, 0] == pytest.approx(1000 * 100 * np.exp(0.004))
    volume[19] = np.nan  # 20 known volumes are left
    assert np.isnan(liquidity_of(flat(volume=volume)).volume_usd[MARCH, 0])
    bare = liquidity_of(market(np.arange(41) % 2 * 0.01))
    assert np.isnan(bare.volume_usd).all()
    assert np.isnan(bare.half_spread).all()
    assert np.isfinite(bare.volatility[MARCH, 0])


def test_a_row_serves_a_calendar_month() -> None:
    whole = random_market()
    gap = whole.dates.astype("datetime64[M]") != np.datetime64("2021-04", "M")
    arrays = {name: getattr(whole, name)[gap] for name in ("open", "high", "low", "close", "volume")}
    arrays |= {name: getattr(whole, name)[gap] for name in ("dividend", "split", "traded", "dates")}
    for given in (whole, replace(whole, **arrays)):
        found = liquidity_of(given)
        months = given.dates.astype("datetime64[M]")
        assert found.row.dtype == np.int64
        assert np.array_equal(np.unique(months)[found.row], months)
        assert {len(array) for array in found[1:]} == {len(np.unique(months))}
        assert {array.shape[1] for array in found[1:]} == {3}


def test_gaps_are_filled_by_what_was_known_before() -> None:
    nan = np.nan
    table = np.array([[nan, nan, 7.0], [1.0, nan, 8.0], [nan, nan, nan], [2.0, nan, nan], [nan, nan, 9.0]])
    given = table.copy()
    filled = known_before(table)
    assert np.array_equal(table, given, equal_nan=True)
    assert filled[:, 0].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]
    assert np.isnan(filled[:, 1]).all()
    assert filled[:, 2].tolist() == [7.0, 8.0, 8.0, 8.0, 9.0]
    assert known_before(np.zeros((0, 3))).shape == (0, 3)


def test_on_etfs_as_they_were() -> None:
    whole = rk.load_market("etf")
    found = liquidity_of(whole)
    months = np.unique(whole.dates.astype("datetime64[M]"))
    spy = whole.column("SPY")
    known = np.isfinite(found.volatility[:, spy])
    assert known[2:].all()
    assert not known[0]
    assert ((found.volatility[known, spy] > 0.003) & (found.volatility[known, spy] < 0.06)).all()
    year = {y: months.astype("datetime64[Y]") == np.datetime64(str(y)) for y in (2005, 2008)}
    assert found.volatility[year[2008], spy].mean() > 2 * found.volatility[year[2005], spy].mean()
    later = months >= np.datetime64("2005-01")
    assert (found.volume_usd[later, spy] > 1e9).all()
    assert (found.volume_usd[later, spy] < 1e11).all()
    # Far above the basis point it was: see the docstring.
    half = found.half_spread[known, spy]
    assert ((half > 0.0003) & (half < 0.02)).all()
    computed = [whole.column(symbol) for symbol in ("UST_2Y", "UST_5Y", "UST_8_5Y", "BILL")]
    assert np.isnan(found.half_spread[:, computed]).all()
    assert np.isnan(found.volume_usd[:, computed]).all()
    assert np.isfinite(found.volatility[2:, computed]).all()


def test_unrest_is_volatility_of_late_over_the_usual_one() -> None:
    size = np.full(300, 0.01)
    size[260:] = 0.03
    path = 50.0 * np.exp(np.cumsum(size * np.where(np.arange(300) % 2, 1.0, -1.0)))
    waking = Market.from_close(
        pd.DataFrame({"A": path}, pd.bdate_range("2020-01-01", periods=300)), name="waking up"
    )
    unrest = unrest_of(waking)[:, 0]
    assert np.isnan(unrest[:83]).all()
    assert unrest[100:260] == pytest.approx(1.0)
    assert unrest[262] == pytest.approx(np.sqrt((18 + 3 * 9) / 21))
    assert unrest[285] == pytest.approx(3.0)


def test_unrest_knows_nothing_of_later_sessions_nor_of_splits() -> None:
    moving = worlds.random_market(3, ["A", "B"], 300, events=True)
    changed = replace(moving, close=np.vstack([moving.close[:200], moving.close[200:] * 1.5]))
    np.testing.assert_array_equal(unrest_of(moving)[:200], unrest_of(changed)[:200])
    whole = replace(
        moving, close=moving.close * np.cumprod(moving.split, axis=0), split=np.ones_like(moving.split)
    )
    np.testing.assert_allclose(unrest_of(moving), unrest_of(whole), rtol=1e-9)
