"""The problem as a mixed-integer linear program, in thousands of US$.

Columns: sales by unit of stock, purchases by account and security, both in whole shares if asked for; a binary for each
order that has a commission or a least size, and for each identity group of which shares could be sold at a loss *and*
bought; the year's net gains, with one binary for each convex piece of the tax; deviations from targets. Lots of a
position need none: in which order they are sold follows from the objective.

*Approximated*, and exact in what is reported (`rebal_kit.optimal.settle`): market impact is taken along chords, less
than 5 % above the square-root law for trades of US$ 1,000 and more, and is not taken off gains; the commission of an
order that sells short- and long-term lots is taken off the long-term gain; of whole shares, what a lot has over them is
sold with the last share of the position only. Without these the model is exact but for the few US$ of `tax_shape`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.optimal.assembly import Program
from rebal_kit.optimal.offers import Purchases, Refined, Stock, lots_sold
from rebal_kit.optimal.problem import Problem
from rebal_kit.optimal.sheet import UNIT, Side, new_sheet
from rebal_kit.optimal.sheet_orders import order_columns, wash_rows
from rebal_kit.optimal.sheet_targets import drift_rows, impact_rows
from rebal_kit.optimal.sheet_tax import tax_rows

#: Of a lot that is less, as a part of it, nothing is sold; of a lot of which no more is left, all is.
_SPECK = 1e-9
#: US$ of the smallest trade: less than a tenth of a cent is the solver's tolerance.
_LEAST_TRADE = 1e-3


class Model(NamedTuple):
    """A program, and where things are in it."""

    program: Program
    stock: Stock
    purchases: Purchases
    sale: Side
    unit: np.ndarray  # (n_sales,) unit that a sale column sells
    buy: Side
    cash: np.ndarray  # (A,) rows, -1 where there is none
    limits: dict[str, int]  # rows of limits on 'gain', 'legacy' (gain outside the targets), 'tax' and 'drift'
    slack: np.ndarray  # columns of what is missing, in an elastic program: cash by account, then drift

    def trades(self, problem: Problem, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (L,) shares sold and (A, S) shares bought in a solution."""
        quantity = self.stock.quantity
        sold = np.bincount(self.unit, values[self.sale.column] * self.sale.shares, minlength=len(quantity))
        sold = np.where(
            sold > quantity * (1.0 - _SPECK), quantity, np.where(sold < quantity * _SPECK, 0.0, sold)
        )
        bought = np.zeros(problem.trading.may_buy.shape)
        bought[self.buy.account, self.buy.security] = values[self.buy.column] * self.buy.shares
        bought[bought * problem.price < _LEAST_TRADE] = 0.0
        sold[sold * problem.price[self.stock.security] < _LEAST_TRADE] = 0.0
        return lots_sold(problem, self.stock, sold), bought


def build(problem: Problem, refined: Refined, reference: float = 0.0, *, elastic: bool = False) -> Model:
    """Write a problem down.

    Parameters
    ----------
    problem : Problem
    refined : Refined
    reference : float
        US$ that are taken off the objective: that of doing nothing makes the solver's relative gap one of what can be
        gained.
    elastic : bool
        As the question what is missing at least to do what must be done, whatever that costs.
    """
    sheet = new_sheet(problem, refined, elastic)
    drift = drift_rows(sheet)
    orders = order_columns(sheet, drift)
    wash_rows(sheet, drift, orders)
    impact_rows(sheet)
    limits = tax_rows(sheet, orders)
    if drift.limit >= 0:
        limits["drift"] = drift.limit
    if not elastic:
        sheet.to.offset -= reference / UNIT
    return Model(
        sheet.to.program(), sheet.stock, sheet.purchases, sheet.sale, sheet.unit, sheet.buy, sheet.cash, limits,
        np.concatenate((sheet.slack, drift.slack)),
    )  # fmt: skip
