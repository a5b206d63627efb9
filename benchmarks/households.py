"""Random households for the solver: as many positions, lots and accounts as asked for."""

from __future__ import annotations

import numpy as np

from rebal_kit.optimal.problem import Aims, Limits, Lots, Problem, Targets, Trading, Wash, Year
from rebal_kit.rules.law import opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile

#: A return in the 24 % bracket, with a loss carried in.
PROFILE = TaxProfile(ordinary_income=220_000.0, carryover_long=4_000.0, state_rate=0.05)


def random_household(
    positions: int, lots: int, accounts: int = 5, seed: int = 0, *, lumpy: bool = True, whole: bool = False
) -> Problem:
    """Return a household that has drifted, with five classes, restrictions and open wash-sale windows.

    Parameters
    ----------
    positions, lots, accounts : int
        `positions` is the number of securities, each held in one or two accounts.
    seed : int
    lumpy : bool
        Orders cost a commission and have a least size.
    whole : bool
        Orders are for whole shares.
    """
    dice = np.random.default_rng(seed)
    classes = 5
    price = np.exp(dice.normal(4.3, 0.6, positions)).round(2)
    kind = np.array([0, 0, 1, 2, 1] * (accounts // 5 + 1))[:accounts]
    security = np.concatenate((np.arange(positions), dice.integers(0, positions, lots - positions)))
    home = dice.integers(0, accounts, positions)
    second = dice.integers(0, accounts, positions)
    account = np.where(dice.random(lots) < 0.8, home[security], second[security])
    quantity = np.maximum(1.0, (dice.lognormal(10.0, 0.7, lots) / price[security]).round(0 if whole else 3))
    basis = price[security] * dice.lognormal(-0.25, 0.4, lots)
    order = np.lexsort((np.arange(lots), security, account))
    days = dice.integers(-900, 300, lots)
    groups = np.arange(positions)
    groups[1:positions:12] = groups[0 : positions - 1 : 12]
    _, group = np.unique(groups, return_inverse=True)
    shape = (accounts, positions)
    value = np.bincount(security, quantity * price[security], minlength=positions)
    sleeve_class = dice.integers(0, classes, positions)
    sleeve_class[:classes] = np.arange(classes)
    wanted = np.bincount(sleeve_class, value) / value.sum() * dice.lognormal(0.0, 0.15, classes)
    inner = dice.lognormal(0.0, 0.25, positions) * value
    inner /= np.bincount(sleeve_class, inner)[sleeve_class]
    return Problem(
        kind=kind, cash=dice.uniform(2_000.0, 60_000.0, accounts).round(2), min_cash=np.full(accounts, 1_000.0),
        counted=np.ones(accounts, bool), price=price,
        lots=Lots(account[order], security[order], quantity[order], basis[order], days[order], np.zeros(lots, bool)),
        targets=Targets(
            np.arange(positions), sleeve_class, inner, 0.99 * wanted / wanted.sum(), np.zeros(classes),
            np.zeros(classes),
        ),
        trading=Trading(
            dice.random(shape) > 0.02, dice.random(shape) > 0.02, np.full(shape, 5.0 if lumpy else 0.0),
            np.full(positions, 2e-4), 0.0, np.zeros(positions), np.zeros(positions), 250.0 if lumpy else 0.0, whole,
        ),
        wash=Wash(group, dice.random(group.max() + 1) < 0.04, dice.random(group.max() + 1) < 0.04),
        year=Year(tax_table(PROFILE), opening_carryover(PROFILE), 1_500.0, -2_000.0),
        limits=Limits(), aims=Aims(0.1, 0.03, 0.12, 0.25, 0.12),
        preference=np.where(dice.random(shape) < 0.5, 1e-5, 0.0),
    )  # fmt: skip
