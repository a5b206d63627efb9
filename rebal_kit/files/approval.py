"""To approve a proposal: its orders in a folder, a line in the audit log, both or neither.

What is done, while the log and the folder are locked:

1. What killed processes left is settled, as told below.
2. The orders are written into the new folder ``DIR/.approving-ID-TOKEN-LOG`` and are on the disk.
3. The line ``approved`` is written into the log, with TOKEN and the SHA-256 of each orders file. *This decides*: before
   it nothing is approved, from it on everything is.
4. The folder is renamed to ``DIR/ID``, in one step.

Killed before 3, the staged folder is in no line of the log: it is removed. Killed after 3, it is in the log: it is
renamed. Either is done when `approve` is called next or the log is verified with `settle_approvals` (`rebal audit-log
verify`). So orders are never in place without a line in the log; a line without orders in place is only to be seen
until then. A torn line decides nothing before it is mended (`audit_log`), and nothing is settled until then.

The path of the log is taken as it was given: an unfinished approval that was to be written in *another* log is left
alone. A disk that is full, or an interruption, is settled at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rebal_kit.files.approval_checks import APPROVED_BEFORE, objections, set_aside
from rebal_kit.files.approval_staging import (
    LOCK,
    approvals,
    hashes_of,
    new_token,
    put_in_place,
    settle,
    stage,
    staging_folder,
)
from rebal_kit.files.audit_log import WAIT_SECONDS, LogEntry, append_held, check_entry, held, locked
from rebal_kit.files.log_chain import AuditLogError, Log, read_log
from rebal_kit.files.orders_file import orders_files
from rebal_kit.files.proposal_file import Proposal, ProposalError, as_proposal, document_hash
from rebal_kit.findings import Finding, RebalError, capped, raise_errors
from rebal_kit.safe_files import sync_folder


@dataclass(frozen=True)
class Approval:
    """A proposal that was approved.

    Attributes
    ----------
    proposal : str
        Its id.
    folder : path
        Where the orders are.
    files : tuple of path
        The orders, a file a broker.
    who : str
    when : str
        UTC, as in the log.
    line : int
        The line of the log that says so.
    hash : str
        The hash of that line; whoever has it can tell whether the log was changed up to there.
    findings : tuple of Finding
        What was settled that others had left unfinished.
    """

    proposal: str
    folder: Path
    files: tuple[Path, ...]
    who: str
    when: str
    line: int
    hash: str
    findings: tuple[Finding, ...] = ()


def approve(
    document: Mapping[str, Any],
    folder: str | Path,
    *,
    who: str,
    log: str | Path,
    now: dt.datetime | None = None,
    allow: Collection[str] = (),
    wait: float = WAIT_SECONDS,
) -> Approval:
    """Approve a proposal: write its orders into ``folder/ID``, and a line into the audit log; both or neither.

    Parameters
    ----------
    document : mapping
        As `load_proposal_document` returns it.
    folder : str or path
        Is made where it is not there.
    who : str
        Who approves.
    log : str or path
        The audit log; its folder must be there.
    now : datetime, optional
        The moment of approval; its own date is compared with the day on which the proposal expires.
    allow : collection of {'wash_sale', 'overspend', 'approved_before'}
        What may be although the proposal flags it; the log says that it was allowed.
    wait : float
        Seconds to wait for another process that approves.

    Raises
    ------
    ProposalError
        It cannot be approved: it was changed, it has expired, an error stands in it, something in it was not allowed,
        it is approved already, or its orders cannot be written.
    AuditLogError
        The log is not whole, cannot be written, or another process writes it all the time.
    """
    proposal = as_proposal(document)
    moment = now or dt.datetime.now().astimezone()
    allow = (allow,) if isinstance(allow, str) else tuple(allow)
    raise_errors(ProposalError, capped(objections(proposal, moment.date(), allow), "proposal"))
    texts = orders_files(document)
    path = Path(log)
    token = new_token()
    root = _resolved(folder)
    entry = LogEntry(
        "approved", who, proposal.proposal, document_hash(document), proposal.inputs.model_dump(),
        set_aside(proposal, allow, who), {"staged": token, "orders": hashes_of(texts), "folder": str(root)},
    )  # fmt: skip
    check_entry(entry, str(path))
    with held(path, wait):
        settled = _settled(root, path, wait)
        _not_yet(proposal, _whole(path), allow)
        _made(root, folder)
        with locked(root / LOCK, wait):
            target = root / proposal.proposal
            _free(target)
            line = _commit(
                staging_folder(root, proposal.proposal, token, path), target, texts, path, entry, moment
            )
    files = tuple(target / name for name in texts)
    return Approval(
        proposal.proposal, target, files, who, line["when"], line["n"], line["hash"], tuple(settled)
    )


def settle_approvals(
    log: str | Path, folder: str | Path | None = None, wait: float = WAIT_SECONDS
) -> tuple[Finding, ...]:
    """Finish or remove what killed processes left in a folder, and in those that the log names; say what was done.

    Raises
    ------
    AuditLogError
        The log is not whole, or another process writes it all the time; nothing was settled.
    """
    path = Path(log)
    root = None if folder is None else _resolved(folder)
    if not any(_unfinished(place) for place in _folders(root, _whole(path))):
        return ()
    with held(path, wait):
        return tuple(_settled(root, path, wait))


def _settled(root: Path | None, log: Path, wait: float) -> list[Finding]:
    whole = _whole(log)
    found: list[Finding] = []
    for place in filter(_unfinished, _folders(root, whole)):
        try:
            with locked(place / LOCK, wait):
                found += settle(place, log, whole.lines)
        except AuditLogError as error:
            found += [replace(finding, severity="warning") for finding in error.findings]
    return found


def _folders(root: Path | None, log: Log) -> list[Path]:
    """Return the folder that is asked for, and those that the log names."""
    named = [line["details"].get("folder") for line in approvals(log.lines).values()]
    return list(dict.fromkeys([*([root] if root else []), *(Path(str(name)) for name in named if name)]))


def _unfinished(place: Path) -> bool:
    try:
        return any(place.glob(".approving-*-*"))
    except OSError:  # no folder that could be read
        return False


def _commit(
    staging: Path, target: Path, texts: Mapping[str, str], log: Path, entry: LogEntry, moment: dt.datetime
) -> dict[str, Any]:
    line = None
    try:
        stage(staging, texts)
        line = append_held(log, entry, moment)
        put_in_place(staging, target)
    except BaseException as problem:
        # the log, not the exception, says whether it is approved; a torn line leaves all to whoever mends it
        with suppress(OSError, RebalError):
            list(settle(target.parent, log, _whole(log).lines))
        if not isinstance(problem, OSError):
            raise
        reason = problem.strerror or type(problem).__name__
        if line is None:
            what, remedy = (
                f"orders cannot be written: {reason}",
                "make room or give another path; nothing was approved",
            )
        else:
            what, remedy = f"it is approved, but its orders cannot be put there: {reason}", "verify the log"
        raise ProposalError(Finding("error", str(target), what, remedy)) from None
    return line


def _whole(log: Path) -> Log:
    """Return the log if it is as it was written."""
    read = read_log(log)
    raise_errors(AuditLogError, capped(read.findings, str(log)))
    return read


def _not_yet(proposal: Proposal, log: Log, allow: Collection[str]) -> None:
    """Refuse what is approved already, and what was made from positions of which other trades are approved."""
    made = approvals(log.lines)
    line = made.get(proposal.proposal)
    household = proposal.inputs.household
    other = next((one for one in made.values() if one["inputs"].get("household") == household), None)
    if line is None and other is not None and APPROVED_BEFORE not in allow:
        what = f"{other['proposal']}, made from the same positions, was approved by {other['who']} at {other['when']}"
        remedy = f"export the positions again and propose anew, or allow {APPROVED_BEFORE} if both are meant"
        raise ProposalError(Finding("error", f"proposal {proposal.proposal}", what, remedy))
    if line is not None:
        what = f"was approved by {line['who']} at {line['when']}, line {line['n']} of the log"
        remedy = f"its orders were written to {line['details'].get('folder')}; propose anew for others"
        raise ProposalError(Finding("error", f"proposal {proposal.proposal}", what, remedy))


def _free(target: Path) -> None:
    if target.exists() or target.is_symlink():
        what = "exists already, and this log has no approval of it"
        raise ProposalError(
            Finding("error", str(target), what, "give another folder, or the log it was made with")
        )


def _resolved(folder: str | Path) -> Path:
    try:
        return Path(folder).resolve()
    except (OSError, RuntimeError) as problem:  # links that lead to one another, a name that is too long
        what = f"leads nowhere: {getattr(problem, 'strerror', None) or 'a link to itself'}"
        raise ProposalError(Finding("error", str(folder), what, "give another path")) from None


def _made(root: Path, folder: str | Path) -> None:
    try:
        if root.exists() and not root.is_dir():
            raise NotADirectoryError(20, "it is a file")
        made = [path for path in (root, *root.parents) if not path.exists()]
        root.mkdir(parents=True, exist_ok=True)
        for path in made:
            sync_folder(path.parent)
    except OSError as problem:
        what = f"cannot be made a folder: {problem.strerror or type(problem).__name__}"
        raise ProposalError(Finding("error", str(folder), what, "give another path")) from None
