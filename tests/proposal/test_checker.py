"""The checker of proposals: what is right passes, and of one thing that is wrong only that is said."""

from __future__ import annotations

import ast
import datetime as dt
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from rebal_kit.costs import Costs
from rebal_kit.flows import CashFlow
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.proposal.cases import (
    BY_HAND,
    DECEMBER,
    HARVEST,
    LATE,
    MUTATED,
    RIGHT,
    WRONG,
    change,
    lose,
    recent,
    sold_at_loss,
)
from tests.proposal.checker import RULES, check, doubts
from tests.proposal.documents import HOUSEHOLD, POLICY, PRICES, buy, lot, sell, told, with_lots
from tests.proposal.reading import Case, first_long_day, misshapen


@pytest.mark.parametrize("document", [BY_HAND, HARVEST], ids=["rebalancing", "harvest"])
def test_documents_worked_out_by_hand_pass(document):
    assert check(document, HOUSEHOLD, POLICY, PRICES) == []


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    assert check(*RIGHT[name], PRICES) == []


@pytest.mark.parametrize("name", WRONG)
def test_of_one_wrong_order_only_that_is_said(name):
    told_of, words = WRONG[name]
    [fault] = check(*told_of, PRICES)
    assert words in fault


@pytest.mark.parametrize("name", MUTATED)
def test_of_one_wrong_entry_only_that_is_said(name):
    mutate, words = MUTATED[name]
    document = deepcopy(BY_HAND)
    mutate(document)
    [fault] = check(document, HOUSEHOLD, POLICY, PRICES)
    assert words in fault


def test_every_rule_has_found_something():
    wrong = [told_of for told_of, _ in WRONG.values()]
    for mutate, _ in MUTATED.values():
        document = deepcopy(BY_HAND)
        mutate(document)
        if not misshapen(document):
            wrong.append((document, HOUSEHOLD, POLICY))
    assert len(wrong) > 60
    for rule in RULES:
        assert any(list(rule(Case(*told_of, PRICES))) for told_of in wrong), rule


@pytest.mark.parametrize("name", ["checker", "reading", "washes", "tax"])
def test_it_knows_no_code_of_the_project(name):
    tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    own = {module for module in found if module and module.startswith("tests.proposal")}
    standard = {"__future__", "ast", "math", "datetime", "collections", "collections.abc", "dataclasses", "functools",
                "fractions", "typing"}  # fmt: skip
    assert found - own <= standard


def test_law_that_is_not_kept_is_said():
    household = replace(HOUSEHOLD, tax=TaxProfile("hoh", 2026))
    [fault] = check(BY_HAND, household, POLICY, PRICES)
    assert "no numbers are kept" in fault


def test_a_washed_loss_is_stated_where_the_policy_lets_it_happen():
    policy = replace(POLICY, avoid_wash_sales=False)
    document = told(lose(), buy("Main", "A", 50), policy=policy)
    [fault] = check(document, HOUSEHOLD, policy, PRICES)
    assert "disallowed of lot a2 is 0.00, not 1006.00: washed by the purchase of A in Main" in fault
    document["trades"][0]["lots"][0]["disallowed"] = 1_006.0
    document["tax"] = {"short_gain": 0.0, "long_gain": 0.0, "disallowed": 1_006.0, "tax_now": 0.0}
    assert check(document, HOUSEHOLD, policy, PRICES) == []
    document["trades"].pop()  # nothing is bought: nothing is disallowed
    document["cost"], document["cash"][0]["after"] = 6.0, 5_994.0
    found = check(document, HOUSEHOLD, policy, PRICES)
    assert "and nothing washes it" in found[0]
    assert all("drift after" in fault for fault in found[1:])


def test_only_the_shares_that_are_replaced_are_disallowed():
    policy = replace(POLICY, avoid_wash_sales=False)
    document = told(lose(), buy("Main", "A", 10), policy=policy)
    document["trades"][0]["lots"][0]["disallowed"] = 201.2
    document["tax"] = {"short_gain": -804.8, "long_gain": 0.0, "disallowed": 201.2, "tax_now": -321.92}
    assert check(document, HOUSEHOLD, policy, PRICES) == []


