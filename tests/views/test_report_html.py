"""A report as HTML: its figures are the document's, no name is trusted, and nothing is fetched."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rebal_kit.files.logo import Logo
from rebal_kit.files.proposal_file import as_proposal
from rebal_kit.views.report_fit import LARGEST, SMALLEST, print_size
from rebal_kit.views.report_html import report_html
from rebal_kit.views.report_proposal import proposal_report
from rebal_kit.views.report_words import spoken
from tests.views import reports
from tests.views.test_page import Tags

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def text_of(html: str) -> str:
    return " ".join(" ".join(Tags(html).text).split())


def page_of(document: dict[str, Any], **options: Any) -> str:
    as_proposal(document)  # it is what `rebal propose` may write
    return report_html(proposal_report(document, **options))


def figures_in(document: Any) -> list[float]:
    """Return every figure of a document."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        return [figure for inner in document for figure in figures_in(inner)]
    return [float(document)] if isinstance(document, (int, float)) and not isinstance(document, bool) else []


def test_the_first_page_says_what_is_proposed() -> None:
    text = text_of(page_of(reports.plain(), firm=reports.FIRM))
    for part in (
        "Example & Example Advisers", "Portland, ME 04101", "(207) 555-0142", "Rebalancing proposal", "Two million",
        "Prices of August 12, 2024; valid through August 14, 2024",
        "We propose 4 trades for $14,175 in 3 accounts.",
        "US stocks (53.1% against a target of 50.0%) has left the range that the policy allows; 5.0% of",
        "5.0% of the portfolio is away from its target mix today, 1.0% afterwards.",
        "The trades lower this year's tax by $23.",
        "−$23 $310 before, $288 after", "$151 $10 disallowed by wash sales", "$1 for $14,175 traded",
        "1.0% 5.0% before",
        "US stocks 50.0% 47%–53% 53.1% 50.2% −2.9",
        "Sell SPY 12.50 $6,265", "Buy AGG 60.00 $5,910",
        "Short-term $0 −$31 −$20", "Long-term $0 −$120 −$120",
        "$10 of losses are disallowed by the wash-sale rule, $5 of them for good",
        "IVV in Joint until September 12, 2024: a wash sale.",
        "The household's file is of August 1, 2024: trades since are unknown.",
        "United States federal tax law of 2024, married, jointly", "not tax, legal or investment advice",
        "Registration implies no level of skill.",
    ):  # fmt: skip
        assert part in text, part


def test_the_appendices_hold_all_of_it() -> None:
    document = reports.plain()
    text = text_of(page_of(document))
    for part in (
        "2 Joint Sell SPY 12.5 501.20 6,265.00 1.23 Harvest a loss; $150 below its basis.",
        "2 Joint SPY SPY-7 2024-01-05 4.5 short 2,285.90 −30.50 10.25",
        "4.5 SPY 2024-01-05 2024-08-12 2,255.40 2,285.90 W 10.25 −20.25 Joint, SPY-7",
        "8 SPY 2021-03-04 2024-08-12 4,009.60 4,129.60 −120.00 Joint, SPY-3",
        "SPY −150.50 2024-07-13 2024-09-11",
        "Blocked IVV Joint 2024-09-12 a wash sale",
        "warning: household 'Two million': is of 2024-08-01: trades since are unknown — export the positions again",
        "Limit orders: 1 at $99.00",
        f"Proposal {document['proposal']}", "Valid through 2024-08-14",
        f"SHA-256 of the prices {document['inputs']['prices']}",
    ):  # fmt: skip
        assert part in text, part


def test_every_figure_of_a_table_is_one_of_the_document() -> None:
    document = reports.plain()
    lots = [lot for trade in document["trades"] for lot in trade["lots"]]
    known = figures_in(document)
    known += [row["after"] - row["before"] for row in document["classes"]]
    known += [row["after"] - row["target"] for row in document["classes"]]
    known += [
        sum(trade["amount"] for trade in document["trades"]),
        sum(t["cost"] for t in document["trades"]),
    ]
    known += [lot["basis"] + lot["gain"] for lot in lots] + [lot["gain"] + lot["disallowed"] for lot in lots]
    known += [sum(lot["gain"] for lot in lots), 0.0]
    scaled = [abs(scale * figure) for figure in known for scale in (1, 100)]
    tokens: list[str] = []
    for cell in re.findall(
        r'<td class="figure[^"]*">(.*?)</td>|<dd class="value">(.*?)</dd>', page_of(document)
    ):
        tokens += _NUMBER.findall("".join(cell))
    assert len(tokens) > 60
    for token in tokens:
        half = 0.5 * 10.0 ** -len(token.partition(".")[2]) + 1e-9  # of the last digit that is shown
        assert any(abs(float(token.replace(",", "")) - figure) <= half for figure in scaled), token


def test_nothing_is_fetched_and_nothing_runs() -> None:
    logo = Logo("svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    firm = reports.FIRM.__class__(**{**vars(reports.FIRM), "logo": logo})
    for document in (reports.plain(), reports.hostile(), reports.empty()):
        html = page_of(document, firm=firm)
        page = Tags(html)
        assert not {"script", "link", "iframe", "object", "embed", "a", "form", "base"} & {
            tag for tag, _ in page.tags
        }
        for tag, attrs in page.tags:
            assert not [
                name for name in attrs if name.startswith("on") or name in ("href", "srcset", "style")
            ]
            assert "src" not in attrs or (tag == "img" and str(attrs["src"]).startswith("data:image/"))
        (policy,) = (a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        style = html[html.index("<style>") : html.index("</style>")]
        assert not re.search(r"url\(|@import|https?:", style)


def test_names_are_escaped_and_account_numbers_masked() -> None:
    html = page_of(reports.hostile())
    page = Tags(html)
    assert "<script" not in html
    assert page.count("img") == 1  # the drawing
    text = text_of(html)
    assert reports.EVIL in text.replace("&quot;", '"')
    assert reports.NUMBER not in text
    assert "…5678" in text


def test_a_proposal_with_errors_says_so_first() -> None:
    text = text_of(page_of(reports.full()))
    assert text.index("This proposal cannot be approved as it is.") < text.index("We propose 120 trades")
    assert "This proposal" not in text_of(page_of(reports.plain()))


def test_a_proposal_without_trades_is_a_page_too() -> None:
    text = text_of(page_of(reports.empty()))
    assert "We propose no trades today." in text
    assert "A. Method" in text


def test_the_same_proposal_gives_the_same_page() -> None:
    assert page_of(reports.plain(), firm=reports.FIRM) == page_of(reports.plain(), firm=reports.FIRM)


@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_type_is_as_large_as_the_page_lets_it_be(paper: Any) -> None:
    """That one page is one page was looked at in Chromium; here, that there is room left at the smallest type."""
    roomy = print_size(proposal_report(reports.plain(), reports.FIRM), paper)
    crowded = print_size(proposal_report(reports.full(), reports.full_firm()), paper)
    assert SMALLEST < crowded < roomy == LARGEST
    assert f"size: {paper} portrait" in report_html(proposal_report(reports.plain()), paper)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a loss of US$ 8,483 and a gain of US$ -12", "a loss of $8,483 and a gain of −$12"),
        ("a US$ of drift", "a US$ of drift"),
        ("bought on 2024-08-14, not 2024-13-99", "bought on August 14, 2024, not 2024-13-99"),
    ],
)
def test_sentences_of_the_package_are_written_as_a_letter_has_them(said: str, written: str) -> None:
    assert spoken(said) == written
