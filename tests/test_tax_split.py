"""Tax saved, split: closed forms for each part, and what must hold for any two sets of years."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.rules.brackets import Carryover
from rebal_kit.rules.law import opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_split import NEEDED, PARTS, returns_in_sequence, split_by_year, split_resale

NOTHING = Carryover(0.0, 0.0, 0.0, 0.0)
FLAT = tax_table(TaxProfile(flat=(0.35, 0.15, 0.15), retirement_rate=0.25))


def years(count: int = 3, **columns: list[float]) -> pd.DataFrame:
    """Years of these figures, US$; what is not given is 0."""
    index = pd.RangeIndex(2020, 2020 + count, name="year")
    blank = pd.DataFrame(0.0, index=index, columns=list(NEEDED))
    return blank.assign(**{name: np.array(values, float) for name, values in columns.items()})


def parts(mine: pd.DataFrame, theirs: pd.DataFrame, table=FLAT) -> dict[str, list[float]]:
    found = split_by_year(table, NOTHING, mine, theirs)
    return {name: found[name].round(6).tolist() for name in ("saved", *PARTS, "not_earned")}


def test_one_harvest_is_worth_what_the_closed_form_says() -> None:
    # A short-term loss of $10,000 beside gains of $20,000; ten years later the lower basis is a long-term gain.
    gains = [20_000.0] + [0.0] * 10
    mine = years(11, short=[10_000.0] + [0.0] * 10, long=[0.0] * 10 + [10_000.0])
    theirs = years(11, short=gains)
    found = split_by_year(FLAT, NOTHING, mine, theirs)
    first, last = found.iloc[0], found.iloc[-1]
    assert (first.saved, first.deferred) == pytest.approx((3_500.0, 1_500.0))
    assert first.converted == pytest.approx(10_000.0 * (0.35 - 0.15))
    assert (last.saved, last.deferred) == pytest.approx((-1_500.0, -1_500.0))
    assert found["deferred"].sum() == pytest.approx(0.0)
    assert found["permanent"].tolist() == pytest.approx([0.0] * 11)
    # V = L·[τs·(1+r)^n − τl] at 6 % a year.
    grown = (found["saved"].to_numpy() * 1.06 ** np.arange(10, -1, -1)).sum()
    assert grown == pytest.approx(4_767.97, abs=0.01)


def test_with_one_rate_for_all_nothing_is_converted() -> None:
    table = tax_table(TaxProfile(flat=(0.2, 0.2, 0.2)))
    mine, theirs = years(1, short=[-500.0]), years(1, short=[1_000.0])
    assert parts(mine, theirs, table) == {
        "saved": [300.0], "deferred": [300.0], "converted": [0.0], "permanent": [0.0], "not_earned": [0.0],
    }  # fmt: skip


def test_a_loss_that_is_carried_is_deferred_when_it_is_used() -> None:
    # $9,000 of loss and no gain: $3,000 a year are deducted at 35 %.
    found = parts(years(short=[-9_000.0, 0.0, 0.0]), years())
    assert found["saved"] == pytest.approx([1_050.0] * 3)
    assert found["deferred"] == pytest.approx([450.0] * 3)
    assert found["converted"] == pytest.approx([600.0] * 3)


def test_a_gain_that_waits_to_be_long_term_is_converted_whole() -> None:
    found = parts(years(1, long=[1_000.0]), years(1, short=[1_000.0]))
    assert (found["deferred"], found["converted"]) == ([0.0], [200.0])


def test_a_wash_sale_into_an_ira_is_lost_for_good() -> None:
    # The loss of $10,000 never counts; the basis is lower all the same, and the gain is taxed two years later.
    mine = years(permanent=[10_000.0, 0.0, 0.0], long=[0.0, 0.0, 10_000.0])
    found = parts(mine, years())
    assert found["saved"] == [0.0, 0.0, -1_500.0]
    assert found["permanent"] == [-1_500.0, 0.0, 0.0]
    assert found["deferred"] == [1_500.0, 0.0, -1_500.0]
    assert found["converted"] == [0.0] * 3


def test_interest_that_moves_to_a_roth_account_is_saved_for_good() -> None:
    mine = years(1, sheltered_roth=[1_000.0], qualified=[400.0])
    theirs = years(1, ordinary=[1_000.0], qualified=[400.0])
    assert parts(mine, theirs) == {
        "saved": [350.0], "deferred": [0.0], "converted": [0.0], "permanent": [350.0], "not_earned": [0.0],
    }  # fmt: skip


def test_interest_that_moves_to_an_ira_comes_back_at_the_rate_in_retirement() -> None:
    found = parts(years(1, sheltered_deferred=[1_000.0]), years(1, ordinary=[1_000.0]))
    assert (found["saved"], found["deferred"], found["converted"]) == ([350.0], [250.0], [100.0])
    assert found["permanent"] == [0.0]
    # Qualified dividends cost 15 % now and 25 % then.
    found = parts(years(1, sheltered_deferred=[1_000.0]), years(1, qualified=[1_000.0]))
    assert (found["saved"], found["deferred"], found["converted"]) == ([150.0], [250.0], [-100.0])


def test_what_is_withdrawn_is_taxed_now_instead_of_later() -> None:
    found = parts(years(1, distributions=[1_000.0]), years(1))
    assert (found["saved"], found["deferred"], found["converted"]) == ([-350.0], [-250.0], [-100.0])


def test_bonds_that_change_places_with_stocks() -> None:
    # Bonds of $100 interest into the IRA, stocks of $50 dividends out of it: $50 are of another kind, $50 have moved.
    mine = years(1, qualified=[50.0], sheltered_deferred=[100.0])
    theirs = years(1, ordinary=[100.0], sheltered_deferred=[50.0])
    found = split_by_year(FLAT, NOTHING, mine, theirs).iloc[0]
    assert found.saved == pytest.approx(100 * 0.35 - 50 * 0.15)
    assert found.on_kind == pytest.approx(50 * (0.35 - 0.15))
    assert found.deferred == pytest.approx(50 * 0.25)
    assert found.converted == pytest.approx(50 * (0.35 - 0.15) + 50 * (0.35 - 0.25))
    assert found.permanent == pytest.approx(0.0)


def test_interest_that_states_may_not_tax_is_another_kind() -> None:
    table = tax_table(TaxProfile(flat=(0.30, 0.15, 0.15), state_rate=0.05))
    found = parts(years(1, ordinary=[100.0], exempt=[100.0]), years(1, ordinary=[100.0]), table)
    assert (found["saved"], found["converted"], found["permanent"]) == ([5.0], [5.0], [0.0])


def test_less_tax_for_less_income_stands_apart() -> None:
    found = parts(years(1), years(1, ordinary=[100.0]))
    assert (found["permanent"], found["not_earned"]) == ([35.0], [35.0])


def test_the_same_years_save_nothing() -> None:
    same = years(short=[5.0, -9_000.0, 0.0], ordinary=[3.0, 2.0, 1.0], permanent=[0.0, 4.0, 0.0])
    assert (split_by_year(FLAT, NOTHING, same, same) == 0.0).all(axis=None)
    assert split_resale(FLAT, NOTHING, same, same, 0.0) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_shares_kept_until_death_defer_nothing() -> None:
    mine, theirs = years(1, short=[0.0]), years(1, short=[1_000.0])
    found = split_by_year(FLAT, NOTHING, mine, theirs, long_rate=0.0)
    assert (found["deferred"].sum(), found["converted"].sum()) == (0.0, 350.0)


def test_the_liquidation_line_finds_the_deferred_gain_again() -> None:
    # $10,000 harvested beside $20,000 of gains and still deferred; $2,000 more gain on holdings of its own.
    mine = years(1, short=[10_000.0], latent_long=[17_000.0])
    theirs = years(1, short=[20_000.0], latent_long=[5_000.0])
    found = split_resale(FLAT, NOTHING, mine, theirs, liquidation_tax=0.15 * 12_000 + 800.0)
    assert found == pytest.approx((2_600.0, 1_500.0, 300.0, 0.0, 800.0))
    # Still short-term: 20 points more.
    mine = years(1, short=[10_000.0], latent_short=[12_000.0], latent_long=[5_000.0])
    found = split_resale(FLAT, NOTHING, mine, theirs, liquidation_tax=0.35 * 12_000)
    assert found == pytest.approx((4_200.0, 1_500.0, 300.0, 2_400.0, 0.0))


def test_losses_still_carried_meet_the_latent_gain() -> None:
    # $20,000 harvested, $3,000 deducted, $17,000 carried: on selling everything $3,000 of the lower basis are taxed.
    mine = years(1, short=[-20_000.0], latent_long=[20_000.0])
    found = split_resale(FLAT, NOTHING, mine, years(1), liquidation_tax=1_050.0)
    assert found.deferred == pytest.approx(450.0)
    assert found.other_gains == pytest.approx(0.0)
    # The loss of $20,000 meets the gain of $20,000: what was deducted is undone at 35 %.
    assert found.other_rates == pytest.approx(0.35 * 3_000 - 450.0)
    assert found.retirement == pytest.approx(0.0)


PROFILES = (
    TaxProfile(flat=(0.35, 0.15, 0.15), retirement_rate=0.25),
    TaxProfile("mfj", 2026, ordinary_income=320_000.0, state_rate=0.05),
    TaxProfile("single", 2026, ordinary_income=20_000.0, carryover_long=7_000.0, outside_short=-1_000.0),
    TaxProfile(
        "mfs",
        2025,
        ordinary_income=240_000.0,
        outside_long=30_000.0,
        carryover_short=50_000.0,
        state_rate=0.13,
    ),
    TaxProfile.untaxed(),
)
GAINS = st.floats(-80_000, 80_000)
INCOME = st.floats(0, 60_000)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    columns = {
        name: draw(st.lists(GAINS, min_size=3, max_size=3)) for name in ("short", "long", "latent_long")
    }
    for name in (
        "qualified", "ordinary", "distributions", "permanent", "sheltered_deferred", "sheltered_roth"
    ):  # fmt: skip
        columns[name] = draw(st.lists(INCOME, min_size=3, max_size=3))
    share = draw(st.sampled_from([0.0, 0.4, 1.0]))
    return years(3, **columns, exempt=[share * amount for amount in columns["ordinary"]])


@settings(max_examples=150, deadline=None)
@given(mine=frames(), theirs=frames(), profile=st.sampled_from(PROFILES))
def test_parts_sum_to_what_was_saved_and_exchange_sides(mine, theirs, profile) -> None:
    table, opening = tax_table(profile), opening_carryover(profile)
    found = split_by_year(table, opening, mine, theirs)
    apart = found[list(PARTS)].sum(axis=1) - found["saved"]
    assert apart.abs().max() < 1e-9
    assert (found[["on_gains", "on_kind", "on_amount"]].sum(axis=1) - found["saved"]).abs().max() < 1e-9
    taxes = [_own_tax(table, opening, each) for each in (mine, theirs)]
    assert found["saved"].to_numpy() == pytest.approx(taxes[1] - taxes[0], abs=1e-8)
    back = split_by_year(table, opening, theirs, mine)
    assert (back + found).abs().max(axis=None) < 1e-7
    sale = split_resale(table, opening, mine, theirs, 123.0)
    assert sum(sale[1:]) == pytest.approx(sale.tax, abs=1e-7)
    if profile == TaxProfile.untaxed():
        assert found[["saved", *PARTS]].abs().max(axis=None) == 0.0


def _own_tax(table, opening, own) -> np.ndarray:
    incomes = np.column_stack(
        [own["qualified"], own["ordinary"] - own["exempt"], own["exempt"], own["distributions"]]
    )
    return returns_in_sequence(table, opening, own[["short", "long"]].to_numpy(), incomes)[0]


def test_a_carryover_brought_in_is_nobodys_merit() -> None:
    table = tax_table(replace(PROFILES[0], carryover_short=100_000.0))
    opening = opening_carryover(replace(PROFILES[0], carryover_short=100_000.0))
    found = split_by_year(table, opening, years(), years(short=[10_000.0, 0.0, 0.0]))
    assert found["saved"].tolist() == [0.0] * 3
    assert found["deferred"].tolist() == [0.0] * 3
