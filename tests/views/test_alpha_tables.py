"""The split of tax saved and the worth of a household's switches, as text and JSON."""

from __future__ import annotations

import io
import json

import pandas as pd
from rich.console import Console

from rebal_kit.household_comparison import AS_IT_IS, HouseholdComparison, compare_household
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass
from rebal_kit.triggers import Threshold, ToleranceBand
from rebal_kit.views import alpha_tables, charts
from tests.views.results import split
from tests.worlds import account, household_of, random_market

ALPHA = split(
    pd.Series([1_234.4, -20.0], index=pd.Index([2024, 2025], name="year")), "quarterly_harvest", "quarterly"
)


def printed(parts) -> str:
    console = Console(file=io.StringIO(), width=110)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


HARVEST = Harvest(0.03, 100.0)


def compared(sessions: int = 300, harvest: Harvest | None = HARVEST) -> HouseholdComparison:
    policy = RebalancePolicy("bands", (Threshold(ToleranceBand(absolute=0.02)),), harvest=harvest)
    household = household_of({AssetClass("s", {"A": 1, "P": 0}): 0.5, "B": 0.5}, account(value=100_000.0))
    return compare_household(random_market(3, ("A", "P", "B"), sessions), household, policy)


def test_a_year_is_a_row_and_the_parts_are_columns() -> None:
    table = alpha_tables.split(ALPHA)
    assert table.loc["2024"].tolist() == ["1,234", "741", "370", "123", "49", "1.23 %"]
    assert table.loc["2025"].tolist() == ["−20", "−12", "−6", "−2", "−1", "−0.02 %"]
    assert table.loc["all years", "tax saved"] == "1,214"


def test_the_liquidation_line_says_why() -> None:
    table = alpha_tables.resale(ALPHA)["US$"]
    assert table["deferred gains fall due"] == "729"
    assert table["tax-deferred balances"] == "1,500"
    assert table["further tax if all were sold"] == "350"
    assert table["change in value after liquidation"] == "−612"


def test_the_terminal_shows_who_against_whom_and_at_which_rates() -> None:
    text = printed(alpha_tables.split_terminal(ALPHA))
    for words in (
        "quarterly harvest against quarterly, US$",
        "gains at 15.0%",
        "retirement at 24.0%",
        "nobody is better",
    ):
        assert words in text


def test_worth_has_runs_side_by_side() -> None:
    comparison = compared()
    table = alpha_tables.worth(comparison)
    assert table.columns.tolist() == list(comparison.runs)
    own = table[AS_IT_IS]
    assert own["value after tax", "$k"] == f"{comparison.worth.at[AS_IT_IS, 'value_after_tax'] / 1_000:,.1f}"
    assert own["worth, after tax", "bp/yr"] == own["deferred", "$"] == ""
    assert "bp" in alpha_tables.worth(compared(sessions=100)).index.get_level_values("unit")
    text = printed(alpha_tables.worth_terminal(compared(harvest=None)))
    assert "test: what each part of bands is worth, 2023-01-02 to" in text
    assert "harvest off already" in text


def test_the_chart_has_a_panel_for_each_switch() -> None:
    comparison = compared()
    chart = charts.household_tax(comparison)
    (rows,) = (rows for rows in chart.to_dict()["datasets"].values() if "rule" in rows[0])
    assert list(dict.fromkeys(row["rule"] for row in rows)) == list(comparison.tax_alphas)
    assert "switched off" in chart.description


def test_json_holds_plain_numbers_and_nulls() -> None:
    comparison = compared()
    given = json.loads(json.dumps(alpha_tables.household_json(comparison), allow_nan=False))
    assert list(given["policies"]) == list(given["worth"]) == list(comparison.runs)
    assert list(given["tax_alpha"]) == list(comparison.tax_alphas)
    one = json.loads(json.dumps(alpha_tables.split_json(ALPHA), allow_nan=False))
    assert one["years"][0]["year"] == 2024
    assert one["years"][0]["saved"] == 1_234.4
    assert one["years"][0]["kept_off"] == 2_468.8
    assert one["liquidation"]["tax"] == 350.0
    assert one["total"]["saved"] == ALPHA.saved
