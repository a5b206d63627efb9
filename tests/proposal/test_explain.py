"""In words: why each trade is made, with figures that are right, and what was not traded."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.proposal.explain import NotDone
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from rebal_kit.targets import TargetAllocation
from rebal_kit.to_date import LossSale
from rebal_kit.triggers import Calendar
from tests.proposal.scanned import DAY, POLICY, STOCKS, small_household, small_market

ABOVE = "Stocks was at 71.4%, 11.4 points above its target of 60.0%"
BELOW = "BND was at 28.6%, 11.4 points below its target of 40.0%"


def proposed(policy: Any = POLICY, solver: Any = "greedy", **household: Any) -> Proposal:
    return propose(small_market(), small_household(**household), policy, solver=solver)


def whys(proposal: Proposal) -> list[str]:
    found: list[str] = proposal.trades["why"].tolist()
    return found


def test_a_harvest_its_replacement_and_a_rebalancing() -> None:
    assert whys(proposed()) == [
        "harvest a loss; short-term loss of US$ 2,010",
        "replace a harvested holding",
        f"weight left its tolerance band; {BELOW}",
    ]


def test_a_sale_where_nothing_is_taxed() -> None:
    again = revise(proposed(), forbid=[1], again=True)
    assert whys(again)[0] == f"weight left its tolerance band; {ABOVE}; no tax in this account"


def test_gains_of_both_terms_are_one_sum() -> None:
    quiet = replace(POLICY, triggers=(), harvest=None)
    found = revise(proposed(quiet), add=[("Main", "sell", "STK", 150)])
    # S1 short-term: 9,990 for 12,000; S2 long-term: 4,995 for 4,000.
    assert whys(found) == [f"asked for by hand; {ABOVE}; short- and long-term loss of US$ 1,015"]


def test_cash_for_a_withdrawal() -> None:
    flows = (CashFlow(-3_000.0, "Main", on=DAY),)
    yearly = replace(POLICY, triggers=Calendar("year"), harvest=None)
    found = proposed(yearly, as_of=dt.date(2024, 2, 29), flows=flows)
    # 3,000 / 99.90 shares of a basis of 120.
    assert whys(found) == ["raise cash for a withdrawal; short-term loss of US$ 604"]


def test_what_is_outside_the_targets() -> None:
    legacy = replace(POLICY, harvest=None, gains=GainLimits(sell_legacy=True))
    home = replace(small_household(), targets=TargetAllocation({STOCKS: 1.0}))
    found = propose(small_market(), home, legacy, look="now")
    sale = found.trades[found.trades["symbol"] == "BND"].iloc[0]
    assert sale["side"] == "sell"
    assert "outside the targets; short-term gain of US$ 90" in sale["why"]


def test_the_solver_s_trades_have_reasons_of_their_own() -> None:
    found = proposed(solver="optimal")
    said = {(row.side, row.symbol): row.why for row in found.trades.itertuples()}
    assert said["sell", "STK"] == f"{ABOVE}; short-term loss of US$ 2,010"
    assert said["buy", "STX"] == "takes the place of Stocks that is sold"
    assert said["buy", "BND"] == BELOW


def test_a_washed_loss_says_so() -> None:
    careless = replace(POLICY, avoid_wash_sales=False)
    found = proposed(careless, in_ira="2024-02-15")
    assert whys(found)[0].endswith("WASH SALE: US$ 2,010 of the loss is disallowed")


def test_what_was_not_traded_and_why() -> None:
    sold = (LossSale("Main", "STX", dt.date(2024, 2, 20), 10.0, 100.0),)
    assert (
        NotDone("loss not taken: no replacement may be bought", "Main", "STK", 2_010.0)
        in proposed(loss_sales=sold).not_done
    )
    washed = proposed(in_ira="2024-02-15").not_done
    assert [(one.account, one.symbol) for one in washed][:1] == [("Main", "STK")]
    assert "wash-sale window" in washed[0].why


def test_no_rule_looks() -> None:
    yearly = replace(POLICY, triggers=Calendar("year"), harvest=None)
    (one,) = proposed(yearly).not_done
    assert one.as_dict() == {
        "why": "no rule of policy 'five points' looks on 2024-03-01: ask again on its day, or let it look now",
        "account": "", "symbol": "", "amount": 0.0,
    }  # fmt: skip
