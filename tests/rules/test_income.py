"""Whole returns and marginal rates through the public functions: the worked cases, and what must hold anyway."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rebal_kit as rk
from rebal_kit.rules import law
from rebal_kit.rules.brackets import year_tax
from tests.cases import load_cases

HALF_A_CENT = 0.005
TAX = [case for case in load_cases("tax") if "wages" in case["given"]]
NIIT = [case for case in load_cases("tax") if "magi" in case["given"]]
NETTING_NAMES = {
    "net_short": "net_st", "net_long": "net_lt", "net": "net", "taxed_short": "taxed_as_st",
    "taxed_long": "taxed_as_lt", "deduction": "loss_deduction", "carry_short": "carry_st", "carry_long": "carry_lt",
}  # fmt: skip
usd = st.floats(0, 2e6)
gains = st.floats(-1e6, 1e6)
profiles = st.builds(
    rk.TaxProfile,
    st.sampled_from(law.known_filings()),
    st.sampled_from(law.known_years()),
    st.floats(-1e5, 2e6),
    gains,
    gains,
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.sampled_from([0.0, 0.0499]),
)


def cents(value):
    return pytest.approx(value, rel=0, abs=HALF_A_CENT)


@pytest.mark.parametrize("case", [c for c in TAX if "total" in c["expect"]], ids=lambda case: case["id"])
def test_whole_returns(case):
    tax = rk.income_tax(**case["given"])
    for name, value in case["expect"].items():
        assert getattr(tax, name) == cents(value), name


@pytest.mark.parametrize("case", [c for c in TAX if "loss" in c["given"]], ids=lambda case: case["id"])
def test_what_a_harvested_loss_saves(case):
    given_, expect = {**case["given"]}, case["expect"]
    loss = given_.pop("loss")
    alone = rk.income_tax(**given_).total
    assert rk.income_tax(**given_, net_st=loss).total - alone == cents(expect["saving_if_offsets_st_gain"])
    assert rk.income_tax(**given_, net_lt=loss).total - alone == cents(expect["saving_if_offsets_lt_gain"])


@pytest.mark.parametrize("case", NIIT, ids=lambda case: case["id"])
def test_net_investment_income_tax(case):
    """Investment income beside wages that make up the rest of adjusted gross income."""
    magi, nii, filing = case["given"]["magi"], case["given"]["nii"], case["given"]["filing"]
    for year in law.known_years():  # the thresholds are not indexed
        tax = rk.income_tax(year=year, filing=filing, wages=magi - nii, ordinary_dividends=nii)
        assert tax.agi == magi
        assert tax.niit == cents(case["expect"]["niit"])
        assert tax.niit_base == cents(case["expect"]["base"])


@pytest.mark.parametrize("case", load_cases("netting"), ids=lambda case: case["id"])
def test_netting(case):
    """With no deduction and wages that give the case's taxable income on line 15."""
    given_ = case["given"]
    net = given_["short"] + given_["long"] - given_["carry_short"] - given_["carry_long"]
    wages = given_["taxable_income"] - max(net, -given_["loss_limit"])
    tax = rk.income_tax(
        year=2025, filing={3_000: "single", 1_500: "mfs"}[given_["loss_limit"]], wages=wages, deduction=0,
        net_st=given_["short"], net_lt=given_["long"],
        carry_in_st=given_["carry_short"], carry_in_lt=given_["carry_long"],
    )  # fmt: skip
    assert tax.taxable_income == cents(max(0, given_["taxable_income"]))
    for name, value in case["expect"].items():
        if name in NETTING_NAMES:
            assert getattr(tax, NETTING_NAMES[name]) == cents(value), name


@pytest.mark.parametrize("case", load_cases("returns"), ids=lambda case: case["id"])
def test_returns_settled_by_another_tax_model(case):
    given_ = case["given"]
    tax = rk.income_tax(
        year=given_["year"], filing=given_["filing"], wages=given_["wages"], net_st=given_["short"],
        net_lt=given_["long"], qualified_dividends=given_["qualified"], ordinary_dividends=given_["ordinary"],
    )  # fmt: skip
    assert tax.income_tax == pytest.approx(case["expect"]["income_tax"], abs=0.006)
    assert tax.niit == pytest.approx(case["expect"]["niit"], abs=0.006)


