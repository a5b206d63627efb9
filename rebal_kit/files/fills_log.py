"""Fills in the audit log: that they were reconciled, and with what result."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rebal_kit.files.approval_staging import approvals
from rebal_kit.files.audit_log import LogEntry, append_held, held
from rebal_kit.files.log_chain import AuditLogError, read_log
from rebal_kit.files.proposal_file import as_proposal, document_hash
from rebal_kit.files.reconciliation import Reconciliation
from rebal_kit.findings import Finding, capped, raise_errors


def log_fills(
    log: str | Path,
    who: str,
    document: Mapping[str, Any],
    found: Reconciliation,
    source: bytes = b"",
    when: dt.datetime | None = None,
) -> tuple[Finding, ...]:
    """Add the line ``fills`` to the audit log; say what is odd about it.

    Parameters
    ----------
    log : str or path
    who : str
    document : mapping
        The proposal document.
    found : Reconciliation
    source : bytes
        The file of fills; a file that is in the log already is not written again.
    when : datetime, optional
        Now, when it is not given.

    Raises
    ------
    AuditLogError
        Nothing was added: see `append`.
    """
    proposal = as_proposal(document)
    digest = hashlib.sha256(source).hexdigest()
    trades = [
        {"trade": t.trade, "ordered": t.ordered, "filled": t.filled, "price": t.price, "shortfall": t.shortfall,
         "fees": t.fees}
        for t in found.trades
    ]  # fmt: skip
    details = {
        "fills": digest, "complete": found.complete, "shortfall": found.shortfall, "fees": found.fees,
        "unmatched": len(found.unmatched), "duplicates": len(found.duplicates), "trades": trades,
    }  # fmt: skip
    with held(log) as path:
        read = read_log(path)
        raise_errors(AuditLogError, capped(read.findings, str(path)))
        of_proposal = [line for line in read.lines if line["proposal"] == proposal.proposal]
        for line in of_proposal:
            if line["event"] == "fills" and line["details"].get("fills") == digest:
                what = f"has these fills of proposal {proposal.proposal} already, line {line['n']}"
                return (Finding("note", str(path), what, "nothing was added"),)
        entry = LogEntry(
            "fills", who, proposal.proposal, document_hash(document), proposal.inputs.model_dump(), details=details
        )  # fmt: skip
        append_held(path, entry, when)
    if proposal.proposal in approvals(of_proposal):
        return ()
    what = f"has fills of proposal {proposal.proposal}, but no approval of it"
    return (Finding("warning", str(path), what, "give the log in which it was approved"),)
