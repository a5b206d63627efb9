"""The example households are what their README says, at prices that were paid."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from rebal_kit.domain import AccountKind, Household
from rebal_kit.files.bundled import bundled_names
from rebal_kit.files.household import load_household
from rebal_kit.market import Market
from rebal_kit.sources.load import load_market

AS_OF = dt.date(2012, 8, 31)


@pytest.fixture(scope="module")
def market() -> Market:
    return load_market("etf")


@pytest.fixture(scope="module")
def couple() -> Household:
    return load_household("two_million")


def test_names() -> None:
    assert bundled_names("households") == ("starter", "two_million")


def test_starter_is_cash_in_one_taxable_account(market: Market) -> None:
    household = load_household("starter")
    (account,) = household.accounts
    assert (account.kind, account.cash, account.opening_value, account.lots) == (
        AccountKind.TAXABLE,
        1e5,
        1e5,
        (),
    )
    assert (household.tax.filing, household.tax.law_year, household.tax.ordinary_income) == (
        "single",
        2026,
        150_000,
    )
    assert set(household.symbols) <= set(market.symbols)
    assert household.complete
    assert {lot.symbol for lot in household.lots} <= set(household.targets.symbols)


def test_two_million_is_a_couple_with_four_accounts_at_three_brokers(
    couple: Household, market: Market
) -> None:
    assert [account.kind for account in couple.accounts] == ["taxable", "taxable", "ira", "roth_ira"]
    assert len({account.broker for account in couple.accounts}) == 3
    assert len({account.owner for account in couple.accounts if account.taxable}) == 2
    assert sum(account.opening_value or 0 for account in couple.accounts) == 2_000_000
    tax = couple.tax
    assert (tax.filing, tax.law_year, tax.ordinary_income, tax.state_rate) == ("mfj", 2026, 320_000, 0.05)
    assert couple.as_of == AS_OF
    assert set(couple.symbols) <= set(market.symbols)
    assert couple.complete
    assert {lot.symbol for lot in couple.lots} <= set(couple.targets.symbols)


def test_every_lot_was_bought_near_the_close_of_a_session(couple: Household, market: Market) -> None:
    sessions = set(market.dates.tolist())
    for lot in couple.lots:
        assert lot.acquired in sessions, lot
        close = market.quote(lot.acquired).close[market.column(lot.symbol)]
        assert lot.basis / lot.quantity == pytest.approx(close, rel=0.03), lot
        splits = market.between(lot.acquired, AS_OF).split[1:, market.column(lot.symbol)]
        assert (splits == 1).all(), f"{lot}: quantities are shares as of {AS_OF}"


def test_two_million_is_worth_its_name_and_has_drifted(couple: Household, market: Market) -> None:
    close = dict(zip(market.symbols, market.quote(AS_OF).close, strict=True))
    total = sum(a.cash for a in couple.accounts) + sum(
        lot.quantity * close[lot.symbol] for lot in couple.lots
    )
    assert total == pytest.approx(2_000_000, rel=0.01)
    held = {
        c.name: sum(lot.quantity * close[lot.symbol] for lot in couple.lots if lot.symbol in dict(c.members))
        / total
        for c in couple.targets.classes
    }
    drift = {c.name: held[c.name] - weight for c, weight in couple.targets.weights}
    assert drift["US stocks"] > 0.05
    assert drift["Gold"] > 0.025
    assert drift["Treasuries"] < -0.04


def test_two_million_has_gains_and_losses_of_both_terms_and_a_recent_purchase(
    couple: Household, market: Market
) -> None:
    close = dict(zip(market.symbols, market.quote(AS_OF).close, strict=True))
    a_year_ago = dt.date(2011, 8, 31)
    taxable = [lot for account in couple.accounts if account.taxable for lot in account.lots]
    gains = {lot.lot: lot.quantity * close[lot.symbol] - lot.basis for lot in taxable}
    for term in (lambda lot: lot.acquired < a_year_ago, lambda lot: lot.acquired >= a_year_ago):
        of_term = np.array([gains[lot.lot] for lot in taxable if term(lot)])
        assert of_term.min() < -1_000
        assert of_term.max() > 1_000
    recent = [lot for lot in couple.lots if lot.acquired >= dt.date(2012, 8, 1)]
    assert [(lot.symbol, lot.acquired) for lot in recent] == [("IYR", dt.date(2012, 8, 14))]
    assert {lot.acquired.year for lot in couple.lots} >= {2003, 2006, 2007, 2009, 2010, 2011, 2012}
