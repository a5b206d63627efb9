"""What all tests share: which of the two doors is tested, repeatable examples, none of the user's own settings."""

from __future__ import annotations

import os

import hypothesis
import pytest

# The examples are the same in every run, so that a red test stays red; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other run what makes sense there only: see the markers in pyproject.toml."""
    elsewhere = "compiled" if INTERPRETED else "interpreted"
    left = [item for item in items if item.get_closest_marker(elsewhere)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the user may have set for himself away from the tests."""
    for name in ("REBAL_DATA", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
