"""The dependency drawing of the README is true, and importing the package costs next to nothing."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]
PACKAGE = ROOT / "rebal_kit"
VOCABULARY = sorted(rebal_kit.__all__)


def python(code: str, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-logo", "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its import contracts, to be spoilt."""
    shutil.copytree(PACKAGE, tmp_path / "rebal_kit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def append(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")


def test_contracts_hold_in_a_copy(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("findings.py", "from rebal_kit import policy", "No arrow goes up"),
        ("rules/__init__.py", "from rebal_kit.engine import book", "No arrow goes up"),
        ("engine/__init__.py", "import rebal_kit.sources", "known to the rim only"),
        ("engine/__init__.py", "import rebal_kit.files", "known to the rim only"),
        ("sources/__init__.py", "from rebal_kit import policy", "No arrow goes up"),
        ("files/__init__.py", "from rebal_kit.rules import gains", "No arrow goes up"),
        ("files/__init__.py", "import rebal_kit.sources", "known to the rim only"),
    ],
)
def test_a_forbidden_import_is_caught(copy: Path, module: str, line: str, broken: str) -> None:
    append(copy / "rebal_kit" / module, line)
    done = lint_imports(copy)
    assert done.returncode != 0
    assert any(broken in row and "BROKEN" in row for row in done.stdout.splitlines()), done.stdout


def test_a_module_without_a_place_is_caught(copy: Path) -> None:
    (copy / "rebal_kit" / "newcomer.py").write_text('"""A module nobody has placed."""\n', encoding="utf-8")
    done = lint_imports(copy)
    assert done.returncode != 0
    assert "newcomer" in done.stdout + done.stderr


def through_the_front_door(source: str) -> set[str]:
    """Return the public names that a module takes from the package itself."""
    tree = ast.parse(source)
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree) if isinstance(node, ast.Import)
        for alias in node.names if alias.name == "rebal_kit"
    }  # fmt: skip
    taken = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "rebal_kit":
            taken |= {alias.name for alias in node.names}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            taken.add(node.attr)
    return taken & set(VOCABULARY)


def test_no_module_comes_through_the_front_door() -> None:
    """A lazy ``rk.backtest`` inside the package would go around every contract."""
    for path in PACKAGE.rglob("*.py"):
        assert not through_the_front_door(path.read_text(encoding="utf-8")), path
    assert through_the_front_door("import rebal_kit as rk\nrk.compare(rk.__file__)") == {"compare"}
    assert through_the_front_door("from rebal_kit import Market") == {"Market"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("vectorbt", "altair", "yfinance", "numba", "pandas", "numpy")
    assert python(f"import sys, rebal_kit; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_using_the_vocabulary_loads_no_optional_library() -> None:
    code = (
        "import sys, rebal_kit as rk\n"
        "for name in rk.__all__: getattr(rk, name)\n"
        "print([m for m in ('vectorbt', 'altair', 'yfinance') if m in sys.modules])"
    )
    assert python(code) == "[]"


@pytest.mark.parametrize("name", VOCABULARY)
def test_every_public_name_is_its_modules_own(name: str) -> None:
    assert getattr(rebal_kit, name) is getattr(import_module(rebal_kit._HOME_OF[name]), name)
    assert name in dir(rebal_kit)


def test_editors_see_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.asname: node.module
        for block in tree.body if isinstance(block, ast.If)
        for node in block.body if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }  # fmt: skip
    assert seen == rebal_kit._HOME_OF


@pytest.mark.parametrize(
    "first", ["import rebal_kit.backtest", "from rebal_kit.backtest import Backtest", "pass"]
)
def test_the_function_backtest_is_not_hidden_by_its_module(first: str) -> None:
    code = (
        f"{first}\nimport rebal_kit as rk\nrk.compare\nprint(callable(rk.backtest), rk.backtest.__module__)"
    )
    assert python(code) == "True rebal_kit.backtest"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'backtset'"):
        _ = rebal_kit.backtset
    assert rebal_kit.__version__.count(".") == 2
