"""Where labels of points go so that none covers another, a point, or the edge of the chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

#: Pixels of a label: of a letter, of a line; and of the gap to its point.
_LETTER, _LINE, _GAP = 6.6, 15.0, 9.0


class Label(NamedTuple):
    """A label and where it stands, seen from its point.

    Attributes
    ----------
    at : int
        Place of the point.
    lines : tuple of str
    dx, dy : float
        Pixels to the right and down, of the first line's middle.
    align : str
        Which end of the text is at `dx`: 'left' or 'right'.
    """

    at: int
    lines: tuple[str, ...]
    dx: float
    dy: float
    align: str


def place_labels(
    points: Sequence[tuple[float, float]], texts: Sequence[tuple[str, ...]], size: tuple[float, float],
    others: Iterable[tuple[float, float]] = (),
) -> list[Label]:  # fmt: skip
    """Return a place for each text: beside its point, where the fewest things are in the way.

    Parameters
    ----------
    points : sequence of (float, float)
        Pixels from the left and from the top.
    texts : sequence of tuple of str
        The lines of each.
    size : (float, float)
        Width and height of the chart, pixels.
    others : iterable of (float, float)
        What else is not to be covered, if it can be helped: points of lines.
    """
    dots, lines_there = list(points), list(others)
    taken: list[tuple[float, float, float, float]] = []
    found = []
    for at, ((x, y), lines) in enumerate(zip(points, texts, strict=True)):
        width, height = _LETTER * max(map(len, lines)), _LINE * len(lines)
        best: tuple[float, Label, tuple[float, float, float, float]] | None = None
        for rank, (side, up) in enumerate(_SIDES):
            left = x + _GAP if side > 0 else x - _GAP - width
            top = y - height / 2.0 - up * (height / 2.0 + 4.0)
            box = (left, top, left + width, top + height)
            cost = rank + 40.0 * _outside(box, size) + sum(25.0 * _meet(box, one) for one in taken)
            cost += sum(6.0 for dot in dots if _inside(box, dot))
            cost += min(sum(2.0 for dot in lines_there if _inside(box, dot)), 8.0)
            label = Label(at, lines, side * _GAP, top + _LINE / 2.0 - y, "left" if side > 0 else "right")
            if best is None or cost < best[0]:
                best = cost, label, box
        if best is not None:
            found.append(best[1])
            taken.append(best[2])
    return found


#: To the right or left, and how far up, in halves of the label's height.
_SIDES = ((1, 1), (1, 0), (-1, 1), (1, -1), (-1, 0), (-1, -1), (1, 3), (1, -3), (-1, 3), (-1, -3))


def _outside(box: tuple[float, float, float, float], size: tuple[float, float]) -> bool:
    return box[0] < 0.0 or box[1] < 0.0 or box[2] > size[0] or box[3] > size[1]


def _inside(box: tuple[float, float, float, float], dot: tuple[float, float]) -> bool:
    return box[0] - 3.0 < dot[0] < box[2] + 3.0 and box[1] - 3.0 < dot[1] < box[3] + 3.0


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
