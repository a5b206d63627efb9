from __future__ import annotations

from pathlib import Path

import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.load import load_market


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(
        MarketError, match="eft: is neither a bundled market nor a file — use etf, stocks, dow30"
    ):
        load_market("eft")


@pytest.mark.parametrize("source", [None, 7, {"etf"}, b"etf"])
def test_what_is_neither_a_name_nor_a_path(source) -> None:
    with pytest.raises(MarketError) as caught:
        load_market(source)
    (finding,) = caught.value.findings
    assert finding.what == f"source is {source!r}, neither a name nor a path"
    assert finding.remedy.startswith("use etf, stocks, dow30")


@pytest.mark.parametrize(
    ("source", "shown"), [("", "(empty name)"), ("~no-such-user/x.csv", "~no-such-user/x.csv")]
)
def test_what_no_file_can_be_called(source: str, shown: str) -> None:
    with pytest.raises(MarketError) as caught:
        load_market(source)
    assert str(caught.value).startswith(f"{shown}: is neither a bundled market nor a file")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MarketError, match=r"none\.csv: is neither a bundled market nor a file"):
        load_market(tmp_path / "none.csv")


def test_a_name_is_a_bundled_market_and_a_path_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("etf").mkdir()
    assert load_market("etf").name == "etf"
    with pytest.raises(MarketError, match="etf: is a folder"):
        load_market(Path("etf"))
