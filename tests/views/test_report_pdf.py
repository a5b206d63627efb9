"""A report as PDF: the same words as the HTML, one first page, nothing read as markup, the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from rebal_kit.files.logo import Logo
from rebal_kit.views.report_html import report_html
from rebal_kit.views.report_pdf import report_pdf
from rebal_kit.views.report_proposal import proposal_report
from rebal_kit.views.report_result import result_report
from tests.files.test_firm import SVG, png
from tests.views import reports
from tests.views.test_page import Tags
from tests.views.test_report_result import OTHER, POLICY, comparison


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page."""
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


@pytest.mark.parametrize("paper", ["letter", "a4"])
@pytest.mark.parametrize("case", ["plain", "full", "hostile", "empty"])
def test_the_first_page_is_one_page(case: str, paper: Any, tmp_path: Path) -> None:
    document = getattr(reports, case)()
    firm = reports.full_firm() if case == "full" else reports.FIRM
    first, second, *_ = pages(report_pdf(proposal_report(document, firm), paper))
    assert "Rebalancing proposal" in first
    assert firm.disclosure[0].split()[-1] in first
    assert second.startswith("Appendices")


def test_a_back_test_is_one_page_too(tmp_path: Path) -> None:
    firm = reports.full_firm()
    first, second, *_ = pages(report_pdf(result_report(comparison(), POLICY, OTHER, firm)))
    assert "Tax-aware rebalancing: a back-test" in first
    assert firm.disclosure[0].split()[-1] in first
    assert second.startswith("Appendices")


@pytest.mark.parametrize("case", ["plain", "hostile"])
def test_it_says_what_the_html_says(case: str, tmp_path: Path) -> None:
    report = proposal_report(getattr(reports, case)(), reports.FIRM)
    html = " ".join(Tags(report_html(report).partition("</title>")[2]).text)
    pdf = " ".join(pages(report_pdf(report)))
    said = "".join(pdf.split())
    assert not [word for word in html.split() if word not in said and word != "rebal_kit."]
    assert reports.NUMBER not in said


def test_the_same_proposal_gives_the_same_bytes() -> None:
    report = proposal_report(reports.plain(), reports.FIRM)
    assert report_pdf(report) == report_pdf(report)


def test_a_logo_is_inside() -> None:
    without = len(report_pdf(proposal_report(reports.plain(), reports.FIRM)))
    for logo in (Logo("png", png()), Logo("svg", SVG.format('<rect width="9" height="9"/>').encode())):
        firm = reports.FIRM.__class__(**{**vars(reports.FIRM), "logo": logo})
        assert len(report_pdf(proposal_report(reports.plain(), firm))) > without
