"""The cases themselves: told apart, sourced, explained, and of one shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebal_kit.domain import AccountKind
from rebal_kit.rules.lots import HISTORY_METHOD_CODES
from tests.cases import CATEGORIES, day, load_cases

README = Path(__file__).with_name("README.md").read_text(encoding="utf-8")


def test_identifiers_are_unique():
    ids = [case["id"] for category in CATEGORIES for case in load_cases(category)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_case_is_sourced_and_every_file_explained(category):
    assert f"`{category}.json`" in README
    for case in load_cases(category):
        assert case["source"]
        assert f"| {case['authority']} |" in README
        assert case["expect"]
        assert ("trades" in case) != ("given" in case), case["id"]


@pytest.mark.parametrize(
    "case", [c for name in CATEGORIES for c in load_cases(name) if "trades" in c], ids=lambda case: case["id"]
)
def test_trades_are_well_formed(case):
    lots = [trade["lot"] for trade in case["trades"] if trade["side"] in ("buy", "reinvest")]
    assert len(lots) == len(set(lots))
    assert {account["kind"] for account in case["accounts"].values()} <= set(AccountKind)
    for trade in case["trades"]:
        assert trade["side"] in ("buy", "sell", "reinvest", "ex_dividend")
        assert trade["account"] in case["accounts"]
        assert day(trade["date"])
        if trade["side"] == "sell":
            sold = trade.get("lots", [])
            assert {lot for lot, _ in sold} <= set(lots)
            assert sum(quantity for _, quantity in sold) in (0, trade["quantity"])
            assert trade.get("lot_method", "fifo") in HISTORY_METHOD_CODES
    for sale in case["expect"].get("disposals", []):
        assert sale["gain"] == pytest.approx(sale["proceeds"] - sale["basis"])
        assert sale["recognized"] == pytest.approx(sale["gain"] + sale["disallowed"])
        assert 0 <= sale["permanent"] <= sale["disallowed"]
