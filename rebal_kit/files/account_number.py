"""Account numbers: compared by their last digits, and shown by no more than those."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from rebal_kit.findings import Finding

#: So many of the last characters are shown; so many of them must agree before two numbers are taken for one.
SHOWN, ENOUGH = 4, 3

_SEPARATORS = re.compile(r"[^0-9A-Za-z]")


def tail(number: str) -> str:
    """Return the last characters of an account number, the part that may be seen and kept."""
    return _SEPARATORS.sub("", number)[-SHOWN:].upper()


def masked(number: str) -> str:
    """Return an account number as findings and tables show it."""
    return f"…{tail(number)}" if tail(number) else "without a number"


def same_account(one: str, other: str) -> bool:
    """Whether two numbers, each whole or only an ending, may mean one account."""
    a, b = (_SEPARATORS.sub("", number).upper() for number in (one, other))
    return min(len(a), len(b)) >= ENOUGH and (a.endswith(b) or b.endswith(a))


def hidden(findings: Iterable[Finding], numbers: Iterable[str]) -> list[Finding]:
    """Return findings in which none of the account numbers stands in full, be it in a cell or in a file's name."""
    masks = {number: masked(number) for number in numbers if len(_SEPARATORS.sub("", number)) > SHOWN}
    masks |= {_SEPARATORS.sub("", number): mask for number, mask in masks.items()}
    if not masks:
        return list(findings)
    pattern = re.compile("|".join(map(re.escape, sorted(masks, key=len, reverse=True))))

    def mask(text: str) -> str:
        return pattern.sub(lambda found: masks[found[0]], text)

    return [replace(f, where=mask(f.where), what=mask(f.what), remedy=mask(f.remedy)) for f in findings]
