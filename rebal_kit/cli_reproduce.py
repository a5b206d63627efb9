"""`rebal reproduce`: published figures beside ours. Thin, as `cli` is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rebal_kit.cli_manners import findings_instead_of_traceback, progress_bar, show


def reproduce(
    study: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="Studies by name; all when not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    names: Annotated[bool, typer.Option("--list", help="Only print the names of the studies.")] = False,
) -> None:
    """Published figures beside ours, with what counts as reproduced, whether it holds, and why not.

    Runs the studies again on the bundled data. A figure that is missed is explained and is no failure: exit code 0.
    """
    from rebal_kit.published import STUDIES, published
    from rebal_kit.sources.load import load_market
    from rebal_kit.views import reproduction_tables

    if names:
        typer.echo("\n".join(STUDIES))
        return
    asked = study or None
    with findings_instead_of_traceback(), progress_bar("studies", len(set(asked or STUDIES))) as advance:
        found = published(load_market, asked, progress=advance)
    if as_json:
        typer.echo(json.dumps(reproduction_tables.as_json(found), indent=2, allow_nan=False))
    else:
        show(reproduction_tables.terminal(found))
