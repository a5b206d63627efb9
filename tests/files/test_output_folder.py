"""All files or none, and nothing beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rebal_kit.files.output_folder import write_folder
from rebal_kit.findings import RebalError


def inside(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.is_file()}


def test_folders_are_made_and_lines_stay_as_they_are(tmp_path: Path) -> None:
    target = write_folder(tmp_path / "a" / "b", {"one.csv": "1\r\n2\n", "two.html": "é"})
    assert target == tmp_path / "a" / "b"
    assert (target / "one.csv").read_bytes() == b"1\r\n2\n"
    assert list(target.parent.iterdir()) == [target]


def test_files_are_renewed_and_others_stay(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", {"one": "old", "mine": "mine"})
    write_folder(tmp_path / "out", {"one": "new", "two": "2"})
    assert inside(tmp_path / "out") == {"one": "new", "two": "2", "mine": "mine"}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_failure_in_the_middle_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, {"one": "old", "mine": "mine"})
    (out / "three").mkdir()
    with pytest.raises(RebalError, match="three is a folder there"):
        write_folder(out, {"one": "new", "two": "2", "three": "3"})
    assert inside(out) == {"one": "old", "mine": "mine"}
    assert sorted(p.name for p in out.iterdir()) == ["mine", "one", "three"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_text_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RebalError, match="cannot be written"):
        write_folder(tmp_path / "a" / "out", {"one": "1", "x" * 300: "2"})
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("theirs", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "one").symlink_to(tmp_path / "elsewhere")
    write_folder(tmp_path / "out", {"one": "1"})
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "theirs"
    assert not (tmp_path / "out" / "one").is_symlink()


def test_a_linked_folder_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_folder(tmp_path / "link", {"one": "1"})
    assert inside(tmp_path / "real") == {"one": "1"}
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["../one", "sub/one", "/one", ""])
def test_names_hold_no_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(RebalError):
        write_folder(tmp_path / "out", {name: "1"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for place in ("file", "file/out"):
        with pytest.raises(RebalError):
            write_folder(tmp_path / place, {"one": "1"})
    assert inside(tmp_path) == {"file": "mine"}


def test_a_folder_whose_parent_may_not_be_written_is_filled_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    write_folder(tmp_path / "out", {"one": "1"})
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["one"]
