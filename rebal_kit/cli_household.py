"""`rebal household`: what coordination, location and harvesting are worth to one household. Thin, as `cli` is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rebal_kit.cli_fetch import say_doubts
from rebal_kit.cli_manners import (
    OpenWith,
    able_to_draw,
    findings_instead_of_traceback,
    progress_bar,
    say,
    show,
)
from rebal_kit.findings import Finding, RebalError

if TYPE_CHECKING:
    from rebal_kit.domain import Household
    from rebal_kit.household_comparison import HouseholdComparison

_Loaded = TypeVar("_Loaded")
_Source = TypeVar("_Source")


def household(  # noqa: PLR0913 - a command's options are its arguments
    source: Annotated[
        str, typer.Argument(metavar="HOUSEHOLD", help="A household file, or the name of a bundled one.")
    ],
    policy: Annotated[str, typer.Option(help="A policy file, or the name of a bundled one.")],
    market: Annotated[
        str, typer.Option(help="etf, stocks, dow30, a CSV or parquet file of prices, or yahoo:SPY,AGG.")
    ] = "etf",
    start: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First session.")] = None,
    end: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last session.")] = None,
    open_with: Annotated[
        OpenWith | None, typer.Option(help="Open with the lots, or with the opening values.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse prices that look wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with charts.")] = None,
) -> None:
    """What acting together, location and harvesting are each worth to a household, after tax.

    Runs the policy as it is, and with each of them switched off: what the tax saved was, and what becomes of it.
    """
    from rebal_kit.files.policy import load_policy
    from rebal_kit.household_comparison import compare_household, switched_off
    from rebal_kit.sources.load import load_market

    with findings_instead_of_traceback():
        refused: list[Finding] = []
        home = loaded(household_with_doubts_said, source, refused)
        rule = loaded(load_policy, policy, refused)
        prices = loaded(partial(load_market, strict=strict), market, refused)
        if home is None or rule is None or prices is None:
            raise RebalError(refused)
        say_doubts(prices, market)
        with progress_bar(home.name, len(switched_off(rule)[0])) as advance:
            found = compare_household(
                prices, home, rule,
                start=start.date() if start else None, end=end.date() if end else None,
                open_with=open_with.value if open_with else None, progress=advance,
            )  # fmt: skip
        if as_json:
            from rebal_kit.views.alpha_tables import household_json

            typer.echo(json.dumps(household_json(found), indent=2, allow_nan=False))
        else:
            _print(found)
        if html is not None:
            _write_page(found, html)


def household_with_doubts_said(source: str) -> Household:
    """Return the household of a file, having said on stderr what its brokers' files leave in doubt."""
    from rebal_kit.files.household import read_household

    reading = read_household(source)
    say(reading.findings)
    return reading.household


def loaded(load: Callable[[_Source], _Loaded], source: _Source, refused: list[Finding]) -> _Loaded | None:
    """Return what a file holds, or None with what is wrong in it added to `refused`: all files are looked at."""
    try:
        return load(source)
    except RebalError as error:
        refused.extend(error.findings)
        return None


def _print(found: HouseholdComparison) -> None:
    from rebal_kit.views.alpha_tables import household_terminal

    show(household_terminal(found))


def _write_page(found: HouseholdComparison, path: Path) -> None:
    with able_to_draw(path):
        from rebal_kit.views.page import save_page

        save_page([found], path, "What the household's accounts are worth together")
    typer.echo(f"\ncharts: {path} (open it in a browser; it needs no network)", err=True)
