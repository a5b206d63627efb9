"""However a file is damaged, it loads or is refused with findings; it never ends in a traceback."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from rebal_kit.files.bundled import bundled_folder
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import Finding, RebalError

SNIPPETS = (
    "", " ", "\n", ":", "- ", "[", "]", "{", "}", '"', "'", "#", "&a ", "*a", "!!", "|", ">", "%", "@", "\t", ",", ";",
    "null", "~", "true", "NaN", ".inf", "-1", "0", "1e999", "99999999999999999999", "2012-02-30", "9999-12-31",
    "é", "\x85", "\0", "\x07", "---\n", "...\n", "? ", "<<: ", "1,000", "$5", "5 %", "-5 %", "\u2028", "=SUM(A1)",
    "[]", "{}",
)  # fmt: skip


def damaged(text: str, dice: random.Random) -> str:
    """Return `text` after one to three random edits: cut, repeat, insert, replace a word, swap lines."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text) + 1)
        to = min(len(text), at + dice.randint(1, 30))
        lines = text.split("\n")
        one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
        kind = dice.randrange(6)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:to] + text[at:]
        elif kind == 2:
            text = text[:at] + dice.choice(SNIPPETS) + text[at:]
        elif kind == 3:
            text = text[:at] + text[to:]
        elif kind == 4:
            lines[one], lines[two] = lines[two], lines[one]
            text = "\n".join(lines)
        else:
            words = lines[one].split(" ")
            words[dice.randrange(len(words))] = dice.choice(SNIPPETS)
            lines[one] = " ".join(words)
            text = "\n".join(lines)
    return text


@pytest.mark.parametrize("target", ["two_million.yaml", "two_million_lots.csv", "tiered_harvest.yaml"])
def test_damaged_files(target: str, tmp_path: Path) -> None:
    dice = random.Random(target)
    folder = bundled_folder("policies" if "tiered" in target else "households")
    for path in folder.glob("t*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / target).read_text(encoding="utf-8")
    outcomes: Counter[str] = Counter()
    findings: list[Finding] = []
    for _ in range(400):
        (tmp_path / target).write_text(damaged(whole, dice), encoding="utf-8")
        try:
            if "tiered" in target:
                load_policy(tmp_path / target)
            else:
                load_household(tmp_path / "two_million.yaml")
        except RebalError as refused:
            findings += refused.findings
            outcomes["refused"] += 1
        else:
            outcomes["loaded"] += 1
    assert [f for f in findings if not (f.where.startswith(str(tmp_path)) and f.what and f.remedy)] == []
    assert min(outcomes["refused"], outcomes["loaded"]) > 20, outcomes
