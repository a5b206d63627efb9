"""Processes that are killed in the middle of a refresh, or come for the same ticker at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from rebal_kit.sources.price_cache import cache_folder, read_history
from rebal_kit.sources.yahoo_refresh import refresh
from tests.sources.yahoo_server import QUICK, Yahoo, after, on_disk

FRIDAY, MONDAY = after("2024-05-31"), after("2024-06-03")

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
(one,) = refresh(["SPY"], MONDAY_EVENING, QUICK)
print(one.state, one.added, flush=True)
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


def test_two_at_once_ask_for_a_ticker_once(yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    yahoo.list("SPY", last="2024-06-03")
    yahoo.always["SPY"], yahoo.nap = "slow", 0.5  # whoever comes first holds the lock for so long
    commands = [[sys.executable, "-c", CHILD, str(yahoo.port), str(tmp_path / f"child{n}")] for n in range(3)]
    here = Path(__file__).parents[2]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=here) for command in commands
    ]
    said = sorted(child.communicate(timeout=60)[0].strip() for child in children)
    assert said == ["current 0", "current 0", "extended 1"]
    kept = read_history("SPY")
    assert kept is not None
    assert str(kept.last) == "2024-06-03"
