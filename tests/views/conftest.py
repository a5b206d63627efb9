"""A studio with drafts and files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebal_kit.views.studio import studio
from rebal_kit.views.studio_page import Studio


@pytest.fixture(autouse=True)
def _own_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def page(tmp_path: Path) -> Studio:
    return studio(folder=tmp_path)
