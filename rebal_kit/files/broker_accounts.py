"""Statements of several files put together: which account of the household each is of, and what these then hold."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rebal_kit.files.account_filling import Filled, Filling, Wanted
from rebal_kit.files.account_number import same_account, tail
from rebal_kit.files.reconcile import check_totals
from rebal_kit.files.statement import Export, Statement
from rebal_kit.findings import Finding
from rebal_kit.market import Market


@dataclass(frozen=True)
class Merged:
    """The accounts by name, the day they are of, and what is wrong. Accounts with errors are not to be relied on."""

    accounts: Mapping[str, Filled]
    as_of: dt.date | None
    findings: tuple[Finding, ...]


def merge(
    wanted: Sequence[Wanted], exports: Iterable[Export], as_of: dt.date | None, market: Market | None,
    ask: Callable[[Statement], str],
) -> Merged:  # fmt: skip
    """Give each statement of the files to the account it is of, and check what the accounts then hold.

    Parameters
    ----------
    wanted : sequence of Wanted
    exports : iterable of Export
    as_of : date, optional
        Day of the household, where it says so; otherwise the latest of the files.
    market : Market, optional
        To know tickers and sessions by.
    ask : callable
        Says how to tell the household of an account that it does not know.
    """
    statements = [statement for export in exports for statement in export.statements]
    numbers = _numbers(statements)
    findings: list[Finding] = []
    given: dict[str, list[Statement]] = {account.name: [] for account in wanted}
    unknown: dict[str, list[Statement]] = {}
    in_file = Counter(statement.file for statement in statements)
    of_file = Counter(file for account in wanted for file in account.files)
    for statement in statements:
        number = statement.number or numbers.get((statement.broker, statement.label), "")
        alone = in_file[statement.file] == 1 == of_file[statement.file]
        owners = [account for account in wanted if _claims(account, statement, number, alone)]
        where = f"{statement.file}, account {statement.account}"
        if len(owners) == 1:
            given[owners[0].name].append(statement)
        elif owners:
            names = " and ".join(f"'{account.name}'" for account in owners)
            remedy = "give each account its own number"
            findings.append(Finding("error", where, f"may be {names}", remedy))
        else:
            called = tail(number) or statement.label
            unknown.setdefault(called, []).append(statement)
        findings += check_totals(statement)
    for of_account in unknown.values():
        told = max(of_account, key=lambda statement: len(statement.number))
        where = " and ".join(dict.fromkeys(statement.file for statement in of_account))
        what = f"account {told.account} is no account of the household"
        findings.append(Finding("error", where, what, ask(told)))
    days = [statement.as_of for statement in statements if statement.as_of is not None]
    day = as_of or max(days, default=None)
    findings += _other_days(statements, day)
    if statements and day is None:
        remedy = "say of which day they are: as_of in the household file, --as-of on the command line"
        findings.append(Finding("error", statements[0].file, "no file says its date", remedy))
    accounts: dict[str, Filled] = {}
    for account in wanted:
        filling = Filling(account, given[account.name], day, market)
        accounts[account.name] = filling.filled()
        findings += filling.findings
    return Merged(accounts, day, tuple(findings))


def _claims(account: Wanted, statement: Statement, number: str, alone: bool) -> bool:
    """Whether a statement is of an account: by number, by name, or because it cannot be of another."""
    if statement.file not in account.files:
        return False
    if account.number and number:
        return same_account(account.number, number)
    return alone or bool(statement.label and statement.label.casefold() == account.name.casefold())


def _numbers(statements: Iterable[Statement]) -> dict[tuple[str, str], str]:
    """Return the one number of each account that a broker calls by a name; some of its files tell the name only."""
    known: dict[tuple[str, str], set[str]] = {}
    for statement in statements:
        if statement.label and statement.number:
            known.setdefault((statement.broker, statement.label), set()).add(statement.number)
    return {called: min(numbers) for called, numbers in known.items() if len(numbers) == 1}


def _other_days(statements: Iterable[Statement], day: dt.date | None) -> Iterator[Finding]:
    for file, of in dict.fromkeys((s.file, s.as_of) for s in statements):
        if of is not None and day is not None and of != day:
            what = f"is of {of}, the household of {day}"
            severity = "warning" if of < day else "error"
            yield Finding(severity, file, what, "export all files on one day")  # type: ignore[arg-type]
