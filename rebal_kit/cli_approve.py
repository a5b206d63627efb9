"""`rebal approve`, `rebal fills`, `rebal audit-log`: what happens to a proposal once it is made. Thin, as `cli` is."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from rebal_kit.cli_manners import DIFFERENT, findings_instead_of_traceback, say, show
from rebal_kit.findings import Finding, RebalError, raise_errors

audit_log = typer.Typer(help="Verify or mend the audit log of proposals.", no_args_is_help=True)

_Proposal = Annotated[
    Path, typer.Argument(metavar="PROPOSAL.json", help="A proposal, as `rebal propose` writes it.")
]
_Log = Annotated[Path, typer.Argument(metavar="LOG", help="The audit log.")]


def approve(
    proposal: _Proposal,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the orders go: into a folder named by the proposal.")
    ],
    log: Annotated[Path, typer.Option(metavar="LOG", help="The audit log, made where there is none.")],
    who: Annotated[str, typer.Option(metavar="NAME", help="Who approves.")],
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="wash_sale, overspend or approved_before: approve although it is flagged; repeat. It is logged.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show what will be ordered, ask, write a CSV file of orders for each broker and a line in the audit log.

    Nothing is sent to a broker. Orders and line are there both, or neither.
    """
    from rebal_kit.files.approval import approve as decide
    from rebal_kit.files.approval_checks import objections
    from rebal_kit.files.proposal_file import ProposalError, as_proposal, load_proposal_document
    from rebal_kit.views.approval_tables import alert

    with findings_instead_of_traceback():
        document = load_proposal_document(proposal)
        read = as_proposal(document)
        show(alert(read))
        raise_errors(ProposalError, objections(read, dt.date.today(), allow or ()))  # before one is asked
        if not yes and not typer.confirm("Approve these orders?"):
            typer.echo("nothing was approved, nothing was written", err=True)
            raise typer.Exit(DIFFERENT)
        made = decide(document, out, who=who, log=log, allow=allow or ())
    say(made.findings)
    typer.echo("".join(f"written: {path}\n" for path in made.files), err=True, nl=False)
    typer.echo(f"approved by {made.who}: line {made.line} of {log}, hash {made.hash}", err=True)


def fills(
    proposal: _Proposal,
    executed: Annotated[
        Path,
        typer.Argument(
            metavar="FILLS.csv",
            help="Columns quantity, price, date and trade, or account, symbol and side; also proposal, fees, fill.",
        ),
    ],
    log: Annotated[
        Path | None, typer.Option(metavar="LOG", help="Also write a line into this audit log; needs --who.")
    ] = None,
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Who reconciles.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare executed fills with what was proposed: filled, left, price, shortfall.

    Leaves with exit code 1 when not everything was filled as it was ordered.
    """
    from rebal_kit.files.fills_file import read_fills
    from rebal_kit.files.fills_log import log_fills
    from rebal_kit.files.proposal_file import load_proposal_document
    from rebal_kit.files.reading import decoded, read_bytes
    from rebal_kit.files.reconciliation import reconcile
    from rebal_kit.findings import LedgerError
    from rebal_kit.views.approval_tables import filled

    with findings_instead_of_traceback():
        if log is not None and who is None:
            raise RebalError(Finding("error", "--log", "needs a name", "add --who NAME"))
        document = load_proposal_document(proposal)
        raw = read_bytes(executed, LedgerError)
        text = decoded(raw, str(executed), LedgerError)
        found = reconcile(document, read_fills(text, str(executed)))
        if log is not None:
            say(log_fills(log, str(who), document, found, raw))
    say(found.findings)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        show(filled(found))
    if not found.complete:
        raise typer.Exit(DIFFERENT)


@audit_log.command()
def verify(
    log: _Log,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also settle what a killed approval left in this folder of orders."),
    ] = None,
) -> None:
    """Find every line that was changed, removed, moved, inserted or torn; finish approvals that were cut off.

    Leaves with exit code 1 when the log is not as it was written.
    """
    from rebal_kit.files.approval import settle_approvals
    from rebal_kit.files.audit_log import verify_audit_log
    from rebal_kit.files.log_chain import read_log

    found = verify_audit_log(log)
    say(found)
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(DIFFERENT)
    with findings_instead_of_traceback():
        read = read_log(log)
        typer.echo(f"{log}: whole, {len(read.lines):,} lines, last hash {read.last}")
        say(settle_approvals(log, out))


@audit_log.command()
def mend(log: _Log, who: Annotated[str, typer.Option(metavar="NAME", help="Who mends.")]) -> None:
    """Take a torn last line, which a killed writer left, off a log; keep it beside, and log that it was done."""
    from rebal_kit.files.audit_log import mend_audit_log

    with findings_instead_of_traceback():
        kept = mend_audit_log(log, who)
    done = "its end was missing and is there now" if kept is None else f"what was torn is kept in {kept}"
    typer.echo(f"{log}: mended; {done}", err=True)
