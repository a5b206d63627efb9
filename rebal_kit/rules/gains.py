"""Netting of capital gains and losses, the yearly limit, and what is carried over with its character."""

from __future__ import annotations

from typing import NamedTuple

from rebal_kit.compiled import compiled


class NetCapital(NamedTuple):
    """Schedule D in brief, US$.

    Attributes
    ----------
    net_short, net_long : float
        After losses carried in, each with its own kind (Schedule D lines 7 and 15).
    net : float
        Their sum (line 16).
    taxed_short : float
        Net gain taxed as ordinary income.
    taxed_long : float
        Net gain taxed at the rates for long-term gains ("net capital gain", §1222(11)).
    deduction : float
        Net loss deducted from other income, positive (line 21).
    carry_short, carry_long : float
        Losses carried to next year, positive.
    absorbed : float
        The part of `deduction` that taxable income could absorb (carryover worksheet line 4); the rest stays
        in the carryovers. net = taxed_short + taxed_long − absorbed − carry_short − carry_long.
    """

    net_short: float
    net_long: float
    net: float
    taxed_short: float
    taxed_long: float
    deduction: float
    carry_short: float
    carry_long: float
    absorbed: float


@compiled
def net_capital(
    short: float, long: float, carry_short: float, carry_long: float, loss_limit: float, taxable_income: float
) -> NetCapital:
    """Net a year's gains and losses, deduct up to the limit and carry the rest, short-term losses used first.

    *Source*: IRC §1222 (netting), §1211(b) (limit), §1212(b) (carryover); Schedule D and its Capital Loss
    Carryover Worksheet, whose line numbers the comments give. *Not modelled*: 28 % and unrecaptured §1250
    gains; the division of a joint carryover between spouses; its end at death.

    Parameters
    ----------
    short, long : float
        The year's recognised net gains, US$; losses are negative.
    carry_short, carry_long : float
        Losses carried in, US$ and positive.
    loss_limit : float
        Net loss that may be deducted from other income in a year, US$.
    taxable_income : float
        Form 1040 line 15 after `deduction` but not cut off at zero, US$: what it is below zero was not
        absorbed and is carried over. Give infinity where the deduction is surely absorbed.
    """
    net_short = short - carry_short
    net_long = long - carry_long
    net = net_short + net_long

    taxed_long = max(0.0, min(net, net_long))
    taxed_short = max(0.0, net) - taxed_long

    deduction = max(0.0, min(-net, loss_limit))  # line 2
    absorbed = min(deduction, max(0.0, taxable_income + deduction))  # lines 3, 4
    loss_short, gain_short = max(0.0, -net_short), max(0.0, net_short)  # lines 5, 10
    loss_long, gain_long = max(0.0, -net_long), max(0.0, net_long)  # lines 9, 6
    left_short = max(0.0, loss_short - (absorbed + gain_long))  # lines 7, 8
    left_long = max(0.0, loss_long - (gain_short + max(0.0, absorbed - loss_short)))  # lines 11, 12, 13
    return NetCapital(
        net_short, net_long, net, taxed_short, taxed_long, deduction, left_short, left_long, absorbed
    )
