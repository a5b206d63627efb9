"""Stale prices and positions, and settings that are to be gone through again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.findings import STALE
from rebal_kit.proposal.scan import scan
from rebal_kit.reasons import Reason
from tests.proposal.scanned import POLICY, row, said, scanned, small_household, small_market


@pytest.mark.parametrize(("today", "stale"), [("2024-03-06", False), ("2024-03-07", True)])
def test_prices_and_positions_are_stale_after_three_business_days(today: str, stale: bool) -> None:
    found = scanned(today=dt.date.fromisoformat(today))
    assert said(found.findings, STALE, "2024-03-01, 4 business days before 2024-03-07") == stale
    assert said(found.findings, "lots and cash are of 2024-03-01") == stale


def test_a_security_without_a_price_of_the_day() -> None:
    closes = {"STK": (99.0, 101.0, 98.0, 100.0), "STX": (49.0, 51.0, np.nan, np.nan), "BND": (50.0,) * 4}
    frame = small_market().frame()
    market = rk.Market.from_close(pd.DataFrame(closes, index=frame.index).assign(STX=closes["STX"]).ffill())
    traded = np.array(market.traded)
    traded[2:, 1] = False
    found = scan(replace(market, traded=traded), small_household(), POLICY)
    assert said(found.findings, STALE, "the last price of STX is of 2024-02-28")
    assert row(found.harvest, lot="S1")["why_not"] == Reason.NO_REPLACEMENT.sentence


@pytest.mark.parametrize(
    ("reviewed", "today", "words"),
    [
        (None, None, ("not known when they were last reviewed",)),
        ("2023-03-01", "2024-03-01", ("last reviewed on 2023-03-01, a year or more before 2024-03-01",)),
        ("2023-03-02", "2024-03-01", ()),
        ("2023-02-28", "2024-02-28", ("a year or more",)),
    ],
)
def test_settings_are_to_be_reviewed_every_year(
    reviewed: str | None, today: str | None, words: tuple[str, ...]
) -> None:
    found = scanned(
        reviewed=dt.date.fromisoformat(reviewed) if reviewed else None,
        today=dt.date.fromisoformat(today) if today else None,
    )
    warned = [
        finding for finding in found.findings if finding.where == "settings" and finding.severity == "warning"
    ]
    assert len(warned) == bool(words)
    assert all(said(warned, word) for word in words)


def nervous_market(index: np.ndarray | None) -> rk.Market:
    days = pd.bdate_range(end="2024-03-01", periods=300)
    random = np.random.default_rng(1)
    wild = np.repeat([0.002, 0.01, 0.03], 100)
    close = 100.0 * np.exp(np.cumsum(wild * random.choice([-1.0, 1.0], 300)))
    frame = pd.DataFrame({"STK": close, "STX": close / 2, "BND": 50.0}, index=days)
    return rk.Market.from_close(frame, volatility_index=index)


@pytest.mark.parametrize("indexed", [True, False])
def test_a_change_of_regime_since_the_review(indexed: bool) -> None:
    index = np.where(np.arange(300) < 200, 12.0, 30.0) + np.linspace(0.0, 1.0, 300)
    market = nervous_market(index if indexed else None)
    calm_day = market.dates[80].item()
    found = scan(market, small_household(reviewed=calm_day), POLICY)
    (change,) = (f for f in found.findings if f.where == "settings")
    assert f"reviewed on {calm_day} in a calm market, which is nervous now" in change.what
    measure = (
        "volatility index 12.2 % then, 31.0 % now" if indexed else "volatility of the target mix 1.9 % then"
    )
    assert measure in change.what
    assert "cuts" in change.what
    same = scan(market, small_household(reviewed=market.dates[-30].item()), POLICY)
    assert not [f for f in same.findings if f.where == "settings" and f.severity == "warning"]


def test_a_review_before_all_prices_says_that_it_cannot_tell() -> None:
    found = scanned(reviewed=dt.date(2023, 12, 1))
    assert said(found.findings, "whether the market has changed", "not known")
