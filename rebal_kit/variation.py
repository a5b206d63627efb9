"""A frozen value with some of its fields, however deep inside, set to something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rebal_kit.findings import Finding, PolicyError

#: The names that lead to a field, and digits for places in a tuple.
Steps = tuple[str, ...]

_PLACE = re.compile(r"\[(\d+)\]")


def steps_of(name: str) -> Steps:
    """Return the steps of ``triggers[0].band.absolute``; as a keyword that is ``triggers__0__band__absolute``."""
    return tuple(_PLACE.sub(r".\1", name).replace("__", ".").split("."))


def with_fields(value: Any, changes: Iterable[tuple[Steps, Any]], inside: Steps = ()) -> Any:
    """Return `value` with the field at each of the steps, digits for places in a tuple, set to something else.

    All at once: what fields may be together is looked at when all of them are set. A field inside one that is set as
    well is set in that. `inside` are the steps that led to `value`, for messages.

    Raises
    ------
    PolicyError
        Some steps lead nowhere.
    RebalError
        A field cannot be that.
    """
    deeper: dict[str, list[tuple[Steps, Any]]] = {}
    for steps, new in changes:
        if steps:
            deeper.setdefault(steps[0], []).append((steps[1:], new))
        else:
            value = new
    if not deeper:
        return value
    items = list(value) if isinstance(value, (tuple, list)) else [value]  # one trigger needs no tuple
    if all(head.isdigit() and int(head) < len(items) for head in deeper):
        for head, more in deeper.items():
            items[int(head)] = with_fields(items[int(head)], more, (*inside, head))
        return tuple(items)
    for head in deeper:
        if head not in _names(value):
            raise PolicyError(Finding("error", "field", f"'{head}' is none", trouble(value, (head,), inside)))
    new_values = {
        head: with_fields(getattr(value, head), more, (*inside, head)) for head, more in deeper.items()
    }
    return replace(value, **new_values)


def trouble(value: Any, steps: Steps, inside: Steps = ()) -> str:
    """Say where `steps` leave what `value` holds, and what there is instead; nothing where they lead to a field."""
    for at, step in enumerate(steps):
        if isinstance(value, tuple) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif step in _names(value):
            value = getattr(value, step)
        else:
            return _instead(value, _written((*inside, *steps[:at])))
    return ""


def _written(steps: Steps) -> str:
    return "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps).removeprefix(".")


def _names(value: Any) -> tuple[str, ...]:
    return tuple(getattr(type(value), "__dataclass_fields__", ()))


def _instead(value: Any, path: str) -> str:
    """Say what there is where a step leads nowhere."""
    if isinstance(value, tuple):
        held = f"places 0 to {len(value) - 1}" if value else "nothing"
        return f"{path} has {held}, written {path}[0]"
    names = _names(value)
    if names:
        return f"{path or type(value).__name__} has {', '.join(names)}"
    return f"{path} is {value!r}: set {path} itself, or begin with a policy that has one"
