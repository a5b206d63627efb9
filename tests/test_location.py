"""location_ranks(): what is taxed heavily goes to tax-deferred accounts, what may grow to Roth accounts before them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.domain import Security
from rebal_kit.files.household import load_household
from rebal_kit.findings import MarketError, PolicyError
from rebal_kit.location import location_ranks
from rebal_kit.market import Market
from rebal_kit.sources.load import load_market
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.worlds import UNTAXED, household_of

TAXED = TaxProfile("mfj", 2026, ordinary_income=320_000.0, state_rate=0.05)
#: Symbol: yield, volatility, qualified share, state-exempt.
KINDS = {
    "STOCK": (0.02, 0.16, 1.0, False),
    "REIT": (0.04, 0.20, 0.0, False),
    "BOND": (0.03, 0.06, 0.0, True),
    "BILL": (0.002, 0.01, 0.0, True),
}
START = "2024-01-02"


def market(
    first: str = "2020-01-01", kinds: dict[str, tuple[float, float, float, bool]] | None = None
) -> Market:
    """Prices of given volatility whose ups and downs cancel, and a distribution each quarter."""
    kinds = kinds or KINDS
    index = pd.bdate_range(first, "2025-06-30")
    swing = np.where(np.arange(len(index)) % 2, 1.0, -1.0) / np.sqrt(252) / 2
    close = pd.DataFrame({s: 100 * np.exp(swing * kind[1]) for s, kind in kinds.items()}, index=index)
    quarter = np.append(False, index.quarter[1:] != index.quarter[:-1])
    paid = pd.DataFrame(
        {s: np.where(quarter, close[s] * kind[0] / 4, 0.0) for s, kind in kinds.items()}, index=index
    )
    securities = tuple(Security(s, qualified_share=k[2], state_exempt=k[3]) for s, k in kinds.items())
    return Market.from_close(close, dividend=paid, securities=securities)


def ranks_of(found) -> dict[str, list[int]]:
    return {name: list(ranks) for name, ranks in found.ranks}


def test_the_bundled_household_gets_the_ranks_that_an_advisor_gave_it() -> None:
    household = load_household("two_million")
    for start in ("2008-01-02", "2012-08-31"):
        found = ranks_of(location_ranks(load_market("etf"), household, start=start))
        assert found["Real estate"] == [3, 1, 2]
        assert found["Treasuries"] == [2, 1, 3]
        assert found["US stocks"] == found["Gold"] == [1, 3, 2]
    assert found["Bills"] == [1, 2, 3]  # they yielded nothing in 2012 …
    assert ranks_of(location_ranks(load_market("etf"), household, start="2008-01-02"))["Bills"] == [
        2,
        1,
        3,
    ]  # … but did


def test_income_drag_and_growth_are_those_of_the_years_before() -> None:
    found = location_ranks(market(), household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED), start=START)
    # On top of $320,000: 24 % on interest, 15 % on qualified dividends, 3.8 % net investment income tax, 5 % state.
    rates = {"STOCK": 0.238, "REIT": 0.328, "BOND": 0.278, "BILL": 0.278}
    for measured in found.classes:
        income, volatility = KINDS[measured.name][:2]
        assert measured.income == pytest.approx(income, rel=0.03)
        assert measured.drag == pytest.approx(measured.income * rates[measured.name])
        assert measured.growth == pytest.approx(0.3 * volatility, rel=0.03)
    assert ranks_of(found) == {"STOCK": [1, 3, 2], "REIT": [3, 1, 2], "BOND": [2, 1, 3], "BILL": [1, 2, 3]}
    assert [f.severity for f in found.findings] == ["note"]
    assert "in the 3 years before 2024-01-02" in found.findings[0].what
    assert "no gains realised inside a security" in found.findings[0].what
    assert TargetAllocation(dict.fromkeys(KINDS, 0.25), location=found.ranks).location == found.ranks


def test_later_yields_are_not_known() -> None:
    household = household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED)
    whole, cut = market(), market().between(None, "2023-12-29")
    known = location_ranks(cut, household, start="2023-12-29")
    assert location_ranks(whole, household, start="2023-12-29").classes == known.classes


def test_without_a_history_the_first_year_is_used_and_said() -> None:
    household = household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED)
    found = location_ranks(market(first="2024-01-02"), household)
    assert ranks_of(found)["BOND"] == [2, 1, 3]
    assert len(found.findings) == 5
    said = "STOCK has less than a year of prices before the start: its yield and fluctuation are those of 2024-01-02 to"
    assert said in found.findings[1].what


def test_without_tax_every_account_is_equally_good() -> None:
    found = location_ranks(market(), household_of(dict.fromkeys(KINDS, 0.25), tax=UNTAXED), start=START)
    assert set(found.ranks) == {(name, (1, 1, 1)) for name in KINDS}


def test_equal_drag_is_a_tie_between_taxable_and_tax_deferred() -> None:
    kinds = {"CALM": (0.02, 0.05, 0.0, False), "WILD": (0.02, 0.20, 0.0, False)}
    household = household_of({"CALM": 0.5, "WILD": 0.5}, tax=TAXED)
    assert ranks_of(location_ranks(market(kinds=kinds), household, start=START)) == {
        "CALM": [1, 1, 2], "WILD": [2, 2, 1],
    }  # fmt: skip
    one = household_of({"CALM": 1.0}, tax=TAXED)
    assert ranks_of(location_ranks(market(kinds=kinds), one, start=START)) == {"CALM": [1, 1, 1]}
    untaxed_later = replace(household, tax=replace(TAXED, retirement_rate=0.0))
    assert set(location_ranks(market(kinds=kinds), untaxed_later, start=START).ranks) == {
        ("CALM", (1, 1, 1)), ("WILD", (1, 1, 1)),
    }  # fmt: skip


def test_turnover_makes_a_security_dearer_in_a_taxable_account() -> None:
    household = household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED)
    plain = location_ranks(market(), household, start=START)
    active = location_ranks(market(), household, start=START, turnover={"STOCK": 1.0})
    stock, traded = plain.classes[0], active.classes[0]
    bills = plain.classes[3].income
    assert traded.drag - stock.drag == pytest.approx((bills + stock.growth - stock.income) * 0.238)
    assert traded.ranks == (3, 1, 2)
    assert "as given" in active.findings[0].what
    with pytest.raises(PolicyError) as caught:
        location_ranks(market(), household, start=START, turnover={"STOCK": 1.5, "NONE": 0.1})
    assert [str(f) for f in caught.value.findings] == [
        "location: turnover of STOCK is 1.5 — give a fraction, 0 to 1",
        "location: turnover names NONE, which the targets do not have — use STOCK, REIT, BOND, BILL",
    ]


def test_the_household_says_how_a_security_is_taxed() -> None:
    own = (Security("REIT", qualified_share=1.0),)
    plain, told = (
        location_ranks(
            market(), household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED, securities=own[:n]), start=START
        )
        for n in (0, 1)
    )
    assert told.classes[1].drag == pytest.approx(plain.classes[1].drag * 0.238 / 0.328)


def test_a_class_is_the_mix_of_its_weighted_members() -> None:
    mixed = AssetClass("mix", {"STOCK": 0.5, "BOND": 0.5, "BILL": 0.0}, {"BOND": ["BILL"]})
    household = household_of({mixed: 0.5, "REIT": 0.5}, tax=TAXED)
    found = location_ranks(market(), household, start=START)
    assert found.classes[0].income == pytest.approx(0.025, rel=0.03)
    assert [c.name for c in found.classes] == ["mix", "REIT"]


def test_what_cannot_be_measured_is_said() -> None:
    household = household_of(dict.fromkeys(KINDS, 0.25), tax=TAXED)
    with pytest.raises(MarketError, match="is no date"):
        location_ranks(market(), household, start="soon")
    with pytest.raises(MarketError, match="has no session from"):
        location_ranks(market(), household, start="2030-01-01")
    with pytest.raises(MarketError, match="has no 'GOLD'"):
        location_ranks(market(), household_of({"GOLD": 1.0}, tax=TAXED))
    assert location_ranks(market(), replace(household, targets=TargetAllocation({})), start=START).ranks == ()
