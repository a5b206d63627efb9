"""What an advisor changes in a proposal of a small household, and what that does at once; worked out by hand.

S1 is harvested: 100 shares at 100 less 10 of spread, for a basis of 12,000; what it brings, 9,990, buys STX at 50.05.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rebal_kit.files.approval import approve
from rebal_kit.files.proposal_file import ProposalError, as_proposal
from rebal_kit.findings import PolicyError
from rebal_kit.flows import CashFlow
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.proposal import Override, Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import Added, revise
from rebal_kit.to_date import LossSale
from rebal_kit.triggers import Calendar
from tests.proposal.households import market_of as random_market
from tests.proposal.households import random_household
from tests.proposal.scanned import DATES, DAY, POLICY, said, small_household, small_market

HARVEST = replace(POLICY, triggers=())
STX = 9_990.0 / 50.05
SPREAD = 0.001


def proposed(policy: RebalancePolicy = HARVEST, **household: Any) -> Proposal:
    return propose(small_market(), small_household(**household), policy)


def traded(proposal: Proposal) -> list[tuple[str, str, str, Any]]:
    return [
        (row.account, row.side, row.symbol, pytest.approx(row.quantity, abs=1e-6))
        for row in proposal.trades.itertuples()
    ]


def cash(proposal: Proposal) -> dict[str, Any]:
    rows = proposal.cash
    return {
        name: pytest.approx(after, abs=1e-6)
        for name, after in zip(rows["account"], rows["after"], strict=True)
    }


def sold(proposal: Proposal) -> list[tuple[str, float, float]]:
    """Lot, shares and gain."""
    return [(row.lot, row.quantity, pytest.approx(row.gain)) for row in proposal.lots.itertuples()]


def test_what_is_changed_here() -> None:
    found = proposed()
    assert traded(found) == [("Main", "sell", "STK", 100), ("Main", "buy", "STX", STX)]
    assert found.tax["tax_now"] == pytest.approx(-0.4 * 2_010)
    assert not found.overspends
    assert not found.washes


def test_a_harvest_taken_out_leaves_its_replacement_unpaid(tmp_path: Path) -> None:
    found = revise(proposed(), forbid=[1])
    assert traded(found) == [("Main", "buy", "STX", STX)]
    assert cash(found) == {"Main": -9_990.0, "IRA": 0.0}
    assert found.tax["tax_now"] == 0.0
    # 15,000 + 9,980.02 + 10,000 of stocks and 10,000 of bonds, less 9,990 owed, of 34,990.02.
    whole = 35_000 - STX * 50 * SPREAD
    stocks, bonds, owed = 25_000 + STX * 50, 10_000, -9_990.0
    drift = (abs(stocks / whole - 0.6) + abs(bonds / whole - 0.4) + abs(owed / whole)) / 2
    assert found.drift["after"] == pytest.approx(drift)
    assert found.overspends
    assert said(found.findings, "account 'Main'", "US$ 9,990.00 more is bought", "overspend")
    assert found.overrides == (Override("forbid", "sell 100 STK in Main"),)
    settings: dict[str, Any] = {
        "who": "Ann", "log": tmp_path / "log.jsonl", "now": dt.datetime(2024, 3, 1, 18, tzinfo=dt.UTC)
    }  # fmt: skip
    with pytest.raises(ProposalError, match=r"cash is below 0 afterwards: 'Main' -9,990\.00 US"):
        approve(found.document, tmp_path / "orders", **settings)
    assert approve(found.document, tmp_path / "orders", allow=["overspend"], **settings).line == 1


def test_a_sale_made_smaller_keeps_its_first_lots() -> None:
    found = revise(proposed(), resize={1: 50, 2: 99.8})
    assert sold(found) == [("S1", 50.0, -1_005.0)]
    assert found.tax["tax_now"] == pytest.approx(-0.4 * 1_005)
    assert cash(found) == {"Main": 4_995 - 99.8 * 50.05, "IRA": 0.0}
    assert found.overrides == (
        Override("resize", "sell 100 STK in Main", 50.0), Override("resize", "buy 199.6 STX in Main", 99.8),
    )  # fmt: skip
    assert not found.overspends


def test_a_sale_made_larger_takes_further_lots_by_the_lot_method() -> None:
    found = revise(proposed(), resize={1: 120})
    # 20 of S2 at 99.90 for a basis of 80 a share, held since 2022.
    assert sold(found) == [("S1", 100.0, -2_010.0), ("S2", 20.0, 398.0)]
    assert found.tax["tax_now"] == pytest.approx(-0.4 * (2_010 - 398))
    assert cash(found)["Main"] == pytest.approx(20 * 99.9)


def test_resized_to_nothing_is_taken_out() -> None:
    found = revise(proposed(), resize={2: 0})
    assert traded(found) == [("Main", "sell", "STK", 100)]
    assert found.overrides == (Override("forbid", "buy 199.6 STX in Main"),)


@pytest.mark.parametrize(
    "one", [("Main", "sell", "STK", 10, {"S2": 10}), Added("Main", "sell", "STK", 10, {"S2": 10.0})]
)
def test_a_trade_added_with_named_lots(one: Any) -> None:
    found = revise(proposed(), add=[one])
    assert sold(found)[1:] == [("S2", 10.0, 199.0)]
    assert found.tax["long_gain"] == pytest.approx(199.0)
    assert cash(found)["Main"] == pytest.approx(999.0)
    assert found.trades["why"].iloc[2].startswith("asked for by hand")
    assert found.overrides == (Override("add", "sell STK in Main", 10.0),)


def test_a_trade_added_without_lots_sells_by_the_lot_method() -> None:
    assert sold(revise(proposed(), forbid=[1, 2], add=[("Main", "sell", "STK", 10)])) == [
        ("S1", 10.0, -201.0)
    ]


@pytest.mark.parametrize(("account", "permanent"), [("Main", 0.0), ("IRA", 804.0)])
def test_a_repurchase_washes_the_harvest(account: str, permanent: float, tmp_path: Path) -> None:
    """40 of 100 shares are replaced: 804 of a loss of 2,010, in an IRA for good (Rev. Rul. 2008-5)."""
    found = revise(proposed(), resize={2: 1}, add=[(account, "buy", "STK", 40)])
    assert found.washes
    assert found.tax["disallowed"] == pytest.approx(804.0)
    assert found.tax["permanent"] == pytest.approx(permanent)
    assert found.tax["tax_now"] == pytest.approx(-0.4 * (2_010 - 804))
    assert found.trades["disallowed"].tolist() == [pytest.approx(804.0), 0.0, 0.0]
    assert "WASH SALE: US$ 804 of the loss is disallowed" in found.trades["why"].iloc[0]
    assert said(found.findings, "trade 1: US$ 804.00 of losses are disallowed", "needs wash_sale")
    assert said(found.findings, "of them for good") is (permanent > 0)
    settings: dict[str, Any] = {
        "who": "Ann", "log": tmp_path / "log.jsonl", "now": dt.datetime(2024, 3, 1, 18, tzinfo=dt.UTC)
    }  # fmt: skip
    with pytest.raises(
        ProposalError, match=r"804\.00 US\$ of losses are disallowed as wash sales by trade 1"
    ):
        approve(found.document, tmp_path / "orders", allow=["overspend"], **settings)
    approve(found.document, tmp_path / "orders", allow=["overspend", "wash_sale"], **settings)


def test_a_purchase_washes_a_loss_of_the_days_before() -> None:
    sale = LossSale("Main", "STX", dt.date(2024, 2, 20), 30.0, 300.0, dt.date(2023, 1, 3))
    assert proposed(loss_sales=(sale,)).trades["side"].tolist() == []  # nothing may replace the harvest
    found = revise(proposed(loss_sales=(sale,)), add=[("IRA", "buy", "STX", 10)])
    assert found.tax["disallowed"] == pytest.approx(100.0)
    assert found.tax["long_gain"] == pytest.approx(100.0)
    assert said(found.findings, "purchases: US$ 100.00 of losses are disallowed")


def test_revisions_go_on_from_each_other() -> None:
    first = revise(proposed(), resize={2: 100})
    second = revise(first, add=[("Main", "sell", "BND", 5, {"B1": 5})])
    assert [one.what for one in second.overrides] == ["resize", "add"]
    assert traded(second)[1:] == [("Main", "buy", "STX", 100), ("Main", "sell", "BND", 5)]
    assert len({proposed().id, first.id, second.id}) == 3


def test_nothing_changed_is_the_same_trades() -> None:
    for policy in (HARVEST, POLICY):
        before = proposed(policy)
        for again in (False, True):
            pins = [] if again else [1]
            after = revise(before, again=again, pin=pins)
            assert traded(after) == traded(before)
            assert after.tax == pytest.approx(before.tax)


def test_decided_anew_without_the_harvest_sells_in_the_ira() -> None:
    found = revise(proposed(POLICY), forbid=[1], again=True)
    assert [(row[0], row[1], row[2]) for row in traded(found)] == [
        ("IRA", "sell", "STK"),
        ("IRA", "buy", "BND"),
    ]
    assert found.tax["tax_now"] == 0.0
    # 25,000 of stocks are to be 21,000: the band's middle, as the policy's destination says.
    assert found.trades["quantity"].iloc[0] == pytest.approx(40.0)


def test_decided_anew_around_a_pinned_trade() -> None:
    before = proposed(POLICY)
    found = revise(before, pin=[1], forbid=[2], again=True)
    assert traded(found)[0] == ("Main", "sell", "STK", 100)
    assert ("STX", "buy") not in {(row.symbol, row.side) for row in found.trades.itertuples()}
    assert found.overrides[0] == Override("pin", "sell 100 STK in Main")


def test_what_pays_for_a_withdrawal_stays_unless_it_is_changed() -> None:
    """5,000 US$ leave today, on a day on which no rule looks; what raises them is not decided by a rule."""
    yearly = replace(HARVEST, harvest=None, triggers=Calendar("year"))
    flows = (CashFlow(-5_000.0, "Main", on=DAY),)
    before = proposed(yearly, as_of=dt.date.fromisoformat(DATES[2]), flows=flows)
    assert set(before.trades["side"]) == {"sell"}
    assert before.cash["moved"].tolist() == [-5_000.0, 0.0]
    assert cash(before) == {"Main": 0.0, "IRA": 0.0}
    again = revise(before, again=True)
    assert traded(again) == traded(before)
    assert not again.overspends
    without = revise(before, forbid=range(1, len(before.trades) + 1), again=True)
    assert len(without.trades) == 0
    assert cash(without)["Main"] == -5_000.0
    assert without.overspends


def test_decided_anew_by_the_solver_keeps_to_pins_and_bars() -> None:
    before = propose(small_market(), small_household(), POLICY, solver="optimal")
    assert before.solver == "optimal"
    bought = before.trades[before.trades["side"] == "buy"].iloc[0]
    found = revise(before, forbid=[int(bought["trade"])], again=True)
    barred = {(row.account, row.symbol) for row in found.trades.itertuples() if row.side == "buy"}
    assert (bought["account"], bought["symbol"]) not in barred
    first = before.trades.iloc[0]
    kept = revise(before, resize={1: float(first["quantity"]) / 2}, again=True)
    assert traded(kept)[0] == (first["account"], first["side"], first["symbol"], first["quantity"] / 2)
    assert not kept.overspends


def test_what_was_bought_in_the_proposal_is_not_sold_in_it() -> None:
    """More STX is bought than is there before; a sale by hand takes the lots of the household."""
    old = small_household().accounts[0].lots[1]
    held = replace(old, lot="X", symbol="STX", quantity=30.0, basis=1_600.0)
    found = revise(proposed(taxable=(held,)), add=[("Main", "sell", "STX", 30)])
    assert [row[0] for row in sold(found)] == ["S1", "X"]
    over = revise(found, add=[("Main", "sell", "STX", 30)])
    assert over.findings[0].severity == "error"
    as_proposal(over.document)


def test_shares_sold_twice_are_an_error_and_the_document_is_one() -> None:
    once = revise(proposed(), add=[("Main", "sell", "STK", 100, {"S1": 100})])
    assert str(once.findings[0]).startswith("trade 3: its lots are not there: no figure counts it")
    assert once.trades["quantity"].tolist()[2] == 100.0
    assert cash(once)["Main"] == pytest.approx(0.0)
    as_proposal(once.document)
    part = revise(proposed(), add=[("Main", "sell", "STK", 80)])
    assert str(part.findings[0]).startswith("trade 3: its lots are not there")


def test_the_lot_method_takes_no_loss_that_a_purchase_before_washes() -> None:
    """S1 and S2 can be sold but for the loss of S1, which the IRA's purchase of two weeks ago would wash."""
    before = proposed(in_ira="2024-02-15")
    assert len(before.trades) == 0
    part = revise(before, add=[("Main", "sell", "STK", 120)])
    assert str(part.findings[0]).startswith(
        "trade 1: only 50 of 120 shares are sold: a purchase before would wash losses"
    )
    named = revise(before, add=[("Main", "sell", "STK", 120, {"S1": 100, "S2": 20})])
    assert named.tax["disallowed"] == pytest.approx(2_010.0)
    assert named.findings[0].severity == "warning"


