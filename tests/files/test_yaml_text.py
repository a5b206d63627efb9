"""YAML without its surprises: text stays text, and every problem has a line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files import yaml_text
from rebal_kit.files.yaml_text import read_yaml, write_yaml


class WithoutLibyaml(yaml.SafeLoader):
    """What reads YAML where PyYAML was built without libyaml."""

    yaml_implicit_resolvers = yaml_text._Reader.yaml_implicit_resolvers


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    document = read_yaml(write_yaml(value), "x")
    assert document.findings == ()
    assert document.data == value
    assert repr(document.data) == repr(value)  # 1, 1.0 and True are equal but not the same


@pytest.mark.parametrize(
    ("text", "value"),
    [("NO", "NO"), ("ON", "ON"), ("y", "y"), ("010", "010"), ("1:30", "1:30"), ("1_000", "1_000"),
     ("2012-02-30", "2012-02-30"), ("0x1F", "0x1F"), ("'5'", "5"), ("5", 5), ("-1e3", -1000.0), (".5", 0.5),
     ("true", True), (".nan", ".nan"), ("=", "="), ("<<", "<<")],
)  # fmt: skip
def test_plain_scalars(text: str, value: object) -> None:
    document = read_yaml(f"a: {text}", "x")
    assert document.findings == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_every_field_knows_its_line() -> None:
    document = read_yaml("a: 1\nb:\n  - c: 2\n  - d: {e: 3,\n      f: 4}\n", "file.yaml")
    assert document.lines[("b", 1, "d", "f")] == 5
    assert document.where(("b", 1, "d", "f")) == "file.yaml line 5, b[1].d.f"
    assert document.where(("b", 0, "missing")) == "file.yaml line 3, b[0].missing"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 1\nb: 2\na: 3", "x line 3, a", "is given twice, first in line 1"),
        ("a: &n 1\nb: *n", "x line 2, b", "is an alias, *n"),
        ("a:\nb: 1", "x line 1, a", "has no value"),
        ("a: !!python/name:os.system", "x line 1, a", "has the tag tag:yaml.org,2002:python/name:os.system"),
        ("a: !x [1]", "x line 1, a", "has the tag !x"),
        ("a: !!int z", "x line 1, a", "is 'z', which is no int"),
        ("true: 1", "x line 1", "has a name that is not text"),
        ("? [1]\n: 2", "x line 1", "has a name that is not text"),
        ("a: 1\n---\nb: 2", "x line 2", "starts a second document"),
        ("# nothing", "x line 1", "holds no values"),
        ("a: " + "[" * 60 + "]" * 60, "x line 1, a[0][0]", "is nested more than 40 deep"),
    ],
)
def test_problems_have_lines(text: str, where: str, what: str) -> None:
    findings = read_yaml(text, "x").findings
    assert [(f.where, f.what) for f in findings] == [(where, what)]
    assert findings[0].remedy


@pytest.mark.parametrize(
    "text", ["a: [1", "a: 'b", "a:\n\t- 1", "a: b: c", "\x01", "- a\nb: 1", "%FOO\n", "a: @b"]
)
@pytest.mark.parametrize("reader", [yaml_text._Reader, WithoutLibyaml], ids=["libyaml", "pure"])
def test_broken_yaml_is_one_finding(text: str, reader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_Reader", reader)
    document = read_yaml(text, "x")
    (finding,) = document.findings
    assert finding.what.startswith("is not YAML: ")
    assert document.data is None


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    findings = read_yaml("\n".join(lines), "x").findings
    assert len(findings) == 78
    assert {f.what[:11] for f in findings} == {"is an alias"}


def test_very_deep_nesting_stops_early() -> None:
    assert [f.remedy for f in read_yaml("[" * 200_000, "x").findings] == ["check brackets and indentation"]
