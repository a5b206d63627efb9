"""Income tax by brackets: worked cases, continuity, monotony, and the two returns side by side."""

from __future__ import annotations

import hashlib
import itertools
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.rules import brackets, law
from rebal_kit.rules.brackets import Carryover, year_tax
from rebal_kit.tax_profile import TaxProfile
from tests.cases import load_cases

NONE = Carryover(0.0, 0.0, 0.0, 0.0)
TAX = [case for case in load_cases("tax") if "wages" in case["given"]]
NIIT = [case for case in load_cases("tax") if "magi" in case["given"]]
TABLES = {
    filing: law.tax_table(TaxProfile(filing, 2026, ordinary_income=90_000.0))
    for filing in ("single", "mfj", "mfs", "hoh")
}
usd = st.floats(0, 2e6)
filings = st.sampled_from(sorted(TABLES))


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-6)


def added(profile, short=0.0, long=0.0, qualified=0.0, ordinary=0.0, exempt=0.0, carry=NONE, other=0.0):
    return year_tax(law.tax_table(profile), short, long, qualified, ordinary, exempt, carry, other)


@pytest.mark.parametrize("case", [c for c in TAX if "total" in c["expect"]], ids=lambda case: case["id"])
def test_whole_returns(case):
    """The wages' own tax is the tax that a portfolio of nothing but interest would add to an empty return."""
    given_, expect = case["given"], case["expect"]
    table = law.tax_table(TaxProfile(given_["filing"], given_["year"]))
    tax = year_tax(
        table, float(given_["net_st"]), float(given_["net_lt"]), float(given_["qualified_dividends"]),
        float(given_["wages"]), 0.0, NONE,
    )  # fmt: skip
    wages_alone = law.tax_table(TaxProfile(given_["filing"], given_["year"], given_["wages"]))
    on_top = year_tax(
        wages_alone, float(given_["net_st"]), float(given_["net_lt"]), float(given_["qualified_dividends"]),
        0.0, 0.0, NONE,
    )  # fmt: skip
    assert tax.ordinary_tax == close(expect["ordinary_tax"])
    assert tax.gains_tax == close(expect.get("pref_tax", 0))
    assert tax.ordinary_tax + tax.gains_tax == close(expect.get("income_tax", expect["total"]))
    assert on_top.niit == close(expect.get("niit", 0))  # wages are no investment income
    of_wages = brackets.ordinary_tax(
        given_["wages"] - table.standard_deduction, table.ordinary_edges, table.ordinary_rates
    )
    assert of_wages + on_top.tax == close(expect["total"])


@pytest.mark.parametrize("case", load_cases("returns"), ids=lambda case: case["id"])
def test_returns_settled_by_another_tax_model(case):
    given_ = case["given"]
    table = law.tax_table(TaxProfile(given_["filing"], given_["year"], given_["wages"]))
    amounts = [float(given_[kind]) for kind in ("short", "long", "qualified", "ordinary")]
    tax = year_tax(table, *amounts, 0.0, NONE)
    of_wages = brackets.ordinary_tax(
        table.ordinary_income - table.standard_deduction, table.ordinary_edges, table.ordinary_rates
    )
    assert of_wages + tax.ordinary_tax + tax.gains_tax == pytest.approx(
        case["expect"]["income_tax"], abs=0.006
    )
    assert tax.niit == pytest.approx(case["expect"]["niit"], abs=0.006)


@pytest.mark.parametrize("case", [c for c in TAX if "loss" in c["given"]], ids=lambda case: case["id"])
def test_what_a_harvested_loss_saves(case):
    given_, expect = case["given"], case["expect"]
    loss = float(given_["loss"])
    profile = TaxProfile(given_["filing"], given_["year"], given_["wages"])
    assert added(profile, short=loss).tax == close(expect["saving_if_offsets_st_gain"])
    assert added(profile, long=loss).tax == close(expect["saving_if_offsets_lt_gain"])
    short, long = added(profile, short=loss), added(profile, long=loss)
    assert [short.ordinary_tax, short.niit] == close(expect["st_components"])
    assert [long.gains_tax, long.niit] == close(expect["lt_components"])


