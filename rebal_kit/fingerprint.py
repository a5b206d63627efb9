"""By what a result is known again: prices, household, policy, and the sources that worked it out."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rebal_kit.market import FIELDS, Market

_PACKAGE = Path(__file__).parent
#: What a figure may depend on: all but what people see and where files come from. The law is among the rules.
_SOURCES = ("*.py", "rules/*.py", "rules/*.toml", "engine/*.py")
_NOT_THESE = ("__init__.py", "cli*.py", "sweep*.py")
#: What the last bit of a figure may depend on beside them.
_LIBRARIES = ("numba", "llvmlite", "numpy")


@cache
def engine_fingerprint() -> str:
    """Return the hash of rule book, engine and encoding, with the versions of what compiles them."""
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for pattern in _SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            if not any(path.match(other) for other in _NOT_THESE):
                digest.update(path.relative_to(_PACKAGE).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def market_fingerprint(market: Market) -> str:
    """Return the hash of everything of a market that a run reads."""
    digest = hashlib.sha256(repr((market.name, market.securities)).encode())
    digest.update(market.dates.tobytes())
    for name in (*FIELDS, "traded"):
        digest.update(getattr(market, name).data)
    if market.volatility_index is not None:
        digest.update(np.ascontiguousarray(market.volatility_index).data)
    return digest.hexdigest()


def text_fingerprint(*parts: object) -> str:
    """Return the hash of values that print as the code that makes them."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
