"""Many histories, made one at a time: bootstrap paths are never all in memory, nor sent anywhere."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rebal_kit.checking import check_kind, check_number
from rebal_kit.findings import Finding, MarketError, raise_errors
from rebal_kit.market import Market

#: Python counts no further.
_MOST = 2**63 - 1


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

    def __post_init__(self) -> None:
        raise_errors(MarketError, self._check())
        object.__setattr__(self, "count", int(self.count))

    def _check(self) -> Iterator[Finding]:
        if not callable(self.make):
            what = f"make is {reprlib.repr(self.make)}"
            yield Finding("error", "paths", what, "give a function from the number of a path to its Market")
        remedy = "give a whole number of paths, 0 or more"
        yield from check_number("paths", "count", self.count, remedy, least=0, most=_MOST, whole=True)
        yield from check_kind("paths", "key", self.key, str, "give text, or leave it out")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> Market:
        if not 0 <= at < self.count:
            raise IndexError(at)
        market = self.make(at)
        remedy = "let make return a Market for every number"
        raise_errors(MarketError, check_kind("paths", f"path {at}", market, Market, remedy))
        return market