@pytest.mark.parametrize("case", NIIT, ids=lambda case: case["id"])
def test_net_investment_income_tax(case):
    own = law.load_law(2026, case["given"]["filing"])
    tax = brackets.niit(
        float(case["given"]["nii"]), float(case["given"]["magi"]), own.niit_rate, own.niit_threshold
    )
    assert tax == close(case["expect"]["niit"])


def test_between_the_zero_edge_and_the_12_percent_edge_gains_cost_12_percent():
    """Heads of household, 2026: gains are at 15 % from 66,200, ordinary income at 12 % up to 67,450."""
    profile = TaxProfile("hoh", 2026, ordinary_income=66_200 + 24_150)
    assert added(profile, long=1_000.0).tax == close(120)
    assert added(profile, long=101_250.0).tax == close(0.15 * 101_250)


def test_a_loss_is_deducted_and_carried():
    tax = added(TaxProfile("single", 2025, 300_000), short=-10_000.0)
    assert tax.tax == close(-3_000 * 0.35)  # no investment income that the loss could reduce
    assert tax.deduction == 3_000
    assert tax.carry == (7_000, 0, 0, 0)


def test_a_deduction_that_income_cannot_absorb_is_carried_on():
    """Income of 1,000 over the standard deduction takes 1,000 of the 3,000; the other 2,000 are not lost."""
    tax = added(TaxProfile("single", 2025, 16_750), long=-10_000.0)
    assert tax.tax == close(-100)
    assert tax.deduction == 3_000
    assert tax.carry == (0, 9_000, 0, 0)


def test_the_state_taxes_no_treasury_interest():
    profile = TaxProfile("single", 2025, 100_000, state_rate=0.05)
    assert added(profile, ordinary=1_000.0, exempt=400.0).state == close(30)
    assert added(profile, long=2_000.0, qualified=500.0).state == close(125)
    assert added(profile, short=-9_000.0).state == close(-150)


def test_flat_rates():
    profile = TaxProfile(flat=(0.40, 0.20, 0.15), state_rate=0.05, ordinary_income=1e6)
    tax = added(profile, short=1_000.0, long=2_000.0, qualified=300.0, ordinary=100.0)
    assert tax.ordinary_tax == close(440)
    assert tax.gains_tax == close(400 + 45)
    assert (tax.niit, tax.state) == (0, close(170))
    loss = added(profile, long=-8_000.0)
    assert loss.tax == close(-3_000 * 0.45)
    assert loss.carry == (0, 5_000, 0, 0)
    assert added(TaxProfile.untaxed(), short=1e6, qualified=1e5).tax == 0


def test_a_withdrawal_is_ordinary_income():
    """Single, 2025: the 22 % bracket ends at 103,350, and wages of 100,000 leave 84,250 taxable."""
    tax = added(TaxProfile("single", 2025, 100_000), other=30_000.0)
    assert tax.tax == tax.ordinary_tax == close(19_100 * 0.22 + 10_900 * 0.24)
    assert (tax.gains_tax, tax.niit, tax.state, tax.deduction) == (0, 0, 0, 0)


def test_a_withdrawal_pushes_gains_out_of_the_zero_rate():
    """Single, 2025: wages leave 29,250 taxable; 19,100 of the gain are at 0 %, and 10,000 withdrawn make it 9,100."""
    profile = TaxProfile("single", 2025, 45_000)
    assert added(profile, long=20_000.0).gains_tax == close(0.15 * 900)
    tax = added(profile, long=20_000.0, other=10_000.0)
    assert [tax.ordinary_tax, tax.gains_tax] == close([1_200, 0.15 * 10_900])


