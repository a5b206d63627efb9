"""JSON schemas of our YAML files, for editors: ``python -m rebal_kit.files.schema`` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rebal_kit.files.bundled import bundled_folder
from rebal_kit.files.fields import FileModel
from rebal_kit.files.firm import FirmFile
from rebal_kit.files.household_file import HouseholdFile
from rebal_kit.files.policy_file import PolicyFile
from rebal_kit.files.scenario import ScenarioFile
from rebal_kit.files.sweep_file import SweepFile

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """Return the text of each schema by file name."""
    models: dict[str, type[FileModel]] = {
        "firm.schema.json": FirmFile,
        "household.schema.json": HouseholdFile,
        "policy.schema.json": PolicyFile,
        "scenario.schema.json": ScenarioFile,
        "sweep.schema.json": SweepFile,
    }
    return {
        name: json.dumps({"$schema": _DRAFT, **_without_null(model.model_json_schema())}, indent=2) + "\n"
        for name, model in models.items()
    }


def _without_null(node: Any) -> Any:
    """Return a schema that, as the reader does, wants a line left out and not left blank."""
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _without_null(value) for key, value in node.items() if value is not None}
    choices = [choice for choice in plain.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del plain["anyOf"]
        return {**choices[0], **plain}
    return {**plain, "anyOf": choices} if choices else plain


def write_schemas(folder: Path | None = None) -> tuple[Path, ...]:
    """Write the schemas to `folder`, or to the bundled data, and return their paths."""
    target = folder or bundled_folder("schemas")
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        (target / name).write_text(text, encoding="utf-8")
        written.append(target / name)
    return tuple(written)


if __name__ == "__main__":
    write_schemas()
