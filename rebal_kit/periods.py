"""Periods of the calendar: something is due on the first session of each."""

from __future__ import annotations

from typing import Literal

Every = Literal["session", "week", "month", "quarter", "half-year", "year"]
EVERY: tuple[Every, ...] = ("session", "week", "month", "quarter", "half-year", "year")
