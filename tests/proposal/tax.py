"""The tax of a year from the words of the statute, in fractions, with numbers of its own; it knows no project code.

* IRC §1222, §1211(b), §1212(b): short and long net apart, then against each other; of a net loss 3,000 (1,500 of those
  who are married and file apart) come off other income.
* IRC §1(h), (j), §63(c): ordinary income fills the brackets from below, long-term gain and qualified dividends lie on
  top; never more than the schedule alone would take.
* IRC §1411: 3.8 % of net investment income, or of income above the threshold if that is less.
* A state's flat rate on gains and dividends, without what it may not tax (31 U.S.C. §3124).

With flat rates none of the brackets, deductions or thresholds play a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PERCENT = tuple(Fraction(percent, 100) for percent in (10, 12, 22, 24, 32, 35, 37))
#: (year, filing): upper edges of 10 % to 35 %; upper edges of gains at 0 % and 15 %; standard deduction.
NUMBERS: dict[tuple[int, str], tuple[tuple[int, ...], tuple[int, int], int]] = {
    (2024, "single"): ((11_600, 47_150, 100_525, 191_950, 243_725, 609_350), (47_025, 518_900), 14_600),
    (2024, "mfj"): ((23_200, 94_300, 201_050, 383_900, 487_450, 731_200), (94_050, 583_750), 29_200),
    (2025, "single"): ((11_925, 48_475, 103_350, 197_300, 250_525, 626_350), (48_350, 533_400), 15_750),
    (2025, "mfj"): ((23_850, 96_950, 206_700, 394_600, 501_050, 751_600), (96_700, 600_050), 31_500),
    (2026, "single"): ((12_400, 50_400, 105_700, 201_775, 256_225, 640_600), (49_450, 545_500), 16_100),
    (2026, "mfj"): ((24_800, 100_800, 211_400, 403_550, 512_450, 768_700), (98_900, 613_700), 32_200),
}
SURTAX_ABOVE = {"single": 200_000, "mfj": 250_000}
SURTAX = Fraction(38, 1_000)
NONE = Fraction(0)


@dataclass(frozen=True)
class Income:
    """What a return is made of, US$; losses carried in are positive."""

    wages: Fraction = NONE
    withdrawn: Fraction = NONE
    short: Fraction = NONE
    long: Fraction = NONE
    carried_short: Fraction = NONE
    carried_long: Fraction = NONE
    qualified: Fraction = NONE
    ordinary: Fraction = NONE
    exempt: Fraction = NONE


@dataclass(frozen=True)
class Tax:
    income: Fraction
    surtax: Fraction
    state: Fraction
    carried_short: Fraction
    carried_long: Fraction

    @property
    def total(self) -> Fraction:
        return self.income + self.surtax + self.state


def known(profile: Any) -> bool:
    """Whether the numbers for a tax profile are kept here."""
    return profile.flat is not None or (profile.law_year, profile.filing) in NUMBERS


def tax_of(
    income: Income,
    year: int,
    filing: str,
    state_rate: float = 0.0,
    flat: tuple[float, float, float] | None = None,
) -> Tax:
    """Work out the tax on a year's income."""
    limit = 1_500 if filing == "mfs" else 3_000
    short = income.short - income.carried_short
    long = income.long - income.carried_long
    net = short + long
    taxed_long = max(NONE, min(long, net))
    taxed_short = max(NONE, net) - taxed_long
    deducted = min(Fraction(limit), max(NONE, -net))
    gains = taxed_long + taxed_short - deducted
    dividends = income.qualified + income.ordinary
    state = Fraction(state_rate) * (gains + dividends - income.exempt + income.withdrawn)
    if flat is not None:
        on_ordinary, on_long, on_qualified = map(Fraction, flat)
        owed = on_ordinary * (taxed_short - deducted + income.ordinary + income.withdrawn)
        owed += on_long * taxed_long + on_qualified * income.qualified
        return Tax(owed, NONE, state, *_carry(short, long, deducted))
    edges, gain_edges, standard = NUMBERS[year, filing]
    gross = income.wages + income.withdrawn + dividends + gains
    below = gross - standard
    taxable = max(NONE, below)
    on_top = min(taxable, taxed_long + income.qualified)
    plain = _slices(taxable, edges, PERCENT)
    at_zero, at_fifteen = (max(NONE, min(taxable, edge) - (taxable - on_top)) for edge in gain_edges)
    stacked = _slices(taxable - on_top, edges, PERCENT)
    stacked += Fraction(15, 100) * (at_fifteen - at_zero) + Fraction(20, 100) * (on_top - at_fifteen)
    surtax = SURTAX * max(NONE, min(dividends + gains, gross - SURTAX_ABOVE[filing]))
    absorbed = min(deducted, max(NONE, below + deducted))
    return Tax(min(plain, stacked), surtax, state, *_carry(short, long, absorbed))


def _slices(taxable: Fraction, edges: tuple[int, ...], rates: tuple[Fraction, ...]) -> Fraction:
    """Tax by schedule: each rate on what lies between its edges."""
    lower = (0, *edges)
    upper = (*map(Fraction, edges), max(taxable, Fraction(edges[-1])))
    return sum(
        (
            rate * max(NONE, min(taxable, high) - low)
            for rate, low, high in zip(rates, lower, upper, strict=True)
        ),
        NONE,
    )


def _carry(short: Fraction, long: Fraction, absorbed: Fraction) -> tuple[Fraction, Fraction]:
    """What of the losses is left for next year: short-term ones are used first (§1212(b))."""
    left_short = max(NONE, -short - max(NONE, long) - absorbed)
    left_long = max(NONE, -long - max(NONE, short) - max(NONE, absorbed - max(NONE, -short)))
    return left_short, left_long


def income_of(household: Any, short: Any = 0, long: Any = 0) -> Income:
    """The household's year so far, with gains beside it."""
    profile, so_far = household.tax, household.year_to_date
    exact = Fraction
    return Income(
        exact(profile.ordinary_income), exact(so_far.distributions),
        exact(so_far.short) + exact(profile.outside_short) + exact(short),
        exact(so_far.long) + exact(profile.outside_long) + exact(long),
        exact(profile.carryover_short), exact(profile.carryover_long),
        exact(so_far.qualified), exact(so_far.ordinary), exact(so_far.exempt),
    )  # fmt: skip


def tax_now(household: Any, short: Any, long: Any) -> Fraction:
    """By how much gains realised now change the tax of the household's year, US$."""
    profile = household.tax
    law = profile.law_year, profile.filing, profile.state_rate, profile.flat
    after, before = (tax_of(income_of(household, *gains), *law).total for gains in ((short, long), (0, 0)))
    return after - before
