"""The page opens offline, says what it rests on, and trusts no name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rebal_kit.domain import Account, AccountKind
from rebal_kit.findings import Finding
from rebal_kit.views.page import comparison_page, save_page
from rebal_kit.views.tables import EXPLAINED
from tests.views.results import HOUSEHOLD, POLICIES, Runs, results

EVIL = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Every opening tag with its attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def html() -> str:
    return comparison_page([results(), results()])


def specs_in(html: str) -> dict[str, dict[str, object]]:
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_nothing_is_fetched(html: str) -> None:
    page = Tags(html)
    assert not [attrs for _, attrs in page.tags if {"src", "srcset"} & set(attrs)]
    assert not [attrs for tag, attrs in page.tags if tag in ("link", "iframe", "object", "embed")]
    (policy,) = (a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "connect-src" not in policy


def test_page_is_small_and_every_chart_has_its_place(html: str) -> None:
    assert len(html.encode()) < 3_000_000
    page = Tags(html)
    specs = specs_in(html)
    places = {attrs.get("id") for tag, attrs in page.tags if tag == "div"}
    assert set(specs) <= places
    assert len(specs) == 2 * 5
    assert page.count("figure") == page.count("figcaption") == len(specs)
    assert page.count("script") == 3


def test_page_states_source_period_law_coverage_and_no_advice(html: str) -> None:
    text = " ".join(" ".join(Tags(html).text).split())
    for words in ("a test", "2004-11-19 to", "900 sessions", "United States, 2026", "married, jointly",
                  "outside accounts unknown", "law: United States, tax year 2026", "Not tax advice", "no forecast",
                  "US stocks 60 %", "Harvesting: nothing may replace AAA", "not tax alone",
                      "what is permanent never falls due",
                  "What the measures mean", "tax accrued and not paid yet",
                  "Main (taxable, Broker One)", "5.12"):  # fmt: skip
        assert words in text, words


def test_without_twins_nothing_is_said_of_harvesting() -> None:
    text = " ".join(Tags(comparison_page([results({"quarterly": POLICIES["quarterly"]})])).text)
    assert "followed from lot to lot" not in text
    assert "Harvesting:" not in text
    assert "harvesting: nothing may replace AAA" in text


def test_what_nothing_may_replace_is_said_once_a_household(html: str) -> None:
    assert " ".join(Tags(html).text).count("nothing may replace AAA") == 2


def test_measures_that_could_mislead_have_a_hint(html: str) -> None:
    hints = [attrs["title"] for tag, attrs in Tags(html).tags if tag == "th" and "title" in attrs]
    assert hints.count(EXPLAINED["Return", "after tax"]) == 2 * 2


def test_a_complete_household_says_so() -> None:
    whole = _with(results(), household=replace(HOUSEHOLD, complete=True))
    text = " ".join(Tags(comparison_page([whole])).text)
    assert "all accounts of the household are here" in text
    assert "outside accounts unknown" not in text


def test_names_from_files_are_escaped() -> None:
    household = replace(HOUSEHOLD, name=EVIL, accounts=(Account(EVIL, EVIL, AccountKind.IRA, EVIL),))
    policies = {EVIL: replace(POLICIES["quarterly"], name=EVIL), "t": POLICIES["threshold_3pct"]}
    comparison = _with(results(policies), household=household)
    comparison = replace(comparison, assumptions=(Finding("note", EVIL, EVIL),))
    html = comparison_page([comparison], title=EVIL)
    page = Tags(html)
    assert page.count("script") == 3
    assert page.count("img") == 0
    assert EVIL in " ".join(page.text)
    assert EVIL in json.dumps(specs_in(html))


def test_the_same_results_give_the_same_page(html: str) -> None:
    assert comparison_page([results(), results()]) == html


def test_save_makes_the_folder(tmp_path: Path) -> None:
    path = save_page([results()], tmp_path / "new" / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def _with(comparison: Runs, **changes: object) -> Runs:
    return replace(comparison, runs={name: replace(run, **changes) for name, run in comparison.runs.items()})
