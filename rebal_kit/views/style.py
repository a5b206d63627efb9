"""The house style: one palette, one typeface, and a look for every rule that survives a grey printer.

Colours are those of Okabe and Ito, "Color Universal Design" (2008), which people with any common colour-vision
deficiency can tell apart. Nothing is told by colour alone: lines differ in dash, trades in shape, bars in darkness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INK, QUIET, GRID, BAND = "#222222", "#595959", "#E4E4E4", "#DCEBF5"
#: Deferred, converted, permanent, not earned: told apart by darkness too.
PARTS = (SKY, BLUE, BLACK, "#C8C8C8")
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_DASHES = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))


@dataclass(frozen=True)
class Look:
    """How one rule is drawn wherever it appears.

    Attributes
    ----------
    colour : str
    dash : tuple of int
        Lengths of stroke and gap in pixels; ``(1, 0)`` is a solid line.
    """

    colour: str
    dash: tuple[int, ...]


#: The reference is drawn in black with a solid line; everything else has a colour.
REFERENCE = Look(BLACK, (1, 0))


def looks(names: Iterable[str], reference: str | None = None) -> dict[str, Look]:
    """Give each rule a look of its own: colours first, then the same colours with other dashes.

    Parameters
    ----------
    names : iterable of str
        Rules in the order of the legend.
    reference : str, optional
        The rule that others are read against.
    """
    given: dict[str, Look] = {}
    for name in names:
        if name == reference:
            given[name] = REFERENCE
        elif name not in given:
            at = len(given) - (reference in given)
            turn = at // len(_COLOURS)
            given[name] = Look(_COLOURS[at % len(_COLOURS)], _DASHES[(at + turn + 1) % len(_DASHES)])
    return given


def config() -> dict[str, Any]:
    """Return the Vega-Lite settings that every chart of the package carries."""
    return {
        "font": FONT,
        "background": "white",
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": INK,
            "titleColor": INK, "gridColor": GRID, "domainColor": QUIET, "tickColor": QUIET, "labelFlush": False,
        },
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": INK,
            "titleColor": INK, "symbolSize": 130, "labelLimit": 320,
        },
        "header": {"labelFontSize": 13, "labelColor": INK, "titleFontSize": 13, "labelFontWeight": "bold",
                   "labelAnchor": "start"},
        "title": {"fontSize": 15, "anchor": "start", "color": INK, "subtitleColor": QUIET, "subtitleFontSize": 12,
                  "offset": 12, "fontWeight": "bold"},
        "text": {"fontSize": 12, "color": INK},
    }  # fmt: skip
