"""Households from a YAML file and its lots, and back without loss."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import Account, Household, Security, TaxLot
from rebal_kit.files.account_filling import Filled
from rebal_kit.files.bundled import find_file
from rebal_kit.files.explain import explain
from rebal_kit.files.household_file import HouseholdFile
from rebal_kit.files.household_holdings import faults_of_files, has_holdings, read_holdings
from rebal_kit.files.lots_file import Lots, read_lots, write_lots
from rebal_kit.files.reading import read_text
from rebal_kit.files.to_date_file import misplaced
from rebal_kit.files.yaml_text import Document, read_yaml, write_yaml
from rebal_kit.findings import Finding, HouseholdError, capped
from rebal_kit.market import Market
from rebal_kit.restrictions import contradictions
from rebal_kit.safe_files import replacing
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import YearToDate, unknown_losses

_RESTRICTED = ("do_not_buy", "do_not_sell")
#: Fields of an account that are written where they are not at their defaults.
_ACCOUNT = ("opening_value", "dividends", "min_cash", "trading", *_RESTRICTED)

SCHEMA_COMMENT = "# yaml-language-server: $schema="


@dataclass(frozen=True)
class HouseholdReading:
    """A household as its files tell it, and what they leave in doubt: warnings and notes, no errors."""

    household: Household
    findings: tuple[Finding, ...] = ()


def load_household(source: str | Path) -> Household:
    """Return the household of a YAML file, with the lots of the files it names, or a bundled one by name.

    Parameters
    ----------
    source : str or path
        A bundled name such as ``"two_million"`` (see ``data/households``) or a path ending in ``.yaml``.

    Raises
    ------
    HouseholdError
        With every problem of all files: place, value and remedy. What is no error is in `read_household`.
    """
    return read_household(source).household


def read_household(source: str | Path, market: Market | None = None) -> HouseholdReading:
    """Return the household of a YAML file or a bundled one, with what its brokers' files leave in doubt.

    Parameters
    ----------
    source : str or path
        A bundled name or a path ending in ``.yaml``.
    market : Market, optional
        To know tickers and sessions by; where it is not given, tickers are not looked up.

    Raises
    ------
    HouseholdError
        With every problem of all files: place, value and remedy.
    """
    path = find_file(source, "households", HouseholdError)
    document = read_yaml(read_text(path, HouseholdError), str(path))
    return assemble_household(document, path, market)


def assemble_household(document: Document, path: Path, market: Market | None = None) -> HouseholdReading:
    """Return the household of a file that was read; `path` tells where the files are that it names, and its name.

    Raises
    ------
    HouseholdError
        With every problem of all files: place, value and remedy.
    """
    lots_text, problems = _lots_beside(path, document)
    household, found = _assemble(document, lots_text, path.parent, market)
    problems += found
    if household is None or any(finding.severity == "error" for finding in problems):
        errors = [finding for finding in problems if finding.severity == "error"]
        raise HouseholdError(capped(errors, str(path)))
    return HouseholdReading(
        household if household.name else replace(household, name=path.stem), tuple(problems)
    )


def account_names(source: str | Path) -> tuple[str, ...] | None:
    """Return the account names of a household file that may have other faults; None where they cannot be read."""
    try:
        path = find_file(source, "households", HouseholdError)
        names = _names(read_yaml(read_text(path, HouseholdError), str(path)).data)
    except HouseholdError:
        return None
    return None if names is None else tuple(names)


def save_household(household: Household, path: str | Path) -> Path:
    """Write the household to a YAML file and its lots to a CSV file beside it; return the YAML file's path.

    Each file is there whole or as it was before.

    Raises
    ------
    HouseholdError
        The household holds what a file may not, such as a lot of no shares; nothing is written.
    """
    target = Path(path)
    texts = household_texts(household, target)
    try:
        for name, text in texts.items():
            with replacing(target.with_name(name)) as file:
                file.write(text.encode())
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        remedy = "check folder and permissions"
        raise HouseholdError(Finding("error", str(target), f"cannot be written ({reason})", remedy)) from None
    return target


def household_texts(household: Household, target: Path) -> dict[str, str]:
    """Return the text of the YAML file and of its lots by file name; the first is `target`.

    Raises
    ------
    HouseholdError
        The household holds what a file may not, such as a lot of no shares.
    """
    lots_path = target.with_name(f"{target.stem}_lots.csv")
    text = write_yaml(_plain(household, lots_path.name if household.lots else None))
    lots_text = write_lots(household)
    again, found = _assemble(
        read_yaml(text, str(target)), (lots_path, lots_text) if household.lots else None, target.parent
    )
    problems = [finding for finding in found if finding.severity == "error"]
    if again != household and not problems:
        what, remedy = "does not survive being written", "give accounts and lots names of their own"
        problems = [Finding("error", f"household '{household.name}'", what, remedy)]
    if problems:
        raise HouseholdError(capped(problems, str(target)))
    return {target.name: text} | ({lots_path.name: lots_text} if household.lots else {})


def _lots_beside(path: Path, document: Document) -> tuple[tuple[Path, str] | None, list[Finding]]:
    named = document.data.get("lots") if isinstance(document.data, dict) else None
    if not isinstance(named, str) or not named.strip():
        return None, []
    try:
        return (path.parent / named, read_text(path.parent / named, HouseholdError)), []
    except HouseholdError as problem:
        place = document.where(("lots",))
        return None, [Finding("error", f"{place}: {f.where}", f.what, f.remedy) for f in problem.findings]


def _assemble(
    document: Document, lots: tuple[Path, str] | None, folder: Path, market: Market | None = None
) -> tuple[Household | None, list[Finding]]:
    """Check the household file and the files it names, each as far as the others' faults allow, and join them."""
    findings = list(document.findings)
    file: HouseholdFile | None = None
    if document.data is not None:
        try:
            file = HouseholdFile.model_validate(document.data)
        except ValidationError as error:
            findings += explain(error, HouseholdFile, document.data, document.where, document.reported)
    held = Lots({})
    if lots is not None:
        names = [account.name for account in file.accounts] if file else _names(document.data)
        held = read_lots(lots[1], str(lots[0]), names, file.as_of if file else None)
        findings += held.findings
    as_of = file.as_of if file else None
    filled: Mapping[str, Filled] = {}
    if file is not None and has_holdings(file):
        merged = read_holdings(file, folder, document, held.by_account, market)
        as_of, filled = merged.as_of, merged.accounts
        findings += merged.findings
    if file is None:
        return None, [*findings, *faults_of_files(document.data, folder)]
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    accounts = tuple(_holding(a, filled.get(a.name), held.by_account.get(a.name, ())) for a in file.build())
    targets = file.targets.build() if file.targets else TargetAllocation({})
    own = (tuple(file.do_not_buy), tuple(file.do_not_sell), tuple(flow.build() for flow in file.flows))
    symbols = [lot.symbol for account in accounts for lot in account.lots]
    names = [account.name for account in accounts]
    for place, finding in (
        *contradictions(accounts, targets, *own, symbols), *misplaced(file.loss_sales or (), names, as_of),
    ):  # fmt: skip
        findings.append(replace(finding, where=document.where(place)))
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    sales = None if file.loss_sales is None else tuple(sale.build() for sale in file.loss_sales)
    if symbols and any(account.taxable for account in accounts):
        where = document.where(("loss_sales",)) if document.lines else "loss_sales"
        findings += unknown_losses(where, sales, as_of)
    return Household(
        name=file.name or "",
        accounts=accounts,
        targets=targets,
        tax=file.tax.build(),
        identical=tuple(tuple(group) for group in file.identical),
        as_of=as_of,
        complete=file.complete,
        securities=tuple(security.build(symbol) for symbol, security in file.securities.items()),
        conventions=file.conventions.build(),
        do_not_buy=own[0],
        do_not_sell=own[1],
        flows=own[2],
        loss_sales=sales,
        year_to_date=file.year_to_date.build() if file.year_to_date else YearToDate(),
        looks_from=file.looks_from,
        reviewed=file.reviewed,
    ), findings


