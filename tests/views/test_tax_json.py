"""JSON values and CSV files of a report: the same rows, and no cell that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json

from rebal_kit.views.tax_json import as_json, csv_files
from tests.views.test_tax_page import example, paid_out, washed


def test_json_is_strict() -> None:
    text = json.dumps(as_json(example()), allow_nan=False)
    assert "NaT" not in text
    assert json.loads(text) == as_json(example())


def test_csv_has_the_rows_of_the_json() -> None:
    found, files = as_json(example()), csv_files(example())
    assert set(files) == {
        "form_8949.csv", "disposals.csv", "open_lots.csv", "wash_sales.csv", "broker_view.csv", "dividends.csv",
        "distributions.csv", "schedule_d.csv",
    }  # fmt: skip
    for name in (
        "form_8949",
        "disposals",
        "open_lots",
        "wash_sales",
        "broker_view",
        "dividends",
        "distributions",
    ):
        rows = list(csv.DictReader(io.StringIO(files[f"{name}.csv"])))
        assert len(rows) == len(found[name])
        for cells, row in zip(rows, found[name], strict=True):
            assert list(cells) == list(row)
            for column, value in row.items():
                if isinstance(value, float):
                    assert float(cells[column]) == value


def test_distributions_are_rows_and_a_figure_of_the_year() -> None:
    found, files = as_json(paid_out()), csv_files(paid_out())
    rows = list(csv.DictReader(io.StringIO(files["distributions.csv"])))
    assert [(row["date"], row["kind"], float(row["amount"]), float(row["income"])) for row in rows] == [
        ("2024-12-30", "ira", 1_234.5, 1_234.5), ("2025-01-06", "ira", 2_000, 2_000), ("2025-01-06", "roth_ira", 10, 0),
    ]  # fmt: skip
    assert {year: row["distributions"] for year, row in found["schedule_d"].items()} == {
        "2024": 1_234.5,
        "2025": 2_000,
    }
    assert [row["income"] for row in found["distributions"]] == [1_234.5, 2_000, 0]


def test_no_cell_runs_in_a_spreadsheet() -> None:
    files = csv_files(washed("=1+1", "@IRA", "+VTI", "-L1"))
    cells = [cell for text in files.values() for row in csv.reader(io.StringIO(text)) for cell in row]
    running = [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    assert all(float(cell) < 0 for cell in running)
    for made_text in ("'=1+1", "'@IRA", "'+VTI", "'-L1"):
        assert made_text in cells


def test_a_history_without_sales_has_every_header() -> None:
    report = example().of_year(2023)
    files = csv_files(report)
    assert files["form_8949.csv"].splitlines()[0].startswith("part,box,description,acquired,sold")
    assert all(text.endswith("\n") for text in files.values())
