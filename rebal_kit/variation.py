"""A frozen value with one field, however deep inside, set to something else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from rebal_kit.findings import Finding, PolicyError


def with_field(value: Any, path: list[str], new: Any, whole: str) -> Any:
    """Return `value` with the field at `path`, digits for places in a tuple, set to `new`.

    Raises
    ------
    PolicyError
        The path, called `whole` by whoever gave it, leads nowhere.
    """
    head, rest = path[0], path[1:]
    if isinstance(value, tuple) and head.isdigit() and int(head) < len(value):
        at = int(head)
        inner = with_field(value[at], rest, new, whole) if rest else new
        return (*value[:at], inner, *value[at + 1 :])
    if not is_dataclass(value) or isinstance(value, type) or head not in {f.name for f in fields(value)}:
        raise PolicyError(
            Finding("error", "policy grid", f"'{whole}' names no field", f"'{head}' is not in {value!r}")
        )
    inner = with_field(getattr(value, head), rest, new, whole) if rest else new
    return replace(value, **{head: inner})
