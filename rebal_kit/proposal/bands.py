"""The bands inside which the policy lets each class drift, as weights in the household."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rebal_kit.proposal.day import Day


def class_bands(day: Day) -> pd.DataFrame:
    """Return `low` and `high` by class: the tightest band of the rules that hold classes; NaN where none does."""
    plan, targets = day.plan, day.household.targets
    rows = []
    for place, (_, weight) in enumerate(targets.weights):
        rules = np.flatnonzero(plan.applies_class[:, place] & ~plan.scheduled & ~plan.by_sleeve)
        below = plan.class_below[rules, place].min(initial=np.inf)
        above = plan.class_above[rules, place].min(initial=np.inf)
        rows.append((weight - below, weight + above))
    names = pd.Index([one.name for one in targets.classes], name="class")
    found = pd.DataFrame(rows, index=names, columns=["low", "high"]).replace([np.inf, -np.inf], np.nan)
    return found.clip(lower=0.0, upper=1.0)
