"""What the README shows as code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
)


def test_the_readme_has_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.strip().splitlines()[-1])
def test_an_example_runs(code: str) -> None:
    made: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), made)
    assert made
