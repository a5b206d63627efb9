"""How every command refuses: findings on stderr, an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from rebal_kit.findings import Finding, RebalError

#: The work was done, and something differs or is missing.
DIFFERENT = 1
#: The input cannot be used.
BAD_INPUT = 2


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
