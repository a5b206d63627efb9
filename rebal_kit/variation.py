"""A frozen value with one field, however deep inside, set to something else."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from rebal_kit.findings import Finding, PolicyError

_PLACE = re.compile(r"\[(\d+)\]")


def steps_of(name: str) -> tuple[str, ...]:
    """Return the steps of ``triggers[0].band.absolute``; as a keyword that is ``triggers__0__band__absolute``."""
    return tuple(_PLACE.sub(r".\1", name).replace("__", ".").split("."))


def with_field(value: Any, steps: tuple[str, ...], new: Any) -> Any:
    """Return `value` with the field at `steps`, digits for places in a tuple, set to `new`.

    Raises
    ------
    PolicyError
        The steps lead nowhere.
    RebalError
        The field cannot be that.
    """
    if not steps:
        return new
    head, rest = steps[0], steps[1:]
    if isinstance(value, tuple) and head.isdigit() and int(head) < len(value):
        at = int(head)
        return (*value[:at], with_field(value[at], rest, new), *value[at + 1 :])
    if head not in _names(value):
        raise PolicyError(Finding("error", "field", f"'{head}' is none", trouble(value, steps)))
    return replace(value, **{head: with_field(getattr(value, head), rest, new)})


def trouble(value: Any, steps: tuple[str, ...]) -> str:
    """Say where `steps` leave what `value` holds, and what there is instead; nothing where they lead to a field."""
    for at, step in enumerate(steps):
        if isinstance(value, tuple) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif step in _names(value):
            value = getattr(value, step)
        else:
            return _instead(value, ".".join(steps[:at]))
    return ""


def _names(value: Any) -> tuple[str, ...]:
    if not is_dataclass(value) or isinstance(value, type):
        return ()
    return tuple(item.name for item in fields(value))


def _instead(value: Any, path: str) -> str:
    """Say what there is where a step leads nowhere."""
    if isinstance(value, tuple):
        held = f"places 0 to {len(value) - 1}" if value else "nothing"
        return f"{path} has {held}, written {path}[0]"
    names = _names(value)
    if names:
        return f"{path or type(value).__name__} has {', '.join(names)}"
    return f"{path} is {value!r}: set {path} itself, or begin with a policy that has one"
