"""A file that cannot be read as text gets one finding that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebal_kit.files import reading
from rebal_kit.files.bundled import bundled_folder, bundled_names
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.reading import did_you_mean, read_text
from rebal_kit.findings import Finding, HouseholdError, PolicyError, capped
from rebal_kit.policy import RebalancePolicy


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"", "h.yaml", "is empty"),
        (b" \n\n", "h.yaml", "is empty"),
        (b"name: a\nowner: Z\xfcrich\n", "h.yaml line 2", "is not UTF-8 text (byte 0xfc)"),
        ("name: a\n".encode("utf-16"), "h.yaml line 1", "is not UTF-8 text (byte 0xff)"),
        (b"name: a\n\0", "h.yaml line 2", "holds a NUL character"),
    ],
)
def test_unreadable_content_is_located(tmp_path: Path, content: bytes, where: str, what: str) -> None:
    path = tmp_path / "h.yaml"
    path.write_bytes(content)
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    (finding,) = caught.value.findings
    assert finding.where == str(tmp_path / where)
    assert finding.what == what
    assert finding.remedy


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfname")
    assert read_text(path, PolicyError) == "name"


def test_too_large_a_file_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    path = tmp_path / "x.yaml"
    path.write_text("triggers: []")
    with pytest.raises(PolicyError, match="larger than 10 bytes"):
        load_policy(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "lots.csv").write_text("x")
    with pytest.raises(HouseholdError, match=r"did you mean 'lots\.csv'"):
        read_text(tmp_path / "lot.csv", HouseholdError)
    with pytest.raises(HouseholdError, match="there is no folder"):
        read_text(tmp_path / "a" / "b.csv", HouseholdError)
    with pytest.raises(HouseholdError, match="is a folder"):
        load_household(tmp_path)
    with pytest.raises(HouseholdError, match="cannot be read"):
        read_text(tmp_path / ("x" * 400), HouseholdError)


def test_a_bundled_name_is_suggested() -> None:
    with pytest.raises(HouseholdError, match="did you mean 'starter'"):
        load_household("startr")
    with pytest.raises(PolicyError, match="did you mean 'quarterly'"):
        load_policy("quaterly")
    with pytest.raises(PolicyError, match="empty name"):
        load_policy("")


def test_bundled_data_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text("triggers: []")
    monkeypatch.setenv("REBAL_DATA", str(tmp_path))
    assert bundled_folder("policies") == tmp_path / "policies"
    assert bundled_names("policies") == ("mine",)
    assert load_policy("mine").name == "mine"
    with pytest.raises(HouseholdError, match="set REBAL_DATA"):
        load_household("starter")


def test_long_lists_of_findings_are_counted() -> None:
    findings = [Finding("error", str(i), "x") for i in range(60)]
    shown = capped(findings, "file")
    assert shown[:50] == findings[:50]
    assert [f.what for f in shown[50:]] == ["and 10 more problems"]
    assert capped(findings[:50], "file") == findings[:50]


def test_suggestions_ignore_case_and_fall_back_to_the_list() -> None:
    assert did_you_mean("HIFO", ["hifo", "fifo"]) == "did you mean 'hifo'?"
    assert did_you_mean("zzz", ["hifo", "fifo"]) == "use one of hifo, fifo"


@pytest.mark.parametrize("source", [None, 5, ["quarterly"], RebalancePolicy("mine")])
def test_what_is_neither_a_name_nor_a_path(source) -> None:
    with pytest.raises(
        PolicyError, match=r"policies: source is .*, neither a name nor a path — use buy_and_hold, "
    ):
        load_policy(source)


def test_a_path_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("triggers: []\n")
    assert load_policy("~/mine.yaml").name == "mine"
    with pytest.raises(PolicyError, match=r"~no-such-user/mine\.yaml: there is no such file"):
        load_policy("~no-such-user/mine.yaml")
