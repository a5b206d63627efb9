"""`make test-bounds` is worth its name: there an index outside an array is an error, inside inner functions too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import numpy as np
from rebal_kit.compiled import compiled, inner


@inner
def write(page, k):
    lot = page[0, k]
    lot.quantity = 1.0


@compiled
def overflow(page, k):
    write(page, k)


lots = np.zeros((2, 3), [("quantity", "f8")]).view(np.recarray)
overflow(lots, 2)
try:
    overflow(lots, 3)
except IndexError:
    print("caught")
"""


@pytest.mark.compiled
def test_an_index_outside_an_array_is_caught(tmp_path):
    program = tmp_path / "overflow.py"
    program.write_text(PROGRAM, encoding="utf-8")
    settings = {"NUMBA_BOUNDSCHECK": "1", "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(program)], env=os.environ | settings, capture_output=True, text=True, check=True
    )
    assert done.stdout == "caught\n"
