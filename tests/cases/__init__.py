"""Worked cases of tax law that an accountant can read; see README.md beside this file."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
CATEGORIES = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def load_cases(category: str) -> list[dict[str, Any]]:
    """Return the cases of one file, e.g. ``load_cases("wash")``."""
    cases: list[dict[str, Any]] = json.loads((_FOLDER / f"{category}.json").read_text(encoding="utf-8"))
    return cases


def day(date: str) -> int:
    """Return the day number of an ISO date."""
    return (dt.date.fromisoformat(date) - dt.date(1970, 1, 1)).days
