"""Gifts of stock to a public charity: what may be deducted, and which lot should be given.

A gift realises nothing: the gain in it is never taxed, and a loss in it is never deducted. So the lot to give is
the long-term one with the most gain in a dollar; a lot at a loss is better sold, the loss taken and the cash
given. Since no loss is realised, buying the same again is no wash sale.

*Not modelled*: the yearly limits on deductions (30 % of adjusted gross income for long-term stock at its market
value, IRC §170(b)(1)(C); 50 and 60 % for the rest, §170(b)(1)(A), (G)), the five years for which an excess is
carried on, the floor of half a percent from 2026 on (§170(b)(1)(I)) and the cap on what itemised deductions save
(§68); private foundations (§170(e)(1)(B)(ii)); gifts out of an IRA (§408(d)(8)); gifts to persons, who take over
basis and holding period (§1015, §1223(2)); the step-up at death (§1014). A gift ends the holding period that a
recent dividend needs to be qualified (Reg. §1.246-3(c)(1)).
"""

from __future__ import annotations

from rebal_kit.compiled import compiled

GIVE = 0
AT_A_LOSS = 1
SHORT_TERM = 2


@compiled
def gift_deduction(value: float, basis: float, is_long: bool) -> float:
    """Return what a gift of stock adds to the deductions, US$, before any limit.

    *Source*: IRC §170(e)(1)(A): market value less the gain that would not have been long-term.

    Parameters
    ----------
    value, basis : float
        Market value on the day of the gift and adjusted basis of the shares given, US$.
    is_long : bool
        Whether a sale on that day would be long-term (`rebal_kit.rules.holding.is_long_term`).
    """
    return value if is_long else value - max(0.0, value - basis)


@compiled
def untaxed_gain(value: float, basis: float) -> float:
    """Return the gain that is never taxed because the shares are given, US$; a loss forgone is negative.

    *Source*: IRC §1001(a), (b): a gift realises no amount. *Not modelled*: bargain sales (§1011(b)).

    Parameters
    ----------
    value, basis : float
        As in `gift_deduction`.
    """
    return value - basis


@compiled
def gift_verdict(value: float, basis: float, is_long: bool) -> int:
    """Say whether a lot should be given: GIVE, or why not: AT_A_LOSS, SHORT_TERM.

    A lot at a loss would lose the loss, whatever its term. A short-term gain is not deducted; at cost there is
    none, and the lot is as good as cash.

    *Source*: IRC §170(e)(1)(A); for the loss §165(c), which a gift does not give.

    Parameters
    ----------
    value, basis : float
        Of the lot or of a share, US$.
    is_long : bool
        As in `gift_deduction`.
    """
    if value < basis:
        return AT_A_LOSS
    return GIVE if is_long or value == basis else SHORT_TERM


@compiled
def gift_order(value: float, basis: float) -> float:
    """Return where a lot stands in the queue: the smallest, with the most gain in a dollar, is given first.

    Parameters
    ----------
    value, basis : float
        Of the lot or of a share, US$; `value` above 0.
    """
    return basis / value