def test_a_withdrawal_raises_adjusted_gross_income_but_no_investment_income():
    """§1411(c)(5): with wages of 190,000 the threshold is crossed, and the base stays the dividends."""
    profile = TaxProfile("single", 2025, 190_000)
    assert added(profile, qualified=20_000.0).niit == close(0.038 * 10_000)
    assert added(profile, qualified=20_000.0, other=6_000.0).niit == close(0.038 * 16_000)
    assert added(profile, qualified=20_000.0, other=500_000.0).niit == close(0.038 * 20_000)
    assert added(profile, other=500_000.0).niit == 0


def test_a_withdrawal_lets_income_absorb_a_deduction():
    """As above, where 2,000 of 3,000 are carried on: 2,000 withdrawn use them up and are free of tax."""
    tax = added(TaxProfile("single", 2025, 16_750), long=-10_000.0, other=2_000.0)
    assert tax.tax == close(-100)
    assert tax.carry == (0, 7_000, 0, 0)


def test_a_withdrawal_with_flat_rates_and_at_the_state():
    profile = TaxProfile(flat=(0.40, 0.20, 0.15), state_rate=0.05, ordinary_income=1e6)
    tax = added(profile, other=1_000.0)
    assert [tax.ordinary_tax, tax.gains_tax, tax.niit, tax.state] == close([400, 0, 0, 50])
    assert added(TaxProfile("single", 2025, 100_000, state_rate=0.05), other=1_000.0).state == close(50)
    assert added(TaxProfile.untaxed(), other=1e6).tax == 0


def test_outside_losses_are_not_credited_to_the_portfolio():
    """With 50,000 carried in, 3,000 a year are deducted with or without an idle portfolio."""
    profile = TaxProfile("mfj", 2026, 200_000, carryover_long=50_000)
    carry = law.opening_carryover(profile)
    for _ in range(3):
        tax = added(profile, carry=carry)
        assert tax.tax == 0
        assert tax.deduction == 3_000
        carry = tax.carry
    assert carry == (0, 41_000, 0, 41_000)


def test_a_harvested_loss_is_credited_in_the_years_in_which_it_saves():
    profile = TaxProfile("mfj", 2026, 200_000, outside_long=-1_000)
    carry, saved = law.opening_carryover(profile), []
    for short in (-8_000.0, 0.0, 0.0, 0.0):
        tax = added(profile, short=short, carry=carry)
        saved.append(-tax.tax)
        carry = tax.carry
    # Each year 1,000 from outside is deducted anyhow; 2,000 a year are the portfolio's.
    assert saved == close([2_000 * 0.22] * 4)
    assert carry == (0, 0, 0, 0)


def test_an_outside_gain_makes_a_harvested_loss_worth_its_rate():
    profile = TaxProfile("mfj", 2026, 200_000, outside_long=20_000)
    assert added(profile, long=-20_000.0).tax == close(-3_000 + 0)
    assert added(profile, long=-23_000.0).tax == close(-3_000 - 3_000 * 0.22)


@pytest.mark.parametrize("filing", sorted(TABLES))
def test_tax_has_no_jump_at_an_edge(filing):
    table = TABLES[filing]
    for edge in table.ordinary_edges[:-1]:
        below, above = (
            brackets.ordinary_tax(edge + step, table.ordinary_edges, table.ordinary_rates)
            for step in (-0.01, 0.01)
        )
        assert 0 < above - below < 0.01
    for edge in table.gain_edges[:-1]:
        long = edge + table.standard_deduction - table.ordinary_income
        taxes = [year_tax(table, 0.0, long + step, 0.0, 0.0, 0.0, NONE).tax for step in (-0.01, 0.01)]
        assert 0 <= taxes[1] - taxes[0] < 0.01


@given(filings, usd, usd, usd, usd, st.floats(0, 1e5))
def test_more_of_anything_is_never_taxed_less(filing, short, long, qualified, ordinary, more):
    table = TABLES[filing]
    amounts = [short, long, qualified, ordinary]
    tax = year_tax(table, *amounts, 0.0, NONE).tax
    for kind in range(4):
        larger = [*amounts]
        larger[kind] += more
        rise = year_tax(table, *larger, 0.0, NONE).tax - tax
        assert -1e-6 <= rise <= 0.61 * more + 1e-6  # 37 % + 20 % + 3.8 %


