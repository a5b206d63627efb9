"""Each account kept by hand from journal, flows, dividends and tax alone: no debts, and no money crosses accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from rebal_kit.backtest import Backtest
from rebal_kit.engine.sales import LEAST_AMOUNT
from rebal_kit.reasons import Reason
from tests.engine.examples import examples
from tests.invariants.random_households import rich_households, rich_markets, rich_policies, run_of

EXAMPLES = examples(compiled=40, interpreted=5)
CENT = 0.005
DEBT = -1e-6

#: What is traded before a session's tax is taken: the decision comes after it.
BEFORE_TAX = (Reason.REINVEST, Reason.RAISE_CASH, Reason.RAISE_TAX)


class Accounts:
    """Cash and shares by account, kept by hand."""

    def __init__(self, run: Backtest):
        self.run = run
        household, market = run.household, run.market
        self.names = [a.name for a in household.accounts]
        self.cash = {a.name: a.cash for a in household.accounts}
        self.shares = {(a.name, s): 0.0 for a in household.accounts for s in market.symbols}
        for account in household.accounts:
            for lot in account.lots:
                self.shares[account.name, lot.symbol] += lot.quantity
        self.payers = [a.name for a in household.accounts if a.taxable and a.trading == "managed"]
        self.days = dict(list(run.journal.groupby("date")))
        self.flows = dict(list(run.flows.groupby("date")))

    def pass_session(self, t: int) -> None:
        """Take the session's splits and dividends, flows, tax and trades, in this order."""
        run = self.run
        date = run.dates[t]
        trades = self.days.get(date, run.journal.iloc[:0])
        for s, symbol in enumerate(run.market.symbols):
            for name in self.names:
                self.shares[name, symbol] *= run.market.split[t, s]
                shares = self.shares[name, symbol]
                if t == 0:
                    shares -= self.bought_that_day(name, symbol) * run.market.split[t, s]
                self.cash[name] += shares * run.market.dividend[t, s]
        early = trades["reason_code"].isin(BEFORE_TAX)
        assert early.is_monotonic_decreasing  # they come first
        self.trade(trades[early])
        flows = self.flows.get(date, run.flows.iloc[:0])
        for row in flows[flows["purpose"] != "tax"].itertuples():
            self.cash[row.account] += row.amount
        from_elsewhere = flows[flows["purpose"] == "tax"]
        self.pay_tax(run.daily["tax_paid"].iloc[t] + from_elsewhere["amount"].sum())
        for row in from_elsewhere.itertuples():
            self.cash[row.account] += row.amount
        self.hold_no_debt()
        for _, order in trades[~early].groupby("order", sort=True):
            self.trade(order)
            self.hold_no_debt()

    def bought_that_day(self, name: str, symbol: str) -> float:
        """Opening lots of the first session's date: a dividend of the day is not theirs."""
        (lots,) = (a.lots for a in self.run.household.accounts if a.name == name)
        first = self.run.dates[0].date()
        return sum(lot.quantity for lot in lots if lot.symbol == symbol and lot.acquired == first)

    def trade(self, rows: pd.DataFrame) -> None:
        for row in rows.itertuples():
            sign = 1 if row.side == "buy" else -1
            self.shares[row.account, row.symbol] += sign * row.quantity
            self.cash[row.account] -= sign * row.amount + row.cost

    def pay_tax(self, tax: float) -> None:
        """Take tax from taxable accounts that trade, by their cash; a refund with no cash anywhere in equal parts."""
        if tax == 0.0:
            return
        cash = {name: self.cash[name] for name in self.payers}
        total = sum(cash.values())
        for name in self.payers:
            self.cash[name] -= tax * (cash[name] / total if total > 0.0 else 1.0 / len(cash))

    def hold_no_debt(self) -> None:
        assert min(self.cash.values()) >= DEBT, self.cash
        assert min(self.shares.values()) >= -1e-7


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies())
def test_no_account_is_ever_in_debt_and_no_money_crosses_accounts(market, household, policy) -> None:
    run = run_of(market, household, policy)
    accounts = Accounts(run)
    counted = {a.name for a in household.accounts if a.trading != "excluded"}
    cash, value = [], []
    for t in range(len(run.dates)):
        accounts.pass_session(t)
        cash.append(sum(amount for name, amount in accounts.cash.items() if name in counted))
        worth = [
            n * run.market.close[t, run.market.column(symbol)] for (_, symbol), n in accounts.shares.items()
        ]
        value.append(sum(accounts.cash.values()) + sum(worth))
    np.testing.assert_allclose(run.daily["cash"], cash, rtol=0, atol=CENT)
    np.testing.assert_allclose(run.daily["value"], value, rtol=0, atol=CENT)
    for account in run.closing_household.accounts:
        assert account.cash == pytest.approx(accounts.cash[account.name], abs=CENT)
        for symbol in run.market.symbols:
            held = sum(lot.quantity for lot in account.lots if lot.symbol == symbol)
            assert held == pytest.approx(accounts.shares[account.name, symbol], abs=1e-6)


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies())
def test_nothing_trades_that_may_not(market, household, policy) -> None:
    run = run_of(market, household, policy)
    managed = {a.name for a in household.accounts if a.trading == "managed"}
    barred = {
        side: {
            (a.name, s) for a in household.accounts for s in (*getattr(household, name), *getattr(a, name))
        }
        for side, name in (("buy", "do_not_buy"), ("sell", "do_not_sell"))
    }
    targets = {*household.targets.symbols}
    chosen = run.journal[run.journal["reason_code"] != Reason.REINVEST]
    sold = chosen[chosen["side"] == "sell"].groupby("order")["amount"].sum()
    assert (sold > LEAST_AMOUNT / 2).all()  # nor what rounding has left over
    for row in chosen.itertuples():
        assert row.account in managed
        assert (row.account, row.symbol) not in barred[row.side]
        if row.symbol not in targets:
            assert row.side == "sell"
            assert row.reason_code in {
                Reason.LEGACY,
                Reason.RAISE_CASH,
                Reason.RAISE_TAX,
                Reason.REFILL_CASH,
                Reason.PAIRED,
            }


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies())
def test_the_audit_finds_every_figure_as_it_was_said(market, household, policy) -> None:
    run = run_of(market, household, policy)
    found = run.audit()
    assert found.clean, found.differences.head(10).to_string()


