"""propose(): what it refuses, what its document says, and the whole path from there to the audit log."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebal_kit.files.approval import approve
from rebal_kit.files.audit_log import verify_audit_log
from rebal_kit.files.proposal_file import (
    as_proposal,
    load_proposal_document,
    proposal_id,
    save_proposal_document,
)
from rebal_kit.findings import PolicyError
from rebal_kit.gain_limits import GainLimits
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.proposal import Proposal, identifier, rounded
from rebal_kit.proposal.propose import is_due, propose
from rebal_kit.proposal.revise import revise
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import YearToDate
from rebal_kit.triggers import Calendar
from tests.proposal.checker import check
from tests.proposal.scanned import DATES, POLICY, small_household, small_market

PRICES = {"STK": 100.0, "STX": 50.0, "BND": 50.0}
EVENING = dt.datetime(2024, 3, 1, 18, tzinfo=dt.UTC)


def proposed(policy: Any = POLICY, solver: Any = "greedy", **household: Any) -> Proposal:
    return propose(small_market(), small_household(**household), policy, solver=solver)


def test_bad_arguments_are_said_all_at_once() -> None:
    bad: dict[str, Any] = {"solver": "best", "look": "later", "seconds": 0, "aims": 3}
    with pytest.raises(PolicyError) as caught:
        propose(small_market(), small_household(), POLICY, **bad)
    said = [str(finding) for finding in caught.value.findings]
    assert [text.split(" — ")[0] for text in said] == [
        "propose: solver is 'best'", "propose: look is 'later'", "propose: seconds is 0",
        "propose: aims is 3, no Aims",
    ]  # fmt: skip


def test_nothing_is_due_and_that_is_said() -> None:
    yearly = replace(POLICY, triggers=Calendar("year"), harvest=None)
    for solver in ("greedy", "optimal"):
        found = proposed(yearly, solver)
        assert len(found.trades) == 0
        assert found.plan is None
        assert not is_due(found.day, found.decision)
        assert "no rule of policy 'five points' looks on 2024-03-01" in found.not_done[0].why
        as_proposal(found.document)


def test_the_optimal_one_has_the_greedy_beside_it_and_is_not_worse() -> None:
    found = proposed(solver="optimal")
    assert found.greedy is not None
    assert found.figures.objective <= found.greedy.figures.objective
    assert found.objective["gap"] is not None
    assert found.greedy.objective == {"value": found.greedy.figures.objective, "bound": None, "gap": None}
    assert [finding.where for finding in found.findings if finding.where == "aims"] == ["aims"]


def test_where_there_is_no_plan_the_engine_s_own_is_given_with_an_error() -> None:
    """No gain may be taken, and no reserve is there: cash for it cannot be raised under the limits."""
    household = small_household()
    accounts = (replace(household.accounts[0], min_cash=24_000.0), household.accounts[1])
    limited = replace(POLICY, gains=GainLimits("never", max_gain_usd=0.0), harvest=None)
    year = YearToDate(long=50_000.0)
    found = propose(
        small_market(), replace(household, accounts=accounts, year_to_date=year), limited, solver="optimal"
    )
    if found.plan is not None and found.plan.status == "infeasible":
        assert found.greedy is not None
        assert found.trades.equals(found.greedy.trades)
        assert found.findings[0].severity == "error"
        assert "the greedy proposal does what can be done" in found.findings[0].remedy
    as_proposal(found.document)


def test_the_document_is_plain_and_is_what_approval_reads() -> None:
    for solver in ("greedy", "optimal"):
        document = proposed(solver=solver).document
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        assert as_proposal(document).proposal == document["proposal"]
        assert document["proposal"] == identifier(document) == proposal_id(document)
        assert check(document, small_household(), POLICY, PRICES) == []


def test_the_document_of_the_same_inputs_is_the_same() -> None:
    assert proposed().document == proposed().document


CHANGED: dict[str, Any] = {
    "household": lambda: proposed(tax=TaxProfile(flat=(0.40, 0.20, 0.21))),
    "policy": lambda: proposed(replace(POLICY, gain_guard_days=1)),
    "name of the policy": lambda: proposed(replace(POLICY, name="six points")),
    "prices before the day": lambda: propose(
        small_market(dividend={"STK": {DATES[1]: 0.25}}), small_household(), POLICY
    ),
    "day": lambda: propose(
        small_market(), small_household(as_of=dt.date(2024, 2, 29)), POLICY, asof=DATES[2]
    ),
    "aims": lambda: propose(small_market(), small_household(), POLICY, aims=Aims(drift=0.11)),
    "a trade": lambda: revise(proposed(), resize={1: 99.0}),
    "a trade pinned and nothing else": lambda: revise(proposed(), pin=[1], again=True),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_the_id_changes_with_any_input(name: str) -> None:
    assert CHANGED[name]().id != proposed().id


def test_from_proposal_to_audit_log(tmp_path: Path) -> None:
    found = proposed()
    path = save_proposal_document(found.document, tmp_path / "p.json")
    document = load_proposal_document(path)
    assert document == found.document
    log = tmp_path / "log.jsonl"
    done = approve(document, tmp_path / "orders", who="Ann", log=log, now=EVENING)
    assert (done.proposal, done.line) == (found.id, 1)
    (orders,) = done.files
    text = orders.read_text(encoding="utf-8")
    assert ",1,Main,STK,SELL,100," in text
    assert ",3,Main,BND,BUY,79.680639041," in text
    assert verify_audit_log(log) == ()
    assert found.id in log.read_text(encoding="utf-8")


def test_what_the_document_holds() -> None:
    document = proposed().document
    sale = document["trades"][0]
    assert (sale["account"], sale["side"], sale["quantity"], sale["amount"]) == (
        "Main",
        "sell",
        100.0,
        10_000.0,
    )
    assert sale["lots"] == [
        {"lot": "S1", "acquired": "2023-06-15", "quantity": 100.0, "term": "short", "basis": 12_000.0,
         "gain": -2_010.0, "disallowed": 0.0}
    ]  # fmt: skip
    assert document["trades"][1]["lots"] == []
    assert (document["asof"], document["expires"]) == ("2024-03-01", "2024-03-04")
    assert document["tax"]["tax_now"] == -804.0
    assert document["cost"] == pytest.approx(10 + 5.988024 + 3.984032, abs=1e-4)
    stocks = document["classes"][0]
    assert (stocks["class"], stocks["target"], stocks["low"], stocks["high"]) == ("Stocks", 0.6, 0.55, 0.65)
    assert stocks["before"] == pytest.approx(25 / 35)
    assert (document["classes"][-1]["class"], document["classes"][-1]["low"]) == ("cash", None)


@pytest.mark.parametrize(("session", "expires"), [("2024-02-27", "2024-02-28"), ("2024-03-01", "2024-03-04")])
def test_prices_are_fresh_until_the_next_day_on_which_there_can_be_a_session(
    session: str, expires: str
) -> None:
    found = propose(
        small_market(), small_household(as_of=dt.date.fromisoformat(session)), POLICY, asof=session
    )
    assert found.expires.isoformat() == expires


def test_figures_are_rounded_and_nothing_is_minus_nothing() -> None:
    assert rounded({"a": [1.23456789012, float("nan"), -0.0, 3]}) == {"a": [1.23456789, None, 0.0, 3]}
    assert str(rounded(-1e-12)) == "0.0"


def test_it_prints_as_a_sentence() -> None:
    found = proposed()
    assert repr(found) == (
        f"<Proposal {found.id} for 'test' on 2024-03-01: 3 trades, tax now US$ -804, drift 11.4% to 0.0%>"
    )
