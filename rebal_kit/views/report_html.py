"""A report as one HTML page that needs no network and runs nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

from rebal_kit.views.report_content import Drawing, Report
from rebal_kit.views.report_fit import Paper, print_size
from rebal_kit.views.style import FONT


def report_html(report: Report, paper: Paper = "letter") -> str:
    """Return the report as HTML; printed, its first page is one page.

    The page's own security policy forbids it the network and scripts. Every text is escaped.

    Parameters
    ----------
    report : Report
    paper : {'letter', 'a4'}
        What it is printed on.
    """
    from rebal_kit.views.templates import environment

    logo = report.firm.logo
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            firm=report.firm,
            paper=paper,
            size=print_size(report, paper),
            logo=None if logo is None else _data("svg+xml" if logo.kind == "svg" else "png", logo.data),
            footer=_css_string(report.footer),
            source=lambda drawing: _data("svg+xml", drawn(drawing, FONT).encode()),
        )
    )


def drawn(drawing: Drawing, font: str) -> str:
    """Return a drawing as SVG in the typeface of the page around it."""
    import vl_convert

    spec: dict[str, Any] = {**drawing.spec, "config": {**drawing.spec["config"], "font": font}}
    return str(vl_convert.vegalite_to_svg(json.dumps(spec, default=str)))


def _data(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _css_string(text: str) -> str:
    """Return text as a CSS string that may stand in a style element whatever it holds."""
    return (
        '"'
        + "".join(c if c.isascii() and (c.isalnum() or c in " ,.:;-") else f"\\{ord(c):x} " for c in text)
        + '"'
    )
