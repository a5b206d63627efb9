"""Figures as people read them."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from rebal_kit.run import METRICS
from rebal_kit.views import tables
from tests.views.results import POLICIES, Runs, results

MONEY = tables.Measure("cost", "cost", "$k")
PERCENT = tables.Measure("cagr_after_tax", "a", "%/yr", 2)
COUNT = tables.Measure("trades", "trades", "count")


@pytest.mark.parametrize(
    ("measure", "values", "shown"),
    [
        (MONEY, [123_456, 99_944], ["123.5", "99.9"]),
        (MONEY, [12_345_678, 1], ["12,346", "0"]),
        (MONEY, [57, -3], ["0.06", "0.00"]),
        (MONEY, [0, 0], ["0", "0"]),
        (MONEY, [0.001, 4.9], ["0", "0"]),
        (MONEY, [-1_250, math.nan], ["−1.2", "–"]),
        (PERCENT, [0.05123, -0.3, math.inf], ["5.12", "−30.00", "–"]),
        (COUNT, [1_234.0, 0.0], ["1,234", "0"]),
    ],
)
def test_digits(measure: tables.Measure, values: list[float], shown: list[str]) -> None:
    assert tables.shown(measure, values) == shown


def test_every_metric_of_a_run_has_a_row() -> None:
    assert sorted(m.key for group in tables.MEASURES.values() for m in group) == sorted(METRICS)


def test_table_has_policies_side_by_side() -> None:
    table = tables.table(results())
    assert table.columns.tolist()[:2] == ["buy and hold", "buy and hold harvest"]
    assert table.loc[("Trading", "trades", "count")].tolist() == [str(12 + i) for i in range(6)]
    assert table.loc[("Return", "after tax", "%/yr")].tolist()[0] == "5.12"
    assert set(table.loc[("Risk and fit", "tracking error", "%/yr")]) == {"–"}


def test_growth_over_less_than_a_year_is_not_annualised() -> None:
    table = tables.table(results(sessions=200))
    assert table.loc[("Return", "after tax", "%")].tolist()[0] == "5.12"
    assert table.loc[("Trading", "turnover", "%/yr")].tolist()[0] == "15.1"
    assert tables.table(results(sessions=263)).index.equals(tables.table(results()).index)


def test_what_could_mislead_is_explained() -> None:
    assert "not paid yet" in tables.EXPLAINED["Return", "after tax"]
    assert ("Gains and tax", "disallowed by wash sales") in tables.EXPLAINED
    named = {(group, m.name) for group, measures in tables.MEASURES.items() for m in measures}
    assert set(tables.EXPLAINED) <= named


@pytest.mark.parametrize("width", [60, 80, 132, 220])
def test_terminal_tables_fit_and_hold_every_policy(width: int) -> None:
    whole = dict.fromkeys(METRICS, 0.1)
    runs = results().runs.items()
    comparison = Runs({name: replace(run, metrics={**whole, **run.metrics}) for name, run in runs})
    console = Console(file=io.StringIO(), width=width)
    for item in tables.terminal(comparison, "starter", width):
        console.print(item)
    lines = console.file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    assert "starter" in lines[0]
    for i in range(6):
        assert any(str(12 + i) in line for line in lines if "  trades" in line)
    assert not any("…" in line for line in lines)


def test_markup_in_a_name_is_text() -> None:
    name = "[red]alarm[/red]"
    console = Console(file=io.StringIO(), width=200)
    for item in tables.terminal(results({name: POLICIES["quarterly"]}), "[bold]t", 200):
        console.print(item)
    text = console.file.getvalue()
    assert "[red]" in text
    assert "[bold]t" in text


def test_notebook_table_escapes_names() -> None:
    html = tables.styled(results({"<script>x</script>": POLICIES["quarterly"]})).to_html()
    assert "<script>" not in html
    assert "5.12" in html


def test_findings_are_said_once_and_warnings_first() -> None:
    comparison = results()
    twice = (*comparison.assumptions, *comparison.assumptions)
    assert tables.said(twice) == [
        "warning: coverage: unknown",
        "law: United States, tax year 2026",
        "harvesting: nothing may replace AAA — give it a partner",
    ]
