"""One concept a file, two levels of folders, names that say something, and nothing that only one machine has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]
MADE = {".git", ".venv", "build", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
        ".import_linter_cache", ".ipynb_checkpoints"}  # fmt: skip
OURS = sorted(
    path for path in ROOT.rglob("*")
    if path.is_file() and not MADE & set(path.relative_to(ROOT).parts) and ".egg-info" not in str(path)
)  # fmt: skip
PYTHON = [path for path in OURS if path.suffix == ".py"]
MODULES = [path for path in PYTHON if path.is_relative_to(ROOT / "rebal_kit")]
TEXT_KINDS = {
    ".py",
    ".toml",
    ".md",
    ".yml",
    ".yaml",
    ".json",
    ".csv",
    ".ipynb",
    ".lock",
    ".cfg",
    ".html",
    ".svg",
    ".txt",
    "",
}
TEXT = [path for path in OURS if path.suffix in TEXT_KINDS]

LONGEST_FILE = 400
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}
# Absolute paths into somebody's machine, and a neighbour folder of the checkout.
SOMEONES_PATH = re.compile(
    r"(?<![\w.~*])/(?:home|root|Users|work|workspace|farm|mnt|srv|opt)/[\w.]|\.\./shared\b"
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_have_a_name_that_says_what_they_are(path: Path) -> None:
    parts = path.relative_to(ROOT / "rebal_kit").with_suffix("").parts
    assert not SAYS_NOTHING & set(parts)
    assert len(parts) <= 2, "at most rebal_kit/folder/module.py"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_say_first_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()[0]) > len('"""x"""')


@pytest.mark.parametrize("path", TEXT, ids=name_of)
def test_nothing_names_a_path_of_one_machine(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [
        f"line {at}: {line.strip()[:120]}" for at, line in enumerate(lines, 1) if SOMEONES_PATH.search(line)
    ]


def test_the_search_for_paths_finds_some() -> None:
    slash = "/"
    for bad in ("home/ann/prices.csv", "Users/ann/x", "root/.cache"):
        assert SOMEONES_PATH.search(f'open("{slash}{bad}")')
    for good in ("~/home/x", "data/home/x", "https://example.org/home/x", "../data"):
        assert not SOMEONES_PATH.search(good)
    assert len(TEXT) > 10
