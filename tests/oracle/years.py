"""The tax years of a story: the return with its trades, and the one without them, each with its own carryovers.

Which withdrawals are gross income: those from an individual retirement plan (IRC §408(d)(1)) and from an employees'
trust (§402(a)). A qualified distribution of a Roth IRA is none (§408A(d)(1)), nor is what an HSA pays for medical care
(§223(f)(1)); all of theirs are taken to be such. A taxable account is the household's own money.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.dividends import dividends, paid
from tests.oracle.ledger import settle
from tests.oracle.nouns import NONE, Outcome, exact
from tests.oracle.returns import TABLES, Return, settle_return

GROSS_INCOME = ("ira", "401k")


@dataclass(frozen=True)
class Year:
    """A settled year."""

    whole: Return
    alone: Return
    qualified: Fraction
    ordinary: Fraction
    distributions: Fraction

    @property
    def added(self) -> Fraction:
        return self.whole.total - self.alone.total


def years(story: dict[str, Any], outcome: Outcome | None = None) -> dict[int, Year]:
    """Settle each year from the first line of the story to the last."""
    outcome = outcome or settle(story)
    profile = {"filing": "mfj", "law_year": 2026, "ordinary_income": 0, **story.get("tax", {})}
    gains: dict[tuple[int, bool], Fraction] = defaultdict(Fraction)
    for sold in outcome.disposals:
        gains[sold.date.year, sold.long] += sold.recognized
    income = dividend_income(story, outcome)
    withdrawn = distributions(story)
    carried = {f"carry_{term}": exact(profile.get(f"carryover_{term}", 0)) for term in ("short", "long")}
    alone_carried = dict(carried)
    told = {}
    days = sorted(trade["date"] for trade in story["trades"])
    for year in range(int(days[0][:4]), int(days[-1][:4]) + 1):
        law = year if (year, profile["filing"]) in TABLES else profile["law_year"]
        profile_only = {"filing": profile["filing"], "wages": profile["ordinary_income"]}
        whole = settle_return(
            law, **profile_only, short=gains[year, False], long=gains[year, True], qualified=income[year, True],
            ordinary=income[year, False], distributions=withdrawn[year], **carried,
        )  # fmt: skip
        alone = settle_return(law, **profile_only, **alone_carried)
        carried = {"carry_short": whole.carry_short, "carry_long": whole.carry_long}
        alone_carried = {"carry_short": alone.carry_short, "carry_long": alone.carry_long}
        told[year] = Year(whole, alone, income[year, True], income[year, False], withdrawn[year])
    return told


def distributions(story: dict[str, Any]) -> dict[int, Fraction]:
    """Gross income from retirement plans, by year."""
    sums: dict[int, Fraction] = defaultdict(Fraction)
    for trade in story["trades"]:
        if trade["side"] == "withdraw" and story["accounts"][trade["account"]]["kind"] in GROSS_INCOME:
            sums[dt.date.fromisoformat(trade["date"]).year] += exact(trade["amount"])
    return sums


def dividend_income(story: dict[str, Any], outcome: Outcome) -> dict[tuple[int, bool], Fraction]:
    """Dividends by year, and whether they are qualified.

    The amount that is stated counts; lots share it by their shares. Where no lot was held none of it is qualified.
    """
    sums: dict[tuple[int, bool], Fraction] = defaultdict(Fraction)
    others = [trade for trade in story["trades"] if trade["side"] != "ex_dividend"]
    for trade in paid(story):
        rows = dividends({**story, "trades": [*others, trade]}, outcome)
        year, amount = int(trade["date"][:4]), exact(trade["quantity"]) * exact(trade["price"])
        held = sum((row.shares for row in rows), NONE)
        if not held:
            sums[year, False] += amount
        for row in rows:
            sums[year, row.qualified] += amount * row.shares / held
    return sums
