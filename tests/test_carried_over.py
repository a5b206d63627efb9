"""A household carried over from a ledger: its lots, losses that may still be replaced, and the year so far."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from rebal_kit.carried_over import carried_over, state_from_ledger
from rebal_kit.domain import Account, Household, TaxLot
from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.findings import HouseholdError, LedgerError
from rebal_kit.shipped import shipped_data
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_report import TaxReport, tax_report
from rebal_kit.to_date import LossSale, YearToDate
from rebal_kit.transactions import Transaction

FOLDER = shipped_data() / "ledgers"
SINGLE = TaxProfile("single", 2025, 100_000)
KINDS = {"Main": "taxable", "Other": "taxable", "IRA": "ira"}


def home(lots: tuple[TaxLot, ...] = (), **given: Any) -> Household:
    accounts = tuple(Account(name, "Ann", kind) for name, kind in KINDS.items())  # type: ignore[arg-type]
    accounts = (replace(accounts[0], lots=lots), *accounts[1:])
    usual: dict[str, Any] = {"targets": TargetAllocation({}), "tax": SINGLE, "complete": True}
    return Household("Ann", accounts, **{**usual, **given})


def line(text: str, **more: Any) -> Transaction:
    """Return a trade from 'date account action symbol quantity price'."""
    date, account, action, symbol, quantity, price = text.split()
    day = dt.date.fromisoformat(date)
    where = "" if account == "-" else account
    return Transaction(day, where, action, symbol, float(quantity), float(price), **more)  # type: ignore[arg-type]


def report_of(*lines: str | Transaction, household: Household | None = None) -> TaxReport:
    trades = [line(text) if isinstance(text, str) else text for text in lines]
    return tax_report(trades, household or home(), law_year=2025)


BOUGHT = "2025-01-06 Main BUY VTI 100 50"
SOLD = "2025-07-01 Main SELL VTI 100 40"
LOSS = LossSale("Main", "VTI", dt.date(2025, 7, 1), 100.0, 1_000.0, dt.date(2025, 1, 6))


def test_a_loss_waits_for_30_days_after_its_sale() -> None:
    report = report_of(BOUGHT, SOLD)
    for days, sales in ((0, (LOSS,)), (30, (LOSS,)), (31, ())):
        found = state_from_ledger(home(as_of=dt.date(2025, 7, 1) + dt.timedelta(days)), report)
        assert found.loss_sales == sales
        assert found.year_to_date == YearToDate(short=-1_000.0)


def test_what_is_replaced_waits_no_more_and_is_no_loss_of_the_year() -> None:
    part = carried_over(report_of(BOUGHT, SOLD, "2025-07-10 Other BUY VTI 60 41"))
    assert part.loss_sales == (replace(LOSS, quantity=40.0, loss=400.0),)
    assert part.year_to_date == YearToDate(short=-400.0)
    assert [lot.deferred for lot in part.lots] == [600.0]
    whole = carried_over(report_of(BOUGHT, SOLD, "2025-07-10 Other BUY VTI 100 41"))
    assert whole.loss_sales == (LossSale("Main", "VTI", dt.date(2025, 7, 1), 0.0, 0.0),)
    assert whole.year_to_date == YearToDate()


def test_shares_are_counted_as_on_the_last_day() -> None:
    found = carried_over(report_of(BOUGHT, SOLD, "2025-07-10 - SPLIT VTI 4 0"))
    assert found.loss_sales == (replace(LOSS, quantity=400.0),)


def test_a_moved_holding_period_and_the_rest_of_the_lot_are_told() -> None:
    found = carried_over(
        report_of(
            BOUGHT, SOLD, line("2025-07-10 Main BUY VTI 200 41", lot="again"),
            line("2025-09-01 Main SELL VTI 100 30", lots=(("again#1", 100.0),)),
        )
    )  # fmt: skip
    (sale,) = found.loss_sales or ()
    # The unsold 100 are of the same purchase and replace nothing; the 100 sold had held since 1 day after 175 days.
    assert (sale.quantity, sale.loss) == (100.0, pytest.approx(2_100.0))
    assert sale.acquired == dt.date(2025, 7, 10)
    assert sale.holding_start
    assert sale.holding_start < sale.acquired
    assert sale.lot == "again"
    assert [lot.lot for lot in found.lots] == ["again"]


def test_the_rest_is_found_by_its_day_where_the_broker_calls_it_otherwise() -> None:
    report = report_of(BOUGHT, "2025-07-01 Main SELL VTI 60 40")
    day = dt.date(2025, 7, 1)
    rest = TaxLot("Main VTI 2025-01-06", "VTI", 40.0, 2_000.0, dt.date(2025, 1, 6))
    (sale,) = state_from_ledger(home((rest,), as_of=day), report).loss_sales or ()
    assert sale.lot == rest.lot
    twice = (replace(rest, quantity=20.0), replace(rest, lot="or this", quantity=20.0))
    (sale,) = state_from_ledger(home(twice, as_of=day), report).loss_sales or ()
    assert sale.lot == ""


def test_losses_in_an_ira_are_none() -> None:
    found = carried_over(report_of(BOUGHT.replace("Main", "IRA"), SOLD.replace("Main", "IRA")))
    assert (found.loss_sales, found.year_to_date) == ((), YearToDate())


def test_the_year_so_far() -> None:
    lines = (
        "2023-01-05 Main BUY VTI 100 50", "2024-06-03 Main BUY BND 100 70", "2024-12-02 Main SELL BND 10 60",
        "2025-02-03 Main SELL VTI 50 80", "2025-02-03 Main SELL BND 10 90", "2025-03-03 Main EX_DIVIDEND VTI 50 2",
        "2025-03-03 Main EX_DIVIDEND BND 80 1",
        Transaction(dt.date(2025, 4, 1), "IRA", "WITHDRAW", amount=7_000.0),  # type: ignore[arg-type]
    )  # fmt: skip
    from rebal_kit.domain import Security

    bonds = Security("BND", qualified_share=0.0, state_exempt=True)
    targets = TargetAllocation({"VTI": 1.0})
    household = home(securities=(bonds,), targets=targets)
    found = carried_over(report_of(*lines, household=household))
    year = YearToDate(
        short=200.0, long=1_500.0, qualified=100.0, ordinary=80.0, exempt=80.0, distributions=7_000.0,
        legacy_gain=200.0,
    )  # fmt: skip
    assert found.year_to_date == year
    # Another year has begun: nothing of it is known, and nothing has happened in it.
    later = home(as_of=dt.date(2026, 1, 9), year_to_date=YearToDate(tax_owed=50.0, short=7.0))
    assert state_from_ledger(later, report_of(*lines)).year_to_date == YearToDate(tax_owed=50.0)


def test_losses_carried_into_the_year_take_the_place_of_those_carried_into_the_first() -> None:
    lines = (
        "2023-01-05 Main BUY VTI 1000 50",
        "2024-03-04 Main SELL VTI 1000 40",
        "2025-02-03 Main BUY BND 1 1",
    )
    household = home(tax=replace(SINGLE, carryover_short=500.0))
    found = carried_over(report_of(*lines, household=household))
    # 500 are deducted in 2023; of the 10,000 lost in 2024, 3,000 are.
    assert (found.tax.carryover_short, found.tax.carryover_long) == (0.0, 7_000.0)
    same_year = carried_over(report_of(lines[0], household=household))
    assert same_year.tax == household.tax


OPENING = dt.date(2025, 7, 1)
HELD = (TaxLot("old", "VTI", 10.0, 500.0, dt.date(2024, 1, 5)),)
EARLIER = LossSale("Main", "BND", dt.date(2025, 6, 20), 5.0, 50.0)


def test_what_the_opening_household_said_is_carried_on() -> None:
    before = YearToDate(short=-50.0, qualified=10.0, tax_owed=30.0)
    household = home(HELD, as_of=OPENING, year_to_date=before, loss_sales=(EARLIER,))
    trades = "2025-07-14 Main SELL VTI 4 40"
    found = carried_over(report_of(trades, household=household))
    assert [sale.symbol for sale in found.loss_sales or ()] == ["BND", "VTI"]
    assert found.year_to_date == YearToDate(short=-50.0, long=-40.0, qualified=10.0, tax_owed=30.0)
    assert [(lot.lot, lot.quantity) for lot in found.lots] == [("old", 6.0)]
    # Out of the window, and in the next year
    late = carried_over(report_of(trades, "2026-01-05 Main SELL VTI 1 60", household=household))
    assert late.loss_sales == ()
    assert late.year_to_date == YearToDate(long=10.0)


def test_a_loss_in_one_account_stands_in_no_way_of_the_broker_of_another() -> None:
    household = home(HELD, as_of=OPENING, loss_sales=(EARLIER,))
    report = report_of("2025-07-14 Other BUY SPY 4 40", "2025-07-15 Other SELL SPY 4 41", household=household)
    assert report.broker["broker_gain"].tolist() == [4.0]


def test_what_was_sold_before_the_lots_stays_unknown() -> None:
    household = home(HELD, as_of=OPENING)
    assert carried_over(report_of("2025-07-31 Main BUY BND 1 60", household=household)).loss_sales == ()
    assert carried_over(report_of("2025-07-30 Main BUY BND 1 60", household=household)).loss_sales is None
    sold = carried_over(report_of("2025-07-14 Main SELL VTI 4 40", household=household))
    assert [sale.symbol for sale in sold.loss_sales or ()] == ["VTI"]


def test_names_of_lots_are_told_apart_and_what_is_gone_is_not_restricted() -> None:
    targets = TargetAllocation({"VTI": 1.0})
    lots = (TaxLot("1", "OLD", 5.0, 50.0, dt.date(2024, 1, 5)),)
    household = home(lots, as_of=OPENING, targets=targets, do_not_buy=("OLD",), do_not_sell=("VTI",))
    main, *others = household.accounts
    household = replace(household, accounts=(replace(main, do_not_sell=("OLD", "VTI")), *others))
    days = "2025-07-02 Main BUY VTI 1 50", "2025-07-02 Other BUY VTI 1 50", "2025-07-02 IRA SELL VTI 1 50"
    report = report_of(*days[:2], "2025-07-03 Main SELL OLD 5 11", household=household)
    found = carried_over(report)
    assert [lot.lot for lot in found.lots] == ["VTI 2025-07-02", "VTI 2025-07-02 (2)"]
    assert (found.do_not_buy, found.do_not_sell, found.accounts[0].do_not_sell) == ((), ("VTI",), ("VTI",))


def test_what_does_not_fit_is_said() -> None:
    report = report_of("2024-03-04 Main BUY VTI 1 1", BOUGHT, SOLD)
    with pytest.raises(LedgerError, match="report: is that of 2025 only — give that of the whole history"):
        carried_over(report.of_year(2025))
    with pytest.raises(
        LedgerError, match="ledger: goes on to 2025-07-01, after the household's date 2025-06-30"
    ):
        state_from_ledger(home(as_of=dt.date(2025, 6, 30)), report)
    only = replace(home(as_of=OPENING), accounts=home().accounts[1:])
    with pytest.raises(HouseholdError, match="a loss sale of VTI names account 'Main', which is not there"):
        state_from_ledger(only, report)
    assert state_from_ledger(home(), report).as_of == dt.date(2025, 7, 1)


DAYS = [dt.date(year, month, 28) for year in (2023, 2024, 2025) for month in range(1, 13)]


@pytest.mark.parametrize(("ledger", "at_least"), [("example", 15), ("disputed", 5)])
def test_a_ledger_cut_in_two_where_no_window_is_open_tells_the_same(
    ledger: str, at_least: int, tmp_path: Any
) -> None:
    trades = sorted(load_ledger(FOLDER / f"{ledger}.csv"), key=lambda trade: trade.date)
    household = load_household(FOLDER / f"{ledger}.yaml")
    whole = tax_report(trades, household)
    cuts = 0
    for day in DAYS:
        first, rest = [t for t in trades if t.date <= day], [t for t in trades if t.date > day]
        if not first or not rest:
            continue
        half = carried_over(tax_report(first, household, period=(first[0].date, day)))
        assert load_household(save_household(half, tmp_path / "half.yaml")) == half
        if half.loss_sales:
            continue
        again = tax_report(rest, half)
        pd.testing.assert_frame_equal(sums(again), sums(whole, day))
        assert again.open_lots["basis"].sum() == pytest.approx(whole.open_lots["basis"].sum())
        assert again.years["carry_short"].iloc[-1] == pytest.approx(whole.years["carry_short"].iloc[-1])
        cuts += 1
    assert cuts >= at_least


def sums(report: TaxReport, after: dt.date = dt.date.min) -> pd.DataFrame:
    rows = report.disposals[report.disposals["date"].dt.date > after]
    columns = ["quantity", "proceeds", "basis", "recognized", "disallowed"]
    return rows.groupby(["date", "account", "symbol", "term"])[columns].sum()


@pytest.mark.parametrize("day", [dt.date(2023, 11, 12), dt.date(2024, 8, 10), dt.date(2025, 4, 10)])
def test_what_waits_and_what_was_replaced_is_all_that_was_lost(day: dt.date, tmp_path: Any) -> None:
    household = load_household(FOLDER / "example.yaml")
    report = tax_report([t for t in load_ledger(FOLDER / "example.csv") if t.date <= day], household)
    found = carried_over(report)
    since = pd.Timestamp(report.last) - pd.Timedelta(days=30)
    lost = report.windows[report.windows["date"] >= since]
    assert found.loss_sales
    assert sum(sale.loss for sale in found.loss_sales) == pytest.approx(
        (lost["loss"] - lost["disallowed"]).sum()
    )
    assert load_household(save_household(found, tmp_path / "again.yaml")) == found