def _holding(account: Account, filled: Filled | None, lots: tuple[TaxLot, ...]) -> Account:
    """Return an account with what its broker's files say, or else with the lots of the household's own file."""
    if filled is None:
        return replace(account, lots=lots)
    return replace(account, lots=filled.lots, cash=filled.cash, broker=account.broker or filled.broker)


def _names(data: Any) -> list[str] | None:
    """Return the account names of a file that has other faults, or None when they cannot be read."""
    accounts = data.get("accounts") if isinstance(data, dict) else None
    if not isinstance(accounts, list) or not all(isinstance(a, dict) and "name" in a for a in accounts):
        return None
    return [str(account["name"]) for account in accounts]


def _plain(household: Household, lots: str | None) -> dict[str, Any]:
    """Return the household as the mappings and lists of a file."""
    held: dict[str, Any] = {"name": household.name}
    days = {name: getattr(household, name) for name in ("as_of", "reviewed", "looks_from")}
    held |= {name: day.isoformat() for name, day in days.items() if day is not None}
    held["complete"] = household.complete
    held["accounts"] = [
        {"name": a.name, "owner": a.owner, "type": str(a.kind), "broker": a.broker, "cash": a.cash}
        | _changed(a, _ACCOUNT)
        for a in household.accounts
    ]
    if household.identical:
        held["identical"] = [list(group) for group in household.identical]
    if household.targets.weights:
        held["targets"] = plain_targets(household.targets)
    held["tax"] = plain_tax(household.tax)
    if household.securities:
        held["securities"] = {s.symbol: _security(s) for s in household.securities}
    if household.conventions != WashSaleConventions():
        held["conventions"] = _changed(household.conventions)
    held |= {name: list(getattr(household, name)) for name in _RESTRICTED if getattr(household, name)}
    if household.flows:
        held["flows"] = [_changed(flow) for flow in household.flows]
    if household.year_to_date != YearToDate():
        held["year_to_date"] = _changed(household.year_to_date)
    if household.loss_sales is not None:
        held["loss_sales"] = [_changed(sale) for sale in household.loss_sales]
    if lots:
        held["lots"] = lots
    return held


