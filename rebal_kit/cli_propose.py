"""`rebal propose`: what to trade today, changed on request, as tables, JSON or a file for `rebal approve`."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebal_kit.cli_fetch import say_doubts
from rebal_kit.cli_household import household_with_doubts_said, loaded
from rebal_kit.cli_manners import DIFFERENT, findings_instead_of_traceback, show
from rebal_kit.findings import Finding, RebalError

if TYPE_CHECKING:
    from rebal_kit.domain import Household
    from rebal_kit.market import Market
    from rebal_kit.policy import RebalancePolicy
    from rebal_kit.proposal.proposal import Proposal


class SolverChoice(StrEnum):
    """How trades are found."""

    GREEDY = "greedy"
    OPTIMAL = "optimal"


def propose(  # noqa: PLR0913 - a command's options are its arguments
    household: Annotated[
        str, typer.Argument(metavar="HOUSEHOLD", help="A household file, or the name of a bundled one.")
    ],
    policy: Annotated[str, typer.Option(help="A policy file, or the name of a bundled one.")],
    prices: Annotated[
        str, typer.Option(help="etf, stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG.")
    ] = "etf",
    asof: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; the last session if not given.")
    ] = None,
    solver: Annotated[
        SolverChoice,
        typer.Option(help="The back-test's own decision, or the least of tax, cost and drift with a proven gap."),
    ] = SolverChoice.GREEDY,
    now: Annotated[
        bool, typer.Option("--now", help="Let rules look and losses be harvested today, whatever the day.")
    ] = False,
    drift_price: Annotated[
        float, typer.Option(help="US$ that it is worth to bring a class a US$ closer to its target (optimal).")
    ] = 0.10,
    later_rate: Annotated[
        float | None, typer.Option(help="Tax on later gains as it is worth today, a fraction (optimal).")
    ] = None,
    seconds: Annotated[float, typer.Option(help="After which the best plan so far is taken (optimal).")] = 10.0,
    forbid: Annotated[
        list[int] | None, typer.Option(metavar="TRADE", help="Take a trade out, by its number; repeat.")
    ] = None,
    resize: Annotated[
        list[str] | None, typer.Option(metavar="TRADE=SHARES", help="Change a trade's shares; repeat.")
    ] = None,
    pin: Annotated[
        list[int] | None, typer.Option(metavar="TRADE", help="With --again, a trade that stays; repeat.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Decide anew around what is pinned, changed and forbidden.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse prices that look wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proposal as JSON instead of tables.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Also write it there, for `rebal approve`.")
    ] = None,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Also show what less drift would cost in tax.")
    ] = False,
    alert: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Where to send an alert before anything is proposed, as in `rebal scan`."),
    ] = None,
) -> None:  # fmt: skip
    """Propose today's trades for a household, lot by lot. Nothing is sent to a broker.

    Trades are numbered as they are printed, and the same inputs give the same numbers: look first, then ask again with
    --forbid, --resize or --pin. Leaves with exit code 1 when the proposal cannot be approved as it is: something is
    wrong, or a wash sale or cash below 0 has to be allowed by name.
    """
    from rebal_kit.files.policy import load_policy
    from rebal_kit.proposal.aims import Aims
    from rebal_kit.proposal.propose import propose as decide
    from rebal_kit.proposal.revise import revise
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        refused: list[Finding] = []
        home = loaded(household_with_doubts_said, household, refused)
        rule = loaded(load_policy, policy, refused)
        market = loaded(partial(load_market, strict=strict), prices, refused)
        if home is None or rule is None or market is None:
            raise RebalError(refused)
        say_doubts(market, prices)
        day = asof.date() if asof else None
        if alert:
            _alert_first(market, home, rule, day, alert)
        found = decide(
            market, home, rule, asof=day, solver=solver.value, look="now" if now else "due",
            aims=Aims(drift=drift_price, member_drift=drift_price / 2, later_rate=later_rate), seconds=seconds,
        )  # fmt: skip
        if pin and not again:
            what = "trades are pinned, and nothing is decided anew: all others stay as well"
            raise RebalError(Finding("error", "--pin", what, "add --again, or leave it out"))
        if forbid or resize or again:
            found = revise(
                found, pin=pin or (), forbid=forbid or (), resize=_sizes(resize or ()), again=again, seconds=seconds
            )  # fmt: skip
        if out is not None:
            from rebal_kit.files.proposal_file import save_proposal_document

            save_proposal_document(found.document, out)
        if as_json:
            typer.echo(json.dumps(found.document, indent=2, allow_nan=False))
        else:
            _print(found, frontier=frontier)
    if out is not None:
        typer.echo(f"written: {out}", err=True)
    if found.washes or found.overspends or any(finding.severity == "error" for finding in found.findings):
        raise typer.Exit(DIFFERENT)


def _alert_first(
    market: Market, home: Household, rule: RebalancePolicy, day: dt.date | None, urls: Iterable[str]
) -> None:
    from rebal_kit.cli_scan import alert_if_due, alert_targets
    from rebal_kit.proposal.scan import scan

    targets = alert_targets(urls, "")
    failed = alert_if_due(scan(market, home, rule, asof=day), targets)
    if failed:
        raise RebalError(
            Finding("error", "alert", "could not be sent: nothing is proposed before it is", "see above")
        )


def _sizes(given: Iterable[str]) -> dict[int, float]:
    """Return what `--resize 3=120` says."""
    sizes: dict[int, float] = {}
    wrong: list[Finding] = []
    for text in given:
        number, _, shares = text.partition("=")
        try:
            trade, size = int(number), float(shares)
        except ValueError:
            wrong.append(Finding("error", "--resize", f"is {text!r}", "write TRADE=SHARES, such as 3=120"))
            continue
        if trade in sizes:
            wrong.append(Finding("error", "--resize", f"names trade {trade} twice", "keep one of them"))
        sizes[trade] = size
    if wrong:
        raise RebalError(wrong)
    return sizes


def _print(found: Proposal, *, frontier: bool) -> None:
    from rich.console import Console

    from rebal_kit.views.proposal_tables import side_by_side, terminal

    show(terminal(found, Console(file=sys.stdout).width))
    if found.solver == "optimal" and found.greedy is not None:
        show([side_by_side(found.greedy, found)])
    if frontier:
        from rebal_kit.proposal.frontier import tax_frontier
        from rebal_kit.views.transition_tables import frontier_table

        show([frontier_table(tax_frontier(found))])