@given(filings, st.floats(-1e5, 1e6), st.floats(-1e5, 1e6), usd, usd, st.floats(0, 1e6))
def test_a_withdrawal_is_taxed_as_wages_would_be(filing, short, long, qualified, ordinary, other):
    """The whole return is the one with so much more of wages; the return without the portfolio has none of it."""
    table = TABLES[filing]
    tax = year_tax(table, short, long, qualified, ordinary, 0.0, NONE, other)
    higher = table._replace(ordinary_income=table.ordinary_income + other)
    on_top = year_tax(higher, short, long, qualified, ordinary, 0.0, NONE)
    of_wages = [
        brackets.ordinary_tax(t.ordinary_income - t.standard_deduction, t.ordinary_edges, t.ordinary_rates)
        for t in (table, higher)
    ]
    assert tax.tax == close(on_top.tax + of_wages[1] - of_wages[0])
    assert tax.carry[:2] == close(on_top.carry[:2])
    assert tax.carry[2:] == (0, 0)
    assert tax.niit == close(on_top.niit)


@given(filings, usd, usd, usd)
def test_long_term_is_never_dearer_than_short_term(filing, gain, qualified, ordinary):
    table = TABLES[filing]
    long = year_tax(table, 0.0, gain, qualified, ordinary, 0.0, NONE).tax
    short = year_tax(table, gain, 0.0, qualified, ordinary, 0.0, NONE).tax
    assert long <= short + 1e-6


@given(filings, st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), usd, st.floats(0, 1e5))
def test_parts_add_up(filing, short, long, qualified, carried):
    carry = Carryover(carried, 0.0, 0.0, carried)
    tax = year_tax(TABLES[filing], short, long, qualified, 0.0, 0.0, carry)
    assert tax.tax == close(tax.ordinary_tax + tax.gains_tax + tax.niit + tax.state)


def numbers_in(value):
    for part in value:
        yield from numbers_in(part) if isinstance(part, tuple) else [part]


def test_the_tax_of_2450_random_years_has_not_moved_by_a_bit():
    """A change of the law or of the arithmetic moves the digest: then it belongs into the change log."""
    draw, digest = random.Random(1211), hashlib.sha256()

    def cents(top):
        return draw.randrange(0, top * 100) / 100 * draw.choice([0, 1, 1])

    profiles = [
        TaxProfile(
            filing, year, draw.choice([0, 40_000, 96_000, 250_000, 900_000]) + draw.randrange(0, 5_000_000) / 100,
            outside_short=draw.choice([0, -4_000.25, 9_000]), outside_long=draw.choice([0, -900, 12_000.5, 600_000]),
            state_rate=draw.choice([0.0, 0.0499]),
        )
        for year, filing in itertools.product((2024, 2025, 2026), ("single", "mfj", "mfs", "hoh")) for _ in range(4)
    ]  # fmt: skip
    for profile in [*profiles, TaxProfile(flat=(0.37, 0.2, 0.15), state_rate=0.05, outside_short=-500)]:
        table = law.tax_table(profile)
        for _ in range(50):
            short = cents(200_000) - 60_000 * draw.choice([0, 1])
            long = cents(900_000) - 80_000 * draw.choice([0, 1, 2])
            qualified, ordinary = cents(50_000), cents(50_000)
            exempt = ordinary / 2 * draw.choice([0, 1])
            carry = Carryover(cents(20_000), cents(90_000), cents(20_000), cents(20_000))
            tax = year_tax(table, short, long, qualified, ordinary, exempt, carry)
            for number in numbers_in(tax):
                digest.update(struct.pack("<d", number))
    assert digest.hexdigest() == "e6faa2e1b9ecd62a20418cbd659f409d6e07e17dff89dca351eb030a32ffb96e"
