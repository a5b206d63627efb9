"""Federal income tax of a return, line by line, in fractions; it knows nothing of the package.

* IRC §1222, §1211(b), §1212(b): gains and losses are netted by term, then across; a net loss is deducted up to a limit;
  the rest is carried on by the Capital Loss Carryover Worksheet of the instructions for Schedule D.
* IRC §1(h): the Qualified Dividends and Capital Gain Tax Worksheet of the instructions for Form 1040.
* IRC §408(d)(1): any amount paid or distributed out of an individual retirement plan is gross income of the payee;
  §402(a) says so of an employees' trust. §1411(c)(5) keeps both out of net investment income.
* IRC §1411: net investment income tax.

Tax is taken from the rate schedules, not from the table of the instructions, which rounds to steps of 50 dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.nouns import NONE, exact

RATES = tuple(Fraction(percent, 100) for percent in (10, 12, 22, 24, 32, 35, 37))
NIIT_RATE = Fraction(38, 1000)
#: Not indexed (§1411(b)).
NIIT_THRESHOLD = {"single": 200_000, "hoh": 200_000, "mfj": 250_000, "mfs": 125_000}
LOSS_LIMIT = {"single": 3_000, "hoh": 3_000, "mfj": 3_000, "mfs": 1_500}


@dataclass(frozen=True)
class Table:
    """Upper edges of the brackets, in taxable income, and the standard deduction."""

    edges: tuple[int, ...]  # of 10 % to 35 %
    zero: int  # gains are taxed at 0 % up to here
    fifteen: int  # at 15 % up to here
    standard: int


#: Rev. Proc. 2023-34; Rev. Proc. 2024-40 with the standard deduction of P.L. 119-21; Rev. Proc. 2025-32.
TABLES = {
    (2024, "single"): Table((11_600, 47_150, 100_525, 191_950, 243_725, 609_350), 47_025, 518_900, 14_600),
    (2024, "mfj"): Table((23_200, 94_300, 201_050, 383_900, 487_450, 731_200), 94_050, 583_750, 29_200),
    (2024, "mfs"): Table((11_600, 47_150, 100_525, 191_950, 243_725, 365_600), 47_025, 291_850, 14_600),
    (2024, "hoh"): Table((16_550, 63_100, 100_500, 191_950, 243_700, 609_350), 63_000, 551_350, 21_900),
    (2025, "single"): Table((11_925, 48_475, 103_350, 197_300, 250_525, 626_350), 48_350, 533_400, 15_750),
    (2025, "mfj"): Table((23_850, 96_950, 206_700, 394_600, 501_050, 751_600), 96_700, 600_050, 31_500),
    (2025, "mfs"): Table((11_925, 48_475, 103_350, 197_300, 250_525, 375_800), 48_350, 300_000, 15_750),
    (2025, "hoh"): Table((17_000, 64_850, 103_350, 197_300, 250_500, 626_350), 64_750, 566_700, 23_625),
    (2026, "single"): Table((12_400, 50_400, 105_700, 201_775, 256_225, 640_600), 49_450, 545_500, 16_100),
    (2026, "mfj"): Table((24_800, 100_800, 211_400, 403_550, 512_450, 768_700), 98_900, 613_700, 32_200),
    (2026, "mfs"): Table((12_400, 50_400, 105_700, 201_775, 256_225, 384_350), 49_450, 306_850, 16_100),
    (2026, "hoh"): Table((17_700, 67_450, 105_700, 201_750, 256_200, 640_600), 66_200, 579_600, 24_150),
}


@dataclass(frozen=True)
class Netted:
    """Schedule D: what becomes of a year's gains and losses. Losses carried are positive."""

    net_short: Fraction
    net_long: Fraction
    net: Fraction
    taxed_short: Fraction
    taxed_long: Fraction
    deduction: Fraction


@dataclass(frozen=True)
class Return:
    """A settled return."""

    netted: Netted
    taxable_before_floor: Fraction  # line 15 of Form 1040, were it not cut at zero
    ordinary_taxable: Fraction
    at_0: Fraction
    at_15: Fraction
    at_20: Fraction
    ordinary_tax: Fraction
    pref_tax: Fraction
    income_tax: Fraction
    niit: Fraction
    carry_short: Fraction
    carry_long: Fraction

    @property
    def total(self) -> Fraction:
        return self.income_tax + self.niit


