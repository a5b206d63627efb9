"""Still pictures of charts: what a notebook stores, a document prints and a reader without JavaScript sees."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebal_kit.findings import Finding, RebalError


@dataclass(frozen=True)
class Picture:
    """A chart drawn once; Jupyter shows and stores it as a small PNG.

    Attributes
    ----------
    png : bytes
    alt : str
        What the picture shows, for those who cannot see it.
    """

    png: bytes
    alt: str = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return {"image/png": self.png, "text/plain": self.alt or repr(self)}

    def __repr__(self) -> str:
        return f"<Picture: {len(self.png):,} bytes>"


def picture(chart: Any, scale: float = 1.0) -> Picture:
    """Draw a chart as a still picture.

    Parameters
    ----------
    chart : altair chart
    scale : float
        Pixels per unit of the chart's size; 2 for print.
    """
    import vl_convert

    png = packed(vl_convert.vegalite_to_png(chart.to_json(validate=False), scale=scale))
    description = getattr(chart, "description", "")
    return Picture(png, description if isinstance(description, str) else "")


def save(chart: Any, path: str | Path, scale: float = 2.0) -> Path:
    """Write a chart as ``.svg`` or ``.png``, by the name's ending; return the path.

    Raises
    ------
    RebalError
        The name has another ending.
    """
    import vl_convert

    path = Path(path)
    if path.suffix not in (".png", ".svg"):
        what = f"has the ending '{path.suffix}'"
        raise RebalError(Finding("error", str(path), what, "pictures are written as .png or .svg"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(chart.to_json(validate=False)), encoding="utf-8")
    else:
        path.write_bytes(picture(chart, scale).png)
    return path


def packed(png: bytes) -> bytes:
    """Return the same picture in a quarter of the bytes: the library that draws it is in a hurry when it packs."""
    chunks = list(_chunks(png))
    pixels = zlib.compress(zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT")), 9)
    head = [chunk for chunk in chunks if chunk[0] not in (b"IDAT", b"IEND")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*head, (b"IDAT", pixels), (b"IEND", b""))
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut a PNG file into its chunks: kind and data (PNG specification, section 5.3)."""
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
