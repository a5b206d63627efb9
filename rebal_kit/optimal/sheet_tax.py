"""Rows for tax: the year's net gains, the tax on them, and limits on both.

The choice between pieces of the tax is the convex hull of their union (Balas, "Disjunctive programming and a hierarchy
of relaxations", SIAM Journal on Algebraic Discrete Methods 6(3), 1985): no formulation of it is tighter.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.optimal.sheet import UNIT, Sheet
from rebal_kit.optimal.sheet_orders import Orders
from rebal_kit.optimal.tax_shape import SHORT, Curve, Piece, opening_gains, pieces_of, tax_so_far, worth_of


def tax_rows(sheet: Sheet, orders: Orders) -> dict[str, int]:
    """Add net gains and their tax to the objective; return the rows of the limits on them, by name."""
    problem, to, stock, sale = sheet.problem, sheet.to, sheet.stock, sheet.sale
    limits, year = problem.limits, problem.year
    taxed, long = stock.taxed[sheet.unit], stock.long[sheet.unit]
    gain = stock.gain[sheet.unit] * sale.step
    all_short = np.ones(len(sheet.place), bool)
    all_short[sheet.position[long]] = False
    opening = np.array(opening_gains(year)) / UNIT
    low, high = opening.copy(), opening.copy()
    rows = to.rows(2, opening, opening)
    for kind, mine in enumerate((taxed & ~long, taxed & long)):
        to.put(rows[kind], sale.column[mine], -gain[mine])
        paying = (orders.off_gain > 0.0) & (all_short if kind == 0 else ~all_short)
        to.put(rows[kind], orders.of_position[paying], orders.off_gain[paying])
        most = gain[mine] * sale.upper[mine]
        low[kind] += np.minimum(most, 0.0).sum() - orders.off_gain[paying].sum()
        high[kind] += np.maximum(most, 0.0).sum()
    net = to.columns(2, low, high)
    to.put(rows, net, 1.0)
    found: dict[str, int] = {}
    if np.isfinite(limits.max_gain):
        room = max(limits.max_gain - year.short - year.long, 0.0) / UNIT
        row = to.rows(1, -np.inf, room + opening.sum())
        to.put(row, net, 1.0)
        found["gain"] = int(row[0])
    if np.isfinite(limits.max_legacy_gain):
        outside = taxed & (problem.targets.sleeve_of[sale.security] < 0)
        paying = np.unique(sheet.position[outside])
        paying = paying[orders.off_gain[paying] > 0.0]
        row = to.rows(1, -np.inf, max(limits.max_legacy_gain, 0.0) / UNIT)
        to.put(row, sale.column[outside], gain[outside])
        to.put(row, orders.of_position[paying], -orders.off_gain[paying])
        found["legacy"] = int(row[0])
    now = tax_so_far(year)
    capped = bool(np.isfinite(limits.max_tax))
    pieces = pieces_of(
        year, problem.aims, (low[0] * UNIT, high[0] * UNIT), (low[1] * UNIT, high[1] * UNIT), capped
    )
    cap = to.rows(1, -np.inf, max(limits.max_tax, now.tax) / UNIT) if capped else np.empty(0, int)
    if capped:
        found["tax"] = int(cap[0])
    _choose(sheet, pieces, net, cap)
    to.offset -= 0.0 if sheet.elastic else (now.tax - worth_of(now, problem.aims)) / UNIT
    return found


def _choose(sheet: Sheet, pieces: tuple[Piece, ...], net: np.ndarray, cap: np.ndarray) -> None:
    to = sheet.to
    several = len(pieces) > 1
    chosen = to.columns(len(pieces), 0.0 if several else 1.0, 1.0, 0.0, several)
    to.pieces = chosen if several else chosen[:0]
    one = to.rows(1, 1.0, 1.0)
    to.put(one, chosen, 1.0)
    sums = to.rows(2, 0.0, 0.0)
    to.put(sums, net, 1.0)
    for piece, on in zip(pieces, chosen, strict=True):
        part = to.columns(2, -np.inf, np.inf)
        to.put(sums, part, -1.0)
        bounds = np.array((piece.short, piece.long, piece.net)) / UNIT
        for side, least, most in ((0, 0.0, np.inf), (1, -np.inf, 0.0)):
            rows = to.rows(3, least, most)
            to.put(rows[[0, 1, 2, 2]], part[[0, 1, 0, 1]], 1.0)
            to.put(rows, on, -bounds[:, side])
        for curve in () if sheet.elastic else piece.value:
            _at_least(sheet, curve, part, on, 1.0)
        for curve in piece.tax if len(cap) else ():
            to.put(cap, _at_least(sheet, curve, part, on, 0.0), 1.0)


def _at_least(sheet: Sheet, curve: Curve, part: np.ndarray, on: np.ndarray, cost: float) -> np.ndarray:
    """Add a column that is at least every line of a curve where its piece is chosen, and at least 0 where not."""
    to = sheet.to
    height = to.columns(1, -np.inf, np.inf, cost)
    rows = to.rows(len(curve.slope), 0.0, np.inf)
    to.put(rows, height, 1.0)
    for column in part[: 1 if curve.of == SHORT else 2]:
        to.put(rows, column, -curve.slope)
    to.put(rows, on, -curve.intercept / UNIT)
    return height
