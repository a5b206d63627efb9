"""The bands inside which the policy lets each class drift, as weights in the household."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rebal_kit.engine.arrays import Plan
from rebal_kit.proposal.day import Day


def class_bands(day: Day) -> pd.DataFrame:
    """Return `low` and `high` by class: the tightest band of the rules that hold classes; NaN where none does."""
    targets = day.household.targets
    below, above = class_widths(day.plan)
    weight = np.array([weight for _, weight in targets.weights])
    names = pd.Index([one.name for one in targets.classes], name="class")
    found = pd.DataFrame({"low": weight - below, "high": weight + above}, index=names)
    return found.replace([np.inf, -np.inf], np.nan).clip(lower=0.0, upper=1.0)


def class_widths(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_classes,) the tightest widths below and above the targets; infinite where no rule holds a class."""
    holds = plan.applies_class & (~plan.scheduled & ~plan.by_sleeve)[:, None]
    below = np.where(holds, plan.class_below, np.inf).min(axis=0, initial=np.inf)
    above = np.where(holds, plan.class_above, np.inf).min(axis=0, initial=np.inf)
    return below, above
