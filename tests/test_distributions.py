"""Deposits and withdrawals in a history: what is income, on whose return, what is said of it, and what is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rebal_kit as rk
from rebal_kit.audit import audit
from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import Account, Household
from rebal_kit.files.result_files import load_result, save_result
from rebal_kit.findings import LedgerError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.record import RunRecord
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_report import TaxReport, tax_report
from rebal_kit.transactions import Transaction
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import account, household_of, random_market

KINDS = {"Main": "taxable", "IRA": "ira", "Plan": "401k", "Roth": "roth_ira", "HSA": "hsa"}
SINGLE = TaxProfile("single", 2025, 100_000, state_rate=0.05)


def household(tax: TaxProfile = SINGLE, **given: Any) -> Household:
    accounts = tuple(Account(name, "Ann", kind) for name, kind in KINDS.items())  # type: ignore[arg-type]
    return Household("Ann", accounts, TargetAllocation({}), tax, complete=True, **given)


def line(date: str, account: str, action: str, amount: float) -> Transaction:
    return Transaction(dt.date.fromisoformat(date), account, action, amount=amount)  # type: ignore[arg-type]


def report_of(*lines: Transaction, tax: TaxProfile = SINGLE) -> TaxReport:
    return tax_report(lines, household(tax), law_year=2025)


def said(report: TaxReport, where: str) -> list[tuple[str, str]]:
    return [(finding.severity, finding.what) for finding in report.findings if finding.where == where]


def test_what_an_ira_and_a_401k_pay_out_is_ordinary_income() -> None:
    """30,000 on top of 84,250 taxable: 19,100 at 22 %, the rest at 24 %; 5 % of all of it to the state."""
    report = report_of(
        line("2025-03-03", "IRA", "WITHDRAW", 20_000), line("2025-06-02", "Plan", "WITHDRAW", 10_000)
    )
    year = report.years.loc[2025]
    assert year["distributions"] == 30_000
    assert [year["income_tax"], year["niit"], year["state"]] == pytest.approx([6_818, 0, 1_500])
    assert year["tax"] == pytest.approx(8_318)
    assert year["tax"] == pytest.approx(
        rk.income_tax(replace(SINGLE, ordinary_income=130_000)).total + 1_500 - rk.income_tax(SINGLE).total
    )
    assert report.distributions["income"].tolist() == [20_000, 10_000]
    assert report.withdrawn.to_dict("list") == {
        "year": [2025, 2025], "account": ["IRA", "Plan"], "kind": ["ira", "401k"], "amount": [20_000, 10_000],
        "income": [20_000, 10_000],
    }  # fmt: skip


def test_roth_and_hsa_taxable_accounts_and_deposits_are_no_income() -> None:
    report = report_of(
        *(line("2025-03-03", name, "DEPOSIT", 5_000) for name in KINDS),
        *(line("2025-09-02", name, "WITHDRAW", 5_000) for name in ("Main", "Roth", "HSA")),
    )
    assert report.years.loc[2025, ["distributions", "tax"]].tolist() == [0, 0]
    assert report.distributions[["account", "amount", "income"]].to_numpy().tolist() == [
        ["Roth", 5_000, 0], ["HSA", 5_000, 0],
    ]  # fmt: skip
    assert "distributions" not in report.overview
    assert report.trades.empty


def test_a_withdrawal_changes_no_gain_and_no_wash_sale() -> None:
    trades = (
        Transaction(dt.date(2025, 1, 2), "Main", "BUY", "VTI", 10, 300.0, lot="L"),
        Transaction(dt.date(2025, 3, 3), "Main", "SELL", "VTI", 10, 250.0),
        Transaction(dt.date(2025, 3, 10), "IRA", "BUY", "VTI", 4, 250.0),
    )
    bare, paid = (
        report_of(*trades),
        report_of(*trades[:1], line("2025-01-02", "IRA", "WITHDRAW", 9_000), *trades[1:]),
    )
    pd.testing.assert_frame_equal(bare.disposals, paid.disposals)
    pd.testing.assert_frame_equal(bare.wash_sales, paid.wash_sales)
    assert bare.totals == paid.totals
    assert paid.years.loc[2025, "tax"] - bare.years.loc[2025, "tax"] == pytest.approx(9_000 * (0.22 + 0.05))


def test_the_carryover_of_a_loss_takes_withdrawals_for_income() -> None:
    """Income below the standard deduction absorbs none of a deducted loss; a withdrawal lets it."""
    poor = TaxProfile("single", 2025, 10_000)
    loss = (
        Transaction(dt.date(2025, 1, 2), "Main", "BUY", "VTI", 100, 300.0),
        Transaction(dt.date(2025, 3, 3), "Main", "SELL", "VTI", 100, 200.0),
    )
    assert report_of(*loss, tax=poor).years.loc[2025, "carry_short"] == 10_000
    paid = report_of(*loss, line("2025-12-31", "IRA", "WITHDRAW", 30_000), tax=poor).years.loc[2025]
    assert paid["carry_short"] == 7_000
    assert paid["tax"] == pytest.approx(1_192.50 + (21_250 - 11_925) * 0.12)  # of 37,000 less 15,750


def test_each_withdrawal_is_of_its_year() -> None:
    report = report_of(
        line("2024-12-31", "IRA", "WITHDRAW", 1_000), line("2025-01-02", "IRA", "WITHDRAW", 2_000)
    )
    assert report.years["distributions"].to_dict() == {2024: 1_000, 2025: 2_000}
    assert report.overview["distributions"].tolist() == [1_000, 2_000, 3_000]
    assert list(report.overview)[-2:] == ["distributions", "tax"]
    assert report.of_year(2024).distributions["amount"].tolist() == [1_000]
    assert report.broker_years["distributions"].tolist() == [1_000, 2_000]


def test_what_is_assumed_is_said() -> None:
    report = report_of(
        line("2025-03-03", "IRA", "WITHDRAW", 20_000), line("2025-03-03", "Roth", "WITHDRAW", 500),
        line("2025-03-03", "Plan", "DEPOSIT", 7_000), line("2025-03-03", "Main", "DEPOSIT", 1),
    )  # fmt: skip
    ((severity, what), (other, qualified)) = said(report, "distributions")
    assert (severity, other) == ("warning", "note")
    for words in (
        "US$ 20,000.00 withdrawn from 'IRA'",
        "§408(d)(1)",
        "§402(a)",
        "§72(t)",
        "required",
        "Form 8606",
    ):
        assert words in what, words
    assert "US$ 500.00 withdrawn from 'Roth' are taken to be qualified" in qualified
    assert "§408A(d)" in qualified
    ((severity, what),) = said(report, "contributions")
    assert severity == "note"
    assert "US$ 7,000.00 paid into 'Plan' are not deducted" in what


def test_nothing_is_said_where_nothing_is_paid() -> None:
    report = report_of(
        line("2025-03-03", "Main", "DEPOSIT", 20_000), line("2025-03-04", "Main", "WITHDRAW", 9)
    )
    assert said(report, "distributions") == said(report, "contributions") == []


def test_an_unknown_account_is_refused() -> None:
    with pytest.raises(
        LedgerError, match="2025-03-03 WITHDRAW Savings, column account: 'Savings' is no account"
    ):
        report_of(line("2025-03-03", "Savings", "WITHDRAW", 1))


# --- back-tests: what was paid, put beside the trades


@pytest.fixture(scope="module")
def run() -> Backtest:
    accounts = account(value=300_000.0), account("IRA", "ira", value=200_000.0)
    rules = RebalancePolicy("p", Threshold(ToleranceBand(absolute=0.01)), dividends="reinvest")
    market = random_market(4, ("A", "B"), 400)
    return backtest(market, household_of({"A": 0.6, "B": 0.4}, *accounts, tax=SINGLE), rules)


def with_flows(run: Backtest, *flows: tuple[Any, str, float]) -> tuple[Transaction, ...]:
    from rebal_kit.journal_ledger import transactions_of

    names = [a.name for a in run.household.accounts]
    table = pd.DataFrame(flows, columns=["date", "account", "amount"])
    opening = run.setting.opening_shares, run.setting.bought_on_first
    return transactions_of(run.journal, run.setting.prices, run.market.symbols, names, *opening, table)


def test_without_flows_nothing_is_paid(run: Backtest) -> None:
    assert list(run.flows) == ["date", "account", "amount", "purpose"]
    assert len(run.flows) == 0
    assert with_flows(run) == run.transactions
    assert (run.years["distributions"] == 0).all()


def test_deposits_stand_before_the_trades_of_a_session_and_withdrawals_after_them(run: Backtest) -> None:
    busy = run.journal["date"].value_counts().index[0]
    lines = with_flows(
        run, (busy, "IRA", -700.0), (busy, "Main", 500.25), (busy, "IRA", 30.0), (busy, "Main", -1.5)
    )
    here = [line for line in lines if line.date == busy.date()]
    trades = [line for line in here if line.action not in ("DEPOSIT", "WITHDRAW")]
    assert len(trades) > 1
    assert here == [
        *(line for line in trades if line.action in ("SPLIT", "EX_DIVIDEND")),
        line(str(busy.date()), "Main", "DEPOSIT", 500.25), line(str(busy.date()), "IRA", "DEPOSIT", 30.0),
        *(line for line in trades if line.action not in ("SPLIT", "EX_DIVIDEND")),
        line(str(busy.date()), "IRA", "WITHDRAW", 700.0), line(str(busy.date()), "Main", "WITHDRAW", 1.5),
    ]  # fmt: skip
    assert [line for line in lines if line.date != busy.date()] == [
        line for line in run.transactions if line.date != busy.date()
    ]


def recorded(run: Backtest) -> RunRecord:
    """The run's record, had it paid out of its IRA in the first year and said so."""
    date = run.dates[60]
    report = tax_report(
        with_flows(run, (date, "IRA", -12_345.67), (date, "Main", 1_000.0)),
        run.record.household,
        law_year=2025,
    )
    years = run.record.years.copy()
    for name in set(years) - {"disallowed", "permanent"}:
        years[name] = report.years[name]
    return replace(run.record, transactions=with_flows(run, (date, "IRA", -12_345.67), (date, "Main", 1_000.0)),
                   years=years)  # fmt: skip


def test_an_audit_compares_distributions(run: Backtest) -> None:
    record = recorded(run)
    assert audit(record).clean
    years = record.years.copy()
    years.loc[years.index[0], "distributions"] -= 1.0
    found = audit(replace(record, years=years)).differences
    assert found["what"].tolist() == ["year, distributions"]
    assert found["difference"].tolist() == pytest.approx([1.0])


def test_a_withdrawal_that_is_left_out_is_found(run: Backtest) -> None:
    record = recorded(run)
    trades = tuple(line for line in record.transactions if line.action != "WITHDRAW")
    assert set(audit(replace(record, transactions=trades)).differences["what"]) >= {
        "year, distributions", "year, tax",
    }  # fmt: skip


def test_a_folder_keeps_them(run: Backtest, tmp_path: Any) -> None:
    record = recorded(run)
    again = load_result(save_result(record, tmp_path / "run"))
    assert again.transactions == record.transactions
    assert again.years["distributions"].tolist() == record.years["distributions"].tolist()
    assert np.flatnonzero(again.years["distributions"]).tolist() == [0]
    assert audit(again).clean
