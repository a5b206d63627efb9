"""What looks wrong is found where it was planted; the bundled markets show what is known of them and hardly more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebal_kit.domain import Security
from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import Market
from rebal_kit.sources.load import load_market
from rebal_kit.sources.quality import gap_findings, price_findings, quality
from rebal_kit.sources.sessions import carry_forward, exchange_sessions


def walk(n: int = 600, volatility: float = 0.01, seed: int = 1) -> dict[str, Any]:
    """A random walk on real sessions, a dividend a quarter, without a fault."""
    random = np.random.default_rng(seed)
    days, _ = exchange_sessions()
    dates = days[days >= np.datetime64("2020-01-02")][:n]
    close = 100 * np.exp(np.cumsum(random.normal(0, volatility, n)))
    volume = random.uniform(0.7e6, 1.4e6, n)
    return {"dates": dates, "close": close, "volume": volume, "dividend": np.where(np.arange(n) % 63 == 40, 0.5, 0.0),
            "split": np.ones(n)}  # fmt: skip


def market(given: dict[str, Any]) -> Market:
    columns = {name: values[:, None] for name, values in given.items() if name != "dates"}
    columns["close"], traded, _ = carry_forward(columns["close"])
    blank = np.full(columns["close"].shape, np.nan)
    return Market(
        "planted", given["dates"], (Security("AAA"),), blank, blank, blank, traded=traded, **columns
    )


def found(given: dict[str, Any]) -> list[str]:
    return [str(finding) for finding in quality(market(given))]


@pytest.mark.parametrize("volatility", [0.001, 0.01, 0.03])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_where_nothing_is_wrong(volatility: float, seed: int) -> None:
    assert found(walk(volatility=volatility, seed=seed)) == []


@pytest.mark.parametrize("factor", [0.01, 0.5, 0.85, 1.2, 2.0, 100.0])
def test_a_spike_that_reverts_is_found(factor: float) -> None:
    given = walk(volatility=0.005)
    given["close"][300] *= factor
    given["close"][301] = given["close"][299]
    (one,) = found(given)
    assert f"spike: the close is {given['close'][300]:g} on {given['dates'][300]}, between" in one


def test_a_crash_or_a_rise_that_stays_is_no_spike_and_no_split() -> None:
    for factor in (0.5, 0.62, 0.42, 1.9):
        given = walk()
        given["close"][300:] *= factor
        given["volume"][300] *= 20
        assert found(given) == []


@pytest.mark.parametrize(
    ("factor", "kind"), [(0.5, "2-for-1"), (1 / 3, "3-for-1"), (0.05, "20-for-1"), (10, "1-for-10")]
)
def test_a_split_that_nobody_declared_is_found(factor: float, kind: str) -> None:
    given = walk(volatility=0.004)
    given["close"][300:] *= factor
    given["dividend"][:] = 0
    given["volume"][300:] /= factor
    (one,) = found(given)
    assert one.startswith("AAA: unadjusted split?")
    assert f"as in a {kind} split" in one
    given["split"][300] = 1 / factor
    assert found(given) == []
    given["split"][300] = 1
    given["volume"][:] = np.nan
    (note,) = quality(market(given))
    assert (note.severity, "a crash looks the same" in note.what) == ("note", True)


def test_stale_prices_are_found_and_a_money_market_fund_is_none() -> None:
    given = walk()
    given["close"][200:207] = given["close"][200]
    assert found(given) == []
    given["close"][200:212] = given["close"][200]
    (one,) = found(given)
    assert f"on 12 sessions in a row, from {given['dates'][200]} to {given['dates'][211]}" in one
    given["close"][:] = 1.0
    given["dividend"][:] = 0
    (note,) = quality(market(given))
    assert (note.severity, note.remedy) == ("note", "right for a money-market fund only")


def test_prices_without_volume_are_counted() -> None:
    given = walk()
    given["volume"][[100, 200]] = 0
    (note,) = quality(market(given))
    assert note.what == f"has a price and a volume of 0 on {given['dates'][100]} (2 such sessions)"


def test_dividends_out_of_proportion_are_found() -> None:
    given = walk(volatility=0.002)
    given["dividend"] *= 12  # cents and dollars are 100 apart; a yield of a quarter is enough
    said = found(given)
    assert any("dividend yield out of range: 2" in one for one in said)
    assert any("% of the price (9 such sessions)" in one for one in said)
    given = walk()
    given["dividend"][150] = 11.0
    (note,) = quality(market(given))
    assert (note.severity, note.remedy.split(",")[0]) == ("note", "a special dividend")


def test_a_payment_left_out_is_found_and_an_end_of_payments_is_not() -> None:
    given = walk(n=1000)
    paid = np.flatnonzero(given["dividend"])
    given["dividend"][paid[7]] = 0
    (one,) = found(given)
    assert f"nothing from {given['dates'][paid[6]]} to {given['dates'][paid[8]]}" in one
    given["dividend"][paid[7] :] = 0
    assert found(given) == []


def test_a_split_does_not_look_like_a_change_of_the_dividend() -> None:
    given = walk(n=1000, volatility=0.004)
    given["close"][500:] /= 4
    given["dividend"][500:] /= 4
    given["split"][500] = 4
    assert found(given) == []


def test_gaps_are_counted_and_a_ticker_reused_after_one_is_found() -> None:
    given = walk()
    given["close"][[100, 101, 200]] = np.nan
    (one,) = found(given)
    assert "3 closes are missing inside the lives of 1 securities" in one
    given["close"][300:330] = np.nan
    given["close"][330:] *= 9
    said = found(given)
    assert any("has no close from" in one and "(30 sessions)" in one for one in said)
    assert any(one.startswith("AAA: reused ticker? After 30 sessions without a price") for one in said)
    assert {finding.severity for finding in quality(market(given))} == {"warning"}


def test_whole_sessions_that_are_missing_are_found() -> None:
    given = walk()
    keep = np.ones(600, bool)
    keep[50:53] = False
    (one,) = found({name: values[keep] for name, values in given.items()})
    assert "3 of 600 exchange sessions have no row" in one


def test_weekly_prices_are_not_judged_by_daily_rules() -> None:
    given = walk(n=600, volatility=0.03)
    weekly = {name: values[::5] for name, values in given.items()}
    assert price_findings(market(weekly)) == ()


def short(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {
        (finding.where, finding.what.split()[0].strip(":"))
        for finding in findings
        if finding.severity == "warning"
    }


def test_the_bundled_markets_show_what_is_known_of_them_and_little_else() -> None:
    etf = quality(load_market("etf"))
    said = {finding.where: finding.what for finding in etf if finding.severity == "warning"}
    assert said == {
        "SPY": "pays every 91 days or so, and nothing from 2001-09-21 to 2002-03-15, 2009-12-18 to 2010-06-18",
        "IYR": "pays every 91 days or so, and nothing from 2006-09-26 to 2007-03-23, 2007-03-23 to 2007-09-25,"
               " 2007-09-25 to 2008-06-25",
    }  # fmt: skip
    stocks = quality(load_market("stocks"))
    assert "308 closes are missing inside the lives of 58 securities" in stocks[0].what
    stale = {where for where, first in short(stocks) if first == "stale"}
    assert stale == {"FNMA", "FMCC"}
    special = {finding.where for finding in stocks if "% of the price" in finding.what}
    assert special == {"MSFT", "PGR", "SCHW", "FII"}
    assert {first for _, first in short(stocks)} == {"308", "stale", "pays"}
    (nvidia,) = quality(load_market("dow30"))
    assert (nvidia.severity, nvidia.where) == ("note", "NVDA")
    assert gap_findings(load_market("dow30")) == ()


def test_strict_refuses_with_every_warning(tmp_path: Path) -> None:
    with pytest.raises(MarketError) as caught:
        load_market("etf", strict=True)
    assert len(caught.value.findings) == 4
    assert all(finding.severity == "warning" for finding in caught.value.findings)
    given = walk()
    path = tmp_path / "aaa.csv"
    rows = [
        f"{d},AAA,{c},{v}" for d, c, v in zip(given["dates"], given["close"], given["dividend"], strict=True)
    ]
    path.write_text("\n".join(["Date,Ticker,Close,Dividends", *rows, ""]))
    assert load_market(path, strict=True).symbols == ("AAA",)
    rows[300] = f"{given['dates'][300]},AAA,{given['close'][300] * 3},0"
    path.write_text("\n".join(["Date,Ticker,Close,Dividends", *rows, ""]))
    assert any("spike" in finding.what for finding in load_market(path).findings)
    with pytest.raises(MarketError, match="spike"):
        load_market(path, strict=True)
