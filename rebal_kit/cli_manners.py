"""What every command does alike: refuse bad input, show progress, print, and draw where the libraries are there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from rebal_kit.findings import Finding, RebalError

#: Exit codes: the work was done and something differs or is missing; the input cannot be used.
DIFFERENT, BAD_INPUT = 1, 2


class OpenWith(StrEnum):
    """What a back-test opens with."""

    LOTS = "lots"
    VALUES = "values"


def say(findings: Iterable[Finding]) -> None:
    """Say findings on stderr, a line each."""
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding}", err=True)


@contextmanager
def findings_instead_of_traceback() -> Iterator[None]:
    """Say on stderr what is wrong with the input, a line a finding, and leave with exit code 2."""
    try:
        yield
    except RebalError as error:
        say(error.findings)
        raise typer.Exit(BAD_INPUT) from None


@contextmanager
def progress_bar(name: str, steps: int) -> Iterator[Callable[[object], None]]:
    """Draw a progress bar on stderr; what is yielded moves it on by a step, whatever it is called with."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(escape(name), total=steps)
        yield lambda _: bar.advance(task)


def show(parts: Iterable[Any]) -> None:
    """Print tables and sentences, one after the other."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    for part in parts:
        console.print(part)


@contextmanager
def able_to_draw(path: Path, needing: str = "charts need", extra: str = "views") -> Iterator[None]:
    """Turn a path that cannot be written, or libraries that are not installed (`extra` has them), into findings."""
    try:
        with _without("rfc3987_syntax"):
            yield
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise RebalError(Finding("error", str(path), what, "give another path")) from None
    except ModuleNotFoundError as error:
        what = f"{needing} {error.name}, which is not installed"
        raise RebalError(Finding("error", str(path), what, f"pip install 'rebal_kit[{extra}]'")) from None


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Keep an optional module from being loaded.

    Altair's validator loads a grammar of internet addresses, which takes a second and which no chart has a use for.
    """
    hidden = module not in sys.modules
    if hidden:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            sys.modules.pop(module, None)
