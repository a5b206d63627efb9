"""`rebal scan`: what is due for a household today, told by exit code and alert before anything is proposed."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebal_kit.cli_fetch import say_doubts
from rebal_kit.cli_household import household_with_doubts_said, loaded
from rebal_kit.cli_manners import findings_instead_of_traceback, say, show
from rebal_kit.findings import Finding, RebalError

if TYPE_CHECKING:
    from rebal_kit.proposal.scan import Scan

#: Exit codes beside 0, nothing is due, and 2, the input cannot be used.
ALERT_FAILED, DUE = 3, 10
#: Where addresses stand that should not be seen in the list of processes.
ADDRESSES = "REBAL_ALERTS"


def scan(
    household: Annotated[
        str, typer.Argument(metavar="HOUSEHOLD", help="A household file, or the name of a bundled one.")
    ],
    policy: Annotated[str, typer.Option(help="A policy file, or the name of a bundled one.")],
    prices: Annotated[
        str, typer.Option(help="etf, stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG.")
    ] = "etf",
    asof: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day, as if it were today; the last session if not given."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse prices that look wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    alert: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Where to send an alert: mailto://…, slack://… as apprise has them; repeat."),
    ] = None,
    alert_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of such addresses, a line each; # begins a remark.")
    ] = None,
) -> None:  # fmt: skip
    """Drift, lots, losses to harvest, wash-sale windows, the tax year so far, and what is stale or to be reviewed.

    Nothing is proposed. If something is due, alerts go out first: to every --alert, to the addresses in REBAL_ALERTS
    (parted by blanks) and to those in --alert-file. Addresses are never printed, account numbers never sent.

    Exit code 0: nothing is due. 10: something is. 2: the input cannot be used. 3: something is due, and an alert could
    not be sent.
    """
    from rebal_kit.files.policy import load_policy
    from rebal_kit.proposal.scan import scan as look_over
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        refused: list[Finding] = []
        home = loaded(household_with_doubts_said, household, refused)
        rule = loaded(load_policy, policy, refused)
        market = loaded(partial(load_market, strict=strict), prices, refused)
        targets = loaded(partial(alert_targets, alert or ()), str(alert_file or ""), refused)
        if home is None or rule is None or market is None or targets is None:
            raise RebalError(refused)
        say_doubts(market, prices)
        day = asof.date() if asof else None
        found = look_over(market, home, rule, asof=day, today=day or _today())
    failed = alert_if_due(found, targets)  # before all else: printing may fail, and trades come later still
    _print(found, as_json)
    if failed:
        raise typer.Exit(ALERT_FAILED)
    if found.is_due:
        raise typer.Exit(DUE)


def alert_if_due(found: Scan, targets: Sequence[str]) -> tuple[Finding, ...]:
    """Send an alert if something is due; say on stderr what became of it, and return what failed."""
    if not found.is_due or not targets:
        return ()
    from rebal_kit.alerts import send_alert
    from rebal_kit.views.scan_words import alert_of

    failed = send_alert(*alert_of(found), targets)
    typer.echo(f"alerts: {len(targets) - len(failed)} of {len(targets)} sent", err=True)
    say(failed)
    return failed


def alert_targets(urls: Iterable[str], file: str) -> tuple[str, ...]:
    """Return the addresses of the options, of the environment and of a file, each once.

    Raises
    ------
    RebalError
        The file cannot be read.
    """
    listed = [*urls, *os.environ.get(ADDRESSES, "").split()]
    if file:
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise RebalError(
                Finding("error", file, f"cannot be read: {why}", "give a file of addresses, a line each")
            ) from None
        listed += [line.strip() for line in lines if not line.lstrip().startswith("#")]
    return tuple(dict.fromkeys(address.strip() for address in listed if address.strip()))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _print(found: Scan, as_json: bool) -> None:
    from rebal_kit.views.scan_tables import as_json as json_of
    from rebal_kit.views.scan_tables import terminal

    if as_json:
        typer.echo(json.dumps(json_of(found), indent=2, allow_nan=False))
    else:
        show(terminal(found))
