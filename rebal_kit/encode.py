"""From nouns to numbers: market, household and policy become the arrays that the engine reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rebal_kit.domain import AccountKind, Household
from rebal_kit.engine.arrays import DEFERRED, ROTH, TAXABLE, Plan, Prices, Structure
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.rules.holding import day_number
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.lots import LOT_METHOD_CODES
from rebal_kit.rules.triggers import band_width
from rebal_kit.rules.wash_sale import Reading
from rebal_kit.triggers import Calendar, Threshold, Tiered, ToleranceBand

#: How the law treats each kind of account in the engine. An HSA is used for medical bills, so taken like a Roth.
KIND = {
    AccountKind.TAXABLE: TAXABLE,
    AccountKind.IRA: DEFERRED,
    AccountKind.K401: DEFERRED,
    AccountKind.ROTH_IRA: ROTH,
    AccountKind.HSA: ROTH,
}


def encode_prices(market: Market, table: TaxTable) -> Prices:
    """Return the market as the engine reads it, with the sessions on which each year's tax is due."""
    days = market.dates.astype(np.int64)
    years = market.dates.astype("datetime64[Y]").astype(np.int64) + 1970
    due = np.full(len(days), -1, np.int64)
    for year in range(int(years[0]), int(years[-1])):
        at = int(np.searchsorted(days, day_number(year + 1, table.due_month, table.due_day)))
        if at < len(days):
            due[at] = (
                year - years[0]
            )  # over a gap in the data, the latest of several years stands for all of them
    return Prices(
        day=days,
        year=years - years[0],
        close=np.nan_to_num(market.close, nan=0.0),
        dividend=np.ascontiguousarray(market.dividend),
        split=np.ascontiguousarray(market.split),
        traded=market.traded & np.isfinite(market.close),
        event=((market.dividend != 0) | (market.split != 1)).any(axis=1),
        tax_due=due,
    )


def encode_structure(household: Household, market: Market) -> Structure:
    """Return accounts, identity groups, sleeves and targets in the market's column order."""
    symbols = market.symbols
    column = {symbol: i for i, symbol in enumerate(symbols)}
    group_name = {symbol: symbol for symbol in symbols}
    for identical in household.identical:
        group_name |= dict.fromkeys((s for s in identical if s in column), identical[0])
    names = list(dict.fromkeys(group_name[s] for s in symbols))
    group = np.array([names.index(group_name[s]) for s in symbols], np.int64)
    sleeve_of = np.full(len(symbols), -1, np.int64)
    sleeve_class: list[int] = []
    sleeve_weight: list[float] = []
    members: list[list[int]] = []
    for c, (asset_class, _) in enumerate(household.targets.weights):
        partners = dict(asset_class.partners)
        for symbol, weight in asset_class.members:
            if weight > 0:
                sleeve = [column[s] for s in (symbol, *partners.get(symbol, ()))]
                sleeve_of[sleeve] = len(members)
                members.append(sleeve)
                sleeve_class.append(c)
                sleeve_weight.append(weight)
    classes = np.array(sleeve_class, np.int64)
    location = household.targets.ranks
    # What the household says of a security counts for more than what came with the prices.
    own = {security.symbol: security for security in household.securities}
    securities = [own.get(security.symbol, security) for security in market.securities]
    return Structure(
        **encode_accounts(household),
        group=group,
        group_first=_starts(np.bincount(group, minlength=len(names))),
        group_member=np.argsort(group, kind="stable").astype(np.int64),
        sleeve_of=sleeve_of,
        sleeve_class=classes,
        sleeve_weight=np.array(sleeve_weight, np.float64),
        sleeve_first=_starts(np.array([len(m) for m in members], np.int64)),
        sleeve_member=np.array([s for m in members for s in m], np.int64),
        class_first=_starts(np.bincount(classes, minlength=len(household.targets.weights))),
        target=np.array([w for _, w in household.targets.weights], np.float64),
        cash_target=household.targets.cash,
        location=np.array(
            [location.get(c.name, (1, 1, 1)) for c in household.targets.classes], np.int64
        ).reshape(-1, 3),
        qualified=np.array([s.qualified_share for s in securities], np.float64),
        replaceable=_replaceable(sleeve_of, sleeve_class, group),
        exempt=np.array([float(s.state_exempt) for s in securities], np.float64),
    )


