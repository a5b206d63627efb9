"""@compiled: same results as plain Python, and machine code that cannot outlive the source it came from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rebal_kit
from rebal_kit import compiled
from rebal_kit.rules.lots import postponed

pytestmark = pytest.mark.compiled
PACKAGE = Path(rebal_kit.__file__).parent

# The tax of a year with a loss, for which `year_tax` in brackets.py calls `net_capital` in gains.py; and a number of
# the law that is built into machine code.
PROGRAM = """
import numba
from rebal_kit.compiled import is_interpreted
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.rules.brackets import Carryover, year_tax
from rebal_kit.rules.holding import first_long_term_day
from rebal_kit.rules.law import tax_table
table = tax_table(TaxProfile("mfj", 2026, 120_000))
result = year_tax(table, -10_000.0, 0.0, 0.0, 0.0, 0.0, Carryover(0.0, 0.0, 0.0, 0.0))
from_cache = 0 if is_interpreted() else sum(year_tax.stats.cache_hits.values())
print(result.tax.hex(), first_long_term_day(19_000), is_interpreted(), from_cache)
"""


def run(root: Path, **environment: str) -> list[str]:
    own = {
        **os.environ,
        "PYTHONPATH": str(root),
        "XDG_CACHE_HOME": str(root / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    own.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "rebal_kit", ignore=shutil.ignore_patterns("__pycache__", "views"))
    return tmp_path


def test_an_edited_rule_in_another_file_is_never_stale(copy: Path) -> None:
    rules = copy / "rebal_kit" / "rules"
    tax, day, interpreted, from_cache = run(copy)
    assert (float.fromhex(tax), interpreted, from_cache) == (
        pytest.approx(-360.0),
        "False",
        "0",
    )  # 12 % of $3,000
    assert run(copy) == [tax, day, "False", "1"], "the second run takes the machine code from disk"
    # A callee of the cached function, in another file: twice the loss is deducted.
    edit(rules / "gains.py", "min(-net, loss_limit)", "min(-net, 2.0 * loss_limit)")
    edited = run(copy)
    assert float.fromhex(edited[0]) == pytest.approx(-720.0)
    assert edited[2:] == ["False", "0"]
    assert run(copy, NUMBA_DISABLE_JIT="1")[:3] == [edited[0], day, "True"]
    # A number of the law that is built into machine code.
    edit(rules / "us_federal.toml", "years = 1 ", "years = 3 ")
    later = run(copy)
    assert int(later[1]) == pytest.approx(int(day) + 2 * 365.25, abs=1)
    assert later[0] == edited[0]
    # Back to the first source: its machine code is still there.
    edit(rules / "gains.py", "2.0 * loss_limit", "loss_limit")
    edit(rules / "us_federal.toml", "years = 3 ", "years = 1 ")
    assert run(copy) == [tax, day, "False", "1"]


def test_without_the_hash_the_trap_would_snap(copy: Path) -> None:
    """The test above is worth something: with a folder that keeps its name, the old machine code is used."""
    edit(copy / "rebal_kit" / "compiled.py", "return digest.hexdigest()[:16]", 'return "always the same"')
    tax, *_ = run(copy)
    edit(copy / "rebal_kit" / "rules" / "gains.py", "min(-net, loss_limit)", "min(-net, 2.0 * loss_limit)")
    stale, *_ = run(copy)
    assert stale == tax


def test_without_a_place_to_write_it_compiles_in_memory(copy: Path) -> None:
    (copy / "file").write_text("no folder")
    tax, *_, from_cache = run(copy, XDG_CACHE_HOME=str(copy / "file"))
    assert float.fromhex(tax) == pytest.approx(-360.0)
    assert from_cache == "0"


def test_the_newest_few_older_versions_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = tmp_path / "rebal_kit" / "compiled"
    for age in range(6):
        (root / f"old{age}").mkdir(parents=True)
        (root / f"old{age}" / "kernel.nbc").touch()
        os.utime(root / f"old{age}", (1e9 - age, 1e9 - age))
    folder = compiled.cache_folder.__wrapped__()
    assert folder == root / compiled.source_hash()
    assert {path.name for path in root.iterdir()} == {"old0", "old1", "old2", folder.name}


def test_the_hash_knows_every_source_and_how_indices_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiled.source_hash.__wrapped__()
    assert before == compiled.source_hash.__wrapped__()
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert compiled.source_hash.__wrapped__() != before
    sources = {path for pattern in compiled._SOURCES for path in PACKAGE.glob(pattern)}
    using = {
        p for p in PACKAGE.rglob("*.py") if "from rebal_kit.compiled import" in p.read_text(encoding="utf-8")
    }
    needing = {p for p in using if "@compiled" in p.read_text("utf-8") or "@inner" in p.read_text("utf-8")}
    assert needing <= sources
    assert len(needing) > 15


def test_a_compiled_function_is_its_python_twin() -> None:
    assert not compiled.is_interpreted()
    for arguments in [(0, 10, 1.0, 2.0, 10), (0, 10, 1.0, 2.0, 9), (0, 10, 2.0, 1.0, 10)]:
        assert postponed(*arguments) == postponed.py_func(*arguments)
