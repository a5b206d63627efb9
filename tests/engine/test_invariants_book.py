"""What must hold of every history, whatever the numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.engine.history import play
from rebal_kit.engine.ledger import DISALLOWED, LONG, PERMANENT, SHORT
from rebal_kit.engine.tape import ENTRIES
from tests.engine.examples import examples
from tests.engine.stories import AMOUNTS, PURCHASES, arrays, in_order, law, retell, told
from tests.engine.strategies import SYMBOLS, stories

EXAMPLES = settings(max_examples=examples(compiled=60, interpreted=15))
CENT = 0.005
QUANTITY, BASIS, GAIN, LOST = (AMOUNTS.index(name) for name in ("quantity", "basis", "gain", "disallowed"))


def about(amount):
    return pytest.approx(amount, rel=1e-12, abs=1e-6)


def taxable(story):
    return {name for name, account in story["accounts"].items() if account["kind"] == "taxable"}


def without_numbers(result, trades):
    """Key disposals by the sale itself instead of by its place in the list."""
    places = {id(trade): n for n, trade in enumerate(trades)}
    assert len(places) == len(trades)
    return {
        (trades[number].get("tag"), lot, start, term): row
        for (number, lot, start, term), row in result.disposals.items()
    }


def tagged(story):
    """Give every trade a name that survives re-ordering and insertions."""
    return story | {"trades": [trade | {"tag": n} for n, trade in enumerate(in_order(story))]}


def assert_same_money(mine, my_story, theirs, their_story, shares=1.0):
    """Hold two tellings to the same dollars; `shares` is how many of theirs make one of mine."""
    found = without_numbers(mine, in_order(my_story)), mine.open_lots
    expected = without_numbers(theirs, in_order(their_story)), theirs.open_lots
    for these, those in zip(found, expected, strict=True):
        worth = {key for rows in (these, those) for key, row in rows.items() if row[QUANTITY] > 1e-6}
        for key in worth:
            assert these[key][0] * shares == pytest.approx(those[key][0], rel=1e-9), key
            assert these[key][1:] == pytest.approx(those[key][1:], rel=1e-9, abs=1e-6), key


@EXAMPLES
@given(stories())
def test_recognized_is_economic_gain_plus_deferred_plus_permanent(story):
    result = told(story)
    own = taxable(story)
    paid = sum(
        trade["quantity"] * trade["price"] + trade["fees"]
        for trade in story["trades"]
        if trade["account"] in own and trade["side"] in PURCHASES
    )
    received = sum(
        trade["quantity"] * trade["price"] - trade["fees"]
        for trade in story["trades"]
        if trade["account"] in own and trade["side"] == "sell"
    )
    kept = [row for (account, *_), row in result.open_lots.items() if account in own]
    deferred = sum(row[2] for row in kept)
    economic = received - paid + sum(row[1] - row[2] for row in kept)
    assert result.total("recognized") == about(economic + deferred + result.total("permanent"))


@EXAMPLES
@given(stories())
def test_no_more_is_disallowed_than_was_lost(story):
    for key, row in told(story).disposals.items():
        assert 0.0 <= row[LOST] <= max(0.0, -row[GAIN]) + 1e-9, key


@EXAMPLES
@given(stories())
def test_a_share_replaces_once(story):
    facts = arrays(story)
    desk = play(facts.history, law())
    bought, replaced = np.zeros(len(facts.symbols)), np.zeros(len(facts.symbols))
    for row in desk.tape.journal[: desk.tape.counts[ENTRIES]]:
        group = facts.group[row.security]
        if row.side == 1:
            bought[group] += row.quantity
        elif row.disallowed > 0.0:
            replaced[group] += row.quantity * row.disallowed / -row.gain
    assert (replaced <= bought + 1e-6).all()


@EXAMPLES
@given(stories(longest=12))
def test_nothing_stays_deferred_once_all_is_sold_and_the_windows_are_closed(story):
    day = dt.date.fromisoformat(story["trades"][-1]["date"]) + dt.timedelta(days=31)
    held = defaultdict(int)
    for trade in story["trades"]:
        sign = 1 if trade["side"] in PURCHASES else -1
        held[trade["account"], trade["symbol"]] += sign * round(trade["quantity"] * 1000)
    sales = [
        {"date": day.isoformat(), "account": account, "symbol": symbol, "price": 9.0, "fees": 0, "side": "sell",
         "quantity": thousandths / 1000}
        for (account, symbol), thousandths in held.items() if thousandths
    ]  # fmt: skip
    result = told(story | {"trades": story["trades"] + sales})
    assert not result.open_lots
    own = taxable(story)
    economic = sum(
        (1 if trade["side"] == "sell" else -1) * trade["quantity"] * trade["price"] - trade["fees"]
        for trade in story["trades"] + sales
        if trade["account"] in own
    )
    assert result.total("recognized") == about(economic + result.total("permanent"))


@EXAMPLES
@given(stories())
def test_the_ledgers_years_are_the_sums_of_the_journal(story):
    facts = arrays(story)
    desk = play(facts.history, law())
    result = retell(facts, desk)
    first = int(in_order(story)[0]["date"][:4])
    for y, row in enumerate(desk.ledger.years):
        assert row[SHORT] == about(result.years.get((first + y, "ST"), 0.0))
        assert row[LONG] == about(result.years.get((first + y, "LT"), 0.0))
    assert desk.ledger.years[:, DISALLOWED].sum() == about(result.total("disallowed"))
    assert desk.ledger.years[:, PERMANENT].sum() == about(result.total("permanent"))


@EXAMPLES
@given(stories())
def test_held_is_the_sum_of_the_lots_and_pages_are_in_order(story):
    desk = play(arrays(story).history, law())
    ledger = desk.ledger
    for a in range(len(ledger.cash)):
        for s in range(ledger.held.shape[1]):
            page = ledger.lots[a, s, : ledger.lot_count[a, s]]
            assert ledger.held[a, s] == about(page.quantity.sum())
            assert (page.quantity > 0).all()
            assert (np.diff(page.acquired) >= 0).all()
            assert (np.diff(page.purchase) >= 0).all()
            if len(page):
                assert desk.work.ripe[a, s] >= ((page.cost + page.deferred) / page.quantity).max() * (
                    1 - 1e-12
                )


@EXAMPLES
@given(stories(), st.sampled_from([2, 3, 10, 0.5]))
def test_more_shares_at_a_lower_price_are_the_same_dollars(story, k):
    story = tagged(story)
    scaled = story | {"trades": [scaled_by(trade, k) for trade in story["trades"]]}
    assert_same_money(told(story), story, told(scaled), scaled, shares=k)


def scaled_by(trade, k):
    more = {"quantity": trade["quantity"] * k, "price": trade["price"] / k}
    if "lots" in trade:
        more["lots"] = [(lot, quantity * k) for lot, quantity in trade["lots"]]
    return trade | more


@EXAMPLES
@given(stories())
def test_the_order_of_securities_and_accounts_is_of_no_matter(story):
    story = tagged(story)
    symbols = [symbol for symbol in reversed(SYMBOLS) if any(t["symbol"] == symbol for t in story["trades"])]
    turned = told(story, symbols=symbols, accounts=list(reversed(story["accounts"])))
    assert_same_money(told(story), story, turned, story)


@EXAMPLES
@given(stories())
def test_trades_of_one_day_in_unrelated_securities_may_be_told_in_any_order(story):
    story = tagged(story)
    grouped = sorted(story["trades"], key=lambda trade: (trade["date"], trade["symbol"] == "C"))
    other = story | {"trades": grouped}
    assert_same_money(told(story), story, told(other), other)


@EXAMPLES
@given(stories(), st.integers(0, 24), st.sampled_from([2, 3, 1.5, 0.1]))
def test_a_split_changes_no_dollar(story, at, ratio):
    story = tagged(story)
    before, after = story["trades"][:at], story["trades"][at:]
    day = after[0]["date"] if after else before[-1]["date"]
    splits = [{"date": day, "side": "split", "symbol": symbol, "ratio": ratio} for symbol in SYMBOLS]
    divided = story | {"trades": before + splits + [scaled_by(trade, ratio) for trade in after]}
    mine, theirs = told(story), told(divided)
    mine_by, theirs_by = (without_numbers(r, in_order(s)) for r, s in ((mine, story), (theirs, divided)))
    for key, row in mine_by.items():
        if row[QUANTITY] > 1e-6:
            assert theirs_by[key][1:] == pytest.approx(row[1:], rel=1e-9, abs=1e-6), key
    for key, row in mine.open_lots.items():
        if row[QUANTITY] > 1e-6:
            assert theirs.open_lots[key][0] == pytest.approx(row[0] * ratio, rel=1e-9), key
            assert theirs.open_lots[key][1:] == pytest.approx(row[1:], rel=1e-9, abs=1e-6), key
