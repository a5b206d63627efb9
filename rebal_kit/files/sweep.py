"""Sweeps from YAML files: which households, which policy, what is varied, over which years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from rebal_kit.axes import Between
from rebal_kit.design import Design
from rebal_kit.domain import Household
from rebal_kit.files import yaml_text
from rebal_kit.files.bundled import find_file
from rebal_kit.files.explain import explain
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.reading import read_text
from rebal_kit.files.sweep_file import PARTS, RangeFile, SweepFile, plain
from rebal_kit.files.yaml_text import Document, read_yaml
from rebal_kit.findings import Finding, PolicyError, RebalError, capped, raise_errors
from rebal_kit.policy import RebalancePolicy

_Loaded = TypeVar("_Loaded", Household, RebalancePolicy)


@dataclass(frozen=True, eq=False)
class SweepSpec:
    """What a sweep's file says.

    Attributes
    ----------
    households : tuple of Household
    design : Design
    market : str
        What `load_market` takes.
    start, end : date, optional
    open_with : {'lots', 'values'}, optional
    """

    households: tuple[Household, ...]
    design: Design
    market: str
    start: dt.date | None
    end: dt.date | None
    open_with: Literal["lots", "values"] | None


def load_sweep(source: str | Path) -> SweepSpec:
    """Return the sweep of a YAML file, or a bundled one by name.

    Parameters
    ----------
    source : str or path
        A bundled name such as ``"bands"`` (see ``data/sweeps``) or a path ending in ``.yaml``. Files that it names
        stand beside it.

    Raises
    ------
    PolicyError
        With every problem of the file and of the files it names: place, value and remedy.
    """
    path = find_file(source, "sweeps", PolicyError)
    document = read_yaml(read_text(path, PolicyError), str(path))
    findings = list(document.findings)
    file = None
    if document.data is not None:
        try:
            file = SweepFile.model_validate(document.data)
        except ValidationError as error:
            findings += explain(error, SweepFile, document.data, document.where, document.reported)
    if file is None:
        raise PolicyError(capped(findings, str(path)))
    households = tuple(_loaded(load_household, document, "household", path.parent, findings))
    policies = tuple(_loaded(load_policy, document, "policy", path.parent, findings))
    fields = _fields(file, document, findings)
    if findings:
        raise PolicyError(capped(findings, str(path)))
    draws, seed = (file.random.settings, file.random.seed) if file.random is not None else (None, 0)
    design = Design.unchecked(policies, fields, draws, seed)
    raise_errors(PolicyError, capped(_problems(file, document, design, households), str(path)))
    market = file.market
    beside = path.parent / market
    if Path(market).suffix and beside.exists():
        market = str(beside)
    return SweepSpec(households, design, market, file.start, file.end, file.open_with)


def _loaded(
    load: Callable[[str | Path], _Loaded],
    document: Document,
    field: str,
    folder: Path,
    findings: list[Finding],
) -> Iterator[_Loaded]:
    """Yield what the files named in a field hold; what is wrong with them is added to `findings`."""
    named = document.data[field]
    for at, source in enumerate(named if isinstance(named, list) else [named]):
        steps: yaml_text.Path = (field, at) if isinstance(named, list) else (field,)
        is_path = Path(source).suffix or len(Path(source).parts) > 1
        try:
            yield load(folder / source if is_path else source)
        except RebalError as error:
            place = document.where(steps)
            findings += [Finding(f.severity, f"{place}: {f.where}", f.what, f.remedy) for f in error.findings]


def _given(file: SweepFile) -> tuple[dict[str, Any], yaml_text.Path]:
    """Return what is varied, as it was written, and where in the file that stands."""
    if file.random is not None:
        return file.random.fields, ("random", "fields")
    return file.grid or {}, ("grid",)


def _fields(file: SweepFile, document: Document, findings: list[Finding]) -> dict[str, Any]:
    """Return what each field is set to, as a design takes it."""
    given, under = _given(file)
    return {name: _values(name, values, document, (*under, name), findings) for name, values in given.items()}


def _values(name: str, given: Any, document: Document, place: yaml_text.Path, findings: list[Finding]) -> Any:
    if _is_range(given):
        try:
            return RangeFile.model_validate(given).build()
        except ValidationError as error:
            findings += explain(error, RangeFile, given, lambda path: document.where((*place, *path)))
            return Between(0, 1)
    items = given.items() if isinstance(given, dict) else enumerate(given)
    values = {at: _value(name, value, document, (*place, at), findings) for at, value in items}
    return values if isinstance(given, dict) else list(values.values())


def _value(name: str, given: Any, document: Document, place: yaml_text.Path, findings: list[Finding]) -> Any:
    """Return one value: numbers and words as they are, named values as the part of a policy or household they are."""
    part = PARTS.get(name.rpartition(".")[2])
    if isinstance(given, list) and name == "triggers":
        each = (_value(name, item, document, (*place, at), findings) for at, item in enumerate(given))
        return tuple(each)
    if not isinstance(given, dict):
        return tuple(map(plain, given)) if isinstance(given, list) else plain(given)
    if part is None:
        findings.append(Finding("error", document.where(place), "is named values", "give a number or a word"))
        return None
    try:
        return part.model_validate(given).build()
    except ValidationError as error:
        findings += explain(error, part, given, lambda path: document.where((*place, *path)))
        return None


def _named(held: Any) -> list[Any]:
    """Return how a file names the values of a field, in their order."""
    if not isinstance(held, dict):
        return list(range(len(held)))
    return ["low", "high"] if _is_range(held) else list(held)


def _is_range(given: Any) -> bool:
    """Say whether this is low and high; as names of values they stand for more than a number."""
    if not isinstance(given, dict) or not set(given) & {"low", "high"}:
        return False
    return not any(isinstance(value, (dict, list)) for value in given.values())


def _problems(
    file: SweepFile, document: Document, design: Design, households: tuple[Household, ...]
) -> Iterator[Finding]:
    """Yield the problems of a design where they stand in the file."""
    given, under = _given(file)
    for problem in dict.fromkeys((*design.problems(), *design.household_problems(households))):
        place: yaml_text.Path = (*under, problem.field)
        if not problem.field:  # how many there are
            place = under if file.random is None else ("random", "settings")
        if problem.value is not None:
            place = (*place, _named(given[problem.field])[problem.value])
        found = problem.finding
        yield Finding("error", document.where(place), found.what, found.remedy)
