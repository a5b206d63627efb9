"""A back-test's trades and figures in a folder, so that they can be checked later, and by somebody else."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rebal_kit.files.csv_text import Columns, as_number, read_rows, write_rows
from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.ledger_file import load_ledger, write_ledger
from rebal_kit.files.reading import read_text
from rebal_kit.findings import Finding, LedgerError, RebalError, capped, raise_errors
from rebal_kit.record import SALE_COLUMNS, YEAR_COLUMNS, RunRecord

LEDGER, HOUSEHOLD, SALES, YEARS, ABOUT = (
    "ledger.csv",
    "household.yaml",
    "sales.csv",
    "years.csv",
    "result.json",
)
_TEXT = ("account", "symbol", "lot", "term")


def save_result(record: RunRecord, folder: str | Path) -> Path:
    """Write a run's trades and figures into a new folder; return its path.

    ``ledger.csv`` and ``household.yaml`` are what `rebal tax` reads; ``sales.csv`` and ``years.csv`` are what the run
    said of them; ``result.json`` names policy, market and period. The folder is there whole or not at all.

    Raises
    ------
    LedgerError
        The folder exists, or cannot be written.
    """
    target = Path(folder)
    if target.exists():
        raise LedgerError(Finding("error", str(target), "exists already", "give a new folder"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as problem:
        what = f"cannot be written: {problem.strerror}"
        raise LedgerError(Finding("error", str(target), what, "give another path")) from None
    try:
        if record.transactions:
            (made / LEDGER).write_text(write_ledger(record.transactions), encoding="utf-8")
        save_household(record.household, made / HOUSEHOLD)
        sales, years = record.sales, record.years.rename_axis("year").reset_index()
        (made / SALES).write_text(write_rows(SALE_COLUMNS, _rows(sales, SALE_COLUMNS)), encoding="utf-8")
        columns = ("year", *YEAR_COLUMNS)
        (made / YEARS).write_text(write_rows(columns, _rows(years, columns)), encoding="utf-8")
        about = {"first": str(record.first), "last": str(record.last), **record.about}
        (made / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        made.chmod(0o755)
        made.rename(target)
    except OSError as problem:
        what = f"cannot be written: {problem.strerror}"
        raise LedgerError(Finding("error", str(target), what, "give another path")) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def save_results(records: Mapping[str, RunRecord], folder: str | Path) -> tuple[Path, ...]:
    """Write several runs into folders of their own inside `folder`; nothing is written if one of them is there already.

    Raises
    ------
    LedgerError
        Names that are no folder's, folders that exist or cannot be written.
    """
    whole = Path(folder)
    problems = []
    for name in records:
        if name in ("", ".", "..") or Path(name).name != name:
            problems.append(
                Finding("error", f"policy '{name}'", "is no name for a folder", "rename the policy")
            )
        elif (whole / name).exists():
            problems.append(Finding("error", str(whole / name), "exists already", "give a new folder"))
    raise_errors(LedgerError, problems)
    return tuple(save_result(record, whole / name) for name, record in records.items())


def load_result(folder: str | Path) -> RunRecord:
    """Read what `save_result` wrote.

    Raises
    ------
    LedgerError
        With every problem of the folder's files.
    HouseholdError
        The household cannot be read.
    """
    source = Path(folder)
    if not source.is_dir():
        remedy = "give the folder that --save made"
        raise LedgerError(Finding("error", str(source), "is no folder", remedy))
    findings: list[Finding] = []
    about = _about(source / ABOUT, findings)
    sales = _table(source / SALES, SALE_COLUMNS, findings)
    years = _table(source / YEARS, ("year", *YEAR_COLUMNS), findings)
    raise_errors(LedgerError, capped(findings, str(source)))
    household = load_household(source / HOUSEHOLD)
    names = [account.name for account in household.accounts]
    trades = load_ledger(source / LEDGER, names) if (source / LEDGER).exists() else ()
    first, last = (pd.Timestamp(about.pop(name)).date() for name in ("first", "last"))
    sales["date"] = pd.to_datetime(sales["date"])
    years = years.set_index(years["year"].astype(int)).drop(columns="year")
    return RunRecord(trades, household, first, last, sales, years, about)


def _rows(table: pd.DataFrame, columns: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return table[list(columns)].itertuples(index=False, name=None)


def _about(path: Path, findings: list[Finding]) -> dict[str, str]:
    try:
        about = json.loads(read_text(path, LedgerError))
        for name in ("first", "last"):
            pd.Timestamp(about[name]).date()  # a date, or it is no result
    except RebalError as error:
        findings += error.findings
    except (ValueError, TypeError, KeyError):
        remedy = "give the folder as --save made it"
        findings.append(Finding("error", str(path), "is not the summary of a result", remedy))
    else:
        return {str(name): str(value) for name, value in about.items()}
    return {}


def _table(path: Path, columns: tuple[str, ...], findings: list[Finding]) -> pd.DataFrame:
    try:
        text = read_text(path, LedgerError)
    except RebalError as error:
        findings += error.findings
        return pd.DataFrame(columns=list(columns))
    rows = []
    for number, cells in read_rows(text, str(path), Columns(columns, columns), findings):
        row: dict[str, Any] = {}
        for name in columns:
            value = cells.get(name, "")
            row[name] = value if name in _TEXT else _value(value, name)
            if row[name] is None:
                where = f"{path} row {number}, column {name}"
                findings.append(Finding("error", where, f"is {value!r}", "give the file as --save made it"))
        rows.append(row)
    return pd.DataFrame(rows, columns=list(columns))


def _value(cell: str, name: str) -> Any:
    """Return a cell's number or date, or None."""
    if name == "date":
        date = pd.to_datetime(cell, format="%Y-%m-%d", errors="coerce")
        return None if pd.isna(date) else date
    number = as_number(cell)
    return None if isinstance(number, str) else number
