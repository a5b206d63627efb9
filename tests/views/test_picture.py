"""Still pictures and the script that draws the moving ones, both without a network."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
import vl_convert

from rebal_kit.findings import RebalError
from rebal_kit.views import charts, picture, vega
from tests.views.results import results

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_picture_is_a_png_with_words() -> None:
    shown = picture.picture(charts.tax_saved(results()))
    bundle = shown._repr_mimebundle_()
    assert bundle["image/png"].startswith(PNG)
    words = bundle["text/plain"]
    assert words.startswith("Tax saved by harvesting, by year. buy and hold: 90 US dollars saved")
    assert len(bundle["image/png"]) < 60_000


def test_packing_loses_no_pixel() -> None:
    drawn = vl_convert.vegalite_to_png(charts.tax_saved(results()).to_json(validate=False))
    small = picture.packed(drawn)
    assert len(small) < len(drawn) / 2
    assert pixels(small) == pixels(drawn)
    assert picture.packed(small) == small


def pixels(png: bytes) -> tuple[bytes, bytes]:
    """What a decoder sees: the header and the filtered scan lines; every check sum must be right."""
    at, kinds = 8, {}
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        kinds[kind] = kinds.get(kind, b"") + data
        at += length + 12
    assert b"IEND" in kinds
    return kinds[b"IHDR"], zlib.decompress(kinds[b"IDAT"])


@pytest.mark.parametrize("name", ["chart.png", "new/chart.svg"])
def test_save_by_the_names_ending(tmp_path: Path, name: str) -> None:
    path = picture.save(charts.growth(results(), points=100), tmp_path / name, scale=1)
    content = path.read_bytes()
    assert content.startswith(PNG if name.endswith("png") else b"<svg")


@pytest.mark.parametrize("name", ["chart.jpeg", "chart"])
def test_another_ending_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(RebalError, match=r"pictures are written as \.png or \.svg"):
        picture.save(charts.tax_saved(results()), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_svg_holds_the_words_of_the_chart(tmp_path: Path) -> None:
    text = picture.save(charts.drift(results().runs["threshold_3pct"]), tmp_path / "d.svg").read_text()
    for words in (
        "Drift against bands: threshold 3pct",
        "US stocks",
        "Treasuries",
        "Sold to rebalance",
        "60%",
    ):
        assert words in text


def test_script_is_kept_and_made_again_when_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    text = vega.script()
    (kept,) = (tmp_path / "rebal_kit").iterdir()
    assert kept.read_text(encoding="utf-8") == text == vega.script()
    assert "</script" not in text
    assert "window.draw" in text
    kept.write_text(text[:1_000], encoding="utf-8")
    assert vega.script() == text
    assert kept.read_text(encoding="utf-8") == text


def test_script_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "window.draw" in vega.script()
