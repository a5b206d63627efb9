"""How far classes and securities are from their targets, and which rule has something to say about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rebal_kit.engine.survey import survey_rules
from rebal_kit.proposal.settlement import Start
from rebal_kit.reasons import Reason
from rebal_kit.rules.triggers import breach

_RULES = {Reason.CALENDAR: "calendar", Reason.THRESHOLD: "threshold", Reason.TIER: "tier"}
_STATUS = {-1: "below", 0: "inside", 1: "above"}
#: Shares that are rounding.
_DUST = 1e-9

CLASS_COLUMNS = (
    "account", "class", "target", "weight", "drift", "lower", "upper", "status", "rule", "looks_today", "fires",
)  # fmt: skip
SECURITY_COLUMNS = (
    "account", "class", "symbol", "held_as", "value", "target", "weight", "drift", "lower", "upper", "status",
    "looks_today",
)  # fmt: skip


class Scope(NamedTuple):
    """Accounts whose weights are held against the targets together.

    Attributes
    ----------
    account : str
        '' for the household.
    accounts : ndarray
        (n_accounts,) bool.
    fired : ndarray
        (n_classes,) int64, the reason for which a class would be brought back today, -1 for none.
    spare : float
        US$ of cash that may be invested; negative where some is missing.
    total : float
        US$ in classes and in cash.
    """

    account: str
    accounts: np.ndarray
    fired: np.ndarray
    spare: float
    total: float


def scopes_of(start: Start) -> tuple[Scope, ...]:
    """Return the household; or, where accounts decide alone, each account that is managed."""
    day, desk = start.day, start.desk._replace(plan=start.day.plan)
    structure = desk.structure
    rows = 1 if day.plan.coordinate else len(structure.kind)
    fired, spare = np.full((rows, len(structure.target)), -1, np.int64), np.zeros((rows, 2))
    survey_rules(desk, day.last, fired, spare)
    if day.plan.coordinate:
        return (Scope("", structure.counted, fired[0], *map(float, spare[0])),)
    return tuple(
        Scope(account.name, np.arange(rows) == a, fired[a], *map(float, spare[a]))
        for a, account in enumerate(day.household.accounts) if structure.managed[a]
    )  # fmt: skip


def classes_of(start: Start, scopes: tuple[Scope, ...]) -> pd.DataFrame:
    """Return `Scan.classes`."""
    rows = [row for scope in scopes for row in _classes(start, scope)]
    return pd.DataFrame(rows, columns=list(CLASS_COLUMNS))


def securities_of(start: Start, scopes: tuple[Scope, ...]) -> pd.DataFrame:
    """Return `Scan.securities`."""
    rows = [row for scope in scopes for row in _securities(start, scope)]
    return pd.DataFrame(rows, columns=list(SECURITY_COLUMNS))


def _classes(start: Start, scope: Scope) -> Iterator[tuple[Any, ...]]:
    structure, plan = start.desk.structure, start.day.plan
    sleeves = _sleeve_values(start, scope)
    values = np.bincount(structure.sleeve_class, sleeves, len(structure.target))
    for c, (asset_class, _) in enumerate(start.day.household.targets.weights):
        target, weight = float(structure.target[c]), _share(values[c], scope.total)
        applies = plan.applies_class[:, c]
        banded = applies & ~plan.scheduled & ~plan.by_sleeve
        edges = _edges(target, weight, plan.class_below[banded, c], plan.class_above[banded, c])
        looks = bool(plan.look[applies, -1].any())
        fires = bool(scope.fired[c] >= 0)
        rule = ", ".join(dict.fromkeys(_RULES[Reason(int(reason))] for reason in plan.reason[applies]))
        yield (
            scope.account, asset_class.name, target, weight, 100.0 * (weight - target), *edges, rule, looks, fires
        )  # fmt: skip
    target, weight = float(structure.cash_target), _share(scope.total - float(values.sum()), scope.total)
    looks = bool(plan.looked[-1])
    fires = looks and scope.total > 0.0 and scope.spare > plan.cash_above * scope.total
    edges = _edges(target, weight, np.array([np.inf]), np.array([plan.cash_above]))
    rule = "idle cash" if len(plan.look) else ""
    yield (
        scope.account,
        "cash",
        target,
        weight,
        100.0 * (weight - target),
        np.nan,
        *edges[1:],
        rule,
        looks,
        fires,
    )


def _securities(start: Start, scope: Scope) -> Iterator[tuple[Any, ...]]:
    structure, plan, day = start.desk.structure, start.day.plan, start.day
    sleeves, symbols = _sleeve_values(start, scope), day.setting.market.symbols
    held = start.desk.ledger.held[scope.accounts].sum(axis=0)
    for n, value in enumerate(map(float, sleeves)):
        c = int(structure.sleeve_class[n])
        members = structure.sleeve_member[structure.sleeve_first[n] : structure.sleeve_first[n + 1]]
        target = float(structure.target[c] * structure.sleeve_weight[n])
        weight = _share(value, scope.total)
        banded = plan.applies[:, n] & plan.by_sleeve
        edges = _edges(target, weight, plan.below[banded, n], plan.above[banded, n])
        held_as = ", ".join(symbols[s] for s in members if held[s] > _DUST)
        looks = bool(plan.look[banded, -1].any())
        yield (
            scope.account, day.household.targets.classes[c].name, symbols[members[0]], held_as, value, target, weight,
            100.0 * (weight - target), *edges, looks,
        )  # fmt: skip
    for s in np.flatnonzero((structure.sleeve_of < 0) & (held > _DUST)):
        value = float(held[s] * day.price[s])
        weight = _share(value, scope.total)
        yield (
            scope.account, "", symbols[s], symbols[s], value, 0.0, weight, 100.0 * weight, np.nan, np.nan,
            "outside the targets", False,
        )  # fmt: skip


def _sleeve_values(start: Start, scope: Scope) -> np.ndarray:
    """Return (n_sleeves,) US$ in the accounts of the scope that count."""
    structure = start.desk.structure
    counted = scope.accounts & structure.counted
    values = start.desk.ledger.held[counted].sum(axis=0) * start.day.price
    inside = structure.sleeve_of >= 0
    return np.bincount(structure.sleeve_of[inside], values[inside], len(structure.sleeve_weight))


def _edges(target: float, weight: float, below: np.ndarray, above: np.ndarray) -> tuple[float, float, str]:
    """Return lower and upper edge of the narrowest band, and on which side of it a weight is."""
    if not len(above):
        return np.nan, np.nan, "no band"
    down, up = float(below.min()), float(above.min())
    return target - down, target + up, _STATUS[int(breach(weight, target, up, down))]


def _share(value: float, total: float) -> float:
    return float(value) / total if total > 0.0 else 0.0
