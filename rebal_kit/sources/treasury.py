"""Constant-maturity Treasuries, computed from the par yield curve.

A par bond is bought at yesterday's interpolated yield and repriced one session later on today's curve, a little
shorter: so the roll-down is earned. The proceeds buy the next par bond. Interest and price change are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebal_kit.findings import Finding, MarketError

DAYS_PER_YEAR = 365.25
FIRST_CLOSE = 100.0


@dataclass(frozen=True, eq=False)
class Curve:
    """Par yields of US Treasuries.

    Attributes
    ----------
    dates : ndarray
        (n_days,) datetime64[D], increasing; bond holidays are absent.
    tenors : ndarray
        (n_tenors,) float64, years, increasing.
    yields : ndarray
        (n_days, n_tenors) float64, bond-equivalent (compounded twice a year), as fractions; NaN where not published.
    """

    dates: np.ndarray
    tenors: np.ndarray
    yields: np.ndarray

    def on(self, sessions: np.ndarray) -> Curve:
        """Return the curve of each session, the last published one standing in on bond holidays.

        Raises
        ------
        MarketError
            A session is before the first curve, or more than ten days after the last.
        """
        at = np.searchsorted(self.dates, sessions, side="right") - 1
        late = self.dates[-1] + np.timedelta64(10, "D")
        if at[0] < 0 or sessions[-1] > late:
            raise MarketError(
                Finding("error", "Treasury curve", f"does not cover {sessions[0]} to {sessions[-1]}",
                        f"it runs from {self.dates[0]} to {self.dates[-1]}")
            )  # fmt: skip
        return Curve(sessions, self.tenors, self.yields[at])


def interpolated(curve: Curve, years: np.ndarray) -> np.ndarray:
    """Return the yield at `years`, linear between the published tenors around it.

    Parameters
    ----------
    curve : Curve
    years : ndarray
        (n_days,) float64, one maturity a day.

    Returns
    -------
    ndarray
        (n_days,) float64.

    Raises
    ------
    MarketError
        A maturity lies outside the tenors, or next to a tenor that was not published that day.
    """
    right = np.searchsorted(curve.tenors, years, side="left")
    outside = (right >= len(curve.tenors)) | (years < curve.tenors[0])
    if outside.any():
        raise MarketError(
            Finding("error", "Treasury curve", f"has no maturity of {years[outside][0]:g} years",
                    f"choose from {curve.tenors[0]:g} to {curve.tenors[-1]:g}")
        )  # fmt: skip
    right = np.maximum(right, 1)
    left = right - 1
    day = np.arange(len(curve.dates))
    weight = (years - curve.tenors[left]) / (curve.tenors[right] - curve.tenors[left])
    below, above = curve.yields[day, left], curve.yields[day, right]
    # A weight of 0 or 1 asks for a published tenor: its neighbour may be missing.
    found = np.where(weight == 1, above, np.where(weight == 0, below, below + weight * (above - below)))
    if np.isnan(found).any():
        lost = int(np.argmax(np.isnan(found)))
        raise MarketError(
            Finding("error", "Treasury curve", f"no yield for {years[lost]:g} years on {curve.dates[lost]}",
                    "choose a maturity that was published throughout")
        )  # fmt: skip
    return found


def bond_value(coupon: np.ndarray, yield_: np.ndarray, maturity: float, elapsed: np.ndarray) -> np.ndarray:
    """Return the value, accrued interest included, of a face value of 1.

    ``sum over k = 1 … n of (coupon / 2) v^(k - 2 elapsed)  +  v^(n - 2 elapsed)``,
    with ``v = 1 / (1 + yield / 2)`` and n half-years.

    Parameters
    ----------
    coupon, yield_ : ndarray
        (n,) float64, fractions a year, compounded twice a year.
    maturity : float
        Years when bought: a whole number of half-years.
    elapsed : ndarray
        (n,) float64, years since then, less than half a year.
    """
    halves = round(2 * maturity)
    if halves < 1 or halves != 2 * maturity:
        what = f"maturity is {maturity:g} years"
        raise MarketError(Finding("error", "computed Treasury", what, "give a whole number of half-years"))
    v = (1 / (1 + yield_ / 2))[:, None]
    periods = np.arange(1, halves + 1) - 2 * elapsed[:, None]
    discount = v**periods
    value: np.ndarray = coupon / 2 * discount.sum(axis=1) + discount[:, -1]
    return value


def bond_fund(curve: Curve, sessions: np.ndarray, maturity: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute close and dividend of a fund that always holds an n-year par bond.

    Parameters
    ----------
    curve : Curve
    sessions : ndarray
        (n_sessions,) datetime64[D].
    maturity : float
        Years: a whole number of half-years.

    Returns
    -------
    close, dividend : ndarray
        (n_sessions,) float64, US$ per share; the first close is 100. Like a bond fund's net asset value the close holds
        the interest earned since it was last paid, and that interest is invested meanwhile. The first session of each
        month pays all of it, so that only price changes move the close from payment to payment.
    """
    daily = curve.on(sessions)
    elapsed = _years_between(sessions)
    bought = interpolated(daily, np.full(len(sessions), maturity))[:-1]
    today = Curve(daily.dates[1:], daily.tenors, daily.yields[1:])
    sold = interpolated(today, maturity - elapsed)
    interest = bought * elapsed
    price_change = bond_value(bought, sold, maturity, elapsed) - 1 - interest
    return _paid_monthly(sessions, price_change, interest)


def bill_fund(curve: Curve, sessions: np.ndarray, maturity: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Compute close and dividend of a Treasury-bill fund: 100, plus interest at yesterday's 3-month yield.

    Price changes of bills within their three months are left out: bills are held until paid.
    Shapes and payment as in `bond_fund`.
    """
    rate = interpolated(curve.on(sessions), np.full(len(sessions), maturity))[:-1]
    interest = rate * _years_between(sessions)
    return _paid_monthly(sessions, np.zeros(len(interest)), interest)


def _years_between(sessions: np.ndarray) -> np.ndarray:
    return np.diff(sessions).astype("timedelta64[D]").astype(np.float64) / DAYS_PER_YEAR


def _paid_monthly(
    sessions: np.ndarray, price_change: np.ndarray, interest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn daily price change and interest, as fractions, into a close that pays its interest monthly.

    A share is a number of units of the total-return index; each payment is met by giving up some of them.
    """
    growth = np.concatenate([[1.0], np.cumprod(1 + price_change + interest)])
    earned = np.concatenate([[0.0], np.cumsum(growth[:-1] * interest)])
    months = sessions.astype("datetime64[M]")
    pay_days = np.flatnonzero(np.concatenate([[False], months[1:] != months[:-1]]))
    due = np.diff(earned[pay_days], prepend=0.0)
    units_after = FIRST_CLOSE * np.cumprod(1 - due / growth[pay_days])
    units_before = np.concatenate([[FIRST_CLOSE], units_after[:-1]])[: len(due)]
    dividend = np.zeros(len(sessions))
    dividend[pay_days] = units_before * due
    payments_made = np.searchsorted(pay_days, np.arange(len(sessions)), side="right")
    units = np.concatenate([[FIRST_CLOSE], units_after])[payments_made]
    return units * growth, dividend
