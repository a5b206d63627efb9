from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebal_kit.market import Market
from rebal_kit.sources.load import load_market
from rebal_kit.sources.sessions import carry_forward

DAYS = [str(day.date()) for day in pd.bdate_range("2024-01-22", periods=20)]  # no holiday before 2024-02-19


def wide(missing: range, days: list[str] = DAYS) -> str:
    rows = [f"{day},{'' if at in missing else 10 + at},5" for at, day in enumerate(days)]
    return "Date,A,B\n" + "\n".join(rows) + "\n"


def warnings_of(market: Market) -> list[str]:
    return [str(f) for f in market.findings if f.severity == "warning" and "adjusted prices" not in f.what]


def test_a_missing_close_is_carried_and_not_traded(write: Callable[..., Path]) -> None:
    market = load_market(write("prices.csv", wide(range(3, 5))))
    assert market.close[2:6, 0].tolist() == [12, 12, 12, 15]
    assert market.traded[:, 0].tolist() == [at not in (3, 4) for at in range(20)]
    (warning,) = warnings_of(market)
    assert (
        "2 closes are missing inside the lives of 1 securities, the first on 2024-01-25 (most: A 2)"
        in warning
    )


def test_ten_missing_sessions_are_carried_and_eleven_are_an_error(
    write: Callable[..., Path], errors: Callable[..., list[str]]
) -> None:
    assert load_market(write("prices.csv", wide(range(3, 13)))).close[12, 0] == 12
    (error,) = errors(wide(range(3, 14)))
    assert error.startswith("prices.csv, A: has no close from 2024-01-25 to 2024-02-08 (11 sessions)")


@pytest.mark.parametrize(("missing", "life"), [(range(15), (15, 20)), (range(5, 20), (0, 5))])
def test_before_the_first_and_after_the_last_quote_there_is_no_price(
    write: Callable[..., Path], missing: range, life: tuple[int, int]
) -> None:
    market = load_market(write("prices.csv", wide(missing)))
    assert np.flatnonzero(np.isfinite(market.close[:, 0])).tolist() == list(range(*life))
    assert warnings_of(market) == []


def test_a_security_without_any_close(errors: Callable[..., list[str]]) -> None:
    (error,) = errors(wide(range(20)))
    assert error.startswith("prices.csv, A: has no close at all")


def test_dates_off_the_exchange_calendar_are_said_with_their_row(write: Callable[..., Path]) -> None:
    market = load_market(
        write("prices.csv", "Date,A\n2024-01-05,1\n2024-01-06,1\n2024-01-07,1\n2024-01-08,1\n")
    )
    (warning,) = warnings_of(market)
    assert warning.startswith(
        "prices.csv row 3: 2024-01-06 is no New York Stock Exchange session (2 such dates)"
    )


def test_absent_exchange_sessions_are_counted(write: Callable[..., Path]) -> None:
    rows = [f"{day},1" for at, day in enumerate(DAYS) if at not in (2, 7, 8, 9)]
    (warning,) = warnings_of(load_market(write("prices.csv", "Date,A\n" + "\n".join(rows) + "\n")))
    assert (
        "4 of 20 exchange sessions have no row; the longest gap is 3, from 2024-01-31 to 2024-02-02"
        in warning
    )


def dated(days: pd.DatetimeIndex) -> str:
    return "Date,A\n" + "\n".join(f"{day.date()},{10 + at}" for at, day in enumerate(days)) + "\n"


def test_ten_absent_sessions_are_counted_and_eleven_are_an_error(
    write: Callable[..., Path], errors: Callable[..., list[str]]
) -> None:
    days = pd.DatetimeIndex(DAYS)
    (warning,) = warnings_of(load_market(write("prices.csv", dated(days.delete(range(3, 13))))))
    assert "10 of 20 exchange sessions have no row; the longest gap is 10" in warning
    (error,) = errors(dated(days.delete(range(3, 14))))
    assert error == (
        "prices.csv: no security has a row from 2024-01-25 to 2024-02-08 (11 exchange sessions)"
        " — fill the gap (up to 10 are carried), or give the part after it only"
    )


def test_a_hole_for_all_is_said_with_the_file_s_other_faults(errors: Callable[..., list[str]]) -> None:
    days = pd.bdate_range("2023-01-03", "2023-12-29")
    hole = dated(days[(days.month < 2) | (days.month == 6) | (days.month > 10)])
    rows = [f"{row},{'' if at else 'B'}" for at, row in enumerate(hole.splitlines())]
    found = errors("\n".join(rows) + "\n")
    assert len(found) == 2
    assert found[0].startswith("prices.csv, B: has no close at all")
    assert (
        "no security has a row from 2023-07-03 to 2023-10-31 (85 exchange sessions); there are 2 gaps"
        in found[1]
    )


@pytest.mark.parametrize(
    ("days", "rhythm", "count"),
    [
        (pd.bdate_range("2023-01-06", "2023-12-29", freq="W-FRI"), "weekly", "196 of 247"),
        (pd.bdate_range("2023-01-31", "2023-12-29", freq="BME"), "monthly", "219 of 231"),
        (pd.bdate_range("2023-02-01", "2024-02-01", freq="BMS"), "monthly", "240 of 252"),
    ],
)
def test_a_weekly_or_monthly_file_is_one_warning(
    write: Callable[..., Path], days: pd.DatetimeIndex, rhythm: str, count: str
) -> None:
    said = warnings_of(load_market(write("prices.csv", dated(days))))
    said = [warning for warning in said if "is no New York Stock Exchange session" not in warning]
    assert len(said) == 1
    assert said[0].startswith(f"prices.csv: the file is {rhythm}: {count} exchange sessions have no row")


@pytest.mark.parametrize(
    "days",
    [
        pd.bdate_range("2023-01-31", "2023-12-29", freq="BME").delete(4),
        pd.bdate_range("2023-01-06", "2023-12-29", freq="W-FRI").delete([7, 8]),
        pd.bdate_range("2022-12-30", "2023-12-29", freq="BQE"),
        pd.DatetimeIndex(["2023-01-31", "2023-02-28"]),
    ],
    ids=["a month missing", "two weeks missing", "quarterly", "two dates are no rhythm"],
)
def test_what_is_not_throughout_has_holes(errors: Callable[..., list[str]], days: pd.DatetimeIndex) -> None:
    assert ["no security has a row" in error for error in errors(dated(days))] == [True]


def test_history_before_1990_is_taken_as_it_is(write: Callable[..., Path]) -> None:
    assert warnings_of(load_market(write("prices.csv", "Date,A\n1975-01-04,1\n1975-01-06,1\n"))) == []


def test_carry_forward_by_hand() -> None:
    nan = np.nan
    close = np.array([[nan, 1.0], [2.0, nan], [nan, nan], [3.0, nan], [nan, nan]])
    filled, traded, alive = carry_forward(close)
    assert np.array_equal(filled, [[nan, 1], [2, nan], [2, nan], [3, nan], [nan, nan]], equal_nan=True)
    assert np.array_equal(traded, np.isfinite(close))
    assert np.array_equal(alive, np.isfinite(filled))
