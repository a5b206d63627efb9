"""tax_alpha(): two real runs, split; the parts rest on returns that reproduce the runs' own tax."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import AccountKind
from rebal_kit.findings import PolicyError
from rebal_kit.flows import CashFlow
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass
from rebal_kit.tax_alpha import tax_alpha
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.tax_split import PARTS
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import account, household_of, random_market

MARKET = random_market(7, ("A", "P", "B", "C"), 900, volatility=0.02)
TARGETS = {AssetClass("stocks", {"A": 1, "P": 0}): 0.4, "B": 0.3, "C": 0.3}
ACCOUNTS = (
    account("Taxable", value=600_000.0),
    account("IRA", AccountKind.IRA, value=300_000.0),
    account("Roth", AccountKind.ROTH_IRA, value=100_000.0),
)
PROFILES = {
    "brackets": TaxProfile("mfj", 2026, ordinary_income=320_000.0, state_rate=0.05),
    "carried": TaxProfile(
        "single", 2026, ordinary_income=40_000.0, carryover_long=9_000.0, outside_short=2_000.0
    ),
    "flat": TaxProfile(flat=(0.35, 0.15, 0.15), retirement_rate=0.25),
    "untaxed": TaxProfile.untaxed(),
}
BANDS = RebalancePolicy("bands", (Threshold(ToleranceBand(absolute=0.02)),))
HARVESTING = replace(BANDS, name="harvesting", harvest=Harvest(0.03, 100.0))


def runs(profile: TaxProfile) -> list[Backtest]:
    household = household_of(TARGETS, *ACCOUNTS, tax=profile)
    return [backtest(MARKET, household, policy) for policy in (HARVESTING, BANDS, BUY_AND_HOLD)]


@pytest.mark.parametrize("name", PROFILES)
def test_the_saving_is_the_difference_of_the_runs_own_taxes(name: str) -> None:
    harvesting, bands, held = runs(PROFILES[name])
    for run, other in ((harvesting, bands), (bands, held), (held, harvesting)):
        found = tax_alpha(run, other)
        own = other.years["tax"] - run.years["tax"]
        assert found.by_year["saved"].to_numpy() == pytest.approx(own.to_numpy(), abs=1e-7)
        assert (found.by_year[list(PARTS)].sum(axis=1) - found.by_year["saved"]).abs().max() < 1e-9
        assert found.saved == pytest.approx(found.deferred + found.converted + found.permanent)
        assert sum(found.resale[1:]) == pytest.approx(found.resale.tax)
        assert found.resale.tax == run.metrics["liquidation_tax"] - other.metrics["liquidation_tax"]
        assert found.value_after_tax == run.metrics["value_after_tax"] - other.metrics["value_after_tax"]
        at_start = [run.daily["value"].iloc[0], *run.daily["value"].groupby(run.dates.year).last().iloc[:-1]]
        assert found.by_year["alpha"].to_numpy() * at_start == pytest.approx(
            found.by_year["saved"].to_numpy()
        )
    if name == "untaxed":
        assert (found.saved, found.deferred, found.converted, found.permanent) == (0.0, 0.0, 0.0, 0.0)
    else:
        assert tax_alpha(harvesting, bands).saved != 0.0


def test_without_retirement_accounts_the_liquidation_line_is_found_on_the_returns() -> None:
    """Latent gains at the end, taxed anew, are the engine's own tax on selling everything."""
    for profile in PROFILES.values():
        household = household_of(TARGETS, ACCOUNTS[0], account("Joint", value=90_000.0), tax=profile)
        run, other = (backtest(MARKET, household, policy) for policy in (HARVESTING, BUY_AND_HOLD))
        found = tax_alpha(run, other)
        assert found.resale.retirement == pytest.approx(0.0, abs=1e-6)
        if profile.flat != (0.0, 0.0, 0.0):
            assert found.resale.tax != 0.0


def test_withdrawals_from_an_ira_are_income_of_the_year() -> None:
    flows = (CashFlow(-9_000.0, every="month"), CashFlow(-4_000.0, "IRA", every="quarter"))
    household = household_of(TARGETS, *ACCOUNTS, tax=PROFILES["brackets"], flows=flows)
    run, other = (
        backtest(MARKET, household, replace(BANDS, withdraw=how)) for how in ("least_tax", "taxable_first")
    )
    assert run.years["distributions"].sum() > 0
    found = tax_alpha(run, other)
    own = other.years["tax"] - run.years["tax"]
    assert found.by_year["saved"].to_numpy() == pytest.approx(own.to_numpy(), abs=1e-7)


def test_a_run_saves_nothing_against_itself() -> None:
    run = runs(PROFILES["brackets"])[0]
    found = tax_alpha(run, run)
    assert (found.by_year == 0.0).all(axis=None)
    assert found.resale == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert repr(found) == (
        "<TaxAlpha of 'harvesting' against 'harvesting': US$ 0 saved; 0 deferred, 0 converted, 0 permanent>"
    )


def test_the_rate_of_later_gains_may_be_given() -> None:
    run, other, _ = runs(PROFILES["flat"])
    usual, kept = tax_alpha(run, other), tax_alpha(run, other, long_rate=0.0)
    assert (usual.long_rate, kept.long_rate, usual.retirement_rate) == (0.15, 0.0, 0.25)
    pd.testing.assert_series_equal(usual.by_year["saved"], kept.by_year["saved"])
    assert kept.resale.deferred == 0.0
    for wrong in (-0.1, 1.0, float("nan")):
        with pytest.raises(PolicyError, match=r"long_rate is .* — give a fraction of 1"):
            tax_alpha(run, other, long_rate=wrong)


def test_runs_of_different_households_or_spans_are_refused() -> None:
    run = runs(PROFILES["flat"])[0]
    for other in (
        runs(PROFILES["untaxed"])[0],
        backtest(MARKET, run.household, HARVESTING, end=MARKET.dates[-2]),
    ):
        with pytest.raises(
            PolicyError, match="different households or sessions — run both in one comparison"
        ):
            tax_alpha(run, other)
