"""Rebalancing policies from YAML files, and back without loss."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rebal_kit.files.bundled import find_file
from rebal_kit.files.fields import as_fraction
from rebal_kit.files.model_text import model_of
from rebal_kit.files.policy_file import PolicyFile
from rebal_kit.files.reading import read_text
from rebal_kit.files.yaml_text import write_yaml
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.triggers import Calendar, Tiered, ToleranceBand

_FRACTIONS = (
    "absolute",
    "relative",
    "min_loss_pct",
    "december_min_loss_pct",
    "invest_cash_above",
    "min_improvement",
    "max_volume_share",
)


def load_policy(source: str | Path) -> RebalancePolicy:
    """Return the policy of a YAML file, or a bundled one by name.

    Parameters
    ----------
    source : str or path
        A bundled name such as ``"quarterly"`` (see ``data/policies``) or a path ending in ``.yaml``.

    Raises
    ------
    PolicyError
        With every problem of the file: place, value and remedy.
    """
    path = find_file(source, "policies", PolicyError)
    policy = parse_policy(read_text(path, PolicyError), str(path))
    return policy if policy.name else replace(policy, name=path.stem)


def parse_policy(text: str, where: str = "policy") -> RebalancePolicy:
    """Return the policy that YAML text describes; messages call the text `where`.

    Raises
    ------
    PolicyError
        With every problem of the text.
    """
    return model_of(text, PolicyFile, where).build()


def dump_policy(policy: RebalancePolicy) -> str:
    """Return the policy as YAML, every setting written out, so that a later default cannot change its meaning.

    Raises
    ------
    PolicyError
        A file cannot say what the policy says: a band named twice, a number that is no number.
    """
    text = write_yaml(plain_policy(policy))
    if parse_policy(text, f"policy '{policy.name}'") != policy:
        raise PolicyError(
            Finding("error", f"policy '{policy.name}'", f"does not survive being written: {policy!r}",
                    "name each class, security and member once")
        )  # fmt: skip
    return text


def plain_policy(policy: RebalancePolicy) -> dict[str, Any]:
    """Return the policy as the mappings and lists of a file."""
    plain: dict[str, Any] = _plain(policy)
    return plain


def _plain(value: Any) -> Any:
    """Return policies and their parts as the mappings and lists of a file."""
    held: dict[str, Any] = {}
    for item in fields(value):
        part = getattr(value, item.name)
        if part is None or (part == () and item.name in ("bands", "by_symbol", "non_native")):
            continue
        held[item.name] = _field(item.name, part)
    return held


def _field(name: str, part: Any) -> Any:
    if name == "triggers":
        return [_trigger(trigger) for trigger in part]
    if name == "bands":
        return {symbol: _plain(band) for symbol, band in part}
    if name == "by_symbol":
        return dict(part)
    if name == "non_native":
        return {broker: dict(fees) for broker, fees in part}
    if name == "members":
        return list(part)
    if name in _FRACTIONS:
        return as_fraction(part)
    return (
        _plain(part)
        if name in ("harvest", "costs", "execution", "gains", "lower") or isinstance(part, ToleranceBand)
        else part
    )


def _trigger(trigger: Any) -> dict[str, Any]:
    if isinstance(trigger, Tiered):
        return {"tiered": [_plain(tier) for tier in trigger.tiers]}
    return {"calendar" if isinstance(trigger, Calendar) else "threshold": _plain(trigger)}
