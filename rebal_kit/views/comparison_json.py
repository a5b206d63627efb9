"""A comparison as JSON values; what is not known is null."""

from __future__ import annotations

import math
from typing import Any

from rebal_kit.compare import Comparison


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON values; what is not known is null."""
    run = next(iter(comparison.runs.values()))
    return {
        "household": run.household.name,
        "market": run.market.name,
        "source": run.market.source,
        "first": str(run.market.dates[0]),
        "last": str(run.market.dates[-1]),
        "opened_with": run.opened_with,
        "law_year": run.household.tax.law_year,
        "complete": run.household.complete,
        "policies": {
            name: {
                "policy": repr(found.policy),
                "metrics": {key: plain(value) for key, value in found.metrics.items()},
                "years": [
                    {str(key): int(value) if key == "year" else plain(value) for key, value in row.items()}
                    for row in found.years.rename_axis("year").reset_index().to_dict("records")
                ],
            }
            for name, found in comparison.runs.items()
        },
        "assumptions": [
            {"severity": f.severity, "where": f.where, "what": f.what, "remedy": f.remedy}
            for f in comparison.assumptions
        ],
    }


def plain(value: Any) -> float | None:
    """Return a number, or None where it is none."""
    number = float(value)
    return number if math.isfinite(number) else None
