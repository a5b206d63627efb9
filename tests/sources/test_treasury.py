"""Computed Treasuries against bond arithmetic done the slow way, and against known years."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.bundled import treasury_curve
from rebal_kit.sources.treasury import Curve, bill_fund, bond_fund, bond_value, interpolated

TENORS = np.array([0.25, 1.0, 2.0, 3.0])


def flat_curve(rate: float, start: str = "2001-01-01", days: int = 800) -> Curve:
    dates = np.datetime64(start, "D") + np.arange(days)
    return Curve(dates, TENORS, np.full((days, len(TENORS)), rate))


def total_returns(close: np.ndarray, dividend: np.ndarray) -> np.ndarray:
    return (close[1:] + dividend[1:]) / close[:-1] - 1


def test_a_par_bond_is_worth_its_face_when_bought() -> None:
    for maturity in (0.5, 2.0, 8.5, 30.0):
        value = bond_value(np.array([0.047]), np.array([0.047]), maturity, np.array([0.0]))
        assert value == pytest.approx([1.0], abs=1e-14)


def test_bond_value_equals_exact_cash_flows_on_a_coupon_date() -> None:
    # A 2-year bond half a year later: the first coupon is due now, three more and the face follow.
    coupon, rate = Fraction(5, 100), Fraction(3, 100)
    v = 1 / (1 + rate / 2)
    exact = coupon / 2 * (1 + v + v**2 + v**3) + v**3
    value = bond_value(np.array([float(coupon)]), np.array([float(rate)]), 2.0, np.array([0.5]))
    assert value == pytest.approx([float(exact)], rel=1e-14)


@pytest.mark.parametrize("maturity", [0.0, 1.2, -2.0])
def test_maturity_is_a_whole_number_of_half_years(maturity: float) -> None:
    with pytest.raises(MarketError, match="half-years"):
        bond_value(np.array([0.05]), np.array([0.05]), maturity, np.array([0.0]))


def test_interpolation_is_linear_and_hits_the_tenors() -> None:
    curve = Curve(np.array(["2001-01-01"], "M8[D]"), TENORS, np.array([[0.01, 0.02, 0.04, 0.05]]))
    asked = {0.25: 0.01, 1.0: 0.02, 1.5: 0.03, 1.75: 0.035, 2.0: 0.04, 3.0: 0.05}
    for years, expected in asked.items():
        assert interpolated(curve, np.array([years])) == pytest.approx([expected], abs=1e-15)


def test_maturities_off_the_curve_or_unpublished_are_refused() -> None:
    curve = Curve(np.array(["2001-01-01"], "M8[D]"), TENORS, np.array([[0.01, 0.02, np.nan, 0.05]]))
    for years, message in (
        (4.0, "no maturity of 4 years"),
        (0.1, "no maturity"),
        (1.5, "no yield for 1.5 years"),
    ):
        with pytest.raises(MarketError, match=message):
            interpolated(curve, np.array([years]))
    assert interpolated(curve, np.array([1.0])) == pytest.approx(
        [0.02]
    )  # its neighbour's absence does not matter


def test_on_a_flat_curve_a_fund_earns_the_yield_and_its_price_hardly_moves() -> None:
    curve = flat_curve(0.05)
    close, dividend = bond_fund(curve, curve.dates, 2.0)
    earned = np.prod(1 + total_returns(close, dividend))
    years = (len(curve.dates) - 1) / 365.25
    assert earned == pytest.approx((1 + 0.05 / 2) ** (2 * years), rel=1e-4)
    on_payment = close[dividend > 0]
    assert on_payment == pytest.approx(100, abs=0.2)


def test_a_fund_returns_what_its_bond_returns_each_session() -> None:
    curve = treasury_curve()
    days = curve.dates[2_520:3_020]
    close, dividend = bond_fund(curve, days, 5.0)
    elapsed = np.diff(days).astype(float) / 365.25
    daily = curve.on(days)
    five, three = daily.tenors.tolist().index(5.0), daily.tenors.tolist().index(3.0)
    for at in (1, 57, 250, 499):
        coupon = daily.yields[at - 1, five]
        slope = (daily.yields[at, five] - daily.yields[at, three]) / 2
        now = daily.yields[at, five] - slope * elapsed[at - 1]
        times = np.arange(1, 11) / 2 - elapsed[at - 1]
        value = sum(coupon / 2 * (1 + now / 2) ** (-2 * t) for t in times) + (1 + now / 2) ** (-2 * times[-1])
        assert total_returns(close, dividend)[at - 1] == pytest.approx(value - 1, abs=1e-14)


def test_interest_is_paid_on_the_first_session_of_each_month_and_never_else() -> None:
    curve = treasury_curve()
    days = curve.dates[2_500:3_000]
    _, dividend = bond_fund(curve, days, 2.0)
    months = days.astype("M8[M]")
    first = np.concatenate([[False], months[1:] != months[:-1]])
    assert (dividend[first] > 0).all()
    assert (dividend[~first] == 0).all()


def test_bills_stay_at_100_and_pay_the_three_month_yield() -> None:
    curve = flat_curve(0.04, days=366)
    close, dividend = bill_fund(curve, curve.dates)
    assert close[dividend > 0] == pytest.approx(100, abs=1e-10)
    assert total_returns(close, dividend) == pytest.approx(0.04 / 365.25, abs=1e-15)


def test_the_last_curve_stands_in_on_bond_holidays() -> None:
    curve = treasury_curve()
    columbus_day = np.array(["2008-10-10", "2008-10-13", "2008-10-14"], "M8[D]")
    assert columbus_day[1] not in curve.dates
    carried = curve.on(columbus_day).yields
    assert np.array_equal(carried[0], carried[1], equal_nan=True)
    assert not np.array_equal(carried[1], carried[2], equal_nan=True)


@pytest.mark.parametrize("session", ["1989-12-29", "2017-05-01"])
def test_sessions_outside_the_curve_are_refused(session: str) -> None:
    with pytest.raises(MarketError, match="1990-01-02 to 2017-03-29"):
        treasury_curve().on(np.array([session], "M8[D]"))


def test_eight_and_a_half_years_come_close_to_a_fund_of_such_bonds() -> None:
    curve = treasury_curve()
    days = curve.dates[
        (curve.dates >= np.datetime64("2002-08-30")) & (curve.dates <= np.datetime64("2017-02-28"))
    ]
    close, dividend = bond_fund(curve, days, 8.5)
    years = (days[-1] - days[0]).astype(int) / 365.25
    assert np.prod(1 + total_returns(close, dividend)) ** (1 / years) - 1 == pytest.approx(0.0488, abs=5e-5)
