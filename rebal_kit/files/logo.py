"""A firm's logo: a PNG or an SVG file that is safe to stand inside a page."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from rebal_kit.files.reading import read_bytes
from rebal_kit.findings import Finding, RebalError, raise_errors

#: Bytes of a file, and pixels of a PNG's side, beyond which it is no logo.
MAX_BYTES, MAX_SIDE = 300_000, 4_000
_PNG = b"\x89PNG\r\n\x1a\n"
#: What an SVG may draw with. Nothing that runs, loads, moves, or holds foreign content.
_DRAWN = frozenset(
    ("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
     "tspan", "title", "desc", "metadata", "style", "linearGradient", "radialGradient", "stop", "clipPath", "mask",
     "pattern", "filter", "feGaussianBlur", "feOffset", "feBlend", "feFlood", "feComposite", "feMerge",
     "feMergeNode", "feColorMatrix", "marker")
)  # fmt: skip
_OUTSIDE = re.compile(r"url\(\s*(?!['\"]?\s*#)|@import|expression\s*\(|javascript:|\\", re.IGNORECASE)
_SPACE = "http://www.w3.org/2000/svg"


class FirmError(RebalError):
    """A firm's file, or its logo, cannot be what was given."""


@dataclass(frozen=True)
class Logo:
    """A picture that a page may hold.

    Attributes
    ----------
    kind : {'png', 'svg'}
    data : bytes
    """

    kind: Literal["png", "svg"]
    data: bytes

    def __repr__(self) -> str:
        return f"<Logo: {self.kind}, {len(self.data):,} bytes>"


def load_logo(path: Path) -> Logo:
    """Return the logo in a file.

    An SVG that holds scripts, animations, foreign content, entities or a reference to anything outside is refused, and
    not mended: what is left of it might not be the firm's logo.

    Raises
    ------
    FirmError
        With everything that is wrong with it.
    """
    where, data = str(path), read_bytes(path, FirmError)
    if len(data) > MAX_BYTES:
        what = f"has {len(data):,} bytes, more than {MAX_BYTES:,}"
        raise FirmError(Finding("error", where, what, "save a smaller picture"))
    if data.startswith(_PNG):
        raise_errors(FirmError, _wrong_png(data, where))
        return Logo("png", data)
    raise_errors(FirmError, _wrong_svg(data, where))
    return Logo("svg", data)


def _wrong_png(data: bytes, where: str) -> Iterator[Finding]:
    if len(data) < 33 or data[12:16] != b"IHDR" or data[-8:-4] != b"IEND":
        yield Finding("error", where, "is a PNG that is not complete", "save it again")
        return
    sides = struct.unpack(">II", data[16:24])
    if not all(0 < side <= MAX_SIDE for side in sides):
        what = f"is {sides[0]:,} by {sides[1]:,} pixels"
        yield Finding("error", where, what, f"give at most {MAX_SIDE:,} pixels a side")


def _wrong_svg(data: bytes, where: str) -> Iterator[Finding]:
    remedy = "save it as plain SVG, or as PNG"
    lower = data.lower()
    if b"<!doctype" in lower or b"<!entity" in lower or b"<?xml-stylesheet" in lower or b"\0" in data:
        yield Finding("error", where, "holds a DOCTYPE, an entity or a style sheet of its own", remedy)
        return
    try:
        root = ET.fromstring(data)  # noqa: S314 - without a DOCTYPE there are no entities to expand
    except (ET.ParseError, ValueError, LookupError):
        yield Finding("error", where, "is neither a PNG nor an SVG picture", "give a PNG or SVG file")
        return
    if root.tag != f"{{{_SPACE}}}svg":
        yield Finding("error", where, "is XML, but no SVG picture", "give a PNG or SVG file")
        return
    for problem in dict.fromkeys(_unsafe(root)):
        yield Finding("error", where, problem, remedy)


def _unsafe(root: ET.Element) -> Iterator[str]:
    for node in root.iter():
        space, _, name = str(node.tag).rpartition("}")
        if space.removeprefix("{") == _SPACE and name not in _DRAWN:
            yield f"holds <{name[:40]}>, which a logo has no need of"
        elif space.removeprefix("{") != _SPACE and name.lower() in (
            "script",
            "iframe",
            "object",
            "embed",
            "a",
        ):
            yield f"holds <{name[:40]}> of another vocabulary"
        for key, value in node.attrib.items():
            plain = key.rpartition("}")[2].lower()
            if plain.startswith("on"):
                yield f"holds {plain[:40]}=, which runs a script"
            elif plain in ("href", "src") and not value.strip().startswith("#"):
                yield "refers to something outside the file"
            elif _OUTSIDE.search(value):
                yield f"refers to something outside the file in {plain[:40]}="
        if name == "style" and _OUTSIDE.search("".join(node.itertext())):
            yield "refers to something outside the file in its style"
