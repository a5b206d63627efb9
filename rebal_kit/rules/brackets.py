"""How much tax the portfolio adds to the household's return, by brackets or by flat rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.rules.gains import NetCapital, net_capital

if TYPE_CHECKING:
    from rebal_kit.rules.law import TaxTable


class Carryover(NamedTuple):
    """Capital losses carried from year to year, US$ and positive, on two returns kept side by side.

    Attributes
    ----------
    short, long : float
        Of the return as it is, with the portfolio.
    alone_short, alone_long : float
        Of the return as it would have been without the portfolio. Losses from outside are in both, so that
        they are never credited to the portfolio; losses harvested in it are in the first only, so that each
        of their dollars is credited to it in the year in which it saves tax.
    """

    short: float
    long: float
    alone_short: float
    alone_long: float


class YearTax(NamedTuple):
    """What the portfolio adds to the household's tax of one year, US$; negative where it saves.

    Attributes
    ----------
    tax : float
        The sum of the next four.
    ordinary_tax, gains_tax : float
        Income tax on ordinary income, and on net long-term gains and qualified dividends.
    niit : float
        Net investment income tax.
    state : float
    deduction : float
        Capital loss deducted from other income on the whole return, positive.
    carry : Carryover
        To next year.
    """

    tax: float
    ordinary_tax: float
    gains_tax: float
    niit: float
    state: float
    deduction: float
    carry: Carryover


class TaxReturn(NamedTuple):
    """One return, line by line, US$.

    Attributes
    ----------
    net : NetCapital
        Schedule D: netting, the loss deducted, what is carried over.
    adjusted_gross_income : float
        Before the standard deduction.
    taxable_income : float
        What the rates below are on, not below zero. With flat rates: what these are on, which leaves out
        wages and the standard deduction and may be a loss.
    ordinary_taxable : float
        The part of it taxed as ordinary income.
    at_lowest, at_middle, at_highest : float
        The other part, net long-term gains and qualified dividends, by the three rates for them (0, 15 and
        20 %). All 0 with flat rates.
    ordinary_tax, gains_tax : float
        Income tax on the two parts. The second is never more than the part would cost as ordinary income, so
        that it may be less than the three amounts at their rates.
    niit_base, niit : float
        Net investment income as far as it is taxed, and the tax on it.
    state : float
    """

    net: NetCapital
    adjusted_gross_income: float
    taxable_income: float
    ordinary_taxable: float
    at_lowest: float
    at_middle: float
    at_highest: float
    ordinary_tax: float
    gains_tax: float
    niit_base: float
    niit: float
    state: float


@compiled
def income_within(lower: float, upper: float, floor: float, ceiling: float) -> float:
    """Return how much of the slice of income from `lower` to `upper` lies between two bracket edges, US$."""
    return max(0.0, min(upper, ceiling) - max(lower, floor))


@compiled
def bracket_tax(lower: float, upper: float, edges: np.ndarray, rates: np.ndarray) -> float:
    """Return the tax on the slice of income from `lower` to `upper`, cut at the bracket edges.

    Parameters
    ----------
    lower, upper : float
        Taxable income, US$; nothing is due on what is below zero.
    edges, rates : ndarray
        (n_brackets,) upper edges, US$, the last infinite, and rates.
    """
    tax = 0.0
    floor = 0.0
    for bracket in range(len(edges)):
        tax += income_within(lower, upper, floor, edges[bracket]) * rates[bracket]
        floor = edges[bracket]
    return tax


@compiled
def ordinary_tax(taxable: float, edges: np.ndarray, rates: np.ndarray) -> float:
    """Return the tax on ordinary taxable income, US$.

    *Source*: IRC §1(j)(2), tax rate schedules.
    """
    return bracket_tax(0.0, taxable, edges, rates)


@compiled
def preferential_tax(ordinary: float, preferential: float, edges: np.ndarray, rates: np.ndarray) -> float:
    """Return the tax on net long-term gains and qualified dividends, which lie on top of ordinary income.

    *Source*: IRC §1(h)(1)(B)–(D); Qualified Dividends and Capital Gain Tax Worksheet lines 6–21. The edges
    are edges of *taxable* income. *Not modelled*: collectibles and §1202 gain (28 %), unrecaptured §1250 gain
    (25 %).

    Parameters
    ----------
    ordinary : float
        Ordinary taxable income, US$.
    preferential : float
        Gains and dividends within taxable income, US$.
    edges, rates : ndarray
        (n_brackets,) for gains, the last edge infinite.
    """
    return bracket_tax(ordinary, ordinary + preferential, edges, rates)


@compiled
def niit_base(investment_income: float, adjusted_gross_income: float, threshold: float) -> float:
    """Return the part of net investment income that the net investment income tax is on, US$.

    *Source*: IRC §1411(a)(1); Form 8960 lines 12–16. *Not modelled*: foreign income added back; deductible
    expenses.

    Parameters
    ----------
    investment_income : float
        Dividends, interest and net gains; a net loss counts as far as it is deducted (line 5a).
    adjusted_gross_income : float
        Before the standard deduction, US$.
    threshold : float
        By filing status.
    """
    return max(0.0, min(investment_income, adjusted_gross_income - threshold))


@compiled
def niit(investment_income: float, adjusted_gross_income: float, rate: float, threshold: float) -> float:
    """Return the net investment income tax, US$.

    *Source*: IRC §1411(a)(1); Form 8960 line 17.

    Parameters
    ----------
    investment_income, adjusted_gross_income, threshold : float
        As in `niit_base`.
    rate : float
    """
    return rate * niit_base(investment_income, adjusted_gross_income, threshold)


@compiled
def year_tax(
    table: TaxTable,
    short: float,
    long: float,
    qualified: float,
    ordinary: float,
    exempt: float,
    carry: Carryover,
    other: float = 0.0,
) -> YearTax:
    """Return what the portfolio adds to a year's tax: the return with it less the return without it.

    The return without it has the profile's income, outside gains and the carryovers it would have had alone.

    *Source*: IRC §1(h), (j), §63(c), §1211(b), §1212(b), §1411. With flat rates: gains, dividends and the
    deduction at those rates, no brackets and no net investment income tax. *State*: the flat rate on gains
    less deduction and on dividends less what is exempt (31 U.S.C. §3124). *Not modelled*: alternative minimum
    tax, itemised deductions, phase-outs, §199A, local tax.

    Parameters
    ----------
    table : TaxTable
    short, long : float
        The portfolio's recognised net gains of the year, US$; losses are negative.
    qualified, ordinary : float
        Dividends by kind, US$; interest is ordinary.
    exempt : float
        The part of `ordinary` that states may not tax, US$.
    carry : Carryover
        Into the year; `opening_carryover(profile)` in the first.
    other : float
        Ordinary income of the portfolio that is no investment income, US$: what was withdrawn from
        tax-deferred accounts (§408(d)(1), §402(a), §1411(c)(5)). It is on the return with the portfolio only.
    """
    short, long = short + table.outside_short, long + table.outside_long
    whole = tax_return(table, other, short, long, qualified, ordinary, exempt, carry.short, carry.long)
    alone = tax_return(
        table, 0.0, table.outside_short, table.outside_long, 0.0, 0.0, 0.0, carry.alone_short, carry.alone_long
    )  # fmt: skip
    on_ordinary = whole.ordinary_tax - alone.ordinary_tax
    on_gains = whole.gains_tax - alone.gains_tax
    on_investments = whole.niit - alone.niit
    to_state = whole.state - alone.state
    return YearTax(
        on_ordinary + on_gains + on_investments + to_state,
        on_ordinary, on_gains, on_investments, to_state, whole.net.deduction,
        Carryover(whole.net.carry_short, whole.net.carry_long, alone.net.carry_short, alone.net.carry_long),
    )  # fmt: skip


@compiled
def tax_return(
    table: TaxTable, other: float, short: float, long: float, qualified: float, ordinary: float, exempt: float,
    carry_short: float, carry_long: float,
) -> TaxReturn:  # fmt: skip
    """Settle one return: the income of the table's profile and what is given here.

    *Source*: IRC §1(h), (j), §63(c), §1211(b), §1212(b), §1411; Form 1040 lines 1–16, Schedule D, Form 8960.
    What is not modelled stands at `year_tax`.

    Parameters
    ----------
    table : TaxTable
        Its outside gains are left out: give them with `short` and `long`.
    other : float
        Ordinary income that is neither wages in the table nor investment income, such as a withdrawal from a
        tax-deferred account, US$; the flat rates and the state's are on it too.
    short, long : float
        All recognised net gains of the year, US$; losses are negative.
    qualified, ordinary, exempt : float
        As in `year_tax`.
    carry_short, carry_long : float
        Losses carried in, US$ and positive.
    """
    dividends = qualified + ordinary
    # Taxable income on the worksheet's line 1 is after the loss deduction, as far as that is allowed at all.
    loss = max(0.0, -(short - carry_short + (long - carry_long)))
    before_gains = table.ordinary_income + other + dividends - table.standard_deduction
    taxable = np.inf if table.flat else before_gains - min(loss, table.loss_limit)
    net = net_capital(short, long, carry_short, carry_long, table.loss_limit, taxable)
    line_7 = net.taxed_short + net.taxed_long - net.deduction  # of Form 1040
    state = table.state_rate * (line_7 + dividends - exempt + other)
    gross = table.ordinary_income + other + dividends + line_7

    if table.flat:
        at_ordinary = net.taxed_short + ordinary - net.deduction + other
        on_ordinary = table.flat_short * at_ordinary
        on_gains = table.flat_long * net.taxed_long + table.flat_qualified * qualified
        taxable = at_ordinary + net.taxed_long + qualified
        return TaxReturn(
            net, gross, taxable, at_ordinary, 0.0, 0.0, 0.0, on_ordinary, on_gains, 0.0, 0.0, state
        )  # fmt: skip

    taxable = max(0.0, gross - table.standard_deduction)
    preferential = min(taxable, qualified + net.taxed_long)  # the deduction takes ordinary income first
    at_ordinary = taxable - preferential
    on_ordinary = ordinary_tax(at_ordinary, table.ordinary_edges, table.ordinary_rates)
    on_gains = preferential_tax(at_ordinary, preferential, table.gain_edges, table.gain_rates)
    # Just below the 12 % bracket's edge a gain is at 15 % already: never more than the tax on it as ordinary
    # income (§1(h)(1) "shall not exceed"; worksheet line 25).
    on_gains = min(on_gains, ordinary_tax(taxable, table.ordinary_edges, table.ordinary_rates) - on_ordinary)
    top, zero_edge, middle_edge = at_ordinary + preferential, table.gain_edges[0], table.gain_edges[1]
    return TaxReturn(
        net, gross, taxable, at_ordinary,
        income_within(at_ordinary, top, 0.0, zero_edge),
        income_within(at_ordinary, top, zero_edge, middle_edge),
        income_within(at_ordinary, top, middle_edge, np.inf),
        on_ordinary, on_gains,
        niit_base(dividends + line_7, gross, table.niit_threshold),
        niit(dividends + line_7, gross, table.niit_rate, table.niit_threshold),
        state,
    )  # fmt: skip
