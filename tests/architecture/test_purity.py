"""The core is pure: arrays and values in, arrays and values out, and the law's numbers are in one file."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rebal_kit

PACKAGE = Path(rebal_kit.__file__).parent
COMPILED = sorted([*PACKAGE.glob("rules/*.py"), *PACKAGE.glob("engine/*.py"), *PACKAGE.glob("metrics.py")])
ABOVE = {
    "__init__.py",
    "__main__.py",
    "alerts.py",
    "cli.py",
    "cli_approve.py",
    "cli_fetch.py",
    "cli_household.py",
    "cli_import.py",
    "cli_kept.py",
    "cli_manners.py",
    "cli_reproduce.py",
    "cli_propose.py",
    "cli_report.py",
    "cli_scan.py",
    "cli_studio.py",
    "cli_sweep.py",
    "backtest.py",
    "compare.py",
    "fingerprint.py",
    "safe_files.py",
    "sweep.py",
    "sweep_book.py",
    "sweep_drive.py",
    "sweep_executors.py",
    "sweep_keys.py",
    "sweep_store.py",
    "blocks.py",
    "trials.py",
    "study.py",
    "reproduce.py",
    "propose.py",
    "tax_report.py",
}
RIM = {"sources", "files", "views"}
CORE = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in RIM and path.relative_to(PACKAGE).as_posix() not in ABOVE
)

# Where the world comes in: files, clock, chance, network, screen.
WORLDLY_MODULES = {
    "asyncio", "csv", "http", "io", "logging", "multiprocessing", "os", "pathlib", "pickle", "random", "requests",
    "secrets", "shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "tomllib",
    "urllib", "uuid", "yaml",
}  # fmt: skip
WORLDLY_CALLS = {"print", "open", "input", "exec", "eval"}
WORLDLY_ATTRIBUTES = {
    "now", "today", "utcnow", "random", "read_csv", "read_parquet", "read_text", "read_bytes", "to_csv", "to_parquet",
    "write_text", "write_bytes", "load", "save", "savez", "loadtxt", "fromfile", "tofile", "memmap",
}  # fmt: skip
# The three that may, and what for.
ALLOWED = {
    "by_reference.py": {"load"},  # from memory: a machine instruction
    "compiled.py": {"os", "sys", "pathlib", "read_bytes"},  # the folder of the compiled code
    "shipped.py": {"os", "pathlib"},  # where the bundled data lies
    "rules/law.py": {"tomllib", "pathlib", "read_text"},  # the law's numbers
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def worldly(source: str) -> Iterator[str]:
    """Yield what a module uses of the world outside."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ({alias.name.split(".")[0] for alias in node.names} & WORLDLY_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ({node.module.split(".")[0]} & WORLDLY_MODULES)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLDLY_CALLS:
            yield node.func.id
        elif isinstance(node, ast.Attribute) and node.attr in WORLDLY_ATTRIBUTES:
            yield node.attr


def imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def numbers_of(value: Any) -> Iterator[float]:
    """Yield every number in parsed TOML."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers_of(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def law_numbers() -> set[float]:
    """Numbers that only the law gives a meaning: all of the parameter file's but the smallest counts."""
    with (PACKAGE / "rules" / "us_federal.toml").open("rb") as file:
        known = set(numbers_of(tomllib.load(file)))
    known |= {30.0, 61.0, 365.0, 366.0, 3_000.0, 1_500.0, 0.038}
    return {n for n in known if abs(n) != float("inf") and not (n.is_integer() and abs(n) <= 15) and n != 0.5}


def literals(source: str) -> Iterator[tuple[int, float]]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, (int, float))
            and not isinstance(node.value, bool)
        ):
            yield node.lineno, float(node.value)


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_no_clock_chance_screen_or_file_below_backtest(path: Path) -> None:
    used = set(worldly(path.read_text(encoding="utf-8")))
    assert used <= ALLOWED.get(name_of(path), set())


@pytest.mark.parametrize("path", COMPILED, ids=name_of)
def test_no_pandas_where_arrays_do(path: Path) -> None:
    assert not imported(path.read_text(encoding="utf-8")) & {"pandas", "pyarrow", "pydantic", "yaml"}


@pytest.mark.parametrize("path", COMPILED, ids=name_of)
def test_numbers_of_the_law_stand_in_its_file_only(path: Path) -> None:
    banned = law_numbers()
    found = [f"line {line}: {n:g}" for line, n in literals(path.read_text(encoding="utf-8")) if n in banned]
    assert not found


def test_the_hunters_catch_what_they_hunt() -> None:
    assert set(worldly("import time\nfrom random import gauss\nprint(np.random.rand())\nx = date.today()")) == {
        "time", "random", "print", "today"
    }  # fmt: skip
    caught = {
        n for _, n in literals("limit = min(loss, 3000)\nniit = 0.038 * income\nwindow = 30\nhalf = 0.5")
    } & law_numbers()
    assert caught == {3_000.0, 0.038, 30.0}
    assert imported("import pandas.api as api") == {"pandas"}
