"""From pydantic's errors to findings a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rebal_kit.files.reading import did_you_mean
from rebal_kit.files.yaml_text import Path
from rebal_kit.findings import Finding, RebalError

_EXPECTED = {
    "float_type": "a number", "int_type": "a whole number", "int_from_float": "a whole number",
    "bool_type": "true or false", "string_type": "text", "list_type": "a list", "tuple_type": "a list",
    "dict_type": "named values", "model_type": "named values", "model_attributes_type": "named values",
}  # fmt: skip
_BOUNDS = {
    "greater_than": "above", "greater_than_equal": "at least", "less_than": "below", "less_than_equal": "at most",
}  # fmt: skip


def explain(
    error: ValidationError, model: type[BaseModel], data: Any, where: Callable[[Path], str],
    reported: frozenset[Path] = frozenset(),
) -> list[Finding]:  # fmt: skip
    """Return a located finding for every validation error.

    Parameters
    ----------
    error : ValidationError
    model : type
        What `data` was checked against; its field descriptions become remedies.
    data : mapping or list
        The values as read.
    where : callable
        From a field path to the place a message names.
    reported : frozenset of path
        Fields about which something was said before.
    """
    schema = _schema(model)
    findings: list[Finding] = []
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"], data, missing=detail["type"] == "missing")
        if not any(path and known[: len(path)] == path for known in reported):
            findings += _findings(detail, path, where(path), schema)
    return findings


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's JSON schema; to make one takes longer than to read a thousand rows."""
    return model.model_json_schema()


def _path(loc: tuple[int | str, ...], data: Any, missing: bool) -> Path:
    """Return the part of pydantic's location that stands in the file; the rest names alternatives of a union."""
    path: list[str | int] = []
    for at, step in enumerate(loc):
        held = isinstance(data, dict) and step in data
        if held or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            path.append(step)
            data = data[step]
        elif missing and at == len(loc) - 1:
            path.append(step)
    return tuple(path)


def _findings(detail: ErrorDetails, path: Path, place: str, schema: dict[str, Any]) -> list[Finding]:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, RebalError):
        return [Finding(f.severity, place, f"{f.where}: {f.what}", f.remedy) for f in cause.findings]
    if kind == "refused":
        return [Finding("error", place, context["what"], context["remedy"])]
    node = _descend(schema, path)
    if kind == "missing":
        return [Finding("error", place, "is missing", _described(node, "add it"))]
    if kind == "extra_forbidden":
        known = _descend(schema, path[:-1]).get("properties", {})
        return [Finding("error", place, f"unknown field '{path[-1]}'", did_you_mean(path[-1], known))]
    shown = _shown(value)
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return [Finding("error", place, f"is {shown}", did_you_mean(value, choices))]
    if kind in _BOUNDS:
        bound = next(iter(context.values()))
        return [Finding("error", place, f"is {shown}", f"give a number {_BOUNDS[kind]} {bound:g}")]
    if kind in _EXPECTED:
        remedy = _type_remedy(kind, value, node) if path else "see the examples in data/"
        return [Finding("error", place, f"is {shown}, not {_EXPECTED[kind]}", remedy)]
    if kind in ("too_short", "too_long"):
        return [Finding("error", place, f"is {shown}", _described(node, detail["msg"]))]
    return [Finding("error", place, f"is {shown}: {detail['msg']}", _described(node, "check the value"))]


def _type_remedy(kind: str, value: Any, node: dict[str, Any]) -> str:
    if kind == "bool_type":
        return "write true or false"
    if kind == "string_type" and isinstance(value, (int, float)):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind in ("float_type", "int_type") and isinstance(value, str) and (advice := separators(value)):
        return advice
    return _described(node, f"give {_EXPECTED[kind]}")


def separators(value: str) -> str:
    """Return advice for a number with thousands separators, currency signs or blanks, and nothing for other text."""
    bare = re.sub(r"[\s,_'’$]", "", value)
    if bare != value and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", bare):
        return f"write it without separators, signs or blanks: {bare}"
    return ""


def _described(node: dict[str, Any], otherwise: str) -> str:
    description = str(node.get("description", "")).partition("\n")[0]
    if not description:
        return otherwise
    first = description.partition(" ")[0]
    start = (
        description if len(first) > 1 and first[:2].isupper() else description[0].lower() + description[1:]
    )
    return f"give {start.rstrip('.')}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "named values"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _descend(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the schema of the field at `path`, as far as it is described."""
    node: dict[str, Any] = schema
    for step in path:
        node = _resolved(node, schema)
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            extra = node.get("additionalProperties")
            node = node.get("properties", {}).get(step) or (extra if isinstance(extra, dict) else {})
    described = node.get("description")
    node = _resolved(node, schema)
    return {**node, "description": described} if described else node


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for choice in node.get("anyOf", ()):
        if "$ref" in choice or choice.get("type") in ("object", "array"):
            node = choice
            break
    if "$ref" in node:
        target: dict[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return target
    return node
