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
from rebal_kit.cli_kept import Rerun, rerun_of
from rebal_kit.cli_manners import OpenWith, able_to_draw, findings_instead_of_traceback, progress_bar
from rebal_kit.findings import Finding, RebalError
from rebal_kit.safe_files import replacing

if TYPE_CHECKING:
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
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULT|PROPOSAL.json]",
            help="A folder that `rebal compare --save` made, or a file that `rebal propose --out` wrote.",
        ),
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

    Of a proposal: rebal report PROPOSAL.json --pdf FILE.

    Of a back-test: rebal report --household H --policy P --pdf FILE; or RESULT, which is run again.
    """
    span = (start.date() if start else None, end.date() if end else None, open_with)
    with findings_instead_of_traceback():
        refused = [*_misused(source, household, policy, against, any(span)), *_nowhere(html, pdf)]
        named = loaded(_firm, firm, refused)
        found: Report | None = None
        if source is not None and not source.is_dir():
            found = _of_proposal(source, named, refused)
        elif source is not None:
            rerun = rerun_of(source, policy, market, refused, strict=strict)
            found = _of_back_test(rerun, against, named, refused)
        elif household is not None and policy is not None:
            rerun = _asked(household, policy, market, refused, strict=strict)
            found = _of_back_test(None if rerun is None else rerun.within(*span), against, named, refused)
        if found is None:
            raise RebalError(refused)
        _write(found, html, pdf, paper)


def _misused(
    source: Path | None, household: str | None, policy: str | None, against: str | None, dated: bool
) -> list[Finding]:
    """Say which arguments do not go together."""
    given = {
        "--household": household is not None,
        "--policy": policy is not None,
        "--against": against is not None,
    }
    names = [name for name, is_given in given.items() if is_given] + ["--start, --end or --open-with"] * dated
    if source is None:
        lacking = [name for name in ("--household", "--policy") if not given[name]]
        if not lacking:
            return []
        what = f"only {' and '.join(names)} given" if names else "nothing to report is given"
        return [Finding("error", "report", what, "give RESULT or PROPOSAL.json, or --household and --policy")]
    kept = source.is_dir()  # its policy may be named, and what it is held against
    wrong = [name for name in names if not kept or name not in ("--policy", "--against")]
    if not wrong:
        return []
    what = f"{source} and {' and '.join(wrong)} are given"
    return [Finding("error", "report", what, "report one or the other")]


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


def _of_proposal(path: Path, firm: Firm | None, refused: list[Finding]) -> Report | None:
    from rebal_kit.files.proposal_file import load_proposal_document

    document = loaded(load_proposal_document, path, refused)
    if document is None or refused:
        return None
    with able_to_draw(path, "a report needs", "report"):
        from rebal_kit.views.report_proposal import proposal_report
    return proposal_report(document, firm)


def _of_back_test(
    rerun: Rerun | None, against: str | None, firm: Firm | None, refused: list[Finding]
) -> Report | None:
    """Run a policy and what it is held against; None, with findings, where the inputs cannot be used."""
    from rebal_kit.compare import compare

    other = loaded(partial(_other, rerun.policy), against, refused) if rerun is not None else None
    if rerun is None or other is None or refused:
        return None
    with able_to_draw(Path("report"), "a report needs", "report"):
        from rebal_kit.views.report_result import result_report
    say_doubts(rerun.market, rerun.market.name)
    with progress_bar(rerun.household.name, len((rerun.policy, other))) as advance:
        found = compare(
            rerun.market, rerun.household, [rerun.policy, other], progress=advance, start=rerun.start, end=rerun.end,
            open_with=rerun.open_with.value if rerun.open_with else None,
        )  # fmt: skip
    rerun.check(found.runs[rerun.policy.name])
    return result_report(found, rerun.policy.name, other.name, firm)


def _asked(household: str, policy: str, market: str, refused: list[Finding], *, strict: bool) -> Rerun | None:
    from rebal_kit.files.policy import load_policy
    from rebal_kit.sources.load import load_market

    home = loaded(household_with_doubts_said, household, refused)
    rule = loaded(load_policy, policy, refused)
    prices = loaded(partial(load_market, strict=strict), market, refused)
    return None if home is None or rule is None or prices is None else Rerun(home, rule, prices)


def _other(rule: RebalancePolicy, against: str | None) -> RebalancePolicy:
    """Return what a policy is held against."""
    from rebal_kit.files.policy import load_policy

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
