"""The whole engine, compiled and as plain Python: the same bits in every table of every run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rebal_kit
from tests.agreement.scenarios import digest, scenarios

pytestmark = pytest.mark.compiled
ROOT = Path(rebal_kit.__file__).parents[1]


def test_compiled_and_interpreted_runs_are_the_same_bits() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    plain = subprocess.Popen(
        [sys.executable, "-m", "tests.agreement.scenarios"], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    runs = dict(scenarios())
    printed, _ = plain.communicate(timeout=300)
    assert plain.returncode == 0
    answer = json.loads(printed)
    assert answer["interpreted"]
    assert answer["found"] == {name: digest(run) for name, run in runs.items()}
    # The scenarios are worth comparing: each kind of event happens in some of them.
    assert all(len(run.journal) > 5 for run in runs.values())
    for measure in ("harvested", "disallowed", "tax_paid", "realized_short", "realized_long", "cost"):
        assert any(run.metrics[measure] != 0 for run in runs.values()), measure
    reasons = {code for run in runs.values() for code in run.journal["reason_code"]}
    assert set(range(1, 10)) <= reasons
