"""The tape: what the engine writes down while it runs. With no room given it writes nothing but totals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.ledger import JOURNAL_FULL, STATUS, Ledger

ENTRY = np.dtype(
    [
        ("order", "i8"),
        ("session", "i8"),
        ("account", "i8"),
        ("security", "i8"),
        ("side", "i8"),  # 1 bought, -1 sold
        ("quantity", "f8"),
        ("price", "f8"),  # of the fill
        ("decided", "f8"),  # the price by which it was decided
        ("cost", "f8"),  # the sum of the three below
        ("commission", "f8"),
        ("spread", "f8"),
        ("impact", "f8"),
        ("reason", "i8"),
        ("purchase", "i8"),
        ("piece", "i8"),  # of a purchase sold in several: its number, from 1; else 0
        (
            "whole",
            "f8",
        ),  # shares sold of that piece, in as many rows as the rest of the order has cut it into
        ("acquired", "i8"),
        ("start", "i8"),
        ("long", "i8"),
        ("basis", "f8"),
        ("gain", "f8"),
        ("disallowed", "f8"),
        ("permanent", "f8"),
    ]
)
MATCH = np.dtype(
    [
        ("row", "i8"),  # of the disposal at a loss
        ("account", "i8"),  # where the replacement was bought
        ("security", "i8"),
        ("purchase", "i8"),
        ("acquired", "i8"),
        ("quantity", "f8"),  # shares replaced
        ("disallowed", "f8"),
        ("permanent", "f8"),
        (
            "attached",
            "i8",
        ),  # 0 when the replacement shares were sold before: the loss has no lot to be added to
    ]
)
PASSED = np.dtype(
    [("session", "i8"), ("account", "i8"), ("security", "i8"), ("reason", "i8"), ("amount", "f8")]
)

#: Money that came into an account (positive) or left it, but for taxes paid from taxable accounts.
FLOW_ROW = np.dtype([("session", "i8"), ("account", "i8"), ("amount", "f8"), ("for_tax", "i8")])

#: Stands for no security in what is passed over.
NO_SECURITY = -1

# Columns of Tape.daily. GROWN is the value before tax: what was put in, grown at the rate before tax.
VALUE, BEFORE_TAX, CASH, DRIFT, TAX_PAID, DIVIDENDS, FLOW, GROWN = range(8)
DAILY_COLUMNS = 8
# Places in Tape.totals.
BOUGHT, SOLD, COMMISSION, SPREAD, IMPACT, DELAY, DEPOSITED, WITHDRAWN, NOT_PAID = range(9)
# Places in Tape.counts.
ENTRIES, PASSED_OVER, ORDERS, TRADES, REBALANCES, MATCHES, FLOWS = range(7)


class Tape(NamedTuple):
    """Journal, daily figures and totals of one run."""

    journal: np.ndarray  # (J,) ENTRY; no rows when nothing is to be recorded
    matches: np.ndarray  # (J,) MATCH, which purchase replaced which loss
    passed: np.ndarray  # (P,) PASSED
    flows: np.ndarray  # (P,) FLOW_ROW
    why_not: np.ndarray  # (A, S) int64, last reason noted, so that a standing obstacle is noted once
    daily: np.ndarray  # (T, DAILY_COLUMNS) float64
    weights: np.ndarray  # (T or 0, C + 1) float64, weight of each class and of cash
    totals: np.ndarray  # (9,) float64, US$
    counts: np.ndarray  # (7,) int64


def empty_tape(
    sessions: int, accounts: int, securities: int, classes: int, *, journal: int = 0, passed: int = 0
) -> Tape:
    """Return a blank tape; with `journal` 0 it takes only daily figures and totals."""
    return Tape(
        journal=np.zeros(journal, ENTRY).view(np.recarray),
        matches=np.zeros(journal, MATCH).view(np.recarray),
        passed=np.zeros(passed, PASSED).view(np.recarray),
        flows=np.zeros(passed, FLOW_ROW).view(np.recarray),
        why_not=np.full((accounts, securities), -1, np.int64),
        daily=np.zeros((sessions, DAILY_COLUMNS)),
        weights=np.zeros((sessions if journal else 0, classes + 1)),
        totals=np.zeros(9),
        counts=np.zeros(7, np.int64),
    )


@compiled
def blank(tape: Tape) -> None:
    """Wipe a tape in place. Daily figures are overwritten by the next run."""
    tape.why_not[:] = -1
    tape.totals[:] = 0.0
    tape.counts[:] = 0


@inner
def next_entry(tape: Tape, ledger: Ledger) -> int:
    """Return the journal row to write, or -1 when nothing is recorded or the journal is full."""
    if len(tape.journal) == 0:
        return -1
    row = tape.counts[ENTRIES]
    if row >= len(tape.journal):
        ledger.state[STATUS] = JOURNAL_FULL
        return -1
    tape.counts[ENTRIES] = row + 1
    return row


@inner
def note_match(
    tape: Tape, ledger: Ledger, row: int, account: int, security: int, purchase: int, acquired: int,
    quantity: float, disallowed: float, permanent: float, attached: int,
) -> None:  # fmt: skip
    """Write down which purchase replaced shares of the disposal in journal row `row`."""
    at = tape.counts[MATCHES]
    if at >= len(tape.matches):
        ledger.state[STATUS] = JOURNAL_FULL
        return
    tape.counts[MATCHES] = at + 1
    match = tape.matches[at]
    match.row = row
    match.account = account
    match.security = security
    match.purchase = purchase
    match.acquired = acquired
    match.quantity = quantity
    match.disallowed = disallowed
    match.permanent = permanent
    match.attached = attached


@inner
def pass_over(
    tape: Tape, ledger: Ledger, session: int, account: int, security: int, reason: int, amount: float
) -> None:
    """Note a trade that was not made and why, once as long as the reason stays; `security` -1 is none."""
    if len(tape.journal) == 0:
        return
    if security >= 0:
        if tape.why_not[account, security] == reason:
            return
        tape.why_not[account, security] = reason
    row = tape.counts[PASSED_OVER]
    if row >= len(tape.passed):
        ledger.state[STATUS] = JOURNAL_FULL
        return
    tape.counts[PASSED_OVER] = row + 1
    entry = tape.passed[row]
    entry.session = session
    entry.account = account
    entry.security = security
    entry.reason = reason
    entry.amount = amount


@inner
def note_flow(tape: Tape, ledger: Ledger, session: int, account: int, amount: float, for_tax: int) -> None:
    """Write down money that came into an account or left it."""
    if len(tape.journal) == 0:
        return
    row = tape.counts[FLOWS]
    if row >= len(tape.flows):
        ledger.state[STATUS] = JOURNAL_FULL
        return
    tape.counts[FLOWS] = row + 1
    entry = tape.flows[row]
    entry.session = session
    entry.account = account
    entry.amount = amount
    entry.for_tax = for_tax
