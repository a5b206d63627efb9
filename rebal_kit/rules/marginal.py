"""What one more dollar costs in tax: the return with it less the return without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rebal_kit.compiled import compiled
from rebal_kit.rules.brackets import TaxReturn, tax_return

if TYPE_CHECKING:
    from rebal_kit.rules.law import TaxTable

_A_DOLLAR = 1.0
#: Differences of large sums: so many digits of a dollar are sure up to incomes of a billion.
_DIGITS = 7


class Rate(NamedTuple):
    """Tax on one more dollar, as a fraction of it.

    Attributes
    ----------
    federal : float
        Income tax and net investment income tax.
    state : float
    total : float
        Both.
    """

    federal: float
    state: float
    total: float


class MarginalRates(NamedTuple):
    """Tax on one more dollar, by its kind.

    Attributes
    ----------
    ordinary_income : Rate
        Wages, pensions, withdrawals from tax-deferred accounts: no investment income.
    short_term_gain, long_term_gain : Rate
    qualified_dividend : Rate
    """

    ordinary_income: Rate
    short_term_gain: Rate
    long_term_gain: Rate
    qualified_dividend: Rate


def rates_of_a_dollar(
    table: TaxTable, short: float, long: float, carry_short: float, carry_long: float
) -> MarginalRates:
    """Return the tax on one more dollar of each kind, as rates.

    Parameters
    ----------
    table, short, long, carry_short, carry_long
        As in `tax_on_a_dollar`.
    """
    taxes = tax_on_a_dollar(table, short, long, carry_short, carry_long)
    return MarginalRates(*(_rate(federal, state) for federal, state in taxes))


def _rate(federal: float, state: float) -> Rate:
    federal, state = round(float(federal), _DIGITS), round(float(state), _DIGITS)
    return Rate(federal, state, round(federal + state, _DIGITS))


@compiled
def tax_on_a_dollar(
    table: TaxTable, short: float, long: float, carry_short: float, carry_long: float
) -> tuple[tuple[float, float], ...]:
    """Return federal and state tax on one more dollar of ordinary income, short gain, long gain, and dividend.

    The dollar comes on top of the table's income and of the gains and carryovers given here.

    *Source*: as `rebal_kit.rules.brackets.tax_return`, of which these are differences.

    Parameters
    ----------
    table : TaxTable
    short, long : float
        Net gains without the dollar, US$; losses are negative and absorb the dollar.
    carry_short, carry_long : float
        Losses carried in, US$ and positive.
    """
    more, none = _A_DOLLAR, 0.0
    without = tax_return(table, none, short, long, none, none, none, carry_short, carry_long)
    ordinary = tax_return(table, more, short, long, none, none, none, carry_short, carry_long)
    gain = tax_return(table, none, short + more, long, none, none, none, carry_short, carry_long)
    long_gain = tax_return(table, none, short, long + more, none, none, none, carry_short, carry_long)
    dividend = tax_return(table, none, short, long, more, none, none, carry_short, carry_long)
    return (
        _added(without, ordinary), _added(without, gain), _added(without, long_gain), _added(without, dividend)
    )  # fmt: skip


@compiled
def _added(without: TaxReturn, with_it: TaxReturn) -> tuple[float, float]:
    on_income = with_it.ordinary_tax - without.ordinary_tax + (with_it.gains_tax - without.gains_tax)
    return on_income + (with_it.niit - without.niit), with_it.state - without.state
