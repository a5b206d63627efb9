from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.load import load_market
from tests.sources.yahoo_server import Yahoo, yahoo_on_loopback

Errors = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file into a temporary folder."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


@pytest.fixture
def errors(write: Callable[[str, str | bytes], Path]) -> Errors:
    """Return the messages of the errors in a file of this content."""

    def _errors(content: str | bytes, name: str = "prices.csv") -> list[str]:
        with pytest.raises(MarketError) as caught:
            load_market(write(name, content))
        assert all(finding.severity == "error" and finding.remedy for finding in caught.value.findings)
        return [str(finding) for finding in caught.value.findings]

    return _errors


@pytest.fixture
def yahoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """Yahoo's chart service on the loopback; yfinance knows no other."""
    with yahoo_on_loopback(tmp_path / "cache", monkeypatch) as server:
        yield server
