"""A proposal in a terminal: every trade with its reason, sums that are the proposal's, at any width."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from rebal_kit.domain import Household
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.proposal.gifting import gift_suggestion
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.sources.load import load_market
from rebal_kit.views.proposal_tables import classes, gift_table, side_by_side, terminal, trade_rows
from tests.proposal.sold_down import appreciated

POLICY = load_policy("threshold_3pct_harvest")


def printed(*parts: Any, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for part in parts:
        console.print(part)
    return stream.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


def asked(household: Household, **more: Any) -> Proposal:
    return propose(load_market("etf"), household, POLICY, look="now", **more)


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return asked(load_household("two_million"), solver="optimal")


@pytest.mark.parametrize("width", [80, 120, 160])
def test_everything_is_there_at_any_width(proposal: Proposal, width: int) -> None:
    text = printed(*terminal(proposal, width), width=width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("two million on 2012-09-12: 12 trades", "policy threshold 3pct harvest", "optimal",
                  "valid through 2012-09-13", proposal.id, "tax now, US$", "−873", "cost, US$", "drift, %", "Weights",
                  "42.0 to 48.0", "Blocked", "until 2012-09-13", "Not done", "What to know"):  # fmt: skip
        assert words in flat(text), words
    for row in proposal.trades.to_dict("records"):
        assert row["symbol"] in text
        assert f"{row['amount']:,.0f}" in text
        assert f"{row['price']:,.2f}" in text
    for finding in proposal.findings:
        assert finding.what[:20] in flat(text)


def test_gains_by_term_are_those_of_the_lots(proposal: Proposal) -> None:
    rows = trade_rows(proposal)
    for term in ("ST", "LT"):
        gains = sum(row[term] for row in rows if row[term] == row[term])
        assert gains == pytest.approx(proposal.tax["short_gain" if term == "ST" else "long_gain"])
    assert all(row["ST"] != row["ST"] for row in rows if row["side"] == "buy")


def test_wide_tables_have_a_column_for_each_term(proposal: Proposal) -> None:
    text = printed(*terminal(proposal, 140), width=140)
    assert "gain ST" in text
    assert "−8,483" in text


def test_weights_are_those_of_the_proposal(proposal: Proposal) -> None:
    text = printed(classes(proposal))
    for name, row in proposal.classes.iterrows():
        line = next(line for line in text.splitlines() if line.startswith(str(name)))
        assert f"{100 * row['before']:.1f}" in line
        assert f"{100 * row['target']:.1f}" in line


def test_side_by_side_compares_and_proves(proposal: Proposal) -> None:
    assert proposal.greedy is not None
    text = flat(printed(side_by_side(proposal.greedy, proposal)))
    for words in ("trades 9 12 3", "tax now, US$ −873 −873 0", "drift after, % 2.99 0.00 −2.98", "objective, US$ 5,183",
                  "at most from the best, % 0.00"):  # fmt: skip
        assert words in text, words


def test_a_greedy_proposal_claims_no_bound() -> None:
    text = flat(printed(*terminal(asked(appreciated()), 80)))
    assert "the back-test's own decision" in text
    assert "gap" not in text
    assert "no tax in this account" in text


def test_nothing_to_trade_is_said() -> None:
    idle = propose(load_market("etf"), load_household("two_million"), load_policy("buy_and_hold"))
    text = flat(printed(*terminal(idle, 80)))
    assert "nothing to trade" in text
    assert "Trades, in this order" not in text


def test_markup_in_names_is_text() -> None:
    household = appreciated()
    first, *rest = household.accounts
    named = replace(household, name="[bold]Ann", accounts=(replace(first, name="[red]Main[/red]"), *rest))
    proposal = asked(named)
    for width in (80, 140):
        text = printed(*terminal(proposal, width), width=width)
        assert "[bold]Ann" in text
        assert "[red]Main" in text


def test_gifts_say_what_is_given_and_why_not() -> None:
    found = gift_suggestion(asked(appreciated()), 60_000.0)
    text = flat(printed(gift_table(found), width=140))
    for words in ("give", "IYR, Blair Taxable", "26,656", "22,120", "short-term: deduction limited to basis"):
        assert words in text, words
    assert "and 7 more lots that would do as well" in text
