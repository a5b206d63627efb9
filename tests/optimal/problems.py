"""Households made up at random: small ones with everything that can be set."""

from __future__ import annotations

import random

import numpy as np

from rebal_kit.optimal.problem import Aims, Limits, Lots, Problem, Targets, Trading, Wash, Year
from rebal_kit.rules.law import opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile


def profile_of(dice: random.Random) -> TaxProfile:
    return TaxProfile(
        filing=dice.choice(("single", "mfj", "mfs", "hoh")),
        law_year=dice.choice((2024, 2025, 2026)),
        ordinary_income=dice.choice((0.0, 20_000.0, 60_000.0, 120_000.0, 250_000.0, 600_000.0)),
        outside_short=dice.choice((0.0, 0.0, 2_000.0, -4_000.0)),
        outside_long=dice.choice((0.0, 0.0, 9_000.0, -1_500.0)),
        carryover_short=dice.choice((0.0, 0.0, 7_000.0)),
        carryover_long=dice.choice((0.0, 0.0, 5_000.0)),
        state_rate=dice.choice((0.0, 0.05)),
    )


def household(seed: int, *, tiny: bool = False) -> tuple[Problem, TaxProfile]:
    """Return a problem and its tax profile; a `tiny` one has few whole shares, all of whose trades can be tried."""
    dice = random.Random(seed)
    profile = profile_of(dice)
    accounts = dice.randint(1, 2) if tiny else dice.randint(1, 4)
    securities = dice.randint(2, 3) if tiny else dice.randint(2, 7)
    count = dice.randint(2, 6) if tiny else dice.randint(2, 25)
    whole = tiny or dice.random() < 0.3
    price = np.array([round(dice.uniform(2_000.0, 9_000.0) if tiny else dice.lognormvariate(4.5, 0.8), 2)
                      for _ in range(securities)])  # fmt: skip
    kind = np.array([0] + [dice.choice((0, 0, 1, 2)) for _ in range(accounts - 1)])
    account = np.array(sorted(dice.randrange(accounts) for _ in range(count)))
    security = np.array([dice.randrange(securities) for _ in range(count)])
    if tiny:
        quantity = np.array([float(dice.randint(1, 2)) for _ in range(count)])
    else:
        quantity = np.array(
            [round(dice.lognormvariate(9.0, 0.8) / price[s], dice.choice((0, 3))) or 1.0 for s in security]
        )
    basis = np.array([price[s] * dice.lognormvariate(-0.1, 0.35) for s in security])
    classes = dice.randint(1, securities)
    sleeve_class = np.array(
        sorted([*range(classes), *(dice.randrange(classes) for _ in range(securities - classes))])
    )
    inner = np.array([dice.uniform(0.2, 1.0) for _ in range(securities)])
    inner /= np.bincount(sleeve_class, inner)[sleeve_class]
    weight = np.array([dice.uniform(0.2, 1.0) for _ in range(classes)])
    weight *= dice.uniform(0.9, 1.0) / weight.sum()
    sleeve_of = np.arange(securities)
    if not tiny and dice.random() < 0.3:
        sleeve_of[dice.randrange(securities)] = -1
    band = np.array([dice.choice((0.0, 0.0, 0.03)) for _ in range(classes)])
    _, group = np.unique([dice.choice((s, s, 0)) for s in range(securities)], return_inverse=True)
    groups = int(group.max()) + 1
    shape = (accounts, securities)

    def chance(share: float, *size: int) -> np.ndarray:
        return np.array([dice.random() < share for _ in range(int(np.prod(size)))]).reshape(size)

    flat_fee = dice.choice((0.0, 0.0, 4.95, 25.0))
    # A fee on a position of both terms is the one thing that the model takes from the wrong one.
    days = np.array([dice.choice((-400, -1, 0, 1, 20, 200)) for _ in range(count)])
    if tiny and flat_fee:
        by_place = {(a, s): dice.choice((-400, 20)) for a in range(accounts) for s in range(securities)}
        days = np.array([by_place[a, s] for a, s in zip(account.tolist(), security.tolist(), strict=True)])
    carry = opening_carryover(profile)
    problem = Problem(
        kind=kind,
        cash=np.array([round(dice.choice((0.0, dice.uniform(0.0, 15_000.0))), 2) for _ in range(accounts)]),
        min_cash=np.array([dice.choice((0.0, 0.0, 0.0, 500.0, 4_000.0)) for _ in range(accounts)]),
        counted=chance(0.95, accounts) if not tiny else np.ones(accounts, bool),
        price=price,
        lots=Lots(account, security, quantity, basis, days, chance(0.2, count)),
        targets=Targets(sleeve_of, sleeve_class, inner, weight, band, band),
        trading=Trading(
            chance(0.9, *shape), chance(0.9, *shape), np.full(shape, flat_fee),
            np.array([dice.choice((0.0, 0.0005, 0.003)) for _ in range(securities)]), dice.choice((0.0, 0.01)),
            np.array([0.0 if tiny else dice.choice((0.0, 0.0, 2e-5)) for _ in range(securities)]),
            np.zeros(securities), dice.choice((0.0, 0.0, 300.0, 1_000.0)), whole,
        ),
        wash=Wash(group, chance(0.1, groups), chance(0.15, groups)),
        year=Year(
            tax_table(profile), carry, dice.choice((0.0, 3_000.0, -2_500.0)), dice.choice((0.0, 8_000.0, -6_000.0)),
            dice.choice((0.0, 1_200.0)), dice.choice((0.0, 700.0)), 0.0, 0.0,
        ),
        limits=Limits(
            dice.choice((np.inf, np.inf, 0.0, 5_000.0)), dice.choice((np.inf, np.inf, 0.0, 1_500.0)),
            dice.choice((0, 0, 1, 2)), dice.choice((0, 0, 30)), np.inf, dice.choice((np.inf, 0.0, 400.0)),
        ),
        aims=Aims(
            dice.choice((0.05, 0.2, 1.0)), dice.choice((0.0, 0.02, 0.1)), dice.choice((0.0, 0.1)),
            dice.choice((0.0, 0.2)), dice.choice((0.0, 0.12)),
        ),
        preference=np.array([dice.choice((0.0, 1e-5)) for _ in range(accounts * securities)]).reshape(shape),
    )  # fmt: skip
    return problem, profile
