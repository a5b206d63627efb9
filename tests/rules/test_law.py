"""The law's numbers: against the cases, against their own structure, and in the table compiled code reads."""

from __future__ import annotations

import itertools
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from rebal_kit.findings import LawError
from rebal_kit.rules import law
from rebal_kit.tax_profile import TaxProfile
from tests.cases import load_cases

FILINGS = ("single", "mfj", "mfs", "hoh")
ALL = list(itertools.product(law.known_years(), FILINGS))


@pytest.mark.parametrize("case", load_cases("params"), ids=lambda case: case["id"])
def test_published_parameters(case):
    expect = case["expect"]
    for filing in ("single", "mfj"):
        own = law.load_law(case["given"]["year"], filing)
        assert own.ordinary_edges == (*expect[filing]["ordinary_upper"], math.inf)
        assert own.gain_edges == (*expect[filing]["ltcg_0_15_upper"], math.inf)
        assert own.standard_deduction == expect[filing]["standard_deduction"]
        assert own.niit_threshold == expect[filing]["niit_threshold"]
        assert own.ordinary_rates == tuple(expect["ordinary_rates"])
        assert own.gain_rates == tuple(expect["ltcg_rates"])
        assert own.loss_limit == expect["loss_limit"]
    assert law.load_law(case["given"]["year"], "mfs").loss_limit == expect["loss_limit_mfs"]


@pytest.mark.parametrize(("year", "filing"), ALL)
def test_brackets_are_well_formed(year, filing):
    own = law.load_law(year, filing)
    for edges, rates in ((own.ordinary_edges, own.ordinary_rates), (own.gain_edges, own.gain_rates)):
        assert len(edges) == len(rates)
        assert edges[-1] == math.inf
        assert list(edges) == sorted(set(edges))
        assert list(rates) == sorted(set(rates))
    assert own.sources
    assert all(own.sources)


@pytest.mark.parametrize("year", law.known_years())
def test_filing_statuses_relate_as_the_statute_says(year):
    single, mfj, mfs, hoh = (law.load_law(year, filing) for filing in FILINGS)
    assert [2 * edge for edge in mfs.ordinary_edges] == list(mfj.ordinary_edges)
    assert mfs.ordinary_edges[:5] == single.ordinary_edges[:5]
    assert mfs.gain_edges[0] == single.gain_edges[0] == mfj.gain_edges[0] / 2
    assert mfj.gain_edges[1] / 2 - 25 <= mfs.gain_edges[1] <= mfj.gain_edges[1] / 2  # rounded down
    assert all(edge % 50 == 0 for edge in hoh.ordinary_edges[:-1])
    assert single.standard_deduction == mfs.standard_deduction == mfj.standard_deduction / 2
    assert hoh.standard_deduction == 1.5 * single.standard_deduction
    assert (mfj.niit_threshold, mfs.niit_threshold) == (250_000, 125_000)
    assert (mfj.loss_limit, mfs.loss_limit) == (3_000, 1_500)


@pytest.mark.parametrize("filing", FILINGS)
def test_edges_rise_with_the_years(filing):
    by_year = [law.load_law(year, filing) for year in law.known_years()]
    for earlier, later in itertools.pairwise(by_year):
        assert all(a < b for a, b in zip(earlier.ordinary_edges[:-1], later.ordinary_edges[:-1], strict=True))
        assert all(a < b for a, b in zip(earlier.gain_edges[:-1], later.gain_edges[:-1], strict=True))
        assert earlier.standard_deduction < later.standard_deduction


def test_unknown_law_says_what_is_known():
    with pytest.raises(LawError, match=r"1999 is not known — use 2024, 2025, 2026") as caught:
        law.load_law(1999, "widow")
    assert len(caught.value.findings) == 2
    with pytest.raises(LawError, match="2150"):
        law.tax_table(TaxProfile(law_year=2150))


