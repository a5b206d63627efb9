"""The files that a household's accounts name under ``holdings``, read and put together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebal_kit.domain import TaxLot
from rebal_kit.files.account_filling import Wanted
from rebal_kit.files.account_number import hidden, holds_number, tail
from rebal_kit.files.broker_accounts import Merged, merge
from rebal_kit.files.broker_csv import read_broker_csv
from rebal_kit.files.household_file import HouseholdFile
from rebal_kit.files.lots_file import is_lots, read_lots
from rebal_kit.files.ofx import is_ofx, read_ofx
from rebal_kit.files.reading import decoded, read_bytes
from rebal_kit.files.reconcile import check_totals
from rebal_kit.files.statement import Export, Statement
from rebal_kit.files.yaml_text import Document
from rebal_kit.findings import Finding, HouseholdError
from rebal_kit.market import Market

#: What brokers' files are taken for that are not UTF-8.
_WINDOWS = "cp1252"


@dataclass
class _Read:
    exports: list[Export] = field(default_factory=list)
    own: dict[str, list[TaxLot]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def has_holdings(file: HouseholdFile) -> bool:
    """Whether an account of the household is told by its broker's files."""
    return any(account.holdings for account in file.accounts)


def read_holdings(
    file: HouseholdFile, folder: Path, document: Document, lots: Mapping[str, tuple[TaxLot, ...]],
    market: Market | None,
) -> Merged:  # fmt: skip
    """Return what the accounts that name files hold by them.

    Parameters
    ----------
    file : HouseholdFile
    folder : path
        Where the files are that are named without one.
    document : Document
        The household as read, for the places of its fields.
    lots : mapping of str to tuple of TaxLot
        Lots that the household gives itself, by account; they stand in place of the broker's of the same securities.
    market : Market, optional
        To know tickers and sessions by.
    """
    names = [account.name for account in file.accounts]
    paths = dict.fromkeys(folder / named for a in file.accounts for named in a.holdings)
    read = _read_all(paths, names, file.as_of)
    wanted = [
        Wanted(
            account.name,
            document.where(("accounts", at)),
            account.number or "",
            frozenset(str(folder / named) for named in account.holdings),
            account.cash if "cash" in account.model_fields_set else None,
            frozenset(account.leave_out),
            (*lots.get(account.name, ()), *read.own.get(account.name, ())),
        )
        for at, account in enumerate(file.accounts)
        if account.holdings
    ]
    merged = merge(wanted, read.exports, file.as_of, market, _ask)
    named = _names_with_numbers(file, document, {s.number for e in read.exports for s in e.statements})
    return Merged(merged.accounts, merged.as_of, _said(read, (*merged.findings, *named)))


def faults_of_files(data: Any, folder: Path) -> tuple[Finding, ...]:
    """Return what is wrong with the files of a household whose own file has other faults."""
    accounts = data.get("accounts") if isinstance(data, dict) else None
    told = [a.get("holdings") for a in accounts if isinstance(a, dict)] if isinstance(accounts, list) else []
    named = dict.fromkeys(
        n for names in told if isinstance(names, list) for n in names if isinstance(n, str) and n
    )
    read = _read_all((folder / name for name in named), None, None)
    totals = [f for export in read.exports for s in export.statements for f in check_totals(s)]
    return _said(read, totals)


def accounts_asked_for(paths: Iterable[Path]) -> tuple[Finding, ...]:
    """Return what is wrong with files of which no account is known to the household, which is asked for each."""
    read = _read_all(paths, None, None)
    return _said(read, merge((), read.exports, None, None, _ask).findings)


def _names_with_numbers(
    file: HouseholdFile, document: Document, numbers: Collection[str]
) -> Iterator[Finding]:
    """Find account numbers in the names that reports and files show."""
    names: list[tuple[tuple[str | int, ...], str, str]] = [
        (("name",), "the household's name holds an account number", file.name or "")
    ]
    for at, account in enumerate(file.accounts):
        names += [
            (("accounts", at), "the account's name holds its number", account.name),
            (("accounts", at), "the owner's name holds an account number", account.owner),
            (("accounts", at), "the broker's name holds an account number", account.broker),
        ]
    for place, what, name in names:
        if holds_number(name, numbers):
            remedy = "give it another name; reports and files show it"
            yield Finding("error", document.where(place), what, remedy)


def _said(read: _Read, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    numbers = [s.number for export in read.exports for s in export.statements if s.number]
    found = [*read.findings, *(f for export in read.exports for f in export.findings), *findings]
    return tuple(hidden(found, numbers))


def _read_all(paths: Iterable[Path], names: Collection[str] | None, as_of: dt.date | None) -> _Read:
    read = _Read()
    for path in paths:
        _read(path, names, as_of, read)
    return read


def _read(path: Path, names: Collection[str] | None, as_of: dt.date | None, read: _Read) -> None:
    name = str(path)
    try:
        raw = read_bytes(path, HouseholdError)
        if is_ofx(raw):
            read.exports.append(read_ofx(raw, name))
            return
        text = decoded(raw, name, HouseholdError, _WINDOWS)
    except HouseholdError as problem:
        read.findings += problem.findings
        return
    if is_lots(text):
        lots = read_lots(text, name, names, as_of)
        read.findings += lots.findings
        for account, of_account in lots.by_account.items():
            read.own.setdefault(account, []).extend(of_account)
        return
    if not _is_utf8(raw):
        what, remedy = "is not UTF-8", "read as Windows text: check names with accents"
        read.findings.append(Finding("note", name, what, remedy))
    read.exports.append(read_broker_csv(text, name))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _ask(statement: Statement) -> str:
    """Say how to tell the household of an account, whose owner and kind no broker's file says."""
    if not statement.number:
        remedy = "list this file under the holdings of the one account it is of, in a household file"
        return f"call an account '{statement.label}', or {remedy}" if statement.label else remedy
    ending = tail(statement.number)
    called = re.sub(r"\W+", " ", statement.label).strip() or "NAME"
    return (
        f'add it with --account "{ending}={called},OWNER,TYPE", or in the household file an account with number:'
        f" '{ending}' that names this file under holdings (trading: excluded if it is not to be touched)"
    )
