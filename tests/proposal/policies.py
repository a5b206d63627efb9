"""Random policies that look at every session, so that something happens."""

from __future__ import annotations

from random import Random
from typing import Any

from rebal_kit.costs import Costs
from rebal_kit.gain_limits import GainLimits
from rebal_kit.policy import LOT_METHODS, Harvest, RebalancePolicy
from rebal_kit.targets import TargetAllocation
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand, Trigger


def chance(random: Random, share: float) -> bool:
    return random.random() < share


def random_policy(random: Random, targets: TargetAllocation, brokers: tuple[str, ...]) -> RebalancePolicy:
    triggers = tuple(random_trigger(random, targets) for _ in range(random.choice((1, 1, 2))))
    by_security = any(isinstance(one, Threshold) and one.level == "security" for one in triggers)
    return RebalancePolicy(
        "random",
        triggers,
        "target" if by_security else random.choice(("target", "target", "half", "edge", 0.3)),
        random.choice(LOT_METHODS),
        random.choice((0, 0, 15, 45)),
        random_harvest(random) if chance(random, 0.6) else None,
        random.choice(("cash", "reinvest")),
        random.choice((0.0, 0.01, 0.05)),
        avoid_wash_sales=chance(random, 0.9),
        min_trade_usd=random.choice((0.0, 100.0, 1_000.0)),
        min_improvement=random.choice((0.0, 0.0, 0.002)),
        whole_shares=chance(random, 0.4),
        costs=random_costs(random, targets, brokers),
        coordinate=chance(random, 0.85),
        locate=chance(random, 0.7),
        gains=random_limits(random),
        withdraw=random.choice(("least_tax", "taxable_first")),
    )


def random_band(random: Random) -> ToleranceBand:
    match random.randrange(4):
        case 0:
            return ToleranceBand(absolute=random.choice((0.005, 0.02, 0.05)))
        case 1:
            return ToleranceBand(relative=random.choice((0.05, 0.2)))
        case 2:
            both = random.choice(("either", "both"))
            return ToleranceBand(0.02, 0.1, both)  # type: ignore[arg-type]
        case _:
            return ToleranceBand(absolute=0.03, lower=ToleranceBand(absolute=0.01))


def random_trigger(random: Random, targets: TargetAllocation) -> Trigger:
    """A rule that looks today."""
    names = [one.name for one in targets.classes]
    match random.randrange(5):
        case 0:
            return Calendar("session")
        case 1:
            tiers = [Tier((name,), random_band(random)) for name in names if chance(random, 0.8)]
            return Tiered(tuple(tiers or [Tier(tuple(names), random_band(random))]))
        case 2:
            return Threshold(random_band(random), level="security")
        case 3:
            return Threshold(random_band(random), bands={random.choice(names): random_band(random)})  # type: ignore[arg-type]
        case _:
            return Threshold(random_band(random))


def random_harvest(random: Random) -> Harvest:
    return Harvest(
        random.choice((0.0, 0.02, 0.05)), random.choice((0.0, 100.0, 500.0)), random.choice((0.0, 0.0, 50.0)),
        replacements=random.randint(1, 3), december_min_loss_pct=random.choice((None, 0.01)),
        december_min_loss_usd=random.choice((None, 10.0)), switch_back=random.choice(("at_loss", "no_short_gain")),
        choose=random.choice(("underweight", "underweight", "correlated")),
    )  # fmt: skip


def random_costs(random: Random, targets: TargetAllocation, brokers: tuple[str, ...]) -> Costs:
    more: dict[str, Any] = {}
    if chance(random, 0.3):
        more["by_symbol"] = {random.choice(targets.symbols): random.choice((0.0, 12.0))}
    if chance(random, 0.2):
        more["non_native"] = {random.choice(brokers): {random.choice(targets.symbols): 49.95}}
    return Costs(
        random.choice((0.0, 1.0, 5.0)), commission_usd=random.choice((0.0, 0.0, 4.95)),
        per_share_usd=random.choice((0.0, 0.0, 0.005)), **more,
    )  # fmt: skip


def random_limits(random: Random) -> GainLimits:
    if chance(random, 0.4):
        return GainLimits()
    legacy = chance(random, 0.5)
    budgets = (None, None, 0.0, 5_000.0)
    return GainLimits(
        random.choice(("allow", "minimise", "never")), chance(random, 0.4), random.choice(budgets),
        random.choice(budgets), legacy, random.choice(budgets) if legacy else None,
    )  # fmt: skip
