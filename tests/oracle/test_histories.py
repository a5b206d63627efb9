"""What must hold of every history, whatever the readings, exactly."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.dividends import dividends
from tests.oracle.histories import history
from tests.oracle.ledger import settle
from tests.oracle.nouns import NONE, Outcome, exact, in_order, scale
from tests.oracle.one_by_one import settle_one_by_one

SEEDS = range(300)
LATER = dt.timedelta(days=31)


def money(outcome: Outcome) -> dict[str, Fraction]:
    totals = {name: outcome.total(name) for name in ("recognized", "disallowed", "permanent", "unattached")}
    return {**totals, "deferred": outcome.deferred, "economic": outcome.economic}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_history(seed):
    story = history(seed)
    outcome = settle(story)
    told = money(outcome)
    assert told["recognized"] == sum(
        told[name] for name in ("economic", "deferred", "permanent", "unattached")
    )
    bought_for: dict[Any, Fraction] = defaultdict(Fraction)
    for sold in outcome.disposals:
        assert 0 <= sold.permanent + sold.unattached <= sold.disallowed <= max(0, -sold.gain)
        assert sum((match.sold for match in sold.matches), NONE) <= sold.quantity
        for match in sold.matches:
            assert match.sold > 0
            assert abs((match.purchase.date - sold.date).days) <= 30
            later = max(match.purchase.place, sold.place)
            growth = scale(
                outcome.splits, match.purchase.symbol, match.purchase.account, match.purchase.place, later
            )
            bought_for[match.purchase] += match.bought / growth
    end = len(in_order(story))
    for purchase in outcome.purchases:
        assert bought_for[purchase] == purchase.used <= purchase.bought  # each share once
        of_all = {"splits": outcome.splits, "symbol": purchase.symbol, "account": purchase.account}
        sold = sum(
            (g.count / scale(**of_all, start=purchase.place, end=g.place) for g in purchase.gone), NONE
        )
        left = sum((piece.count for piece in purchase.pieces), NONE)
        assert sold + left / scale(**of_all, start=purchase.place, end=end) == purchase.bought
        assert len([piece for piece in purchase.pieces if not piece.spent]) <= 1
        assert purchase.pieces == sorted(purchase.pieces, key=lambda piece: not piece.spent)
        if story["accounts"][purchase.account]["kind"] != "taxable":
            assert not any(piece.start != purchase.date for piece in purchase.pieces)


@pytest.mark.parametrize("seed", SEEDS[:100])
def test_nothing_stays_deferred_when_all_is_sold_long_after(seed):
    story = history(seed)
    day = dt.date.fromisoformat(max(trade["date"] for trade in story["trades"])) + LATER
    there: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for purchase in settle(story).purchases:
        there[purchase.account, purchase.symbol] += sum((piece.count for piece in purchase.pieces), NONE)
    for (account, symbol), count in there.items():
        if count:
            sale = {"date": day.isoformat(), "account": account, "symbol": symbol, "side": "sell", "price": 5}
            story["trades"].append({**sale, "quantity": count})
    told = money(settle(story))
    assert told["deferred"] == 0
    assert told["recognized"] == told["economic"] + told["permanent"] + told["unattached"]


@pytest.mark.parametrize("seed", SEEDS[:100])
def test_a_split_of_identical_securities_changes_no_amount(seed):
    """All securities are counted anew, three for two, somewhere on the way; what follows is told in new shares."""
    story = history(seed)
    trades = in_order(story)
    middle, ratio = len(trades) // 2, Fraction(3, 2)
    after: list[dict[str, Any]] = []
    for trade in trades[middle:]:
        if trade["side"] == "split":
            after.append(trade)
            continue
        new = {**trade, "quantity": exact(trade["quantity"]) * ratio, "price": exact(trade["price"]) / ratio}
        if "lots" in trade:
            new["lots"] = [[label, exact(count) * ratio] for label, count in trade["lots"]]
        after.append(new)
    splits = [
        {"date": trades[middle]["date"], "side": "split", "symbol": s, "ratio": ratio}
        for s in ("AA", "AB", "C")
    ]
    anew = settle({**story, "trades": [*trades[:middle], *splits, *after]})
    assert money(anew) == money(settle(story))


@pytest.mark.parametrize("seed", SEEDS[:50])
def test_money_scales(seed):
    story = history(seed)
    trades = [
        {**t, "price": exact(t["price"]) * 7, "fees": exact(t.get("fees", 0)) * 7} if "price" in t else t
        for t in story["trades"]
    ]
    told = money(settle({**story, "trades": trades}))
    assert told == {name: 7 * amount for name, amount in money(settle(story)).items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_share_by_share(seed):
    """The same law, told of single shares, with no arithmetic of parts at all."""
    story = history(seed, whole=True)
    outcome = settle(story)
    sales: dict[Any, list[Fraction]] = defaultdict(lambda: [NONE] * 5)
    for sold in outcome.disposals:
        amounts = sold.quantity, sold.gain, sold.disallowed, sold.permanent, sold.unattached
        key = sold.place, sold.label, sold.start
        sales[key] = [a + b for a, b in zip(sales[key], amounts, strict=True)]
    lots: dict[Any, list[Fraction]] = defaultdict(lambda: [NONE, NONE])
    for purchase in outcome.purchases:
        for piece in purchase.pieces:
            key = purchase.label, piece.start
            lots[key] = [
                lots[key][0] + piece.count,
                lots[key][1] + piece.count * (purchase.each + piece.added),
            ]
    assert (sales, lots) == settle_one_by_one(story)


@pytest.mark.parametrize("seed", SEEDS)
def test_dividends_are_paid_on_what_the_day_began_with(seed):
    story = history(seed)
    trades = sorted(story["trades"], key=lambda trade: trade["date"])
    rows = dividends(story)
    for paid in {(t["date"], t["account"], t["symbol"]) for t in trades if t["side"] == "ex_dividend"}:
        date, account, symbol = paid
        if story["accounts"][account]["kind"] != "taxable":
            continue
        held = NONE
        for trade in trades:
            if trade.get("symbol") != symbol or trade["date"] > date:
                continue
            if trade["side"] == "split":
                held *= exact(trade["ratio"]) if trade.get("account", account) == account else 1
            elif trade["date"] < date and trade["account"] == account and trade["side"] != "ex_dividend":
                held += exact(trade["quantity"]) * (-1 if trade["side"] == "sell" else 1)
        times = [
            t
            for t in trades
            if (t["side"], t["date"], t.get("account"), t.get("symbol")) == ("ex_dividend", *paid)
        ]
        mine = [r for r in rows if (r.ex_date.isoformat(), r.account, r.symbol) == paid]
        assert sum((row.shares for row in mine), NONE) == held * len(times)
        assert all(0 < row.days <= 121 and row.qualified == (row.days > 60) for row in mine)
