"""Where the data that comes with the project lies."""

from __future__ import annotations

import os
from pathlib import Path


def shipped_data() -> Path:
    """Return the project's data folder: ``REBAL_DATA`` if set, else ``data`` beside the package. It may not exist."""
    given = os.environ.get("REBAL_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[1] / "data"
