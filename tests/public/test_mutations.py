"""However a pair of ledger and household is damaged: findings, or a report that adds up; never a traceback."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

import rebal_kit as rk
from rebal_kit.shipped import shipped_data
from tests.cases import load_cases
from tests.files.test_mutations import DAMAGES
from tests.oracle.histories import history
from tests.oracle.years import distributions
from tests.public.agreement import identity, unlawful
from tests.public.ledgers import write_story

PAIRS = 300
CENT = 0.005
NAMES = ("LEDGER.csv", "HOUSEHOLD.yaml")


def pairs(folder: Path) -> list[dict[str, bytes]]:
    """The bundled example, and cases of every kind, as files."""
    example = shipped_data() / "ledgers"
    found = [{name: (example / f"example.{name[-4:].strip('.')}").read_bytes() for name in NAMES}]
    paid_out = [story for story in map(history, range(60)) if distributions(story)][:6]
    for case in [*load_cases("wash"), *load_cases("lots"), *load_cases("dividends"), *paid_out]:
        write_story(case, folder, tax="filing: single, ordinary_income: 90000")
        found.append({name: (folder / name).read_bytes() for name in NAMES})
    return found


def report_or_findings(
    folder: Path,
) -> tuple[rk.TaxReport, tuple[rk.Transaction, ...]] | tuple[rk.Finding, ...]:
    try:
        household = rk.load_household(folder / "HOUSEHOLD.yaml")
        trades = rk.load_ledger(folder / "LEDGER.csv", [account.name for account in household.accounts])
        return rk.tax_report(trades, household), trades
    except rk.RebalError as refused:
        return refused.findings


def test_damaged_pairs(tmp_path):
    dice = random.Random("pairs")
    whole = pairs(tmp_path)
    outcomes: Counter[str] = Counter()
    for at in range(PAIRS):
        # Every other pair is the large one, so that damage meets every kind of line.
        files = dict(whole[0] if at % 2 else dice.choice(whole[1:]))
        for name in dice.choice((NAMES[:1], NAMES[:1], NAMES[1:], NAMES)):
            files[name] = dice.choice(DAMAGES)(files[name], dice)
        for name, raw in files.items():
            (tmp_path / name).write_bytes(raw)
        told = report_or_findings(tmp_path)
        if isinstance(told[0], rk.TaxReport):
            report, trades = told
            turnover = sum(line.quantity * line.price for line in trades)
            assert identity(report, trades) == pytest.approx(0.0, abs=max(CENT, 1e-12 * turnover)), at
            assert list(unlawful(report)) == [], at
            outcomes["reported"] += 1
        else:
            assert told, at
            assert [
                f for f in told if not (f.severity == "error" and f.where and f.what and f.remedy)
            ] == [], at
            outcomes["refused"] += 1
    assert min(outcomes["reported"], outcomes["refused"]) > 60, outcomes
