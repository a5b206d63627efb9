"""`rebal tax --carry`: the household after the last trade, written beside what is printed, and over nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from rebal_kit.files.household import load_household
from rebal_kit.to_date import LossSale, YearToDate
from tests.test_cli_tax import EXAMPLE, GAIN, LOSS, given, rebal_tax, refused


def test_the_household_after_the_last_trade(tmp_path: Path) -> None:
    arguments = given(tmp_path, LOSS)
    done = rebal_tax(*arguments, "--carry", tmp_path / "after.yaml", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["household"] == "Ann"
    written, note = done.stderr.splitlines()
    assert written == f"written to {tmp_path}: after.yaml"
    what = f"cash and tax_owed are those of {arguments[-1]}: a ledger does not follow them"
    assert note == f"note: {tmp_path / 'after.yaml'}: {what} — bring them up to date there"
    found = load_household(tmp_path / "after.yaml")
    day = dt.date(2024, 6, 3)
    assert found.as_of == day
    assert found.loss_sales == (LossSale("Main", "VTI", day, 10.0, 100.0, dt.date(2024, 1, 2)),)
    assert found.year_to_date == YearToDate(short=-100.0)


def test_a_year_is_of_the_report_only(tmp_path: Path) -> None:
    done = rebal_tax(*EXAMPLE, "--year", "2023", "--carry", tmp_path / "after.yaml")
    assert done.exit_code == 0, done.stderr
    found = load_household(tmp_path / "after.yaml")
    assert (found.as_of, len(found.lots), found.loss_sales) == (dt.date(2025, 10, 20), 13, ())


@pytest.mark.parametrize("there", ["after.yaml", "after_lots.csv"])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    lines = refused(rebal_tax(*EXAMPLE, "--carry", tmp_path / "after.yaml"))
    assert lines == [f"error: {tmp_path / there}: is there already — give another name to --carry"]
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [(there, "mine")]


@pytest.mark.parametrize(
    ("name", "words"),
    [("after.csv", "after.csv — give a new household file, NEW.yaml"), ("nowhere/after.yaml", "cannot be written")],
)  # fmt: skip
def test_a_file_that_cannot_be(tmp_path: Path, name: str, words: str) -> None:
    (line,) = refused(rebal_tax(*given(tmp_path, GAIN), "--carry", tmp_path / name))
    assert words in line
    assert not (tmp_path / name).exists()


def test_what_was_carried_goes_on(tmp_path: Path) -> None:
    """The file is the opening of the next ledger."""
    assert rebal_tax(*EXAMPLE, "--carry", tmp_path / "after.yaml").exit_code == 0
    sale = "2025-11-03,Dana Taxable,SELL,BND,10,80,,,D-BND-1:10,\n"
    header = GAIN.splitlines(keepends=True)[0]
    (tmp_path / "next.csv").write_text(header + sale, encoding="utf-8")
    done = rebal_tax(tmp_path / "next.csv", "--household", tmp_path / "after.yaml", "--json")
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)["disposals"]
    assert (row["lot"], row["acquired"], row["term"]) == ("D-BND-1", "2023-02-02", "LT")
