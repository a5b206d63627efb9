"""No money appears, vanishes or crosses accounts, whatever the household, the policy and the prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.domain import AccountKind
from tests.invariants.random_runs import EXAMPLES, households, markets, policies

CENT = 0.005


class Account:
    """An account kept from the journal alone: cash, shares and lots by hand."""

    def __init__(self, opening: float, symbols: tuple[str, ...]):
        self.cash = opening
        self.shares = dict.fromkeys(symbols, 0.0)


def replayed(run: Backtest) -> tuple[np.ndarray, np.ndarray, dict[str, Account]]:
    """Cash and value of each account at each close, (sessions, accounts), from opening values and journal alone.

    Tax is left in: it is taken from the accounts together, so the taxable accounts' cash is only known as a sum.
    """
    market, household = run.market, run.household
    books = {a.name: Account(a.opening_value or 0.0, market.symbols) for a in household.accounts}
    by_day = dict(list(run.journal.groupby("date")))
    cash, value = [], []
    for t, date in enumerate(run.dates):
        for book in books.values():
            for s, symbol in enumerate(market.symbols):
                book.shares[symbol] *= market.split[t, s]
                book.cash += book.shares[symbol] * market.dividend[t, s]
        for row in by_day.get(date, run.journal.iloc[:0]).itertuples():
            book = books[row.account]
            sign = 1 if row.side == "buy" else -1
            book.shares[row.symbol] += sign * row.quantity
            book.cash -= sign * row.amount + row.cost
        cash.append([book.cash for book in books.values()])
        value.append([
            book.cash + sum(book.shares[s] * market.close[t, i] for i, s in enumerate(market.symbols))
            for book in books.values()
        ])  # fmt: skip
    return np.array(cash), np.array(value), books


@settings(max_examples=EXAMPLES // 2)
@given(markets(), households(), policies())
def test_every_dollar_is_accounted_for(market, household, policy) -> None:
    run = backtest(market, household, policy)
    cash, value, books = replayed(run)
    taxable = np.array([a.taxable for a in household.accounts])
    paid = run.daily["tax_paid"].cumsum().to_numpy()
    total = value.sum(axis=1)
    # Value is shares × close + cash less the tax paid, on every day.
    np.testing.assert_allclose(run.daily["value"], total - paid, rtol=1e-9, atol=CENT)
    np.testing.assert_allclose(run.daily["cash"], cash.sum(axis=1) - paid, atol=CENT)
    # No account runs into debt, and nothing flows between accounts: the sheltered ones are explained by their own
    # trades to the cent, and the taxable ones, which pay the tax, together.
    assert (cash[:, ~taxable] > -CENT).all()
    assert (cash[:, taxable].sum(axis=1) - paid > -CENT).all()
    assert (run.daily["cash"] > -1e-9).all()
    closing = {a.name: a for a in run.closing_household.accounts}
    assert all(a.cash >= 0.0 for a in closing.values())
    for at, opening in enumerate(household.accounts):
        if not taxable[at]:
            assert closing[opening.name].cash == pytest.approx(cash[-1, at], abs=CENT)
        for symbol, shares in books[opening.name].shares.items():
            lots = sum(lot.quantity for lot in closing[opening.name].lots if lot.symbol == symbol)
            assert lots == pytest.approx(shares, rel=1e-9, abs=1e-7)
    assert sum(a.cash for a in closing.values() if a.taxable) == pytest.approx(
        cash[-1, taxable].sum() - paid[-1], abs=CENT
    )


@settings(max_examples=EXAMPLES)
@given(markets(), households(), policies())
def test_recognised_gain_is_economic_gain_plus_what_is_deferred_and_lost(market, household, policy) -> None:
    run = backtest(market, household, policy)
    taxable = {a.name for a in household.accounts if a.taxable}
    rows = run.journal[run.journal["account"].isin(taxable)]
    bought, sold = rows[rows["side"] == "buy"], rows[rows["side"] == "sell"]
    closing = [lot for a in run.closing_household.accounts if a.taxable for lot in a.lots]
    cost_of_held = sum(lot.basis - lot.deferred for lot in closing)
    deferred = sum(lot.deferred for lot in closing)
    proceeds = (sold["amount"] - sold["cost"]).sum()
    economic = proceeds - ((bought["amount"] + bought["cost"]).sum() - cost_of_held)
    recognised = run.years["short"].sum() + run.years["long"].sum()
    assert recognised == pytest.approx(sold["recognized"].sum(), abs=CENT)
    # A disallowed loss raises what is recognised now by as much; it comes back as basis unless an IRA took it.
    assert recognised == pytest.approx(economic + deferred + run.years["permanent"].sum(), abs=CENT)
    assert run.years["disallowed"].sum() == pytest.approx(sold["disallowed"].sum(), abs=CENT)
    assert (sold["disallowed"] >= -1e-9).all()
    assert (sold["disallowed"] <= np.maximum(0.0, -sold["gain"]) + 1e-6).all()
    if not any(
        a.kind in (AccountKind.IRA, AccountKind.ROTH_IRA, AccountKind.K401, AccountKind.HSA)
        for a in household.accounts
    ):
        assert run.years["permanent"].sum() == 0.0


@settings(max_examples=EXAMPLES)
@given(markets(), households(), policies(avoid_wash_sales=True))
def test_the_engines_own_trades_make_no_wash_sale(market, household, policy) -> None:
    run = backtest(market, household, policy)
    assert run.metrics["disallowed"] == 0.0
    assert run.metrics["permanent"] == 0.0
    assert (run.journal["disallowed"] == 0.0).all()


@settings(max_examples=EXAMPLES)
@given(markets(), households(), policies())
def test_figures_that_are_told_twice_agree(market, household, policy) -> None:
    run = backtest(market, household, policy)
    journal, metrics = run.journal, run.metrics
    assert metrics["cost"] == pytest.approx(journal["cost"].sum(), abs=CENT)
    assert metrics["harvested"] == pytest.approx(
        -journal.loc[
            (journal["reason"] == "harvest a loss") & (journal["gain"] < 0) & (journal["term"] != ""), "gain"
        ].sum(),
        abs=CENT,
    )
    assert metrics["tax_paid"] == pytest.approx(run.daily["tax_paid"].sum(), abs=CENT)
    assert metrics["value_after_liquidation"] == pytest.approx(
        run.daily["value"].iloc[-1] - metrics["tax_accrued"] - metrics["liquidation_tax"], abs=CENT
    )
    assert run.years["tax"].sum() == pytest.approx(metrics["tax_paid"] + metrics["tax_accrued"], abs=CENT)
    weights = run.weights
    assert weights.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(weights)))
    targets = [w for _, w in household.targets.weights]
    drift = (weights - [*targets, household.targets.cash]).abs().sum(axis=1) / 2
    assert run.daily["drift"].to_numpy() == pytest.approx(drift.to_numpy(), abs=1e-12)
