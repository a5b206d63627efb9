"""What the engine does on one session, told as a proposal, passes the checker; a number of it changed does not."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.to_date import YearToDate
from tests.proposal.checker import check
from tests.proposal.households import market_of, prices_of, random_household
from tests.proposal.reading import Case

SEEDS = range(60)
#: A sale is cut to what limits leave of it after it was found large enough.
CUT = "is below the smallest order"


@cache
def told_by_engine(seed: int) -> tuple[Any, Any, Any, dict[str, float]] | None:
    """A session of the back-test as a document; None where it sells what it bought on the same day."""
    household, policy, closes, asof = random_household(seed)
    # A back-test opens without a past.
    household = replace(household, loss_sales=(), year_to_date=YearToDate())
    run = backtest(market_of(closes), household, policy, start=asof, open_with="lots")
    known = {lot.lot for lot in household.lots}
    sold = run.journal[run.journal["side"] == "sell"]
    if not set(sold["lot"]) <= known:
        return None
    return document_of(run, household, policy, prices_of(closes)), household, policy, prices_of(closes)


def document_of(run: Backtest, household: Any, policy: Any, prices: dict[str, float]) -> dict[str, Any]:
    year = run.years.iloc[-1]
    brokers = {account.name: account.broker for account in household.accounts}
    before = {account.name: float(account.cash) for account in household.accounts}
    after = {account.name: float(account.cash) for account in run.closing_household.accounts}
    document = {
        "asof": household.as_of.isoformat(), "solver": "greedy",
        "trades": [trade_of(rows, brokers) for _, rows in run.journal.groupby("order", sort=True)],
        "tax": {"short_gain": float(year["short"]), "long_gain": float(year["long"]),
                "disallowed": float(year["disallowed"]), "tax_now": float(year["tax"])},
        "cost": float(run.journal["cost"].sum()), "drift": {"before": 0.0, "after": float(run.daily["drift"].iloc[-1])},
        "cash": [{"account": name, "before": before[name], "after": after[name]} for name in before],
    }  # fmt: skip
    case = Case(document, household, policy, prices)
    document["drift"]["before"] = case.drift(case.held_before, before)
    return document


def trade_of(rows: Any, brokers: dict[str, str]) -> dict[str, Any]:
    """One order; pieces of a lot are one."""
    first, lots = rows.iloc[0], []
    for name, pieces in rows.groupby("lot", sort=False):
        one = pieces.iloc[0]
        lots.append({
            "lot": name, "acquired": one["acquired"].date().isoformat(), "quantity": float(pieces["quantity"].sum()),
            "term": {"ST": "short", "LT": "long"}.get(one["term"], ""), "gain": float(pieces["gain"].sum()),
            "disallowed": float(pieces["disallowed"].sum()),
        })  # fmt: skip
    return {
        "account": first["account"], "broker": brokers[first["account"]], "symbol": first["symbol"],
        "side": first["side"], "quantity": float(rows["quantity"].sum()), "price": float(first["price"]),
        "amount": float(rows["amount"].sum()), "cost": float(rows["cost"].sum()),
        "lots": lots if first["side"] == "sell" else [], "reason": first["reason"],
    }  # fmt: skip


def numbers_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the numbers of a document are."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from numbers_in(item, (*path, key))
    if isinstance(value, float):
        yield path


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_engine_does_passes(seed):
    told = told_by_engine(seed)
    if told is not None:
        assert [fault for fault in check(*told) if CUT not in fault] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_number_that_is_changed_is_found(seed):
    told = told_by_engine(seed)
    if told is None or not told[0]["trades"]:
        return
    document, *rest = told
    before = set(check(*told))
    random = Random(seed)
    paths = list(numbers_in(document))
    for path in random.sample(paths, min(40, len(paths))):
        changed = deepcopy(document)
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] += random.choice((-1, 1)) * max(0.05, abs(place[path[-1]]) * 1e-3)
        assert set(check(changed, *rest)) - before, path


def test_most_of_it_is_looked_at():
    told = [told_by_engine(seed) for seed in SEEDS]
    assert sum(one is not None and len(one[0]["trades"]) > 2 for one in told) > len(SEEDS) / 2