def test_what_the_household_forbids_is_said() -> None:
    found = revise(proposed(do_not_sell=("BND",)), add=[("Main", "sell", "BND", 1)])
    assert said(found.findings, "trade 3: BND is not to be sold in Main — take the trade out")
    frozen = replace(
        small_household(),
        accounts=tuple(
            replace(a, trading="frozen") if a.name == "IRA" else a for a in small_household().accounts
        ),
    )
    found = revise(propose(small_market(), frozen, HARVEST), add=[("IRA", "sell", "STK", 1)])
    assert said(found.findings, "trade 3: STK is not to be sold in IRA, which is frozen")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "pin": ({"pin": [9]}, "pin names trade 9, which is not there — name trades 1 to 2"),
    "forbid": ({"forbid": ["1"]}, "forbid names trade '1', which is not there"),
    "no number": ({"forbid": [True]}, "forbid names trade True"),
    "zero": ({"resize": {0: 5}}, "resize names trade 0"),
    "both": ({"pin": [1], "forbid": [1]}, "trade 1 is in pin and in forbid — keep one of them"),
    "below nothing": ({"resize": {1: -1}}, "trade 1 is resized to -1 — give shares, 0 or more"),
    "not a number": ({"resize": {1: float("nan")}}, "trade 1 is resized to nan"),
    "more than there is": ({"resize": {1: 151}}, "151 STK to be sold in Main, which holds 150 — sell less"),
    "account": ({"add": [("Mine", "buy", "STK", 1)]}, "account 'Mine' is not there — use Main, IRA"),
    "symbol": ({"add": [("Main", "buy", "Q", 1)]}, "'Q' has no price here"),
    "side": ({"add": [("Main", "short", "STK", 1)]}, "side is 'short' — use buy or sell"),
    "quantity": ({"add": [("Main", "buy", "STK", 0)]}, "quantity is 0 — give shares, above 0"),
    "too much": ({"add": [("IRA", "sell", "STK", 101)]}, "101 STK to be sold in IRA, which holds 100"),
    "lot": ({"add": [("IRA", "sell", "STK", 1, {"S1": 1})]}, "lot 'S1' is not in IRA — use I1"),
    "lot of little": ({"add": [("Main", "sell", "STK", 60, {"S2": 60})]}, "lot 'S2' is to give 60 shares — it has 50"),
    "sum": ({"add": [("Main", "sell", "STK", 60, {"S2": 50})]}, "lots give 50 shares of 60 — let them add up"),
    "lots bought": ({"add": [("Main", "buy", "STK", 1, {"S1": 1})]}, "a purchase of STK names lots"),
    "shape": ({"add": [("Main", "buy", "STK")]}, "add names ('Main', 'buy', 'STK') — give (account, side,"),
    "text": ({"add": ["Main"]}, "add names 'Main'"),
    "no mapping": ({"add": [("Main", "sell", "STK", 1, ["S1"])]}, "lots are ['S1'] — give the shares of each lot"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_there_is_refused(name: str) -> None:
    changes, what = WRONG[name]
    with pytest.raises(PolicyError) as caught:
        revise(proposed(), **changes)
    assert any(what in str(finding) for finding in caught.value.findings), caught.value


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        revise(proposed(), pin=[7], forbid=[8], resize={1: -1}, add=[("Mine", "buy", "Q", 0)])
    assert len(caught.value.findings) == 6


@pytest.mark.parametrize("seed", range(60))
def test_decided_anew_with_nothing_changed_is_the_same(seed: int) -> None:
    household, policy, closes, _ = random_household(seed)
    before = propose(random_market(closes), household, policy)
    after = revise(before, again=True)
    assert traded(after) == traded(before)
    assert after.tax == pytest.approx(before.tax, abs=0.01)


def edits(random: Random, proposal: Proposal) -> dict[str, Any]:
    numbers = list(range(1, len(proposal.trades) + 1))
    random.shuffle(numbers)
    forbid, pin = numbers[: len(numbers) // 4], numbers[len(numbers) // 4 : len(numbers) // 2]
    resize = {n: 0.5 * float(proposal.trades["quantity"][n - 1]) for n in numbers[len(numbers) // 2 :: 3]}
    return {"forbid": forbid, "pin": pin, "resize": resize}


Position = tuple[str, str, str]


def positions(proposal: Proposal, numbers: Any) -> set[Position]:
    rows = proposal.trades
    place: Callable[[int], Position] = lambda n: tuple(rows[["account", "symbol", "side"]].iloc[n - 1])  # noqa: E731
    return {place(number) for number in numbers}


@pytest.mark.parametrize("seed", range(60))
def test_random_edits_keep_what_is_pinned_and_leave_what_is_forbidden(seed: int) -> None:
    """Of random households: no lot that is not theirs, no forbidden trade, money that is missing is said."""
    household, policy, closes, _ = random_household(seed)
    before = propose(random_market(closes), household, policy)
    changes = edits(Random(seed), before)
    known = {lot.lot for lot in household.lots}
    for again in (False, True):
        found = revise(before, again=again, **changes)
        as_proposal(found.document)
        assert set(found.lots["lot"]) <= known
        standing = positions(before, [*changes["pin"], *changes["resize"]])
        made = positions(found, found.trades["trade"])
        if again:
            assert not (positions(before, changes["forbid"]) - standing) & made
        assert standing <= made
        for number in changes["pin"]:
            own = before.trades[["account", "symbol", "side", "quantity"]].iloc[number - 1]
            same = found.trades[
                (found.trades[["account", "symbol", "side"]] == own[:3].to_numpy()).all(axis=1)
            ]
            assert (same["quantity"] - own["quantity"]).abs().min() < 1e-9
        done = found.settlement
        assert found.overspends == any("is bought than there is cash" in f.what for f in found.findings)
        taxed = found.lots[found.lots["term"] != ""]
        if not household.loss_sales:
            net = float((taxed["gain"] + taxed["disallowed"]).sum())
            assert done.short_gain + done.long_gain == pytest.approx(net, abs=0.01)