@settings(max_examples=EXAMPLES)
@given(rich_markets(), rich_households(), rich_policies())
def test_flows_told_in_several_places_agree(market, household, policy) -> None:
    run = run_of(market, household, policy)
    kinds = run.flows.groupby("purpose")["amount"].sum()
    assert run.metrics["deposits"] == pytest.approx(kinds.get("deposit", 0.0), abs=CENT)
    assert run.metrics["withdrawals"] == pytest.approx(-kinds.get("withdrawal", 0.0), abs=CENT)
    by_day = run.flows[run.flows["purpose"] != "tax"].groupby("date")["amount"].sum()
    told = run.daily["flow"]
    np.testing.assert_allclose(told, by_day.reindex(told.index, fill_value=0.0), atol=CENT)
    # What leaves a tax-deferred account is income, whether it goes to the household or to the tax office.
    deferred = {a.name for a in household.accounts if a.kind in ("ira", "401k")}
    out = run.flows[run.flows["account"].isin(deferred) & (run.flows["amount"] < 0)]
    by_year = -out.groupby(out["date"].dt.year)["amount"].sum()
    paid = run.years["distributions"]
    np.testing.assert_allclose(paid, by_year.reindex(paid.index, fill_value=0.0), atol=CENT)
    wanted = run.setting.structure.flow
    assert run.metrics["withdrawals"] + run.metrics["unpaid_withdrawals"] == pytest.approx(
        -wanted[wanted < 0].sum(), abs=CENT
    )
    assert run.metrics["deposits"] == pytest.approx(wanted[wanted > 0].sum(), abs=CENT)
