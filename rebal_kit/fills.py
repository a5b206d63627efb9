"""Executions of one order as one purchase: what a broker lists line by line is economically one lot."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from rebal_kit.transactions import PURCHASES, Action, Transaction


def merge_fills(lines: list[Transaction]) -> list[Transaction]:
    """Make one purchase of the executions of an order: one day, account, security and lot name.

    Parameters
    ----------
    lines : list of Transaction
        By date.
    """
    fills: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        if line.action in PURCHASES and line.lot:
            fills[line.date, line.account, line.symbol, line.lot].append(at)
    merged: list[Transaction | None] = list(lines)
    for places in fills.values():
        if len(places) > 1:
            merged[places[0]] = _one_order(lines, places)
            for at in places[1:]:
                merged[at] = None
    return [line for line in merged if line is not None]


def _one_order(lines: list[Transaction], places: list[int]) -> Transaction:
    """Add executions up, in shares as the first counts them: a split may stand between."""
    first = lines[places[0]]
    quantity = amount = fees = 0.0
    for at in places:
        ratio = 1.0
        for between in lines[places[0] : at]:
            mine = between.symbol == first.symbol and between.account in ("", first.account)
            if between.action == Action.SPLIT and mine:
                ratio *= between.quantity
        quantity += lines[at].quantity / ratio
        amount += lines[at].quantity * lines[at].price
        fees += lines[at].fees
    return replace(first, quantity=quantity, price=amount / quantity, fees=fees)
