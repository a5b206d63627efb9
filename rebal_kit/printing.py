"""Frozen values print as the code that makes them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def code_of(value: Any) -> str:
    """Return the constructor call that makes `value`, leaving out fields at their defaults."""
    shown = []
    for item in fields(value):
        given = getattr(value, item.name)
        default = item.default_factory() if callable(item.default_factory) else item.default
        if given != default:
            shown.append(f"{item.name}={given!r}")
    return f"{type(value).__name__}({', '.join(shown)})"
