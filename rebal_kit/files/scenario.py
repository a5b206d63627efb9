"""Scenarios from YAML files, and back without loss: household and market by reference, the policy written out."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from rebal_kit.files.fields import Date, FileModel, Name
from rebal_kit.files.household import plain_targets, plain_tax
from rebal_kit.files.household_file import TargetsFile, TaxFile
from rebal_kit.files.model_text import model_of
from rebal_kit.files.policy import plain_policy
from rebal_kit.files.policy_file import PolicyFile
from rebal_kit.files.reading import read_text
from rebal_kit.files.yaml_text import write_yaml
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.safe_files import replacing
from rebal_kit.scenario import Scenario


class ScenarioFile(FileModel):
    """A policy tried on a household and a market."""

    name: str | None = Field(
        default=None, description="How results call the scenario; the file's name when not given"
    )
    household: Name = Field(
        description="The name of a bundled household, or a household file beside this one"
    )
    market: Name = Field(
        default="etf", description="etf, stocks, dow30, a file of prices beside this one, or yahoo:SPY,AGG"
    )
    start: Date | None = Field(
        default=None, description="The first session; the first possible when not given"
    )
    end: Date | None = Field(default=None, description="The last session; the market's last when not given")
    open_with: Literal["lots", "values"] | None = Field(
        default=None, description="One of lots, values: what the back-test opens with"
    )
    policy: PolicyFile = Field(description="The policy, as in a policy file")
    targets: TargetsFile | None = Field(
        default=None, description="Targets in place of the household's own, as in a household file"
    )
    tax: TaxFile | None = Field(
        default=None, description="A tax profile in place of the household's own, as in a household file"
    )

    def build(self) -> Scenario:
        """Return the scenario."""
        return Scenario(
            self.policy.build(), self.household, self.market, self.name or "", self.start, self.end, self.open_with,
            self.targets.build() if self.targets else None, self.tax.build() if self.tax else None,
        )  # fmt: skip


def load_scenario(source: str | Path) -> Scenario:
    """Return the scenario of a YAML file; files that it names are those beside it.

    Raises
    ------
    PolicyError
        With every problem of the file: place, value and remedy.
    """
    path = Path(source).expanduser()
    found = parse_scenario(read_text(path, PolicyError), str(path))
    return replace(
        found, name=found.name or path.stem,
        household=_beside(found.household, path.parent), market=_beside(found.market, path.parent),
    )  # fmt: skip


def parse_scenario(text: str, where: str = "scenario") -> Scenario:
    """Return the scenario that YAML text describes; messages call the text `where`.

    Raises
    ------
    PolicyError
        With every problem of the text.
    """
    return model_of(text, ScenarioFile, where).build()


def dump_scenario(scenario: Scenario) -> str:
    """Return the scenario as YAML, every setting of its policy written out.

    Raises
    ------
    PolicyError
        A file cannot say what the scenario says.
    """
    plain: dict[str, Any] = {"name": scenario.name} if scenario.name else {}
    plain |= {"household": scenario.household, "market": scenario.market}
    for name in ("start", "end"):
        day = getattr(scenario, name)
        plain |= {name: day.isoformat()} if day is not None else {}
    if scenario.open_with is not None:
        plain["open_with"] = scenario.open_with
    plain["policy"] = plain_policy(scenario.policy)
    if scenario.targets is not None:
        plain["targets"] = plain_targets(scenario.targets)
    if scenario.tax is not None:
        plain["tax"] = plain_tax(scenario.tax)
    text = write_yaml(plain)
    if parse_scenario(text, f"scenario '{scenario.name}'") != scenario:
        what = f"does not survive being written: {scenario!r}"
        raise PolicyError(
            Finding("error", f"scenario '{scenario.name}'", what, "name each class and member once")
        )
    return text


def save_scenario(scenario: Scenario, path: str | Path, over: str | None = None) -> str:
    """Write the scenario to a YAML file, whole or not at all; return the digest of what was written.

    A household or market file in the same folder, or below it, is named relative to the file.

    Parameters
    ----------
    scenario : Scenario
    path : str or path
    over : str, optional
        The digest (of `digest`, or returned before) of the text that may be replaced; '' where there must be none.
        Whatever stands there is replaced where it is not given.

    Raises
    ------
    PolicyError
        The file is another one than `over` says, cannot be written, or cannot hold the scenario; it is left as it was.
    """
    path = Path(path).expanduser()
    where = str(path)
    if path.suffix != ".yaml":
        raise PolicyError(
            Finding("error", where, "does not end in .yaml", "give a name such as what_if.yaml")
        )
    if over is not None and digest(path) != over:
        what = "was changed or made by somebody else since" if over else "is there already"
        raise PolicyError(
            Finding("error", where, what, "save under another name, or allow it to be replaced")
        )
    sources: dict[str, Any] = {
        name: _from(getattr(scenario, name), path.parent) for name in ("household", "market")
    }
    raw = dump_scenario(replace(scenario, **sources)).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(raw)
    except OSError as problem:
        what = f"cannot be written ({problem.strerror or type(problem).__name__})"
        raise PolicyError(Finding("error", where, what, "check folder and permissions")) from None
    return hashlib.sha256(raw).hexdigest()


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes; '' where there is no such file, or none that can be read."""
    with suppress(OSError):
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return ""


def _is_file(source: str) -> bool:
    path = Path(source)
    return ":" not in source and bool(path.suffix or len(path.parts) > 1)


def _beside(source: str, folder: Path) -> str:
    """Return a path that a scenario file in `folder` names; a bundled name, or a list of tickers, as it is."""
    return str(folder / Path(source).expanduser()) if _is_file(source) else source


def _from(source: str, folder: Path) -> str:
    """Return a path as a scenario file in `folder` names it."""
    if not _is_file(source):
        return source
    path, home = Path(os.path.abspath(Path(source).expanduser())), Path(os.path.abspath(folder))
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
