"""Real yfinance against a faulty Yahoo on the loopback: what is kept survives; nothing leaves the machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.price_cache import cache_folder, cache_path, read_history
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
    "negative": "of -1 on",
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


CHILD = """
import sys
from pathlib import Path
import pytest
from tests.sources.yahoo_server import MONDAY_EVENING, QUICK, Yahoo, loopback_session
import yfinance
from yfinance.data import YfData
from rebal_kit.sources.yahoo_refresh import refresh
yfinance.set_tz_cache_location(sys.argv[2])
YfData(session=loopback_session(Yahoo(int(sys.argv[1]), [])))
print("asking", flush=True)
refresh(["SPY"], MONDAY_EVENING, QUICK)
"""


def test_a_refresh_killed_while_it_waits_leaves_what_was_kept_and_no_lock(
    yahoo: Yahoo, tmp_path: Path
) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    yahoo.list("SPY", last="2024-06-03")
    yahoo.always["SPY"], yahoo.nap = "slow", 30.0
    asked = yahoo.asked["SPY"]
    command = [sys.executable, "-c", CHILD, str(yahoo.port), str(tmp_path / "child")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    while yahoo.asked["SPY"] == asked and child.poll() is None:
        time.sleep(0.01)
    assert child.poll() is None, "the child ended before it asked"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert on_disk("SPY") == disk
    yahoo.always.clear()
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.added) == ("extended", 1)


WRITER = """
import os, time
from dataclasses import replace
import numpy as np
from rebal_kit.sources.price_cache import locked, read_history, write_history

def stop(_):
    print("written, not yet in place", flush=True)
    time.sleep(60)

os.fsync = stop
kept = read_history("SPY")
with locked("SPY"):
    write_history(replace(kept, dates=kept.dates + np.timedelta64(7, "D")))
"""


def test_a_writer_killed_at_the_last_moment_leaves_the_old_file_and_its_scraps_are_swept(
    yahoo: Yahoo,
) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    disk = on_disk("SPY")
    child = subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "written, not yet in place\n"
    (busy,) = refresh(["SPY"], MONDAY, replace(QUICK, lock=0.05))
    assert busy.state == "kept"
    assert "another process has been renewing SPY" in busy.findings[0].what
    child.kill()
    child.communicate()
    assert on_disk("SPY") == disk
    assert len(list(cache_folder().glob("*.part"))) == 1
    yahoo.list("SPY", last="2024-06-03")
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.added) == ("extended", 1)
    assert not list(cache_folder().glob("*.part"))


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
