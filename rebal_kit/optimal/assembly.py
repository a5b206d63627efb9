"""Columns and rows put together block by block into the sparse arrays that HiGHS takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Program(NamedTuple):
    """Minimise cost · x + offset for row_lower ≤ A x ≤ row_upper and lower ≤ x ≤ upper, some x whole."""

    cost: np.ndarray
    offset: float
    lower: np.ndarray
    upper: np.ndarray
    whole: np.ndarray  # (n,) bool
    shares: np.ndarray  # (n,) int, not 0: whole shares; rounded up (1) or down (-1) they need no cash
    order: np.ndarray  # (n,) column of the binary of the order that a trade belongs to, -1 for none
    step: np.ndarray  # (n,) what 1 of a trade adds to its order
    least: float  # amount of the smallest order
    pieces: np.ndarray  # columns of which one is 1: the program falls into easier ones
    row_lower: np.ndarray
    row_upper: np.ndarray
    start: np.ndarray  # (m + 1,) int32, where a row starts in the next two
    column: np.ndarray  # int32
    value: np.ndarray


class Assembly:
    """A program that is being written down."""

    def __init__(self) -> None:
        self._columns: list[tuple[np.ndarray, ...]] = []
        self._rows: list[tuple[np.ndarray, np.ndarray]] = []
        self._entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.n_columns = 0
        self.n_rows = 0
        self.offset = 0.0
        self._shares: list[tuple[np.ndarray, int]] = []
        self._orders: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.least = 0.0
        self.pieces = np.empty(0, int)

    def columns(
        self, count: int, lower: npt.ArrayLike, upper: npt.ArrayLike, cost: npt.ArrayLike = 0.0,
        whole: npt.ArrayLike = False,
    ) -> np.ndarray:  # fmt: skip
        """Add columns; return their numbers."""
        block = [np.broadcast_to(np.asarray(one), (count,)) for one in (lower, upper, cost, whole)]
        self._columns.append(tuple(block))
        self.n_columns += count
        return np.arange(self.n_columns - count, self.n_columns)

    def shares(self, columns: np.ndarray, way: int) -> None:
        """Say that columns are whole numbers of shares, and which way to round them so that no cash is missing."""
        self._shares.append((columns, way))

    def orders(self, columns: np.ndarray, order: np.ndarray, step: np.ndarray) -> None:
        """Say to which order's binary trades belong, and what 1 of each is in the order."""
        self._orders.append((columns, order, step))

    def rows(self, count: int, lower: npt.ArrayLike, upper: npt.ArrayLike) -> np.ndarray:
        """Add rows that have nothing in them yet; return their numbers."""
        self._rows.append(
            (np.broadcast_to(np.asarray(lower), (count,)), np.broadcast_to(np.asarray(upper), (count,)))
        )
        self.n_rows += count
        return np.arange(self.n_rows - count, self.n_rows)

    def put(self, row: npt.ArrayLike, column: npt.ArrayLike, value: npt.ArrayLike) -> None:
        """Add to entries: arrays that fit each other, or numbers that hold for all of them."""
        one, two, three = np.broadcast_arrays(np.asarray(row), np.asarray(column), np.asarray(value, float))
        self._entries.append((one.ravel(), two.ravel(), three.ravel()))

    def program(self) -> Program:
        """Return the arrays. Entries put twice in one place are added up."""
        columns = [np.concatenate(blocks) for blocks in zip(*self._columns, strict=True)]
        row_lower, row_upper = (np.concatenate(blocks) for blocks in zip(*self._rows, strict=True))
        row, column, value = (np.concatenate(blocks) for blocks in zip(*self._entries, strict=True))
        place, inverse = np.unique(row.astype(np.int64) * self.n_columns + column, return_inverse=True)
        summed = np.bincount(inverse, weights=value, minlength=len(place))
        kept = summed != 0.0
        place, summed = place[kept], summed[kept]
        start = np.searchsorted(place, np.arange(self.n_rows + 1) * self.n_columns)
        shares = np.zeros(self.n_columns, int)
        for some, way in self._shares:
            shares[some] = way
        order, step = np.full(self.n_columns, -1), np.zeros(self.n_columns)
        for trades, binary, amount in self._orders:
            order[trades], step[trades] = binary, amount
        return Program(
            cost=columns[2].astype(float), offset=self.offset, lower=columns[0].astype(float),
            upper=columns[1].astype(float), whole=columns[3].astype(bool), shares=shares, order=order, step=step,
            least=self.least, pieces=self.pieces, row_lower=row_lower.astype(float),
            row_upper=row_upper.astype(float), start=start.astype(np.int32),
            column=(place % self.n_columns).astype(np.int32), value=summed,
        )  # fmt: skip