def test_a_negative_taxable_income_keeps_part_of_the_loss():
    """Wages of 14,000 less a deduction of 15,750 leave nothing for the 3,000 to be taken from."""
    tax = rk.income_tax(year=2025, filing="single", wages=14_000, net_st=-10_000)
    assert (tax.taxable_income, tax.total, tax.loss_deduction) == (0, 0, 3_000)
    assert (tax.carry_st, tax.carry_lt) == (10_000, 0)


def test_a_business_loss_is_a_negative_wage():
    tax = rk.income_tax(year=2026, filing="mfj", wages=-50_000, net_lt=20_000)
    assert (tax.agi, tax.taxable_income, tax.total) == (-30_000, 0, 0)


def test_itemised_deductions_in_dollars():
    standard = rk.income_tax(year=2025, filing="single", wages=100_000)
    itemised = rk.income_tax(year=2025, filing="single", wages=100_000, deduction=25_750)
    assert standard.total - itemised.total == cents(10_000 * 0.22)
    assert standard == rk.income_tax(year=2025, filing="single", wages=100_000, deduction="standard")


def test_a_profile_says_what_is_named_without_one():
    profile = rk.TaxProfile(
        "hoh", 2024, 90_000, outside_short=-1_000, outside_long=500, carryover_short=700, carryover_long=300,
    )  # fmt: skip
    named = rk.income_tax(
        year=2024, filing="hoh", wages=90_000, net_st=4_000, net_lt=2_500, carry_in_st=700, carry_in_lt=300,
        qualified_dividends=100,
    )  # fmt: skip
    assert rk.income_tax(profile, net_st=5_000, net_lt=2_000, qualified_dividends=100) == named


def test_a_state_taxes_gains_and_dividends_at_its_flat_rate():
    tax = rk.income_tax(
        rk.TaxProfile("single", 2025, 100_000, state_rate=0.05), net_lt=2_000, qualified_dividends=500
    )
    assert tax.state == cents(125)
    assert tax.total == cents(tax.income_tax + tax.niit + 125)


def test_flat_rates_tax_gains_dividends_and_the_deduction_only():
    tax = rk.income_tax(
        rk.TaxProfile(flat=(0.4, 0.2, 0.15), ordinary_income=1e6), net_st=1_000, net_lt=2_000, qualified_dividends=300,
        ordinary_dividends=100,
    )  # fmt: skip
    assert (tax.ordinary_tax, tax.pref_tax, tax.niit) == (cents(440), cents(445), 0)
    assert (tax.agi, tax.ordinary_taxable, tax.taxable_income) == (1_003_400, 1_100, 3_400)
    assert (tax.at_0, tax.at_15, tax.at_20) == (0, 0, 0)


@given(profiles, gains, gains, usd, usd)
def test_parts_add_up(profile, short, long, qualified, ordinary):
    tax = rk.income_tax(
        profile, net_st=short, net_lt=long, qualified_dividends=qualified, ordinary_dividends=ordinary
    )  # fmt: skip
    parts = tax.ordinary_taxable + tax.at_0 + tax.at_15 + tax.at_20
    assert parts == pytest.approx(tax.taxable_income, abs=1e-6)
    assert min(tax.ordinary_taxable, tax.at_0, tax.at_15, tax.at_20, tax.ordinary_tax, tax.niit) >= 0
    assert tax.pref_tax <= 0.15 * tax.at_15 + 0.20 * tax.at_20 + 1e-6
    assert tax.total == pytest.approx(tax.ordinary_tax + tax.pref_tax + tax.niit + tax.state)
    gain = tax.taxed_as_st + tax.taxed_as_lt - tax.loss_deduction
    assert tax.agi == pytest.approx(profile.ordinary_income + qualified + ordinary + gain, abs=1e-6)


