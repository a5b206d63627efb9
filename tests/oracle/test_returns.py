"""The exact return against the worked cases of netting, brackets, parameters and random returns of another model."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.cases import load_cases
from tests.oracle.nouns import exact
from tests.oracle.returns import (
    LOSS_LIMIT,
    NIIT_THRESHOLD,
    RATES,
    TABLES,
    carry,
    net,
    net_investment_tax,
    settle_return,
)
from tests.oracle.years import years

HALF_A_CENT = Fraction(1, 200)


def of(category: str, prefix: str = ""):
    cases = [case for case in load_cases(category) if case["id"].startswith(prefix)]
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


@of("netting")
def test_netting_and_carryover(case):
    given = {name: exact(value) for name, value in case["given"].items()}
    names = "short", "long", "carry_short", "carry_long", "loss_limit"
    netted = net(*(given[name] for name in names))
    told = dict(zip(("carry_short", "carry_long"), carry(netted, given["taxable_income"]), strict=True))
    told |= {name: getattr(netted, name) for name in netted.__dataclass_fields__}
    assert {name: told[name] for name in case["expect"]} == case["expect"]


def test_negative_income_keeps_part_of_the_deduction():
    """Taxable income of -2,000 after deducting 3,000 of a loss of 10,000: 1,000 was of use (worksheet, line 4)."""
    netted = net(Fraction(-4_000), Fraction(-6_000), Fraction(0), Fraction(0), Fraction(3_000))
    assert carry(netted, Fraction(-2_000)) == (3_000, 6_000)
    assert carry(netted, Fraction(-5_000)) == (4_000, 6_000)
    assert carry(netted, Fraction(50_000)) == (1_000, 6_000)


def test_a_return_carries_by_its_own_income():
    """Wages of 14,000 and a deduction of 3,000 under a standard deduction of 14,600 (2024): line 15 is -3,600."""
    settled = settle_return(2024, "single", wages=14_000, long=-8_000)
    assert settled.taxable_before_floor == -3_600
    assert (settled.carry_short, settled.carry_long) == (0, 8_000)
    settled = settle_return(2024, "single", wages=15_000, long=-8_000)  # -2,600: 400 were of use
    assert (settled.total, settled.carry_short, settled.carry_long) == (0, 0, 7_600)


@of("tax", "TAX")
def test_brackets(case):
    given, expect = dict(case["given"]), case["expect"]
    if "loss" in given:
        plain = {name: given[name] for name in ("year", "filing", "wages")}
        for term, name in (("short", "st"), ("long", "lt")):
            before, after = settle_return(**plain, **{term: given["loss"]}), settle_return(**plain)
            assert before.total - after.total == exact(expect[f"saving_if_offsets_{name}_gain"])
            parts = [before.income_tax - after.income_tax, before.niit - after.niit]
            assert parts == [exact(part) for part in expect[f"{name}_components"]]
        return
    assert given["deduction"] == "standard"
    settled = settle_return(
        given["year"], given["filing"], wages=given["wages"], short=given["net_st"], long=given["net_lt"],
        qualified=given["qualified_dividends"],
    )  # fmt: skip
    told = {name: getattr(settled, name) for name in expect}
    assert told == {name: exact(value) for name, value in expect.items()}


@of("tax", "NIIT")
def test_net_investment_income_tax(case):
    given, expect = case["given"], case["expect"]
    tax, base = net_investment_tax(given["filing"], exact(given["magi"]), exact(given["nii"]))
    assert (tax, base) == (exact(expect["niit"]), expect["base"])


@of("returns")
def test_a_return_of_another_model(case):
    given = dict(case["given"])
    settled = settle_return(given.pop("year"), given.pop("filing"), **given)
    for name, value in case["expect"].items():
        assert abs(getattr(settled, name) - exact(value)) <= HALF_A_CENT + Fraction(1, 10**6), name


@of("params")
def test_parameters(case):
    expect = case["expect"]
    assert [exact(rate) for rate in expect["ordinary_rates"]] == list(RATES)
    assert (expect["loss_limit"], expect["loss_limit_mfs"]) == (LOSS_LIMIT["single"], LOSS_LIMIT["mfs"])
    for filing in ("single", "mfj"):
        table, stated = TABLES[case["given"]["year"], filing], expect[filing]
        assert list(table.edges) == stated["ordinary_upper"]
        assert [table.zero, table.fifteen] == stated["ltcg_0_15_upper"]
        assert table.standard == stated["standard_deduction"]
        assert NIIT_THRESHOLD[filing] == stated["niit_threshold"]


def test_distributions_are_gross_income_and_no_investment_income():
    """Single, 2025: 184,250 of wages are taxable; 20,000 from an IRA are taxed at 24 % to 197,300, then at 32 %."""
    wages = settle_return(2025, "single", wages=200_000)
    paid = settle_return(2025, "single", wages=200_000, distributions=20_000)
    assert paid.total - wages.total == exact(13_050) * Fraction(24, 100) + exact(6_950) * Fraction(32, 100)
    assert paid.niit == 0
    dividends = settle_return(2025, "single", wages=190_000, qualified=20_000, distributions=4_000)
    assert dividends.niit == Fraction(38, 1000) * 14_000  # adjusted gross income is 214,000


def test_the_years_of_a_story():
    """A loss of 6,000 is deducted over two years; only what the IRA and the 401(k) pay is gross income."""
    story = {
        "accounts": {
            "TX1": {"kind": "taxable", "owner": "A"}, "IRA": {"kind": "ira", "owner": "A"},
            "K": {"kind": "401k", "owner": "A"}, "ROTH": {"kind": "roth_ira", "owner": "A"},
            "HSA": {"kind": "hsa", "owner": "A"},
        },
        "tax": {"filing": "single", "law_year": 2025, "ordinary_income": 65_750},
        "trades": [
            {"date": "2024-02-01", "side": "buy", "account": "TX1", "symbol": "C", "quantity": 100, "price": 100,
             "lot": "L", "fees": 0},
            {"date": "2024-06-03", "side": "sell", "account": "TX1", "symbol": "C", "quantity": 100, "price": 40,
             "fees": 0},
            *({"date": "2025-03-03", "side": "withdraw", "account": name, "amount": 1_000}
              for name in ("TX1", "IRA", "K", "ROTH", "HSA")),
            {"date": "2025-03-03", "side": "deposit", "account": "IRA", "amount": 9_000},
        ],
    }  # fmt: skip
    told = years(story)
    assert {year: settled.distributions for year, settled in told.items()} == {2024: 0, 2025: 2_000}
    assert [settled.added for settled in told.values()] == [-660, Fraction(22, 100) * (2_000 - 3_000)]
    assert [settled.whole.carry_short for settled in told.values()] == [3_000, 0]
