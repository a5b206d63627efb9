"""What `rebal sweep` prints of a file: over all rows and by field, at every width, and no setting as the best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from rebal_kit.axes import Between, axes_of
from rebal_kit.run import METRICS
from rebal_kit.views import sweep_tables


def written(folder: Path, n: int = 30, **columns: list) -> Path:
    growth = np.linspace(0.01, 0.06, n)
    table = {"key": "k", "policy": "[red]p[/red]", **columns, "status": "ok", **dict.fromkeys(METRICS, 1.0)}
    frame = pd.DataFrame(table, index=range(n)).assign(
        value_after_tax=1e6 * (1 + growth),
        cagr_after_liquidation=growth,
        max_drawdown=-growth,
        trades=range(n),
    )
    frame.to_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


def printed(path: Path, fields: dict | None = None, columns: int = 200) -> str:
    console = Console(width=columns, record=True, color_system=None)
    for part in sweep_tables.terminal(path, axes_of(fields or {})):
        console.print(part)
    return console.export_text()


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_field_that_matters_shows_it_and_one_that_does_not_does_not(tmp_path: Path) -> None:
    path = written(tmp_path, wide=[False] * 15 + [True] * 15, look=["[b]day[/b]", "week"] * 15)
    said = words(printed(path))
    assert "value after tax, $k 1,010.0 1,035.0 1,060.0" in said
    assert "growth after liquidation, % 1.00 3.50 6.00" in said
    assert "worst drawdown, % −6.0 −3.5 −1.0" in said
    assert "trades 0 14 29" in said or "trades 0 15 29" in said
    assert "False 15 2.21 1.60 to 2.81 True 15 4.79 4.19 to 5.40" in said
    assert "[b]day[/b] 15 3.41 2.21 to 4.62 week 15 3.59 2.38 to 4.79" in said
    assert "policy" not in said


def test_a_drawn_field_is_shown_by_thirds_of_its_range(tmp_path: Path) -> None:
    drawn = list(np.linspace(1.0, 100.0, 30))
    path = written(tmp_path, even=drawn, log=drawn, known=drawn, few=[1.5] * 29 + [9.5])
    fields = {"even": Between(1, 100), "log": Between(1, 100, log=True), "few": Between(1, 10)}
    said = words(printed(path, fields))
    assert "even 1 to 31.7 10 1.78" in said
    assert "log 1 to 4.41 2 1.09 1.04 to 1.13 7.83 to 21.5 5 1.69" in said
    assert "known 1 to 31.7 10" in said  # of a file alone, its lowest to its highest
    assert "few 1.5 to 1.5 29 3.41 2.21 to 4.62 9.5 to 9.5 1 6.00" in said


def test_what_did_not_run_is_counted_and_has_no_figures(tmp_path: Path) -> None:
    path = written(tmp_path, year=[2026, 1950] * 15)
    frame = pd.read_parquet(path)
    failing = frame["year"] == 1950
    frame.loc[failing, "status"] = "no [law]"
    frame.loc[failing, list(METRICS)] = np.nan
    frame.loc[0, "cagr_after_liquidation"] = np.nan
    frame.to_parquet(path)
    said = words(printed(path))
    assert "· 15 did not run: no [law]" in said
    assert "1950 0 – – 2026 15" in said
    assert "growth is not known in 1 rows" in said
    assert "nan" not in said


def test_histories_and_long_lists_of_words_are_counted_not_listed(tmp_path: Path) -> None:
    path = written(tmp_path, path=list(range(30)), word=[f"w{at}" for at in range(30)])
    said = words(printed(path))
    assert "path has 30 values: too many to list" in said
    assert "word has 30 values: too many to list" in said
    assert "by field" not in said


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_longer_than_the_terminal_and_no_figure_is_cut(tmp_path: Path, columns: int) -> None:
    long = "TargetAllocation({'A': 0.5, 'B': 0.5}, location='auto', and so on and so on and on)"
    path = written(
        tmp_path, **{"targets": [long] * 15 + ["x"] * 15, "triggers[0].band.absolute": [0.01, 0.02] * 15}
    )
    text = printed(path, columns=columns)
    assert (
        max(len(line) for line in text.splitlines() if str(path) not in line and "/" not in line) <= columns
    )
    assert "…" not in text
    for figure in ("1,010.0", "2.21", "1.60 to 2.81"):
        assert figure in text