@given(profiles, gains, gains, usd, usd)
def test_the_engine_charges_the_difference_of_two_returns(profile, short, long, qualified, ordinary):
    table, carry = law.tax_table(profile), law.opening_carryover(profile)
    added = year_tax(table, short, long, qualified, ordinary, 0.0, carry)
    whole = rk.income_tax(
        profile, net_st=short, net_lt=long, qualified_dividends=qualified, ordinary_dividends=ordinary
    )  # fmt: skip
    assert added.tax == pytest.approx(whole.total - rk.income_tax(profile).total, rel=1e-9, abs=1e-6)
    assert added.carry[:2] == (whole.carry_st, whole.carry_lt)


def test_it_prints_as_a_return():
    shown = repr(rk.income_tax(year=2025, filing="mfj", wages=200_000, net_lt=500_000)).splitlines()
    assert shown[0] == "IncomeTax 2025 mfj, US$"
    assert "  total                  122,420.50" in shown


def test_sources_are_those_of_the_law():
    tax = rk.income_tax(year=2025, filing="mfs")
    assert tax.sources == law.load_law(2025, "mfs").sources
    assert any("70102" in source for source in tax.sources)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"year": 1999}, "year is 1999 — use 2024, 2025, 2026"),
        ({"year": "2025"}, "year is '2025' — use 2024, 2025, 2026"),
        ({"year": None}, "year is not given"),
        ({"filing": "widow"}, "filing is 'widow' — use single, mfj, mfs, hoh"),
        ({"filing": ["mfj"]}, "filing is \\['mfj'\\]"),
        ({"filing": None}, "filing is not given"),
        ({"wages": math.nan}, "wages is nan"),
        ({"wages": "much"}, "wages is 'much', not a number"),
        ({"wages": math.inf}, "wages is inf"),
        ({"net_st": True}, "net_st is True, not a number"),
        ({"net_lt": math.nan}, "net_lt is nan"),
        ({"qualified_dividends": -1}, "qualified_dividends is -1 — give US\\$, 0 or more"),
        ({"ordinary_dividends": -0.5}, "ordinary_dividends is -0.5"),
        ({"carry_in_st": -7_000}, "carry_in_st is -7000 — give a loss carried in as a positive number"),
        ({"carry_in_lt": "x"}, "carry_in_lt is 'x'"),
        ({"deduction": "itemised"}, "deduction is 'itemised' — give 'standard' or US\\$"),
        ({"deduction": -1}, "deduction is -1"),
        ({"deduction": None}, "deduction is None"),
        ({"profile": "mine"}, "profile is 'mine', no TaxProfile"),
    ],
)
def test_wrong_input_is_refused(wrong, said):
    with pytest.raises(rk.LawError, match=said):
        rk.income_tax(**{"year": 2025, "filing": "single"} | wrong)


def test_all_findings_come_at_once():
    with pytest.raises(rk.LawError) as caught:
        rk.income_tax(year=1999, filing="widow", wages="x", net_st=math.nan, carry_in_lt=-1, deduction="none")
    assert len(caught.value.findings) == 6
    assert all(finding.where and finding.what and finding.remedy for finding in caught.value.findings)


def test_nothing_is_said_twice():
    with pytest.raises(rk.LawError, match="wages is 5, but the profile says ordinary_income 7") as caught:
        rk.income_tax(rk.TaxProfile(ordinary_income=7), year=2026, wages=5, carry_in_st=0)
    assert len(caught.value.findings) == 3
    with pytest.raises(rk.LawError, match="flat rates know no deduction"):
        rk.income_tax(rk.TaxProfile.untaxed(), deduction=10_000)
    with pytest.raises(rk.LawError, match="law_year is 2150"):
        rk.income_tax(rk.TaxProfile(law_year=2150))
    with pytest.raises(rk.LawError, match="law_year is 2150"):
        rk.marginal_rates(rk.TaxProfile(law_year=2150))
    with pytest.raises(rk.LawError, match="no TaxProfile"):
        rk.marginal_rates("single")


def federal(profile):
    rates = rk.marginal_rates(profile)
    assert all(rate.total == pytest.approx(rate.federal + rate.state, abs=1e-9) for rate in rates)
    return [rate.federal for rate in rates]