def test_every_figure_has_its_citation_beside_it():
    numbers = tomllib.loads(Path(law.__file__).with_name("us_federal.toml").read_text(encoding="utf-8"))
    for name, section in numbers.items():
        if name.isdigit():
            statuses = [value for value in section.values() if isinstance(value, dict)]
            kinds = {kind for status in statuses for kind in status}
            assert len(statuses) == len(FILINGS)
            assert all(set(status) == kinds for status in statuses)
            cited = {kind for kind in kinds if section.get(f"{kind}_source")}
        else:
            kinds = {key for key, value in section.items() if not isinstance(value, str)}
            cited = {kind for kind in kinds if section.get(f"{kind}_source") or section.get("source")}
        assert kinds, name
        assert cited == kinds, name


def test_a_year_may_be_any_whole_number():
    assert law.load_law(2025.0, "single").year == 2025
    assert type(law.load_law(np.int64(2025), "mfj").year) is int
    assert law.tax_table(TaxProfile(law_year=2025.0)).standard_deduction == 31_500


def test_the_table_repeats_profile_and_law():
    profile = TaxProfile(
        "hoh", 2025, ordinary_income=90_000, outside_short=-1_000, outside_long=500, state_rate=0.05,
        carryover_short=700, carryover_long=300,
    )  # fmt: skip
    table, own = law.tax_table(profile), law.load_law(2025, "hoh")
    for name in set(table._fields) & set(law.Law.__dataclass_fields__):
        assert np.array_equal(getattr(table, name), getattr(own, name)), name
    for name in ("ordinary_income", "outside_short", "outside_long", "state_rate"):
        assert getattr(table, name) == getattr(profile, name)
    assert not table.flat
    assert law.opening_carryover(profile) == (700, 300, 700, 300)


def test_the_table_always_has_the_same_types():
    """A table of other types would compile everything a second time."""
    plain = law.tax_table(TaxProfile(ordinary_income=100_000))
    flat = law.tax_table(TaxProfile(flat=(0, 0, 0), outside_short=1, retirement_rate=0))
    assert [type(v) for v in plain] == [type(v) for v in flat]
    assert {a.dtype for a in plain if isinstance(a, np.ndarray)} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("profile", "short", "long", "retirement"),
    [
        (TaxProfile("single", 2025, 300_000), 0.388, 0.188, 0.35),
        (TaxProfile("single", 2025, 300_000, state_rate=0.05), 0.438, 0.238, 0.40),
        (TaxProfile("single", 2025, 300_000, retirement_rate=0.22), 0.388, 0.188, 0.22),
        (TaxProfile("mfj", 2026, 320_000), 0.24 + 0.038, 0.15 + 0.038, 0.24),
        (TaxProfile("mfj", 2026, 150_000), 0.22, 0.15, 0.22),
        (TaxProfile("mfj", 2026, 60_000), 0.12, 0.0, 0.12),
        (TaxProfile("mfj", 2026, 0), 0.0, 0.0, 0.0),
        (TaxProfile("single", 2026, 2_000_000), 0.37 + 0.038, 0.20 + 0.038, 0.37),
        (TaxProfile("single", 2026, 100_000, outside_long=600_000), 0.22 + 0.05 + 0.038, 0.238, 0.22),
        (TaxProfile(flat=(0.35, 0.15, 0.16), state_rate=0.05), 0.40, 0.20, 0.40),
        (TaxProfile.untaxed(), 0.0, 0.0, 0.0),
    ],
)
def test_marginal_rates(profile, short, long, retirement):
    table = law.tax_table(profile)
    assert table.marginal_short == pytest.approx(short, abs=1e-9)
    assert table.marginal_long == pytest.approx(long, abs=1e-9)
    assert table.retirement_rate == pytest.approx(retirement, abs=1e-9)


def test_an_ordinary_dollar_may_lift_a_gain_over_an_edge():
    """Each dollar of short-term gain is taxed itself and pushes a long-term dollar from 0 to 15 %."""
    table = law.tax_table(TaxProfile("single", 2025, 55_750, outside_long=20_000))
    assert table.marginal_short == pytest.approx(0.12 + 0.15, abs=1e-9)


def test_outside_losses_do_not_make_a_harvest_worthless():
    with_losses = law.tax_table(TaxProfile("single", 2025, 300_000, outside_long=-50_000))
    assert with_losses.marginal_long == pytest.approx(0.188, abs=1e-9)
