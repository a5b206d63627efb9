"""What a field of a file may hold: names, dates, dollars, fractions. Nothing ambiguous is converted."""

from __future__ import annotations

import datetime as dt
import math
import re
from abc import abstractmethod
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rebal_kit.files.csv_text import as_number
from rebal_kit.periods import EVERY, Every

_PERCENT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*%\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)

#: No unknown fields and no conversion between types.
STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


def refusal(what: str, remedy: str) -> PydanticCustomError:
    """Return a validation error that says what is wrong and what to do."""
    return PydanticCustomError("refused", "{what}", {"what": what, "remedy": remedy})


class FileModel(BaseModel):
    """Part of a file: no unknown fields, no conversion between types, and buildable into the noun it describes."""

    model_config = STRICT

    @abstractmethod
    def build(self) -> Any:
        """Return the noun this part describes; the noun's own findings become findings of this part."""

    @model_validator(mode="after")
    def _buildable(self) -> Any:
        self.build()
        return self


def _name(value: str) -> str:
    if not value.strip():
        raise refusal("is empty", "give a name")
    if value != value.strip() or not value.isprintable():
        raise refusal(f"is {value!r}, with blanks around it or characters that do not print", "remove them")
    return value


def _past(value: Any) -> Any:
    return _date(value, dt.date.today(), "in the future")


def _planned(value: Any) -> Any:
    return _date(value, _LATEST, f"after {_LATEST}")


def _date(value: Any, latest: dt.date, beyond: str) -> Any:
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
        raise refusal(f"is {value!r}, which is no date", "write year-month-day, such as 2012-08-31")
    try:
        date = dt.date.fromisoformat(value.strip())
    except ValueError:
        raise refusal(f"is {value}, which is not in the calendar", "check month and day") from None
    if not _EARLIEST <= date <= latest:
        raise refusal(f"is {value}, {beyond if date > latest else f'before {_EARLIEST}'}", "check the year")
    return date


def _fraction(value: Any) -> Any:
    if isinstance(value, str) and (percent := _PERCENT.fullmatch(value)):
        return float(Decimal(percent[1]).scaleb(-2))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 < abs(value) < math.inf:
        raise refusal(
            f"is {value:g}, which as a fraction would be {value * 100:g} %",
            f"write {value:g} % with its percent sign, or {value / 100:g}",
        )
    return value


def as_fraction(value: float) -> float | str:
    """Return a fraction as files hold it: as a percentage when it is above 1."""
    return value if abs(value) <= 1 or math.isinf(value) else f"{Decimal(repr(value)).scaleb(2):f} %"


def _either(expected: str) -> WrapValidator:
    """Say one sentence for a value that fits none of several types."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise refusal(f"is {value!r}", f"use {expected}") from None

    return WrapValidator(check)


Name = Annotated[str, AfterValidator(_name)]
_DAY = WithJsonSchema({"type": "string", "format": "date"})
#: A day on which something was so.
Date = Annotated[dt.date, BeforeValidator(_past), _DAY]
#: A day that may be ahead.
PlannedDate = Annotated[dt.date, BeforeValidator(_planned), _DAY]
Dollars = Annotated[float, Field(allow_inf_nan=False)]
#: A number in a cell of a CSV file, 0 or more.
Number = Annotated[float, BeforeValidator(as_number), Field(ge=0, allow_inf_nan=False)]
PositiveDollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _fraction_schema(least: int, sign: str) -> WithJsonSchema:
    percent = rf"^ *{sign}([0-9]+\.?[0-9]*|\.[0-9]+) *% *$"
    number = {"type": "number", "minimum": least, "maximum": 1}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": percent}]})


Fraction = Annotated[float, Field(ge=0), BeforeValidator(_fraction), _fraction_schema(0, "")]
#: A fraction that may shrink something.
Growth = Annotated[float, Field(gt=-1, le=1), BeforeValidator(_fraction), _fraction_schema(-1, "[-+]?")]
Look = Annotated[
    Annotated[int, Field(ge=1)] | Every,
    _either(f"a number of sessions (1, 2, …) or one of {', '.join(EVERY)}"),
]
Destination = Annotated[
    Literal["target", "half", "edge"] | Annotated[Fraction, Field(le=1)],
    _either("target, half, edge, or a fraction of the band from 0 to 1"),
]
