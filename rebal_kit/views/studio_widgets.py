"""Two widgets of our own: a table with real inputs, and a chart whose data can be exchanged; both work offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from rebal_kit.views.studio_charts import Drawing

_HERE = Path(__file__).parent
_END = "\n// drawn by rebal_kit\n"


@cache
def chart_script() -> str:
    """Return the chart's JavaScript with Vega and Vega-Lite in it. Bundling takes a second: it is kept in the cache."""
    import hashlib

    import vl_convert

    own = (_HERE / "studio_chart.js").read_text(encoding="utf-8")
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rebal_kit"
    name = hashlib.sha256(f"{vl_convert.__version__}{own}".encode()).hexdigest()[:16]
    kept = root / f"studio-{name}.js"
    with suppress(OSError, UnicodeDecodeError):
        text = kept.read_text(encoding="utf-8")
        if text.endswith(_END):
            return text
    text = vl_convert.javascript_bundle(own) + _END
    with suppress(OSError):
        root.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.replace(kept)
    return text


class ChartView(anywidget.AnyWidget):
    """A chart. Only what changed is sent: the drawing when curves come or go, else the data."""

    spec = traitlets.Dict().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    drawn_ms = traitlets.Float(0.0).tag(sync=True)

    def __init__(self, **given: Any):
        type(self)._esm = chart_script()
        super().__init__(**given)
        self.drawing: Drawing | None = None

    def show(self, drawing: Drawing) -> None:
        """Draw."""
        self.drawing = drawing
        with self.hold_sync():
            self.data = drawing.data
            self.spec = drawing.spec


class Table(anywidget.AnyWidget):
    """A table that one may type into, paste into and tick.

    Parameters
    ----------
    columns : sequence of dict
        key, title, tip, kind ('text', 'number', 'words', 'select', 'check'), options of a 'select', width.
    label : str
        What it is, for those who cannot see it.
    on_edit : callable
        Called with row, column and value.
    on_paste : callable, optional
        Called with row, column and the text pasted.
    """

    _esm = (_HERE / "studio_table.js").read_text(encoding="utf-8")
    columns = traitlets.List().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    faults = traitlets.Dict().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, columns: Sequence[Mapping[str, Any]], label: str, on_edit: Callable[[int, str, Any], None],
        on_paste: Callable[[int, str, str], None] | None = None,
    ):  # fmt: skip
        super().__init__(columns=[dict(column) for column in columns], label=label)
        self._on_edit, self._on_paste = on_edit, on_paste
        self.on_msg(self._told)

    def _told(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        row, column = int(content["row"]), str(content["column"])
        if content["kind"] == "paste" and self._on_paste is not None:
            self._on_paste(row, column, str(content["value"]))
        elif content["kind"] == "edit":
            self._on_edit(row, column, content["value"])

    def show(self, rows: Sequence[Mapping[str, Any]], faults: Mapping[str, str] | None = None) -> None:
        """Show rows: values by column key, ``_name`` for readers aloud, ``_fixed`` for columns that are not typed into.

        Parameters
        ----------
        rows : sequence of dict
        faults : dict of str to str, optional
            What is wrong, by ``row.column``.
        """
        with self.hold_sync():
            self.rows = [dict(row) for row in rows]
            self.faults = dict(faults or {})
