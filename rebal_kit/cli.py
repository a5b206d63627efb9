"""The command line: `rebal demo`, `compare`, `sweep`, `household`, `tax`, `fetch` … Thin: it reads, asks and prints."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebal_kit import (
    cli_approve,
    cli_fetch,
    cli_household,
    cli_import,
    cli_propose,
    cli_report,
    cli_reproduce,
    cli_scan,
    cli_studio,
    cli_sweep,
)
from rebal_kit.cli_manners import (
    DIFFERENT,
    OpenWith,
    able_to_draw,
    findings_instead_of_traceback,
    progress_bar,
    say,
    show,
)
from rebal_kit.findings import Finding, PolicyError, RebalError

if TYPE_CHECKING:
    from rebal_kit.compare import Comparison
    from rebal_kit.domain import Household
    from rebal_kit.files.tax_input import TaxInput
    from rebal_kit.market import Market
    from rebal_kit.policy import RebalancePolicy
    from rebal_kit.tax_report import TaxReport

app = typer.Typer(
    help="After-tax back-tests of rebalancing rules, lot by lot, for all accounts of a household.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip

DEMO_HOUSEHOLDS = ("starter", "two_million")
DEMO_POLICIES = tuple(
    name
    for rule in ("buy_and_hold", "quarterly", "threshold_3pct", "tiered")
    for name in (rule, f"{rule}_harvest")
)
DEMO_PAGE = Path("build/comparison.html")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("rebal_kit"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """After-tax back-tests of rebalancing rules, lot by lot, for all accounts of a household."""


@app.command()
def demo(
    html: Annotated[Path, typer.Option(help="Where the page with the charts goes.")] = DEMO_PAGE,
    picture: Annotated[Path | None, typer.Option(help="Also save the main chart as a PNG or SVG.")] = None,
) -> None:
    """Compare eight rules on real prices for two example households: tables here, charts in a page."""
    from rebal_kit.files.household import load_household
    from rebal_kit.files.policy import load_policy
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        market = load_market("etf")
        policies = {name: load_policy(name) for name in DEMO_POLICIES}
        comparisons = [
            _run(market, load_household(name), policies, open_with="values") for name in DEMO_HOUSEHOLDS
        ]
        for comparison in comparisons:
            _print(comparison)
        _write_page(comparisons, html)
        if picture is not None:
            _write_picture(comparisons[-1], picture)


@app.command()
def compare(  # noqa: PLR0913 - a command's options are its arguments
    household: Annotated[
        str | None, typer.Option(help="A household file, or the name of a bundled one.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A policy file, or the name of a bundled one; repeat, or list several."),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml", help="Household, market, period and a policy, as the studio saves them."
        ),
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(
            help="etf (the default), stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG."
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[POLICY]...", help="Further policies.")] = None,
    start: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First session.")] = None,
    end: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last session.")] = None,
    open_with: Annotated[
        OpenWith | None, typer.Option(help="Open with the lots, or with the opening values.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse prices that look wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts.")] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep each run there, for `rebal audit DIR/POLICY`.")
    ] = None,
) -> None:
    """Compare policies for a household on a market, after tax."""
    from rebal_kit.files.result_files import save_results
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        asked = cli_studio.asked_for(household, scenario, market, [*(policy or []), *(more or [])])
        prices = load_market(asked.market, strict=strict)
        cli_fetch.say_doubts(prices, asked.market)
        home = asked.laid_over(cli_household.household_with_doubts_said(asked.household))
        chosen = {"start": start.date() if start else None, "end": end.date() if end else None,
                  "open_with": open_with.value if open_with else None}  # fmt: skip
        span = {**asked.span, **{name: value for name, value in chosen.items() if value is not None}}
        comparison = _run(prices, home, _policies(asked.policies, asked.own), **span)
        if as_json:
            from rebal_kit.views.comparison_json import as_json as json_of

            typer.echo(json.dumps(json_of(comparison), indent=2, allow_nan=False))
        else:
            _print(comparison)
        if html is not None:
            _write_page([comparison], html)
        if save is not None:
            kept = save_results({name: run.record for name, run in comparison.runs.items()}, save)
            typer.echo("".join(f"kept: {folder}\n" for folder in kept), err=True, nl=False)


app.command("household")(cli_household.household)
app.command("import")(cli_import.import_files)
app.command("fetch")(cli_fetch.fetch)
app.command("quality")(cli_fetch.quality)
app.command("sweep")(cli_sweep.sweep)
app.command("scan")(cli_scan.scan)
app.command("reproduce")(cli_reproduce.reproduce)
app.command("propose")(cli_propose.propose)
app.command("report")(cli_report.report)
app.command("approve")(cli_approve.approve)
app.command("fills")(cli_approve.fills)
app.command("app")(cli_studio.open_app)
app.command("lab")(cli_studio.open_lab)
app.add_typer(cli_approve.audit_log, name="audit-log")


@app.command()
def audit(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A folder that `rebal compare --save` made.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Replay a kept run's trades through the tax report; list every gain, disallowance and tax that differs.

    Leaves with exit code 1 when something does.
    """
    from rebal_kit.audit import audit as replay
    from rebal_kit.files.result_files import load_result
    from rebal_kit.views.audit_tables import as_json as json_of
    from rebal_kit.views.audit_tables import terminal

    with findings_instead_of_traceback():
        record = load_result(result)
        found = replay(record)
    if as_json:
        typer.echo(json.dumps(json_of(found, record), indent=2, allow_nan=False))
    else:
        show(terminal(found, record))
    if not found.clean:
        raise typer.Exit(DIFFERENT)


