"""Whether a value can be what a field holds, said as findings that name the place, the value and the remedy.

The nouns are made in Python as well as from files; what a file's reader would refuse, their constructors refuse too.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from numbers import Real
from typing import Any, TypeVar

from rebal_kit.findings import Finding

_T = TypeVar("_T")
#: The largest finite number.
HUGE = math.nextafter(math.inf, 0.0)


def is_number(value: Any) -> bool:
    """Whether `value` is a number; True and False are none, NaN and infinities are."""
    return isinstance(value, (float, int, Real)) and not isinstance(value, bool)


def written(value: Any) -> str:
    """Return a number as messages say it, also one that is larger than the largest of floats."""
    for number in (lambda: value, lambda: float(value)):
        try:
            return f"{number():g}"
        except (OverflowError, TypeError, ValueError):
            continue
    return f"{'-' if value < 0 else ''}10^{int(math.log10(abs(value)))} or so"


def check_number(
    where: str, name: str, value: Any, remedy: str = "give a number", *, least: float = -HUGE,
    most: float = HUGE, below: float = math.inf, whole: bool = False,
) -> Iterator[Finding]:  # fmt: skip
    """Find a value that is no number, NaN, out of bounds, beyond all floats, or not whole where it must be.

    Parameters
    ----------
    where, name : str
        The noun and its field.
    value : Any
    remedy : str
    least, most : float
        Bounds that are allowed themselves; an infinite number only where `most` is infinite.
    below : float
        A bound that is not allowed itself, where it is finite.
    whole : bool
    """
    if not is_number(value):
        yield Finding("error", where, f"{name} is {value!r}, not a number", remedy)
    elif not least <= value <= most or (below < math.inf and value >= below) or HUGE < value < math.inf:
        yield Finding("error", where, f"{name} is {written(value)}", remedy)
    elif whole and value != value // 1:
        yield Finding("error", where, f"{name} is {written(value)}, not a whole number", remedy)


def check_amount(where: str, name: str, value: Any) -> Iterator[Finding]:
    """Find a value that is no number of 0 or more; so much that nothing reaches it is a way to say never."""
    yield from check_number(where, name, value, "give 0 or more", least=0, most=math.inf)


def check_fraction(where: str, name: str, value: Any) -> Iterator[Finding]:
    """Find a value that is no fraction of 1, and the 5 that was to be 5 %."""
    if is_number(value) and 1 < value <= HUGE / 100:
        remedy = f"{value:g} means {value * 100:g} %; for {value:g} % write {value / 100:g}"
        yield Finding("error", where, f"{name} is {value:g}", remedy)
    else:
        yield from check_number(where, name, value, "give a fraction from 0 to 1", least=0, most=1)


def check_text(where: str, name: str, value: Any, remedy: str = "give text") -> Iterator[Finding]:
    """Find a value that is no text, or blank."""
    if not isinstance(value, str):
        yield Finding("error", where, f"{name} is {value!r}, not text", remedy)
    elif not value.strip():
        yield Finding("error", where, f"{name} is empty", remedy)


def check_flag(where: str, name: str, value: Any) -> Iterator[Finding]:
    """Find a value that is neither True nor False."""
    if not isinstance(value, bool):
        yield Finding("error", where, f"{name} is {value!r}", "give True or False")


def check_choice(
    where: str, name: str, value: Any, choices: Collection[str], remedy: str
) -> Iterator[Finding]:
    """Find a value that is none of `choices`."""
    if not isinstance(value, str) or value not in choices:
        yield Finding("error", where, f"{name} is {value!r}", remedy)


def check_kind(where: str, name: str, value: Any, kind: type, remedy: str) -> Iterator[Finding]:
    """Find a value that is no `kind`."""
    if not isinstance(value, kind):
        yield Finding("error", where, f"{name} is {value!r}, no {kind.__name__}", remedy)


def check_date(where: str, name: str, value: Any, *, optional: bool = False) -> Iterator[Finding]:
    """Find a value that is no date; None is as good where it is `optional`."""
    if not isinstance(value, dt.date) and not (optional and value is None):
        yield Finding(
            "error", where, f"{name} is {value!r}, not a date", "give a date such as date(2024, 1, 2)"
        )


def check_once(where: str, values: Iterable[Any], what: str, remedy: str) -> Iterator[Finding]:
    """Find values that are there more than once; `what` says so, with ``{}`` for the value."""
    seen: set[Any] = set()
    said: set[Any] = set()
    for value in values:
        if value in seen and value not in said:
            said.add(value)
            yield Finding("error", where, what.format(value), remedy)
        seen.add(value)


def of_kind(kind: type[_T], items: Iterable[Any]) -> list[_T]:
    """Return the items that are what they should be."""
    return [item for item in items if isinstance(item, kind)]


def as_day(value: Any) -> Any:
    """Return a date; the time of day of a datetime is dropped. Anything else is handed back to be found."""
    return value.date() if isinstance(value, dt.datetime) else value


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return the items of a list or the like. One thing, text too, is the only item: to be found if it is wrong."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else (value,)


def as_pairs(value: Any) -> tuple[Any, ...]:
    """Return a mapping or a list of pairs as a tuple of pairs, with what is no pair left to be found."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    return tuple(tuple(item) if isinstance(item, (list, tuple)) else item for item in as_tuple(value))


def is_pair(item: Any) -> bool:
    """Whether `item` is a name with a value."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
