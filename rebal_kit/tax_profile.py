"""What a household's tax return looks like without its portfolio: one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rebal_kit.checking import check_number
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.printing import code_of

FilingStatus = Literal["single", "mfj", "mfs", "hoh"]


@dataclass(frozen=True)
class TaxProfile:
    """What the household's tax return looks like without this portfolio.

    Attributes
    ----------
    filing : {'single', 'mfj', 'mfs', 'hoh'}
    law_year : int
        Year whose brackets, deduction and limits are used, for every simulated year.
    ordinary_income : float
        Wages and the like before the standard deduction, US$ a year.
    outside_short, outside_long : float
        Net short- and long-term gains (losses negative) realised elsewhere each year, US$.
    carryover_short, carryover_long : float
        Capital losses carried in, US$, given as positive numbers.
    state_rate : float
        Flat state rate on gains and dividends (Treasury interest is exempt).
    flat : tuple of 3 floats, optional
        (short-term and ordinary, long-term, qualified dividend) rates instead of the brackets.
    retirement_rate : float, optional
        Rate on tax-deferred balances in the liquidation line; the marginal ordinary rate when not given.
    """

    filing: FilingStatus = "mfj"
    law_year: int = 2026
    ordinary_income: float = 0.0
    outside_short: float = 0.0
    outside_long: float = 0.0
    carryover_short: float = 0.0
    carryover_long: float = 0.0
    state_rate: float = 0.0
    flat: tuple[float, float, float] | None = None
    retirement_rate: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.flat, list):
            object.__setattr__(self, "flat", tuple(self.flat))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = "tax profile"
        if self.filing not in ("single", "mfj", "mfs", "hoh"):
            yield Finding("error", where, f"filing is {self.filing!r}", "use single, mfj, mfs or hoh")
        yield from check_number(where, "law_year", self.law_year, "give a year such as 2026", whole=True)
        for name in ("ordinary_income", "outside_short", "outside_long"):  # each may be a loss
            yield from check_number(where, name, getattr(self, name), "give US$ a year; a loss is negative")
        for name in ("carryover_short", "carryover_long"):
            remedy = "give a loss carried in as a positive number"
            yield from check_number(where, name, getattr(self, name), remedy, least=0)
        rates = {"state_rate": self.state_rate}
        if self.retirement_rate is not None:
            rates["retirement_rate"] = self.retirement_rate
        if self.flat is not None:
            flat: Any = self.flat
            if not isinstance(flat, tuple) or len(flat) != 3:
                remedy = "give three rates: short-term and ordinary, long-term, qualified dividend"
                yield Finding("error", where, f"flat is {flat!r}", remedy)
            else:
                rates |= {f"flat[{i}]": rate for i, rate in enumerate(flat)}
        for name, rate in rates.items():
            yield from check_number(where, name, rate, "give a fraction of 1", least=0, below=1)

    @classmethod
    def untaxed(cls) -> TaxProfile:
        """Return a profile under which nothing is taxed, for comparison with tools that know no tax."""
        return cls(flat=(0.0, 0.0, 0.0), retirement_rate=0.0)

    def __repr__(self) -> str:
        return code_of(self)
