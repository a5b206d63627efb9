"""What stands against approving a proposal, and what a person must allow by name before it is approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

from rebal_kit.files.account_number import without_numbers
from rebal_kit.files.proposal_file import Proposal
from rebal_kit.files.reading import did_you_mean
from rebal_kit.findings import Finding, some_of

#: What may be allowed: a loss that a wash sale disallows, an account that is left with less than no cash, another
#: proposal that was made from the same positions and is approved.
APPROVED_BEFORE = "approved_before"
ALLOWABLE = ("wash_sale", "overspend", APPROVED_BEFORE)
#: Half a cent: what rounding may make of nothing.
_CENT = 0.005


def flags(proposal: Proposal) -> dict[str, str]:
    """Return what of `ALLOWABLE` the proposal does, with a sentence that says where and how much."""
    found = {}
    washed = [t for t in proposal.trades if sum(lot.disallowed for lot in t.lots) > _CENT]
    disallowed = max(proposal.tax.disallowed, sum(lot.disallowed for t in washed for lot in t.lots))
    if disallowed > _CENT:
        named = some_of([f"{t.trade} ({t.symbol})" for t in washed])
        of = f" by trade {named}" if named else ""
        found["wash_sale"] = f"{disallowed:,.2f} US$ of losses are disallowed as wash sales{of}"
    short = [cash for cash in proposal.cash if cash.after < -_CENT]
    if short:
        named = some_of([f"'{without_numbers(cash.account)}' {cash.after:,.2f} US$" for cash in short])
        found["overspend"] = f"cash is below 0 afterwards: {named}"
    return found


def objections(proposal: Proposal, today: dt.date, allow: Collection[str] = ()) -> Iterator[Finding]:
    """Find what stands against approving a proposal today.

    Parameters
    ----------
    proposal : Proposal
    today : date
    allow : collection of str
        Of `ALLOWABLE`, what may be although it is flagged.
    """
    where = f"proposal {proposal.proposal}"
    if today > proposal.expires:
        what = f"the prices of {proposal.asof} are stale: it could be approved until {proposal.expires}"
        yield Finding("error", where, what, "propose anew")
    if not proposal.trades:
        yield Finding("error", where, "has no trades", "there is nothing to approve")
    for finding in proposal.findings:
        if finding.severity == "error":
            remedy = finding.remedy or "mend it, then propose anew"
            yield Finding("error", f"{where}, {finding.where}", finding.what, remedy)
    for name in allow:
        if name not in ALLOWABLE:
            yield Finding("error", "allow", f"is {name!r}", did_you_mean(name, ALLOWABLE))
    for name, said in flags(proposal).items():
        if name not in allow:
            yield Finding("error", where, said, f"propose anew, or allow {name} if that is meant")


def set_aside(proposal: Proposal, allow: Collection[str], who: str) -> list[dict[str, Any]]:
    """Return the overrides as the log keeps them: those of the proposal, and what was allowed on approving."""
    allowed = [
        {"what": f"allowed {name}", "why": said, "who": who}
        for name, said in flags(proposal).items() if name in allow
    ]  # fmt: skip
    if APPROVED_BEFORE in allow:
        allowed.append({"what": f"allowed {APPROVED_BEFORE}", "why": "asked for on approving", "who": who})
    told = ({key: _hidden(value) for key, value in one.items()} for one in proposal.overrides)
    return [*told, *allowed]


def _hidden(value: Any) -> Any:
    return without_numbers(value) if isinstance(value, str) else value