@app.command()
def tax(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER.csv", help="A CSV file of trades.")],
    household: Annotated[str, typer.Option(help="A household file, or the name of a bundled one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    year: Annotated[
        str | None, typer.Option(metavar="YEAR", help="One tax year; all when not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write CSV files and report.html there.")
    ] = None,
    carry: Annotated[
        Path | None,
        typer.Option(
            metavar="NEW.yaml", help="Also write the household after the last trade, with its lots."
        ),
    ] = None,
) -> None:
    """Gains, wash sales across accounts, Form 8949 and Schedule D of a ledger of trades."""
    with findings_instead_of_traceback():
        from rebal_kit.files.tax_input import read_tax_input
        from rebal_kit.tax_report import tax_report

        only = _tax_year(year)
        given = read_tax_input(ledger, household)
        if given.findings or given.household is None:
            raise RebalError((*given.findings, *_unplayable(given)))
        whole = tax_report(given.trades, given.household)
        report = whole if only is None else whole.of_year(only)
        if out is not None:
            _write_tax_files(report, out)
        if carry is not None:
            _write_carried(whole, carry, household)
        if as_json:
            from rebal_kit.views.tax_json import as_json as json_of

            typer.echo(json.dumps(json_of(report), indent=2, allow_nan=False))
        else:
            _print_tax(report)


@app.command()
def warm() -> None:
    """Compile the engine now, so that the first back-test and the first tax report do not have to."""
    from rebal_kit.backtest import warm as compile_engine

    compile_engine(lambda text: typer.echo(text, err=True)).audit()


def _unplayable(given: TaxInput) -> tuple[Finding, ...]:
    """Say what is wrong with the trades that could be read, beside the rows that could not."""
    from rebal_kit.tax_report import tax_report

    if given.household is None or not given.playable:
        return ()
    try:
        tax_report(given.playable, given.household)
    except RebalError as refused:
        return refused.findings
    return ()


def _tax_year(given: str | None) -> int | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) == len("2024")):
        raise RebalError(Finding("error", "--year", f"is {given!r}", "give a tax year such as 2024"))
    return int(given)


