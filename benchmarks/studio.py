"""How long a change in the studio takes in Python, from the slider's value to what is sent to the browser."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from unittest.mock import patch

import rebal_kit as rk
from benchmarks.measure import Row
from rebal_kit.scenario import Scenario
from rebal_kit.views.studio_output import DRIFT, FIGURES, GROWTH, TAXES

_WIDTHS = (2.5, 3.5, 4.5, 5.5)
_AIM = "100 ms"


def changes(rounds: int, households: tuple[str, ...] = ("starter", "two_million")) -> Iterator[Row]:
    """Time a moved band in every view, on a warm kernel: run, figures, chart and draft."""
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, {"XDG_STATE_HOME": home}):
        for household in households:
            page = rk.studio(Scenario(rk.load_policy("threshold_3pct"), household), home)
            for view in (GROWTH, DRIFT, TAXES, FIGURES):
                page.output.view.value = view
                spent = []
                for width in itertools.islice(itertools.cycle(_WIDTHS), max(rounds, 2) * len(_WIDTHS)):
                    start = time.perf_counter()
                    page.controls.all["band"].widget.value = width
                    spent.append(time.perf_counter() - start)
                yield Row(
                    f"studio, a band is moved: {household}, {view.lower()}", 1e3 * statistics.median(spent), "ms",
                    aim=_AIM, note=f"Python alone; slowest of {len(spent)} {1e3 * max(spent):.0f} ms",
                )  # fmt: skip
