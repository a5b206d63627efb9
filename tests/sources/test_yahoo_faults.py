"""Real yfinance against a faulty Yahoo on the loopback: what is kept survives; nothing leaves the machine."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.price_cache import cache_path, read_history
from rebal_kit.sources.yahoo import market_of, yahoo_market
from rebal_kit.sources.yahoo_download import Patience
from rebal_kit.sources.yahoo_refresh import refresh
from tests.sources.yahoo_server import QUICK, Yahoo, after, on_disk

FRIDAY, MONDAY = after("2024-05-31"), after("2024-06-03")
FAULTS = {
    "429": "too many requests (429)",
    "500": "is no JSON",
    "garbage": "is no JSON",
    "nothing": "is no JSON",
    "cut": "is no JSON",
    "strange": "not what yfinance can read",
    "empty": "Yahoo's answer",
    "truncated": "broke off",
    "reset": "broke off",
    "unknown": "does not know this symbol",
    "slow": "did not answer within 0.3 s",
    "negative": " is -1",
    "huge": "too far to be believed yet",
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.items())
def test_what_is_kept_survives_a_fault_unchanged_and_is_called_stale(
    yahoo: Yahoo, fault: str, words: str
) -> None:
    yahoo.list("SPY", dividend={"2024-03-15": 1.5}, split={"2024-04-10": 2.0})
    before = yahoo_market(["SPY"], now=FRIDAY, patience=QUICK)
    disk = on_disk("SPY")
    yahoo.list("SPY", last="2024-06-03", dividend={"2024-03-15": 1.5}, split={"2024-04-10": 2.0})
    once = yahoo.always_at_fault("SPY", fault)
    (one,) = refresh(["SPY"], MONDAY, once)
    assert (one.state, one.added) == ("kept", 0)
    assert words in one.findings[0].what
    assert on_disk("SPY") == disk
    market = market_of([one], MONDAY)
    assert np.array_equal(market.close, before.close)
    assert market.badge == "STALE PRICES: SPY ends on 2024-05-31, 1 session ago, fetched 2024-05-31 22:00 UTC"
    assert market.source.endswith(market.badge)
    yahoo.always_at_fault("SPY", "")
    mended = yahoo_market(["SPY"], now=MONDAY, patience=QUICK)
    assert (mended.badge, str(mended.dates[-1])) == ("", "2024-06-03")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_kept_survives_a_fault_of_a_whole_refresh(yahoo: Yahoo, fault: str) -> None:
    yahoo.list("SPY", dividend={"2024-03-15": 1.5})
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    (one,) = refresh(["SPY"], MONDAY, yahoo.always_at_fault("SPY", fault), force=True)
    assert (one.state, one.findings[0].severity, on_disk("SPY")) == ("kept", "warning", disk)


@pytest.mark.parametrize(("fault", "words"), FAULTS.items())
def test_a_new_ticker_is_refused_with_the_fault_and_the_others_are_kept(
    yahoo: Yahoo, fault: str, words: str
) -> None:
    yahoo.list("SPY")
    yahoo.list("NEW")
    (good,) = refresh(["SPY"], FRIDAY, QUICK)
    (bad,) = refresh(["NEW"], FRIDAY, yahoo.always_at_fault("NEW", fault))
    assert (bad.state, good.state) == ("failed", "new")
    assert words in bad.findings[0].what
    assert bad.findings[0].remedy
    with pytest.raises(MarketError) as caught:
        market_of([bad, good], FRIDAY)
    assert [finding.where for finding in caught.value.findings] == ["NEW"]
    assert read_history("NEW") is None


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("unknown", "slow")])
def test_a_passing_fault_is_tried_again_past_what_yfinance_remembers(yahoo: Yahoo, fault: str) -> None:
    """Bad answers that yfinance keeps would come back without a question: the second try would be none."""
    yahoo.list("SPY")
    yahoo.faults["SPY"] = [fault, fault]
    (one,) = refresh(["SPY"], FRIDAY, QUICK)
    assert one.state == "new", one.findings
    assert yahoo.asked["SPY"] >= 3
    assert yahoo.faults["SPY"] == []


def test_waits_double_and_a_stranger_is_asked_for_once(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("rebal_kit.sources.yahoo_download.time.sleep", waits.append)
    yahoo.list("SPY")
    yahoo.always["SPY"] = "garbage"
    refresh(["SPY"], FRIDAY, Patience(tries=4, first_wait=1.0))
    assert waits == [1.0, 2.0, 4.0]
    waits.clear()
    (one,) = refresh(["NOSUCH"], FRIDAY, QUICK)
    assert (one.trouble, waits) == ("unknown", [])
    assert str(one.findings[0]).endswith("check the spelling on finance.yahoo.com")


def test_yahoo_is_given_as_long_as_patience_says(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, replace(QUICK, timeout=7.5))
    assert set(yahoo.waits) == {7.5}


def test_the_network_away_serves_what_is_kept_and_says_so_of_each(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "AGG"):
        yahoo.list(symbol)
    yahoo_market(["SPY", "AGG"], now=FRIDAY, patience=QUICK)
    disk = on_disk("SPY"), on_disk("AGG")
    asked = yahoo.asked.total()
    yahoo.away = True
    market = yahoo_market(["SPY", "AGG"], now=after("2024-06-05"), patience=QUICK)
    assert "SPY ends on 2024-05-31, 3 sessions ago, AGG ends on 2024-05-31, 3 sessions ago" in market.badge
    assert sum("Yahoo cannot be reached" in finding.what for finding in market.findings) == 2
    assert (on_disk("SPY"), on_disk("AGG"), yahoo.asked.total()) == (*disk, asked)
    with pytest.raises(MarketError, match="GLD: Yahoo cannot be reached"):
        yahoo_market(["SPY", "GLD"], now=after("2024-06-05"), patience=QUICK)


def test_away_for_one_is_away_for_all_but_each_is_asked_once(
    yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("rebal_kit.sources.yahoo_download.time.sleep", waits.append)
    yahoo.away = True
    done = refresh(["A", "B", "C"], FRIDAY, QUICK)
    assert [one.trouble for one in done] == ["unreachable"] * 3
    assert len(waits) == QUICK.tries - 1


def test_an_answer_that_forgot_the_past_replaces_nothing(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    yahoo.always["SPY"] = "forgetful"
    (one,) = refresh(["SPY"], MONDAY, QUICK, force=True)
    assert one.state == "kept"
    assert "lacks 100 of 105 kept sessions" in one.findings[0].what
    assert on_disk("SPY") == disk


def test_a_history_that_begins_later_is_taken_with_a_word_about_what_is_gone(yahoo: Yahoo) -> None:
    spy = yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    spy.dates, spy.close = spy.dates[1:], spy.close[1:]
    (one,) = refresh(["SPY"], FRIDAY, QUICK, force=True)
    assert one.state == "replaced"
    assert "Yahoo has no close on 2024-01-02 any more: replaced by" in one.findings[0].what


def test_a_history_that_ends_before_the_kept_one_replaces_nothing(yahoo: Yahoo) -> None:
    spy = yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    spy.dates, spy.close = spy.dates[:-1], spy.close[:-1]
    (one,) = refresh(["SPY"], FRIDAY, QUICK, force=True)
    assert (one.state, on_disk("SPY")) == ("kept", disk)
    assert "Yahoo's history ends on 2024-05-30, before the kept one" in one.findings[0].what


@pytest.mark.parametrize("at", [-3, 40])
def test_a_close_gone_mad_in_the_past_replaces_nothing(yahoo: Yahoo, at: int) -> None:
    yahoo.list("SPY", split={"2024-04-10": 20.0})
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    spy = yahoo.list("SPY", last="2024-06-03", split={"2024-04-10": 20.0})
    day = str(spy.dates[at])
    spy.close[at] *= 1000
    (one,) = refresh(["SPY"], MONDAY, QUICK, force=True)
    assert (one.state, on_disk("SPY")) == ("kept", disk)
    assert f"Yahoo's close of {day} was" in one.findings[0].what
    assert "far from those before" in one.findings[0].what


def test_a_kept_close_gone_mad_is_mended_by_yahoo(yahoo: Yahoo) -> None:
    spy = yahoo.list("SPY")
    spy.close[40] *= 1000
    refresh(["SPY"], FRIDAY, QUICK)
    spy.close[40] /= 1000
    (one,) = refresh(["SPY"], FRIDAY, QUICK, force=True)
    assert one.state == "replaced"
    assert "replaced by the whole history of today" in one.findings[0].what


def test_a_latest_price_gone_mad_is_no_quote(yahoo: Yahoo) -> None:
    yahoo.list("SPY")

    def mad(chart: dict[str, Any]) -> dict[str, Any]:
        chart["chart"]["result"][0]["meta"]["regularMarketPrice"] = 1e6
        return chart

    yahoo.spoil = mad
    (one,) = refresh(["SPY"], FRIDAY, QUICK)
    assert one.state == "failed"
    assert "Yahoo's latest price is 1e+06 after a close of" in one.findings[0].what


def test_what_a_wrong_clock_fetched_is_asked_for_again(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], after("2031-01-07"), QUICK)
    yahoo.list("SPY", last="2024-06-03")
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.added) == ("extended", 1)
    assert one.history is not None
    assert one.history.origin.fetched == MONDAY


def test_a_file_that_may_be_sound_is_not_replaced(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk, asked = on_disk("SPY"), yahoo.asked["SPY"]
    opened = Path.open

    def too_many(self: Path, mode: str = "r", *more: Any) -> Any:
        if self.suffix == ".parquet":
            raise OSError(24, "Too many open files")
        return opened(self, mode, *more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", too_many)
        (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, yahoo.asked["SPY"], on_disk("SPY")) == ("failed", asked, disk)
    assert str(one.findings[0]).startswith(f"{cache_path('SPY')}: cannot be read: Too many open files")


def test_a_full_disk_leaves_what_was_kept_and_is_named(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    yahoo.list("SPY", last="2024-06-03")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, on_disk("SPY")) == ("kept", disk)
    assert f"no new prices: {cache_path('SPY')} cannot be written: No space left" in one.findings[0].what
    assert market_of([one], MONDAY).badge


def test_files_of_yfinance_that_are_damaged_are_named(
    yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yfinance import cache

    yahoo.list("SPY")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "tkr-tz.db").write_bytes(b"no data base" * 400)
    monkeypatch.setattr(cache._TzCacheManager, "_tz_cache", None)
    monkeypatch.setattr(cache._TzDBManager, "_db", None)
    monkeypatch.setattr(cache._TzDBManager, "_cache_dir", str(broken))
    (one,) = refresh(["SPY"], FRIDAY, QUICK)
    assert one.state == "failed"
    assert "yfinance cannot use its own files: DatabaseError" in one.findings[0].what
    assert "delete its folder py-yfinance" in one.findings[0].remedy


def test_nothing_leaves_the_machine_and_what_would_is_caught(yahoo: Yahoo) -> None:
    """The guard is no scarecrow: yfinance's own session ends at the trap, Python's sockets at the door."""
    from yfinance._http import new_session

    with pytest.raises(OSError, match=r"403|CONNECT"):
        new_session().get("https://query2.finance.yahoo.com/v8/finance/chart/SPY", timeout=2)
    assert yahoo.proxied == ["query2.finance.yahoo.com:443"]
    yahoo.proxied.clear()
    for there in (("192.0.2.1", 443), ("198.51.100.7", 80)):
        with socket.socket() as door, pytest.raises(AssertionError, match="leaves the machine"):
            door.connect(there)
    with pytest.raises(AssertionError, match="was looked up"):
        socket.getaddrinfo("finance.yahoo.com", 443)


def test_without_yfinance_the_extra_is_named(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    yahoo.list("SPY")
    yahoo_market(["SPY"], now=FRIDAY, patience=QUICK)
    monkeypatch.setitem(sys.modules, "yfinance", None)
    assert yahoo_market(["SPY"], now=FRIDAY, patience=QUICK).badge == ""
    late = yahoo_market(["SPY"], now=MONDAY, patience=QUICK)
    assert late.badge
    with pytest.raises(MarketError, match=r"pip install 'rebal_kit\[yahoo\]'"):
        yahoo_market(["AGG"], now=FRIDAY, patience=QUICK)


SEED, SPOILT = int(os.environ.get("SPOILT_SEED", "1")), int(os.environ.get("SPOILT", "25"))
ODD = [None, -1, 0, "text", [], {}, True, 1e300, float("nan"), float("inf"), [None], "2024-01-01"]


def spoilt(chart: dict[str, Any], random: np.random.Generator) -> Any:
    """Return an answer with one of its values left out, exchanged or cut."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            if not (isinstance(node, list) and len(node) > 20):
                walk(node[key])

    walk(chart)
    node, key = places[random.integers(len(places))]
    what = random.integers(3)
    if what == 0 or (what == 1 and not isinstance(node[key], list)):
        node[key] = ODD[random.integers(len(ODD))]
    elif what == 1:
        node[key] = node[key][: len(node[key]) // 2]
    else:
        del node[key]
    return chart


def test_no_spoilt_answer_is_a_traceback_or_costs_a_kept_session(yahoo: Yahoo) -> None:
    events = {"dividend": {"2024-03-15": 1.5}, "split": {"2024-04-10": 2.0}, "gains": {"2024-05-20": 0.1}}
    yahoo.list("SPY", **events)
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    whole = read_history("SPY")
    assert whole is not None
    yahoo.list("SPY", last="2024-06-03", **events)
    random = np.random.default_rng(SEED)
    yahoo.spoil = lambda chart: spoilt(chart, random)
    states: Counter[str] = Counter()
    for _ in range(SPOILT):
        cache_path("SPY").write_bytes(disk)
        (one,) = refresh(["SPY"], MONDAY, Patience(tries=1), force=bool(random.integers(2)))
        states[one.state] += 1
        assert one.state in ("kept", "extended", "replaced")
        now = read_history("SPY")
        assert now is not None
        if one.state == "kept":
            assert on_disk("SPY") == disk
        else:
            assert len(np.setdiff1d(whole.dates, now.dates)) <= 1
            market_of([one], MONDAY)
    assert states["kept"] > 0
    assert states["extended"] + states["replaced"] > 0
