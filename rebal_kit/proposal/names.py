"""Which of the household's lots the rows of the engine's journal sell: purchases and pieces back to names."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from rebal_kit.engine.ledger import lots_in_order
from rebal_kit.engine.mid_year import numbers_of_lots
from rebal_kit.proposal.day import Day

#: Shares of a lot that are rounding.
_DUST = 1e-9


def lot_names(day: Day, journal: np.ndarray) -> list[str]:
    """Return the name of the lot that each row sells, '' for a purchase.

    The engine counts the pieces that a position has of a purchase when an order is made, and 0 where there is one only.

    Parameters
    ----------
    day : Day
    journal : ndarray
        (n_rows,) `rebal_kit.engine.tape.ENTRY`, in the order written.
    """
    symbols = day.setting.market.symbols
    column = {symbol: s for s, symbol in enumerate(symbols)}
    numbers = numbers_of_lots(day.household)
    left: dict[tuple[int, int, int], dict[str, float]] = defaultdict(dict)
    for _, a, lot in lots_in_order(day.household):
        s = column[lot.symbol]
        left[a, s, numbers[lot.lot]][lot.lot] = lot.quantity * float(day.splits[s])
    names: list[str] = []
    order = -1
    pieces: dict[tuple[int, int, int], list[str]] = {}
    for row in journal:
        if row["side"] > 0:
            names.append("")
            continue
        if row["order"] != order:
            order, pieces = row["order"], {}
        place = (int(row["account"]), int(row["security"]), int(row["purchase"]))
        if place not in pieces:
            pieces[place] = [name for name, shares in left[place].items() if shares > _DUST]
        there = pieces[place]
        if not there:  # reinvested since the household's date
            names.append(f"{symbols[place[1]]}-{place[2]}")
            continue
        name = there[min(max(int(row["piece"]), 1), len(there)) - 1]
        left[place][name] -= float(row["quantity"])
        names.append(name)
    return names
