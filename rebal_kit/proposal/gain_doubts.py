"""Which of the policy's limits on gains the trades of a changed proposal do not keep. What was decided keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from rebal_kit.findings import Finding
from rebal_kit.rules.holding import day_number, first_long_term_day

if TYPE_CHECKING:
    from rebal_kit.proposal.proposal import Proposal

_CENT = 0.005
_REMEDY = "change less, or other lots"


def gain_doubts(proposal: Proposal) -> Iterator[Finding]:
    """Find short-term gains that the policy never takes or postpones, and a year's budget that is overspent."""
    policy, lots = proposal.day.policy, proposal.lots
    short = lots[(lots["term"] == "short") & (lots["gain"] > _CENT)]
    if policy.gains.short == "never" and len(short):
        what = (
            f"short-term gains of US$ {short['gain'].sum():,.2f} are realised, which the policy never takes"
        )
        yield Finding("warning", _trades(short), what, _REMEDY)
    elif policy.gain_guard_days and len(short):
        soon = short[[_turns_within(row, proposal, policy.gain_guard_days) for row in short.itertuples()]]
        if len(soon):
            gain, days = float(soon["gain"].sum()), policy.gain_guard_days
            what = f"short-term gains of US$ {gain:,.2f} turn long-term within {days} days"
            yield Finding("warning", _trades(soon), what, "wait, or sell other lots")
    budget, so_far = policy.gains.max_gain_usd, proposal.day.household.year_to_date
    done = proposal.settlement
    before = so_far.short + so_far.long
    year = before + done.short_gain + done.long_gain
    if budget is not None and year > max(budget, before) + _CENT:
        what = f"the year's net gain comes to US$ {year:,.2f}, over the budget of US$ {budget:,.2f}"
        yield Finding("warning", "gains", what, _REMEDY)


def _trades(lots: pd.DataFrame) -> str:
    numbers = sorted(set(lots["trade"].tolist()))
    return f"trade{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _turns_within(row: object, proposal: Proposal, days: int) -> bool:
    """Say whether a lot that was sold would have been long-term within so many days."""
    held = next((lot for lot in proposal.day.household.lots if lot.lot == row.lot), None)  # type: ignore[attr-defined]
    if held is None:
        return False
    start = held.holding_start or held.acquired
    today = day_number(proposal.asof.year, proposal.asof.month, proposal.asof.day)
    return bool(first_long_term_day(day_number(start.year, start.month, start.day)) - today <= days)
