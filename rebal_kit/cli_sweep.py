"""`rebal sweep`: thousands of settings into a file; interrupted, it goes on where it was. Thin, as `cli` is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rebal_kit.cli_fetch import say_doubts
from rebal_kit.cli_manners import DIFFERENT, findings_instead_of_traceback, say, show

#: The exit code of what Ctrl-C ended, as shells have it.
INTERRUPTED = 130


class ExecutorChoice(StrEnum):
    """Who runs the settings."""

    THREADS = "threads"
    DASK = "dask"


def sweep(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A sweep file (.yaml), or the name of a bundled one.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The parquet file in which the rows are kept.")],
    workers: Annotated[
        int | None, typer.Option(help="Threads; one for each processor when not given.")
    ] = None,
    executor: Annotated[
        ExecutorChoice, typer.Option(help="Threads of this process, or the workers of a dask cluster.")
    ] = ExecutorChoice.THREADS,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The dask scheduler, such as tcp://127.0.0.1:8786.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the rows that FILE holds.")] = False,
) -> None:
    """Run every setting of a sweep file and keep a row of measures for each.

    Rows that FILE has already, by prices, household, policy, law and version, are not computed again: a sweep that was
    interrupted or killed goes on with the same command. Leaves with exit code 1 when some settings could not be run.
    """
    from rebal_kit.files.sweep import load_sweep
    from rebal_kit.sources.load import load_market
    from rebal_kit.sweep import book_of, hands_of
    from rebal_kit.sweep_drive import on_disk
    from rebal_kit.sweep_store import opened
    from rebal_kit.views import sweep_tables

    with findings_instead_of_traceback():
        hands = hands_of(workers, executor.value, scheduler, None)
        asked = load_sweep(spec)
        market = load_market(asked.market)
        say_doubts(market, asked.market)
        book = book_of(
            market,
            asked.households,
            asked.design,
            start=asked.start,
            end=asked.end,
            open_with=asked.open_with,
        )
        try:
            with opened(book, out, fresh) as store, _counting(Path(spec).stem) as tell:
                swept = on_disk(store, hands, tell)
        except KeyboardInterrupt as stopped:
            typer.echo("\n".join(("interrupted", *getattr(stopped, "__notes__", ()))), err=True)
            raise typer.Exit(INTERRUPTED) from None
    say(swept.findings)
    typer.echo(f"{swept.computed:,} rows computed, {swept.kept:,} were there already", err=True)
    show(sweep_tables.terminal(out, asked.design.axes))
    if sweep_tables.failed(out):
        raise typer.Exit(DIFFERENT)


@contextmanager
def _counting(name: str) -> Iterator[Callable[[int, int], None]]:
    """Draw a progress bar on stderr; what is yielded is told how many rows are done, and of how many."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(escape(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
