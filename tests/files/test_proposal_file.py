"""A proposal document: read back as it was written, every fault said with its place, no change unnoticed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files.proposal_file import (
    ProposalError,
    as_proposal,
    document_hash,
    load_proposal_document,
    proposal_id,
    save_proposal_document,
)
from tests.files.proposals import document, lot, signed, with_trade


def written(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(ProposalError) as raised:
        load_proposal_document(path)
    return [str(finding) for finding in raised.value.findings]


def test_a_document_comes_back_as_it_was(tmp_path: Path) -> None:
    made = document(household="Ünal & Søn")
    path = save_proposal_document(made, tmp_path / "p.json")
    assert load_proposal_document(path) == made
    assert proposal_id(made) == made["proposal"] == document_hash(made)[:12]
    assert [p.name for p in tmp_path.iterdir()] == ["p.json"]


def test_the_id_is_that_of_canonical_json() -> None:
    assert proposal_id({"b": 1.5, "a": [True, None, "é"], "proposal": "x"}) == proposal_id(
        {"a": [True, None, "é"], "b": 1.5}
    )
    # printf '{"a":[true,null,"\\u00e9"],"b":1.5}' | sha256sum
    assert proposal_id({"b": 1.5, "a": [True, None, "é"]}) == "5002076197d8"


def test_a_value_that_json_has_no_word_for_is_refused() -> None:
    for value in (float("nan"), float("inf"), {1, 2}, b"x"):
        with pytest.raises(ProposalError, match="cannot be written as JSON"):
            proposal_id({"a": value})
        with pytest.raises(ProposalError, match="cannot be written as JSON"):
            as_proposal({**document(), "cost": value})


def test_a_file_that_was_changed_is_noticed(tmp_path: Path) -> None:
    changed = document()
    changed["trades"][0]["quantity"] = 600.0
    (said,) = faults(written(tmp_path / "p.json", changed))
    assert f"p.json, proposal: is {changed['proposal']}, but what stands in the file has the id" in said
    assert "the file was changed after it was made" in said


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in leaves(value, (*path, key))]
    if isinstance(node, list):
        return [leaf for at, value in enumerate(node) for leaf in leaves(value, (*path, at))]
    return [path]


@given(st.sampled_from(leaves(document())), st.sampled_from([0, 1.25, "x", None, True, [], {}, "2024-08-13"]))
def test_any_changed_value_is_refused_without_a_traceback(path: tuple[Any, ...], value: Any) -> None:
    changed = copy.deepcopy(document())
    node = changed
    for step in path[:-1]:
        node = node[step]
    before = node[path[-1]]
    node[path[-1]] = value
    if value == before and type(value) is type(before):
        as_proposal(changed)
        return
    with pytest.raises(ProposalError):
        as_proposal(changed)


def test_all_problems_are_said_at_once_with_their_places(tmp_path: Path) -> None:
    broken = document()
    broken["trades"][1]["quantity"] = "12,500"
    broken["trades"][0]["side"] = "bye"
    broken["trades"][1]["lots"][0]["acquired"] = "2021-02-30"
    del broken["tax"]["tax_now"]
    broken["colour"] = "red"
    broken["inputs"]["prices"] = "short"
    said = faults(written(tmp_path / "p.json", broken))
    for words in (
        "p.json, trades[1].quantity: is '12,500', not a number",
        "p.json, trades[0].side: is 'bye' — did you mean 'buy'?",
        "p.json, trades[1].lots[0].acquired: is 2021-02-30, which is not in the calendar",
        "p.json, tax.tax_now: is missing",
        "p.json, colour: unknown field 'colour'",
        "p.json, inputs.prices: is 'short'",
    ):
        assert any(words in line for line in said), (words, said)
    assert len(said) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("{", "line 1: is not JSON"),
        ("[1]", "is a list of 1, not named values"),
        ("null", "is None, not named values"),
        ('{"format": "rebal_kit proposal 2"}', "format: is 'rebal_kit proposal 2'"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ('{"a": "\\ud800"}', "half a character"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": ' + "9" * 5000 + "}", "a number is too long"),
    ],
)
def test_what_is_no_proposal_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(faults(written(tmp_path / "p.json", text)))


def test_a_number_beyond_all_floats_is_refused(tmp_path: Path) -> None:
    text = json.dumps(document()).replace('"cost": 0.0', '"cost": 1e999')
    assert faults(written(tmp_path / "p.json", text))
    assert faults(written(tmp_path / "q.json", text.replace("1e999", "1" + "0" * 400)))


def test_a_document_must_not_contradict_itself() -> None:
    twice = document(trades=[document()["trades"][0]] * 2)
    with pytest.raises(ProposalError, match=r"trades\[0\].trade: 1 is there 2 times"):
        as_proposal(twice)
    with pytest.raises(ProposalError, match=r"trades\[1\].lots: have 12 shares, the trade sells 12.5"):
        as_proposal(with_trade(2, lots=[lot("SPY-3", 12.0)]))
    with pytest.raises(ProposalError, match="expires: is 2024-08-11, before the prices of 2024-08-12"):
        as_proposal(document(expires="2024-08-11"))


def test_saving_is_whole_or_not_at_all_and_follows_no_link(tmp_path: Path) -> None:
    good = document()
    kept = tmp_path / "kept.json"
    kept.write_text("mine", encoding="utf-8")
    link = tmp_path / "p.json"
    link.symlink_to(kept)
    save_proposal_document(good, link)
    assert kept.read_text(encoding="utf-8") == "mine"
    assert not link.is_symlink()
    assert load_proposal_document(link) == good
    before = sorted(tmp_path.rglob("*"))
    for place in (tmp_path, tmp_path / "no" / "p.json", kept / "p.json"):
        with pytest.raises(ProposalError, match="cannot be written"):
            save_proposal_document(good, place)
    with pytest.raises(ProposalError, match="was changed"):
        save_proposal_document({**good, "cost": 1.0}, link)
    assert sorted(tmp_path.rglob("*")) == before
    assert load_proposal_document(link) == good


def test_nothing_is_set_on_saving(tmp_path: Path) -> None:
    unsigned = {key: value for key, value in document().items() if key != "proposal"}
    with pytest.raises(ProposalError, match="proposal: is missing"):
        save_proposal_document(unsigned, tmp_path / "p.json")
    assert signed(unsigned) == document()