def encode_accounts(household: Household) -> dict[str, Any]:
    """Return how accounts are taxed, whose they are, and how the wash-sale law is read: fields of a `Structure`."""
    conventions = household.conventions
    owners = list(dict.fromkeys(account.owner for account in household.accounts))
    ignored = conventions.ignore_account_types
    return {
        "kind": np.array([KIND[account.kind] for account in household.accounts], np.int64),
        "owner": np.array([owners.index(account.owner) for account in household.accounts], np.int64),
        "replaces": np.array([account.kind not in ignored for account in household.accounts], bool),
        "reading": Reading(
            count_disposed=conventions.count_disposed_purchases,
            ignore_older=conventions.ignore_lots_older_than_sold_lot,
            row_level=conventions.row_level_matching,
            parent_excluded=conventions.parent_excluded,
            spouse_step_up=conventions.spouse_basis == "step_up",
            tacking=conventions.holding == "tacking",
        ),
    }


def encode_policy(policy: RebalancePolicy, household: Household, market: Market) -> Plan:
    """Return the policy as numbers for this household's targets and this market's sessions.

    Raises
    ------
    PolicyError
        A band or tier names a class or security that the targets do not have.
    """
    names = {c.name for c in household.targets.classes}
    rules = [rule for trigger in policy.triggers for rule in _rules(trigger, names)]
    sleeves = [
        (c, symbol, w, weight) for c, weight in household.targets.weights for symbol, w in c.members if w > 0
    ]
    named = _check_names(policy, rules, names, {symbol for _, symbol, *_ in sleeves})
    raise_errors(PolicyError, (*named, *_check_costs(policy, market)))
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
    harvest = policy.harvest or Harvest()
    spreads = dict(policy.costs.by_symbol)
    harvest_look = (
        look_sessions(market, harvest.look) if policy.harvest else np.zeros(len(market.dates), bool)
    )
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
        min_tax_saved_usd=float(harvest.min_tax_saved_usd),
        replacements=int(harvest.replacements),
        reinvest=policy.dividends == "reinvest",
        cash_above=float(policy.invest_cash_above),
        avoid_wash_sales=bool(policy.avoid_wash_sales),
        min_trade=float(policy.min_trade_usd),
        half_spread=np.array(
            [spreads.get(s, policy.costs.half_spread_bps) / 1e4 for s in market.symbols], np.float64
        ),
    )


def look_sessions(market: Market, look: int | str, offset: int = 0) -> np.ndarray:
    """Return (n_sessions,) bool: the sessions on which one looks.

    Every `look` sessions from the first on, or the first session of each calendar period that begins inside the
    market's span; `offset` sessions later.
    """
    if isinstance(look, int):
        every: np.ndarray = np.arange(len(market.dates)) % look == 0
        return every
    months = market.dates.astype("datetime64[M]").astype(np.int64)
    period = {
        "session": np.arange(len(months)),
        # 1970-01-01 was a Thursday: shift so that weeks begin on Monday.
        "week": (market.dates.astype(np.int64) + 3) // 7,
        "month": months,
        "quarter": months // 3,
        "half-year": months // 6,
        "year": months // 12,
    }[look]
    first = np.zeros(len(months), bool)
    first[1:] = period[1:] != period[:-1]
    shifted = np.zeros(len(months), bool)
    shifted[offset:] = first[: max(len(months) - offset, 0)]
    return shifted


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


def _replaceable(sleeve_of: np.ndarray, sleeve_class: list[int], group: np.ndarray) -> np.ndarray:
    classes = np.array([sleeve_class[n] if n >= 0 else -1 for n in sleeve_of], np.int64)
    same_class = classes[:, None] == classes[None, :]
    found: np.ndarray = (same_class & (group[:, None] != group[None, :]) & (classes >= 0)[:, None]).any(
        axis=1
    )
    return found


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


def _check_costs(policy: RebalancePolicy, market: Market) -> Iterator[Finding]:
    unknown = [symbol for symbol, _ in policy.costs.by_symbol if symbol not in market.symbols]
    if unknown:
        yield Finding(
            "error", f"policy '{policy.name}'", f"costs name {', '.join(unknown)}, which the household does not hold",
            f"use {', '.join(market.symbols)}",
        )  # fmt: skip


def _any_of_class(applies: np.ndarray, first: list[int]) -> np.ndarray:
    return np.logical_or.reduceat(applies, first, axis=1) if len(applies) else applies[:, first]


def _width(band: ToleranceBand, target: float) -> float:
    absolute = np.nan if band.absolute is None else band.absolute
    relative = np.nan if band.relative is None else band.relative
    return float(band_width(target, absolute, relative, band.combine == "both"))


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
