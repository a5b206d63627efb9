"""Restrictions of accounts and households: what contradicts itself is said, what can be meant is accepted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rebal_kit.domain import Account, Household, TaxLot
from rebal_kit.findings import HouseholdError
from rebal_kit.flows import CashFlow
from rebal_kit.targets import AssetClass, TargetAllocation

TARGETS = TargetAllocation({AssetClass("stocks", {"SPY": 1, "VTI": 0}): 0.6, "BND": 0.4, "GLD": 0.0})
LOT = TaxLot("1", "OLD", 10, 100.0, dt.date(2024, 1, 2))
ONE, TWO = Account("one", "o", "taxable", lots=(LOT,)), Account("two", "o", "ira")
FROZEN, EXCLUDED = (Account(trading, "o", "401k", trading=trading) for trading in ("frozen", "excluded"))


def household(*accounts: Account, targets: TargetAllocation = TARGETS, **given) -> Household:
    return Household("h", accounts or (ONE, TWO), targets, **given)


def idle(name: str, trading: str) -> str:
    what = f"account 'a': {name} is given, but the account is {trading}"
    return f"{what} — it does not trade anyway: leave {name} out"


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            lambda: Account("a", "o", "ira", dividends="no", min_cash=-1, trading="off", do_not_buy=["A", "A", " ", 3]),
            ["account 'a': dividends is 'no' — use cash, reinvest, drip, or None to do as the policy says",
             "account 'a': min_cash is -1 — give US$, 0 or more",
             "account 'a': trading is 'off' — use managed, frozen, excluded",
             "account 'a': one of do_not_buy is empty — give tickers",
             "account 'a': one of do_not_buy is 3, not text — give tickers",
             "account 'a': do_not_buy names A twice — keep one"],
        ),
        (
            lambda: Account("a", "o", "ira", min_cash=float("inf"), do_not_sell=[["A"]]),
            ["account 'a': min_cash is inf — give US$, 0 or more",
             "account 'a': one of do_not_sell is ['A'], not text — give tickers"],
        ),
        (
            lambda: Account("a", "o", "ira", min_cash=5, trading="frozen", do_not_buy="A", do_not_sell="A"),
            [idle(name, "frozen") for name in ("min_cash", "do_not_buy", "do_not_sell")],
        ),
        (lambda: Account("a", "o", "ira", min_cash=5, trading="excluded"), [idle("min_cash", "excluded")]),
        (
            lambda: household(do_not_buy=["SPY", "SPY", None], do_not_sell=[["A"], ""]),
            ["household 'h': one of do_not_buy is None, not text — give tickers",
             "household 'h': do_not_buy names SPY twice — keep one",
             "household 'h': one of do_not_sell is ['A'], not text — give tickers",
             "household 'h': one of do_not_sell is empty — give tickers"],
        ),
        (
            lambda: household(ONE, replace(TWO, do_not_buy="SYP"), do_not_sell=["OLDD", "X"]),
            [("household 'h': do_not_sell names OLDD, which neither the targets nor the lots have"
              " — did you mean OLD? known are SPY, VTI, BND, GLD, OLD"),
             ("household 'h': do_not_sell names X, which neither the targets nor the lots have"
              " — known are SPY, VTI, BND, GLD, OLD"),
             ("account 'two': do_not_buy names SYP, which neither the targets nor the lots have"
              " — did you mean SPY? known are SPY, VTI, BND, GLD, OLD")],
        ),
        (
            lambda: household(do_not_buy=["SPY", "VTI", "GLD"]),
            [("household 'h': no member of class 'stocks' may be bought in any account that trades"
              " — allow one, or give the class a weight of 0")],
        ),
        (
            lambda: household(ONE, replace(TWO, do_not_buy="BND"), FROZEN, do_not_buy="BND"),
            [("household 'h': no member of class 'BND' may be bought in any account that trades"
              " — allow one, or give the class a weight of 0")],
        ),
        (
            lambda: household(FROZEN, EXCLUDED),
            ["household 'h': there are targets, but no account is managed — let one account trade"],
        ),
        (
            lambda: household(flows=(CashFlow(-1, "three", "month"), "5", CashFlow(1, "one", "month"))),
            ["household 'h': one of flows is '5', no CashFlow — make it with CashFlow(…)",
             "household 'h': a cash flow names 'three', which is no account — use one, two"],
        ),
        (
            lambda: household(ONE, FROZEN, EXCLUDED, flows=CashFlow(-1, "excluded", "month")),
            [("household 'h': a cash flow names account 'excluded', which is excluded"
              " — name another account, or make it managed or frozen")],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(build, said: list[str]) -> None:
    with pytest.raises(HouseholdError) as caught:
        build()
    assert str(caught.value).splitlines() == said


def test_no_long_list_of_what_is_known() -> None:
    many = TargetAllocation({f"S{at}": 0.01 for at in range(100)})
    with pytest.raises(HouseholdError, match=r"known are S0, .*, S11 and 89 more$"):
        household(targets=many, do_not_buy="nonesuch")


def test_what_can_be_meant_is_accepted() -> None:
    # a class of weight 0 is only ever sold; a partner may stand in for a member that is not bought
    household(do_not_buy=["GLD", "SPY"], do_not_sell=["GLD", "SPY", "OLD"])
    # each class may be bought somewhere
    household(replace(ONE, do_not_buy=("SPY", "VTI")), replace(TWO, do_not_buy="BND"))
    # a flow of an account that does not trade, and a withdrawal from any
    household(ONE, FROZEN, flows=[CashFlow(5, "frozen", "month"), CashFlow(-5, every="month")])
    # for a tax report nothing need trade, and what its ledger holds is not known here
    nothing = TargetAllocation({})
    household(FROZEN, EXCLUDED, targets=nothing)
    household(TWO, targets=nothing, do_not_sell="X")


def test_one_ticker_or_flow_needs_no_tuple() -> None:
    flow = CashFlow(-5, every="month")
    made = household(replace(ONE, do_not_buy="BND", do_not_sell=["OLD"]), TWO, do_not_sell="SPY", flows=flow)
    assert (made.do_not_buy, made.do_not_sell, made.flows) == ((), ("SPY",), (flow,))
    assert (made.accounts[0].do_not_buy, made.accounts[0].do_not_sell) == (("BND",), ("OLD",))
    assert hash(made) == hash(replace(made))
