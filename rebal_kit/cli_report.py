"""`rebal report`: a proposal, or a back-test against another, as a page to hand over: HTML and PDF."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebal_kit.cli_fetch import say_doubts
from rebal_kit.cli_household import household_with_doubts_said, loaded
from rebal_kit.cli_manners import OpenWith, able_to_draw, findings_instead_of_traceback, progress_bar
from rebal_kit.findings import Finding, RebalError
from rebal_kit.safe_files import replacing

if TYPE_CHECKING:
    from rebal_kit.compare import Comparison
    from rebal_kit.files.firm import Firm
    from rebal_kit.policy import RebalancePolicy
    from rebal_kit.views.report_content import Report


class PaperChoice(StrEnum):
    """What a report is printed on."""

    LETTER = "letter"
    A4 = "a4"


#: What a back-testing policy is held against when nothing is named.
_UNHARVESTED, _BENCHMARK = "the same without harvesting", "buy_and_hold"


def report(  # noqa: PLR0913 - a command's options are its arguments
    proposal: Annotated[
        Path | None, typer.Argument(metavar="[PROPOSAL.json]", help="What `rebal propose --out` wrote.")
    ] = None,
    household: Annotated[
        str | None, typer.Option(help="For a back-test: a household file, or the name of a bundled one.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="For a back-test: a policy file, or the name of a bundled one.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="What the policy is held against: the same without harvesting, or buy_and_hold, when not given.",
        ),
    ] = None,
    market: Annotated[
        str, typer.Option(help="etf, stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG.")
    ] = "etf",
    start: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First session.")] = None,
    end: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last session.")] = None,
    open_with: Annotated[
        OpenWith | None, typer.Option(help="Open with the lots, or with the opening values.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file that needs no network.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF file.")] = None,
    firm: Annotated[
        Path | None,
        typer.Option(metavar="FIRM.yaml", help="Whose name it bears: name, address, contact, logo, colour."),
    ] = None,
    paper: Annotated[PaperChoice, typer.Option(help="What it is printed on.")] = PaperChoice.LETTER,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse prices that look wrong.")] = False,
) -> None:  # fmt: skip
    """Write a report for a client: one page to hand over, and appendices for whoever checks it.

    Of a proposal: rebal report PROPOSAL.json --pdf FILE. Of a back-test: rebal report --household H --policy P --pdf
    FILE.
    """
    with findings_instead_of_traceback():
        refused = [*_misused(proposal, household, policy, against), *_nowhere(html, pdf)]
        named = loaded(_firm, firm, refused)
        found: Report | None = None
        if proposal is not None:
            document = loaded(_document, proposal, refused)
            if document is not None and not refused:
                with able_to_draw(proposal, "a report needs", "report"):
                    from rebal_kit.views.report_proposal import proposal_report

                    found = proposal_report(document, named)
        elif household is not None and policy is not None:
            compared = _compared(
                household, policy, against, (market, strict), (start, end, open_with), refused
            )
            if compared is not None and not refused:
                with able_to_draw(html or pdf or Path("report"), "a report needs", "report"):
                    from rebal_kit.views.report_result import result_report

                    mine, other = compared.runs
                    found = result_report(compared, mine, other, named)
        if refused or found is None:
            raise RebalError(refused)
        _write(found, html, pdf, paper)


def _misused(
    proposal: Path | None, household: str | None, policy: str | None, against: str | None
) -> list[Finding]:
    """Say which arguments do not go together."""
    back_test = [
        name for name, given in (("--household", household), ("--policy", policy)) if given is not None
    ]
    if proposal is not None and (back_test or against is not None):
        other = " and ".join([*back_test, *(["--against"] if against is not None else [])])
        return [Finding("error", "report", f"a proposal and {other} are given", "report one or the other")]
    if proposal is None and len(back_test) < len(("--household", "--policy")):
        what = f"only {back_test[0]} is given" if back_test else "nothing to report is given"
        return [Finding("error", "report", what, "give PROPOSAL.json, or --household and --policy")]
    return []


def _nowhere(html: Path | None, pdf: Path | None) -> list[Finding]:
    if html is None and pdf is None:
        return [
            Finding("error", "report", "no file to write is given", "give --html FILE, --pdf FILE or both")
        ]
    if html is not None and pdf is not None and html.absolute() == pdf.absolute():
        return [Finding("error", "--pdf", f"is {pdf}, as --html is", "give two names")]
    return []


def _firm(path: Path | None) -> Firm | None:
    from rebal_kit.files.firm import load_firm

    return None if path is None else load_firm(path)


def _document(path: Path) -> dict[str, object]:
    """Return a proposal's document; a kept run is refused with what to do instead."""
    from rebal_kit.files.proposal_file import load_proposal_document

    kept = [folder for folder in (path, *sorted(path.glob("*"))) if (folder / "result.json").is_file()]
    if path.is_dir() and kept:
        what = (
            "is a kept run: it has trades and taxes, but neither the daily values nor the other run that growth and"
            " tax saved are worked out from"
        )
        remedy = f"give --household {kept[0] / 'household.yaml'} and --policy, to run it again"
        raise RebalError(Finding("error", str(path), what, remedy))
    return load_proposal_document(path)


def _compared(
    household: str, policy: str, against: str | None, prices: tuple[str, bool],
    span: tuple[dt.datetime | None, dt.datetime | None, OpenWith | None], refused: list[Finding],
) -> Comparison | None:  # fmt: skip
    """Run a policy and what it is held against; None, with findings, where the inputs cannot be used."""
    from rebal_kit.compare import compare
    from rebal_kit.files.policy import load_policy
    from rebal_kit.sources.load import load_market

    name, strict = prices
    home = loaded(household_with_doubts_said, household, refused)
    rule = loaded(load_policy, policy, refused)
    other = loaded(partial(_other, rule), against, refused)
    market = loaded(partial(load_market, strict=strict), name, refused)
    if refused or home is None or rule is None or other is None or market is None:
        return None
    say_doubts(market, name)
    start, end, open_with = span
    with progress_bar(home.name, len((rule, other))) as advance:
        return compare(
            market, home, [rule, other], progress=advance, start=start.date() if start else None,
            end=end.date() if end else None, open_with=open_with.value if open_with else None,
        )  # fmt: skip


def _other(rule: RebalancePolicy | None, against: str | None) -> RebalancePolicy | None:
    """Return what a policy is held against."""
    from rebal_kit.files.policy import load_policy

    if rule is None:
        return None
    if against is None and rule.harvest is not None:
        return replace(rule, name=_UNHARVESTED, harvest=None, gains=replace(rule.gains, pair=False))
    return load_policy(against or _BENCHMARK)


def _write(found: Report, html: Path | None, pdf: Path | None, paper: PaperChoice) -> None:
    """Make both files before either is written."""
    made: list[tuple[Path, bytes]] = []
    if html is not None:
        with able_to_draw(html, "a report needs", "report"):
            from rebal_kit.views.report_html import report_html

            made.append((html, report_html(found, paper.value).encode()))
    if pdf is not None:
        with able_to_draw(pdf, "a PDF needs", "report"):
            from rebal_kit.views.report_pdf import report_pdf

            made.append((pdf, report_pdf(found, paper.value)))
    for path, data in made:
        with able_to_draw(path):
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(data)
        typer.echo(f"written: {path}", err=True)
    if found.alarm:
        typer.echo(f"warning: {found.alarm}", err=True)
