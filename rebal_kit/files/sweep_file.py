"""What the file of a sweep may hold."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rebal_kit.axes import Between
from rebal_kit.files.fields import Date, FileModel, Name, refusal
from rebal_kit.files.household_file import ConventionsFile, TargetsFile, TaxFile
from rebal_kit.files.policy_file import (
    BandFile,
    CostsFile,
    ExecutionFile,
    GainLimitsFile,
    HarvestFile,
    TriggerFile,
)
from rebal_kit.findings import Finding, PolicyError

_PERCENT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*%\s*")
#: A field that is left out where a policy has it: text, since a blank value is a mistake elsewhere.
NONE = "none"

#: How a value that is named values is read, by the last name of its field.
PARTS: dict[str, type[FileModel]] = {
    "targets": TargetsFile, "tax": TaxFile, "conventions": ConventionsFile, "costs": CostsFile,
    "execution": ExecutionFile, "gains": GainLimitsFile, "harvest": HarvestFile, "band": BandFile, "lower": BandFile,
    "triggers": TriggerFile,
}  # fmt: skip


def plain(value: Any) -> Any:
    """Return a percentage as a fraction and ``none`` as None; anything else as it is."""
    if not isinstance(value, str):
        return value
    percent = _PERCENT.fullmatch(value)
    if percent:
        return float(Decimal(percent[1]).scaleb(-2))
    return None if value == NONE else value


class RangeFile(FileModel):
    """Numbers from low to high."""

    low: Annotated[float, BeforeValidator(plain)] = Field(
        description="The lowest number, such as 0.01 or 1 %"
    )
    high: Annotated[float, BeforeValidator(plain)] = Field(description="The highest number")
    log: bool = Field(default=False, description="Whether they spread evenly over orders of magnitude")
    whole: bool = Field(default=False, description="Whether only whole numbers are drawn")

    def build(self) -> Between:
        """Return the range."""
        return Between(self.low, self.high, self.log, self.whole)


def _several(value: Any) -> Any:
    """Refuse one value where a list of them, or names and values, must stand: once, not for each of the two."""
    if value is None or isinstance(value, (list, dict)):
        return value
    remedy = f"write [{value}], or give several values"
    raise refusal(f"is {value!r}, a single value", remedy)


#: A list, or values by the names under which they stand in the table.
Values = Annotated[list[Any] | dict[Name, Any], BeforeValidator(_several)]


class RandomFile(FileModel):
    """So many settings, their fields drawn independently."""

    settings: int = Field(ge=1, description="A number of settings")
    seed: int = Field(default=0, description="A whole number: the same seed draws the same settings")
    fields: dict[Name, Values] = Field(
        description="By field a range, {low: 1 %, high: 10 %}, or a list of values that are equally likely"
    )

    def build(self) -> None:
        """Nothing by itself: the fields are those of a policy."""


class SweepFile(FileModel):
    """Many settings of a policy or a household, on a history."""

    household: Name | list[Name] = Field(
        description="A household file beside this one, a bundled name, or several"
    )
    policy: Name | list[Name] = Field(description="A policy file beside this one, a bundled name, or several")
    market: Name = Field(
        default="etf", description="As in rebal compare; a file of prices stands beside this one"
    )
    grid: dict[Name, Values] | None = Field(
        default=None,
        description="By field its values, such as {harvest.min_loss_pct: [5 %, 10 %]}: every combination is run",
    )
    random: RandomFile | None = Field(
        default=None, description="In place of a grid: settings drawn at random"
    )
    start: Date | None = Field(default=None, description="The first session")
    end: Date | None = Field(default=None, description="The last session")
    open_with: Literal["lots", "values"] | None = Field(
        default=None, description="Whether runs open with the lots or with the opening values"
    )

    def build(self) -> None:
        """Look that there is one kind of design at most."""
        if self.grid is not None and self.random is not None:
            what = "names grid and random"
            raise PolicyError(Finding("error", "sweep", what, "leave one of them out"))
