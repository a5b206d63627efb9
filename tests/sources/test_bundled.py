"""The shipped markets: what they hold, what they admit, and figures known from elsewhere."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from rebal_kit.findings import MarketError
from rebal_kit.market import FIELDS, Market
from rebal_kit.sources.bundled import bundled_table, data_folder, treasury_curve
from rebal_kit.sources.load import load_market
from rebal_kit.sources.treasury import bond_fund


@pytest.fixture(scope="module")
def etf() -> Market:
    return load_market("etf")


@pytest.fixture(scope="module")
def stocks() -> Market:
    return load_market("stocks")


def total_returns(market: Market, symbol: str) -> np.ndarray:
    at = market.column(symbol)
    held = market.split[1:, at] * (market.close[1:, at] + market.dividend[1:, at])
    return held / market.close[:-1, at] - 1


def year(market: Market, symbol: str, which: str) -> float:
    inside = market.dates[1:].astype("M8[Y]") == np.datetime64(which)
    return float(np.prod(1 + total_returns(market, symbol)[inside]) - 1)


def test_every_file_is_the_one_the_readme_describes() -> None:
    listed = dict(
        re.findall(r"`(prices/\S+)` \| `([0-9a-f]{64})`", (data_folder() / "README.md").read_text())
    )
    shipped = {p.relative_to(data_folder()).as_posix(): p for p in (data_folder() / "prices").iterdir()}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in shipped.items()}


def test_etf_market_has_funds_and_computed_treasuries(etf: Market) -> None:
    assert etf.symbols == ("SPY", "IYR", "GLD", "UST_2Y", "UST_5Y", "UST_8_5Y", "BILL")
    assert (str(etf.dates[0]), str(etf.dates[-1]), len(etf.dates)) == ("2000-02-01", "2012-09-12", 3_175)
    assert etf.traded.sum(axis=0).tolist() == [3175, 3079, 1969, 3175, 3175, 3175, 3175]
    assert (np.isnan(etf.close) == ~etf.traded).all()
    assert [s.qualified_share for s in etf.securities] == [1, 0, 0, 0, 0, 0, 0]
    assert [s.state_exempt for s in etf.securities] == [False] * 3 + [True] * 4
    panel = etf.between(start="2004-11-19")
    assert len(panel.dates) == 1_968
    assert np.isfinite(panel.close).all()


def test_known_returns(etf: Market) -> None:
    assert year(etf, "SPY", "2008") == pytest.approx(-0.368, abs=5e-4)
    assert year(etf, "UST_8_5Y", "2008") == pytest.approx(0.196, abs=5e-4)


def test_sixty_forty_rebalanced_daily(etf: Market) -> None:
    after = etf.dates[1:] > np.datetime64("2004-11-19")
    mixed = (0.6 * total_returns(etf, "SPY") + 0.4 * total_returns(etf, "UST_8_5Y"))[after]
    wealth = np.concatenate([[1.0], np.cumprod(1 + mixed)])
    assert wealth[-1] ** (252 / len(mixed)) - 1 == pytest.approx(0.0645, abs=5e-5)
    assert mixed.std(ddof=1) * 252**0.5 == pytest.approx(0.1247, abs=5e-5)
    assert (wealth / np.maximum.accumulate(wealth) - 1).min() == pytest.approx(-0.3130, abs=5e-5)


@pytest.mark.parametrize("symbol", ["SPY", "IYR"])
def test_raw_closes_with_dividends_and_splits_grow_like_the_adjusted_close(etf: Market, symbol: str) -> None:
    table = bundled_table("etfs.parquet").to_pandas()
    adjusted = table[table.ticker == symbol].adj_close.to_numpy()
    returns = total_returns(etf, symbol)
    grown = np.prod(1 + returns[np.isfinite(returns)])
    # The adjusted closes of 2000 have two decimals on 20 to 100 dollars, so some 0.03 % is rounding.
    assert grown == pytest.approx(adjusted[-1] / adjusted[0], rel=2e-3)


def test_treasuries_of_the_market_are_those_of_the_shipped_curve(etf: Market) -> None:
    for symbol, years in (("UST_2Y", 2.0), ("UST_5Y", 5.0), ("UST_8_5Y", 8.5)):
        close, dividend = bond_fund(treasury_curve(), etf.dates, years)
        assert np.array_equal(etf.close[:, etf.column(symbol)], close)
        assert np.array_equal(etf.dividend[:, etf.column(symbol)], dividend)


@pytest.mark.parametrize("name", ["etf", "stocks"])
def test_volatility_index_covers_every_session(name: str) -> None:
    market = load_market(name)
    assert market.volatility_index is not None
    assert market.volatility_index.shape == market.dates.shape
    assert market.volatility_index[market.dates == np.datetime64("2008-11-20")] == pytest.approx([80.86])
    assert (market.volatility_index > 5).all()


def test_stocks_have_size_tiers_and_spy_last(stocks: Market) -> None:
    assert len(stocks.securities) == 128
    sizes = [s.size for s in stocks.securities]
    assert (sizes.count("large"), sizes.count("small")) == (91, 36)
    assert stocks.symbols[-1] == "SPY"
    ordinary = {s.symbol for s in stocks.securities if s.qualified_share == 0}
    assert ordinary == {"AVB", "HST", "PCL", "PLD", "PSA"}


def test_missed_sessions_carry_the_last_close_and_cannot_be_traded(stocks: Market) -> None:
    assert int((~stocks.traded).sum()) == 308
    assert np.isfinite(stocks.close).all()
    adbe, day = stocks.column("ADBE"), int(np.flatnonzero(stocks.dates == np.datetime64("2000-02-23"))[0])
    assert not stocks.traded[day, adbe]
    assert stocks.close[day, adbe] == stocks.close[day - 1, adbe]
    assert np.isnan(stocks.open[day, adbe])
    assert "308 closes of 58 stocks" in str(stocks.findings[0])


def test_spy_is_the_same_in_both_markets(etf: Market, stocks: Market) -> None:
    assert np.array_equal(etf.dates, stocks.dates)
    for name in (*FIELDS, "traded"):
        one, other = getattr(etf.select(["SPY"]), name), getattr(stocks.select(["SPY"]), name)
        assert np.array_equal(one, other, equal_nan=True), name


def test_volumes_are_in_shares_of_the_day(stocks: Market) -> None:
    """Twice the shares change hands after a 2-for-1 split, more or less."""
    jumps = [
        np.nanmedian(stocks.volume[t : t + 20, s]) / np.nanmedian(stocks.volume[t - 20 : t, s])
        for t, s in np.argwhere(stocks.split == 2.0)
        if 20 < t < len(stocks.dates) - 20
    ]
    assert len(jumps) > 60
    assert 1.4 < np.median(jumps) < 2.2


def test_dow30_says_what_it_cannot_know() -> None:
    dow = load_market("dow30")
    assert len(dow.securities) == 30
    assert (str(dow.dates[0]), str(dow.dates[-1])) == ("2003-12-31", "2025-07-17")
    assert not dow.dividend.any()
    assert (dow.split == 1).all()
    said = [f for f in dow.findings if f.severity == "warning"]
    assert "adjusted prices only: dividends unknown, tax on them not modelled" in str(said[0])
    assert "survivor bias" in str(said[1])


@pytest.mark.parametrize("name", ["etf", "stocks", "dow30"])
def test_sessions_are_those_of_the_exchange_and_prices_are_sound(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchange_calendars

        calendar = exchange_calendars.get_calendar("XNYS", start="1990-01-01")
    market = load_market(name)
    expected = calendar.sessions_in_range(str(market.dates[0]), str(market.dates[-1]))
    assert np.array_equal(market.dates, expected.to_numpy().astype("M8[D]"))
    assert (market.close[np.isfinite(market.close)] > 0).all()
    assert (market.dividend >= 0).all()
    assert (market.split > 0).all()
    assert market.source


def test_files_of_later_use_have_the_spans_the_readme_gives() -> None:
    factors = bundled_table("fama_french_monthly.parquet").to_pandas()
    assert (factors.month.iloc[0], factors.month.iloc[-1], len(factors)) == ("1926-07", "2018-11", 1_109)
    adjusted = bundled_table("etfs_adjusted_2018_2024.parquet").to_pandas()
    assert adjusted.groupby("ticker").size().to_dict() == dict.fromkeys(
        ("AAPL", "BIL", "GLD", "QQQ", "VIX"), 1_760
    )


def test_data_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, etf: Market) -> None:
    shutil.copytree(data_folder() / "prices", tmp_path / "prices")
    monkeypatch.setenv("REBAL_DATA", str(tmp_path))
    assert np.array_equal(load_market("etf").close, etf.close, equal_nan=True)
    (tmp_path / "prices" / "vix.parquet").unlink()
    with pytest.raises(MarketError, match=r"vix\.parquet: bundled file is missing"):
        load_market("etf")
    (tmp_path / "prices" / "vix.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(MarketError, match=r"vix\.parquet: cannot be read"):
        load_market("etf")
    monkeypatch.setenv("REBAL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(MarketError, match="REBAL_DATA names a folder that does not exist"):
        load_market("dow30")


@pytest.mark.parametrize(("name", "seconds"), [("etf", 0.3), ("stocks", 0.8)])
def test_loading_is_quick(name: str, seconds: float) -> None:
    def once() -> float:
        began = time.perf_counter()
        load_market(name)
        return time.perf_counter() - began

    assert min(once() for _ in range(3)) < seconds


def test_bundled_markets_do_without_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; from rebal_kit.sources.load import load_market;"
        "load_market('etf'); load_market('stocks'); print('pandas' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "False"
