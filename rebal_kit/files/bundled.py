"""The project's own example households and policies, found by name."""

from __future__ import annotations

import reprlib
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from rebal_kit.findings import Finding, RebalError
from rebal_kit.shipped import shipped_data

Kind = Literal["households", "policies", "sweeps"]


def bundled_folder(kind: Kind | Literal["schemas"]) -> Path:
    """Return the folder of bundled files: beside the package, or under ``REBAL_DATA`` if that is set."""
    return shipped_data() / kind


def bundled_names(kind: Kind) -> tuple[str, ...]:
    """Return the names `load_household` or `load_policy` know without a path."""
    return tuple(sorted(path.stem for path in bundled_folder(kind).glob("*.yaml")))


def find_file(source: str | Path, kind: Kind, error: type[RebalError]) -> Path:
    """Return the file `source` means.

    A word without a folder or an ending is a bundled name; anything else is a path.

    Raises
    ------
    HouseholdError or PolicyError
        As `error` says: the word names nothing bundled, or is neither word nor path.
    """
    if not isinstance(source, (str, Path)):
        what = f"source is {reprlib.repr(source)}, neither a name nor a path"
        raise error(
            Finding("error", kind, what, f"use {', '.join(bundled_names(kind))}, or a path ending in .yaml")
        )
    path = Path(source)
    with suppress(RuntimeError):  # ~stranger: there is no such user
        path = path.expanduser()
    if isinstance(source, Path) or path.suffix or len(path.parts) > 1:
        return path
    names = bundled_names(kind)
    if path.name in names:
        return bundled_folder(kind) / f"{path.name}.yaml"
    if not names:
        what, remedy = (
            f"no bundled {kind} at {bundled_folder(kind)}",
            "set REBAL_DATA to the project's data folder",
        )
    else:
        what = f"no bundled {kind} have the name '{source}'"
        close = get_close_matches(path.name, names, n=1)
        remedy = (
            f"did you mean '{close[0]}'?" if close else f"use {', '.join(names)}, or a path ending in .yaml"
        )
    raise error(Finding("error", str(source) or "(empty name)", what, remedy))
