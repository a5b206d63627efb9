"""YAML to plain values and back, with the line of every field, and without YAML's surprises.

Only ``true``/``false``, decimal numbers and text are recognised: a ticker ``NO`` or ``ON`` stays a ticker, ``010`` and
``1:30`` stay text, and a date stays text until the field says that it is one. Aliases, tags, repeated keys and values
left blank are findings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from rebal_kit.findings import Finding

Path = tuple[str | int, ...]

_MAX_DEPTH = 40
_BOOL, _INT, _FLOAT, _NULL, _STR, _SEQ, _MAP = (
    f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null", "str", "seq", "map")
)
_PLAIN = (
    (_NULL, r"^(?:~|null|)$", ["~", "n", ""]),
    (_BOOL, r"^(?:true|false|True|False|TRUE|FALSE)$", list("tTfF")),
    (_INT, r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    (
        _FLOAT,
        r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.inf)$",
        list("-+0123456789."),
    ),
)

# libyaml where PyYAML was built with it, as a file near the size limit takes minutes without
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Reader(_Loader):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way of configuring a class


class _Writer(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _write_text(writer: _Writer, text: str) -> yaml.Node:
    # double quotes escape what does not print; other styles would fold foreign line ends into blanks
    return writer.represent_scalar(_STR, text, style=None if text.isprintable() else '"')


_Writer.add_representer(str, _write_text)

for _tag, _pattern, _first in _PLAIN:
    _Reader.add_implicit_resolver(_tag, re.compile(_pattern), _first)
    _Writer.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Attributes
    ----------
    name : str
        How messages call the file.
    data : mapping, list or scalar
    lines : dict of path to int
        Line of each field, counted from 1; a path is the keys and list positions that lead to it.
    findings : tuple of Finding
        What is wrong with the YAML as such.
    reported : frozenset of path
        Fields those findings are about, so that nothing is said about them twice.
    """

    name: str
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    reported: frozenset[Path] = frozenset()

    def where(self, path: Path) -> str:
        """Return file, line and field path as messages show them."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line = f" line {self.lines[known]}" if known in self.lines else ""
        return f"{self.name}{line}" + (f", {dotted(path)}" if path else "")


def dotted(path: Path) -> str:
    """Return a path as ``accounts[1].type``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def read_yaml(text: str, name: str) -> Document:
    """Parse the one document of `text`; what is wrong with it is in the result's findings."""
    builder = _Builder(name)
    try:
        data = builder.document(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{name} line {mark.line + 1}" if mark else name
        reason = getattr(problem, "problem", None) or getattr(problem, "reason", None) or "not readable"
        remedy = "indent with spaces, not tabs" if "\\t" in str(reason) or "tab" in str(reason) else (
            "check indentation, colons, brackets and quotes in this line and the one above"
        )  # fmt: skip
        builder.findings.append(Finding("error", where, f"is not YAML: {reason}", remedy))
        data = None
    except _TooDeepError:
        data = None
    return Document(name, data, builder.lines, tuple(builder.findings), frozenset(builder.reported))


def write_yaml(data: Any) -> str:
    """Return plain values as YAML that `read_yaml` reads back unchanged."""
    text: str = yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110)
    return text


class _TooDeepError(Exception):
    """Nesting that no household or policy has."""


class _Builder:
    """Values from YAML events, remembering lines."""

    events: Any

    def __init__(self, name: str):
        self.name = name
        self.lines: dict[Path, int] = {}
        self.findings: list[Finding] = []
        self.reported: set[Path] = set()

    def document(self, text: str) -> Any:
        self.events = _Reader(text)
        self.events.get_event()  # start of stream
        if self.events.check_event(yaml.StreamEndEvent):
            self._say((), 1, "holds no values", "see the examples in data/")
            return None
        self.events.get_event()  # start of document
        data = self._value((), set_line=True)
        self.events.get_event()  # end of document
        if not self.events.check_event(yaml.StreamEndEvent):
            line = self.events.peek_event().start_mark.line + 1
            self._say((), line, "starts a second document", "keep one document a file")
        return data

    def _say(self, path: Path, line: int, what: str, remedy: str) -> None:
        place = f"{self.name} line {line}" + (f", {dotted(path)}" if path else "")
        self.findings.append(Finding("error", place, what, remedy))
        self.reported.add(path)

    def _value(self, path: Path, set_line: bool) -> Any:
        event = self.events.get_event()
        line = event.start_mark.line + 1
        if set_line:
            self.lines[path] = line
        if isinstance(event, yaml.AliasEvent):
            self._say(path, line, f"is an alias, *{event.anchor}", "write the value out")
            return None
        if len(path) > _MAX_DEPTH:
            self._say(
                path[:3], line, f"is nested more than {_MAX_DEPTH} deep", "check brackets and indentation"
            )
            raise _TooDeepError
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line)
        expected = _SEQ if isinstance(event, yaml.SequenceStartEvent) else _MAP
        if event.tag not in (None, "!", expected):
            self._say(path, line, f"has the tag {event.tag}", "remove the tag")
        if expected == _SEQ:
            items: list[Any] = []
            while not self.events.check_event(yaml.SequenceEndEvent):
                items.append(self._value((*path, len(items)), set_line=True))
            self.events.get_event()
            return items
        return self._mapping(path)

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not self.events.check_event(yaml.MappingEndEvent):
            line = self.events.peek_event().start_mark.line + 1
            key = self._value(path, set_line=False)
            if not isinstance(key, str):
                shown = (
                    "text" if isinstance(key, (list, dict)) or key is None else f"text: put '{key}' in quotes"
                )
                self._say(path, line, "has a name that is not text", f"a name must be {shown}")
                key = str(key)
            if key in values:
                first = self.lines[(*path, key)]
                self._say((*path, key), line, f"is given twice, first in line {first}", "keep one")
                self._value((*path, key), set_line=False)
                continue
            self.lines[(*path, key)] = line
            values[key] = self._value((*path, key), set_line=False)
        self.events.get_event()
        return values

    def _scalar(self, event: Any, path: Path, line: int) -> Any:
        tag = event.tag
        if tag in (None, "!"):
            tag = self.events.resolve(yaml.ScalarNode, event.value, event.implicit)
        text: str = event.value
        try:
            if tag == _STR:
                return text
            if tag == _BOOL:
                return {"true": True, "false": False}[text.lower()]
            if tag == _INT:
                return int(text)
            if tag == _FLOAT:
                return float(text.replace(".inf", "inf"))
        except (ValueError, KeyError):
            self._say(
                path, line, f"is {text[:40]!r}, which is no {tag.rpartition(':')[2]}", "check the value"
            )
            return None
        if tag == _NULL:
            self._say(path, line, "has no value", "give one, or remove the line")
        else:
            self._say(path, line, f"has the tag {tag}", "remove the tag")
        return None
