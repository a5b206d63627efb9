"""The schemas that editors use are those of the models, and the bundled files name and obey them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rebal_kit.files.bundled import bundled_folder
from rebal_kit.files.schema import schemas, write_schemas
from rebal_kit.files.yaml_text import read_yaml

SCHEMA_OF = {
    "households": "household.schema.json",
    "policies": "policy.schema.json",
    "ledgers": "household.schema.json",
    "sweeps": "sweep.schema.json",
}
FILES = sorted(
    path for folder in SCHEMA_OF for path in (bundled_folder("schemas").parent / folder).glob("*.yaml")
)


def test_stored_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    stored = {
        path.name: path.read_text(encoding="utf-8") for path in bundled_folder("schemas").glob("*.json")
    }
    assert stored == schemas(), "run: python -m rebal_kit.files.schema"
    assert {path.name: path.read_text(encoding="utf-8") for path in write_schemas(tmp_path)} == stored


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bundled_files_name_and_obey_their_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named, "the first line tells editors which schema to use"
    schema_path = (path.parent / named[1]).resolve()
    assert schema_path == bundled_folder("schemas").resolve() / SCHEMA_OF[path.parent.name]
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    assert list(misfits(read_yaml(text, path.name).data, schema, schema)) == []


def misfits(value: Any, node: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
    """Check what editors check first: known names, required names, choices; enough to notice a wrong schema."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    if "anyOf" in node:
        return min((misfits(value, choice, schema, path) for choice in node["anyOf"]), key=len)
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "number": (int, float),
        "integer": int,
    }
    if "type" in node and not isinstance(value, kinds[node["type"]]):
        return [f"{path} is no {node['type']}"]
    if "enum" in node and value not in node["enum"]:
        return [f"{path} is {value}"]
    if "pattern" in node and not re.search(node["pattern"], value):
        return [f"{path} is {value}"]
    if isinstance(value, list):
        return [
            m for i, item in enumerate(value) for m in misfits(item, node["items"], schema, f"{path}[{i}]")
        ]
    if not isinstance(value, dict):
        return []
    fields, extra = node.get("properties", {}), node.get("additionalProperties")
    found = [f"{path} lacks {name}" for name in node.get("required", ()) if name not in value]
    for name, item in value.items():
        if name in fields or isinstance(extra, dict):
            found += misfits(item, fields.get(name, extra), schema, f"{path}.{name}")
        else:
            found.append(f"{path} has no {name}")
    return found


def test_a_blank_value_is_no_choice() -> None:
    assert "null" not in "".join(schemas().values())


def test_a_misfit_is_noticed() -> None:
    schema = json.loads(schemas()["household.schema.json"])
    bad = {"acounts": [], "accounts": [{"name": "A", "type": "bank"}], "complete": "yes"}
    assert misfits(bad, schema, schema) == [
        " has no acounts", ".accounts[0] lacks owner", ".accounts[0].type is bank", ".complete is no boolean",
    ]  # fmt: skip
