"""Alerts really arrive at a mail server on this machine; what fails is said without its secrets."""

from __future__ import annotations

import logging
import sys

import pytest

from rebal_kit.alerts import kind_of, send_alert
from tests.loopback import mail_server, refusing_url


def test_a_message_arrives_as_it_was_written() -> None:
    with mail_server() as box:
        failed = send_alert("Two things are due – today", "US$ 1,234 <b>\nsecond line\n", [box.url])
    assert failed == ()
    (message,) = box.messages
    assert message["Subject"] == "Two things are due – today"
    assert message["To"] == "advisor@example.org"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().split() == ["US$", "1,234", "<b>", "second", "line"]


def test_every_target_is_tried_whatever_became_of_the_others(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as box:
        failed = send_alert("t", "b", [refusing_url(), "nonsense://s3cret", "s3cret", box.url])
    assert [finding.where for finding in failed] == [
        "alert 1 (mailto)",
        "alert 2 (nonsense)",
        "alert 3 (unknown)",
    ]
    assert {finding.severity for finding in failed} == {"error"}
    assert "could not be sent" in failed[0].what
    assert "no address" in failed[1].what
    assert len(box.messages) == 1
    seen = "".join((*map(str, failed), *capfd.readouterr(), caplog.text))
    assert "s3cret" not in seen
    assert "127.0.0.1" not in seen


def test_logging_of_the_library_is_as_before() -> None:
    send_alert("t", "b", ["s3cret"])
    assert not logging.getLogger("apprise").disabled


def test_without_targets_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert send_alert("t", "b", []) == ()


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    (finding,) = send_alert("t", "b", ["mailto://a:b@example.org"])
    assert "apprise, which is not installed" in finding.what
    assert "rebal_kit[alerts]" in finding.remedy


@pytest.mark.parametrize(
    ("target", "kind"),
    [("mailto://a:b@c", "mailto"), ("slack://T/B/x", "slack"), ("secret", "unknown"), ("a b://c", "unknown")],
)
def test_only_the_kind_of_a_target_is_told(target: str, kind: str) -> None:
    assert kind_of(target) == kind
