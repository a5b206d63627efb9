"""`rebal fetch` and `rebal quality`: what they print and how they leave, with real yfinance on the loopback."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from rebal_kit.sources.price_cache import read_history, write_history
from rebal_kit.sources.sessions import SETTLING, exchange_sessions
from tests.sources.yahoo_server import QUICK, Listing, Yahoo, yahoo_on_loopback

runner = CliRunner()

HOME = """
name: small
as_of: 2024-01-02
accounts:
  - {name: Main, owner: Alex, type: taxable, broker: Broker One, opening_value: 100000}
targets:
  classes:
    - {name: Stocks, weight: 100 %, members: SPY}
tax: {filing: single, law_year: 2026, ordinary_income: 150000}
"""


@pytest.fixture
def yahoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """Yahoo on the loopback, up to the last session of today's clock; patience is short."""
    monkeypatch.setattr("rebal_kit.sources.yahoo_refresh.Patience", lambda: QUICK)
    with yahoo_on_loopback(tmp_path / "cache", monkeypatch) as server:
        yield server


def listed(yahoo: Yahoo, symbol: str, back: int = 0) -> Listing:
    """List a security up to the last session but `back`, on the clock of the machine."""
    days, closes = exchange_sessions()
    over = days[closes <= np.datetime64("now") - SETTLING]
    return yahoo.list(symbol, first="2024-01-02", last=str(over[-1 - back]))


def rebal(*arguments: str) -> Result:
    result = runner.invoke(app, [*arguments], env={"COLUMNS": "120"})
    assert "Traceback" not in result.output
    return result


def test_fetch_says_what_it_has_and_a_second_time_asks_for_nothing(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "AGG"):
        listed(yahoo, symbol)
    first = rebal("fetch", "SPY", "agg")
    assert first.exit_code == 0, first.output
    rows = [line.split() for line in first.stdout.splitlines()]
    assert rows[0][:4] == ["ticker", "state", "new", "sessions"]
    assert [row[:2] for row in rows[1:]] == [["SPY", "new"], ["AGG", "new"]]
    assert rows[1][4] == "2024-01-02"
    assert "2/2" in first.stderr
    asked = yahoo.asked.total()
    second = rebal("fetch", "SPY", "AGG")
    assert (second.exit_code, second.stdout.count("up to date"), yahoo.asked.total()) == (0, 2, asked)
    whole = rebal("fetch", "SPY", "--refresh")
    assert (whole.exit_code, "whole again" in whole.stdout) == (0, True)


def test_a_partial_failure_is_said_of_each_ticker_and_leaves_with_1(yahoo: Yahoo) -> None:
    listed(yahoo, "SPY")
    result = rebal("fetch", "SPY", "NOSUCH", "--json")
    assert result.exit_code == 1
    told = {one["ticker"]: one for one in json.loads(result.stdout)}
    assert (told["SPY"]["state"], told["SPY"]["trouble"], told["SPY"]["findings"]) == ("new", None, [])
    assert (told["NOSUCH"]["state"], told["NOSUCH"]["trouble"]) == ("failed", "unknown")
    assert "error: NOSUCH: Yahoo does not know this symbol" in result.stderr


def test_offline_what_is_kept_is_stale_and_leaves_with_1_and_nothing_leaves_with_2(yahoo: Yahoo) -> None:
    listed(yahoo, "SPY", back=3)
    assert rebal("fetch", "SPY").exit_code == 0
    yahoo.away = True
    late = rebal("fetch", "SPY", "AGG", "--refresh")
    assert late.exit_code == 1
    assert "NOT RENEWED" in late.stdout
    assert "NOTHING" in late.stdout
    assert "warning: SPY: no new prices: Yahoo cannot be reached" in late.stderr
    assert "warning: stale prices: SPY ends on" in late.stderr
    assert "error: AGG: Yahoo cannot be reached" in late.stderr
    assert rebal("fetch", "SPY", "--refresh").exit_code == 1
    none = rebal("fetch", "AGG", "GLD")
    assert none.exit_code == 2
    assert none.stderr.count("Yahoo cannot be reached") == 2


def test_what_cannot_be_a_ticker_leaves_with_2(yahoo: Yahoo) -> None:
    result = rebal("fetch", "../SPY", "")
    assert result.exit_code == 2
    assert result.stderr.count("cannot be a ticker") == 2
    assert rebal("fetch").exit_code == 2
    assert rebal("fetch", "SPY", "--from", "soon").exit_code == 2


