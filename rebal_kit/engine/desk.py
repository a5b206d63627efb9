"""The desk: everything the engine works with, in one value that is handed from function to function."""

from __future__ import annotations

from typing import NamedTuple

from rebal_kit.engine.arrays import Plan, Prices, Structure
from rebal_kit.engine.ledger import Ledger
from rebal_kit.engine.tape import Tape
from rebal_kit.engine.work import Work
from rebal_kit.rules.law import TaxTable


class Desk(NamedTuple):
    """What is read (prices, structure, plan, table) and what is changed (ledger by the book only, tape, work)."""

    prices: Prices
    structure: Structure
    plan: Plan
    table: TaxTable
    ledger: Ledger
    tape: Tape
    work: Work
