"""A policy as numbers, for a household's targets and a market's sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rebal_kit.domain import Household
from rebal_kit.encode_costs import check_costs, encode_costs, needs_liquidity
from rebal_kit.encode_execution import check_execution, encode_execution
from rebal_kit.engine.arrays import ALLOW, CASH_DIVIDENDS, DRIP, MINIMISE, NEVER, REINVEST, Plan, Prices
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.nearest import no_nearest
from rebal_kit.past import Past
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.rules.lots import LOT_METHOD_CODES
from rebal_kit.rules.triggers import band_width
from rebal_kit.schedule import look_sessions
from rebal_kit.triggers import Calendar, Threshold, Tiered, ToleranceBand

#: What becomes of dividends, and how short-term gains are treated, by the words of policies and accounts.
DIVIDEND_CODES = {"cash": CASH_DIVIDENDS, "reinvest": REINVEST, "drip": DRIP}
_SHORT_GAIN_CODES = {"allow": ALLOW, "minimise": MINIMISE, "never": NEVER}


#: For policies that need nothing of the past.
NOTHING_KNOWN = Past()


def encode_policy(
    policy: RebalancePolicy,
    household: Household,
    market: Market,
    prices: Prices,
    past: Past = NOTHING_KNOWN,
) -> Plan:
    """Return the policy as numbers for this household's targets and this market's sessions.

    Parameters
    ----------
    policy : RebalancePolicy
    household : Household
    market : Market
    prices : Prices
        Of that market, as encoded.
    past : Past, optional
        What the policy needs of what the sessions before tell.

    Raises
    ------
    PolicyError
        A band or tier names a class or security that the targets do not have; costs need what the market lacks.
    """
    names = {c.name for c in household.targets.classes}
    rules = [rule for trigger in policy.triggers for rule in _rules(trigger, names)]
    sleeves = [
        (c, symbol, w, weight) for c, weight in household.targets.weights for symbol, w in c.members if w > 0
    ]
    named = _check_names(policy, rules, names, {symbol for _, symbol, *_ in sleeves})
    where = f"policy '{policy.name}'"
    raise_errors(
        PolicyError,
        (
            *named,
            *check_costs(where, policy.costs, household, market),
            *check_execution(where, policy.execution, market),
        ),
    )
    costs = encode_costs(policy.costs, household, market, past.liquidity)
    count = (len(rules), len(sleeves))
    applies, above, below = np.zeros(count, bool), np.zeros(count), np.zeros(count)
    for r, rule in enumerate(rules):
        for n, (asset_class, symbol, inner, weight) in enumerate(sleeves):
            applies[r, n] = rule.members is None or asset_class.name in rule.members or symbol in rule.members
            band = rule.bands.get(symbol, rule.bands.get(asset_class.name, rule.band))
            if band is not None:
                target = weight * inner if rule.by_sleeve else weight
                above[r, n] = _width(band, target)
                below[r, n] = _width(band.lower or band, target)
    # A class rule has the same widths on every sleeve of a class: the first one's serve the class.
    first = [next(n for n, sleeve in enumerate(sleeves) if sleeve[0] is c) for c in household.targets.classes]
    look = np.array([look_sessions(market, rule.look, rule.offset) for rule in rules], bool)
    look = look.reshape(len(rules), len(market.dates))
    lag = policy.execution.next_session
    look = _carried_out(look, lag)
    harvest = policy.harvest or Harvest()
    harvest_look = (
        look_sessions(market, harvest.look) if policy.harvest else np.zeros(len(market.dates), bool)
    )
    harvest_look = _carried_out(harvest_look, lag)
    december = market.months % 12 == 11
    lower = (harvest.december_min_loss_pct, harvest.december_min_loss_usd) != (None, None)
    nearest = no_nearest(market)
    if past.nearest is not None and harvest.choose == "correlated":
        nearest = past.nearest
    gains = policy.gains
    # Numbers keep their kind and arrays their layout: for any other the engine would be compiled anew.
    return Plan(
        look=look,
        looked=np.asarray(look.any(axis=0)),
        scheduled=np.array([rule.band is None for rule in rules], bool),
        by_sleeve=np.array([rule.by_sleeve for rule in rules], bool),
        applies=applies,
        above=above,
        below=below,
        applies_class=_any_of_class(applies, first),
        class_above=np.ascontiguousarray(above[:, first]),
        class_below=np.ascontiguousarray(below[:, first]),
        reason=np.array([rule.reason for rule in rules], np.int64),
        destination=policy.destination_fraction,
        lot_method=LOT_METHOD_CODES[policy.lot_method],
        guard_days=int(policy.gain_guard_days),
        harvest_look=harvest_look,
        min_loss_pct=float(harvest.min_loss_pct),
        min_loss_usd=float(harvest.min_loss_usd),
        december=december & lower,
        december_pct=_or(harvest.december_min_loss_pct, harvest.min_loss_pct),
        december_usd=_or(harvest.december_min_loss_usd, harvest.min_loss_usd),
        min_tax_saved_usd=float(harvest.min_tax_saved_usd),
        replacements=int(harvest.replacements),
        nearest=nearest.members,
        quarter=nearest.quarter,
        switch_back=policy.harvest is not None and harvest.switch_back == "no_short_gain",
        dividends=DIVIDEND_CODES[policy.dividends],
        coordinate=bool(policy.coordinate),
        locate=bool(policy.locate),
        taxable_first=policy.withdraw == "taxable_first",
        short_gains=_SHORT_GAIN_CODES[gains.short],
        pair=bool(gains.pair),
        max_gain=_or(gains.max_gain_usd, np.inf),
        max_tax=_or(gains.max_tax_usd, np.inf),
        sell_legacy=bool(gains.sell_legacy),
        max_legacy_gain=_or(gains.max_legacy_gain_usd, np.inf),
        cash_above=float(policy.invest_cash_above),
        avoid_wash_sales=bool(policy.avoid_wash_sales),
        min_trade=float(policy.min_trade_usd),
        whole_shares=bool(policy.whole_shares),
        min_improvement=float(policy.min_improvement),
        cost_row=costs.cost_row,
        half_spread=costs.half_spread,
        impact=costs.impact,
        commission=costs.commission,
        per_share=costs.per_share,
        lumpy=costs.lumpy,
        orders=encode_execution(policy.execution, market, prices, past),
    )


def wants_liquidity(policy: RebalancePolicy) -> bool:
    """Say whether volumes, volatilities or estimated spreads are needed to encode a policy."""
    return needs_liquidity(policy.costs) or policy.execution.max_volume_share is not None


def _carried_out(look: np.ndarray, lag: bool) -> np.ndarray:
    """Return the sessions that carry out what is decided in those given: the same, or the ones after."""
    if not lag:
        return look
    later = np.zeros_like(look)
    later[..., 1:] = look[..., :-1]
    return later


def _or(value: float | None, otherwise: float) -> float:
    return float(otherwise if value is None else value)


class _Rule:
    """One trigger rule: when to look, at whom, with which bands; no band at all means it fires whenever looked at."""

    def __init__(
        self,
        look: int | str,
        reason: Reason,
        *,
        offset: int = 0,
        band: ToleranceBand | None = None,
        bands: Sequence[tuple[str, ToleranceBand]] = (),
        members: tuple[str, ...] | None = None,
        by_sleeve: bool = False,
    ):
        self.look, self.offset, self.reason = look, offset, reason
        self.band, self.bands, self.members, self.by_sleeve = band, dict(bands), members, by_sleeve
        self.names = (*self.bands, *(members or ()))


def _rules(trigger: Calendar | Threshold | Tiered, class_names: set[str]) -> list[_Rule]:
    if isinstance(trigger, Calendar):
        return [_Rule(trigger.every, Reason.CALENDAR, offset=trigger.offset)]
    if isinstance(trigger, Threshold):
        by_sleeve = trigger.level == "security"
        return [
            _Rule(trigger.look, Reason.THRESHOLD, band=trigger.band, bands=trigger.bands, by_sleeve=by_sleeve)
        ]
    rules = []
    for tier in trigger.tiers:
        for by_sleeve in (False, True):
            members = tuple(m for m in tier.members if (m not in class_names) == by_sleeve)
            if members:
                rules.append(
                    _Rule(tier.look, Reason.TIER, band=tier.band, members=members, by_sleeve=by_sleeve)
                )
    return rules


def _check_names(
    policy: RebalancePolicy, rules: Sequence[_Rule], classes: set[str], symbols: set[str]
) -> Iterator[Finding]:
    where = f"policy '{policy.name}'"
    unknown = {name for rule in rules for name in rule.names} - classes - symbols
    if unknown:
        yield Finding(
            "error", where, f"names {', '.join(sorted(unknown))}, which the targets do not have",
            f"use a class or a weighted member: {', '.join(sorted(classes | symbols))}",
        )  # fmt: skip
    single = {name for rule in rules if not rule.by_sleeve for name in rule.names} & (symbols - classes)
    if single:
        yield Finding(
            "error", where, f"has a band for {', '.join(sorted(single))}, but compares whole classes",
            f"name a class ({', '.join(sorted(classes))}), or set level to security",
        )  # fmt: skip


def _any_of_class(applies: np.ndarray, first: list[int]) -> np.ndarray:
    return np.logical_or.reduceat(applies, first, axis=1) if len(applies) else applies[:, first]


def _width(band: ToleranceBand, target: float) -> float:
    absolute = np.nan if band.absolute is None else band.absolute
    relative = np.nan if band.relative is None else band.relative
    return float(band_width(target, absolute, relative, band.combine == "both"))