def test_from_chooses_what_is_looked_at(yahoo: Yahoo) -> None:
    spy = listed(yahoo, "SPY")
    spy.close[20] *= 1.5
    assert "warning: SPY: spike" in rebal("fetch", "SPY").stderr
    assert "spike" not in rebal("fetch", "SPY", "--from", "2024-06-03").stderr
    asked = yahoo.asked.total()
    late = rebal("fetch", "SPY", "--from", "2099-01-01", "--refresh")
    assert (late.exit_code, yahoo.asked.total()) == (2, asked)
    assert "error: --from: 2099-01-01 is later than today" in late.stderr


def test_prices_that_cannot_be_used_as_they_stand_leave_with_1(yahoo: Yahoo) -> None:
    spy = listed(yahoo, "SPY")
    spy.dates, spy.close = np.delete(spy.dates, range(30, 60)), np.delete(spy.close, range(30, 60))
    result = rebal("fetch", "SPY")
    assert result.exit_code == 1
    assert "error: SPY: has no close for 30 sessions after" in result.stderr
    assert rebal("fetch", "SPY", "--from", "2024-06-03").exit_code == 0


def test_the_table_fits_a_terminal_of_80_columns(yahoo: Yahoo) -> None:
    listed(yahoo, "BTC-USD")
    rebal("fetch", "BTC-USD")
    for arguments in (["--refresh"], []):
        result = runner.invoke(app, ["fetch", "BTC-USD", *arguments], env={"COLUMNS": "80"})
        assert len(result.stdout.splitlines()) == 2, result.stdout


def test_quality_of_a_bundled_market_and_of_tickers(yahoo: Yahoo) -> None:
    result = rebal("quality", "etf")
    assert result.exit_code == 0
    assert "warning: SPY: pays every 91 days or so" in result.stdout
    assert result.stdout.splitlines()[-1] == "8 findings, 4 of them warnings"
    assert rebal("quality", "etf", "--strict").exit_code == 1
    listed(yahoo, "SPY")
    clean = rebal("quality", "yahoo:SPY", "--strict", "--json")
    assert (clean.exit_code, json.loads(clean.stdout)) == (0, [])
    assert rebal("quality", "yahoo:SPY").stdout.splitlines()[-1] == "nothing looks wrong"
    assert rebal("quality", "nonsense").exit_code == 2


def test_compare_says_doubts_before_the_run_and_strict_refuses(yahoo: Yahoo) -> None:
    result = rebal("compare", "--household", "starter", "--policy", "quarterly", "--strict")
    assert result.exit_code == 2
    assert "warning: SPY: pays every 91 days or so" in result.stderr
    assert result.stdout == ""
    result = rebal("household", "starter", "--policy", "quarterly", "--strict")
    assert result.exit_code == 2
    assert "warning: SPY: pays every 91 days or so" in result.stderr
    assert result.stdout == ""


def test_what_went_wrong_in_fetching_is_said_before_the_run(yahoo: Yahoo, tmp_path: Path) -> None:
    listed(yahoo, "SPY", back=2)
    home = tmp_path / "home.yaml"
    home.write_text(HOME)
    wanted = ["compare", "--household", str(home), "--policy", "quarterly", "--market", "yahoo:SPY"]
    result = rebal(*wanted, "--open-with", "values")
    assert result.exit_code == 0, result.output
    assert "warning: SPY: its last price is of" in result.stderr
    assert "STALE" not in result.output


def test_stale_prices_are_called_so_in_all_that_commands_give(yahoo: Yahoo, tmp_path: Path) -> None:
    listed(yahoo, "SPY", back=2)
    rebal("fetch", "SPY")
    yahoo.away = True
    kept = read_history("SPY")
    assert kept is not None
    before = kept.origin.fetched - dt.timedelta(days=3)
    write_history(replace(kept, origin=replace(kept.origin, fetched=before)))
    home = tmp_path / "home.yaml"
    home.write_text(HOME)
    chosen = ["--policy", "quarterly", "--market", "yahoo:SPY", "--open-with", "values"]
    for command in (["compare", "--household", str(home)], ["household", str(home)]):
        page = tmp_path / f"{command[0]}.html"
        shown = rebal(*command, *chosen, "--html", str(page))
        assert shown.exit_code == 0, shown.output
        assert "warning: stale prices: SPY ends on" in shown.stderr
        assert "STALE PRICES" in " ".join(shown.stdout.split())
        told = json.loads(rebal(*command, *chosen, "--json").stdout)
        assert "STALE PRICES: SPY ends on" in told["source"]
        assert page.read_text().count("STALE PRICES: SPY ends on") >= 3  # below the heading, and on charts
    kept_runs = rebal("compare", "--household", str(home), *chosen, "--save", str(tmp_path / "runs"))
    assert kept_runs.exit_code == 0
    assert "STALE PRICES: SPY ends on" in (tmp_path / "runs/quarterly/result.json").read_text()
    assert "STALE PRICES" in " ".join(rebal("audit", str(tmp_path / "runs/quarterly")).stdout.split())
