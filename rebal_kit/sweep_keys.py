"""By what a sweep's row is known again: prices, household, policy, period, and the sources that worked it out."""

from __future__ import annotations

from typing import Any

import numpy as np

from rebal_kit.findings import RebalError
from rebal_kit.fingerprint import engine_fingerprint, market_fingerprint, text_fingerprint
from rebal_kit.paths import Paths
from rebal_kit.sweep_book import Book, Place

#: The type of a key: 128 bits in hexadecimal digits.
KEY = np.dtype("S32")
#: Households whose hashes are kept; rows come in their order.
_MOST = 1_000


class Keys:
    """The keys of a book's rows, each worked out when it is first asked for."""

    def __init__(self, book: Book):
        self._book = book
        self._known = np.zeros(len(book), KEY)
        self._common = text_fingerprint(engine_fingerprint(), *map(_day, book.span[:2]), book.span[2])
        self._homes: dict[tuple[int, str], str] = {}
        self._history: tuple[int, str] = (-1, "")

    def of(self, numbers: range | np.ndarray | tuple[int, ...]) -> np.ndarray:
        """Return (n,) the keys of some rows."""
        for number in numbers:
            if not self._known[number]:
                self._known[number] = self._key(int(number))
        return self._known[list(numbers)]

    def _key(self, number: int) -> str:
        place = self._book.place(number)
        if self._history[0] != place.path:
            self._history = (place.path, self._path(place.path))
        told = (self._common, self._history[1], self._home(place), self._policy(place.setting))
        return text_fingerprint(*told)[: KEY.itemsize]

    def _path(self, path: int) -> str:
        markets = self._book.markets
        if isinstance(markets, Paths) and markets.key:
            return f"{markets.key} {path}"
        try:
            return market_fingerprint(markets[path])
        except RebalError as error:  # what its rows say, too
            return str(error)

    def _home(self, place: Place) -> str:
        design, household = self._book.design, self._book.households[place.household]
        home = (place.household, design.household_choice(place.setting))
        if home not in self._homes:
            if len(self._homes) >= _MOST:
                self._homes.clear()
            try:
                self._homes[home] = text_fingerprint(repr(design.household(place.setting, household)))
            except RebalError as error:
                self._homes[home] = str(error)
        return self._homes[home]

    def _policy(self, setting: int) -> str:
        try:
            return repr(self._book.design[setting])
        except RebalError as error:
            return str(error)


def _day(given: Any) -> str:
    """Return a start or an end as a run reads it, whatever it was given as; what is no date stays to be found."""
    try:
        return str(given) if given is None else str(np.datetime64(given, "D"))
    except (TypeError, ValueError):
        return str(given)