def _write_tax_files(report: TaxReport, folder: Path) -> None:
    from rebal_kit.files.output_folder import write_folder
    from rebal_kit.views.tax_json import csv_files

    with able_to_draw(folder, "the page needs"):
        from rebal_kit.views.tax_page import tax_page

        page = tax_page(report)
    texts = {**csv_files(report), "report.html": page}
    write_folder(folder, texts)
    typer.echo(f"written to {folder}: {', '.join(texts)}", err=True)


def _write_carried(report: TaxReport, path: Path, source: str) -> None:
    from rebal_kit.carried_over import carried_over
    from rebal_kit.files.household import household_texts, save_household

    if path.suffix != ".yaml":
        raise RebalError(Finding("error", "--carry", f"is {path}", "give a new household file, NEW.yaml"))
    household = carried_over(report)
    names = list(household_texts(household, path))
    there = [path.with_name(name) for name in names if os.path.lexists(path.with_name(name))]
    if there:
        raise RebalError(Finding("error", str(there[0]), "is there already", "give another name to --carry"))
    save_household(household, path)
    typer.echo(f"written to {path.parent}: {', '.join(names)}", err=True)
    what = f"cash and tax_owed are those of {source}: a ledger does not follow them"
    say([Finding("note", str(path), what, "bring them up to date there")])


def _print_tax(report: TaxReport) -> None:
    from rich.console import Console

    from rebal_kit.views.tax_tables import terminal

    show(terminal(report, Console(file=sys.stdout).width))


def _policies(sources: Sequence[str], own: Mapping[str, RebalancePolicy]) -> dict[str, RebalancePolicy]:
    """Load every policy beside those at hand, collecting the problems of all files before complaining."""
    from rebal_kit.files.policy import load_policy

    found = dict(own)
    problems: list[Finding] = []
    for source in sources:
        try:
            policy = load_policy(source)
        except RebalError as error:
            problems.extend(error.findings)
            continue
        name = policy.name or Path(source).stem
        if name in found:
            problems.append(
                Finding("error", source, f"a second policy named '{name}'", "give each a name of its own")
            )
        found[name] = policy
    if problems:
        raise PolicyError(problems)
    return found


def _run(
    market: Market, household: Household, policies: Mapping[str, RebalancePolicy], **span: Any
) -> Comparison:
    """Run the comparison under a progress bar on stderr."""
    from rebal_kit.compare import compare as side_by_side

    with progress_bar(household.name, len(policies)) as advance:
        return side_by_side(market, household, policies, progress=advance, **span)


def _print(comparison: Comparison) -> None:
    """Print the tables of one comparison and what a reader must know."""
    from rich.console import Console
    from rich.text import Text

    from rebal_kit.views.shape import harvest_notes, label
    from rebal_kit.views.tables import AFTER_TAX, said, terminal

    console = Console(file=sys.stdout)
    run = next(iter(comparison.runs.values()))
    first, last = run.market.dates[0], run.market.dates[-1]
    console.print()
    for table in terminal(comparison, f"{label(run.household.name)}: {first} to {last}, US$", console.width):
        console.print(table)
        console.print()
    notes, others = harvest_notes(comparison)
    for sentence in notes:
        console.print(Text(f"· {sentence}"))
    console.print(Text(f"· after tax: {AFTER_TAX}", style="dim"))
    for sentence in said(others):
        console.print(Text(f"· {sentence}", style="dim"))
    console.print(Text("· a back-test, no forecast; not tax advice", style="dim"))


def _write_page(comparisons: Sequence[Comparison], path: Path) -> None:
    with able_to_draw(path):
        from rebal_kit.views.page import save_page

        save_page(comparisons, path)
    typer.echo(f"\ncharts: {path} (open it in a browser; it needs no network)", err=True)


def _write_picture(comparison: Comparison, path: Path) -> None:
    with able_to_draw(path):
        from rebal_kit.views import charts
        from rebal_kit.views.picture import save
        from rebal_kit.views.shape import banded

        drift = [charts.drift(comparison.runs[name], most_classes=3) for name in banded(comparison)[:1]]
        save(charts.stacked(charts.growth(comparison), *drift), path, scale=1.2)


if __name__ == "__main__":
    app()
