"""A scan as tables, as JSON and as the text of an alert."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from rebal_kit.proposal.scan import Scan, scan
from rebal_kit.views.scan_tables import FRAMES, as_json, terminal
from rebal_kit.views.scan_words import alert_of
from tests.proposal.scanned import POLICY, small_household, small_market


@pytest.fixture(scope="module")
def found() -> Scan:
    return scan(small_market(), small_household(in_ira="2024-01-31"), POLICY)


@pytest.fixture(scope="module")
def free() -> Scan:
    return scan(small_market(), small_household(), POLICY)


def printed(found: Scan, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    for part in terminal(found):
        console.print(part)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_nothing_is_cut_short(found: Scan, width: int) -> None:
    text = printed(found, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_tables_say_what_the_scan_says(found: Scan, free: Scan) -> None:
    text = printed(found, 200)
    for part in (
        "test on 2024-03-01, policy five points: something is due", "DUE: class 'Stocks'", "71.43", "55.0–65.0",
        "12,000", "−2,000", "107", "(until 2024-03-01)", "no loss can be harvested", "May not be traded yet",
        "of which is left", "3,000.00", "nothing is proposed",
    ):  # fmt: skip
        assert part in text, part
    text = printed(free, 200)
    assert "784.02" in text
    assert "1 lot can be harvested: US$ 2,010.00 of losses, US$ 784.02 of tax saved" in text


def test_markup_in_a_name_is_text() -> None:
    home = replace(small_household(), name="[red]home[/red]")
    assert "[red]home[/red]" in printed(scan(small_market(), home, POLICY), 100)


def test_json_holds_every_figure(found: Scan) -> None:
    values = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert values["is_due"] is True
    assert (values["asof"], values["next_look"]) == ("2024-03-01", "2024-03-04")
    for name in FRAMES:
        frame = getattr(found, name)
        assert [list(row) for row in values[name]] == [list(frame.columns)] * len(frame)
    assert {lot["lot"]: lot["gain"] for lot in values["lots"]}["S1"] == -2_000.0
    assert values["classes"][-1]["lower"] is None
    assert values["harvest"][0]["until"] == "2024-03-01"
    assert values["year"]["loss_limit_left"] == 3_000.0
    assert values["harvestable"]["lots"] == 0
    assert {"severity", "where", "what", "remedy"} == set(values["due"][0])


def test_an_alert_says_what_is_due_what_can_be_harvested_and_what_waits(found: Scan, free: Scan) -> None:
    title, body = alert_of(free)
    assert title == "rebal: test: 3 things due on 2024-03-01"
    assert "- class 'Stocks': at 71.43%" in body
    assert "- Main, STK lot S1: loss of US$ 2,010.00 (short), saves US$ 784.02; replacement STX" in body
    assert "Nothing has been proposed or traded." in body
    title, body = alert_of(found)
    assert title.startswith("rebal: test: 2 things due")
    assert "- STK in Main until 2024-03-01: a loss of US$ 2,000 waits: the purchase of " in body
    assert "Losses to harvest" not in body


def test_no_account_number_is_in_an_alert() -> None:
    home = small_household()
    main, ira = home.accounts
    named = replace(
        home, name="Client 987654321",
        accounts=(replace(main, name="Schwab 1234-5678", cash=900.0), replace(ira, name="IRA 12345678 of 2024-01-31")),
    )  # fmt: skip
    title, body = alert_of(scan(small_market(), named, replace(POLICY, coordinate=False)))
    for number in ("987654321", "1234-5678", "12345678"):
        assert number not in title + body
    assert "…5678" in body
    assert "on 2024-03-01" in title
