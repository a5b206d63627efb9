"""JSON in one spelling, so that equal values have equal hashes: what a proposal is known by, and a line of the log."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: So many digits of a proposal's hash are its id.
ID_DIGITS = 12


def canonical(value: Any) -> str:
    """Return plain values as JSON in one spelling: keys sorted, no blanks, ASCII only.

    Raises
    ------
    TypeError, ValueError, RecursionError
        A value is none of JSON's: a date, NaN, an infinity, nested without end.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of plain values in that spelling, as 64 hex digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
