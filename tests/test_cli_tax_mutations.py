"""Three hundred spoilt ledgers and households: findings or a report, never a traceback, never half a folder."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rebal_kit.cli import app

LEDGERS = Path(__file__).parents[1] / "data" / "ledgers"
PIECES = (
    "", "-1", "0", "1e308", "1e-300", "1e15", "nan", "=1+1", "2024-02-30", "2099-01-01", "1900-01-01", "VTI",
    "Dana IRA", "SELL", "BUY", "SPLIT", "EX_DIVIDEND", "REINVEST", "L1:3", "D-VTI-1#2:5", "\u202e", "'", '"', ",", ";",
    "\n", "true", "[]", "{}", "null", "flat: [0.1, 0.1, 0.1]", "complete: false", "AVERAGE", "LEAST_TAX", "WITHDRAW",
)  # fmt: skip


def spoilt(text: str, between: str, chance: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at, what = chance.randrange(len(lines)), chance.random()
        if what < 0.2 and len(lines) > 1:
            lines.pop(at)
        elif what < 0.3:
            lines.insert(at, chance.choice(lines))
        else:
            cells = lines[at].split(between)
            cell = chance.randrange(len(cells))
            kept = cells[cell][:-1] + chance.choice("x0-9 .:")
            cells[cell] = chance.choice(PIECES) if chance.random() < 0.7 else kept
            lines[at] = between.join(cells)
    return "\n".join(lines)


def test_a_spoilt_file_is_refused_or_reported(tmp_path: Path) -> None:
    chance = random.Random(0)
    ledger, household = (LEDGERS / f"example.{kind}" for kind in ("csv", "yaml"))
    ended = set()
    for at in range(300):
        which = chance.choice(("ledger", "household", "both"))
        rows, fields = ledger.read_text(encoding="utf-8"), household.read_text(encoding="utf-8")
        rows = rows if which == "household" else spoilt(rows, ",", chance)
        fields = fields if which == "ledger" else spoilt(fields, " ", chance)
        (tmp_path / "l.csv").write_text(rows, encoding="utf-8")
        (tmp_path / "h.yaml").write_text(fields, encoding="utf-8")
        out = tmp_path / str(at)
        command = ["tax", str(tmp_path / "l.csv"), "--household", str(tmp_path / "h.yaml"), "--json"]
        result = CliRunner().invoke(app, [*command, "--out", str(out)] if at % 5 == 0 else command)
        ended.add(result.exit_code)
        if result.exit_code == 0:
            report = json.loads(result.stdout, parse_constant=pytest.fail)
            assert None not in [
                row[name] for row in report["disposals"] for name in ("proceeds", "basis", "gain")
            ]
        else:
            assert result.exit_code == 2, f"{result.exception!r}\n{rows}\n{fields}"
            assert result.stdout == ""
            assert all(line.startswith("error: ") for line in result.stderr.splitlines()), result.stderr
        assert out.exists() == (result.exit_code == 0 and at % 5 == 0)
    assert ended == {0, 2}
