"""Named tuples by reference: the same fields, whole tuples inside them, and nothing copied."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import pytest

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled, inner


class Switches(NamedTuple):
    on: bool
    off: bool


class Inside(NamedTuple):
    rate: float
    switches: Switches
    grid: np.ndarray


class Outside(NamedTuple):
    values: np.ndarray
    inside: Inside
    count: int


@inner
def add(held: Outside, at: int) -> float:
    inside = held.inside
    held.values[at] += inside.rate * held.count
    inside.grid[0, at] = held.values[at]
    return held.values[at] if inside.switches.on and not inside.switches.off else -1.0


@compiled
def total(held: Outside) -> float:
    held = by_reference(held)
    found = 0.0
    for at in range(len(held.values)):
        found += add(held, at)
    return found + held.inside.grid.shape[0]


def outside(size: int = 4) -> Outside:
    return Outside(np.arange(float(size)), Inside(0.5, Switches(True, False), np.zeros((2, size))), 3)


def test_fields_are_read_and_arrays_written_in_place() -> None:
    held = outside()
    assert total(held) == 0 + 1 + 2 + 3 + 4 * 1.5 + 2
    assert held.values.tolist() == [1.5, 2.5, 3.5, 4.5]
    assert held.inside.grid[0].tolist() == [1.5, 2.5, 3.5, 4.5]


def test_each_call_has_a_reference_of_its_own() -> None:
    first, second = outside(2), outside(3)
    assert (total(first), total(second), total(first)) == (6.0, 9.5, 9.0)


@pytest.mark.compiled
def test_a_reference_has_no_other_fields_and_no_way_out() -> None:
    @numba.njit
    def wrong(held: Outside) -> float:
        return by_reference(held).missing  # type: ignore[attr-defined]

    with pytest.raises(numba.TypingError, match="missing"):
        wrong(outside())
