"""What is wrong with an input, said to a person; and the few exceptions of the package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]

#: So many problems of one input are listed; the rest are counted.
MAX_FINDINGS = 50
#: Where the findings stand that say which prices are stale.
STALE = "stale prices"


@dataclass(frozen=True)
class Finding:
    """One observation about an input or a result.

    Attributes
    ----------
    severity : {'error', 'warning', 'note'}
        An *error* stops the work, a *warning* changes what may be concluded, a *note* is an assumption.
    where : str
        File, row, field or object the finding is about.
    what : str
        What was found, with the value.
    remedy : str
        What to do about it; may be empty for a note.
    """

    severity: Severity
    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        return f"{text} — {self.remedy}" if self.remedy else text


class RebalError(ValueError):
    """Base of the package's exceptions; carries every finding, not only the first."""

    def __init__(self, findings: Finding | Iterable[Finding]):
        self.findings: tuple[Finding, ...] = (findings,) if isinstance(findings, Finding) else tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __reduce__(self) -> tuple[type[RebalError], tuple[tuple[Finding, ...]]]:
        """Pickle the findings, not the text that is made of them."""
        return type(self), (self.findings,)


class HouseholdError(RebalError):
    """A household, account or lot cannot be what was given."""


class LedgerError(RebalError):
    """A history of trades contradicts itself or the household."""


class MarketError(RebalError):
    """Prices are missing, malformed or do not cover what is asked."""


class PolicyError(RebalError):
    """A rebalancing policy or target allocation contradicts itself."""


class LawError(RebalError):
    """The law's numbers are not known for what is asked, or a figure of a return cannot be what was given."""


class SimulationError(RebalError):
    """The engine stopped; the message says in which session and why."""


def raise_errors(kind: type[RebalError], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Raise `kind` with all findings if one of them is an error, else hand them back."""
    found = tuple(findings)
    if any(finding.severity == "error" for finding in found):
        raise kind([finding for finding in found if finding.severity == "error"])
    return found


def capped(findings: Iterable[Finding], where: str) -> list[Finding]:
    """Return at most `MAX_FINDINGS` findings, and one more that counts those left out."""
    found = list(findings)
    if len(found) <= MAX_FINDINGS:
        return found
    rest = Finding(
        "error", where, f"and {len(found) - MAX_FINDINGS:,} more problems", "mend those above first"
    )
    return [*found[:MAX_FINDINGS], rest]


def badge_of(findings: Iterable[Finding]) -> str:
    """Return what every chart must show beside its period: that prices are stale. Mostly nothing."""
    return "; ".join(f"{STALE.upper()}: {finding.what}" for finding in findings if finding.where == STALE)


def some_of(names: Sequence[str], most: int = 8) -> str:
    """Name a few, and count what is more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
