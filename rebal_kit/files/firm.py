"""Whose name a report bears: `firm.yaml` with name, address, contact, logo, colour and disclosures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from rebal_kit.files.explain import explain
from rebal_kit.files.fields import FileModel, refusal
from rebal_kit.files.logo import FirmError, Logo, load_logo
from rebal_kit.files.reading import read_text
from rebal_kit.files.yaml_text import read_yaml
from rebal_kit.findings import Finding, capped

#: What a head of a page has room for, and so much of a firm's own disclosures as leaves a page one page.
MOST_LINES, LONGEST_LINE, LONGEST_DISCLOSURE = 4, 60, 900
#: The darkest of the house style's colours, where a firm has none of its own.
COLOUR = "#0072B2"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
#: White text must be readable on a firm's colour, and the colour as text on white: WCAG 2.1, contrast 4.5 to 1.
_CONTRAST = 4.5


@dataclass(frozen=True)
class Firm:
    """Who hands a report over.

    Attributes
    ----------
    name : str
        Empty: nobody's name is on it.
    address, contact : tuple of str
        Lines.
    colour : str
        As ``#0072B2``, dark enough for text.
    disclosure : tuple of str
        Paragraphs, beside those that every report has.
    logo : Logo, optional
    """

    name: str = ""
    address: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    colour: str = COLOUR
    disclosure: tuple[str, ...] = ()
    logo: Logo | None = None


def _line(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise refusal(f"is {value!r}, with blanks around it or characters that do not print", "remove them")
    if not 0 < len(value) <= LONGEST_LINE:
        raise refusal(f"has {len(value)} characters", f"give 1 to {LONGEST_LINE}")
    return value


def _paragraphs(value: str) -> str:
    if not all(character.isprintable() or character == "\n" for character in value):
        raise refusal("holds characters that do not print", "remove them")
    if not 0 < len(value.strip()) <= LONGEST_DISCLOSURE:
        raise refusal(f"has {len(value.strip()):,} characters", f"give 1 to {LONGEST_DISCLOSURE:,}")
    return value.strip()


def _dark(value: str) -> str:
    if not _COLOUR.fullmatch(value):
        raise refusal(f"is {value!r}, which is no colour", f"write it as '{COLOUR}', in quotes")
    contrast = 1.05 / (_luminance(value) + 0.05)
    if contrast < _CONTRAST:
        raise refusal(
            f"is {value}, with a contrast to white of {contrast:.1f}",
            f"take a darker one, {_CONTRAST} or more",
        )
    return value


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


Line = Annotated[str, AfterValidator(_line)]
Lines = Annotated[list[Line], Field(max_length=MOST_LINES)]


class FirmFile(FileModel):
    """A firm that hands reports over."""

    name: Line = Field(description="The name of the firm")
    address: Lines = Field(default=[], description="A list of up to four lines")
    contact: Lines = Field(
        default=[], description="A list of up to four lines: a name, a telephone number, an address"
    )
    logo: str | None = Field(default=None, description="A PNG or SVG file, its path from this file")
    colour: Annotated[str, AfterValidator(_dark)] = Field(
        default=COLOUR, description="A dark colour such as '#0072B2', in quotes"
    )
    disclosure: Annotated[str, AfterValidator(_paragraphs)] | None = Field(
        default=None, description="The firm's own disclosures, as text; a blank line makes a paragraph"
    )

    def build(self) -> Firm:
        """Return the firm, without its logo."""
        return Firm(
            self.name, tuple(self.address), tuple(self.contact), self.colour,
            tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", self.disclosure or "") if part.strip()),
        )  # fmt: skip


def load_firm(source: str | Path) -> Firm:
    """Return the firm of a YAML file, with its logo.

    Parameters
    ----------
    source : str or path

    Raises
    ------
    FirmError
        With every problem of the file and the logo: place, value and remedy.
    """
    path = Path(source)
    document = read_yaml(read_text(path, FirmError), str(path))
    findings = list(document.findings)
    logo, firm = None, None
    if document.data is not None:
        try:
            firm = FirmFile.model_validate(document.data)
        except ValidationError as error:
            findings += explain(error, FirmFile, document.data, document.where, document.reported)
        logo = _logo(document.data, path, document.where(("logo",)), findings)
    if findings or firm is None:
        raise FirmError(capped(findings, str(path)))
    built = firm.build()
    return Firm(built.name, built.address, built.contact, built.colour, built.disclosure, logo)


def _logo(data: Any, path: Path, where: str, findings: list[Finding]) -> Logo | None:
    named = data.get("logo") if isinstance(data, dict) else None
    if not isinstance(named, str):
        return None
    if not named or "\0" in named:
        findings.append(Finding("error", where, f"is {named!r}", "give a path, or leave the line out"))
        return None
    try:
        return load_logo(path.parent / named)
    except FirmError as error:
        findings += [Finding(f.severity, f"{where}: {f.where}", f.what, f.remedy) for f in error.findings]
        return None
