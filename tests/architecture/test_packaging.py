"""pyproject.toml, the locks, environment.yml, the Makefile and the README say the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
MODULES = sorted((ROOT / "rebal_kit").rglob("*.py"))
SPELT_OTHERWISE = {"yaml": "pyyaml", "vl_convert": "vl-convert-python", "pydantic_core": "pydantic"}
LOCKS = ("requirements.lock", "requirements-bench.lock")


def ranges(lines: list[str]) -> dict[str, SpecifierSet]:
    wanted = [Requirement(line) for line in lines]
    return {
        canonicalize_name(r.name): r.specifier for r in wanted if canonicalize_name(r.name) != "rebal-kit"
    }


CORE = ranges(PROJECT["project"]["dependencies"])
ALL = CORE | ranges(
    [
        line
        for extra in (
            "alerts",
            "app",
            "views",
            "lab",
            "vectorbt",
            "yahoo",
            "brokers",
            "cluster",
            "optimal",
            "report",
            "study",
        )
        for line in EXTRAS[extra]
    ]
)
DEVELOPMENT = ranges(PROJECT["dependency-groups"]["dev"] + PROJECT["build-system"]["requires"])
NEEDED = {"requirements.lock": ALL | DEVELOPMENT, "requirements-bench.lock": CORE | ranges(EXTRAS["bench"])}


def pinned(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package of a lock; more than one where Python versions differ."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        wanted = Requirement(line)
        (only,) = wanted.specifier
        assert only.operator == "==", line
        pins.setdefault(canonicalize_name(wanted.name), set()).add(only.version)
    return pins


def test_the_extra_all_is_every_extra_but_the_benchmarks() -> None:
    (line,) = EXTRAS["all"]
    assert Requirement(line).extras == set(EXTRAS) - {"all", "bench"}


def test_a_headless_install_needs_no_notebook_chart_or_download_library() -> None:
    assert not set(CORE) & {
        "jupyterlab",
        "ipywidgets",
        "ipykernel",
        "nbval",
        "altair",
        "vectorbt",
        "yfinance",
    }


def foreign(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the packages, by the name one installs, that these statements import."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    found -= set(sys.stdlib_module_names) | {"rebal_kit"}
    return {canonicalize_name(SPELT_OTHERWISE.get(name, name)) for name in found}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_what_its_install_has(path: Path) -> None:
    """Charts need an extra; elsewhere an optional library is imported inside the function that uses it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert foreign(ast.walk(tree)) <= set(ALL)
    if "views" not in path.parts:
        assert foreign(tree.body) <= set(CORE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*-|@|--|\bhash\b", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_covers_every_dependency_within_its_range(lock: str) -> None:
    pins = pinned(lock)
    assert set(NEEDED[lock]) <= set(pins)
    assert not [(name, v) for name, allowed in NEEDED[lock].items() for v in pins[name] if v not in allowed]


def test_the_benchmark_lock_changes_no_version() -> None:
    everyday, bench = (pinned(lock) for lock in LOCKS)
    assert {name: bench[name] for name in bench.keys() & everyday.keys()} == {
        name: everyday[name] for name in bench.keys() & everyday.keys()
    }


def test_conda_is_offered_the_same_packages() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert entries["name"] == PROJECT["project"]["name"]
    (from_pip,) = [entry["pip"] for entry in entries["dependencies"] if isinstance(entry, dict)]
    offered = ranges([entry for entry in entries["dependencies"] if isinstance(entry, str)] + from_pip)
    assert offered.pop("python") == SpecifierSet(PROJECT["project"]["requires-python"])
    assert offered.pop("pip") == SpecifierSet()
    assert offered == ALL


def test_the_users_own_packages_are_among_them() -> None:
    asked = {"jupyterlab", "ipywidgets", "pandas", "numpy", "vectorbt", "yfinance", "altair", "nbval"}
    assert asked <= set(ALL)


def makefile_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    return set(phony.split())


def test_make_help_lists_every_command() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^\s+make ([a-z-]+) +\S", done.stdout, flags=re.MULTILINE))
    assert listed == makefile_targets()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documents_name_only_commands_and_files_there_are(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, flags=re.MULTILINE))
    assert named
    assert named <= makefile_targets()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_version_has_a_change_log_entry() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(PROJECT['project']['version'])}\b", text, flags=re.MULTILINE)


def test_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", script, flags=re.MULTILINE)
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
