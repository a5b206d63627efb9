"""Published figures beside ours: in the terminal and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.findings import Finding
from rebal_kit.reproduction import Reproduction
from rebal_kit.views.comparison_json import plain
from rebal_kit.views.tables import said

#: How an answer is written: in words, since colour may be missing.
_ANSWERS = {True: "holds", False: "MISSED", None: ""}
#: Closer to 0 than any figure that is printed.
_NOTHING = 5e-7


def terminal(found: Mapping[str, Reproduction]) -> Iterator[Any]:
    """Yield what to print: a table a study, whether it holds and why not; then a line a study, and doubts."""
    for name, study in found.items():
        yield Text()
        yield Text(f"{name}: {study.title}", style="bold")
        yield Text(study.source, style="dim")
        yield table(study)
        yield Text(verdict(study))
        yield from (Text(f"· {difference}", style="dim") for difference in study.differences)
    yield Text()
    yield from (Text(f"{name}: {verdict(study)}") for name, study in found.items())
    yield Text()
    yield from (Text(f"· {sentence}", style="dim") for sentence in said(_doubts(found)))
    yield Text("· accepted: what counts as reproduced; a figure without it is not judged", style="dim")
    yield Text("· back-tests, no forecast; not tax advice", style="dim")


def table(study: Reproduction) -> Table:
    """Return the figures of a study as a table."""
    drawn = Table(box=box.SIMPLE_HEAD)
    drawn.add_column("figure", overflow="fold", ratio=1)
    for title in ("published", "ours", "accepted"):
        drawn.add_column(title, justify="right", overflow="fold")
    drawn.add_column("", no_wrap=True)
    for row in study.rows.reset_index().to_dict("records"):
        drawn.add_row(*map(Text, written(row)))
    return drawn


def written(row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Return figure, published, ours, what is accepted and the answer of a row, in words."""
    published = row["published"]
    ours, low, high = (float(row[name]) for name in ("ours", "low", "high"))
    answer = _ANSWERS[row["holds"]]
    if published == low == high == 1.0 and ours in (0.0, 1.0):
        return row["figure"], "claimed", "so" if ours else "not so", "so", answer
    shown = published if isinstance(published, str) else _number(float(published))
    return row["figure"], shown, _number(ours), _range(low, high), answer


def verdict(study: Reproduction) -> str:
    """Return how many figures hold, and which are missed."""
    asked = sum(answer is not None for answer in study.rows["holds"])
    missed = study.missed.index
    count = f"{asked - len(missed)} of {asked} figures hold"
    return f"{count}; missed: {'; '.join(missed)}" if len(missed) else count


def as_json(found: Mapping[str, Reproduction]) -> dict[str, Any]:
    """Return the studies as JSON values; a published range is text, what is not published or asked null."""
    return {
        "studies": [
            {
                "study": name,
                "title": study.title,
                "source": study.source,
                "holds": study.holds,
                "figures": [
                    {"figure": row["figure"],
                     "published": row["published"] if isinstance(row["published"], str) else plain(row["published"]),
                     **{key: plain(row[key]) for key in ("ours", "low", "high")},
                     "holds": row["holds"]}
                    for row in study.rows.reset_index().to_dict("records")
                ],
                "differences": list(study.differences),
                "assumptions": [
                    {"severity": f.severity, "where": f.where, "what": f.what, "remedy": f.remedy}
                    for f in study.assumptions
                ],
            }
            for name, study in found.items()
        ]
    }  # fmt: skip


def _doubts(found: Mapping[str, Reproduction]) -> list[Finding]:
    """Return what is doubtful about the data of all studies, each once."""
    stated = (finding for study in found.values() for finding in study.assumptions)
    return [finding for finding in dict.fromkeys(stated) if finding.severity != "note"]


def _range(low: float, high: float) -> str:
    if math.isnan(low) and math.isnan(high):
        return "–"
    if math.isnan(high):
        return f"from {_number(low)}"
    if math.isnan(low):
        return f"up to {_number(high)}"
    return _number(low) if _number(low) == _number(high) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "0" if abs(value) < _NOTHING else f"{value:,.2f}".replace("-", "−")
