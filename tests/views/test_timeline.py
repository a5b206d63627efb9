"""A timeline of wash sales shows each account, both ends of the window, and the dollars that each purchase takes."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pandas as pd
import pytest

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.files.household import load_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.findings import STALE, Finding
from rebal_kit.shipped import shipped_data
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_report import TaxReport, tax_report
from rebal_kit.transactions import Transaction
from rebal_kit.views import style, timeline
from rebal_kit.views.picture import picture
from rebal_kit.views.shape import MOST_POINTS
from rebal_kit.views.timeline import wash_timeline
from tests.views.test_charts import found, rows_with

ACCOUNTS = (
    Account("Main", "Alex", AccountKind.TAXABLE),
    Account('Alex\'s "IRA"', "Alex", AccountKind.IRA),
    Account("Unused", "Alex", AccountKind.TAXABLE),
)
SOLD = dt.date(2025, 6, 10)


def report(*lines: tuple[str, int, str, float, float]) -> TaxReport:
    """Return the report of trades given as account, days from the sale, action, shares and price."""
    household = Household("one", ACCOUNTS, TargetAllocation({}), complete=True)
    trades = [
        Transaction(SOLD + dt.timedelta(days), account, action, "XYZ", shares, price)  # type: ignore[arg-type]
        for account, days, action, shares, price in lines
    ]
    return tax_report(trades, household)


BOUGHT, LOSS = ("Main", -200, "BUY", 100, 10.0), ("Main", 0, "SELL", 100, 7.5)


@cache
def example() -> TaxReport:
    folder = shipped_data() / "ledgers"
    return tax_report(load_ledger(folder / "example.csv"), load_household(folder / "example.yaml"))


def labels(chart: Any) -> list[str]:
    return list(dict.fromkeys(row["label"] for row in rows_with(chart, "label") if row["label"]))


def test_titled_described_and_in_house_style() -> None:
    spec = wash_timeline(example(), "VXUS").to_dict()
    assert spec["title"]["text"] == "Wash sales: VXUS"
    assert "61 days around a sale at a loss, both ends counted" in spec["title"]["subtitle"][0]
    assert spec["config"]["font"] == style.FONT
    assert "60 VXUS bought on 2024-08-20 in Dana IRA" in spec["description"]
    assert "258.00 US dollars lost for good" in spec["description"]
    assert not any("http" in url for url in found(spec, "url"))


def test_a_lane_for_each_account_that_traded_from_the_top() -> None:
    chart = wash_timeline(report(BOUGHT, LOSS, ('Alex\'s "IRA"', 5, "BUY", 100, 8.0)), "XYZ")
    (axis,) = set(found(chart.to_dict(), "labelExpr"))
    assert axis == '[["Main", "Alex, taxable"], ["Alex\'s \\"IRA\\"", "Alex, IRA"]][datum.value]'
    lanes = {(row["account"], row["lane"]) for row in rows_with(chart, "account")}
    assert lanes == {("Main", 0), ('Alex\'s "IRA"', 1)}


@pytest.mark.parametrize(
    ("days", "inside"), [(-31, False), (-30, True), (-1, True), (1, True), (30, True), (31, False)]
)
def test_both_ends_of_the_window_are_inside_it(days: int, inside: bool) -> None:
    chart = wash_timeline(report(BOUGHT, LOSS, ("Main", days, "BUY", 100, 8.0)), "XYZ", loss=SOLD)
    (window,) = rows_with(chart, "opens")
    (other,) = (row for row in rows_with(chart, "kind") if row["date"][:10] == str(SOLD + dt.timedelta(days)))
    assert (window["at"] <= other["at"] < window["end"]) == inside
    assert other["kind"] == (timeline.REPLACING if inside else timeline.BOUGHT)
    assert ("$250 to the basis" in labels(chart)) == inside
    assert (window["first"][:10], window["last"][:10]) == ("2025-05-11", "2025-07-10")


def test_the_report_says_both_ends_of_each_window() -> None:
    windows = example().windows
    assert windows["loss"].tolist() == pytest.approx([1_050, 2_150, 290, 430, 265, 2_419.9])
    assert windows["disallowed"].sum() == pytest.approx(example().totals["disallowed"])
    assert ((windows["last"] - windows["first"]).dt.days == 60).all()
    assert example().of_year(2024).windows["symbol"].tolist() == ["BND", "VXUS", "BND"]


def test_what_is_lost_for_good_differs_in_words_colour_and_dash() -> None:
    chart = wash_timeline(example(), "VXUS")
    assert {"$700 to the basis", "$258 lost for good"} <= set(labels(chart))
    kinds = {row["link"]: row["what"] for row in rows_with(chart, "link")}
    assert list(kinds.values()) == [timeline.TO_BASIS, timeline.LOST]
    colours, dashes = ({str(timeline._LINES[kind][i]) for kind in kinds.values()} for i in range(2))
    assert (len(colours), len(dashes)) == (2, 2)


def test_dollars_and_dates_of_every_link_are_those_of_the_trail() -> None:
    for symbol in ("VTI", "VXUS", "BND"):
        chart = wash_timeline(example(), symbol)
        trail = example().wash_sales
        trail = trail[trail["symbol"].isin(("VTI", "ITOT") if symbol == "VTI" else (symbol,))]
        amounts = [row["disallowed"] for row in rows_with(chart, "side")]
        assert sorted(amounts) == pytest.approx(sorted(trail["disallowed"]))
        ends = [row["at"][:10] for row in rows_with(chart, "link") if row["order"] == 2]
        assert ends == [f"{day:%Y-%m-%d}" for day in trail["bought"]]


def test_identical_securities_are_drawn_together_and_named() -> None:
    chart, other = (wash_timeline(example(), symbol) for symbol in ("VTI", "ITOT"))
    assert chart.to_dict()["title"] == other.to_dict()["title"]
    assert {"−100 VTI, loss $2,150", "+60 ITOT"} <= set(labels(chart))


def test_one_loss_shows_its_window_only() -> None:
    chart = wash_timeline(example(), "BND", loss=dt.date(2024, 4, 16))
    assert {row["label"] for row in rows_with(chart, "side")} == {"$2.64 to the basis", "$1.75 to the basis"}
    assert len(rows_with(chart, "opens")) == 1
    assert len(rows_with(chart, "kind")) == 3


def test_a_loss_that_nothing_replaces_has_a_window_and_no_line() -> None:
    chart = wash_timeline(report(BOUGHT, LOSS), "XYZ")
    assert len(rows_with(chart, "opens")) == 1
    assert not rows_with(chart, "link")
    assert "No purchase replaces them." in chart.description


def test_a_history_without_losses_is_drawn_too() -> None:
    chart = wash_timeline(report(BOUGHT), "XYZ")
    assert not rows_with(chart, "opens")
    assert picture(chart).png


def test_what_waits_in_no_lot_is_said() -> None:
    folder = shipped_data() / "ledgers"
    home = load_household(folder / "disputed.yaml")
    counted = Household(home.name, home.accounts, home.targets, home.tax, complete=True,
                        conventions=WashSaleConventions(count_disposed_purchases=True))  # fmt: skip
    chart = wash_timeline(tax_report(load_ledger(folder / "disputed.csv"), counted), "GONE")
    assert "$1,100 to no basis" in labels(chart)
    assert {row["what"] for row in rows_with(chart, "link")} == {timeline.IN_NO_LOT}


def test_lots_that_the_household_brings_are_drawn() -> None:
    account = Account("Main", "Alex", AccountKind.TAXABLE, lots=(
        TaxLot("A", "XYZ", 100, 1_000.0, dt.date(2024, 1, 2)), TaxLot("B", "XYZ", 40, 300.0, dt.date(2025, 5, 20)),
    ))  # fmt: skip
    household = Household("held", (account,), TargetAllocation({}), as_of=dt.date(2025, 6, 1), complete=True)
    sale = Transaction(SOLD, "Main", "SELL", "XYZ", 100, 7.5)  # type: ignore[arg-type]
    made = tax_report([sale], household)
    assert made.trades["action"].tolist() == ["HELD", "HELD", "SELL"]
    chart = wash_timeline(made, "XYZ", loss=SOLD)
    assert {"+40", "$100 to the basis"} <= set(labels(chart))


def test_never_more_than_can_be_drawn() -> None:
    days = pd.bdate_range("2015-01-02", periods=1_600)
    lines = []
    for at, day in enumerate(days):
        lines.append(Transaction(day, "Main", "BUY", "XYZ", 2 + at % 5, 100 - at / 100))  # type: ignore[arg-type]
        if at % 3 == 2:
            lines.append(Transaction(day, "Main", "SELL", "XYZ", 3, 90 - at / 100))  # type: ignore[arg-type]
    made = tax_report(lines, Household("many", ACCOUNTS, TargetAllocation({}), complete=True))
    assert len(made.wash_sales) > 500
    chart = wash_timeline(made, "XYZ")
    drawn = sum(map(len, chart.to_dict()["datasets"].values()))
    assert MOST_POINTS / 2 < drawn <= MOST_POINTS
    assert "smallest trades, windows or links are not drawn" in chart.to_dict()["title"]["subtitle"][1]


@pytest.mark.parametrize(
    ("symbol", "loss", "said"),
    [
        ("ABC", None, "symbol is 'ABC', which is never traded; the history has VTI, BND, ITOT, VXUS, NVDA"),
        ("VXUS", SOLD, "no VXUS is sold at a loss; such days are: 2023-10-27, 2024-08-05"),
        ("NVDA", SOLD, "such days are: none"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_can(symbol: str, loss: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wash_timeline(example(), symbol, loss=loss)


def test_a_chart_of_trades_on_stale_prices_says_so() -> None:
    stale = Finding("warning", STALE, "XYZ ends on 2025-06-10, 3 sessions ago")
    plain = report(BOUGHT, LOSS)
    lines = [Transaction(SOLD + dt.timedelta(d), a, act, "XYZ", n, p) for a, d, act, n, p in (BOUGHT, LOSS)]  # type: ignore[arg-type]
    told = tax_report(lines, plain.household, known=[stale])
    assert told.findings == (*plain.findings, stale)
    shown = wash_timeline(told, "XYZ").to_dict()["title"]["subtitle"]
    assert shown == [
        *wash_timeline(plain, "XYZ").to_dict()["title"]["subtitle"],
        "STALE PRICES: XYZ ends on 2025-06-10, 3 sessions ago",
    ]
    assert told.of_year(2025).badge == told.badge != ""
