"""Many histories, made one at a time: bootstrap paths are never all in memory, nor sent anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rebal_kit.market import Market


@dataclass(frozen=True)
class Paths:
    """A lazy sequence of markets for a sweep.

    Attributes
    ----------
    make : callable
        From the number of a path, from 0, to its market; the same for the same number, in every process. What is to
        run on a cluster must pickle: a function of a module, or a frozen dataclass with ``__call__``.
    count : int
    key : str
        Names what `make` makes: generator, seed, prices. Kept rows of a path are found by it, and a change of the
        generator that leaves it as it is goes unnoticed. Without one each path is made to be looked at.
    """

    make: Callable[[int], Market]
    count: int
    key: str = ""

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> Market:
        if not 0 <= at < self.count:
            raise IndexError(at)
        return self.make(at)
