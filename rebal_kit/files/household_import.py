"""One household from brokers' files and, where there is one, the household file that tells the rest."""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rebal_kit.files.account_number import hidden
from rebal_kit.files.csv_text import as_number
from rebal_kit.files.household import HouseholdReading, assemble_household, household_texts
from rebal_kit.files.household_holdings import accounts_asked_for
from rebal_kit.files.output_folder import write_folder
from rebal_kit.files.reading import read_text
from rebal_kit.files.yaml_text import Document, read_yaml
from rebal_kit.findings import Finding, HouseholdError, capped
from rebal_kit.market import Market

#: How an account is told in one word.
ACCOUNT_FORM = "LAST4=NAME,OWNER,TYPE or LAST4=NAME,OWNER,TYPE,CASH"


def import_household(
    files: Sequence[str | Path], accounts: Iterable[str] = (), *, name: str = "", as_of: dt.date | None = None,
    leave_out: Iterable[str] = (), market: Market | None = None,
) -> HouseholdReading:  # fmt: skip
    """Return the household that brokers' files tell together.

    Parameters
    ----------
    files : sequence of str or path
        CSV, OFX and QFX files of brokers, lots files of the project's own, and at most one household file (YAML), whose
        accounts are found in the others by their ``number``.
    accounts : iterable of str
        What the files do not tell of an account: ``"5678=Alex IRA,Alex,ira"``, the last digits of its number, and its
        name, owner and type; cash behind it, where no file tells it.
    name : str
        Of the household; else the household file's, else "household".
    as_of : date, optional
        Day of the holdings, where no file says it.
    leave_out : iterable of str
        Symbols, as the brokers spell them, that are not taken over: what is no share and no fund.
    market : Market, optional
        To know tickers and sessions by; where it is not given, tickers are not looked up.

    Raises
    ------
    HouseholdError
        With every problem of all files: place, value and remedy.
    """
    paths = [Path(file) for file in files]
    homes = [path for path in paths if path.suffix.lower() in (".yaml", ".yml")]
    exports = [path for path in paths if path not in homes]
    findings = list(_misused(paths, homes, exports))
    told = [account for text in accounts for account in _account(text, findings)]
    if findings:
        raise HouseholdError(hidden(findings, ()))
    if not told and not homes:
        asked = [finding for finding in accounts_asked_for(exports) if finding.severity == "error"]
        raise HouseholdError(capped(asked, "files"))
    document = (
        read_yaml(read_text(homes[0], HouseholdError), str(homes[0]))
        if homes
        else Document("--account", {"accounts": []})
    )
    data = copy.deepcopy(document.data)
    if isinstance(data, dict) and isinstance(data.get("accounts"), list):
        shown = [_beside(path, homes[0]) if homes else str(path) for path in exports]
        data["accounts"] += told
        _spread(data["accounts"], shown, list(leave_out))
    if isinstance(data, dict):
        data |= {"name": name} if name else {"name": data.get("name", "household")}
        data |= {"as_of": as_of.isoformat()} if as_of else {}
    read = Document(document.name, data, document.lines, document.findings, document.reported)
    return assemble_household(read, homes[0] if homes else Path("household.yaml"), market)


def write_household(
    reading: HouseholdReading, folder: str | Path, overwrite: bool = False, *, keep: Iterable[str | Path] = ()
) -> tuple[Path, ...]:
    """Write a household as the project's own YAML and lots CSV into a folder; return their paths.

    Parameters
    ----------
    reading : HouseholdReading
    folder : str or path
    overwrite : bool
        Whether files of these names may be replaced.
    keep : iterable of str or path
        Files that are replaced in no case: those that were read.

    Raises
    ------
    RebalError
        The files are there or to be kept, the folder cannot be written, or the household's name is no file's name;
        nothing is written.
    """
    household, place = reading.household, Path(folder)
    texts = household_texts(household, place / f"{_stem(household.name)}.yaml")
    there = [name for name in texts if (place / name).exists() or (place / name).is_symlink()]
    if there and not overwrite:
        remedy = "give another folder, or --overwrite"
        raise HouseholdError(
            Finding("error", str(place / name), "is there already", remedy) for name in there
        )
    kept = {os.path.realpath(path) for path in keep}
    own = [name for name in there if os.path.realpath(place / name) in kept]
    if own:
        remedy = "give another folder, or another name with --name"
        raise HouseholdError(
            Finding("error", str(place / name), "is one of the files that were read", remedy) for name in own
        )
    write_folder(place, texts)
    return tuple(place / name for name in texts)


def _beside(path: Path, home: Path) -> str:
    """Return the path of a file as seen from a household file; a folder of either may be a link."""
    real, folder = path.parent.resolve() / path.name, home.parent.resolve()
    try:
        return os.path.relpath(real, folder)
    except ValueError:  # on another drive
        return str(real)


def _stem(name: str) -> str:
    if (
        name != name.strip()
        or not name.isprintable()
        or set(name) & set('/\\:*?"<>|')
        or name.startswith(".")
    ):
        what, remedy = f"is {name!r}", "give a name that may be a file's, with --name"
        raise HouseholdError(Finding("error", "the household's name", what, remedy))
    return name.replace(" ", "_")


def _misused(paths: list[Path], homes: list[Path], exports: list[Path]) -> Iterable[Finding]:
    if len(homes) > 1:
        remedy = "give one household file"
        yield Finding("error", str(homes[1]), f"is a household file as {homes[0]} is", remedy)
    if not exports and not homes:
        yield Finding("error", "files", "there is none", "give the files of your brokers")
    seen: dict[Path, Path] = {}
    for path in paths:
        first = seen.setdefault(Path(os.path.realpath(path)), path)  # Path.resolve raises for links in a loop
        if first is not path:
            yield Finding("error", str(path), "is given twice", "give each file once")


def _account(text: str, findings: list[Finding]) -> list[dict[str, Any]]:
    """Return an account as a household file holds it, from the word that tells it."""
    number, mark, rest = text.partition("=")
    parts = [part.strip() for part in rest.split(",")]
    if not mark or len(parts) not in (3, 4):
        findings.append(Finding("error", "--account", f"is {rest or text!r}", f"write {ACCOUNT_FORM}"))
        return []
    told: dict[str, Any] = dict(zip(("name", "owner", "type"), parts, strict=False))
    told["number"] = number.strip()
    if len(parts) == 4:
        told["cash"] = as_number(parts[3])
    return [told]


def _spread(accounts: list[Any], files: list[str], leave_out: list[str]) -> None:
    """Let every account that has a number, or is the only one, look for itself in the files."""
    for account in accounts:
        if not isinstance(account, dict):
            continue
        own = account.get("holdings", [])
        if files and isinstance(own, list) and (len(accounts) == 1 or "number" in account or own):
            account["holdings"] = [*own, *files]
        if leave_out and isinstance(account.get("leave_out", []), list):
            account["leave_out"] = list(dict.fromkeys([*account.get("leave_out", []), *leave_out]))