def test_a_share_replaces_once_and_the_earlier_loss_first():
    policy = replace(POLICY, avoid_wash_sales=False)
    household = replace(HOUSEHOLD, loss_sales=sold_at_loss(9, "A"))  # of 10 shares
    document = told(lose(), buy("Main", "A", 10), household=household, policy=policy)
    assert check(document, household, policy, PRICES) == []
    document = told(lose(), buy("Main", "A", 15), household=household, policy=policy)
    [fault] = check(document, household, policy, PRICES)
    assert "is 0.00, not 100.60: washed by the purchase" in fault


def test_a_wash_is_let_be_where_a_withdrawal_is_paid():
    household = replace(
        with_lots(HOUSEHOLD, "Roth", recent(10)), flows=(CashFlow(-500.0, "Main", every="month"),)
    )
    document = told(lose(("a2", 10), reason="raise cash for a withdrawal"), household=household)
    [fault] = check(document, household, POLICY, PRICES)
    assert "disallowed of lot a2 is 0.00, not 202.00: washed by lot new" in fault


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("2023-05-15", "2024-05-16"), ("2015-02-28", "2016-03-01"), ("2016-01-15", "2017-01-16"),
        ("2024-02-29", "2025-03-01"), ("2024-02-28", "2025-03-01"), ("2012-09-19", "2013-09-20"),
        ("2024-12-31", "2026-01-01"),
    ],
)  # fmt: skip
def test_the_first_day_of_a_long_term_sale(start, first):
    assert first_long_day(dt.date.fromisoformat(start)).isoformat() == first


@pytest.mark.parametrize(("name", "household", "term"), [("edge", DECEMBER, "short"), ("late", LATE, "long")])
def test_the_term_turns_on_its_day(name, household, term):
    document = told(sell("Main", "A", (name, 10)), household=household)
    assert document["trades"][0]["lots"][0]["term"] == term


def test_the_holding_period_of_shares_that_replaced_others_starts_earlier():
    tacked = lot("edge", "A", 10, 500, "2025-12-12", holding_start=dt.date(2025, 8, 11))
    document = told(sell("Main", "A", ("edge", 10)), household=with_lots(HOUSEHOLD, "Main", tacked))
    assert document["trades"][0]["lots"][0]["term"] == "long"


def test_the_gain_of_an_untaxed_account_is_stated_or_left_out():
    document = told(sell("Roth", "C", ("r1", 50)))
    assert document["trades"][0]["lots"][0]["gain"] == pytest.approx(48.5)
    document["trades"][0]["lots"][0]["gain"] = 0.0
    assert check(document, HOUSEHOLD, POLICY, PRICES) == []
    document["trades"][0]["lots"][0]["gain"] = 40.0
    assert len(check(document, HOUSEHOLD, POLICY, PRICES)) == 1


def test_cost_that_depends_on_the_market_is_taken_as_stated_above_the_fees():
    policy = replace(POLICY, costs=Costs(10.0, commission_usd=1.0, impact=1.0))
    document = deepcopy(BY_HAND)
    assert check(document, HOUSEHOLD, policy, PRICES) == []
    change("trades", 1, "cost", by=-3.5)(document)
    change("cost", by=-3.5)(document)
    change("cash", 0, "after", by=3.5)(document)
    found = check(document, HOUSEHOLD, policy, PRICES)
    assert "less than its fees" in found[0]
    assert all("drift after" in fault for fault in found[1:])


def test_doubts_are_not_faults():
    household = replace(HOUSEHOLD, targets=TargetAllocation({"A": 0.9, "B": 0.1}))
    document = told(buy("Main", "B", 150), sell("Main", "A", ("a1", 40)), household=household)
    assert check(document, household, POLICY, PRICES) == []
    worse, early = doubts(document, household, POLICY, PRICES)
    assert "drift gets worse" in worse
    assert "spends 2004.00 before it is there" in early
    assert doubts(BY_HAND, HOUSEHOLD, POLICY, PRICES) == []
