"""A firm's file and its logo: read with all problems at their places, and nothing in a logo runs or loads."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from rebal_kit.files.firm import COLOUR, Firm, load_firm
from rebal_kit.files.logo import MAX_BYTES, FirmError, load_logo

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
GOOD = """
name: Example & Example Advisers
address: ["120 Front Street", "Portland, ME 04101"]
contact: ["(207) 555-0142"]
logo: art/logo.svg
colour: "#1F4E5F"
disclosure: |
  First
  paragraph.

  Second one.
"""


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "logo.svg").write_text(
        SVG.format('<path d="M0 0h9v9z" fill="url(#a)"/>'), encoding="utf-8"
    )
    return tmp_path


def firm_of(folder: Path, text: str) -> Firm:
    path = folder / "firm.yaml"
    path.write_text(text, encoding="utf-8")
    return load_firm(path)


def problems(folder: Path, text: str) -> str:
    with pytest.raises(FirmError) as refused:
        firm_of(folder, text)
    return str(refused.value)


def test_a_firm_is_read(folder: Path) -> None:
    firm = firm_of(folder, GOOD)
    assert (firm.name, firm.address[1], firm.contact) == (
        "Example & Example Advisers",
        "Portland, ME 04101",
        ("(207) 555-0142",),
    )
    assert firm.colour == "#1F4E5F"
    assert firm.disclosure == ("First paragraph.", "Second one.")
    assert firm.logo is not None
    assert firm.logo.kind == "svg"
    assert b"<svg" not in repr(firm).encode()


def test_only_the_name_is_needed(folder: Path) -> None:
    assert firm_of(folder, "name: A") == Firm("A", colour=COLOUR)


def test_all_problems_are_said_with_their_lines(folder: Path) -> None:
    said = problems(
        folder,
        'name: ""\naddress: [a, b, c, d, e]\ncolour: "#FFEE00"\nphone: 1\nlogo: none.png\ncontact: [" x"]\n',
    )
    for part in (
        "line 1, name", "line 2, address", "line 3, colour", "contrast", "line 4, phone", "line 5, logo",
        "there is no such file", "line 6, contact",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name: A\ncolour: red", "is no colour"),
        ("name: A\ndisclosure: " + "x" * 901, "901 characters"),
        ("name: " + "x" * 61, "61 characters"),
        ("name: A\nname: B", "name"),
        ("- a", "firm.yaml"),
        ("name: A\nlogo: 3", "logo"),
        ("name: [", "is not YAML"),
        ('name: "a\\tb"', "do not print"),
    ],
)
def test_what_cannot_be_is_refused(folder: Path, text: str, part: str) -> None:
    assert part in problems(folder, text)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<image href="https://example.org/x.png"/>',
        '<use href="other.svg#a"/>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="https://example.org/x.svg#a"/>',
        '<rect fill="url(https://example.org/x)"/>',
        "<rect style=\"fill: url('https://example.org/x')\"/>",
        "<style>@import 'https://example.org/x.css';</style>",
        "<style>rect { fill: u\\72l(https://example.org/x) }</style>",
        "<foreignObject><p>x</p></foreignObject>",
        '<animate attributeName="href"/>',
        '<set attributeName="onload" to="alert(1)"/>',
        '<a href="#x"><rect/></a>',
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        '<g ONCLICK="alert(1)"/>',
    ],
)
def test_an_svg_that_runs_or_loads_is_refused(tmp_path: Path, inside: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(SVG.format(inside), encoding="utf-8")
    with pytest.raises(FirmError, match="save it as plain SVG"):
        load_logo(path)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;"),
        '<?xml-stylesheet href="x.css"?>' + SVG.format(""),
        "<svg/>",
        "<html/>",
        "GIF89a",
        SVG.format("<g>"),
    ],
)
def test_what_is_no_plain_picture_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FirmError):
        load_logo(path)


def test_a_style_that_stays_inside_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(
        SVG.format("<style>rect { fill: url('#a') } g { clip-path: url( #b ) }</style>"), encoding="utf-8"
    )
    assert load_logo(path).kind == "svg"


def test_a_png_is_taken_if_it_is_whole_and_small(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(png())
    assert load_logo(path).kind == "png"
    path.write_bytes(png()[:-4])
    with pytest.raises(FirmError, match="not complete"):
        load_logo(path)
    path.write_bytes(png(width=9_000))
    with pytest.raises(FirmError, match="9,000 by 2 pixels"):
        load_logo(path)
    path.write_bytes(png() + b" " * MAX_BYTES)
    with pytest.raises(FirmError, match="save a smaller picture"):
        load_logo(path)
