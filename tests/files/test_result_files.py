"""A run in a folder: read back equal, whole or not there, and broken files said."""

from __future__ import annotations

import pytest

from rebal_kit.audit import audit
from rebal_kit.backtest import backtest
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.result_files import load_result, save_result
from rebal_kit.findings import LedgerError, RebalError
from rebal_kit.policy import BUY_AND_HOLD
from rebal_kit.sources.load import load_market
from tests.worlds import account, household_of, market_of


@pytest.fixture(scope="module")
def run():
    return backtest(
        load_market("etf"),
        load_household("two_million"),
        load_policy("threshold_3pct_harvest"),
        open_with="lots",
    )


def test_it_reads_back_equal(run, tmp_path):
    record = run.record
    folder = save_result(record, tmp_path / "runs" / "threshold")
    again = load_result(folder)
    assert again.transactions == record.transactions
    assert again.household == record.household
    assert (again.first, again.last, again.about) == (record.first, record.last, record.about)
    assert again.sales.to_numpy().tolist() == record.sales.to_numpy().tolist()
    assert again.years.to_numpy().tolist() == record.years.to_numpy().tolist()
    assert audit(again).clean


def test_a_run_without_a_trade(tmp_path):
    market = market_of({"A": [10.0, 11.0, 12.0]})
    household = household_of({"A": 1.0}, account(cash=100.0))
    run = backtest(market, household, BUY_AND_HOLD, open_with="lots")
    assert not run.transactions
    again = load_result(save_result(run.record, tmp_path / "still"))
    assert audit(again).clean


def test_a_folder_is_never_written_over(run, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(LedgerError, match="exists already"):
        save_result(run.record, tmp_path / "mine")
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be written"):
        save_result(run.record, tmp_path / "file" / "result")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sales.csv", "date,account\n", "column 'symbol' is missing"),
        ("years.csv", None, "no such file"),
        ("years.csv", "year,short\n", "column 'long' is missing"),
        ("result.json", "{", "is not the summary"),
        ("result.json", '{"first": "soon"}', "is not the summary"),
        ("ledger.csv", "date\n2020-01-01\n", "is missing"),
        ("household.yaml", "accounts: 3", "accounts"),
    ],
)
def test_a_broken_folder_is_said(run, tmp_path, name, text, said):
    folder = save_result(run.record, tmp_path / "result")
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(RebalError, match=said):
        load_result(folder)


def test_a_cell_that_is_no_number_is_named(run, tmp_path):
    folder = save_result(run.record, tmp_path / "result")
    lines = (folder / "years.csv").read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    (folder / "years.csv").write_text("\n".join([lines[0], ",".join([cells[0], "much", *cells[2:]])]) + "\n")
    with pytest.raises(LedgerError, match=r"years.csv row 2, column short: is 'much'"):
        load_result(folder)


def test_what_is_no_folder(tmp_path):
    with pytest.raises(LedgerError, match="is no folder"):
        load_result(tmp_path / "nothing")
