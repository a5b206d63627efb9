"""Account numbers: compared by their last digits, and shown by no more than those."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from rebal_kit.findings import Finding

#: So many of the last characters are shown; so many of them must agree before two numbers are taken for one.
SHOWN, ENOUGH = 4, 3

_SEPARATORS = re.compile(r"[^0-9A-Za-z]")
#: What has the look of an account number, wherever it stands; a day written as 20240105 has not.
_NUMBER = re.compile(r"(?<![0-9A-Za-z.,$])(?!(?:19|20)\d{6}(?!\d))[A-Za-z]?\d{7,12}(?![0-9A-Za-z]|[.,]\d)")
#: The same in groups, as brokers print them: 1234-5670, Z12-345678, 12 3456 7890 1234.
_GROUPED = re.compile(r"(?<![0-9A-Za-z.,$-])[A-Za-z]?\d(?:[ -]?\d){6,17}(?![0-9A-Za-z]|[.,]\d)")
_DAY = re.compile(r"(?:19|20)\d\d-?\d\d-?\d\d")


def tail(number: str) -> str:
    """Return the last characters of an account number, the part that may be seen and kept."""
    return _plain(number)[-SHOWN:]


def masked(number: str) -> str:
    """Return an account number as findings and tables show it."""
    return f"…{tail(number)}" if tail(number) else "without a number"


def same_account(one: str, other: str) -> bool:
    """Whether two numbers, each whole or only an ending, may mean one account."""
    a, b = _plain(one), _plain(other)
    return min(len(a), len(b)) >= ENOUGH and (a.endswith(b) or b.endswith(a))


def is_number(text: str) -> bool:
    """Whether a text has the look of an account number."""
    return _NUMBER.fullmatch(text) is not None


def holds_number(text: str, numbers: Iterable[str]) -> bool:
    """Whether one of the numbers stands in a text in full, however it is spaced."""
    return bool(_standing(text, _whole(numbers)))


def without_numbers(text: str) -> str:
    """Return a text in which of everything that has the look of an account number only the ending is shown."""
    return _GROUPED.sub(lambda found: found[0] if _DAY.fullmatch(found[0]) else masked(found[0]), text)


def hidden(findings: Iterable[Finding], numbers: Iterable[str]) -> list[Finding]:
    """Return findings in which no account number stands in full, be it in a cell or in a file's name.

    Parameters
    ----------
    findings : iterable of Finding
    numbers : iterable of str
        Those that are known; others are hidden where they have the look of one.
    """
    whole = _whole(numbers)

    def mask(text: str) -> str:
        known = sorted(_standing(text, whole), key=len, reverse=True)
        spaced = [f"(?i:{'[^0-9A-Za-z]*'.join(number)})" for number in known]
        return re.sub("|".join((*spaced, _NUMBER.pattern)), lambda found: masked(found[0]), text)

    return [replace(f, where=mask(f.where), what=mask(f.what), remedy=mask(f.remedy)) for f in findings]


def _plain(number: str) -> str:
    return _SEPARATORS.sub("", number).upper()


def _whole(numbers: Iterable[str]) -> dict[int, set[str]]:
    """Return the numbers of which more is told than may be shown, by how long they are."""
    whole: dict[int, set[str]] = {}
    for plain in map(_plain, numbers):
        if len(plain) > SHOWN:
            whole.setdefault(len(plain), set()).add(plain)
    return whole


def _standing(text: str, whole: Mapping[int, set[str]]) -> set[str]:
    """Return those of the numbers that stand in a text; looking up its pieces is fast where there are thousands."""
    plain = _plain(text)
    pieces = {length: {plain[at : at + length] for at in range(len(plain) - length + 1)} for length in whole}
    return {number for length, of_length in whole.items() for number in pieces[length] & of_length}
