"""Compiled and interpreted are one: the same bits from either door, for arguments that reach every branch."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from rebal_kit.rules import (
    brackets,
    dividends,
    forms,
    gains,
    gifts,
    harvest,
    holding,
    law,
    lots,
    marginal,
    timing,
    triggers,
    wash_sale,
)  # fmt: skip
from rebal_kit.tax_profile import TaxProfile

pytestmark = pytest.mark.compiled

RANDOM = np.random.default_rng(1091)
DAYS = RANDOM.integers(-40_000, 90_000, (200, 6))
USD = np.round(RANDOM.normal(0, 50_000, (200, 8)), 2)
USD[::10] = 0.0
TABLES = [
    law.tax_table(profile)
    for profile in (
        TaxProfile("single", 2024, 40_000, outside_long=-900, state_rate=0.0499),
        TaxProfile("mfj", 2025, 240_000, outside_short=12_000),
        TaxProfile("hoh", 2026, 0),
        TaxProfile(flat=(0.37, 0.2, 0.2), state_rate=0.05),
    )
]


def bits(value):
    """Spell a result so that −0.0 and 0.0 differ and NaN equals itself."""
    if isinstance(value, tuple):
        return tuple(bits(part) for part in value)
    return struct.pack("<d", value) if isinstance(value, float) else value


def same(function, *arguments):
    compiled, plain = function(*arguments), function.py_func(*arguments)
    assert bits(compiled) == bits(plain), (function.__name__, arguments)


@pytest.mark.parametrize("row", range(0, 200, 4))
def test_dates(row):
    a, b, c, d, e, f = (int(day) for day in DAYS[row])
    same(holding.year_month_day, a)
    same(holding.first_long_term_day, a)
    same(holding.day_number, 1900 + abs(a) % 300, 1 + abs(b) % 12, 1 + abs(c) % 31)
    same(holding.is_long_term, a, a + abs(b) % 800)
    for tacking in (True, False):
        same(holding.replacement_start, a, b, c, tacking)
    for flag in (True, False):
        reading = wash_sale.Reading(flag, not flag, flag, not flag, flag, not flag)
        sold = (a + b % 50, a + c % 50, f % 3)
        same(wash_sale.may_replace, a, d % 3, bool(e % 2), *sold, bool(c % 2), 30, reading)
        same(wash_sale.takes_basis, bool(a % 2), bool(b % 2), reading)
    same(timing.tax_year, a)
    same(dividends.qualified_days, a, a + abs(b) % 200, a + c % 100, 60, 121)
    same(dividends.is_qualified, a, a + abs(b) % 200, a + c % 100, 61, 60, 121)


@pytest.mark.parametrize("row", range(0, 200, 4))
def test_money(row):
    a, b, c, d, e, f, g, h = (float(usd) for usd in USD[row])
    same(wash_sale.matched_shares, a, b)
    same(wash_sale.disallowed_loss, a, b)
    same(harvest.qualifies, abs(a), abs(b), 0.05, 500.0)
    same(harvest.tax_saved, a, 0.238, c)
    same(gains.net_capital, a, b, abs(c), abs(d), 3_000.0, e)
    same(lots.averaged, abs(a), abs(a) + abs(b) + 1.0, c)
    for method in lots.HISTORY_METHOD_CODES.values():
        same(lots.sale_order, method, 20_000, 19_000 + row * 10, 20_000 + int(a) % 3 - 1, abs(b), abs(c))
    same(lots.postponed, 20_000, 20_000 + int(a) % 40, abs(b), abs(c), 20)
    for table in TABLES:
        carry = brackets.Carryover(abs(f) * (row % 3), abs(g), abs(f), abs(h))
        same(brackets.year_tax, table, a, b, abs(c), abs(d), abs(e) / 2, carry)
        same(brackets.year_tax, table, a, b, abs(c), abs(d), abs(e) / 2, carry, abs(h) * (row % 8 > 0))
        same(marginal.tax_on_a_dollar, table, a, b, carry.short, carry.long)
        same(brackets.tax_return, table, c, a, b, abs(c), abs(d), abs(e) / 2, carry.short, carry.long)
    same(brackets.income_within, a, b, c, d)
    same(brackets.niit_base, a, b, abs(c))
    same(forms.form_8949_gain, abs(a), abs(b), abs(c))
    for flag in (False, True):
        same(gifts.gift_deduction, abs(a), abs(b), flag)
        same(gifts.gift_verdict, abs(a), abs(b), flag)
        same(forms.broker_reports, flag, row % 8 == 0)
        same(forms.form_8949_box, flag, row % 8 == 0, row % 3 == 0)
    same(gifts.untaxed_gain, abs(a), abs(b))
    same(gifts.gift_order, abs(a) + 1.0, abs(b))


@pytest.mark.parametrize("target", [0.0, 0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("absolute", [math.nan, 0.0, 0.05])
@pytest.mark.parametrize("relative", [math.nan, 0.2])
def test_bands(target, absolute, relative):
    for both in (False, True):
        same(triggers.band_width, target, absolute, relative, both)
    for weight in (0.0, 0.11, 0.36, 0.72, 0.99):
        same(triggers.breach, weight, target, 0.12, 0.07)
    for side in (-1, 0, 1):
        same(triggers.destination_weight, target, side, 0.12, 0.07, 0.3)