@pytest.mark.parametrize(
    ("profile", "rates"),
    [
        (rk.TaxProfile("single", 2025, 300_000), [0.35, 0.388, 0.188, 0.188]),
        (rk.TaxProfile("mfj", 2026, 150_000), [0.22, 0.22, 0.15, 0.15]),
        (rk.TaxProfile("mfj", 2026, 10_000), [0, 0, 0, 0]),
        # Wages are no investment income, but lift adjusted gross income over the threshold.
        (rk.TaxProfile("single", 2025, 195_000, outside_long=50_000), [0.24 + 0.038, 0.24 + 0.038, 0.188, 0.188]),
        # From 15 to 20 %: every ordinary dollar pushes a dollar of gain over the upper edge.
        (rk.TaxProfile("single", 2025, 100_000, outside_long=600_000), [0.22 + 0.05 + 0.038] * 2 + [0.238] * 2),
        # Heads of household, 2026: at 15 % from 66,200, while ordinary income is at 12 % up to 67,450.
        (rk.TaxProfile("hoh", 2026, 66_200 + 24_150), [0.12] * 4),
        # A loss of 10,000 carried in absorbs any gain; one of 1,000 is deducted from wages but for that gain.
        (rk.TaxProfile("single", 2025, 100_000, carryover_long=10_000), [0.22, 0, 0, 0.15]),
        (rk.TaxProfile("single", 2025, 100_000, carryover_long=1_000), [0.22, 0.22, 0.22, 0.15]),
        (rk.TaxProfile(flat=(0.37, 0.2, 0.15), ordinary_income=9e5), [0.37, 0.37, 0.2, 0.15]),
        (rk.TaxProfile.untaxed(), [0, 0, 0, 0]),
        (rk.TaxProfile("single", 2025, 5e8), [0.37, 0.408, 0.238, 0.238]),
    ],
)  # fmt: skip
def test_marginal_rates(profile, rates):
    assert federal(profile) == pytest.approx(rates, abs=1e-9)


def test_an_ordinary_dollar_below_a_gain_at_the_edge_costs_27_percent():
    """Single, 2025: wages of 55,750 leave 40,000, and a gain of 20,000 lies across the edge of 48,350.

    8,350 of it are at 0 and 11,650 at 15 %. A thousand more of wages is taxed at 12 % and lifts a thousand of the
    gain over the edge: 120 + 150.
    """
    profile = rk.TaxProfile("single", 2025, 55_750, outside_long=20_000)
    before, after = (
        rk.income_tax(year=2025, filing="single", wages=wages, net_lt=20_000) for wages in (55_750, 56_750)
    )
    assert (before.at_0, before.at_15) == (8_350, 11_650)
    assert (after.at_0, after.at_15) == (7_350, 12_650)
    assert after.total - before.total == cents(270)
    assert federal(profile) == pytest.approx([0.27, 0.27, 0.15, 0.15], abs=1e-9)


def test_the_state_stands_apart():
    rates = rk.marginal_rates(rk.TaxProfile("single", 2025, 300_000, state_rate=0.05))
    assert [rate.state for rate in rates] == [0.05] * 4
    assert rates.long_term_gain == (0.188, 0.05, 0.238)
    assert rates._fields == ("ordinary_income", "short_term_gain", "long_term_gain", "qualified_dividend")


@given(profiles)
def test_rates_are_differences_of_returns(profile):
    rates, before = rk.marginal_rates(profile), rk.income_tax(profile).total
    for rate, name in zip(rates[1:], ("net_st", "net_lt", "qualified_dividends"), strict=True):
        assert rate.total == pytest.approx(rk.income_tax(profile, **{name: 1}).total - before, abs=1e-6)


@given(profiles.filter(lambda p: min(p.outside_short, p.outside_long) >= 0))
def test_without_losses_the_engine_ranks_by_the_same_rates(profile):
    profile = rk.TaxProfile(
        profile.filing, profile.law_year, profile.ordinary_income, profile.outside_short, profile.outside_long,
        state_rate=profile.state_rate,
    )  # fmt: skip
    table, rates = law.tax_table(profile), rk.marginal_rates(profile)
    assert table.marginal_short == rates.short_term_gain.total
    assert table.marginal_long == rates.long_term_gain.total
