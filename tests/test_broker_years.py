"""What a return would show that copied the brokers' forms, and the history in which every disputed question matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.files.household import load_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.shipped import shipped_data
from rebal_kit.tax_report import tax_report

FOLDER = shipped_data() / "ledgers"


def test_gains_of_the_forms_are_those_of_the_brokers_table() -> None:
    report = tax_report(load_ledger(FOLDER / "example.csv"), load_household(FOLDER / "example.yaml"))
    copied = report.broker_years[["short", "long"]].sum(axis=1)
    by_form = report.broker.groupby(report.broker["date"].dt.year)["broker_gain"].sum()
    assert copied.tolist() == pytest.approx(by_form.tolist())
    # 350 of the loss disallowed in 2023 come back in 2025, in shares that the other broker knows at their price.
    assert report.broker_years.loc[2025, "long"] == pytest.approx(report.years.loc[2025, "long"] + 350)
    assert report.of_year(2024).broker_years.index.tolist() == [2024]


def test_forms_and_return_agree_where_one_account_holds_all() -> None:
    trades = [line for line in load_ledger(FOLDER / "example.csv") if line.symbol == "BND"]
    household = replace(load_household(FOLDER / "example.yaml"), identical=())
    report = tax_report(trades, household)
    assert report.totals["disallowed"] == pytest.approx(6.7048)
    assert report.broker_years.equals(report.years)
    assert report.differences.empty


DISPUTED: dict[str, tuple[Any, tuple[float, float, float, float]]] = {
    # short, long, disallowed, permanent
    "as usual": ({}, (-2_600, -1_100, 3_100, 500)),
    "GONE": ({"count_disposed_purchases": True}, (-2_600, 0, 4_200, 500)),
    "OLDER": ({"ignore_lots_older_than_sold_lot": True}, (-3_300, -1_100, 2_400, 500)),
    "ORDER": ({"row_level_matching": True}, (-2_600, -1_100, 3_600, 500)),
    "REST": ({"parent_excluded": False}, (-1_500, -1_100, 4_200, 500)),
    "FILLS": ({"merge_fills": False}, (-1_700, -1_100, 3_950, 500)),
    "SPOUSE": ({"spouse_basis": "permanent"}, (-2_600, -1_100, 3_100, 1_100)),
    "HELD": ({"holding": "replacement_method"}, (-3_100, -600, 3_100, 500)),
    "PLAN": ({"ignore_account_types": "401k"}, (-3_100, -1_100, 2_600, 0)),
}


@pytest.mark.parametrize("question", DISPUTED)
def test_each_disputed_question_moves_its_own_security_only(question: str) -> None:
    switch, figures = DISPUTED[question]
    trades, household = load_ledger(FOLDER / "disputed.csv"), load_household(FOLDER / "disputed.yaml")
    usual = tax_report(trades, household)
    report = tax_report(trades, replace(household, conventions=WashSaleConventions(**switch)))
    year, totals = report.by_year.loc[2025], report.totals
    assert (year["ST"], year["LT"], totals["disallowed"], totals["permanent"]) == pytest.approx(figures)
    columns = ["basis", "disallowed", "permanent", "term"]
    moved = {
        symbol for symbol, rows in report.disposals.groupby("symbol")
        if rows[columns].to_numpy().tolist()
        != usual.disposals[usual.disposals["symbol"] == symbol][columns].to_numpy().tolist()
    }  # fmt: skip
    assert moved == (set() if question == "as usual" else {question})
