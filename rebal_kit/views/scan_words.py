"""A scan as an alert: plain text that may go through mail and chat, without account numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rebal_kit.files.account_number import hidden
from rebal_kit.findings import STALE, Finding

if TYPE_CHECKING:
    from rebal_kit.proposal.scan import Scan

#: So many losses and windows are listed; the rest are counted.
_SHOWN = 12
#: An account number in the name of an account, however it is spaced; and a day, which is none.
_NUMBER, _DAY = re.compile(r"\d(?:[ .\-]?\d){6,}"), re.compile(r"\d{4}-\d{2}-\d{2}")


def alert_of(scan: Scan) -> tuple[str, str]:
    """Return title and text of an alert: what is due, losses to harvest, windows, stale prices."""
    count = sum(finding.severity != "note" for finding in scan.due)
    title = f"rebal: {scan.household.name}: {count} thing{'s' * (count != 1)} due on {scan.asof}"
    lines = [
        f"Prices of {scan.asof}, policy '{scan.policy.name}'. Nothing has been proposed or traded.",
        "",
        "Due:",
    ]
    lines += [f"- {finding}" for finding in scan.due if finding.severity != "note"]
    lines += _part("Soon", [str(finding) for finding in scan.due if finding.severity == "note"])
    lines += _part("Losses to harvest", _harvest(scan))
    lines += _part("May not be traded yet", _windows(scan))
    lines += _part("Stale prices", [finding.what for finding in scan.findings if finding.where == STALE])
    lines += _part("To know", [str(f) for f in scan.findings if f.where != STALE and f.severity != "note"])
    lines += ["", "Not tax advice."]
    title, *lines = _without_numbers(scan, [title, *lines])
    return title, "\n".join(lines)


def together(scan: Scan) -> str:
    """Return what all losses that nothing stands in the way of come to, in a sentence."""
    found = scan.harvestable
    if not found.lots:
        return "no loss can be harvested"
    saved = (
        f"{found.lots} lot{'s' * (found.lots != 1)} can be harvested: US$ {found.loss:,.2f} of losses, US$"
        f" {found.tax_saved:,.2f} of tax saved at marginal rates after US$ {found.cost:,.2f} of cost; US$"
        f" {found.this_year:,.2f} on this year's return"
    )
    return saved + (f", US$ {found.carried_over:,.2f} carried over" if found.carried_over > 0.005 else "")


def _part(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"- and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return ["", f"{title}:", *(f"- {line}" for line in lines[:_SHOWN]), *more]


def _harvest(scan: Scan) -> list[str]:
    free = scan.harvest[scan.harvest["why_not"] == ""]
    if not len(free):
        return []
    return [together(scan)] + [
        f"{row.account}, {row.symbol} lot {row.lot}: loss of US$ {row.loss:,.2f} ({row.term}), saves US$"
        f" {row.tax_saved:,.2f}; replacement {row.replacement}"
        for row in free.sort_values("tax_saved", ascending=False).itertuples()
    ]


def _windows(scan: Scan) -> list[str]:
    return [
        f"{row.symbol}{f' in {row.account}' if row.account else ''} until {row.until}: {row.why}"
        for row in scan.windows.itertuples()
    ]


def _without_numbers(scan: Scan, lines: list[str]) -> list[str]:
    """Return lines in which no account number stands in full."""
    names = (scan.household.name, *(account.name for account in scan.household.accounts))
    known = {number for name in names for number in _NUMBER.findall(name) if not _DAY.fullmatch(number)}
    return [finding.what for finding in hidden([Finding("note", "", line) for line in lines], known)]
