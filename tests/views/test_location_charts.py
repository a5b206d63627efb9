"""The map of accounts by asset class carries the figures of `holdings`, in words and shades."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rebal_kit.files.household import load_household
from rebal_kit.holdings import holdings
from rebal_kit.sources.load import load_market
from rebal_kit.views import style
from rebal_kit.views.location_charts import location_map
from tests.views.test_charts import found, rows_with

MARKET, HOME = load_market("etf"), load_household("two_million")


def test_every_cell_says_its_dollars_and_is_shaded_by_its_share_of_the_account() -> None:
    table = holdings(MARKET, HOME)
    cells = {
        (r["class"], r["account"].split("\n")[0]): r
        for r in rows_with(location_map({"a": HOME}, MARKET), "share")
    }
    assert len(cells) == table.size
    for (row, account), cell in cells.items():
        assert cell["usd"] == round(table.loc[row, account])
        assert cell["share"] == pytest.approx(table.loc[row, account] / table[account].sum())
        assert cell["shown"] == (f"${table.loc[row, account] / 1_000:,.1f}k" if cell["usd"] else "")


def test_the_last_column_holds_the_whole_against_its_target() -> None:
    whole = [r for r in rows_with(location_map({"a": HOME}, MARKET), "shown") if "share" not in r]
    table = holdings(MARKET, HOME)
    share = table.loc["US stocks"].sum() / table.to_numpy().sum()
    assert {r["class"]: r["shown"] for r in whole}["US stocks"] == f"{100 * share:.1f} % (45 %)"


def test_kinds_of_account_units_data_and_day_are_named() -> None:
    spec = location_map({"Before": HOME, "After": HOME}, MARKET).to_dict()
    headings = {r["account"] for rows in spec["datasets"].values() for r in rows}
    assert "Blair Roth IRA\nRoth IRA" in headings
    below = " ".join(spec["title"]["subtitle"])
    for words in ("US$", "two million", "'etf'", "2012-08-31"):
        assert words in below
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == [
        "Before, 2012-08-31",
        "After, 2012-08-31",
    ]
    assert spec["config"]["font"] == style.FONT
    assert "Alex IRA mostly Treasuries 402" in spec["description"]
    assert not any("http" in url for url in found(spec, "url"))


def test_an_excluded_account_is_drawn_and_does_not_count() -> None:
    *rest, roth = HOME.accounts
    without = replace(HOME, accounts=(*rest, replace(roth, trading="excluded")))
    rows = rows_with(location_map({"a": without}, MARKET), "shown")
    assert any("Roth IRA, excluded" in r["account"] for r in rows)
    table = holdings(MARKET, HOME).drop(columns=roth.name)
    share = table.loc["US stocks"].sum() / table.to_numpy().sum()
    assert any(r["shown"] == f"{100 * share:.1f} % (45 %)" for r in rows)
