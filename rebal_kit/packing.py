"""Arrays that hold one value nearly everywhere, as what differs from it: a small thing to send to another process."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Packed(NamedTuple):
    """An array of `shape` that is `usual` but at some places."""

    shape: tuple[int, ...]
    usual: Any
    places: np.ndarray
    values: np.ndarray


def pack(array: np.ndarray, usual: float | bool) -> np.ndarray | Packed:
    """Return a contiguous array packed, or as it is where that would be no smaller. Every bit comes back."""
    value = array.dtype.type(usual)
    bits = np.dtype(f"u{array.dtype.itemsize}")
    flat = array.reshape(-1)
    # By their bits: a NaN is no different from itself, and -0.0 is from 0.0.
    places = np.flatnonzero(flat.view(bits) != value.view(bits))
    if places.nbytes + places.size * array.itemsize >= array.nbytes:
        return array
    return Packed(array.shape, value, places, flat[places])


def unpack(held: np.ndarray | Packed) -> np.ndarray:
    """Return the array that was packed."""
    if not isinstance(held, Packed):
        return held
    flat = np.full(int(np.prod(held.shape)), held.usual, held.values.dtype)
    flat[held.places] = held.values
    return flat.reshape(held.shape)
