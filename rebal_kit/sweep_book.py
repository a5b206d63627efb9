"""What a sweep runs: histories × households × settings, numbered through; each row is made from its number alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rebal_kit.design import Design
from rebal_kit.domain import Household
from rebal_kit.findings import RebalError
from rebal_kit.market import Market
from rebal_kit.paths import Paths
from rebal_kit.run import METRICS, OpenWith, Room, Setting, prepare

#: Households on histories that are kept prepared. A book's rows are in their order, so that few serve.
_PREPARED = 4
#: What a column of whole numbers can hold.
_LEAST, _MOST = -(2**63), 2**63 - 1


class Rows(NamedTuple):
    """What came of some rows.

    Attributes
    ----------
    numbers : tuple of int
        Which rows they are.
    status : tuple of str
        'ok', or why there are no figures.
    figures : ndarray
        (n_rows, n_metrics) float64, as in `rebal_kit.run.METRICS`; NaN where there are none.
    """

    numbers: tuple[int, ...]
    status: tuple[str, ...]
    figures: np.ndarray


class Place(NamedTuple):
    """Where a row stands: numbers of its history, household and setting."""

    path: int
    household: int
    setting: int


@dataclass(eq=False)
class _Prepared:
    """A household on a history, once it is worked out; or why they do not fit together."""

    lock: Any = field(default_factory=threading.Lock)
    found: Setting | RebalError | None = None


@dataclass(eq=False)
class Book:
    """All rows of a sweep, by number: histories vary slowest, then households, then settings.

    It pickles without what it has prepared, so that another process can run any of its rows.

    Attributes
    ----------
    markets : sequence of Market
    households : tuple of Household
    design : Design
    span : tuple
        First session, last session, what to open with; as in `rebal_kit.run.prepare`.
    """

    markets: Sequence[Market] | Paths
    households: tuple[Household, ...]
    design: Design
    span: tuple[Any, Any, OpenWith | None] = (None, None, None)
    _prepared: OrderedDict[Any, _Prepared] = field(default_factory=OrderedDict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)
    _rooms: Any = field(default_factory=threading.local, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Book, (self.markets, self.households, self.design, self.span)

    def __len__(self) -> int:
        return len(self.markets) * len(self.households) * len(self.design)

    def place(self, number: int) -> Place:
        """Return where a row stands."""
        rest, setting = divmod(number, len(self.design))
        path, household = divmod(rest, len(self.households))
        return Place(path, household, setting)

    def setting(self, place: Place) -> Setting:
        """Return a row's household on its history, checked and encoded.

        Raises
        ------
        RebalError
            They do not fit together.
        """
        path, at, number = place
        given, changed = self.households[at], self.design.household_choice(number)
        home = self.design.household(number, given)

        def fitted() -> Setting:
            return self._kept((path, at, changed), lambda: self._fit(path, home))

        if home.targets.location == "auto":  # derived from the tax profile, too
            return fitted()
        other = self.design.household_choice(number, taxed=False)
        try:
            own_tax = self.design.household(number, given, taxed=False)
            base = self._kept((path, at, other, "its own tax"), lambda: self._fit(path, own_tax))
        except RebalError:  # it may be the tax profile that is replaced
            return fitted()
        if home.tax == base.household.tax:
            return base
        return self._kept((path, at, changed), lambda: base.taxed(home.tax))

    def _kept(self, key: Any, make: Callable[[], Setting]) -> Setting:
        """Return what was prepared under a key, or prepare it now; the latest few are kept.

        Raises
        ------
        RebalError
            It cannot be: said as often as it is asked for.
        """
        with self._lock:
            kept = self._prepared.setdefault(key, _Prepared())
            self._prepared.move_to_end(key)
            while len(self._prepared) > _PREPARED:
                self._prepared.popitem(last=False)
        with kept.lock:  # other threads may prepare others meanwhile
            if kept.found is None:
                try:
                    kept.found = make()
                except RebalError as error:
                    kept.found = error
        if isinstance(kept.found, RebalError):
            raise kept.found
        return kept.found

    def _fit(self, path: int, household: Household) -> Setting:
        start, end, open_with = self.span
        setting = prepare(self.markets[path], household, start=start, end=end, open_with=open_with)
        _ = setting.target_returns  # shared by all rows: worked out once
        return setting

    def run(self, numbers: Iterable[int], stopped: Callable[[], bool] = lambda: False) -> Rows:
        """Run rows one after the other, until all are done or `stopped` says so."""
        done: list[int] = []
        status: list[str] = []
        figures: list[list[float]] = []
        for number in numbers:
            if stopped():
                break
            said, measured = self._row(number)
            done.append(number)
            status.append(said)
            figures.append(measured)
        table = np.array(figures, np.float64).reshape(len(done), len(METRICS))
        return Rows(tuple(done), tuple(status), table)

    def _row(self, number: int) -> tuple[str, list[float]]:
        """Run one row in this thread's room, which grows when a run needs more."""
        place = self.place(number)
        try:
            setting = self.setting(place)
            plan = setting.plan(self.design[place.setting])
            room = setting.run_to_end(plan, self._room(setting))
            self._rooms.latest = (setting, room)
            return "ok", list(setting.measure(plan, room).values())
        except RebalError as error:
            return str(error), [np.nan] * len(METRICS)

    def _room(self, setting: Setting) -> Room:
        latest: tuple[Setting, Room] | None = getattr(self._rooms, "latest", None)
        if latest is None:
            return setting.room()
        of, room = latest
        if of.structure is setting.structure:
            return room
        return setting.room(lots=room.ledger.lots.shape[2], losses=room.ledger.losses.shape[1])

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the table: names, what was varied, status, measures."""
        columns = [("policy", pa.string())]
        if len(self.households) > 1:
            columns.insert(0, ("household", pa.string()))
        if len(self.markets) > 1:
            columns.insert(0, ("path", pa.int64()))
        columns += [(axis.name, _kind(axis.labels)) for axis in self.design.axes]
        return pa.schema([*columns, ("status", pa.string()), *((name, pa.float64()) for name in METRICS)])

    @property
    def label_schema(self) -> pa.Schema:
        """The columns that say which row is which."""
        return pa.schema(list(self.schema)[: -len(METRICS) - 1])

    def labels(self, numbers: Sequence[int]) -> pa.Table:
        """Return what says which rows these are, without running them."""
        rows = []
        for number in numbers:
            place = self.place(number)
            labels = self.design.labels(place.setting)
            if len(self.households) > 1:
                labels = (self.households[place.household].name, *labels)
            if len(self.markets) > 1:
                labels = (place.path, *labels)
            rows.append(labels)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.label_schema)
        arrays = [
            pa.array([_said(value, item.type) for value in column], item.type)
            for column, item in zip(columns, self.label_schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.label_schema)

    def table(self, rows: Rows) -> pa.Table:
        """Return rows with their labels."""
        table = self.labels(rows.numbers).append_column("status", pa.array(rows.status, pa.string()))
        for at, name in enumerate(METRICS):
            table = table.append_column(name, pa.array(rows.figures[:, at], pa.float64(), from_pandas=False))
        return table


def _kind(labels: tuple[Any, ...]) -> pa.DataType:
    """Return the type of a column that holds these: text where they are of several kinds, or too long for numbers."""
    kinds = {type(label) for label in labels if label is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int} and all(_LEAST <= label <= _MOST for label in labels if label is not None):
        return pa.int64()
    exact = kinds <= {int, float} and kinds and all(_is_float(label) for label in labels)
    return pa.float64() if exact else pa.string()


def _is_float(label: Any) -> bool:
    """Say whether a column of floats can hold a number as it is."""
    try:
        return not isinstance(label, int) or float(label) == label
    except OverflowError:
        return False


def _said(label: Any, kind: pa.DataType) -> Any:
    if label is None or kind not in (pa.string(), pa.float64()):
        return label
    return float(label) if kind == pa.float64() else str(label)
