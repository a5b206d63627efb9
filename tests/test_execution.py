"""How orders may be carried out, and what is wrong with it."""

from __future__ import annotations

import pytest

from rebal_kit.execution import Execution
from rebal_kit.findings import PolicyError


def test_it_prints_as_the_code_that_makes_it() -> None:
    execution = Execution("limit", 20.0, limit_days=3, wait_for_calm="own", max_volume_share=0.05)
    assert eval(repr(execution)) == execution
    assert repr(Execution()) == "Execution()"


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(PolicyError) as raised:
        Execution(
            "soon", -1.0, limit_days=0, otherwise="wait", wait_for_calm="quiet", calm_below=0.0, max_wait=1.5,
            max_volume_share=2.0,
        )  # fmt: skip
    assert [str(finding) for finding in raised.value.findings] == [
        "execution: fill is 'soon' — use close, next_open, limit",
        "execution: limit_bps is -1 — give basis points, 0 to under 10,000",
        "execution: limit_days is 0 — give 1 or more sessions",
        "execution: max_wait is 1.5, not a whole number — give 1 or more sessions",
        "execution: otherwise is 'wait' — use close or cancel",
        "execution: wait_for_calm is 'quiet' — use own or vix",
        "execution: calm_below is 0 — give a number above 0: times the usual volatility, or points of the index",
        "execution: max_volume_share is 2 — give a fraction above 0, up to 1",
    ]
