"""What the solver is to weigh against each other: tax now, tax later, costs and drift, all in US$ for a US$."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rebal_kit.checking import check_fraction, check_number
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.printing import code_of


@dataclass(frozen=True)
class Aims:
    """Prices of what cannot be had for nothing.

    Attributes
    ----------
    drift : float
        US$ that it is worth to bring a class a US$ closer to its target. λ of the objective.
    member_drift : float
        The same of a member inside its class.
    later_rate : float, optional
        Tax on gains that stay unrealised, as it is worth today: rate times discount. By default half the household's
        rate on one more dollar of long-term gain: some 14 years at 5 %, or a one in two chance of the step-up at death.
    carried_rate : float, optional
        What a dollar of loss carried to next year is worth today. By default three quarters of the same rate.
    """

    drift: float = 0.10
    member_drift: float = 0.05
    later_rate: float | None = None
    carried_rate: float | None = None

    def __post_init__(self) -> None:
        raise_errors(PolicyError, self._check())

    def _check(self) -> Iterator[Finding]:
        for name in ("drift", "member_drift"):
            remedy = "give US$ for a US$, 0 to 10"
            yield from check_number("aims", name, getattr(self, name), remedy, least=0, most=10)
        for name in ("later_rate", "carried_rate"):
            if getattr(self, name) is not None:
                yield from check_fraction("aims", name, getattr(self, name))

    def later(self, marginal_long: float) -> float:
        """Return the rate on later gains of a household that pays `marginal_long` on one more dollar."""
        return 0.5 * marginal_long if self.later_rate is None else float(self.later_rate)

    def carried(self, marginal_long: float) -> float:
        """Return what a dollar of loss carried over is worth to a household that pays `marginal_long`."""
        return 0.75 * marginal_long if self.carried_rate is None else float(self.carried_rate)

    def __repr__(self) -> str:
        return code_of(self)