def net(
    short: Fraction, long: Fraction, carry_short: Fraction, carry_long: Fraction, limit: Fraction
) -> Netted:
    """Net by term, then across; deduct a net loss up to the limit (Schedule D, lines 7, 15, 16, 21)."""
    line_7, line_15 = short - carry_short, long - carry_long
    line_16 = line_7 + line_15
    taxed_long = max(NONE, min(line_15, line_16))
    taxed_short = max(NONE, line_16) - taxed_long
    return Netted(line_7, line_15, line_16, taxed_short, taxed_long, min(limit, max(NONE, -line_16)))


def carry(netted: Netted, taxable_income: Fraction) -> tuple[Fraction, Fraction]:
    """Capital Loss Carryover Worksheet: short- and long-term loss carried to the next year.

    `taxable_income` is line 15 of Form 1040, negative where deductions exceed income.
    """
    if netted.net >= 0:
        return NONE, NONE  # "use this worksheet … if line 21 is a loss"
    line_1 = taxable_income
    line_2 = netted.deduction
    line_3 = max(NONE, line_1 + line_2)
    line_4 = min(line_2, line_3)
    line_5 = max(NONE, -netted.net_short)
    line_6 = max(NONE, netted.net_long)
    line_7 = line_4 + line_6
    line_8 = max(NONE, line_5 - line_7)
    line_9 = max(NONE, -netted.net_long)
    line_10 = max(NONE, netted.net_short)
    line_11 = max(NONE, line_4 - line_5)
    line_12 = line_10 + line_11
    line_13 = max(NONE, line_9 - line_12)
    return line_8 if netted.net_short < 0 else NONE, line_13 if netted.net_long < 0 else NONE


def schedule(table: Table, income: Fraction) -> Fraction:
    """Tax on ordinary income by the rate schedule."""
    tax, below = NONE, NONE
    for edge, rate in zip((*table.edges, None), RATES, strict=True):
        top = income if edge is None else min(income, Fraction(edge))
        tax += rate * max(NONE, top - below)
        below = max(below, top)
    return tax


def net_investment_tax(filing: str, agi: Fraction, investment: Fraction) -> tuple[Fraction, Fraction]:
    """§1411(a): the tax, and the smaller amount it is taken from."""
    base = max(NONE, min(investment, agi - NIIT_THRESHOLD[filing]))
    return NIIT_RATE * base, base


def settle_return(
    year: int, filing: str, *, wages: float = 0, distributions: float = 0, ordinary: float = 0,
    qualified: float = 0, short: float = 0, long: float = 0, carry_short: float = 0, carry_long: float = 0,
    deduction: float | None = None,
) -> Return:  # fmt: skip
    """Settle a return. `ordinary` is interest and dividends that are not qualified; losses carried in are positive.

    `distributions` are what retirement plans paid, as far as it is gross income.
    """
    table = TABLES[year, filing]
    dividends, interest = exact(qualified), exact(ordinary)
    limit = Fraction(LOSS_LIMIT[filing])
    netted = net(exact(short), exact(long), exact(carry_short), exact(carry_long), limit)
    gains = netted.taxed_short + netted.taxed_long - netted.deduction  # line 7 of Form 1040
    agi = exact(wages) + exact(distributions) + interest + dividends + gains
    before_floor = agi - (table.standard if deduction is None else exact(deduction))

    # Qualified Dividends and Capital Gain Tax Worksheet.
    line_1 = max(NONE, before_floor)
    line_2 = dividends
    line_3 = netted.taxed_long  # the smaller of lines 15 and 16 of Schedule D, if both are gains
    line_4 = line_2 + line_3
    line_5 = max(NONE, line_1 - line_4)
    line_7 = min(line_1, Fraction(table.zero))
    line_8 = min(line_5, line_7)
    line_9 = line_7 - line_8  # taxed at 0 %
    line_10 = min(line_1, line_4)
    line_12 = line_10 - line_9
    line_14 = min(line_1, Fraction(table.fifteen))
    line_16 = max(NONE, line_14 - (line_5 + line_9))
    line_17 = min(line_12, line_16)  # taxed at 15 %
    line_20 = line_10 - (line_9 + line_17)  # taxed at 20 %
    preferred = Fraction(15, 100) * line_17 + Fraction(20, 100) * line_20
    line_22 = schedule(table, line_5)
    income_tax = min(preferred + line_22, schedule(table, line_1))

    niit, _ = net_investment_tax(filing, agi, interest + dividends + gains)
    return Return(
        netted, before_floor, line_5, line_9, line_17, line_20, line_22, preferred, income_tax, niit,
        *carry(netted, before_floor),
    )  # fmt: skip
