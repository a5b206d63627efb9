"""The middle of a year into a ledger and out of it again: losses, windows, the year's figures, pieces of a purchase."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rebal_kit.domain import Household, TaxLot
from rebal_kit.encode import encode_structure
from rebal_kit.engine import ledger as books
from rebal_kit.engine.arrays import Structure
from rebal_kit.engine.ledger import WAITING, Ledger, day_of, empty_ledger, from_household
from rebal_kit.engine.mid_year import (
    LAST_YEAR,
    THIS_YEAR,
    carry_in,
    loss_sales_of,
    numbers_of_lots,
    year_to_date_of,
)
from rebal_kit.to_date import LossSale, YearToDate
from tests.worlds import account, household_of, market_of

DAY = dt.date(2024, 3, 1)
MARKET = market_of({"A": [10.0], "B": [10.0], "C": [10.0]}, ["2024-03-01"])
WASH_DAYS = 30
BOUGHT = dt.date(2022, 5, 4)


def days_ago(days: int) -> dt.date:
    return DAY - dt.timedelta(days)


def sale(days: int, symbol: str = "A", shares: float = 10.0, loss: float = 100.0, **more: Any) -> LossSale:
    return LossSale("Main", symbol, days_ago(days), shares, loss, **more)


def home(*sales: LossSale, lots: Any = (), **more: Any) -> Household:
    held = lots or (TaxLot("a", "A", 5.0, 50.0, BOUGHT),)
    return household_of(
        {"A": 0.5, "B": 0.3, "C": 0.2},
        account(lots=held),
        account("Other"),
        as_of=DAY,
        loss_sales=sales,
        **more,
    )


def carried(household: Household, *, losses: int = 16) -> tuple[Ledger, Structure]:
    structure = encode_structure(household, MARKET)
    groups = len(structure.group_first) - 1
    ledger = empty_ledger(len(household.accounts), 3, groups, 2, losses=losses)
    from_household(ledger, household, MARKET.symbols, structure, True)
    carry_in(ledger, household, MARKET.symbols, structure, 2024, WASH_DAYS)
    return ledger, structure


def back(household: Household, on: dt.date = DAY) -> tuple[LossSale, ...]:
    ledger, structure = carried(household)
    names = {number: name for name, number in numbers_of_lots(household).items()}
    return loss_sales_of(ledger, household, MARKET.symbols, structure, names, on, WASH_DAYS)


@pytest.mark.parametrize(
    "given",
    [
        sale(3),
        sale(3, acquired=BOUGHT),
        sale(3, acquired=BOUGHT, holding_start=dt.date(2020, 1, 2)),
        sale(3, acquired=BOUGHT, lot="a"),
        sale(29, "B", 3.5, 41.25),
    ],
    ids=repr,
)
def test_a_loss_comes_back_as_it_was_told(given: LossSale) -> None:
    # Where it is not known when they were bought, the day of the sale stands for it.
    expected = given if given.acquired else replace(given, acquired=given.sold)
    assert back(home(given)) == (expected,)


@pytest.mark.parametrize(("days", "there"), [(0, True), (29, True), (30, False), (31, False)])
def test_a_window_is_told_while_the_next_day_is_in_it(days: int, there: bool) -> None:
    assert bool(back(home(sale(days)))) is there


def test_a_sale_of_no_shares_keeps_its_window() -> None:
    none = sale(4, shares=0.0, loss=0.0)
    ledger, structure = carried(home(none))
    assert ledger.state[books.OPEN_LOSSES] == 0
    assert ledger.blocked[structure.group[0]] == day_of(days_ago(4)) + WASH_DAYS
    (told,) = back(home(none))
    assert (told.symbol, told.sold, told.quantity, told.loss) == ("A", days_ago(4), 0.0, 0.0)


def test_a_longer_window_than_that_of_the_shares_left_is_told_beside_them() -> None:
    told = back(home(sale(20), sale(4, shares=0.0, loss=0.0)))
    assert [(one.sold, one.quantity) for one in told] == [(days_ago(20), 10.0), (days_ago(4), 0.0)]


def test_losses_stand_in_order_of_time() -> None:
    ledger, _ = carried(home(sale(3), sale(9), sale(6)))
    assert [int(ledger.losses[WAITING, w].day) for w in range(3)] == [day_of(days_ago(d)) for d in (9, 6, 3)]


@pytest.mark.parametrize(("days", "row"), [(10, THIS_YEAR), (60, THIS_YEAR), (61, LAST_YEAR)])
def test_a_loss_belongs_to_the_year_of_its_sale(days: int, row: int) -> None:
    ledger, _ = carried(home(sale(days)))
    assert ledger.losses[WAITING, 0].year == row


def test_terms_of_losses() -> None:
    """Long-term if held for more than a year, counted from the start of the holding period."""
    year_ago = dt.date(2023, 2, 27)
    for acquired, start, long in (
        (year_ago, None, 0),  # sold on 27 February 2024: a year and not more
        (dt.date(2023, 2, 26), None, 1),
        (dt.date(2024, 1, 5), dt.date(2023, 2, 26), 1),
    ):
        ledger, _ = carried(home(sale(3, acquired=acquired, holding_start=start)))
        assert ledger.losses[WAITING, 0].long == long
        assert ledger.losses[WAITING, 0].per_share == pytest.approx(10.0)


def test_what_is_not_in_the_market_counts_through_what_is_identical() -> None:
    assert carried(home(sale(3, "X")))[0].state[books.OPEN_LOSSES] == 0
    ledger, structure = carried(home(sale(3, "X"), identical=(("X", "B"),)))
    assert ledger.losses[WAITING, 0].security == 1
    assert ledger.blocked[structure.group[1]] == day_of(days_ago(3)) + WASH_DAYS
    assert ledger.blocked[structure.group[0]] < 0


def test_more_losses_than_there_is_room_for() -> None:
    ledger, _ = carried(home(*(sale(days) for days in range(1, 6))), losses=4)
    assert ledger.state[books.STATUS] == books.LOSSES_FULL


def test_the_year_to_date_and_back() -> None:
    told = YearToDate(-1_000.0, 2_000.0, 300.0, 40.0, 30.0, 5_000.0, 250.0, tax_owed=700.0)
    ledger, _ = carried(home(year_to_date=told))
    assert ledger.years[LAST_YEAR, books.UNPAID] == 700.0
    assert ledger.state[books.SETTLED_YEARS] == THIS_YEAR
    assert year_to_date_of(ledger, THIS_YEAR, 700.0) == told


def test_pieces_of_one_purchase_have_its_number() -> None:
    lots = (
        TaxLot("P", "A", 5.0, 50.0, BOUGHT), TaxLot("P.1", "A", 3.0, 40.0, BOUGHT, deferred=10.0),
        TaxLot("P.2", "A", 2.0, 40.0, BOUGHT, deferred=10.0), TaxLot("Q.1", "A", 1.0, 9.0, BOUGHT),
        TaxLot("R.1", "A", 1.0, 9.0, dt.date(2023, 1, 3)), TaxLot("R", "A", 1.0, 9.0, BOUGHT),
        TaxLot("S.x", "A", 1.0, 9.0, BOUGHT), TaxLot("T.1", "B", 1.0, 9.0, BOUGHT), TaxLot("T", "A", 1.0, 9.0, BOUGHT),
    )  # fmt: skip
    household = home(lots=lots)
    numbers = numbers_of_lots(household)
    assert numbers["P"] == numbers["P.1"] == numbers["P.2"]
    apart = [numbers[name] for name in ("P", "Q.1", "R.1", "R", "S.x", "T.1", "T")]
    assert len(set(apart)) == len(apart)
    ledger, _ = carried(household)
    held = [ledger.lots[0, s, k] for s in range(2) for k in range(ledger.lot_count[0, s])]
    assert {(int(lot.purchase), float(lot.quantity)) for lot in held} == {
        (numbers[lot.lot], lot.quantity) for lot in lots
    }


def test_pieces_in_two_accounts_are_two_purchases() -> None:
    one, two = TaxLot("P", "A", 5.0, 50.0, BOUGHT), TaxLot("P.1", "A", 5.0, 50.0, BOUGHT)
    household = household_of({"A": 1.0}, account(lots=(one,)), account("Other", lots=(two,)), as_of=DAY)
    numbers = numbers_of_lots(household)
    assert numbers["P"] != numbers["P.1"]
