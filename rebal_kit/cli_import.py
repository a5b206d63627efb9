"""`rebal import`: brokers' files in, a household in the project's own files out. Thin, as `cli` is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebal_kit.cli_manners import findings_instead_of_traceback, say

if TYPE_CHECKING:
    from rebal_kit.domain import Household


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files of Schwab, Fidelity, Vanguard or Interactive Brokers (CSV), OFX or QFX files, lots files; at"
            " most one household file (YAML) that tells the rest.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the household goes.")],
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAST4=NAME,OWNER,TYPE[,CASH]",
            help="What no file tells of an account, by the last digits of its number; repeat. TYPE is taxable, ira,"
            " roth_ira, 401k or hsa.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The household's name, and its file's.")] = "",
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the holdings, where no file says it."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL", help="Leave out what is no share and no fund; repeat."),
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(
            help="Look tickers and dates up there: etf, stocks, dow30, a file of prices, or yahoo:SPY,AGG."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there; never those that are read.")
    ] = False,
) -> None:
    """Put brokers' files together into one household; nothing is written while anything in them is wrong.

    Figures that do not add up, and what a file does not know, are listed with file, row, column, value and what to do.
    """
    from rebal_kit.files.household_import import import_household, write_household
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        reading = import_household(
            files, account or (), name=name, as_of=as_of.date() if as_of else None, leave_out=leave_out or (),
            market=load_market(market) if market else None,
        )  # fmt: skip
        written = write_household(reading, out, overwrite, keep=files)
        say(reading.findings)
        _print(reading.household)
        typer.echo("".join(f"written: {path}\n" for path in written), err=True, nl=False)


def _print(household: Household) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(f"{household.name}, {household.as_of}"), title_justify="left")
    for column in ("account", "owner", "type", "broker"):
        table.add_column(column)
    for column in ("securities", "lots", "basis, US$", "cash, US$"):
        table.add_column(column, justify="right")
    for account in household.accounts:
        table.add_row(
            *map(escape, (account.name, account.owner, str(account.kind), account.broker)),
            str(len({lot.symbol for lot in account.lots})), str(len(account.lots)),
            f"{sum(lot.basis for lot in account.lots):,.2f}", f"{account.cash:,.2f}",
        )  # fmt: skip
    Console().print(table)
