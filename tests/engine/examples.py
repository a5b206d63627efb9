"""How many random examples a property of the engine is tried on."""

from __future__ import annotations

from hypothesis import settings

from rebal_kit.compiled import is_interpreted

_USUAL = 100


def examples(compiled: int, interpreted: int) -> int:
    """Return the number for this run, or more if the profile asks for more (`HYPOTHESIS_PROFILE=explore`)."""
    asked = settings().max_examples
    return asked if asked > _USUAL else interpreted if is_interpreted() else compiled
