"""What a lot lacks is asked for, and dates on which nothing is bought are said."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from rebal_kit.files.lot_checks import check_lot, check_tickers, check_twice
from rebal_kit.files.statement import OpenLot, Place
from rebal_kit.market import Market

DAY = dt.date(2024, 1, 5)
PLACE = Place(
    "l.csv", "l.csv row 3",
    {"quantity": ("Quantity", "4"), "cost": ("Cost", "--"), "acquired": ("Open", ""), "symbol": ("Symbol", "SPY")},
)  # fmt: skip
LOT = OpenLot("SPY", 4.0, 100.0, dt.date(2023, 6, 1), 160.0, PLACE)
#: Open on the days of one week but its Wednesday.
MARKET = Market.from_close(
    pd.DataFrame({"SPY": [1.0, 1, 1, 1], "VTI": [1.0, 1, 1, 1]},
                 index=pd.to_datetime(["2023-06-05", "2023-06-06", "2023-06-08", "2023-06-09"]))
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"acquired": DAY}, []),
        ({"basis": 0.0}, []),
        ({"holding_start": dt.date(2023, 1, 1)}, []),
        ({"quantity": -4.0}, ["error l.csv row 3, column Quantity: is -4, a short lot"]),
        ({"quantity": 0.0}, ["error l.csv row 3, column Quantity: is 0"]),
        ({"basis": None}, ["error l.csv row 3, column Cost: is '--': the basis of 4 SPY is not known"]),
        ({"basis": -1.0}, ["error l.csv row 3, column Cost: is -1.00"]),
        ({"acquired": None}, ["error l.csv row 3, column Open: the date of purchase of 4 SPY is missing"]),
        ({"acquired": dt.date(2024, 1, 6)},
         ["error l.csv row 3, column Open: is 2024-01-06, after the file's day 2024-01-05"]),
        ({"acquired": dt.date(1900, 1, 2)}, []),
        ({"acquired": dt.date(1899, 12, 29)}, ["error l.csv row 3, column Open: is 1899-12-29, before 1900"]),
        ({"acquired": dt.date(2023, 6, 3)}, ["warning l.csv row 3, column Open: is 2023-06-03, a Saturday"]),
        ({"acquired": dt.date(2023, 6, 4)}, ["warning l.csv row 3, column Open: is 2023-06-04, a Sunday"]),
        ({"holding_start": dt.date(2023, 6, 2)}, [("error l.csv row 3: is 2023-06-02, after the purchase on"
                                                  " 2023-06-01")]),
        ({"basis": None, "acquired": None},
         ["error l.csv row 3, column Cost: is '--': the basis of 4 SPY is not known",
          "error l.csv row 3, column Open: the date of purchase of 4 SPY is missing"]),
    ],
)  # fmt: skip
def test_one_lot(changed: dict[str, object], expected: list[str]) -> None:
    found = check_lot(replace(LOT, **changed), DAY, None)
    assert [f"{f.severity} {f.where}: {f.what}" for f in found] == expected


def test_what_is_missing_is_asked_for_with_the_form_it_is_given_in() -> None:
    (finding,) = check_lot(replace(LOT, basis=None), DAY, None)
    assert finding.remedy == (
        "give all lots of SPY in a lots file (account, lot, symbol, quantity, basis, acquired) beside the broker's"
    )


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (dt.date(2023, 6, 7), ["is 2023-06-07, no session of the market"]), (dt.date(2023, 6, 6), []),
        (dt.date(2023, 6, 2), []), (dt.date(2023, 6, 12), []), (dt.date(2023, 6, 10), ["is 2023-06-10, a Saturday"]),
    ],
)  # fmt: skip
def test_days_without_a_session(day: dt.date, said: list[str]) -> None:
    found = check_lot(replace(LOT, acquired=day), DAY, MARKET)
    assert [finding.what for finding in found] == said


def test_without_a_day_of_the_file_no_date_is_late() -> None:
    assert not list(check_lot(replace(LOT, acquired=dt.date(2030, 1, 2)), None, None))


def test_lots_that_are_alike() -> None:
    twin = replace(LOT, place=Place("l.csv", "l.csv row 4"))
    third = replace(LOT, place=Place("l.csv", "l.csv row 5"))
    assert not list(check_twice([LOT, replace(twin, basis=101.0), replace(third, quantity=5.0)], False))
    found = list(check_twice([LOT, twin, third], False))
    assert [(f.severity, f.where, f.what) for f in found] == [
        ("error", "l.csv row 4", "the lot of SPY is the same as that of l.csv row 3"),
        ("error", "l.csv row 5", "the lot of SPY is the same as that of l.csv row 3"),
    ]
    assert [f.severity for f in check_twice([LOT, twin], True)] == ["warning"]


def test_tickers_the_market_does_not_have() -> None:
    found = list(check_tickers([("SPY", PLACE), ("VTJ", PLACE)], MARKET))
    assert [(f.severity, f.where, f.what) for f in found] == [
        ("warning", "l.csv row 3, column Symbol", "'VTJ' is not in the market")
    ]
    assert "did you mean 'VTI'?" in found[0].remedy
    assert not list(check_tickers([("VTJ", PLACE)], None))
