"""A frontier and a transition in a terminal of 80 characters: figures, totals, and what falls short."""

from __future__ import annotations

from rebal_kit.proposal.frontier import tax_frontier
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.transition import transition_plan
from rebal_kit.views.transition_tables import frontier_table, terminal
from tests.proposal.sold_down import FREE, MARKET, owner
from tests.views.test_proposal_tables import flat, printed


def test_a_transition_says_years_totals_and_assumptions() -> None:
    text = printed(*terminal(transition_plan(MARKET, owner(), FREE, years=2)))
    assert max(map(len, text.splitlines())) <= 80
    for words in ("test: selling down STOCK from 2025-12-08", "chosen: equal gains each year", "all at once 7,41",
                  "2025-12-08 54,944 54,944 49,450 0 50.0 50.0", "all 109,889 109,889 98,900 0",
                  "no growth"):  # fmt: skip
        assert words in flat(text), words


def test_a_budget_that_falls_short_is_named() -> None:
    text = flat(printed(*terminal(transition_plan(MARKET, owner(), FREE, years=1, yearly_tax=100.0))))
    assert "short of" in text
    assert "warning: targets:" in text


def test_a_frontier_is_sorted_by_drift() -> None:
    text = printed(
        frontier_table(tax_frontier(propose(MARKET, owner(do_not_sell=()), FREE, look="now"), points=3))
    )
    lines = [line.split() for line in text.splitlines()[2:] if line.strip()]
    assert lines
    assert {"today", "greedy", "zero gain"} <= {" ".join(line[:-5]) for line in lines}
    drifts = [float(line[-5]) for line in lines]
    assert drifts == sorted(drifts)
