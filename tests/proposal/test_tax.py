"""The checker's own tax function against published and computed cases."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rebal_kit.domain import Household
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import YearToDate
from tests.cases import load_cases
from tests.proposal.tax import NUMBERS, Income, known, tax_now, tax_of

RETURNS = [c for c in load_cases("returns") if (c["given"]["year"], c["given"]["filing"]) in NUMBERS]
BRACKETS = [c for c in load_cases("tax") if "ordinary_tax" in c["expect"]]
NETTING = [c for c in load_cases("netting") if "carry_long" in c["expect"]]


def exact(value) -> Fraction:
    return Fraction(str(value))


@pytest.mark.parametrize("case", RETURNS, ids=lambda case: case["id"])
def test_random_returns_of_another_model(case):
    given = dict(case["given"])
    law = given.pop("year"), given.pop("filing")
    found = tax_of(Income(**{name: exact(value) for name, value in given.items()}), *law)
    assert float(found.income) == pytest.approx(case["expect"]["income_tax"], abs=0.011)
    assert float(found.surtax) == pytest.approx(case["expect"]["niit"], abs=0.011)


@pytest.mark.parametrize("case", BRACKETS, ids=lambda case: case["id"])
def test_brackets(case):
    given = case["given"]
    income = Income(
        wages=exact(given["wages"]), short=exact(given["net_st"]), long=exact(given["net_lt"]),
        qualified=exact(given["qualified_dividends"]),
    )  # fmt: skip
    found = tax_of(income, given["year"], given["filing"])
    assert float(found.total) == pytest.approx(case["expect"]["total"], abs=0.005)


@pytest.mark.parametrize("case", NETTING, ids=lambda case: case["id"])
def test_losses_carried_over(case):
    given = case["given"]
    if given["loss_limit"] == 1_500:
        filing, law_year, flat = "mfs", 2025, (0.0, 0.0, 0.0)
    else:
        filing, law_year, flat = "single", 2025, None
    income = Income(
        wages=exact(1_000_000), short=exact(given["short"]), long=exact(given["long"]),
        carried_short=exact(given["carry_short"]), carried_long=exact(given["carry_long"]),
    )  # fmt: skip
    found = tax_of(income, law_year, filing, flat=flat)
    assert found.carried_short == case["expect"]["carry_short"]
    assert found.carried_long == case["expect"]["carry_long"]


def household_of(tax: TaxProfile, **so_far: float) -> Household:
    return Household("test", (), TargetAllocation({}), tax, year_to_date=YearToDate(**so_far))


def test_a_gain_at_flat_rates_costs_them_and_the_state_s():
    household = household_of(TaxProfile(flat=(0.4, 0.2, 0.2), state_rate=0.05))
    assert float(tax_now(household, 1_000.0, 0.0)) == pytest.approx(450.0)
    assert float(tax_now(household, 0.0, 1_000.0)) == pytest.approx(250.0)


def test_a_loss_is_worth_no_more_than_the_yearly_limit():
    household = household_of(TaxProfile(flat=(0.4, 0.2, 0.2)))
    assert float(tax_now(household, -10_000.0, 0.0)) == pytest.approx(-1_200.0)
    household = household_of(TaxProfile(flat=(0.4, 0.2, 0.2)), short=-3_000.0)
    assert tax_now(household, -10_000.0, 0.0) == 0


def test_a_loss_carried_in_absorbs_a_gain():
    household = household_of(TaxProfile("single", 2025, 100_000.0, carryover_long=20_000.0))
    # 3,000 of the loss came off wages at 22 %: with 5,000 of gain still 3,000 do.
    assert tax_now(household, 0.0, 5_000.0) == 0
    assert float(tax_now(household, 0.0, 20_000.0)) == pytest.approx(0.22 * 3_000)


def test_a_gain_pushes_income_over_the_threshold_of_the_surtax():
    household = household_of(TaxProfile("single", 2026, 190_000.0), qualified=5_000.0)
    # 20,000 at 15 %, and 15,000 of it above 200,000 of gross income.
    assert float(tax_now(household, 0.0, 20_000.0)) == pytest.approx(3_000 + 0.038 * 15_000)


def test_what_the_state_may_not_tax_is_left_out():
    tax = TaxProfile(flat=(0.0, 0.0, 0.0), state_rate=0.1)
    found = tax_of(Income(ordinary=exact(500), exempt=exact(200)), 2026, "mfj", tax.state_rate, tax.flat)
    assert float(found.total) == pytest.approx(30.0)


def test_it_says_which_law_it_knows():
    assert known(TaxProfile("mfj", 2026))
    assert known(TaxProfile("hoh", 2026, flat=(0.1, 0.1, 0.1)))
    assert not known(TaxProfile("hoh", 2026))