def plain_targets(targets: TargetAllocation) -> dict[str, Any]:
    """Return targets as the mappings and lists of a file."""
    ranks = targets.ranks
    classes = [_class(c, w, ranks.get(c.name)) for c, w in targets.weights]
    held: dict[str, Any] = {"classes": classes, "cash": round(targets.cash, 12)}
    return held | ({"location": "auto"} if targets.location == "auto" else {})


def _class(asset_class: AssetClass, weight: float, rank: tuple[int, int, int] | None) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": asset_class.name, "weight": weight, "members": dict(asset_class.members)}
    if asset_class.partners:
        plain["partners"] = {symbol: list(partners) for symbol, partners in asset_class.partners}
    return plain | ({"location": list(rank)} if rank else {})


def _security(security: Security) -> dict[str, Any]:
    plain = {name: getattr(security, name) for name in ("qualified_share", "state_exempt", "name", "size")}
    return {name: value for name, value in plain.items() if value != ""}


def _changed(noun: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the fields of a noun that are not at their defaults, as a file holds them."""
    usual = {item.name: item.default for item in fields(noun)}
    given = {name: getattr(noun, name) for name in names or usual}
    changed = {name: value for name, value in given.items() if value != usual[name]}
    return {name: _as_written(value) for name, value in changed.items()}


def _as_written(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def plain_tax(profile: TaxProfile) -> dict[str, Any]:
    """Return a tax profile as the mappings of a file."""
    given = {name: getattr(profile, name) for name in TaxProfile.__dataclass_fields__}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items() if v is not None}
