"""A tax report as JSON values and as CSV files: one set of rows, so that both say the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rebal_kit.files.csv_text import write_rows

if TYPE_CHECKING:
    import pandas as pd

    from rebal_kit.tax_report import TaxReport

#: Far below a cent, far above the noise of binary fractions.
_DECIMALS = 9


def as_json(report: TaxReport) -> dict[str, Any]:
    """Return a report as JSON values: dates as text, a date that does not exist as null, no NaN, no binary noise.

    Parameters
    ----------
    report : TaxReport
    """
    household = report.household
    lines = rows_of(report.schedule_d)
    years = rows_of(report.years.reset_index())
    return {
        "household": household.name,
        "year": report.year,
        "first": str(report.first),
        "last": str(report.last),
        "complete": household.complete,
        "conventions": {name: _plain(value) for name, value in asdict(household.conventions).items()},
        "law": {str(row["year"]): row["law_year"] for row in years},
        "disposals": rows_of(report.disposals),
        "open_lots": rows_of(report.open_lots),
        "totals": {name: _plain(value) for name, value in report.totals.items()},
        "by_year": {
            str(row.pop("year")): row for row in rows_of(report.by_year.rename_axis("year").reset_index())
        },
        "form_8949": rows_of(report.form_8949),
        "schedule_d": {
            str(row["year"]): {
                **{name: value for name, value in row.items() if name != "year"},
                "lines": [
                    {name: value for name, value in line.items() if name != "year"}
                    for line in lines
                    if line["year"] == row["year"]
                ],
            }
            for row in years
        },
        "wash_sales": rows_of(report.wash_sales),
        "dividends": rows_of(report.dividends),
        "distributions": rows_of(report.distributions),
        "broker_view": rows_of(report.broker),
        "findings": [
            {"severity": f.severity, "where": f.where, "what": f.what, "remedy": f.remedy}
            for f in report.findings
        ],
    }


def csv_files(report: TaxReport) -> Mapping[str, str]:
    """Return the text of each CSV file by name; cells that a spreadsheet would run are made text.

    Parameters
    ----------
    report : TaxReport
    """
    tables = {
        "form_8949": report.form_8949, "disposals": report.disposals, "open_lots": report.open_lots,
        "wash_sales": report.wash_sales, "broker_view": report.broker, "dividends": report.dividends,
        "distributions": report.distributions, "schedule_d": report.schedule_d,
    }  # fmt: skip
    return {
        f"{name}.csv": write_rows(list(table.columns), (row.values() for row in rows_of(table)))
        for name, table in tables.items()
    }


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON values, by column."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        # adding zero makes zero of minus zero
        return round(value, _DECIMALS) + 0.0 if math.isfinite(value) else None
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    day = str(value)[: len("2024-12-31")]
    return None if day == "NaT" else day
